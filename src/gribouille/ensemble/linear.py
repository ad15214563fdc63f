"""One linear layer on all members' logits, which learns whom to believe about what.

Comes in: what frozen members said of drawings (`Asked`). Goes out: the layer that was best on drawings that it did not learn
from. It starts as the mean of the logits.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors.numpy import load_file, save_file
from torch import nn

from gribouille.checkpoint import write_atomically
from gribouille.ensemble.asking import Asked
from gribouille.ensemble.card import EnsembleOptions
from gribouille.metrics import count
from gribouille.sampling import Rows, batches_of


@dataclass(frozen=True, eq=False)
class Linear:
    """One linear layer from the members' logits, side by side, to the ensemble's."""

    weight: Float[np.ndarray, "classes inputs"]
    bias: Float[np.ndarray, "classes"]

    @classmethod
    def mean(cls, classes: int, members: int) -> "Linear":
        """The layer whose output is the mean of the members' logits."""
        return cls(np.tile(np.eye(classes, dtype=np.float32) / members, members), np.zeros(classes, np.float32))

    @classmethod
    def read(cls, path: Path) -> "Linear":
        """The layer in this file."""
        layer = load_file(path)
        return cls(layer["weight"], layer["bias"])

    def write(self, path: Path) -> None:
        """Write the layer as a safetensors file."""
        tensors = {"weight": self.weight, "bias": self.bias}
        write_atomically(path, lambda place: save_file(tensors, place))

    def module(self) -> nn.Module:
        """The members' logits side by side → probabilities."""
        return nn.Sequential(_layer(self), nn.Softmax(-1)).eval()

    def __call__(self, logits: Float[np.ndarray, "n inputs"]) -> Float[np.ndarray, "n classes"]:
        """The ensemble's logits, given its members', side by side."""
        return np.asarray(logits @ self.weight.T + self.bias)


def fit(taught: Asked, judged: Asked, members: int, options: EnsembleOptions) -> tuple[Linear, int]:
    """The linear layer that learned from `taught` and was best on `judged`, and after how many passes it was.

    None of them (0) means that it stayed where it started, the mean of the logits. Cross-entropy, Adam, full precision. Raises
    ValueError without drawings to learn from, or to judge by.
    """
    for what, asked in (("that tell when the linear layer has learned", judged), ("or others to learn from", taught)):
        if len(asked.label) == 0:
            raise ValueError(f"store: expected validation drawings {what}, found none")
    best = Linear.mean(taught.logits.shape[1] // members, members)
    score, passes = _map3(best, judged), 0
    layer = _layer(best)
    # Adam moves every weight by the rate, and so a logit by as many times that as there are inputs: with 680 of them, 1e-3 was
    # worse than the start from the first pass on.
    weights = taught.weights(len(best.bias))
    optimizer = torch.optim.Adam(layer.parameters(), lr=options.rate / taught.logits.shape[1])
    for epoch in range(1, options.epochs + 1):
        order = np.random.default_rng((options.seed, epoch)).permutation(len(taught.label))
        for batch in batches_of(order, options.batch):
            _step((layer, optimizer), taught, weights, batch)
        now = Linear(layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy())
        reached = _map3(now, judged)
        if reached > score:
            best, score, passes = now, reached, epoch
        if epoch - passes >= options.patience:
            break
    return best, passes


def _layer(linear: Linear) -> nn.Linear:
    layer = nn.Linear(linear.weight.shape[1], len(linear.bias))
    layer.load_state_dict({"weight": torch.from_numpy(linear.weight), "bias": torch.from_numpy(linear.bias)})
    return layer


def _step(
    learner: tuple[nn.Linear, torch.optim.Optimizer], taught: Asked, weights: Float[np.ndarray, "n"], batch: Rows
) -> None:
    layer, optimizer = learner
    logits = layer(torch.from_numpy(taught.logits[batch]))
    losses = nn.functional.cross_entropy(logits, torch.from_numpy(taught.label[batch]), reduction="none")
    loss = (losses * torch.from_numpy(weights[batch])).mean()
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch annotates it not
    optimizer.step()


def _map3(linear: Linear, judged: Asked) -> float:
    return count(linear(judged.logits), judged.label).map3  # logits rank as probabilities do
