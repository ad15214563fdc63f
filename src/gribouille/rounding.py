"""Weights that are few values: a net's, rounded, and rounded while it learns.

The weights of convolutions and linear layers get the form whole number x scale of the output channel. With 127 levels on
either side of zero a net answers as before, and a weight is a byte (`compact`); with fewer it has to be trained for it
(`rounded`), and then gzip packs a file's weights into a few bits each.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

LEVELS = 127  # int8 without -128: symmetric


def round_weights(net: nn.Module, levels: int = LEVELS) -> nn.Module:
    """A copy of `net` whose convolutions and linear layers have weights of the form whole number x scale of the output
    channel, the numbers from -levels to levels."""
    net = copy.deepcopy(net)
    for weight in _weights(net):
        weight.copy_(_on_grid(weight, levels))
    return net


@contextmanager
def rounded(net: nn.Module, levels: int) -> Iterator[None]:
    """Within, the net has its rounded weights, in place; afterwards its own again. 0 levels: no rounding.

    A gradient taken within and a step made afterwards train a net for its rounding: the straight-through estimator.
    Source: Bengio, Léonard, Courville (2013), Estimating or propagating gradients through stochastic neurons.
    """
    weights = _weights(net) if levels else []
    own = [weight.clone() for weight in weights]
    for weight in weights:
        weight.copy_(_on_grid(weight, levels))
    try:
        yield
    finally:
        for weight, before in zip(weights, own, strict=True):
            weight.copy_(before)


def _weights(net: nn.Module) -> list[Tensor]:
    """What is rounded: the layers' own memory, out of autograd's sight."""
    return [layer.weight.data for layer in net.modules() if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Linear)]


def _on_grid(weight: Tensor, levels: int) -> Tensor:
    largest = weight.abs().amax(dim=tuple(range(1, weight.ndim)), keepdim=True)
    scale = torch.where(largest > 0, largest / levels, 1.0)
    return torch.round(weight / scale) * scale
