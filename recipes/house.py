"""Draws docs/house.png: the poster's house as the nets see it, its three channels side by side.

python recipes/house.py
"""

from pathlib import Path

import cv2
import numpy as np

from gribouille.drawing import Drawings, drawing_of
from gribouille.export import HOUSE
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec

PICTURE = Path(__file__).parents[1] / "docs" / "house.png"
ZOOM = 4  # screen pixels a pixel, so that pixels show
GAP = 8  # screen pixels between channels


def main() -> None:
    """Ink in grey; time and stroke from blue (first) to yellow (last), as dark as there is ink."""
    ink, time, stroke = rasterise(Drawings.of([drawing_of(HOUSE)]), RasterSpec())[0]
    panels = [1 - np.repeat(ink[..., None], 3, 2), tinted(time, ink), tinted(stroke, ink)]
    framed = [
        np.pad(np.kron(panel, np.ones((ZOOM, ZOOM, 1))), ((0, 0), (0, GAP), (0, 0)), constant_values=1)
        for panel in panels
    ]
    levels = np.round(np.concatenate(framed, 1)[:, :-GAP] * 255).astype(np.uint8)
    cv2.imwrite(str(PICTURE), levels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])  # OpenCV stores blue first


def tinted(marks: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """A channel in colour over white, RGB in 0…1: its value where there is ink picks the colour, ink its opacity."""
    share = np.divide(marks, ink, out=np.zeros_like(marks), where=ink > 0)
    scale = cv2.applyColorMap(np.arange(256, dtype=np.uint8), cv2.COLORMAP_VIRIDIS).reshape(-1, 3)[:, ::-1] / 255
    return 1 - ink[..., None] * (
        1 - scale[np.round(share * 230).astype(int)]
    )  # 230: the palest yellows vanish on white


if __name__ == "__main__":
    main()
