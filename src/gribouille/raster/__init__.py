"""From points to pictures: `spec` (the definition), `kernel` (numba, whole batches), `layer` (torch, and so ONNX)."""

from gribouille.raster.spec import RasterSpec

__all__ = ["RasterSpec"]
