"""What a model sees of a drawing: its path in, its picture's spec out; a drawing and a spec in, a PNG of the channels out."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from gribouille.checkpoint import load_weights
from gribouille.drawing import Drawing, Drawings
from gribouille.ensemble import ENSEMBLE
from gribouille.nets import PointNet
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.recogniser import Metadata, open_session

GAP = 2  # px between channels


def spec_of(path: Path) -> RasterSpec | None:
    """The picture that the model at this path takes, or None: nets that take points have none, ensembles several."""
    if (path / ENSEMBLE).is_file():
        return None
    if path.suffix == ".onnx":
        session = open_session(path, threads=1)
        if [value.name for value in session.get_inputs()] == ["bitmap"]:
            return RasterSpec.of_google(28)
        raster = Metadata.of(session.get_modelmeta().custom_metadata_map).raster
        return RasterSpec.from_dict(raster) if "channels" in raster else None
    net, card = load_weights(path)
    return None if isinstance(net, PointNet) else card.spec


def picture_of(drawing: Drawing, spec: RasterSpec) -> str:
    """The channels beside each other, 0 black and 1 white, as PNG in base64."""
    channels = rasterise(Drawings.of([drawing]), spec)[0]
    gap = np.full((spec.side, GAP), 0.5, np.float32)
    parts = [part for channel in channels for part in (gap, channel)][1:]
    file = io.BytesIO()
    Image.fromarray(np.rint(255 * np.concatenate(parts, axis=1)).astype(np.uint8)).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()
