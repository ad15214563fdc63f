"""An ensemble that can be asked: its members, and what makes one answer of theirs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float32

from gribouille.drawing import Drawings
from gribouille.ensemble.asking import Asked, facts_of_drawings
from gribouille.ensemble.boosted import Boosted
from gribouille.ensemble.card import LEARNED, EnsembleCard, read_card
from gribouille.ensemble.experts import Experts
from gribouille.ensemble.linear import Linear
from gribouille.ensemble.mean import Mean
from gribouille.ensemble.members import Logits, Net, columns_of, common_labels, open_member

Combiner: TypeAlias = Mean | Linear | Boosted | Experts


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Several nets that answer as one; `labels` in output order."""

    labels: tuple[str, ...]
    members: tuple[Logits, ...]
    combiner: Combiner

    def probabilities(self, drawings: Drawings) -> Float32[np.ndarray, "_drawings classes"]:
        """The ensemble's probabilities of its labels."""
        logits = np.concatenate([member(drawings) for member in self.members], axis=1)
        facts = facts_of_drawings(drawings)
        return self.answer(Asked(logits, np.zeros(len(drawings), np.int64), facts, ()))

    def answer(self, asked: Asked) -> Float32[np.ndarray, "n classes"]:
        """The ensemble's probabilities, given what its members said."""
        if isinstance(self.combiner, Boosted):
            return self.combiner.probabilities(asked)
        with torch.inference_mode():
            return np.asarray(self.combiner.module()(torch.from_numpy(asked.logits)).numpy())


@dataclass(frozen=True, eq=False)
class Opened:
    """What lies in an ensemble's folder: its card, its members with the columns of their answers that are asked for, and its
    combiner."""

    card: EnsembleCard
    nets: tuple[Net, ...]
    columns: tuple[np.ndarray, ...]
    combiner: Combiner

    @property
    def ensemble(self) -> Ensemble:
        """The ensemble, ready to be asked."""
        members = tuple(net.logits(columns) for net, columns in zip(self.nets, self.columns, strict=True))
        return Ensemble(tuple(self.card.labels), members, self.combiner)


def open_ensemble(folder: Path, device: str = "cpu") -> Ensemble:
    """The ensemble in this folder, its members' nets on `device`.

    Raises ValueError where there is none, or where a file is not the one that it was made of.
    """
    return read_ensemble(folder, device).ensemble


def read_ensemble(folder: Path, device: str = "cpu") -> Opened:
    """The parts of the ensemble in this folder; see `open_ensemble`."""
    card = read_card(folder)
    paths = [folder / member.path for member in card.members]
    nets = tuple(open_member(path, device) for path in paths)
    combiner = _combiner(card, folder)
    if isinstance(combiner, Experts):  # the first knows all labels, the others each a group's
        wanted = [tuple(card.labels), *(tuple(card.labels[index] for index in group) for group in combiner.groups)]
    else:
        assert set(common_labels(nets, paths)) == set(card.labels)
        wanted = [tuple(card.labels)] * len(nets)
    columns = tuple(columns_of(labels, net.labels) for labels, net in zip(wanted, nets, strict=True))
    return Opened(card, nets, columns, combiner)


def _combiner(card: EnsembleCard, folder: Path) -> Combiner:
    if card.how == "mean":
        return Mean(len(card.members), card.options.get("mean", "probabilities"))
    readers: dict[str, Callable[[Path], Combiner]] = {
        "linear": Linear.read,
        "boosted": Boosted.read,
        "experts": Experts.read,
    }
    return readers[card.how](folder / LEARNED[card.how])
