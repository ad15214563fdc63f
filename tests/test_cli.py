import gzip
import html
import io
import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer

from gribouille import Recogniser, __version__, cli
from gribouille.drawing import drawing_of
from gribouille.options import run_with_options

RAW = {"word": "sun", "drawing": [[[0.5, 10.0, 20.0], [0.0, 5.5, 0.0], [0, 10, 20]]]}


@dataclass(frozen=True)
class Inner:
    """A nested part of a configuration."""

    angle: float = 1.5


@dataclass(frozen=True)
class Config:
    """A configuration as the laboratory has them."""

    epochs: int = 3
    per_class: int = 7
    device: Literal["cpu", "cuda"] = "cpu"
    inner: Inner = field(default_factory=Inner)

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"epochs: expected at least 1, found {self.epochs}")


@pytest.fixture
def drawings(tmp_path: Path, house) -> Path:
    """An NDJSON file with a simplified drawing, a blank line, and a raw drawing."""
    simplified = {"word": "house", "drawing": house}
    path = tmp_path / "drawings.ndjson"
    path.write_text(f"{json.dumps(simplified)}\n\n{json.dumps(RAW)}\n")
    return path


def test_guess_prints_a_line_for_each_drawing(gribouille, drawings: Path, tiny_model: Path, house) -> None:
    """Simplified drawings are taken as they are, raw ones simplified once; words with percentages, best first."""
    code, out, err = gribouille("guess", tiny_model, drawings, "--top", "2")
    recogniser = Recogniser(tiny_model)
    expected = [recogniser.guess(drawing_of(house), 2), recogniser(RAW["drawing"], 2)]
    lines = [", ".join(f"{label} {probability:.1%}" for label, probability in guesses) for guesses in expected]
    assert (code, out, err) == (0, "\n".join(lines) + "\n", "")


def test_guess_speaks_json_and_french(gribouille, drawings: Path, tiny_model: Path, house) -> None:
    """--json gives programs the exact probabilities and the word that was drawn; --french translates."""
    _, out, _ = gribouille("guess", tiny_model, drawings, "--json")
    first = json.loads(out.splitlines()[0])
    assert first["word"] == "house"
    assert first["guesses"] == [list(guess) for guess in Recogniser(tiny_model).guess(drawing_of(house), 3)]
    _, out, _ = gribouille("guess", tiny_model, drawings, "--french", "--top", "5")
    for line in out.splitlines():
        words = {part.rpartition(" ")[0] for part in line.split(", ")}
        assert words == {"chauve-souris", "chat", "maison", "soleil", "zigzag"}


def test_guess_reads_gzip_and_standard_input(gribouille, drawings: Path, tiny_model: Path, monkeypatch) -> None:
    """The same drawings in a .gz file and through a pipe get the same guesses."""
    plain = gribouille("guess", tiny_model, drawings)
    zipped = drawings.with_suffix(".ndjson.gz")
    zipped.write_bytes(gzip.compress(drawings.read_bytes()))
    assert gribouille("guess", tiny_model, zipped) == plain
    monkeypatch.setattr(sys, "stdin", io.StringIO(drawings.read_text()))
    assert gribouille("guess", tiny_model, "-") == plain


def test_times_that_decrease_do_not_matter_to_a_guess(gribouille, tmp_path: Path, tiny_model: Path) -> None:
    """Google's raw files have such drawings: they are guessed like the same drawing without times, as ingest reads them."""
    path = tmp_path / "backwards.ndjson"
    x, y, t = RAW["drawing"][0]
    path.write_text("".join(json.dumps({"drawing": [stroke]}) + "\n" for stroke in ([x, y, t[::-1]], [x, y])))
    code, out, err = gribouille("guess", tiny_model, path)
    assert (code, err) == (0, "")
    assert len(set(out.splitlines())) == 1
    assert len(out.splitlines()) == 2


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", 'line 2: expected a record {"drawing": …} as JSON (Expecting property name'),
        ("[]", 'line 2: expected a record {"drawing"'),
        ('{"drawing": []}', "line 2: expected at least one stroke"),
        ('{"drawing": [[[0, 1], [0, NaN]]]}', "line 2: stroke 0, point 1: expected finite numbers"),
        ('{"drawing": [[0, 1]]}', "line 2: expected strokes of numbers"),
        ('{"drawing": [[["a"], ["b"]]]}', "line 2: expected strokes of numbers"),
        ('{"drawing": [[[0.5], [1], ["a"]]]}', "line 2: expected strokes of numbers"),
        ('{"drawing": [[[0.5], [1], [null]]]}', "line 2: expected strokes of numbers"),
        ('{"drawing": [[[0.5], [1], [2, 3]]]}', "line 2: stroke 0: expected lists of equal length"),
        ('{"drawing": [[[0.5], [1], [2], [3]]]}', "line 2: stroke 0: expected [[x…], [y…]] or"),
    ],
)
def test_a_bad_line_is_named(gribouille, tmp_path: Path, tiny_model: Path, line: str, complaint: str) -> None:
    """One line on standard error names file, line and reason, with exit code 2 and no traceback."""
    path = tmp_path / "bad.ndjson"
    path.write_text(f"{json.dumps(RAW)}\n{line}\n")
    code, out, err = gribouille("guess", tiny_model, path)
    assert code == 2
    assert len(out.splitlines()) == 1
    assert err.startswith(f"gribouille: {path}, {complaint}")
    assert err.count("\n") == 1


def test_mistakes_end_in_one_line(gribouille, tmp_path: Path, tiny_model: Path, drawings: Path) -> None:
    """Missing files, files that are no model, bytes that are no text: one line, exit code 2."""
    binary = tmp_path / "binary.ndjson"
    binary.write_bytes(b"\xff\xfe\x00")
    broken = tmp_path / "broken.ndjson.gz"
    broken.write_bytes(b"no gzip at all")
    zipped = gzip.compress(drawings.read_bytes())
    flipped = tmp_path / "flipped.ndjson.gz"
    flipped.write_bytes(zipped[:20] + bytes([zipped[20] ^ 0xFF]) + zipped[21:])
    short = tmp_path / "short.ndjson.gz"
    short.write_bytes(zipped[:30])
    for arguments, complaint in (
        (("guess", tiny_model, tmp_path / "none.ndjson"), "none.ndjson: No such file or directory"),
        (("guess", drawings, drawings), "drawings.ndjson: expected an ONNX file"),
        (("guess", tiny_model, binary), "binary.ndjson: expected lines of UTF-8 text"),
        (("guess", tiny_model, broken), "broken.ndjson.gz: expected a whole gzip file"),
        (("guess", tiny_model, flipped), "flipped.ndjson.gz: expected a whole gzip file"),
        (("guess", tiny_model, short), "short.ndjson.gz: expected a whole gzip file"),
        (("serve", "--model", tmp_path / "none.onnx"), "none.onnx: expected a model file"),
    ):
        code, out, err = gribouille(*arguments)
        assert (code, out) == (2, "")
        assert complaint in err
        assert err.count("\n") == 1
    code, _, err = gribouille("guess", "a", "b", "c")
    assert code == 2
    assert "found 3 arguments" in err


def test_a_missing_extra_is_named_with_its_remedy(gribouille, monkeypatch, tmp_path: Path) -> None:
    """Without the laboratory's packages its commands say what to install; a bug of ours stays a traceback."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for name in [name for name in sys.modules if name.startswith(("gribouille.store", "gribouille.ingest"))]:
        monkeypatch.delitem(sys.modules, name)
    code, _, err = gribouille("ingest", tmp_path, "--out", tmp_path / "store")
    assert code == 2
    assert 'pip install ".[train]"' in err
    monkeypatch.setitem(sys.modules, "gribouille.lines", None)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["guess", "x"])


def test_options_come_from_the_dataclass(capsys) -> None:
    """Every field, nested ones too, is an option with its type and default; the command gets the built configuration."""
    seen: list[tuple[Path, Config, str]] = []

    def command(store: Path, config: Config, note: Annotated[str, typer.Option()] = "none") -> None:
        seen.append((store, config, note))

    for arguments in (["s"], ["s", "--epochs", "9", "--angle", "2", "--device", "cuda", "--note", "x"]):
        with pytest.raises(SystemExit):
            run_with_options(command, Config, arguments, "train")
    assert seen == [
        (Path("s"), Config(), "none"),
        (Path("s"), Config(epochs=9, device="cuda", inner=Inner(2.0)), "x"),
    ]
    with pytest.raises(SystemExit) as ended:
        run_with_options(command, Config, ["s", "--device", "tpu"], "train")
    assert ended.value.code == 2
    with pytest.raises(ValueError, match="epochs: expected at least 1"):
        run_with_options(command, Config, ["s", "--epochs", "0"], "train")
    assert "tpu" in capsys.readouterr().err


def test_version_and_help(gribouille) -> None:
    """--version names the package's version; --help lists every command."""
    assert gribouille("--version")[1] == f"gribouille {__version__}\n"
    listed = gribouille("--help")[1]
    commands = "guess serve draw fetch ingest distil train search cluster ensemble evaluate export"
    for command in commands.split():
        assert f"  {command} " in listed


def test_the_command_line_starts_without_heavy_imports() -> None:
    """`gribouille --help` imports neither numpy nor onnxruntime nor the server, let alone the laboratory."""
    heavy = "numpy,onnxruntime,fastapi,uvicorn,torch,numba,pyarrow"
    program = (
        "import sys\nfrom gribouille.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        f"print('loaded', [name for name in '{heavy}'.split(',') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "loaded []"


def test_a_closed_pipe_ends_quietly(drawings: Path, tiny_model: Path) -> None:
    """`gribouille guess … | head -1` prints no traceback."""
    drawings.write_text(drawings.read_text() * 2_000)
    command = [sys.executable, "-m", "gribouille", "guess", tiny_model, drawings]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_serve_says_where_and_answers_there(tiny_model: Path) -> None:
    """`gribouille serve` prints the address once it listens, and the API answers at it; a taken port is said so."""
    command = [sys.executable, "-m", "gribouille", "serve", "--port", "0", "--model", str(tiny_model)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            address = next(word for word in process.stdout.readline().split() if word.startswith("http"))
            with urllib.request.urlopen(f"{address}api/v1/model", timeout=20) as answer:
                assert json.load(answer)["labels"] == list(Recogniser(tiny_model).metadata.labels)
            port = address.rstrip("/").rpartition(":")[2]
            taken = subprocess.run([*command[:5], port, *command[6:]], capture_output=True, text=True, check=False)
            assert taken.returncode == 2
            assert f"127.0.0.1:{port}: expected a free address" in taken.stderr
        finally:
            started = time.monotonic()
            process.terminate()
            process.wait(20)
    assert time.monotonic() - started < 10


def test_draw_opens_a_browser_only_where_there_is_a_screen(gribouille, monkeypatch) -> None:
    """`draw` prints the address, and opens it unless only a text browser could."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("gribouille.server.serve", lambda host, port, model, announce, *store: announce("http://here/"))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert "Draw at http://here/" in gribouille("draw")[1]
    assert opened == []
    monkeypatch.setenv("DISPLAY", ":0")
    gribouille("draw")
    assert opened == ["http://here/"]


def test_the_laboratorys_commands_work_one_after_the_other(gribouille, tmp_path: Path) -> None:
    """From NDJSON to a model file and its guesses: ingest, distil, train, evaluate, export, guess."""
    drawings, store, run, model = (tmp_path / name for name in ("drawings", "store", "run", "model.onnx"))
    drawings.mkdir()
    for number, word in enumerate(("cat", "house")):
        lines = [json.dumps(_record(word, number, key)) for key in range(80)]
        (drawings / f"{word}.ndjson").write_text("\n".join(lines) + "\n")

    assert "160 drawings of 2 words" in gribouille("ingest", drawings, "--out", store)[1]
    quick = ["--net", "test_resnet", "--side", "28", "--per-class", "16", "--batch", "16", "--threads", "1"]
    assert gribouille("train", store, "--out", run, "--epochs", "1", *quick)[0] == 0
    assert "MB; at most" in gribouille("export", run, "--out", model)[1]
    report = json.loads(gribouille("evaluate", model, store, "--json")[1])
    assert report["recognized"]["100%"]["n"] == report["all rows"]["25%"]["n"] > 0
    assert "Protocol: test split of store" in gribouille("evaluate", run, store)[1]
    code, out, _ = gribouille("guess", model, drawings / "cat.ndjson", "--french")
    assert code == 0
    assert {frozenset(part.rpartition(" ")[0] for part in line.split(", ")) for line in out.splitlines()} == {
        frozenset({"chat", "maison"})
    }

    soft = tmp_path / "soft.safetensors"
    assert "soft labels" in gribouille("distil", model, store, "--out", soft)[1]
    student = ("train", store, "--out", tmp_path / "student", "--soft-labels", soft, "--epochs", "1", *quick)
    assert gribouille(*student)[0] == 0
    code, _, err = gribouille("train", store, "--out", run, "--epochs", "2", *quick)
    assert code == 2
    assert "expected a run with the same config" in err

    asked = ("train", store, "--out", tmp_path / "other", "--teacher", run, "--asked-about", "seen", "--epochs", "1")
    assert gribouille(*asked, "--who", "A tester", *quick)[0] == 0
    assert "A tester" in (tmp_path / "other" / "card.md").read_text()
    assert gribouille(*asked, "--soft-labels", soft, *quick)[0] == 2
    both, linear = tmp_path / "both", ("--how", "linear", "--store", store)
    assert "linear of 2 members" in gribouille("ensemble", run, tmp_path / "other", "--out", both, *linear)[1]
    assert "Protocol: test split of store" in gribouille("evaluate", both, store)[1]
    assert "Protocol" in (run / "card.md").read_text()  # evaluating a run is noted on its card


def test_a_selection_is_made_on_the_command_line_and_noted(gribouille, tmp_path: Path) -> None:
    """--where and --max-per-class select what commands read; cards and protocols say it so that it can be repeated."""
    drawings, store, run, model = (tmp_path / name for name in ("drawings", "store", "run", "model.onnx"))
    drawings.mkdir()
    for number, word in enumerate(("cat", "house", "sun")):
        lines = [json.dumps(_record(word, number % 2, 100 * number + key)) for key in range(80)]
        (drawings / f"{word}.ndjson").write_text("\n".join(lines) + "\n")
    gribouille("ingest", drawings, "--out", store)
    condition = "word != 'sun' and country == 'CA'"
    where, few = ("--where", condition), ("--max-per-class", "12")
    quick = [
        "--net",
        "test_resnet",
        "--side",
        "28",
        "--per-class",
        "8",
        "--batch",
        "8",
        "--threads",
        "1",
        "--epochs",
        "1",
    ]

    soft = tmp_path / "soft.safetensors"
    train = ("train", store, "--out", run, *quick)
    assert gribouille(*train, *where, *few)[0] == 0
    options = f'--where "{condition}" --max-per-class 12'
    for card in ("card.md", "card.fr.md"):
        text = (run / card).read_text()
        assert f"`{options}`" in text
        assert f'gribouille evaluate RUN STORE --where "{condition}"\n' in text
        command = text.partition("gribouille train")[2].partition("```")[0]
        assert command.rstrip().endswith(options)
    code, _, err = gribouille(*train, *where)
    assert (code, err.count("expected a run with the same store")) == (2, 1)
    assert gribouille(*train, *where, *few)[0] == 0

    assert "at most" in gribouille("export", run, "--out", model, "--store", store, *where)[1]
    report = json.loads(gribouille("evaluate", model, store, "--json", *where, "--max-per-class", "2")[1])
    assert report["all rows"]["100%"]["n"] == 4
    assert report["protocol"].count(f'(--where "{condition}" --max-per-class 2)') == 1
    code, _, err = gribouille("evaluate", model, store)
    assert (code, "sun" in err) == (2, True)

    assert "for 24 drawings" in gribouille("distil", model, store, "--out", soft, *where, *few)[1]
    student = ("train", store, "--out", tmp_path / "student", "--soft-labels", soft, *quick)
    assert gribouille(*student, *where, *few)[0] == 0
    code, _, err = gribouille(*student, *where)
    assert (code, "expected soft labels of selection" in err) == (2, True)
    both = ("ensemble", run, tmp_path / "student", "--out", tmp_path / "both")
    assert "mean of 2 members" in gribouille(*both, "--store", store, *where)[1]
    assert (
        condition in json.loads((tmp_path / "both" / "ensemble.json").read_text())["metrics"]["validation"]["protocol"]
    )

    narrow = ["--trials", "1", "--classes", "0", "--trial-epochs", "1", "--widths", "1", "1", "--sides", "1", "1"]
    search = ("search", store, "--out", tmp_path / "search", *narrow, *quick[:-2])
    assert f"--threads 1 {options}" in gribouille(*search, *where, *few)[1].replace("\n", " ")
    assert html.escape(options) in (tmp_path / "search" / "report.html").read_text()


@pytest.mark.parametrize(
    "command",
    [
        "evaluate MODEL STORE",
        "distil MODEL STORE --out OUT",
        "train STORE --out OUT",
        "search STORE --out OUT",
        "cluster train STORE --out OUT",
        "cluster search STORE --out OUT",
        "serve --model MODEL --store STORE",
        "draw --model MODEL --store STORE",
    ],
)
def test_a_mistaken_selection_is_refused_before_anything_is_done(gribouille, tmp_path, tiny_model, command) -> None:
    """Every command that reads a store says what is wrong with a condition, with its place, and ends with exit code 2."""
    lines = [json.dumps(_record("cat", 0, key)) for key in range(9)]
    (tmp_path / "cat.ndjson").write_text("\n".join(lines) + "\n")
    gribouille("ingest", tmp_path / "cat.ndjson", "--out", tmp_path / "store")
    places = {"STORE": tmp_path / "store", "MODEL": tiny_model, "OUT": tmp_path / "out"}
    arguments = [places.get(word, word) for word in command.split()]
    code, _, err = gribouille(*arguments, "--where", "word == 'cta'")
    assert code == 2
    assert err.splitlines()[-3:] == [
        "gribouille: where, character 9: expected a word that the store has: 'cat', found 'cta' (did you mean 'cat'?)",
        "  word == 'cta'",
        "          ^",
    ]
    assert "found none among 9" in gribouille(*arguments, "--where", "points > 9999")[2]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["serve", "draw", "export RUN --out OUT", "ensemble RUN --out OUT"])
def test_there_is_nothing_to_select_from_without_a_store(gribouille, tmp_path, command) -> None:
    """--where without --store is a mistake, not ignored."""
    code, _, err = gribouille(
        *(tmp_path if word == "RUN" else word for word in command.split()), "--where", "recognized"
    )
    assert code == 2
    assert "expected --store STORE to select from, found none" in err


def test_a_search_ends_in_reports_and_a_command(gribouille, tmp_path: Path) -> None:
    """`search` tries configurations around the given one and prints where its reports are and how to train with the best."""
    drawings, store, out = (tmp_path / name for name in ("drawings", "store", "search"))
    drawings.mkdir()
    for number, word in enumerate(("cat", "house")):
        lines = [json.dumps(_record(word, number, key)) for key in range(80)]
        (drawings / f"{word}.ndjson").write_text("\n".join(lines) + "\n")
    gribouille("ingest", drawings, "--out", store)
    quick = ["--net", "test_resnet", "--side", "32", "--per-class", "16", "--batch", "16", "--threads", "1"]
    narrow = ["--trials", "2", "--classes", "0", "--trial-epochs", "1", "--widths", "1", "1", "--sides", "1", "1"]
    code, printed, err = gribouille("search", store, "--out", out, *narrow, *quick)
    assert (code, err if code else "") == (0, "")
    assert "To train with it: gribouille train" in printed
    assert (out / "report.html").is_file()
    assert (out / "report.fr.html").is_file()


@pytest.mark.parametrize("command", ["cluster train", "cluster search"])
def test_a_cluster_takes_the_same_options(gribouille, command: str) -> None:
    """What is trained and searched on a cluster is configured as on one machine."""
    code, printed, _ = gribouille(*command.split(), "--help")
    assert code == 0
    assert {"--rate", "--sampling", "--address", "--cores"} <= set(printed.split())


def _record(word: str, number: int, key: int) -> dict[str, object]:
    """A record in Quick, Draw!'s form: a slanted line or a corner, a little different each time."""
    drawing = [[[0, 255], [0, 40 + key]]] if number == 0 else [[[0, 255, 255 - key], [0, 0, 255]]]
    timestamp = "2017-03-01 20:41:36.70725 UTC"
    known = {"word": word, "countrycode": "CA", "timestamp": timestamp, "recognized": True}
    return {**known, "key_id": str(5_000_000 + 1_000 * number + key), "drawing": drawing}
