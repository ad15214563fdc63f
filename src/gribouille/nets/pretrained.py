"""Weights to start from that somebody else's training left."""

from torch import nn

from gribouille.raster.spec import RasterSpec


def start_from(net: nn.Module, name: str, spec: RasterSpec, pretrained: str, first_conv: str) -> str:
    """Put pretrained weights into `net`, in place; where they come from, in a line for the card."""
    raise ValueError(f"pretrained: {pretrained} for {name} is not there yet")
