"""Fixtures that every test may use: the shared drawings, and the golden ones that are committed."""

import json
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, and no clock in a verdict: CI machines stall and numba compiles at first use.
settings.register_profile("gribouille", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("gribouille")

GOLDEN = Path(__file__).parent / "golden"
SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real drawings beside the checkout; the test skips where it is missing."""
    if not (SHARED / "raw").is_dir():
        pytest.skip(f"real drawings not found at {SHARED}: they are not part of the repository")
    return SHARED


@pytest.fixture(scope="session")
def golden_raw() -> list[dict]:
    """A dozen real raw drawings with times: {"word", "key_id", "strokes"}."""
    return json.loads((GOLDEN / "raw.json").read_text())


@pytest.fixture(scope="session")
def house() -> list[list[list[int]]]:
    """The poster's house (a simplified drawing of two strokes), the project's golden drawing."""
    return json.loads((GOLDEN / "house.json").read_text())


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of five words, made without torch."""
    from tiny_model import write_tiny_model

    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture(scope="session")
def golden_canonical() -> list[dict]:
    """Strokes and their canonical drawing: {"strokes", "drawing"}; the page must give the same."""
    return json.loads((GOLDEN / "canonical.json").read_text())


@pytest.fixture
def gribouille(capsys: pytest.CaptureFixture[str]):
    """Runs the command line in this process; its exit code, standard output and standard error."""

    from gribouille import cli

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run
