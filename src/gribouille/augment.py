"""From drawings to other drawings that mean the same: warped as another hand would draw them, or not finished yet.

Drawings come in and go out in canonical form (integers in 1/255 of the box), because that is what the page will send.
Each drawing brings a key, and all its randomness is a pure function of it: it is augmented the same in any batch, on any
rank, before and after an interruption. `augment_kernel` holds the loops, `augment_device` the same for a GPU.
"""

import math
from dataclasses import astuple, dataclass

import numpy as np
from jaxtyping import Float32, Float64, UInt64

from gribouille import augment_kernel as kernel
from gribouille.drawing import Drawings


@dataclass(frozen=True)
class Augmentation:
    """How far an augmented drawing may stray; each amount is the half-width of a uniform distribution around 0.

    `rotation` in degrees; `stretch` as the natural logarithm of height over width; `shear` as a ratio; `jitter` the
    standard deviation of every point in 1/255 of the box; `mirror` and `cut` probabilities; a cut drawing keeps a
    uniform fraction of its ink between `shortest` and 1; `wave` in 1/255 of the box, the height of a sine of half to one
    and a half turns that bends the drawing along each axis (an elastic map).
    """

    rotation: float = 10.0
    stretch: float = 0.25
    shear: float = 0.15
    jitter: float = 1.5
    mirror: float = 0.5
    cut: float = 0.35
    shortest: float = 0.15
    wave: float = 0.0

    @classmethod
    def none(cls) -> "Augmentation":
        """Drawings stay as they are, but for the rounding of their box."""
        return cls(rotation=0, stretch=0, shear=0, jitter=0, mirror=0, cut=0, wave=0)

    def __post_init__(self) -> None:
        for name in ("rotation", "stretch", "shear", "jitter", "wave"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name}: expected a finite number of at least 0, found {getattr(self, name)}")
        for name in ("mirror", "cut", "shortest"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0 to 1, found {getattr(self, name)}")


def warp(drawings: Drawings, by: Augmentation, keys: UInt64[np.ndarray, "drawings"]) -> Drawings:
    """The drawings, each bent and under its own random affine map, with jitter on every point, boxed again.

    Points keep their number, order and pens, and so their times.
    """
    amounts = np.array(astuple(by), np.float64)
    return Drawings(
        kernel.warp_batch(drawings.points, drawings.offsets, _checked(keys, drawings), amounts), drawings.offsets
    )


def cut(drawings: Drawings, by: Augmentation, keys: UInt64[np.ndarray, "drawings"]) -> Drawings:
    """The drawings, some of them stopped at a random fraction of their ink (`drawing.prefix`)."""
    return cut_with_times(drawings, np.zeros(0, np.float32), by, keys)[0]


def cut_with_times(
    drawings: Drawings,
    times: Float32[np.ndarray, "total"],
    by: Augmentation,
    keys: UInt64[np.ndarray, "drawings"],
) -> tuple[Drawings, Float32[np.ndarray, "kept"]]:
    """`cut`, and the times of the points that are left: ms, one a point, −1 where unknown; or none at all.

    The time of a point at which a drawing was stopped is interpolated as the point itself is.
    """
    if len(times) not in (0, len(drawings.points)):
        raise ValueError(f"times: expected none or {len(drawings.points)}, one a point, found {len(times)}")
    fractions = fractions_of(by, _checked(keys, drawings))
    points, offsets, kept = kernel.cut_batch(drawings.points, drawings.offsets, times, fractions)
    return Drawings(points, offsets), kept


def fractions_of(by: Augmentation, keys: UInt64[np.ndarray, "drawings"]) -> Float64[np.ndarray, "drawings"]:
    """The fraction of its ink at which `cut` stops each drawing, 1 where it stays whole."""
    fractions: Float64[np.ndarray, "drawings"] = kernel.fractions_of(keys, by.cut, by.shortest)
    return fractions


def _checked(keys: UInt64[np.ndarray, "drawings"], drawings: Drawings) -> UInt64[np.ndarray, "drawings"]:
    if len(keys) != len(drawings):
        raise ValueError(f"keys: expected {len(drawings)}, one a drawing, found {len(keys)}")
    return keys
