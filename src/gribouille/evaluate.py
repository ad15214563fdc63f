"""How good a recogniser is on a store's drawings, finished and unfinished: a predictor and a store in, an `Evaluation` out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int, Int64

from gribouille.drawing import Drawings, prefix
from gribouille.evaluation import GROUPS, STROKES, Evaluation, Tally
from gribouille.metrics import (
    LEAST,
    confusion,
    count,
    counts_of,
    places_of,
    reliability,
    temperature_of,
    tempered,
)
from gribouille.predict import Predictor
from gribouille.sampling import Rows, batches_of, distinct_rows, shard_of, validation_rows
from gribouille.store import AnyStore, named

FRACTIONS = (0.25, 0.5, 0.75, 1.0)  # of the ink
BATCH = 256  # drawings
Watch = Callable[[Rows, np.ndarray, np.ndarray], None]


@dataclass(frozen=True)
class EvaluateOptions:
    """What is evaluated: at most `drawings` random drawings of a split (0: all, each key_id once), at each of the `fractions`
    of their ink, ascending and the last 1; the `temperature`, where none is given, is fitted to at most `calibrated_on`
    validation drawings (0: it is 1). Of `parts` evaluations that together are the whole, this is the one with number `part`."""

    split: Literal["train", "validation", "test"] = "test"
    fractions: tuple[float, ...] = FRACTIONS
    drawings: int = 0
    calibrated_on: int = 3000
    temperature: float | None = None
    part: int = 0
    parts: int = 1

    def __post_init__(self) -> None:
        if not self.fractions or self.fractions[-1] != 1 or not all(0 < one <= 1 for one in self.fractions):
            raise ValueError(
                f"fractions: expected shares of the ink above 0, the last one 1, found {list(self.fractions)}"
            )
        if list(self.fractions) != sorted(set(self.fractions)):
            raise ValueError(f"fractions: expected them ascending, each once, found {list(self.fractions)}")
        for name in ("drawings", "calibrated_on"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: expected at least 0, found {getattr(self, name)}")
        if self.temperature is not None and not self.temperature > 0:
            raise ValueError(f"temperature: expected more than 0, found {self.temperature}")
        if not 0 <= self.part < self.parts:
            raise ValueError(f"part: expected from 0 to {self.parts - 1}, found {self.part}")


def evaluate(
    predictor: Predictor,
    store: AnyStore,
    options: EvaluateOptions | None = None,
    progress: Callable[[int], None] = lambda done: None,
    watch: Watch = lambda rows, label, probabilities: None,
) -> Evaluation:
    """Count how well a predictor guesses the rows of a split, each drawing once, at each fraction of the ink.

    It chooses among all labels that it knows, also where the store has only some of them. `progress` hears of every drawing,
    `watch` of every batch of finished ones: their rows, the predictor's class of each, probabilities float32 [n, classes].
    Raises ValueError where the store has a label that it does not know, and for an answer that is no number.
    """
    options = options or EvaluateOptions()
    columns = predictor.columns_of(store.labels)
    temperature, calibrated_on = _temperature(predictor, store, options)
    none = Tally.none(len(options.fractions), len(predictor.labels), len(store.countries))
    tallies = dict.fromkeys(GROUPS["all rows"], none)
    rows = rows_of(store, options)
    for batch in batches_of(rows, BATCH) if len(rows) else []:
        drawings, label = store.gather(batch), columns[store.label[batch]]
        answers = [_answer(predictor, unfinished(drawings, fraction), batch) for fraction in options.fractions]
        whole = _Batch(label, _strokes(drawings), _countries(store, batch), answers)
        for value, mine in _by_value(store.recognized[batch]):
            tallies[value] += _tally(whole.of(mine), temperature, len(store.countries))
        watch(batch, label, answers[-1])
        progress(len(batch))
    return Evaluation(
        predictor=predictor.name,
        labels=predictor.labels,
        fractions=options.fractions,
        countries=store.countries,
        split=options.split,
        store=named(store),
        sample=options.drawings,
        temperature=temperature,
        calibrated_on=calibrated_on,
        tallies=tallies,
        parts=(frozenset({options.part}), options.parts),
    )


def rows_of(store: AnyStore, options: EvaluateOptions) -> Rows:
    """The rows that an evaluation with these options sees, ascending."""
    rows = distinct_rows(store, options.split)
    if options.drawings:
        rows = np.sort(np.random.default_rng(0).permutation(rows)[: options.drawings])
    return np.asarray(shard_of(rows, options.part, options.parts))


def unfinished(drawings: Drawings, fraction: float) -> Drawings:
    """The drawings as they stood at a fraction of their ink."""
    return drawings if fraction == 1 else Drawings.of([prefix(drawing, fraction) for drawing in drawings])


def stays_from(right: Sequence[np.ndarray]) -> Int64[np.ndarray, "n"]:
    """The index of the first fraction from which on each drawing's best guess is right at every one; their number where it
    is wrong at the last. `right`: bool [n] of each fraction, ascending."""
    table = np.stack(right)
    return np.asarray(len(table) - np.cumprod(table[::-1], axis=0).sum(axis=0))


def _answer(predictor: Predictor, drawings: Drawings, rows: Rows) -> Float32[np.ndarray, "_n classes"]:
    """The predictor's probabilities of these rows' drawings. ValueError for what is no number: it has no best guess."""
    answer = predictor.probabilities(drawings)
    wrong = np.flatnonzero(~np.isfinite(answer).all(axis=1))
    if len(wrong):
        found = answer[wrong[0]][~np.isfinite(answer[wrong[0]])][0]
        raise ValueError(
            f"{predictor.name}: expected probabilities, found {found} for the drawing of row {rows[wrong[0]]}"
        )
    return answer


@dataclass(frozen=True, eq=False)
class _Batch:
    """Drawings: the predictor's class of each, its group by number of strokes and by country (from 0), and the predictor's
    probabilities at each fraction."""

    label: Int[np.ndarray, "n"]
    strokes: Int[np.ndarray, "n"]
    country: Int[np.ndarray, "n"]
    answers: list[Float32[np.ndarray, "n classes"]]

    def of(self, mine: Int[np.ndarray, "some"]) -> "_Batch":
        """Some of them."""
        return _Batch(
            self.label[mine], self.strokes[mine], self.country[mine], [answer[mine] for answer in self.answers]
        )


def _tally(batch: _Batch, temperature: float, countries: int) -> Tally:
    label, finished = batch.label, batch.answers[-1]
    place = places_of(finished, label)
    stays = stays_from([answer.argmax(axis=1) == label for answer in batch.answers])
    plain = reliability(finished, label)
    return Tally(
        by_ink=tuple(count(answer, label) for answer in batch.answers),
        stays=np.bincount(stays, minlength=len(batch.answers) + 1),
        confusion=confusion(finished, label),
        reliability=plain,
        tempered=plain if temperature == 1 else reliability(tempered(finished, temperature), label),
        by_strokes=counts_of(place, batch.strokes, STROKES),
        by_country=counts_of(place, batch.country, countries + 1),
    )


def _strokes(drawings: Drawings) -> Int64[np.ndarray, "n"]:
    """Each drawing's group by number of strokes, from 0."""
    strokes = np.add.reduceat((drawings.points[:, 2] == 0).astype(np.int64), drawings.offsets[:-1])
    return np.minimum(strokes, STROKES) - 1


def _countries(store: AnyStore, rows: Rows) -> Int64[np.ndarray, "n"]:
    """Each drawing's country, from 0; the last group: not known."""
    country = store.country[rows].astype(np.int64)
    return np.where(country < 0, len(store.countries), country)


def _by_value(recognized: Int[np.ndarray, "n"]) -> Iterator[tuple[int, Int64[np.ndarray, "some"]]]:
    for value in np.unique(recognized).tolist():
        yield value, np.flatnonzero(recognized == value)


def _temperature(predictor: Predictor, store: AnyStore, options: EvaluateOptions) -> tuple[float, int]:
    """What is asked for, or fitted to validation drawings, and to how many; 1 and 0 where there are none, or where these are what
    is to be judged."""
    if options.temperature is not None:
        return options.temperature, 0
    rows = validation_rows(store, options.calibrated_on)
    if not len(rows) or options.split == "validation":
        return 1.0, 0
    batches = [_answer(predictor, store.gather(batch), batch) for batch in batches_of(rows, BATCH)]
    logits = np.log(np.maximum(np.concatenate(batches), LEAST))
    return temperature_of(logits, predictor.columns_of(store.labels)[store.label[rows]]), len(rows)
