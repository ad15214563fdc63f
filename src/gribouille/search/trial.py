"""One trial: a few classes of a store and a configuration in, a run folder and its validations out.

The same function runs in a worker process of `search` and in a Ray Tune trial (`gribouille.cluster`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gribouille.checkpoint import LOG
from gribouille.course import TrainConfig
from gribouille.nets import build_net
from gribouille.sampling import distinct_rows
from gribouille.search.space import SearchConfig, configured, distributions
from gribouille.store import AnyStore, Selection, View, open_selected, select
from gribouille.store.split import TRAIN
from gribouille.train import Progress, Reporting, train

STREAM = 0x5EA4C  # of the words that are drawn


@dataclass(frozen=True)
class Drawings:
    """What a search compares on: words of a store, or of a selection of it, at most `rows` drawings of each in each split;
    counts and hash are the view's."""

    store: Path
    selection: tuple[Selection, ...]
    labels: tuple[str, ...]
    rows: int
    training: int
    validation: int
    hash: str

    def open(self) -> View:
        """The view of the store."""
        return _view(open_selected(self.store, *self.selection), self.labels, self.rows)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON knows them."""
        return {
            **asdict(self),
            "store": str(self.store),
            "labels": list(self.labels),
            "selection": [asdict(each) for each in self.selection],
        }


@dataclass(frozen=True)
class Validated:
    """A trial's net after so many epochs; `validation` as in the training's Progress (n, top1, map3, …)."""

    epoch: int
    validation: dict[str, Any]

    @property
    def score(self) -> float:
        """What a search maximises: MAP@3."""
        return float(self.validation["map3"])


def drawings_of(store: AnyStore, config: SearchConfig) -> Drawings:
    """What the search compares on: random words among those with drawings to learn from and to be judged by.

    Raises ValueError where the store has fewer such words than are asked for.
    """
    classes = len(store.labels)
    judged = np.bincount(store.label[distinct_rows(store, "validation")], minlength=classes)
    learned = np.bincount(store.label[store.split == TRAIN], minlength=classes)
    usable = np.flatnonzero((judged > 0) & (learned > 0))
    wanted = config.classes or classes
    if len(usable) < wanted:
        raise ValueError(
            f"{store.path}: expected {wanted} words with training and validation drawings, found {len(usable)}"
        )
    drawn = np.random.default_rng((config.train.seed, STREAM)).permutation(usable)[:wanted]
    labels = tuple(sorted(store.labels[index] for index in drawn))
    view = _view(store, labels, config.rows)
    training, validation = int(np.count_nonzero(view.split == TRAIN)), len(distinct_rows(view, "validation"))
    judging = min(validation, config.train.validation)
    return Drawings(store.path.resolve(), store.selection, labels, config.rows, training, judging, view.hash)


def _view(store: AnyStore, labels: tuple[str, ...], rows: int) -> View:
    return select(store, f"word in {labels}", rows)


def expect_buildable(config: SearchConfig, drawings: Drawings) -> None:
    """Refuse a search whose narrowest or widest net cannot be built, before the first trial. Raises ValueError."""
    searched = distributions(config)
    if "width" not in searched:
        return
    for width in (searched["width"].low, searched["width"].high):
        trained = trial_config(config, {"width": width})
        build_net(trained.net, len(drawings.labels), trained.spec)


def trial_config(config: SearchConfig, values: Mapping[str, float]) -> TrainConfig:
    """How a trial with these values trains: as the base configuration, but for them and for its few epochs."""
    return replace(configured(config.train, values), epochs=config.trial_epochs)


def run_trial(
    view: View, folder: Path, config: TrainConfig, heed: Callable[[Progress, Validated | None], None]
) -> Validated:
    """Train in `folder`, or go on there; the last validation. `heed` hears of every step,
    and once of each validation but the last.

    An exception that `heed` raises ends the run, which can be gone on with. Raises as `train` does.
    """
    judged = 0

    def report(progress: Progress) -> None:
        nonlocal judged
        if not progress.validation or progress.epoch <= judged:
            return heed(progress, None)
        judged = progress.epoch
        return heed(progress, Validated(judged, progress.validation))

    train(view, folder, config, reporting=Reporting(report))
    return validations_of(folder)[-1]


def validations_of(folder: Path) -> list[Validated]:
    """The validations in a run's log, none where there is none."""
    log = folder / LOG
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [Validated(entry["epoch"], entry["validation"]) for entry in map(json.loads, lines)]
