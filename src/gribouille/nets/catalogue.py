"""From one string to a net: `[stem+]NAME[*WIDTH]`."""

from torch import nn

from gribouille.nets.image import backbone
from gribouille.raster.spec import RasterSpec


def build_net(name: str, classes: int, spec: RasterSpec) -> nn.Module:
    """The net that `name` describes, with random weights → logits Float["batch classes"]."""
    plain, _, width = name.partition("*")
    return backbone(plain, classes, len(spec.channels), spec.side, float(width or 1))
