"""From one string to a net: `NAME`, `NAME*WIDTH`, `stem+NAME` or `stem+NAME*WIDTH`.

NAME is a net of timm (on pictures) or `gru` or `transformer` (on points); WIDTH how many channels it has as a share of what it
usually has; `stem+` puts the learned stem in front of a timm net, which then takes points. The string is all that a card or a
weights file has to say of the architecture.
"""

import math
from dataclasses import dataclass

from torch import nn

from gribouille.nets.image import backbone, facts, known
from gribouille.nets.points import PointNet
from gribouille.nets.sequence import gru, transformer
from gribouille.nets.stem import FEATURES, StemNet, map_side, take_maps
from gribouille.raster.spec import RasterSpec

SEQUENCES = {"gru": gru, "transformer": transformer}
STEM = "stem+"


@dataclass(frozen=True)
class Architecture:
    """A net's name, read: `plain` of timm or of SEQUENCES, `width`, and whether the learned stem stands in front."""

    plain: str
    width: float
    stem: bool

    @classmethod
    def of(cls, name: str) -> "Architecture":
        """What `name` says; ValueError where it says nothing that can be built."""
        plain, star, width = name.removeprefix(STEM).partition("*")
        architecture = cls(plain, _width(width, name) if star else 1.0, name.startswith(STEM))
        if architecture.stem and plain in SEQUENCES:
            raise ValueError(
                f"net {name}: expected a timm model after {STEM}, found {plain}, which takes points itself"
            )
        if plain not in SEQUENCES:
            known(plain)
        return architecture


def build_net(name: str, classes: int, spec: RasterSpec) -> nn.Module:
    """The net that `name` describes (see this module), with random weights → logits Float["batch classes"].

    A `PointNet` takes points, every other net images Float["batch channels side side"] by `spec`. Raises ValueError for a
    name that is none.
    """
    architecture = Architecture.of(name)
    if architecture.plain in SEQUENCES:
        return SEQUENCES[architecture.plain](classes, architecture.width)
    if architecture.stem:
        cells = map_side(spec)
        behind = backbone(architecture.plain, classes, FEATURES, cells, architecture.width)
        return StemNet(take_maps(behind), spec)
    return backbone(architecture.plain, classes, len(spec.channels), spec.side, architecture.width)


def takes_any_side(net: nn.Module) -> bool:
    """Whether the net takes pictures, and of any side: none on points, nor one with an embedding for every place."""
    return not isinstance(net, PointNet) and not facts(net)["fixed_input_size"]


def _width(text: str, name: str) -> float:
    try:
        width = float(text)
    except ValueError:
        width = math.nan
    if not 0 < width <= 8:
        raise ValueError(f"net {name}: expected a width between 0 and 8 after *, found {text!r}")
    return width
