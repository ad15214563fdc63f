"""The plots of a search's report: its trials in, drawn on figures of `documents.plots`."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import matplotlib as mpl
import numpy as np
import optuna
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator
from optuna.trial import FrozenTrial, TrialState

from gribouille.documents.plots import INK, legend_above, percent, percent_axis
from gribouille.documents.words import Language, number
from gribouille.search.texts import TEXTS

BEST, BASE, OTHER = "#2f7fd1", "#e2761b", "#9a9a9a"
SCALE = ("viridis", 0.35, 0.85)  # the part of the colour map that stands out on white and on black
LOGARITHMIC = {"rate", "line", "decay"}


@dataclass(frozen=True)
class Shown:
    """What the plots show: the trials that were validated, the names of their values, the epochs after which they were judged."""

    trials: Sequence[FrozenTrial]
    names: Sequence[str]
    rungs: Sequence[int]
    language: Language

    def text(self, name: str) -> str:
        """A word of the report."""
        return TEXTS[self.language][name]

    @property
    def finished(self) -> list[FrozenTrial]:
        """The trials that came to their end, worst first: the best is drawn on top."""
        return sorted((trial for trial in self.trials if trial.state == TrialState.COMPLETE), key=last_score)

    @property
    def stopped(self) -> list[FrozenTrial]:
        """The others."""
        return [trial for trial in self.trials if trial.state != TrialState.COMPLETE]


def last_score(trial: FrozenTrial) -> float:
    """The MAP@3 of a trial's last validation."""
    return float(trial.intermediate_values[max(trial.intermediate_values)])


def history(figure: Figure, shown: Shown) -> None:
    """The last MAP@3 of each trial in the order of trials, and the best so far."""
    axes = figure.subplots()
    _scatter(axes, shown, lambda trial: trial.number)
    finished = sorted(shown.finished, key=lambda trial: trial.number)
    best = np.maximum.accumulate([last_score(trial) for trial in finished])
    axes.step([trial.number for trial in finished], best, where="post", color=BEST)
    axes.set_xlabel(shown.text("trial"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _score_axis(axes, shown)
    legend_above(axes, [*_marks(shown), Line2D([], [], color=BEST, label=shown.text("best so far"))])


def learning(figure: Figure, shown: Shown) -> None:
    """The MAP@3 of each trial after each epoch; where it was stopped, a cross."""
    axes = figure.subplots()
    for rung in shown.rungs:
        axes.axvline(rung, color=INK, alpha=0.6, linestyle=":", linewidth=1.2)
    finished = shown.finished
    for trial in [*shown.stopped, *finished]:
        epochs, scores = zip(*sorted(trial.intermediate_values.items()), strict=True)
        ended = trial in finished
        color = BASE if trial.number == 0 else BEST if ended and trial is finished[-1] else OTHER
        axes.plot(
            epochs,
            scores,
            color=color,
            alpha=1 if color != OTHER else 0.8 if ended else 0.45,
            zorder=3 if color != OTHER else 2,
        )
        axes.plot(epochs[-1], scores[-1], "o" if ended else "x", color=color, markersize=4, zorder=3)
    axes.set_xlabel(shown.text("epoch"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _score_axis(axes, shown)
    handles = [Line2D([], [], color=BASE, label=shown.text("base"))]
    handles += [Line2D([], [], color=BEST, label=shown.text("the best"))] if finished and finished[-1].number else []
    handles += [Line2D([], [], color=OTHER, marker="o", markersize=4, label=shown.text("finished"))]
    handles += [Line2D([], [], color=OTHER, marker="x", markersize=4, label=shown.text("stopped"))]
    legend_above(axes, handles)


def parallel(figure: Figure, shown: Shown) -> None:
    """A line for each trial across an axis for each value, coloured by the MAP@3 that stands on the last axis."""
    axes = figure.subplots()
    names = [*shown.names, "MAP@3"]
    scales = [_unit(np.array([_value(trial, name) for trial in shown.trials]), name) for name in names]
    places = np.array([scale.places for scale in scales]).T
    for trial, heights in zip(shown.trials, places, strict=True):
        if trial in shown.stopped:
            axes.plot(heights, color=OTHER, alpha=0.4, linewidth=0.8, zorder=1)
    finished = [
        (heights, trial) for trial, heights in zip(shown.trials, places, strict=True) if trial not in shown.stopped
    ]
    finished.sort(key=lambda each: last_score(each[1]))
    segments = [np.stack([np.arange(len(names)), heights], axis=1) for heights, _ in finished]
    lines = LineCollection(segments, cmap=_scale(), linewidths=1.8, zorder=2)
    lines.set_array(np.array([last_score(trial) for _, trial in finished]))
    axes.add_collection(lines)
    for place, (name, scale) in enumerate(zip(names, scales, strict=True)):
        axes.axvline(place, color=INK, linewidth=0.8, alpha=0.6)
        for height, value in zip((0.0, 1.0), scale.ends, strict=True):
            shift, vertical = (-6, "top") if height == 0 else (6, "bottom")
            shown_value = percent(value, shown.language) if name == "MAP@3" else number(value, shown.language, 3)
            axes.annotate(
                shown_value, (place, height), (0, shift), textcoords="offset points", ha="center", va=vertical
            )
    axes.set_xticks(range(len(names)), [_name(shown, name) for name in names])
    axes.tick_params(axis="x", length=0, pad=18)
    axes.yaxis.set_major_locator(NullLocator())
    axes.set_ylim(-0.02, 1.02)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def slices(figure: Figure, shown: Shown) -> None:
    """The last MAP@3 of each trial over each of its values."""
    columns = min(3, len(shown.names))
    grid = np.atleast_1d(figure.subplots(-(-len(shown.names) // columns), columns, sharey=True, squeeze=False)).ravel()
    for axes, name in zip(grid, shown.names, strict=False):
        _scatter(axes, shown, partial(_value, name=name))
        axes.set_xlabel(_name(shown, name))
        if name in LOGARITHMIC:
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(NullFormatter())
            low, high = axes.get_xlim()
            axes.set_xticks(_round_ticks(low, high))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, shown.language)))
        _score_axis(axes, shown)
    for axes in grid[len(shown.names) :]:
        axes.set_visible(False)
    for axes in grid.reshape(-1, columns)[:, 1:].ravel():
        axes.set_ylabel("")


def importance(figure: Figure, shown: Shown) -> None:
    """A bar for each value: its share of what separates the better trials from the others."""
    axes = figure.subplots()
    shares = importances(shown.trials, shown.rungs[0])
    for place, value in enumerate(reversed(shares.values())):
        axes.barh(place, value, color=BEST, height=0.6)
        axes.annotate(percent(value, shown.language), (value, place), (4, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(shares)), [_name(shown, name) for name in reversed(shares)])
    axes.xaxis.set_major_locator(NullLocator())
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 1.12 * max(shares.values()))
    axes.grid(visible=False)


def importances(trials: Sequence[FrozenTrial], epoch: int) -> dict[str, float]:
    """How much each value matters for the MAP@3 after `epoch`, the greatest first, 1 in all; every trial that reached it counts.

    By the end only the better third is left, which would say little about what was bad. Source: PED-ANOVA, arXiv
    2304.10255.
    """
    study = optuna.create_study(direction="maximize")
    for trial in trials:
        if epoch in trial.intermediate_values:
            score = trial.intermediate_values[epoch]
            study.add_trial(
                optuna.trial.create_trial(value=score, params=trial.params, distributions=trial.distributions)
            )
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    return optuna.importance.get_param_importances(study, evaluator=evaluator)


@dataclass(frozen=True)
class Unit:
    """Values placed between 0 and 1, and the values that stand at 0 and at 1."""

    places: Float64[np.ndarray, "trials"]
    ends: tuple[float, float]


def _unit(values: Float64[np.ndarray, "trials"], name: str) -> Unit:
    scaled = np.log(values) if name in LOGARITHMIC else values
    low, extent = scaled.min(), np.ptp(scaled)
    places = (scaled - low) / extent if extent > 0 else np.full(len(values), 0.5)
    return Unit(places, (float(values.min()), float(values.max())))


def _value(trial: FrozenTrial, name: str) -> float:
    """A trial's value of that name, or its MAP@3."""
    return last_score(trial) if name == "MAP@3" else float(trial.params[name])


def _scatter(axes: Axes, shown: Shown, place: Callable[[FrozenTrial], float]) -> None:
    """A mark for each trial: full where it came to its end, hollow where it was stopped, the base in its own colour."""
    for trial in shown.trials:
        ended, color = trial.state == TrialState.COMPLETE, BASE if trial.number == 0 else OTHER
        face = BASE if trial.number == 0 else BEST
        axes.plot(
            place(trial),
            last_score(trial),
            "D" if trial.number == 0 else "o",
            markersize=5,
            markeredgecolor=face if ended else color,
            markerfacecolor=face if ended else "none",
            zorder=3,
        )


def _marks(shown: Shown) -> list[Line2D]:
    """What the marks of `_scatter` mean."""
    return [
        Line2D([], [], linestyle="", marker="D", color=BASE, markersize=5, label=shown.text("base")),
        Line2D([], [], linestyle="", marker="o", color=BEST, markersize=5, label=shown.text("finished")),
        Line2D([], [], linestyle="", marker="o", color=OTHER, markerfacecolor="none", label=shown.text("stopped")),
    ]


def _score_axis(axes: Axes, shown: Shown) -> None:
    percent_axis(axes, "MAP@3", shown.language)


def _round_ticks(low: float, high: float) -> list[float]:
    """A few round numbers between the ends of a logarithmic axis, or nearly round ones where there are none."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [digit * 10.0**power for power in powers for digit in (1, 2, 5) if low <= digit * 10.0**power <= high]
    if len(ticks) < 2:
        return [float(f"{tick:.2g}") for tick in np.geomspace(low, high, 4)[1:3]]
    return ticks if len(ticks) <= 4 else [tick for tick in ticks if f"{tick:e}"[0] == "1"] or ticks


def _scale() -> LinearSegmentedColormap:
    name, low, high = SCALE
    return LinearSegmentedColormap.from_list("search", mpl.colormaps[name](np.linspace(low, high, 64)))


def _name(shown: Shown, name: str) -> str:
    return TEXTS[shown.language].get(name, name)
