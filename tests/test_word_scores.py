"""How often a model is right about each word: the file beside a model, and what the server tells of it."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gribouille import Recogniser
from gribouille.recogniser import MODELS
from gribouille.server import create_app
from gribouille.word_scores import WordScores, WordScoresError, word_scores_of, word_scores_path

COUNTS = {"bat": (1, 40), "cat": (40, 40), "house": (30, 40), "sun": (0, 0)}


@pytest.fixture
def model(tmp_path: Path, tiny_model: Path) -> Path:
    """A model file in a folder of its own, nothing beside it."""
    path = tmp_path / "own.onnx"
    path.write_bytes(tiny_model.read_bytes())
    return path


def answered(model: Path) -> dict[str, float] | None:
    """What GET /api/v1/model says of the words of a model file."""
    return TestClient(create_app(model, Path("nowhere"))).get("/api/v1/model").json()["accuracies"]


def test_few_drawings_move_an_estimate_little() -> None:
    """An accuracy is near its share where many drawings were seen, and that of all words where none was."""
    accuracies = WordScores("", "", COUNTS).accuracies
    assert accuracies["sun"] == pytest.approx(71 / 120)
    assert accuracies["bat"] < 0.1 < accuracies["sun"] < accuracies["house"] < 0.75 < 0.95 < accuracies["cat"] < 1
    assert WordScores("", "", {}).accuracies == {}


def test_the_server_tells_the_scores_of_its_own_model_only(model: Path) -> None:
    """With the file beside the model there are accuracies; without it, or with one of another model, null."""
    assert answered(model) is None
    word_scores_path(model).write_text(WordScores("of another", "a test", COUNTS).to_json())
    assert answered(model) is None
    scores = WordScores(Recogniser(model).sha256, "a test", COUNTS)
    word_scores_path(model).write_text(scores.to_json())
    assert word_scores_of(model, scores.model) == scores
    assert answered(model) == {word: round(share, 4) for word, share in scores.accuracies.items()}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model": "", "protocol": "", "words": {"cat": [1]}}'])
def test_another_file_is_refused_by_name(model: Path, text: str) -> None:
    """What is no file of scores is said, not passed over."""
    word_scores_path(model).write_text(text)
    with pytest.raises(WordScoresError, match=r"own\.words\.json: expected model, protocol and words"):
        word_scores_of(model, "")


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.onnx")), ids=lambda path: path.name)
def test_every_shipped_model_has_its_scores(path: Path) -> None:
    """They were measured on the very file that is shipped, and name all of its words."""
    recogniser = Recogniser(path)
    scores = word_scores_of(path, recogniser.sha256)
    assert scores is not None
    assert scores.words.keys() == set(recogniser.labels)
    right, seen = (sum(column) for column in zip(*scores.words.values(), strict=True))
    assert right / seen == pytest.approx(recogniser.metadata.metrics["all rows"]["100%"]["top1"], abs=1e-3)
