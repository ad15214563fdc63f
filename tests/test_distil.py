"""Soft labels: a teacher's probabilities, in the store's order, for the rows that are learnt from."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file
from shapes import store_of_shapes

from gribouille.augment import Augmentation, cut, warp
from gribouille.distil import LiveTeacher, SoftLabels, load_soft_labels, mean_of, teach
from gribouille.drawing import Drawings, canonical
from gribouille.ingest import ingest
from gribouille.predict import predictor_of
from gribouille.recogniser import Recogniser
from gribouille.sampling import keys_of
from gribouille.store import Store
from gribouille.store.split import TRAIN


def test_soft_labels_are_the_teachers_probabilities(tiny_model, golden_raw, tmp_path):
    """For every training row, the teacher's probabilities of the store's labels, made to sum to 1; nothing elsewhere."""
    labels = Recogniser(tiny_model).labels[:2]
    source = tmp_path / "two.ndjson"
    words = [{"word": labels[index % 2], "drawing": record["strokes"]} for index, record in enumerate(golden_raw)]
    source.write_text("".join(json.dumps(record) + "\n" for record in words))
    ingest([source], tmp_path / "two")
    store = Store.open(tmp_path / "two")
    teach(tiny_model, store, tmp_path / "soft.safetensors")
    soft = load_soft_labels(tmp_path / "soft.safetensors", store)
    rows = np.flatnonzero(store.split == TRAIN)
    expected = Recogniser(tiny_model).probabilities(list(store.gather(rows)))[:, :2]
    assert np.allclose(
        soft.of(rows, np.zeros(len(rows), np.uint64)), expected / expected.sum(axis=1, keepdims=True), atol=1e-3
    )
    assert not soft.probabilities[store.split != TRAIN].any()
    other = store_of_shapes(tmp_path, 3)
    with pytest.raises(ValueError, match="soft labels of store"):
        load_soft_labels(tmp_path / "soft.safetensors", other)


def test_several_teachers_are_heard_as_their_mean():
    """The mean of their probabilities, under both names; one alone is itself."""
    one = SoftLabels(np.array([[1, 0], [0.5, 0.5]], np.float16), "store", "one")
    other = SoftLabels(np.array([[0.5, 0.5], [0, 1]], np.float16), "store", "other")
    mean = mean_of([one, other])
    assert mean.probabilities.tolist() == [[0.75, 0.25], [0.25, 0.75]]
    assert (mean.store, mean.teacher) == ("store", "one + other")
    assert mean_of([one]) is one


@pytest.fixture
def two_words(tiny_model, golden_raw, tmp_path) -> Store:
    """A store of the golden drawings under two of the tiny model's words."""
    labels = Recogniser(tiny_model).labels[:2]
    source = tmp_path / "words.ndjson"
    words = [{"word": labels[index % 2], "drawing": record["strokes"]} for index, record in enumerate(golden_raw)]
    source.write_text("".join(json.dumps(record) + "\n" for record in words))
    ingest([source], tmp_path / "words")
    return Store.open(tmp_path / "words")


@pytest.mark.parametrize("about", ["whole", "seen"])
def test_a_live_teacher_is_asked_about_what_the_student_gets(two_words, tiny_model, about):
    """Its answers are those about the drawings warped by the student's keys, before or after they are cut, made to sum to 1."""
    augmentation = Augmentation(cut=1.0)
    teacher = LiveTeacher.open(tiny_model, two_words, augmentation, about)
    rows = np.arange(len(two_words))
    keys = keys_of(0, 3, rows)
    drawings = warp(two_words.gather(rows), augmentation, keys)
    if about == "seen":
        drawings = cut(drawings, augmentation, keys)
    expected = Recogniser(tiny_model).probabilities(list(drawings))[:, :2]
    assert np.allclose(teacher.of(rows, keys), expected / expected.sum(axis=1, keepdims=True), atol=1e-6)
    assert about in teacher.teacher


def test_a_teacher_that_lacks_a_word_is_refused(tiny_model, tmp_path):
    """A live teacher must know every label of the store, and says which it does not."""
    with pytest.raises(ValueError, match="circle"):
        LiveTeacher.open(tiny_model, store_of_shapes(tmp_path, 3), Augmentation())


def test_what_is_no_file_of_soft_labels_is_refused(tmp_path):
    """Another file, or another kind of safetensors file, is refused by name."""
    store = store_of_shapes(tmp_path, 3)
    text = tmp_path / "readme.md"
    text.write_text("no tensors here")
    with pytest.raises(ValueError, match=r"readme\.md: expected soft labels"):
        load_soft_labels(text, store)
    save_file({"weights": np.zeros(3)}, tmp_path / "weights.safetensors")
    with pytest.raises(ValueError, match=r"weights\.safetensors: expected soft labels of store"):
        load_soft_labels(tmp_path / "weights.safetensors", store)


def test_the_public_teacher_names_the_golden_drawings(shared_data, golden_raw):
    """The teacher sees our raster as the bitmaps it was trained on."""
    teacher = predictor_of(shared_data / "teacher" / "teacher28.onnx")
    drawings = Drawings.of([canonical(record["strokes"]) for record in golden_raw])
    guessed = [teacher.labels[index] for index in teacher.probabilities(drawings).argmax(axis=1)]
    right = sum(guess == record["word"] for guess, record in zip(guessed, golden_raw, strict=True))
    assert right >= len(golden_raw) - 2


@pytest.mark.parametrize("name", ["README.md", "README.onnx"])
def test_what_is_no_model_is_refused(tmp_path, name):
    """A file that is neither weights nor ONNX is refused by name."""
    (tmp_path / name).write_text("no model here")
    with pytest.raises(ValueError, match=rf"{name}: expected"):
        predictor_of(tmp_path / name)
