"""Drawings under a wrong word, and drawings of nothing, as runs see them that did not learn from them: runs and a store in,
a list of rows with reasons out, for `gribouille data clean --list`.

Who learned from a row judges it too kindly: a run is asked about the others alone (and about rows with another key_id than
those). Words differ in how sure a net ever is of them, so each is measured by its own kind, as confident learning does
(Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels"): a word's threshold is the
mean probability that its own drawings are given. Beside one batch of answers at most 60 bytes a row of the store
are held, and a byte for each run.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int, Int16, Int64, UInt8

from gribouille.checkpoint import Card, load_weights, write_atomically
from gribouille.drawing import Drawings
from gribouille.metrics import LEAST, temperature_of, tempered
from gribouille.nets.pretrained import OF_OURS
from gribouille.predict import Predictor, net_predictor
from gribouille.sampling import Rows, batches_of, validation_rows
from gribouille.store import AnyStore, Selection, Store, View, select
from gribouille.store.split import TRAIN

WRONG, UNRECOGNISABLE = "wrong label", "unrecognisable"
BATCH = 256  # drawings
MOST = 32  # runs: who judges a row is kept as bits
CALIBRATED_ON = 3_000  # validation drawings
CHUNK = 1 << 20  # keys looked up at once


@dataclass(frozen=True)
class SuspectOptions:
    """When a drawing is suspected. Probabilities are calibrated, and means over the runs that judge a drawing.

    Its own word must have at most `doubted`. It has a wrong label where every judge takes it for the same other word, which
    has at least `confident` and at least that word's threshold; but not where more than `habitual`, a share of the own
    word's other drawings, are taken for that word as well: such words overlap (computer and laptop), and the label is right.
    It is unrecognisable where no other word has so much, and is the more so the more its loss exceeds what is usual for its
    word. Of each reason at most a `share` of the judged drawings is listed, the most suspicious ones.
    """

    confident: float = 0.5
    doubted: float = 0.05
    habitual: float = 0.01
    share: float = 0.02

    def __post_init__(self) -> None:
        for name in ("confident", "doubted", "habitual", "share"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected more than 0, at most 1, found {getattr(self, name)}")


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What the judges say of each row of a store (or view); rows without a judge have zeros.

    `judges` their number; `own` the mean probability of the row's word, `other` the most probable other word (index into the
    runs' labels), `probability` its mean probability, `loss` the mean −log of the own word's, and whether they `agree`: each
    judge takes the drawing for that other word.
    """

    judges: UInt8[np.ndarray, "rows"]
    own: Float32[np.ndarray, "rows"]
    other: Int16[np.ndarray, "rows"]
    probability: Float32[np.ndarray, "rows"]
    loss: Float32[np.ndarray, "rows"]
    agree: Bool[np.ndarray, "rows"]

    @classmethod
    def none(cls, rows: int) -> "Verdicts":
        """No judge has been asked."""
        kinds = (np.uint8, np.float32, np.int16, np.float32, np.float32, bool)
        return cls(*(np.zeros(rows, kind) for kind in kinds))


@dataclass(frozen=True)
class SuspectReport:
    """Drawings listed for each reason; how many were judged, by how many judges each, and how many by nobody."""

    found: dict[str, int]
    judged: int
    by_judges: dict[int, int]
    unjudged: int


@dataclass(frozen=True, eq=False)
class Run:
    """A training run as a judge: its predictor, calibrated, and which of a store's rows it learned from."""

    predictor: Predictor
    learned: Bool[np.ndarray, "rows"]


def write_suspects(
    runs: Sequence[Path],
    path: Path,
    out: Path,
    options: SuspectOptions,
    where: str = "",
    progress: Callable[[int], None] = lambda done: None,
) -> SuspectReport:
    """Judge a store's drawings (those for which `where` holds, marked or not) and list the suspected ones in the file `out`:
    by reason, the most suspicious first.

    `progress` hears of every drawing that has been judged. Raises ValueError for a run of another store or without a list of
    its own, and where no drawing has a judge.
    """
    if not 1 <= len(runs) <= MOST:
        raise ValueError(f"runs: expected 1 to {MOST}, found {len(runs)}")
    store = Store.open(path, marks=False)
    asked = select(store, where) if where.strip() else store
    judges = [open_run(run, store) for run in runs]
    labels = _common_labels(judges)
    rows = asked.rows if isinstance(asked, View) else np.arange(len(asked))
    can = np.stack([~judge.learned[rows] for judge in judges])
    if not can.any():
        raise ValueError(
            f"{path}: expected runs that did not learn from some of its drawings, found that all {len(runs)} learned from "
            f"each of {len(rows):,}; train them with --where on different folds"
        )
    label = judges[0].predictor.columns_of(asked.labels).astype(np.int16)[asked.label]
    verdicts = _verdicts([judge.predictor for judge in judges], can, asked, label, progress)
    listed = list(suspected(verdicts, label, len(labels), options))
    write_atomically(out, lambda place: _write(place, listed, verdicts, (rows, label, labels)))
    judged = int((verdicts.judges > 0).sum())
    counts = np.bincount(verdicts.judges, minlength=len(runs) + 1).tolist()
    return SuspectReport(
        {reason: len(found) for reason, found, _ in listed},
        judged,
        {number: count for number, count in enumerate(counts) if number and count},
        len(asked) - judged,
    )


def open_run(path: Path, store: Store) -> Run:
    """A run and what it learned from of this store, whose marks are not read (`Store.open(…, marks=False)`).

    Raises ValueError for what is no run, a run of another store, and one with a teacher or that began as another net of ours,
    either of whom may have learned from anything.
    """
    net, card = load_weights(path)
    if card.pretrained.startswith(OF_OURS):
        raise ValueError(
            f"{path}: expected a run that began with random weights or those of pictures, found one that began with "
            f"{card.pretrained}, which may have learned from the drawings that it is to judge"
        )
    if card.teacher:
        raise ValueError(
            f"{path}: expected a run that learned from words alone, found one with a teacher, who may have learned from "
            "the drawings that it is to judge"
        )
    learned = learned_rows(card, store, path)
    predictor = net_predictor(net, card.labels, card.spec, str(path))
    columns = predictor.columns_of(store.labels)
    rows = validation_rows(store, CALIBRATED_ON)
    if len(rows):
        answers = [predictor.probabilities(store.gather(batch)) for batch in batches_of(rows, BATCH)]
        logits = np.log(np.maximum(np.concatenate(answers), LEAST))
        predictor = _calibrated(predictor, temperature_of(logits, columns[store.label[rows]]))
    return Run(predictor, learned)


def learned_rows(card: Card, store: Store, name: Path) -> Bool[np.ndarray, "rows"]:
    """Which rows of a store a run learned from, or may have: its training rows, and all other rows with their key_ids.

    Its card says by which selections of the store, and the store's hash whether of this one, with its marks or without.
    Raises ValueError for a run of another store.
    """
    learned = np.zeros(len(store), bool)
    view = _taught_by(card, store)
    if view is None:
        of = (card.data.get("selected from") or card.store)[:12]
        raise ValueError(f"{name}: expected a run on {store.path} ({store.hash[:12]}), found one on the store {of}")
    rows = np.flatnonzero(view.split == TRAIN)
    learned[view.rows[rows] if isinstance(view, View) else rows] = True
    keys = np.sort(store.key_id[learned & store.keyed])
    for start in range(0, len(store) if len(keys) else 0, CHUNK):
        part = slice(start, start + CHUNK)
        place = np.minimum(np.searchsorted(keys, store.key_id[part]), len(keys) - 1)
        learned[part] |= store.keyed[part] & (keys[place] == store.key_id[part])
    return learned


def suspected(
    verdicts: Verdicts, label: Int[np.ndarray, "rows"], classes: int, options: SuspectOptions
) -> Iterator[tuple[str, Rows, Float64[np.ndarray, "found"]]]:
    """Each reason with the rows that are suspected for it and how much, the most suspected first; a row has one reason.

    A wrong label's suspicion is the other word's probability less the own one's (confident learning's normalised margin), an
    unrecognisable one's what its loss exceeds the mean of its word by.
    """
    judged = verdicts.judges > 0
    thresholds, usual = (_means(label[judged], each[judged], classes) for each in (verdicts.own, verdicts.loss))
    rows = np.flatnonzero(judged & (verdicts.own <= options.doubted))  # few: all that follows is of these alone
    mine, other = label[rows], verdicts.other[rows]
    own, probability = verdicts.own[rows].astype(np.float64), verdicts.probability[rows].astype(np.float64)
    sure = probability >= np.fmax(options.confident, thresholds[other])
    alone = _taken_so(verdicts, label, rows, classes) <= options.habitual
    most = max(1, int(options.share * np.count_nonzero(judged)))
    suspicions = {
        WRONG: (sure & alone & verdicts.agree[rows], probability - own),
        UNRECOGNISABLE: (~sure, verdicts.loss[rows] - usual[mine]),
    }
    for reason, (which, suspicion) in suspicions.items():
        found = np.flatnonzero(which)
        found = found[np.argsort(-suspicion[found], kind="stable")][:most]
        yield reason, rows[found], suspicion[found].astype(np.float64)


def _taught_by(card: Card, store: Store) -> AnyStore | None:
    """The store or view that a run was trained on, None where it is none of this store's."""
    selections = [Selection(**each) for each in card.data.get("selection", [])]
    whole = card.data.get("selected from", card.store)
    for base in (store, Store.open(store.path)):  # its marks count where the run has seen them
        if base.hash == whole:
            view: AnyStore = base
            for each in selections:
                view = select(view, each.where, each.max_per_class, each.seed)
            if view.hash == card.store:
                return view
    return None


def _common_labels(judges: Sequence[Run]) -> tuple[str, ...]:
    labels = judges[0].predictor.labels
    for judge in judges[1:]:
        if judge.predictor.labels != labels:
            raise ValueError(
                f"{judge.predictor.name}: expected the {len(labels)} labels of {judges[0].predictor.name}, found "
                f"{len(judge.predictor.labels)} others"
            )
    return labels


def _verdicts(
    predictors: Sequence[Predictor],
    can: Bool[np.ndarray, "judges rows"],
    store: AnyStore,
    label: Int[np.ndarray, "rows"],
    progress: Callable[[int], None],
) -> Verdicts:
    """The verdicts on all rows; `can` tells which predictor may judge which row."""
    verdicts = Verdicts.none(len(store))
    together = np.zeros(len(store), np.uint32)  # rows with the same judges fill batches of their own
    for place, mine in enumerate(can):
        together |= mine.astype(np.uint32) << np.uint32(place)
    for code in np.unique(together).tolist():
        rows = np.flatnonzero(together == code)
        judges = [predictor for place, predictor in enumerate(predictors) if code >> place & 1]
        for batch in batches_of(rows, BATCH) if judges else []:
            drawings = store.gather(batch)
            answers = np.stack([judge.probabilities(drawings) for judge in judges])
            _keep(verdicts, batch, answers, label[batch])
            progress(len(batch))
    return verdicts


def _keep(
    verdicts: Verdicts, rows: Rows, answers: Float32[np.ndarray, "judges n classes"], label: Int[np.ndarray, "n"]
) -> None:
    """Write down what the judges of these rows answered."""
    each = np.arange(len(rows))
    mean = answers.mean(axis=0)
    verdicts.judges[rows] = len(answers)
    verdicts.own[rows] = mean[each, label]
    verdicts.loss[rows] = -np.log(np.maximum(answers[:, each, label], LEAST)).mean(axis=0)
    mean[each, label] = -1
    other = mean.argmax(axis=1)
    verdicts.other[rows] = other
    verdicts.probability[rows] = mean[each, other]
    verdicts.agree[rows] = (answers.argmax(axis=2) == other).all(axis=0)


def _taken_so(
    verdicts: Verdicts, label: Int[np.ndarray, "rows"], some: Rows, classes: int
) -> Float64[np.ndarray, "some"]:
    """The share of the other judged drawings of each one's word that are taken for the word that it is taken for."""

    def pairs(rows: Rows) -> Int64[np.ndarray, "_"]:
        return np.asarray(label[rows].astype(np.int64) * classes + verdicts.other[rows])

    taken = (verdicts.judges > 0) & (verdicts.probability > verdicts.own)
    alike = np.bincount(pairs(np.flatnonzero(taken)), minlength=classes * classes)[pairs(some)] - taken[some]
    drawn = np.bincount(label[verdicts.judges > 0], minlength=classes)
    return np.asarray(alike / np.maximum(drawn[label[some]] - 1, 1))


def _means(label: Int[np.ndarray, "n"], values: np.ndarray, classes: int) -> Float64[np.ndarray, "classes"]:
    """The mean value of each class; nan where it has none."""
    sums, seen = np.bincount(label, values, classes), np.bincount(label, minlength=classes)
    return np.asarray(np.divide(sums, seen, out=np.full(classes, np.nan), where=seen > 0))


def _calibrated(predictor: Predictor, temperature: float) -> Predictor:
    def probabilities(drawings: Drawings) -> Float32[np.ndarray, "drawings classes"]:
        return tempered(predictor.probabilities(drawings), temperature)

    return replace(predictor, probabilities=probabilities)


def _write(
    path: Path,
    listed: Sequence[tuple[str, Rows, np.ndarray]],
    verdicts: Verdicts,
    store: tuple[Int64[np.ndarray, "rows"], Int[np.ndarray, "rows"], Sequence[str]],
) -> None:
    """One line a suspected drawing; `store` has each row's number in the store, its class, and the classes' names."""
    numbers, label, labels = store
    with path.open("w", encoding="utf-8") as file:
        for reason, rows, suspicion in listed:
            for row, how_much in zip(rows.tolist(), suspicion.tolist(), strict=True):
                line = {
                    "row": int(numbers[row]),
                    "reason": reason,
                    "word": labels[label[row]],
                    "guess": labels[verdicts.other[row]],
                    "probability": round(float(verdicts.probability[row]), 4),
                    "own probability": round(float(verdicts.own[row]), 6),
                    "loss": round(float(verdicts.loss[row]), 3),
                    "judges": int(verdicts.judges[row]),
                    "suspicion": round(how_much, 4),
                }
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
