"""Ingest from http, gs and s3: the store of the same files on disk, with ETags in its card, whatever the network does."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from servers import Bucket, HttpServer

from gribouille.ingest import IngestOptions, ingest
from gribouille.sources import SourceError, reading
from gribouille.sources.files import RetryPolicy

AT_ONCE = RetryPolicy(tries=8, first_wait_s=0, longest_wait_s=0, timeout_s=5)
IN_PIECES = IngestOptions(piece_bytes=3000, threads=1)


def lines(word: str, first_key: int, count: int = 60) -> bytes:
    """Records of one word with consecutive keys."""
    rows = [
        {"word": word, "key_id": key, "drawing": [[[0, 255, key % 256], [1, 7, 255]]]}
        for key in range(first_key, first_key + count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


FILES = {"ant.ndjson": lines("ant", 0, 150), "bee.ndjson.gz": gzip.compress(lines("bee", 1000), mtime=0)}


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once: what is tested is that it does."""
    monkeypatch.setattr(reading, "RetryPolicy", lambda: AT_ONCE)


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """The store of the same files on disk."""
    folder = tmp_path / "drawings"
    folder.mkdir()
    for name, octets in FILES.items():
        (folder / name).write_bytes(octets)
    ingest([folder], tmp_path / "local", IN_PIECES)
    return tmp_path / "local"


def parts(store: Path) -> dict[str, bytes]:
    """The Arrow files of a store."""
    return {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*.arrow")}


@pytest.fixture(params=["gs_bucket", "s3_bucket"])
def bucket(request: pytest.FixtureRequest) -> Bucket:
    found: Bucket = request.getfixturevalue(request.param)
    return found


def test_a_bucket_gives_the_store_of_the_files_on_disk(bucket: Bucket, local: Path, tmp_path: Path) -> None:
    """A folder of a bucket, read by ranges; the card has names without the bucket's, and each object's version."""
    for name, octets in FILES.items():
        bucket.put(f"drawings/{name}", octets)
    card = ingest([f"{bucket.url}/drawings/*.ndjson*"], tmp_path / "store", IN_PIECES)
    assert parts(tmp_path / "store") == parts(local)
    assert [source.name for source in card.sources] == ["drawings/ant.ndjson", "drawings/bee.ndjson.gz"]
    assert all(source.version for source in card.sources)
    assert len(card.sources[0].checksums) > 1


def test_faults_of_the_network_change_nothing(http_server: HttpServer, local: Path, tmp_path: Path) -> None:
    """Connections that drop, answers that are short, servers that are busy: the same store."""
    http_server.files.update({f"drawings/{name}": octets for name, octets in FILES.items()})
    more = [[503, "drop"], ["short", "reset"], [429, "drop"]]
    urls = [http_server.url(f"drawings/{name}") for name in FILES]
    card = ingest(
        urls,
        tmp_path / "store",
        IN_PIECES,
        lambda read, total, rows: http_server.faults.extend(more.pop() if more else []),
    )
    assert not more
    assert not http_server.faults
    assert parts(tmp_path / "store") == parts(local)
    assert card.sources[0].version == f'"{hashlib.sha1(FILES["ant.ndjson"]).hexdigest()}"'


def test_a_server_that_goes_away_leaves_what_is_done(http_server: HttpServer, local: Path, tmp_path: Path) -> None:
    """The error names the source without its signature; the next ingest goes on and asks for less."""
    http_server.files.update({f"drawings/{name}": octets for name, octets in FILES.items()})
    urls = [http_server.url(f"drawings/{name}") + "?signature=secret" for name in FILES]
    calls: list[int] = []

    def go_away(read: int, total: int, rows: int) -> None:
        calls.append(rows)
        if rows >= 80:
            http_server.faults.extend([503] * 1000)

    with pytest.raises(SourceError) as error:
        ingest(urls, tmp_path / "store", IN_PIECES, go_away)
    assert "drawings/" in str(error.value)
    assert "secret" not in str(error.value)
    left = tmp_path / ".store.part"
    assert all("secret" not in path.read_text() for path in left.rglob("*.json"))
    assert list((left / "pieces").glob("*.json"))
    http_server.faults.clear()
    http_server.asked.clear()
    ingest(urls, tmp_path / "store", IN_PIECES)
    asked = len(http_server.asked)
    assert parts(tmp_path / "store") == parts(local)
    http_server.asked.clear()
    ingest(urls, tmp_path / "again", IN_PIECES)
    assert asked < len(http_server.asked)


def test_a_file_that_changed_is_read_anew(http_server: HttpServer, tmp_path: Path) -> None:
    """Another ETag is another plan: nothing of the old file is in the store."""
    http_server.files["ant.ndjson"] = FILES["ant.ndjson"]

    def stop(read: int, total: int, rows: int) -> None:
        if rows >= 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest([http_server.url("ant.ndjson")], tmp_path / "store", IN_PIECES, stop)
    http_server.files["ant.ndjson"] = FILES["ant.ndjson"].replace(b"255", b"254")
    card = ingest([http_server.url("ant.ndjson")], tmp_path / "store", IN_PIECES)
    http_server.files["ant.ndjson"] = FILES["ant.ndjson"]
    assert card.hash != ingest([http_server.url("ant.ndjson")], tmp_path / "old", IN_PIECES).hash
