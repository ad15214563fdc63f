"""Nets on pictures: any timm backbone by name, as thin as wanted, with as many input channels as the picture has.

timm's own names, so that whatever is known of a net elsewhere (its paper, its pretrained weights) holds here.
"""

import inspect
import re
from typing import Any

import timm
from timm.models import efficientnet, resnet
from torch import nn

# (channels, layers) as multiples of B0's or Lite0's. Source: the tables in the docstrings of timm.models.efficientnet.
SCALES = {
    "b0": (1.0, 1.0),
    "b1": (1.0, 1.1),
    "b2": (1.1, 1.2),
    "b3": (1.2, 1.4),
    "b4": (1.4, 1.8),
    "lite0": (1.0, 1.0),
    "lite1": (1.0, 1.1),
    "lite2": (1.1, 1.2),
    "lite3": (1.2, 1.4),
    "lite4": (1.4, 1.8),
}
SCALED = re.compile(rf"(tf_)?efficientnet_({'|'.join(SCALES)})")


def backbone(name: str, classes: int, channels: int, side: int, width: float = 1.0) -> nn.Module:
    """The timm net `name` with random weights: images Float["batch channels side side"] → logits Float["batch classes"].

    width: channels of the blocks as a share of the original's, in multiples of 8; a ResNet's stem keeps its own. Raises
    ValueError for a name that timm does not know, and where timm has no way to make that net thinner.
    """
    arguments: dict[str, Any] = {"in_chans": channels, "num_classes": classes}
    if known(name).fixed_input_size:  # its position embeddings are for one size of picture
        arguments["img_size"] = side
    net: nn.Module = timm.create_model(name, **arguments) if width == 1 else _thinner(name, width, arguments)
    return net


def known(name: str) -> Any:
    """What timm knows of the net `name` (its PretrainedCfg); ValueError with names near it for a net that it has not."""
    if not timm.is_model(name):
        near = ", ".join(timm.list_models(f"*{name[:6]}*")[:5]) or "see timm.list_models()"
        raise ValueError(
            f"net: expected the name of a timm model, gru or transformer, found {name!r} (near it: {near})"
        )
    return timm.get_pretrained_cfg(name)


def facts(net: nn.Module) -> dict[str, Any]:
    """What a net that timm built knows of itself: its `first_conv` and `classifier` by name, `fixed_input_size` and more."""
    about: Any = net.pretrained_cfg
    return dict(about)


def first_conv(net: nn.Module) -> str | None:
    """The name of a timm net's first convolution; None where it has none, or several."""
    first = facts(net)["first_conv"]
    return first if isinstance(first, str) else None


def heads(net: nn.Module) -> tuple[str, ...]:
    """The names of the layers of a timm net that give logits."""
    layers = facts(net)["classifier"]
    return (layers,) if isinstance(layers, str) else tuple(layers or ())


def _thinner(name: str, width: float, arguments: dict[str, Any]) -> Any:
    """The net as timm makes the members of its family that have another width."""
    if timm.models.is_model_in_modules(name, {"resnet"}):
        channels = inspect.signature(resnet.ResNet).parameters["channels"].default
        return timm.create_model(name, channels=tuple(rounded(width * each) for each in channels), **arguments)
    family = SCALED.fullmatch(name)
    if family is None:
        raise ValueError(
            f"net {name}*{width:g}: expected a ResNet or an EfficientNet B0…B4 or Lite0…Lite4, whose width timm can change; "
            f"other families have their widths in their names (timm.list_models())"
        )
    channels, layers = SCALES[family[2]]
    if family[1]:  # as tf_efficientnet_* of timm: TensorFlow's padding and epsilon
        arguments |= {"bn_eps": 1e-3, "pad_type": "same"}
    generate = efficientnet._gen_efficientnet_lite if "lite" in name else efficientnet._gen_efficientnet
    return generate(name, channel_multiplier=channels * width, depth_multiplier=layers, **arguments)


def rounded(channels: float) -> int:
    """The nearest multiple of 8, which vector units like, at least 8."""
    return max(8, round(channels / 8) * 8)
