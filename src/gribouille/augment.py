"""From drawings to other drawings that mean the same: warped as another hand would draw them, or not finished yet.

Drawings come in and go out in canonical form (integers in 1/255 of the box), because that is what the page will send.
All randomness comes from the generator given.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64

from gribouille.drawing import SIDE, Drawings, prefix


@dataclass(frozen=True)
class Augmentation:
    """How far an augmented drawing may stray; each amount is the half-width of a uniform distribution around 0.

    `rotation` in degrees; `stretch` as the natural logarithm of height over width; `shear` as a ratio; `jitter` the
    standard deviation of every point in 1/255 of the box; `mirror` and `cut` probabilities; a cut drawing keeps a
    uniform fraction of its ink between `shortest` and 1.
    """

    rotation: float = 10.0
    stretch: float = 0.25
    shear: float = 0.15
    jitter: float = 1.5
    mirror: float = 0.5
    cut: float = 0.35
    shortest: float = 0.15


def warp(drawings: Drawings, by: Augmentation, generator: np.random.Generator) -> Drawings:
    """The drawings, each under its own random affine map, with jitter on every point, boxed again."""
    matrices = _random_matrices(len(drawings), by, generator)
    sizes = np.diff(drawings.offsets)
    xy = drawings.points[:, :2].astype(np.float64)
    warped = np.einsum("pij,pj->pi", np.repeat(matrices, sizes, axis=0), xy)
    warped += generator.normal(0.0, by.jitter, warped.shape)
    points = drawings.points.copy()
    points[:, :2] = np.rint(_boxed(warped, drawings.offsets))
    return Drawings(points, drawings.offsets)


def cut(drawings: Drawings, by: Augmentation, generator: np.random.Generator) -> Drawings:
    """The drawings, some of them stopped at a random fraction of their ink."""
    stopped = generator.random(len(drawings)) < by.cut
    fraction = generator.uniform(by.shortest, 1.0, len(drawings))
    return Drawings.of(
        [
            prefix(drawing, float(fraction[index])) if stopped[index] else drawing
            for index, drawing in enumerate(drawings)
        ]
    )


def _random_matrices(
    count: int, by: Augmentation, generator: np.random.Generator
) -> Float64[np.ndarray, "drawings 2 2"]:
    """Rotation × shear × stretch × mirror, one matrix a drawing."""
    angle = np.deg2rad(generator.uniform(-by.rotation, by.rotation, count))
    stretch = np.exp(generator.uniform(-by.stretch, by.stretch, count) / 2)
    shear = generator.uniform(-by.shear, by.shear, count)
    mirror = np.where(generator.random(count) < by.mirror, -1.0, 1.0)
    cos, sin = np.cos(angle), np.sin(angle)
    sheared = np.stack([np.ones(count), shear, np.zeros(count), np.ones(count)], axis=1).reshape(-1, 2, 2)
    rotation = np.stack([cos, -sin, sin, cos], axis=1).reshape(-1, 2, 2)
    diagonal = np.stack([mirror / stretch, stretch], axis=1)
    return np.asarray((rotation @ sheared) * diagonal[:, None, :])


def _boxed(
    xy: Float[np.ndarray, "total 2"], offsets: Int64[np.ndarray, "drawings_and_one"]
) -> Float[np.ndarray, "total 2"]:
    """`drawing.box` of every drawing of the batch at once."""
    sizes = np.diff(offsets)
    shifted = xy - np.repeat(np.minimum.reduceat(xy, offsets[:-1], axis=0), sizes, axis=0)
    extent = np.maximum.reduceat(shifted, offsets[:-1], axis=0).max(axis=1)
    scale = np.divide(SIDE, extent, out=np.zeros_like(extent), where=extent > 0)
    return np.asarray(shifted * np.repeat(scale, sizes)[:, None])
