"""What boosted trees see: the classes that the members' mean finds most probable, a row of numbers for each of them.

Before the trees (`Before`): logits and facts of a drawing → features of every candidate. After them (`After`): their scores →
probabilities of all classes. Both are tensor code, so that a model file has the very same around its trees.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn

from gribouille.ensemble.asking import Asked
from gribouille.ensemble.card import MeanOf
from gribouille.ensemble.mean import Averaging
from gribouille.metrics import LEAST

CANDIDATES = 10  # classes; the right one is not among them in about 1 of 30 drawings


@dataclass(frozen=True, eq=False)
class Profile:
    """How the facts of a class's drawings usually are: their mean and their deviation."""

    mean: Float32[np.ndarray, "classes 6"]
    deviation: Float32[np.ndarray, "classes 6"]

    @classmethod
    def of(cls, taught: Asked, classes: int) -> "Profile":
        """The profile of each class by drawings that were asked about; a class with few of them is pulled towards all drawings,
        which count as eight more of its own.

        A drawing that is learned from is in its own class's profile, and so looks less unusual than another. Leaving it out, or
        profiles of the other half of the drawings, made the trees worse on drawings with facts made up to tell classes apart.
        """
        facts, label = taught.facts.astype(np.float64), taught.label
        whole, weight = facts.mean(axis=0), 8.0
        drawn = np.bincount(label, minlength=classes)[:, None] + weight

        def sums(values: np.ndarray, prior: np.ndarray) -> np.ndarray:
            found = np.tile(weight * prior, (classes, 1))
            np.add.at(found, label, values)
            return np.asarray(found / drawn)

        mean = sums(facts, whole)
        spread = np.sqrt(sums((facts - mean[label]) ** 2, facts.var(axis=0)))
        return cls(mean.astype(np.float32), np.maximum(spread, 1e-3).astype(np.float32))


class Before(nn.Module):
    """Logits of the members side by side, and the facts of each drawing → (features [batch, candidates, features], the
    candidates' classes [batch, candidates], best first, and the mean's probabilities of all classes)."""

    profile_mean: Tensor
    profile_deviation: Tensor

    def __init__(self, members: int, of: MeanOf, profile: Profile) -> None:
        super().__init__()
        self.members = members
        self.features = 3 * members + 3 + 2 * profile.mean.shape[1]
        self.mean = Averaging(members, of)
        self.register_buffer("profile_mean", torch.from_numpy(profile.mean))
        self.register_buffer("profile_deviation", torch.from_numpy(profile.deviation))

    def forward(
        self, logits: Float[Tensor, "batch inputs"], facts: Float[Tensor, "batch 6"]
    ) -> tuple[
        Float[Tensor, "batch candidates features"], Int64[Tensor, "batch candidates"], Float[Tensor, "batch classes"]
    ]:
        """The features, in this order: of each member, the logarithm of its probability, then the rank (0: its best), then the
        gap to its best; of the mean, logarithm, gap and rank; the facts; how unusual each is for the class, in deviations."""
        mean = self.mean(logits)
        best, classes = torch.topk(mean, min(CANDIDATES, mean.shape[1]), 1)
        each = torch.log_softmax(logits.reshape(logits.shape[0], self.members, -1), -1)
        mine = each.gather(2, classes[:, None, :].expand(-1, self.members, -1))  # [batch, members, candidates]
        rank = (each[:, :, None, :] > mine[..., None]).to(mine.dtype).sum(-1)
        gap = mine - each.amax(2, keepdim=True)
        logs = torch.log(best.clamp(min=float(LEAST)))
        place = torch.arange(classes.shape[1], dtype=logs.dtype).expand_as(logs)
        told = torch.cat([mine, rank, gap, torch.stack([logs, logs - logs[:, :1], place], 1)], 1).transpose(1, 2)
        known = facts[:, None, :].expand(-1, classes.shape[1], -1)
        unusual = (known - self.profile_mean[classes]) / self.profile_deviation[classes]
        return torch.cat([told, known, unusual], 2), classes, mean


class After(nn.Module):
    """Scores of the candidates → probabilities of all classes: softmax(log of the mean's + score) × what the mean gives all
    candidates together; the other classes keep what the mean gives them."""

    def forward(
        self,
        scores: Float[Tensor, "batch candidates"],
        classes: Int64[Tensor, "batch candidates"],
        mean: Float[Tensor, "batch classes"],
    ) -> Float[Tensor, "batch classes"]:
        """Probabilities; each row's sum is 1."""
        best = mean.gather(1, classes)
        shares = torch.softmax(torch.log(best.clamp(min=float(LEAST))) + scores, -1)
        return mean.scatter(1, classes, shares * best.sum(1, keepdim=True))
