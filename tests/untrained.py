"""Runs that were never trained, for tests in which it does not matter what a net answers, only that it does."""

from pathlib import Path

import torch
from shapes import SHAPES

from gribouille.checkpoint import BEST, Card, save_weights
from gribouille.nets import build_net
from gribouille.raster.spec import RasterSpec

LABELS = tuple(sorted(SHAPES))


def write_run(
    folder: Path, net: str = "test_resnet", side: int = 32, labels: tuple[str, ...] = LABELS, seed: int | None = None
) -> Path:
    """The folder of such a run; its picture has three channels from 32 px on, and one below."""
    torch.manual_seed(side if seed is None else seed)
    spec = RasterSpec.of_side(side, ("ink",) if side < 32 else ("ink", "time", "stroke"))
    card = Card(net=net, labels=list(labels), raster=spec.to_dict(), config={}, store="no store", commit="no commit")
    save_weights(build_net(net, len(labels), spec).eval(), card, folder / BEST)
    return folder
