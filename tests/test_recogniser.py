import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tiny_model import LABELS, LABELS_FR, METADATA, write_tiny_model

from gribouille import Guess, Recogniser, canonical
from gribouille.drawing import StrokesError, drawing_of
from gribouille.recogniser import POINTS_PER_RUN, SHIPPED, ModelError, located, padded

DOT = [[[3.0], [4.0]]]


@pytest.fixture(scope="module")
def recogniser(tiny_model: Path) -> Recogniser:
    return Recogniser(tiny_model)


def test_guesses_are_ranked_words_with_probabilities(recogniser: Recogniser, house) -> None:
    """A call returns the `top` best guesses, best first, in the file's own words; all of them sum to 1."""
    guesses = recogniser(house, top=5)
    assert [type(guess) for guess in guesses] == [Guess] * 5
    assert {guess.label for guess in guesses} == set(LABELS)
    assert [guess.probability for guess in guesses] == sorted((g.probability for g in guesses), reverse=True)
    assert sum(guess.probability for guess in guesses) == pytest.approx(1, abs=1e-6)
    assert recogniser(house, top=2) == guesses[:2]
    assert recogniser(house, top=1_000) == guesses


def test_a_call_is_canonical_then_guess(recogniser: Recogniser, golden_raw) -> None:
    """Raw strokes are simplified exactly once, then guessed like any drawing."""
    for record in golden_raw:
        assert recogniser(record["strokes"]) == recogniser.guess(canonical(record["strokes"]))


def test_the_same_drawing_always_gets_the_same_bits(recogniser: Recogniser, tiny_model: Path, golden_raw) -> None:
    """Repeating, threading and loading the file anew change no bit."""
    strokes = [record["strokes"] for record in golden_raw]
    once = [recogniser(drawn) for drawn in strokes]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(recogniser, strokes * 5)) == once * 5
    anew = Recogniser(tiny_model, threads=2)
    assert [anew(drawn) for drawn in strokes] == once


def test_a_batch_answers_like_one_at_a_time(recogniser: Recogniser, golden_raw) -> None:
    """Padding with pen −1 changes nothing, however the drawings' lengths differ."""
    drawings = [canonical(record["strokes"]) for record in golden_raw] + [canonical(DOT)]
    together = recogniser.probabilities(drawings)
    alone = np.concatenate([recogniser.probabilities([drawing]) for drawing in drawings])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert recogniser.probabilities([]).shape == (0, len(LABELS))


def test_batches_larger_than_one_run_keep_their_order(recogniser: Recogniser) -> None:
    """Many drawings are cut into runs of bounded memory, and every answer stands in its drawing's row."""
    random = np.random.default_rng(1)
    drawings = [_scribble(random, points) for points in random.integers(2, 900, 60)]
    together = recogniser.probabilities(drawings)
    for index in (0, 17, 59):
        np.testing.assert_allclose(together[index], recogniser.probabilities([drawings[index]])[0], atol=1e-6)


def test_padded_fills_up_with_pen_minus_one() -> None:
    """The model's input: float32, drawings first, then points at 0 with pen −1."""
    batch = padded([drawing_of([[[0, 255], [0, 10]]]), drawing_of([[[7], [9]]])])
    assert batch.dtype == np.float32
    assert batch.tolist() == [[[0, 0, 0], [255, 10, 1]], [[7, 9, 0], [0, 0, -1]]]


@pytest.mark.parametrize(
    "strokes",
    [[], [[[], []]], [[[float("nan")], [0.0]]], [[[0.0, float("inf")], [0.0, 1.0]]], [[[0.0, 1.0], [0.0]]]],
)
def test_what_is_no_drawing_never_reaches_the_model(recogniser: Recogniser, strokes) -> None:
    """onnxruntime would give ordinary-looking probabilities for these; we give a StrokesError."""
    with pytest.raises(StrokesError):
        recogniser(strokes)


def test_drawings_that_are_none_are_refused(recogniser: Recogniser) -> None:
    """A drawing without points, with unknown pens, or too long for the raster's memory raises and names its index."""
    fine = drawing_of([[[0, 9], [0, 9]]])
    with pytest.raises(ValueError, match=r"drawing 1: expected uint8 \[points ≥ 1, 3\], found uint8 \[0, 3\]"):
        recogniser.probabilities([fine, fine[:0]])
    with pytest.raises(ValueError, match="drawing 0: expected pens"):
        recogniser.probabilities([fine[1:]])
    with pytest.raises(StrokesError, match=f"at most {POINTS_PER_RUN} points"):
        recogniser.probabilities([_scribble(np.random.default_rng(2), POINTS_PER_RUN + 1)])
    with pytest.raises(ValueError, match="top: expected at least 1, found 0"):
        recogniser.guess(fine, top=0)


def test_the_metadata_is_the_files_own(recogniser: Recogniser, tiny_model: Path) -> None:
    """Labels, picture and origin come from inside the file; the bytes handed on are the bytes loaded."""
    metadata = recogniser.metadata
    assert (metadata.labels, metadata.labels_fr) == (LABELS, LABELS_FR)
    assert metadata.raster["side"] == 64
    assert metadata.temperature == 1.0
    assert metadata.licence == "Apache-2.0"
    assert recogniser.file == tiny_model.read_bytes()
    assert len(recogniser.sha256) == 64


def test_shipped_models_have_names(tmp_path: Path, tiny_model: Path, monkeypatch) -> None:
    """A shipped model's name is enough; a file of that name in reach comes first, and an unknown name is told the known
    ones."""
    monkeypatch.chdir(tmp_path)
    assert located("small") == SHIPPED
    assert located(Path("small")) == SHIPPED
    assert located("folder/small") == Path("folder/small")
    assert located("small.onnx") == Path("small.onnx")
    (tmp_path / "small").write_bytes(tiny_model.read_bytes())
    assert located("small") == Path("small")
    with pytest.raises(ModelError, match=r"huge: expected a model file.*shipped ones are small"):
        Recogniser("huge")


def test_files_that_are_no_model_are_named_with_what_is_wrong(tmp_path: Path, tiny_model: Path) -> None:
    """Missing, garbled, foreign and inconsistent files raise a ModelError that names file, expected and found."""

    def complaint(path: Path) -> str:
        with pytest.raises(ModelError) as caught:
            Recogniser(path)
        assert str(caught.value).startswith(f"{path}: expected")
        return str(caught.value)

    def variant(name: str, metadata: dict[str, str], classes: int = len(LABELS)) -> Path:
        return write_tiny_model(tmp_path / name, metadata, classes)

    garbled = tmp_path / "garbled.onnx"
    garbled.write_bytes(tiny_model.read_bytes()[:100])
    assert "none that can be read (No such file" in complaint(tmp_path / "missing.onnx")
    assert "an ONNX file" in complaint(garbled)
    assert "found none of: commit, data_hash, labels" in complaint(variant("foreign.onnx", {}))
    assert "metadata as JSON" in complaint(variant("text.onnx", METADATA | {"labels": "cat, dog"}))
    assert "found 5 and 1" in complaint(variant("french.onnx", METADATA | {"labels_fr": json.dumps(["chat"])}))
    assert "one output for each of 5 labels, found 4" in complaint(variant("narrow.onnx", METADATA, classes=4))


def _scribble(random: np.random.Generator, points: int) -> np.ndarray:
    drawing = random.integers(0, 256, (points, 3), dtype=np.uint8)
    drawing[:, 2] = np.minimum(np.arange(points), 1)
    return drawing
