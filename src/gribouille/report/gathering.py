"""From models and a store to a `Report`: every model is asked about the very same drawings."""

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Int64

from gribouille.answers import Answers, Outcome, compared
from gribouille.checkpoint import LOG, current_commit
from gribouille.ensemble.correlation import correlation
from gribouille.evaluate import EvaluateOptions, evaluate, rows_of
from gribouille.evaluation import GROUPS, STROKES, Evaluation
from gribouille.metrics import bootstrap_difference, mcnemar
from gribouille.predict import Predictor, predictor_of
from gribouille.report.confusion import confusion_of, order_of
from gribouille.report.contents import MODELS, NATURAL, WHOLE, Comparison, Epoch, Estimate, Headline, Model, Report
from gribouille.report.gallery import Asked, Chooser
from gribouille.report.measures import bars, bins, headline, moments, surprises
from gribouille.sampling import distinct_rows
from gribouille.store import AnyStore, Store, named

FRACTIONS = tuple(tenth / 10 for tenth in range(1, 11))  # of the ink
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
    """A model's evaluation and its answers."""

    path: Path
    evaluation: Evaluation
    asked: Asked


def gather(
    paths: Sequence[Path], store: AnyStore, options: ReportOptions, progress: Callable[[int], None] = lambda done: None
) -> Report:
    """The report on these models (runs, ensembles, model files) on a store's drawings. `progress` hears of every drawing.

    Raises ValueError for more models than MODELS, one that does not know all the store's words, a split without drawings, and as
    `predictor_of` and `evaluate` do. Memory: of every model 4 bytes a drawing and word that it knows; where there are several,
    again 4 bytes a drawing and word that any of them knows.
    """
    if len(paths) > MODELS:
        raise ValueError(f"report: expected at most {MODELS} models, found {len(paths)}")
    rows = rows_of(store, options.evaluated)
    if not len(rows):
        raise ValueError(f"{store.path}: expected drawings of the {options.split} split, found none")
    judged = _judged(paths, store, options, progress)
    members = [each.asked for each in judged]
    order = order_of(members)
    chooser = Chooser(store, rows, options.seed)
    several, natural = len(judged) > 1, np.isin(store.recognized[rows], GROUPS[NATURAL])
    group = NATURAL if natural.any() else WHOLE
    pairs = [(one, other) for place, one in enumerate(judged) for other in judged[place + 1 :]]
    return Report(
        store=named(store),
        split=options.split,
        group=group,
        drawings=len(rows),
        of=len(distinct_rows(store, options.split)),
        calibrated_on=judged[0].evaluation.calibrated_on,
        seed=options.seed,
        commit=current_commit(),
        command=command_of(paths, store, options),
        order=tuple(store.labels[place] for place in order),
        models=tuple(_model(each, order, chooser) for each in judged),
        comparisons=tuple(_compared(one, other, group, store) for one, other in pairs),
        correlation=_correlation(members) if several else None,
        agreed=chooser.agreed(members) if several else (),
    )


def names_of(paths: Sequence[Path]) -> list[str]:
    """Short names: the ends of the paths, as long as it takes to tell them apart, without a model file's suffix where that is not
    what does. Raises ValueError for a path named twice."""
    whole = [path.resolve() for path in paths]
    bare = [path.with_suffix("") if path.suffix == ".onnx" else path for path in whole]
    for length in range(1, max(len(path.parts) for path in whole) + 1):
        for ends in (bare, whole):
            names = ["/".join(path.parts[-length:]) for path in ends]
            if len(set(names)) == len(names):
                return names
    raise ValueError(f"models: expected each once, found {', '.join(map(str, paths))}")


def command_of(paths: Sequence[Path], store: AnyStore, options: ReportOptions) -> str:
    """The command that makes this report, but for where it writes."""
    default = ReportOptions()
    changed = [
        word
        for field in fields(options)
        if (value := getattr(options, field.name)) != getattr(default, field.name)
        for word in (f"--{field.name}", str(value))
    ]
    words = shlex.join(["gribouille", "report", *map(str, paths), str(store.path), *changed])
    selection = () if isinstance(store, Store) else store.selection
    return " ".join([words, *(each.options() for each in selection if each.options())])


def _judged(
    paths: Sequence[Path], store: AnyStore, options: ReportOptions, progress: Callable[[int], None]
) -> list[_Judged]:
    """Every model's evaluation and answers; before the first is asked, it is known that all know the store's words."""
    names, predictors = names_of(paths), [predictor_of(path) for path in paths]
    columns = [predictor.columns_of(store.labels) for predictor in predictors]
    found = []
    for path, name, predictor, mine in zip(paths, names, predictors, columns, strict=True):
        evaluation, answers = _answered(predictor, store, options, progress)
        found.append(_Judged(path, evaluation, Asked(name, predictor.spec, answers, mine)))
    return found


def _answered(
    predictor: Predictor, store: AnyStore, options: ReportOptions, progress: Callable[[int], None]
) -> tuple[Evaluation, Answers]:
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    evaluation = evaluate(
        predictor, store, options.evaluated, progress, lambda rows, label, said: parts.append((rows, label, said))
    )
    return evaluation, Answers.joined(predictor.labels, parts)


def _model(judged: _Judged, order: Int64[np.ndarray, "words"], chooser: Chooser) -> Model:
    evaluation, asked = judged.evaluation, judged.asked
    tally = evaluation.group(WHOLE)
    classes = bars(tally.finished, evaluation.labels)
    worst, best = chooser.extremes(asked, classes)
    return Model(
        name=asked.name,
        path=str(judged.path),
        words=len(evaluation.labels),
        picture=f"{asked.spec.side} px: {', '.join(asked.spec.channels)}" if asked.spec else "",
        temperature=evaluation.temperature,
        headlines=_headlines(judged, chooser.store),
        moments=moments(tally, evaluation.fractions),
        classes=classes,
        strokes=bars(tally.by_strokes, (*map(str, range(1, STROKES)), f"≥ {STROKES}")),
        countries=bars(tally.by_country, (*evaluation.countries, UNKNOWN)),
        confusion=confusion_of(evaluation, asked.columns, order),
        plain=bins(tally.reliability),
        tempered=bins(tally.tempered),
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


def _headlines(judged: _Judged, store: AnyStore) -> dict[str, Headline]:
    answers, evaluation = judged.asked.answers, judged.evaluation
    plain, tempered = (surprises(answers, temperature) for temperature in (1.0, evaluation.temperature))
    mine = {group: _of_group(answers, store, group) for group in GROUPS}
    return {
        group: headline(evaluation.group(group), plain[drawings], tempered[drawings])
        for group, drawings in mine.items()
    }


def _of_group(answered: Answers | Outcome, store: AnyStore, group: str) -> Bool[np.ndarray, "n"]:
    return np.isin(store.recognized[answered.rows], GROUPS[group])


def _compared(one: _Judged, other: _Judged, group: str, store: AnyStore) -> Comparison:
    pairs = compared(*(_outcome(judged, group, store) for judged in (one, other)))
    mine, others = (judged.evaluation.group(group).finished for judged in (one, other))
    return Comparison(
        one=one.asked.name,
        other=other.asked.name,
        top1=Estimate.of(others.top1 - mine.top1, bootstrap_difference(pairs, "top1"), pairs.n),
        map3=Estimate.of(others.map3 - mine.map3, bootstrap_difference(pairs, "map3"), pairs.n),
        only_one=pairs.only_one,
        only_other=pairs.only_other,
        p=mcnemar(pairs),
    )


def _outcome(judged: _Judged, group: str, store: AnyStore) -> Outcome:
    whole = judged.asked.answers.outcome
    return whole.only(_of_group(whole, store, group))


def _correlation(members: Sequence[Asked]) -> dict[str, Any]:
    """Over all the words that any of them knows; what a model does not know, it holds for impossible."""
    union = {
        label: place
        for place, label in enumerate(dict.fromkeys(word for one in members for word in one.answers.labels))
    }
    answers = [asked.answers for asked in members]
    said = np.zeros((len(answers), len(answers[0]), len(union)), np.float32)
    for mine, each in zip(said, answers, strict=True):
        mine[:, [union[label] for label in each.labels]] = each.probabilities
    label = answers[0].label  # the union begins with the first one's words
    return correlation(said, label, [asked.name for asked in members]).to_dict()
