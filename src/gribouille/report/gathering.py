"""From models and a store to a `Report`: every model is asked about the very same drawings."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32, Int64

from gribouille.answers import Answers, compared
from gribouille.checkpoint import LOG, current_commit
from gribouille.ensemble.correlation import correlation
from gribouille.evaluate import EvaluateOptions, evaluate, rows_of
from gribouille.evaluation import GROUPS, STROKES, Evaluation
from gribouille.metrics import bootstrap_difference, mcnemar, tempered
from gribouille.predict import predictor_of
from gribouille.report.confusion import Table, confusion_of, order_of
from gribouille.report.contents import Comparison, Epoch, Estimate, Headline, Model, Report
from gribouille.report.gallery import Asked, Chooser
from gribouille.report.measures import bars, bins, headline, moments
from gribouille.report.seen import spec_of
from gribouille.sampling import distinct_rows
from gribouille.store import AnyStore, named

FRACTIONS = tuple(tenth / 10 for tenth in range(1, 11))  # of the ink
WHOLE = "all rows"  # the group of drawings that everything but headlines is about
UNKNOWN = "?"  # a country


@dataclass(frozen=True)
class ReportOptions:
    """What the models are asked about: at most `drawings` random drawings of a split (0: all); `seed` chooses those shown."""

    split: Literal["train", "validation", "test"] = "test"
    drawings: int = 3000
    seed: int = 0

    def asked_of(self, store: AnyStore) -> int:
        """How many of the store's drawings each model is asked about."""
        return len(rows_of(store, self.evaluated))

    @property
    def evaluated(self) -> EvaluateOptions:
        """The evaluation of each model."""
        return EvaluateOptions(self.split, FRACTIONS, self.drawings)


@dataclass(frozen=True, eq=False)
class _Judged:
    """A model's evaluation, its answers, and the columns of the store's words among its own."""

    path: Path
    evaluation: Evaluation
    answers: Answers
    columns: Int64[np.ndarray, "words"]
    asked: Asked


def gather(
    paths: Sequence[Path], store: AnyStore, options: ReportOptions, progress: Callable[[int], None] = lambda done: None
) -> Report:
    """The report on these models (runs, ensembles, model files) on a store's drawings. `progress` hears of every drawing.

    Raises ValueError for a split without drawings, and as `predictor_of` and `evaluate` do.
    """
    rows = rows_of(store, options.evaluated)
    if not len(rows):
        raise ValueError(f"{store.path}: expected drawings of the {options.split} split, found none")
    judged = [_judged(path, name, store, options, progress) for path, name in zip(paths, names_of(paths), strict=True)]
    tables = [_table(each) for each in judged]
    order = order_of([each.asked for each in judged])
    chooser = Chooser(store, rows, options.seed)
    several, members = len(judged) > 1, [each.asked for each in judged]
    return Report(
        store=named(store),
        split=options.split,
        drawings=len(rows),
        of=len(distinct_rows(store, options.split)),
        seed=options.seed,
        commit=current_commit(),
        order=tuple(store.labels[place] for place in order),
        models=tuple(_model(each, table, order, chooser) for each, table in zip(judged, tables, strict=True)),
        comparisons=tuple(_compared(one, other) for place, one in enumerate(judged) for other in judged[place + 1 :]),
        correlation=_correlation(members) if several else None,
        agreed=chooser.agreed(members) if several else (),
    )


def names_of(paths: Sequence[Path]) -> list[str]:
    """Short names: the ends of the paths, as long as it takes to tell them apart. Raises ValueError for a path named twice."""
    parts = [path.resolve().with_suffix("").parts if path.suffix == ".onnx" else path.resolve().parts for path in paths]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(each[-length:]) for each in parts]
        if len(set(names)) == len(names):
            return names
    raise ValueError(f"models: expected each once, found {', '.join(map(str, paths))}")


def _judged(path: Path, name: str, store: AnyStore, options: ReportOptions, progress: Callable[[int], None]) -> _Judged:
    predictor = predictor_of(path)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    evaluation = evaluate(
        predictor, store, options.evaluated, progress, lambda rows, label, said: parts.append((rows, label, said))
    )
    answers, columns = Answers.joined(predictor.labels, parts), predictor.columns_of(store.labels)
    others = np.setdiff1d(np.arange(len(predictor.labels)), columns)
    rest: Float32[np.ndarray, "n 1"] = np.zeros((len(answers), 1), np.float32)
    names = [""] * len(answers)
    if len(others):
        outside = answers.probabilities[:, others]
        rest, names = outside.max(axis=1, keepdims=True), [predictor.labels[others[one]] for one in outside.argmax(1)]
    known = np.concatenate([answers.probabilities[:, columns], rest], axis=1)
    asked = Asked(name, spec_of(path), known, store.label[answers.rows].astype(np.int64), tuple(names))
    return _Judged(path, evaluation, answers, columns, asked)


def _model(judged: _Judged, table: Table, order: Int64[np.ndarray, "words"], chooser: Chooser) -> Model:
    evaluation, asked, store = judged.evaluation, judged.asked, chooser.store
    tally = evaluation.group(WHOLE)
    classes = bars(tally.finished, evaluation.labels)
    worst, best = chooser.extremes(asked, classes)
    said, label = judged.answers.probabilities, judged.answers.label
    return Model(
        name=asked.name,
        path=str(judged.path),
        words=len(evaluation.labels),
        picture=f"{asked.spec.side} px: {', '.join(asked.spec.channels)}" if asked.spec else "",
        temperature=evaluation.temperature,
        headlines={group: _headline(judged, store, group) for group in GROUPS},
        moments=moments(tally, evaluation.fractions),
        classes=classes,
        strokes=bars(tally.by_strokes, (*map(str, range(1, STROKES)), f"≥ {STROKES}")),
        countries=bars(tally.by_country, (*evaluation.countries, UNKNOWN)),
        confusion=confusion_of(table, order, store.labels),
        plain=bins(said, label),
        tempered=bins(tempered(said, evaluation.temperature), label),
        epochs=epochs_of(judged.path),
        worst=worst,
        best=best,
        gallery=chooser.gallery(asked),
    )


def epochs_of(path: Path) -> tuple[Epoch, ...]:
    """The validated epochs of a run's log; none for what is no run's folder."""
    log = path / LOG
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.is_file() else []
    return tuple(
        Epoch(line["drawings"], line["loss"], line["validation"]["top1"], line["validation"]["map3"])
        for line in lines
        if line["validation"]["n"]
    )


def _headline(judged: _Judged, store: AnyStore, group: str) -> Headline:
    answers = judged.answers
    mine = np.isin(store.recognized[answers.rows], GROUPS[group])
    tally, temperature = judged.evaluation.group(group), judged.evaluation.temperature
    return headline(tally, answers.probabilities[mine], answers.label[mine], temperature)


def _table(judged: _Judged) -> Table:
    """Drawings of the store's words taken for each of them or, in the last column, for another word of the model's."""
    whole = judged.evaluation.group(WHOLE).confusion[judged.columns]
    known = whole[:, judged.columns]
    return np.concatenate([known, (whole.sum(axis=1) - known.sum(axis=1))[:, None]], axis=1)


def _compared(one: _Judged, other: _Judged) -> Comparison:
    pairs = compared(one.answers.outcome, other.answers.outcome)
    (mine, mine_map3), (others, others_map3) = (
        (each.top1, each.map3) for each in (judged.evaluation.group(WHOLE).finished for judged in (one, other))
    )
    return Comparison(
        one=one.asked.name,
        other=other.asked.name,
        top1=Estimate.of(others - mine, bootstrap_difference(pairs, "top1"), pairs.n),
        map3=Estimate.of(others_map3 - mine_map3, bootstrap_difference(pairs, "map3"), pairs.n),
        only_one=pairs.only_one,
        only_other=pairs.only_other,
        p=mcnemar(pairs),
    )


def _correlation(members: Sequence[Asked]) -> dict[str, Any]:
    said = np.stack([asked.probabilities for asked in members])
    return correlation(said, members[0].label, [asked.name for asked in members]).to_dict()
