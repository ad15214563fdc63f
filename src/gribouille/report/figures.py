"""The plots of a report: its values in, drawn on figures of `documents.plots`."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from gribouille.documents.plots import INK, percent
from gribouille.documents.words import Language, count
from gribouille.report.contents import Bin, Model
from gribouille.report.texts import Words

COLOURS = ("#2f7fd1", "#d9650f", "#2e9a63", "#a65fc9", "#c2487a", "#7d8b1f")  # of models; 3 : 1 on white and on black
MARKERS = ("o", "s", "^", "D", "v", "P")
WIDTH, HEIGHT = 4.5, 3.3  # inches: half a page, or a phone's width


Draw = Callable[..., None]


def colour(place: int) -> str:
    """The colour of a model by its place."""
    return COLOURS[place]


def loss(figure: Figure, models: Sequence[Model], words: Words) -> None:
    """The training's loss by drawings seen, of every model that has a log."""
    axes = figure.subplots()
    for place, model in enumerate(models):
        if model.epochs:
            _line(axes, place, [one.drawings for one in model.epochs], [one.loss for one in model.epochs])
    axes.set_ylabel(words["loss"])
    _drawings_axis(axes, words)
    _legend(axes, models, [place for place, model in enumerate(models) if model.epochs])


def validation(figure: Figure, models: Sequence[Model], words: Words) -> None:
    """Top-1 (full) and MAP@3 (dashed) of the validation by drawings seen."""
    axes = figure.subplots()
    for place, model in enumerate(models):
        if model.epochs:
            seen = [one.drawings for one in model.epochs]
            _line(axes, place, seen, [one.top1 for one in model.epochs])
            _line(axes, place, seen, [one.map3 for one in model.epochs], "--")
    _drawings_axis(axes, words)
    _shares(axes, words.language)
    _kinds(axes, words)


def while_drawing(figure: Figure, models: Sequence[Model], words: Words) -> None:
    """Top-1 (full, with its interval) and MAP@3 (dashed) by the fraction of the ink."""
    axes = figure.subplots()
    for place, model in enumerate(models):
        ink = [one.fraction for one in model.moments]
        top1 = [one.top1 for one in model.moments]
        axes.fill_between(
            ink, [one.low for one in top1], [one.high for one in top1], color=colour(place), alpha=0.15, linewidth=0
        )
        _line(axes, place, ink, [one.value for one in top1])
        _line(axes, place, ink, [one.map3.value for one in model.moments], "--")
    _ink_axis(axes, words)
    _kinds(axes, words)


def stays(figure: Figure, models: Sequence[Model], words: Words) -> None:
    """The share of drawings whose right guess stays the best one from a fraction of the ink on."""
    axes = figure.subplots()
    for place, model in enumerate(models):
        _line(axes, place, [one.fraction for one in model.moments], [one.stays for one in model.moments])
    _ink_axis(axes, words)
    _legend(axes, models, range(len(models)))


def reliability(figure: Figure, model: Model, words: Words) -> None:
    """How often the best guess is right by its probability, before and after the temperature; below, how many there are."""
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    handles = []
    for bins, style in ((model.plain, "before"), (model.tempered, "after")):
        tone, mark = (COLOURS[1], "s") if style == "before" else (COLOURS[0], "o")
        dash: Literal["--", "-"] = "--" if style == "before" else "-"
        axes.plot(
            [one.confidence for one in bins],
            [one.accuracy for one in bins],
            dash,
            color=tone,
            marker=mark,
            markersize=4,
            markerfacecolor="none" if style == "before" else tone,
        )
        handles.append(Line2D([], [], color=tone, marker=mark, linestyle=dash, markersize=4, label=words[style]))
        below.step(*_steps(bins), color=tone, linestyle=dash, where="mid", linewidth=1.1)
    axes.set_ylim(0, 1.02)
    axes.set_xlim(0, 1)
    axes.set_ylabel(words["right"])
    below.set_xlabel(words["probability of the best guess"])
    below.set_ylabel("n")
    below.locator_params(axis="y", nbins=2)
    below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: count(int(value), words.language)))
    for each in (axes.xaxis, axes.yaxis, below.xaxis):
        each.set_major_formatter(FuncFormatter(lambda value, _: percent(value, words.language)))
    axes.legend(handles=handles, frameon=False, loc="upper left")


def _steps(bins: Sequence[Bin]) -> tuple[list[float], list[int]]:
    return [one.confidence for one in bins], [one.n for one in bins]


def _line(axes: Axes, place: int, across: Sequence[float], up: Sequence[float], style: str = "-") -> None:
    mark = MARKERS[place]
    face = colour(place) if style == "-" else "none"
    axes.plot(across, up, style, color=colour(place), marker=mark, markersize=3.5, markerfacecolor=face)


def _legend(axes: Axes, models: Sequence[Model], places: Sequence[int]) -> None:
    handles = [
        Line2D([], [], color=colour(one), marker=MARKERS[one], markersize=4, label=models[one].name) for one in places
    ]
    axes.legend(handles=handles, frameon=False, loc="best")


def _kinds(axes: Axes, words: Words) -> None:
    """What full and dashed lines are."""
    full = Line2D([], [], color=INK, marker="o", markersize=4, label=words["top1"])
    dashed = Line2D(
        [], [], color=INK, marker="o", markersize=4, markerfacecolor="none", linestyle="--", label=words["map3"]
    )
    axes.legend(handles=[full, dashed], frameon=False, loc="lower right")


def _ink_axis(axes: Axes, words: Words) -> None:
    axes.set_xlabel(words["ink"])
    axes.set_xticks(np.arange(0.2, 1.01, 0.2))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, words.language)))
    axes.set_ylim(bottom=0)
    _shares(axes, words.language)


def _drawings_axis(axes: Axes, words: Words) -> None:
    axes.set_xlabel(words["drawings seen"])
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: count(int(value), words.language)))


def _shares(axes: Axes, language: Language) -> None:
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, language)))
