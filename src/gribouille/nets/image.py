"""Nets on pictures: any timm backbone by name, with as many input channels as the picture has."""

import timm
from torch import nn

from gribouille.raster.spec import RasterSpec


def image_net(name: str, classes: int, spec: RasterSpec) -> nn.Module:
    """The timm net `name` with random weights: images Float["batch channels side side"] → logits Float["batch classes"].

    Raises ValueError for a name that timm does not know.
    """
    if not timm.is_model(name):
        near = ", ".join(timm.list_models(f"*{name[:6]}*")[:5]) or "see timm.list_models()"
        raise ValueError(f"net: expected the name of a timm model, found {name!r} (near it: {near})")
    net: nn.Module = timm.create_model(name, in_chans=len(spec.channels), num_classes=classes)
    return net
