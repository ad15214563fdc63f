"""Evaluation: each drawing once, groups apart, finished and unfinished."""

import json
from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import records, store_of_shapes

from gribouille.answers import Answers, Outcomes, compared
from gribouille.drawing import Drawings, prefix
from gribouille.evaluate import EvaluateOptions, evaluate, rows_of, stays_from, unfinished
from gribouille.evaluation import GROUPS, Evaluation
from gribouille.export import Imprint, export
from gribouille.ingest import IngestOptions, ingest
from gribouille.nets import build_net
from gribouille.predict import Predictor, predictor_of
from gribouille.raster.spec import RasterSpec
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


def guesser(store: Store) -> Predictor:
    """A predictor that is unsure, often wrong, and says something else of each drawing."""

    def probabilities(drawings: Drawings) -> np.ndarray:
        seeds = [int(drawing.astype(np.int64).sum()) for drawing in drawings]
        return np.stack([np.random.default_rng(seed).dirichlet([0.5] * 4) for seed in seeds]).astype(np.float32)

    return Predictor("guesser", store.labels, probabilities)


def told(evaluation: Evaluation) -> str:
    """Everything that an evaluation says, as text."""
    groups = {name: evaluation.details(name) for name in GROUPS}
    return json.dumps({**evaluation.summary(), "details": groups}, sort_keys=True)


@settings(max_examples=8, deadline=None)
@given(parts=st.integers(1, 7), data=st.data())
def test_parts_are_the_whole(store, parts, data):
    """Evaluated in parts, on however many machines and added up in any order, everything is what the whole says."""
    options = EvaluateOptions("train", (0.3, 0.6, 1.0))
    found = [evaluate(guesser(store), store, replace(options, part=part, parts=parts)) for part in range(parts)]
    joined = reduce(Evaluation.__add__, data.draw(st.permutations(found)))
    whole = evaluate(guesser(store), store, options)
    assert told(joined) == told(whole)
    assert np.array_equal(joined.group("all rows").confusion, whole.group("all rows").confusion)


def test_parts_of_other_wholes_are_refused(store):
    """The same part twice, or parts of different evaluations, do not add up."""
    first = evaluate(guesser(store), store, EvaluateOptions("train", (1.0,), part=0, parts=2))
    with pytest.raises(
        ValueError, match=r"parts: expected different ones of one whole, found \[0\] of 2 and \[0\] of 2"
    ):
        first + first
    other = replace(guesser(store), name="another")
    with pytest.raises(ValueError, match="predictor: expected parts of one evaluation, found 'guesser' and 'another'"):
        first + evaluate(other, store, EvaluateOptions("train", (1.0,), part=1, parts=2))
    with pytest.raises(ValueError, match="split: expected parts of one evaluation, found 'train' and 'test'"):
        first + evaluate(guesser(store), store, EvaluateOptions("test", (1.0,), part=1, parts=2))
    assert "parts [0] of 2 of the train split" in first.protocol


def test_the_right_guess_stays(store):
    """A drawing counts at the fraction from which on its guess is right at every later one, and not where it was right once
    and wrong again."""
    drawings = ["111", "011", "101", "001", "110", "000"]  # right at each of three fractions
    right = [np.array([drawing[fraction] == "1" for drawing in drawings]) for fraction in range(3)]
    assert stays_from(right).tolist() == [0, 1, 2, 2, 3, 3]
    tally = evaluate(always(list(store.labels)), store, EvaluateOptions("train")).group("all rows")
    assert tally.stays.tolist() == [tally.finished.first.sum(), 0, 0, 0, tally.finished.n - tally.finished.first.sum()]


def test_groups_hold_every_drawing_once(store):
    """Counted by strokes, by country or by class, it is the same drawings with the same scores."""
    tally = evaluate(guesser(store), store, EvaluateOptions("train")).group("all rows")
    whole = tally.finished
    for counts in (tally.by_strokes, tally.by_country):
        assert (counts.n, counts.top1, counts.map3) == (whole.n, whole.top1, whole.map3)
    assert np.array_equal(tally.confusion.sum(axis=1), whole.drawings)
    assert np.array_equal(np.diagonal(tally.confusion), whole.first)
    rows = np.flatnonzero(store.split == 0)
    strokes = [np.count_nonzero(drawing[:, 2] == 0) for drawing in store.gather(rows)]
    assert tally.by_strokes.drawings.tolist() == np.bincount(np.array(strokes) - 1, minlength=10).tolist()


def test_temperature_is_of_other_drawings(store):
    """The temperature is fitted on validation drawings: it is none where these are judged, or where none are to be taken."""
    fitted = evaluate(guesser(store), store, EvaluateOptions("train", (1.0,)))
    assert fitted.temperature != 1
    tally = fitted.group("all rows")
    assert tally.tempered.nll < tally.reliability.nll
    assert evaluate(guesser(store), store, EvaluateOptions("validation", (1.0,))).temperature == 1
    assert evaluate(guesser(store), store, EvaluateOptions("train", (1.0,), calibrated_on=0)).temperature == 1
    assert evaluate(guesser(store), store, EvaluateOptions("train", (1.0,), temperature=2.5)).temperature == 2.5


def test_without_a_known_verdict_all_rows_are_judged(tmp_path):
    """Where no drawing's `recognized` is known, figures without a group are of all rows, and say so."""
    source = tmp_path / "lost.ndjson"
    source.write_text("".join(json.dumps({**record, "recognized": None}) + "\n" for record in records(20)))
    ingest([source], tmp_path / "store", IngestOptions(any_word=True))
    store = Store.open(tmp_path / "store")
    found = evaluate(guesser(store), store, EvaluateOptions("train"))
    assert found.judged == found.summary()["calibration of"] == found.details()["group"] == "all rows"
    assert found.details()["intervals"]["map3"] is not None
    assert len(found.per_class()) == 4


def test_no_number_is_no_answer(store):
    """A model that answers NaN is refused, naming it and the drawing: it has no best guess to count."""
    broken = Predictor("broken", store.labels, lambda drawings: np.full((len(drawings), 4), np.nan, np.float32))
    with pytest.raises(ValueError, match=r"broken: expected probabilities, found nan for the drawing of row \d+"):
        evaluate(broken, store, EvaluateOptions("train", (1.0,), calibrated_on=0))


def test_fractions_that_look_alike_stay_apart(store):
    """Every fraction has an entry of its own, and a sample is said to be one."""
    found = evaluate(guesser(store), store, EvaluateOptions("train", (0.331, 0.334, 1.0), drawings=9)).summary()
    assert list(found["all rows"]) == ["33.1%", "33.4%", "100%"]
    assert found["protocol"].startswith("9 random drawings of the train split of store")


def test_a_sample_is_the_same_every_time(store):
    """So many random drawings of a split are some of its distinct rows, the same ones at every call."""
    rows = rows_of(store, EvaluateOptions("train", drawings=20))
    assert len(rows) == 20
    assert np.isin(rows, distinct_rows(store, "train")).all()
    assert np.array_equal(rows, rows_of(store, EvaluateOptions("train", drawings=20)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fractions": (0.5,)}, "fractions: expected shares"),
        ({"fractions": (0.5, 0.25, 1.0)}, "ascending"),
        ({"part": 2, "parts": 2}, "part: expected from 0 to 1, found 2"),
        ({"drawings": -1}, "drawings: expected at least 0"),
        ({"temperature": 0.0}, "temperature: expected more than 0, found 0.0"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    """Fractions out of order or without the whole, and parts that there are not, are named."""
    with pytest.raises(ValueError, match=message):
        EvaluateOptions(**options)


def test_answers_are_what_was_said(store):
    """Answers kept while evaluating are those asked for, and compare as they are; labels go by name, not by place."""
    parts: list[tuple[np.ndarray, ...]] = []
    outcomes = Outcomes()
    options = EvaluateOptions("train", (1.0,))
    evaluate(guesser(store), store, options, watch=lambda *part: parts.append(part))
    evaluate(guesser(store), store, options, watch=outcomes)
    asked = Answers.joined(store.labels, parts)
    assert np.array_equal(asked.rows, rows_of(store, options))
    assert np.array_equal(asked.probabilities, guesser(store).probabilities(store.gather(asked.rows)))
    turned = replace(
        asked, labels=asked.labels[::-1], probabilities=asked.probabilities[:, ::-1], label=3 - asked.label
    )
    pairs = compared(outcomes.of(store.labels), turned.outcome)
    assert (pairs.n, pairs.same, pairs.only_one) == (len(asked), len(asked), 0)
    with pytest.raises(ValueError, match="expected two of the same drawings, found"):
        compared(asked.outcome, replace(asked.outcome, rows=asked.rows[:-1]))
    some = np.arange(len(asked)) % 2 == 0
    assert compared(asked.outcome.only(some), turned.outcome.only(some)).n == some.sum()


def test_evaluate_beside_another(store, gribouille, tmp_path):
    """The command compares two models on the same drawings; with itself there is no difference, and its p is 1."""
    model = tmp_path / "model.onnx"
    net = build_net("test_resnet", 4, RasterSpec.of_side(32))
    export(net, Imprint("shapes", store.labels, RasterSpec.of_side(32), 1.0, {}, "", ""), model)
    _, out, _ = gribouille("evaluate", model, store.path, "--beside", model, "--json")
    found = json.loads(out)
    assert found["comparison"]["p"] == 1
    assert found["comparison"]["top1"] == {"other less one": 0, "interval": [0, 0]}
    assert found["comparison"]["drawings"] == "natural mix"
    assert found["comparison"]["n"] == found["natural mix"]["100%"]["n"]
    assert found["details"]["intervals"]["top1"][0] <= found["natural mix"]["100%"]["top1"]
    _, out, _ = gribouille("evaluate", model, store.path, "--beside", model)
    assert "McNemar p = 1" in " ".join(out.split())
    assert "Natural mix: the right guess is there to stay by this much ink" in " ".join(out.split())
