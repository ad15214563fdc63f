import gzip
import json
import socket
import threading
from itertools import chain
from pathlib import Path
from urllib.parse import urljoin

import anyio
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from gribouille import Recogniser
from gribouille.ingest import IngestOptions, ingest
from gribouille.server import PortError, create_app
from gribouille.server.guard import MAX_BODY, SECURITY_HEADERS
from gribouille.server.live import live
from gribouille.server.published import integrity
from gribouille.server.run import listening
from gribouille.store import StoreError

LINE = [[[0, 10, 20], [0, 5, 0]]]
STORED = 30  # drawings in the store: twelve recognised houses of 22, and eight suns without a country


@pytest.fixture(scope="module")
def recogniser(tiny_model: Path) -> Recogniser:
    return Recogniser(tiny_model)


@pytest.fixture(scope="module")
def client(recogniser: Recogniser) -> TestClient:
    return TestClient(create_app(recogniser, Path("nowhere")))


@pytest.fixture
def built(tmp_path: Path, recogniser: Recogniser) -> TestClient:
    """A client of a server whose page is built."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Gribouille</title>")
    (tmp_path / "assets" / "index-abc123.js").write_text("export {}")
    (tmp_path / "assets" / "ort-abc123.wasm").write_bytes(b"\0asm")
    return TestClient(create_app(recogniser, tmp_path))


def stored(row: int) -> dict:
    """A record of the store; its number stands in its second point."""
    house = row < 22
    return {
        "word": "house" if house else "sun",
        "countrycode": ["CA", "FR", "DE"][row % 3] if house else None,
        "recognized": row < 12 if house else False,
        "drawing": [[[0, row, 255], [0, row, 9]], [[7, 7], [8, 8]]],
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in two parts, whose dictionaries of countries differ."""
    folder = tmp_path_factory.mktemp("shown")
    source = folder / "drawings.ndjson"
    source.write_text("".join(json.dumps(stored(row)) + "\n" for row in reversed(range(STORED))))
    ingest([source], folder / "store", IngestOptions(part_rows=10))
    return folder / "store"


@pytest.fixture(scope="module")
def showing(recogniser: Recogniser, store: Path) -> TestClient:
    """A client of a server with a store."""
    return TestClient(create_app(recogniser, Path("nowhere"), store))


def test_guess_is_the_recognisers_bit_for_bit(client: TestClient, recogniser: Recogniser, golden_raw) -> None:
    """POST /api/v1/guess gives exactly what Recogniser gives, number for number."""
    for record in golden_raw:
        answer = client.post("/api/v1/guess", json={"strokes": record["strokes"]})
        assert answer.status_code == 200
        expected = [[label, probability] for label, probability in recogniser(record["strokes"])]
        assert answer.json() == {"guesses": expected}


def test_top_says_how_many(client: TestClient) -> None:
    """?top=2 gives two guesses; a number out of range is refused with the reason."""
    assert len(client.post("/api/v1/guess?top=2", json={"strokes": LINE}).json()["guesses"]) == 2
    refused = client.post("/api/v1/guess?top=0", json={"strokes": LINE})
    assert refused.status_code == 422
    assert "top" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "stroke", "point"),
    [
        ('{"strokes": []}', None, None),
        ('{"strokes": [[[1], [2]], [[], []]]}', 1, None),
        ('{"strokes": [[[1, NaN], [2, 3]]]}', 0, 1),
        ('{"strokes": [[[1, 1e999], [2, 3]]]}', 0, 1),
        ('{"strokes": [[[1, 2], [2]]]}', 0, None),
        ('{"strokes": [[[1], [2], [3], [4]]]}', 0, None),
        ('{"strokes": [[[1]]]}', 0, None),
        ('{"strokes": [[[1, 2], [1, 2], [5, 4]]]}', 0, 1),
        ('{"strokes": [[[1], [2]], [[3, "4"], [5, 6]]]}', 1, 1),
        ('{"strokes": [[[1, true], [5, 6]]]}', 0, 1),
        ('{"strokes": [[[1, null], [5, 6]]]}', 0, 1),
        ('{"strokes": "house"}', None, None),
        ('{"drawing": [[[1], [2]]]}', None, None),
        ("{}", None, None),
        ("[]", None, None),
        ("strokes", None, None),
    ],
)
def test_bad_strokes_are_422_with_their_place(client: TestClient, body: str, stroke: int | None, point) -> None:
    """What is no drawing gets a reason in words, and the stroke and point where that is one alone."""
    answer = client.post("/api/v1/guess", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["message"]
    assert (error["stroke"], error["point"]) == (stroke, point)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 100_000, b'{"strokes": [[[1], [' + b"9" * 5_000 + b"]]]}"])
def test_hostile_bodies_are_refused_not_crashed_on(client: TestClient, body: bytes) -> None:
    """Broken UTF-8, bottomless nesting and endless digits are the sender's fault (4xx), never ours (5xx)."""
    answer = client.post("/api/v1/guess", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["message"]


def test_too_many_points_are_refused(client: TestClient) -> None:
    """A drawing of more points than the stated limit is refused by name of the limit."""
    answer = client.post("/api/v1/guess", json={"strokes": [[list(range(20_001))] * 2]})
    assert answer.status_code == 422
    assert "at most 20000 points" in answer.json()["error"]["message"]


def test_drawings_made_to_be_slow_are_refused_at_once(client: TestClient) -> None:
    """A scribble whose simplification would take minutes, and a rain of dots, cost the server nothing."""
    zigzag = [[[0, 1] * 10_000, [step / 20_000 for step in range(20_000)]]]
    dots = [[[step], [step]] for step in range(2_049)]
    for strokes, reason in ((zigzag, "times as long"), (dots, "at most 2048 strokes")):
        answer = client.post("/api/v1/guess", json={"strokes": strokes})
        assert answer.status_code == 422
        assert reason in answer.json()["error"]["message"]


def test_large_bodies_are_cut_off(client: TestClient) -> None:
    """A body past the limit is 413, whether its length is announced or it comes in chunks."""
    chunks = (b" " * 65_536 for _ in range(2 * MAX_BODY // 65_536))
    for content in (b" " * (MAX_BODY + 1), chunks):
        answer = client.post("/api/v1/guess", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert str(MAX_BODY) in answer.json()["error"]["message"]


def test_model_describes_the_file_it_links_to(client: TestClient, recogniser: Recogniser) -> None:
    """GET /api/v1/model names words, picture, origin, and where the file lies; that file is the one in use."""
    model = client.get("/api/v1/model").json()
    assert model["labels"] == list(recogniser.metadata.labels)
    assert model["labels_fr"] == list(recogniser.metadata.labels_fr)
    assert model["raster"] == recogniser.metadata.raster
    assert {"name", "metrics", "data_hash", "commit", "licence"} <= model.keys()
    file = client.get(urljoin("/api/v1/model", model["url"]))
    assert file.content == recogniser.file
    packed = client.get(urljoin("/api/v1/model", model["packed"]))
    assert gzip.decompress(packed.content) == recogniser.file
    assert "immutable" in packed.headers["Cache-Control"]
    assert model["server"] is True
    assert len(file.content) == model["bytes"]
    assert model["sha256"] == recogniser.sha256


def test_the_model_file_is_kept_by_caches_only_under_its_own_hash(client: TestClient, recogniser: Recogniser) -> None:
    """?v=<sha256> may be kept for ever, another hash is 404; without one it is asked about again (304 while it holds)."""
    url, etag = "/api/v1/model.onnx", f'"{recogniser.sha256}"'
    assert "immutable" in client.get(url, params={"v": recogniser.sha256}).headers["Cache-Control"]
    plain = client.get(url)
    assert (plain.headers["Cache-Control"], plain.headers["ETag"]) == ("no-cache", etag)
    another = client.get(url, params={"v": "another"})
    assert (another.status_code, another.headers["Cache-Control"]) == (404, "no-cache")
    assert another.json()["error"]["message"] == f"v: expected {recogniser.sha256}, found another model's"
    again = client.get(url, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.head(url).headers["Content-Length"] == str(len(recogniser.file))


def test_the_model_version_tells_the_service_worker_what_belongs_together(client: TestClient) -> None:
    """model-version.js lists card and packed model with the hashes of what is answered, and is asked about again each time."""
    answer = client.get("/model-version.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "no-cache"
    files = json.loads(answer.text.removeprefix("self.MODEL = "))["files"]
    assert len(files) == 2
    for path, hashed in files.items():
        assert integrity(client.get(f"/{path}").content) == hashed


def test_every_response_is_isolated_and_sniff_proof(built: TestClient, monkeypatch) -> None:
    """Security headers stand on pages, files, answers, refusals, and on failures of our own."""
    answers = [
        built.get("/"),
        built.get("/assets/index-abc123.js"),
        built.get("/nothing"),
        built.get("/api/v1/model"),
        built.get("/api/v1/model.onnx"),
        built.get("/api/v1/guess"),
        built.post("/api/v1/guess", json={}),
        built.post("/api/v1/guess", content=b" " * (MAX_BODY + 1)),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 200, 200, 404, 422, 413]
    monkeypatch.setattr(Recogniser, "guess", lambda self, drawing, top: 1 / 0)
    failing = TestClient(built.app, raise_server_exceptions=False)
    answers.append(failing.post("/api/v1/guess", json={"strokes": LINE}))
    assert answers[-1].status_code == 500
    assert answers[-1].json()["error"]["message"] == "the server failed"
    for answer in answers:
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_the_page_is_revalidated_and_its_assets_kept(built: TestClient) -> None:
    """index.html is asked about each time; what has a hash in its name never changes; what is missing is not kept."""
    assert built.get("/").headers["Cache-Control"] == "no-cache"
    script = built.get("/assets/index-abc123.js")
    assert "immutable" in script.headers["Cache-Control"]
    assert "javascript" in script.headers["Content-Type"]
    assert built.get("/assets/ort-abc123.wasm").headers["Content-Type"] == "application/wasm"
    missing = built.get("/assets/index-old.js")
    assert missing.status_code == 404
    assert "immutable" not in missing.headers.get("Cache-Control", "")
    assert missing.json()["error"]["message"] == "Not Found"


def test_brotli_for_those_who_take_it(built: TestClient, tmp_path: Path) -> None:
    """A file's .br neighbour is sent as that file to whoever accepts it, and to nobody else."""
    (tmp_path / "assets" / "ort-abc123.wasm.br").write_bytes(b"shorter")
    plain = built.get("/assets/ort-abc123.wasm", headers={"Accept-Encoding": "gzip"})
    assert plain.content == b"\0asm"
    assert "Content-Encoding" not in plain.headers
    head = built.head("/assets/ort-abc123.wasm", headers={"Accept-Encoding": "gzip, br"})
    assert head.headers["Content-Encoding"] == "br"
    assert head.headers["Vary"] == "Accept-Encoding"
    assert head.headers["Content-Type"] == "application/wasm"
    assert head.headers["Content-Length"] == str(len(b"shorter"))
    assert "immutable" in head.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/../pyproject.toml", "/assets/../../secret", "/%2e%2e/%2e%2e/etc/passwd"])
def test_nothing_outside_the_page_is_served(built: TestClient, tmp_path: Path, path: str) -> None:
    """Paths that climb out of the page's folder find nothing."""
    (tmp_path.parent / "secret").write_text("secret")
    assert built.get(path).status_code == 404


def test_an_unbuilt_page_says_how_to_build_it(client: TestClient) -> None:
    """Without static/ the root names the command, and the API works all the same."""
    answer = client.get("/")
    assert answer.status_code == 503
    assert "make draw" in answer.text
    assert "La page n’est pas encore construite" in answer.text
    assert client.get("/index.html").status_code == 503
    assert client.get("/api/v1/model").status_code == 200


def test_openapi_describes_requests_answers_and_refusals(client: TestClient) -> None:
    """Clients can be generated: strokes, guesses and the error's form stand in the OpenAPI document."""
    document = client.get("/api/v1/openapi.json").json()
    guess = document["paths"]["/api/v1/guess"]["post"]
    assert {"200", "413", "422"} <= guess["responses"].keys()
    refusal = guess["responses"]["422"]["content"]["application/json"]["schema"]["$ref"]
    assert refusal.endswith("/ErrorAnswer")
    assert "strokes" in document["components"]["schemas"]["GuessRequest"]["properties"]
    assert set(document["paths"]) == {"/api/v1/model", "/api/v1/model.onnx", "/api/v1/guess"}


def rows_of(answer) -> list[int]:
    """The numbers of the drawings in an answer."""
    return [drawing["strokes"][0][0][1] for drawing in answer.json()["drawings"]]


def test_drawings_are_those_of_the_store(showing: TestClient) -> None:
    """Strokes and country come out as they went in: of a word, the recognised ones, each once, page after page."""
    pages = [showing.get("/api/v1/drawings", params={"label": "house", "count": 5, "page": page}) for page in range(4)]
    assert [len(rows_of(page)) for page in pages] == [5, 5, 2, 0]
    rows = list(chain.from_iterable(map(rows_of, pages)))
    assert sorted(rows) == list(range(12))
    assert rows != sorted(rows)
    for drawing in pages[0].json()["drawings"]:
        expected = stored(drawing["strokes"][0][0][1])
        assert drawing == {"strokes": expected["drawing"], "countrycode": expected["countrycode"]}


def test_the_same_drawings_are_shown_at_every_start(showing: TestClient, recogniser: Recogniser, store: Path) -> None:
    """Another server of the same store shows the same page, so that it may be kept for a while."""
    again = TestClient(create_app(recogniser, Path("nowhere"), store))
    first, second = (client.get("/api/v1/drawings", params={"label": "house"}) for client in (showing, again))
    assert first.content == second.content
    assert first.headers["Cache-Control"] == "public, max-age=3600"


def test_drawings_for_which_a_condition_holds_are_shown(recogniser: Recogniser, store: Path) -> None:
    """A server may show a selection: its words, its drawings, their countries."""
    client = TestClient(create_app(recogniser, Path("nowhere"), store, "country == 'FR'"))
    answer = client.get("/api/v1/drawings", params={"label": "house"})
    assert sorted(rows_of(answer)) == [1, 4, 7, 10]
    assert {drawing["countrycode"] for drawing in answer.json()["drawings"]} == {"FR"}
    assert client.get("/api/v1/drawings", params={"label": "sun"}).status_code == 404


def test_a_word_that_was_never_recognised_is_shown_all_the_same(showing: TestClient) -> None:
    """Where no drawing of a word was recognised, those that there are are shown; a country not known is null."""
    answer = showing.get("/api/v1/drawings", params={"label": "sun"})
    assert sorted(rows_of(answer)) == list(range(22, STORED))
    assert {drawing["countrycode"] for drawing in answer.json()["drawings"]} == {None}


@pytest.mark.parametrize(
    ("asked", "status", "complaint"),
    [
        ({"label": "cat"}, 404, "expected a word of this server's store, found 'cat'"),
        ({"label": "house", "count": 25}, 422, "count"),
        ({"label": "house", "page": -1}, 422, "page"),
        ({}, 422, "label"),
    ],
)
def test_drawings_that_there_are_not(showing: TestClient, asked: dict, status: int, complaint: str) -> None:
    """A word of which the store has none is 404; more than an answer holds, or no word, is 422; each says why."""
    answer = showing.get("/api/v1/drawings", params=asked)
    assert answer.status_code == status
    assert complaint in answer.json()["error"]["message"]


def test_the_card_says_whether_there_are_drawings(client: TestClient, showing: TestClient) -> None:
    """Without a store there is no such route, the card says so, and OpenAPI describes the route where there is one."""
    assert client.get("/api/v1/model").json()["drawings"] is False
    assert client.get("/api/v1/drawings", params={"label": "house"}).status_code == 404
    assert showing.get("/api/v1/model").json()["drawings"] is True
    assert "/api/v1/drawings" in showing.get("/api/v1/openapi.json").json()["paths"]


def test_a_folder_that_is_no_store_is_refused_at_the_start(recogniser: Recogniser, tmp_path: Path) -> None:
    """The server does not start with drawings that it could not show."""
    with pytest.raises(StoreError, match="expected a store"):
        create_app(recogniser, Path("nowhere"), tmp_path)


def test_live_answers_each_drawing_with_its_id(client: TestClient, recogniser: Recogniser, house) -> None:
    """The WebSocket gives the recogniser's guesses, with the id where there was one."""
    expected = [[label, probability] for label, probability in recogniser(house)]
    with client.websocket_connect("/api/v1/live") as live_client:
        live_client.send_json({"strokes": house, "id": 7})
        assert live_client.receive_json() == {"guesses": expected, "id": 7}
        live_client.send_json({"strokes": house})
        assert live_client.receive_json() == {"guesses": expected}


def test_live_survives_bad_drawings(client: TestClient) -> None:
    """A refusal says where, keeps the id, and the connection goes on."""
    with client.websocket_connect("/api/v1/live") as live_client:
        live_client.send_text('{"strokes": [[[1, NaN], [2, 3]]], "id": 1}')
        answer = live_client.receive_json()
        assert (answer["id"], answer["error"]["stroke"], answer["error"]["point"]) == (1, 0, 1)
        live_client.send_text("no JSON")
        assert "JSON" in live_client.receive_json()["error"]["message"]
        live_client.send_json({"strokes": LINE, "id": 2})
        assert live_client.receive_json()["id"] == 2


def test_live_survives_a_failure_of_ours_without_showing_the_drawing(client: TestClient, monkeypatch, caplog) -> None:
    """An error inside is answered as one and logged without a single coordinate."""
    monkeypatch.setattr(Recogniser, "guess", lambda self, drawing, top: 1 / 0)
    with client.websocket_connect("/api/v1/live") as live_client:
        live_client.send_json({"strokes": [[[123456, 2], [3, 4]]], "id": 3})
        assert live_client.receive_json() == {
            "error": {"message": "the recogniser failed", "stroke": None, "point": None},
            "id": 3,
        }
    assert "ZeroDivisionError" in caplog.text
    assert "123456" not in caplog.text


@pytest.mark.parametrize(("message", "code"), [("text", 1009), ("bytes", 1003)])
def test_live_closes_on_what_it_cannot_take(client: TestClient, message: str, code: int) -> None:
    """Messages past the limit, and binary ones, end the connection with RFC 6455's code for it."""
    with client.websocket_connect("/api/v1/live") as live_client:
        if message == "text":
            live_client.send_text(" " * (MAX_BODY + 1))
        else:
            live_client.send_bytes(b"\0")
        assert live_client.receive()["code"] == code


def test_live_drops_all_but_the_latest_drawing() -> None:
    """While one drawing is being recognised, of those that arrive only the last is recognised next."""
    asked: list[float] = []
    answers: list[dict] = []

    class Socket(WebSocket):
        """As much of a WebSocket as `live` uses; sends six drawings at once, then leaves once two are answered."""

        def __init__(self) -> None:
            self.messages = [f'{{"strokes": [[[{number}], [0]]], "id": {number}}}' for number in range(6)]
            self.busy = anyio.Event()
            self.all_read = anyio.Event()
            self.done = anyio.Event()

        async def accept(self) -> None: ...

        async def receive(self) -> dict:
            if not self.messages:
                self.all_read.set()
                await self.done.wait()
                return {"type": "websocket.disconnect"}
            if len(self.messages) == 5:
                await self.busy.wait()
            return {"type": "websocket.receive", "text": self.messages.pop(0)}

        async def send_json(self, answer: dict) -> None:
            answers.append(answer)
            if answer["id"] == 5:
                self.done.set()

    async def run() -> None:
        socket = Socket()

        async def guess(strokes: list, top: int) -> list:
            asked.append(strokes[0][0][0])
            socket.busy.set()
            await socket.all_read.wait()
            return []

        await live(socket, guess)

    anyio.run(run)
    assert asked == [0, 5]
    assert [answer["id"] for answer in answers] == [0, 5]


def test_recognition_leaves_the_event_loop_free(recogniser: Recogniser, monkeypatch) -> None:
    """While a drawing is being recognised, other requests are answered."""
    started, released = threading.Event(), threading.Event()

    def slow(self: Recogniser, drawing: object, top: int) -> list:
        started.set()
        assert released.wait(20)
        return []

    monkeypatch.setattr(Recogniser, "guess", slow)
    with TestClient(create_app(recogniser)) as client:
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(client.post("/api/v1/guess", json={"strokes": LINE}).status_code)
        )
        asking.start()
        assert started.wait(20)
        assert client.get("/api/v1/model").status_code == 200
        released.set()
        asking.join()
    assert answers == [200]


def test_a_taken_port_is_said_so() -> None:
    """Listening where somebody listens already raises an error that names the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortError, match=rf"127\.0\.0\.1:{port}: expected a free address"):
            listening("127.0.0.1", port)
