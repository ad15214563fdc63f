"""Experts for groups of classes that a net confuses: they share out again what it gives a group as a whole.

Comes in: the base net's logits and the experts', side by side. Goes out: the base's probabilities, in which each group's sum
stays as it is and is shared out among the group's classes by a mix of the base's and the expert's opinion.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int64
from torch import Tensor, nn

from gribouille.checkpoint import write_text
from gribouille.metrics import softmax

WEIGHTS = np.linspace(0.0, 1.0, 21)  # of an expert in the mix, those that are tried


@dataclass(frozen=True)
class Experts:
    """Disjoint groups of classes, each with the weight, in [0, 1], of its expert; 0 where it does not help."""

    classes: int
    groups: tuple[tuple[int, ...], ...]
    weights: tuple[float, ...]

    def module(self) -> nn.Module:
        """Logits of base and experts side by side → probabilities."""
        return Mixing(self)

    def write(self, path: Path) -> None:
        """Write groups and weights as JSON."""
        text = json.dumps(asdict(self)) + "\n"
        write_text(path, text)

    @classmethod
    def read(cls, path: Path) -> "Experts":
        """The groups and weights in this file."""
        fields = json.loads(path.read_text(encoding="utf-8"))
        return cls(fields["classes"], tuple(map(tuple, fields["groups"])), tuple(fields["weights"]))


class Mixing(nn.Module):
    """Logits of base [classes] and experts [classes of each group] side by side → probabilities of the classes."""

    place: Tensor

    def __init__(self, experts: Experts) -> None:
        super().__init__()
        self.experts = experts
        order = np.arange(experts.classes)
        inside = [index for group in experts.groups for index in group]
        order[inside] = experts.classes + np.arange(len(inside))  # what was shared out again stands behind the base's
        self.register_buffer("place", torch.from_numpy(order))

    def forward(self, logits: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch classes"]:
        """Probabilities; each row's sum is 1."""
        begin = self.experts.classes
        base = torch.softmax(logits[:, :begin], -1)
        parts = [base]
        for group, weight in zip(self.experts.groups, self.experts.weights, strict=True):
            expert = torch.softmax(logits[:, begin : begin + len(group)], -1)
            mine = base[:, list(group)]
            parts.append((1 - weight) * mine + weight * mine.sum(1, keepdim=True) * expert)
            begin += len(group)
        return torch.cat(parts, 1)[:, self.place]


def fit_weight(
    base: Float32[np.ndarray, "n classes"],
    expert: Float32[np.ndarray, "n group"],
    group: Sequence[int],
    label: Int64[np.ndarray, "n"],
) -> float:
    """The weight of an expert that makes the labels of these drawings, those of the group, most likely; 0 without any.

    base: probabilities; expert: logits. The logarithm of a mix is concave in its weight: of those that are tried, a larger one
    has to be better than the one before. How likely a drawing's label is depends, but for what the base gives the whole group, on
    the mix alone, so drawings of other classes have no say.
    """
    mine = np.isin(label, group)
    if not mine.any():
        return 0.0
    right = np.searchsorted(np.asarray(group), label[mine])[:, None]
    shares = base[mine][:, list(group)].astype(np.float64) + 1e-12
    of_base = np.take_along_axis(shares / shares.sum(axis=1, keepdims=True), right, axis=1)[:, 0]
    of_expert = np.take_along_axis(softmax(expert[mine].astype(np.float64)), right, axis=1)[:, 0]
    likely: Float64[np.ndarray, "weights"] = np.array(
        [np.log((1 - weight) * of_base + weight * of_expert + 1e-12).sum() for weight in WEIGHTS]
    )
    return float(WEIGHTS[int(likely.argmax())])
