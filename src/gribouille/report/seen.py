"""What a model sees of a drawing: a drawing and the picture's spec in, a PNG of its channels out."""

import base64
import io

import numpy as np
from PIL import Image

from gribouille.drawing import Drawing, Drawings
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec

GAP = 2  # px between channels


def picture_of(drawing: Drawing, spec: RasterSpec) -> str:
    """The channels beside each other, 0 black and 1 white, as PNG in base64."""
    channels = rasterise(Drawings.of([drawing]), spec)[0]
    gap = np.full((spec.side, GAP), 0.5, np.float32)
    parts = [part for channel in channels for part in (gap, channel)][1:]
    file = io.BytesIO()
    Image.fromarray(np.rint(255 * np.concatenate(parts, axis=1)).astype(np.uint8)).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()
