"""Where a search looks: around a base configuration, between two factors on each of its values.

In come a base configuration and the factors, out go Optuna's distributions; in come a trial's values, out goes the
configuration that it trains with. Values are absolute (a learning rate, px), so that reports and command lines can be
read by themselves.
"""

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from optuna.distributions import FloatDistribution, IntDistribution

from gribouille.augment import Augmentation
from gribouille.course import TrainConfig
from gribouille.raster.spec import LARGEST_SIDE, SMALLEST_SIDE
from gribouille.store import Selection

WIDTH_STEP = 0.25  # of the base net's width
SIDE_STEP = 8  # px: strides of nets halve a picture up to five times, and odd sizes gain nothing
DIGITS = 4  # significant ones of a sampled value, so that a command line stays readable
LARGEST_MIRROR = 0.5  # a drawing mirrored more often than not is the mirrored drawing mirrored less often


@dataclass(frozen=True)
class Space:
    """Where to look: lowest and highest factor on the base configuration's values; 1 and 1 leave a value as it is.

    `rates` of the learning rate, `strengths` of all amounts of the augmentation at once, `widths` of the net in steps
    of 0.25, `sides` of the picture in steps of 8 px, `lines` of the line's width, `decays` of the weights' decay,
    `smoothings` of the labels'.
    """

    rates: tuple[float, float] = (0.125, 8.0)
    strengths: tuple[float, float] = (0.0, 2.0)
    widths: tuple[float, float] = (0.5, 1.0)
    sides: tuple[float, float] = (0.75, 1.25)
    lines: tuple[float, float] = (0.5, 2.0)
    decays: tuple[float, float] = (1.0, 1.0)
    smoothings: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        for each in fields(self):
            low, high = getattr(self, each.name)
            if not 0 <= low <= 1 <= high < math.inf:
                raise ValueError(
                    f"{each.name}: expected a factor from 0 to 1 and one of at least 1, found {low:g} {high:g}"
                )
            if low == 0 and each.name not in ("strengths", "smoothings"):
                raise ValueError(f"{each.name}: expected a lowest factor above 0, found 0")


@dataclass(frozen=True)
class SearchConfig:
    """How to search.

    `trials` in all, the first of them the base configuration itself; `workers` processes that run them; each trial
    learns `classes` random words of the store (0: all) from at most `rows` drawings of each (and is judged by no more),
    in `trial-epochs` epochs. Successive halving: at epoch `first-rung`, and whenever the epochs since have multiplied by
    `reduction`, a trial goes on if its MAP@3 is among the best 1 in `reduction` that came so far. The `keep` best trials
    keep their weights. A trial whose process died goes on where it was, at most `retries` times.
    """

    trials: int = 30
    workers: int = 1
    classes: int = 24
    rows: int = 400
    trial_epochs: int = 9
    first_rung: int = 2
    reduction: int = 3
    keep: int = 3
    retries: int = 2
    space: Space = field(default_factory=Space)
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        lowest = {"trials": 1, "workers": 1, "classes": 0, "rows": 1, "trial_epochs": 1, "first_rung": 1}
        for name, least in {**lowest, "reduction": 2, "keep": 1, "retries": 0}.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name}: expected at least {least}, found {getattr(self, name)}")
        if self.classes == 1:
            raise ValueError("classes: expected at least 2 (or 0 for all), found 1")
        searched = distributions(self)
        if not searched:
            raise ValueError("space: expected something to search, found every factor at 1")
        for name, values in searched.items():
            for edge in (values.low, values.high):
                configured(self.train, {name: edge})  # a value that cannot be is refused before the first trial


def distributions(config: SearchConfig) -> dict[str, FloatDistribution | IntDistribution]:
    """What is searched, by name: the values between the space's factors on the base's, where these leave more than one.

    Raises ValueError where a base value of 0 is to be searched around.
    """
    space, base = config.space, config.train
    found: dict[str, FloatDistribution | IntDistribution] = {
        "rate": _logarithmic("rate", base.rate, space.rates),
        "strength": FloatDistribution(*space.strengths),
        "width": _stepped_width(base_width(base.net), space.widths),
        "side": _stepped_side(base.side, space.sides),
        "line": _logarithmic("line", base.line, space.lines),
        "decay": _logarithmic("decay", base.decay, space.decays),
        "smoothing": FloatDistribution(base.smoothing * space.smoothings[0], base.smoothing * space.smoothings[1]),
    }
    return {name: each for name, each in found.items() if not each.single()}


def base_values(config: SearchConfig) -> dict[str, float]:
    """The base configuration as a trial's values: what is compared first, and against what the rest is judged."""
    base = config.train
    values = {"rate": base.rate, "strength": 1.0, "width": base_width(base.net), "side": base.side, "line": base.line}
    values |= {"decay": base.decay, "smoothing": base.smoothing}
    return {name: values[name] for name in distributions(config)}


def configured(base: TrainConfig, values: Mapping[str, float]) -> TrainConfig:
    """The base configuration with a trial's values in it, sampled ones rounded to 4 significant digits."""
    changes: dict[str, Any] = {
        name: _rounded(values[name], getattr(base, name))
        for name in ("rate", "line", "decay", "smoothing")
        if name in values
    }
    if "side" in values:
        changes["side"] = int(values["side"])
        changes["grow_from"] = min(base.grow_from, changes["side"])
    if "width" in values:
        changes["net"] = _of_width(base.net, values["width"])
    if "strength" in values:
        changes["augmentation"] = strengthened(base.augmentation, _rounded(values["strength"], 1.0))
    return replace(base, **changes)


def strengthened(augmentation: Augmentation, strength: float) -> Augmentation:
    """The augmentation with all its amounts times `strength`; probabilities stay ones, mirroring at most every other drawing."""
    if strength == 1:
        return augmentation
    amounts = {
        name: _short(getattr(augmentation, name) * strength)
        for name in ("rotation", "stretch", "shear", "jitter", "wave")
    }
    mirror, cut = min(LARGEST_MIRROR, augmentation.mirror * strength), min(1.0, augmentation.cut * strength)
    return replace(augmentation, **amounts, mirror=_short(mirror), cut=_short(cut))


def base_width(net: str) -> float:
    """How wide a net is beside the one that it is named after: 0.5 for "resnet18*0.5"."""
    _, _, width = net.partition("*")
    try:
        return float(width or 1)
    except ValueError as error:
        raise ValueError(f"net: expected NAME or NAME*WIDTH with a number for the width, found {net!r}") from error


def command_of(store: Path, selection: Sequence[Selection], out: Path, config: TrainConfig) -> str:
    """The command line that trains with this configuration: an option for each value that is not the default."""
    words = ["gribouille", "train", str(store), "--out", str(out), *_options(config, TrainConfig())]
    return " ".join([*(shlex.quote(word) for word in words), *(each.options() for each in selection)])


def _options(config: Any, default: Any) -> list[str]:
    words: list[str] = []
    for each in fields(config):
        value, usual = getattr(config, each.name), getattr(default, each.name)
        option = each.name.replace("_", "-")
        if is_dataclass(value):
            words += _options(value, usual)
        elif value == usual:
            continue
        elif isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", str(value)]
    return words


def _logarithmic(name: str, base: float, factors: tuple[float, float]) -> FloatDistribution:
    if base == 0 and factors != (1, 1):
        raise ValueError(f"{name}: expected a base value above 0 to search around, found 0")
    if base == 0:
        return FloatDistribution(0, 0)
    low, high = (base * factor for factor in factors)
    return FloatDistribution(low, high, log=True)


def _stepped_width(base: float, factors: tuple[float, float]) -> FloatDistribution:
    low, high = (base * (1 + WIDTH_STEP * _towards_one((factor - 1) / WIDTH_STEP)) for factor in factors)
    return FloatDistribution(low, high, step=base * WIDTH_STEP)


def _stepped_side(base: int, factors: tuple[float, float]) -> IntDistribution:
    lowest, highest = max(factors[0] * base, SMALLEST_SIDE), min(factors[1] * base, LARGEST_SIDE)
    low, high = (base + SIDE_STEP * _towards_one((side - base) / SIDE_STEP) for side in (lowest, highest))
    return IntDistribution(low, high, step=SIDE_STEP)


def _towards_one(steps: float) -> int:
    """Whole steps away from the base; rounding errors of a factor do not lose one."""
    return math.trunc(steps + math.copysign(1e-9, steps))


def _of_width(net: str, width: float) -> str:
    name = net.partition("*")[0]
    return name if width == 1 else f"{name}*{width:g}"


def _rounded(value: float, base: float) -> float:
    return base if value == base else _short(value)


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
