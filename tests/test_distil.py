"""Soft labels: a teacher's probabilities, in the store's order, for the rows that are learnt from."""

from pathlib import Path

import numpy as np
import pytest
from shapes import store_of_shapes

from gribouille.distil import in_order, load_soft_labels, teach, teacher_of
from gribouille.drawing import Drawings, canonical
from gribouille.ingest import ingest
from gribouille.store import Store


def test_columns_follow_the_labels():
    """A model whose labels stand in another order is read in the order asked for."""
    answers = np.array([[0.1, 0.2, 0.7]])
    predict = in_order(lambda drawings: answers, ["b", "c", "a"], ["a", "b", "c"], Path("m.onnx"))
    assert predict(Drawings.of([])).tolist() == [[0.7, 0.1, 0.2]]


def test_a_model_without_the_label_is_refused():
    """A model that does not know a label of the store is refused, naming it."""
    with pytest.raises(ValueError, match=r"m\.onnx: .* missing \['cat'\]"):
        in_order(lambda drawings: np.zeros((0, 1)), ["dog"], ["cat", "dog"], Path("m.onnx"))


def test_teaches_the_training_rows(shared_data, tmp_path):
    """The public teacher's opinion of every training row is kept, and mostly right; soft labels fit their store only."""
    teacher = shared_data / "teacher" / "teacher28.onnx"
    ingest([shared_data / "raw" / f"{word}.ndjson.gz" for word in ("cat", "star")], tmp_path / "one")
    store = Store.open(tmp_path / "one")
    with pytest.raises(ValueError, match=r"README\.md: expected an ONNX file"):
        teacher_of(shared_data / "README.md", store.labels)
    teach(teacher, store, tmp_path / "soft.safetensors")
    soft = load_soft_labels(tmp_path / "soft.safetensors", store)
    rows = np.flatnonzero(store.split == 0)
    probabilities = soft.of(rows)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-3)
    assert (probabilities.argmax(axis=1) == store.label[rows]).mean() > 0.8
    other = store_of_shapes(tmp_path, 3)
    with pytest.raises(ValueError, match="soft labels of store"):
        load_soft_labels(tmp_path / "soft.safetensors", other)


def test_the_golden_cat_is_a_cat_to_the_teacher(shared_data, golden_raw):
    """The teacher sees our raster as the bitmaps it was trained on: it names the golden drawings."""
    labels = sorted((shared_data / "teacher" / "labels.txt").read_text().splitlines())
    predict = teacher_of(shared_data / "teacher" / "teacher28.onnx", labels)
    drawings = Drawings.of([canonical(record["strokes"]) for record in golden_raw])
    guessed = [labels[index] for index in predict(drawings).argmax(axis=1)]
    right = sum(guess == record["word"] for guess, record in zip(guessed, golden_raw, strict=True))
    assert right >= len(golden_raw) - 2
