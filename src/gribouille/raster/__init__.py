"""From points to pictures: `spec` (the definition), `kernel` (numba, whole batches on the CPU), `layer` (torch, and with it ONNX)."""

from gribouille.raster.spec import RasterSpec

__all__ = ["RasterSpec"]
