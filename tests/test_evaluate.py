"""Evaluation: each drawing once, groups apart, finished and unfinished."""

import json

import numpy as np
import pytest
from shapes import records, store_of_shapes

from gribouille.drawing import prefix
from gribouille.evaluate import EvaluateOptions, evaluate, unfinished
from gribouille.ingest import IngestOptions, ingest
from gribouille.predict import Predictor, predictor_of
from gribouille.sampling import distinct_rows
from gribouille.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store of 4 shapes, about 60 of each."""
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 60)


def always(labels: list[str]) -> Predictor:
    """A predictor that always says 0.7 for its first label."""
    answer = np.full(len(labels), 0.3 / (len(labels) - 1), np.float32)
    answer[0] = 0.7
    return Predictor("always", tuple(labels), lambda drawings: np.tile(answer, (len(drawings), 1)))


def test_counts_every_group(store):
    """A predictor that always says one class is right for its drawings only, in every group and at every cut."""
    result = evaluate(always(["circle", "cross", "square", "zigzag"]), store, EvaluateOptions("train"))
    rows = np.flatnonzero(store.split == 0)
    recognized = rows[store.recognized[rows] == 1]
    assert result.fractions == (0.25, 0.5, 0.75, 1.0)
    for natural, known in zip(result.group("natural mix").by_ink, result.group("recognized").by_ink, strict=True):
        assert natural.n == len(rows)
        assert known.top1 == (store.label[recognized] == 0).mean()
    assert result.per_class()["circle"] == 1
    assert result.per_class()["square"] == 0
    assert result.group("natural mix").reliability.error == pytest.approx(
        0.7 - (store.label[rows] == 0).mean(), abs=1e-6
    )
    assert json.loads(json.dumps(result.summary(), allow_nan=False))["natural mix"]["50%"]["n"] == len(rows)


def test_labels_that_the_store_lacks_stay_in_the_choice(store):
    """A model of more labels, in another order, is judged on all of them: saying one that the store lacks is wrong."""
    more = ["zebra", "zigzag", "square", "cross", "circle"]
    assert evaluate(always(more), store, EvaluateOptions("train")).group("all rows").finished.top1 == 0
    right = evaluate(always(["square", *more[:2], *more[3:]]), store, EvaluateOptions("train"))
    assert right.per_class() == {"square": 1, "zigzag": 0, "cross": 0, "circle": 0}


def test_a_label_that_the_model_lacks_is_refused(store):
    """A model that does not know a label of the store is refused, naming it."""
    with pytest.raises(ValueError, match=r"always: .* missing \['zigzag'\]"):
        evaluate(always(["circle", "cross", "square"]), store)


def test_shows_unfinished_drawings(store):
    """At half of the ink the predictor is shown prefixes of half of the ink, as `prefix` cuts them."""
    drawings = store.gather(np.arange(5))
    for one, whole in zip(unfinished(drawings, 0.5), drawings, strict=True):
        assert np.array_equal(one, prefix(whole, 0.5))


def test_each_key_once(tmp_path):
    """A drawing that stands twice under one key_id counts once, by the row that knows whether it was recognized."""
    drawn = records(40)
    lost = [{**record, "recognized": None} for record in drawn]
    source = tmp_path / "twice.ndjson"
    source.write_text("".join(json.dumps(record) + "\n" for record in [*lost, *drawn]))
    ingest([source], tmp_path / "store", IngestOptions(any_word=True, keep_duplicates=True))
    store = Store.open(tmp_path / "store")
    rows = distinct_rows(store, "train")
    assert len(rows) == len(np.unique(store.key_id[store.split == 0]))
    assert (store.recognized[rows] >= 0).all()


def test_unknown_split_is_refused(store):
    """A split that does not exist is named, with those that do."""
    with pytest.raises(ValueError, match="validation"):
        distinct_rows(store, "holdout")


def test_public_teacher_is_as_good_as_measured(shared_data, tmp_path):
    """The public 28 px classifier, drawn by our raster, reaches on raw drawings what its README says (76.8 % ± 3)."""
    ingest([shared_data / "raw"], tmp_path / "store")
    store = Store.open(tmp_path / "store")
    result = evaluate(
        predictor_of(shared_data / "teacher" / "teacher28.onnx"), store, EvaluateOptions(fractions=(1.0,))
    )
    assert result.group("natural mix").finished.top1 == pytest.approx(0.768, abs=0.05)
