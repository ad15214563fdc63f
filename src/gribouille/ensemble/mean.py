"""The mean of the members' probabilities, or of their logits: nothing to learn.

The mean of logits is the geometric mean of probabilities, made to add up: a member that is sure that it is *not* a class has a
say there, in the mean of probabilities it has hardly any.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gribouille.ensemble.card import MeanOf


@dataclass(frozen=True)
class Mean:
    """The mean of `members` members' answers."""

    members: int
    of: MeanOf = "probabilities"

    def module(self) -> nn.Module:
        """Their logits side by side → probabilities."""
        return Averaging(self.members, self.of)


class Averaging(nn.Module):
    """Logits of the members side by side → the mean's probabilities."""

    def __init__(self, members: int, of: MeanOf) -> None:
        super().__init__()
        self.members = members
        self.of = of

    def forward(self, logits: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch classes"]:
        """Probabilities; each row's sum is 1."""
        each = logits.reshape(logits.shape[0], self.members, -1)
        if self.of == "logits":
            return torch.softmax(each.mean(1), -1)
        return torch.softmax(each, -1).mean(1)
