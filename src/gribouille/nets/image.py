"""Nets on pictures: any timm backbone by name, as thin as wanted, with as many input channels as the picture has."""

import inspect
from typing import Any

import timm
from timm.models import resnet
from torch import nn

from gribouille.raster.spec import RasterSpec


def image_net(name: str, classes: int, spec: RasterSpec) -> nn.Module:
    """The timm net `name` with random weights: images Float["batch channels side side"] → logits Float["batch classes"].

    Raises ValueError for a name that timm does not know.
    """
    return backbone(name, classes, len(spec.channels), spec.side)


def backbone(name: str, classes: int, channels: int, side: int, width: float = 1.0) -> nn.Module:
    """The timm net `name` with random weights: images [batch, channels, side, side] → logits [batch, classes].

    width: how many channels the blocks have, as a share of the original's. Raises ValueError for a name that timm does not
    know, and where timm cannot make that net thinner.
    """
    if not timm.is_model(name):
        near = ", ".join(timm.list_models(f"*{name[:6]}*")[:5]) or "see timm.list_models()"
        raise ValueError(f"net: expected the name of a timm model, found {name!r} (near it: {near})")
    arguments: dict[str, Any] = {"in_chans": channels, "num_classes": classes}
    if timm.get_pretrained_cfg(name).fixed_input_size:  # position embeddings for one size of picture
        arguments["img_size"] = side
    if width != 1:
        arguments |= thinner(name, width)
    net: nn.Module = timm.create_model(name, **arguments)
    return net


def thinner(name: str, width: float) -> dict[str, Any]:
    """The arguments by which timm makes `name` that wide."""
    if not timm.models.is_model_in_modules(name, {"resnet"}):
        raise ValueError(f"net: expected a ResNet before *{width:g}, found {name!r}")
    channels = inspect.signature(resnet.ResNet).parameters["channels"].default
    return {"channels": tuple(rounded(width * each) for each in channels)}


def rounded(channels: float) -> int:
    """The nearest multiple of 8 (what vector units like), at least 8."""
    return max(8, round(channels / 8) * 8)
