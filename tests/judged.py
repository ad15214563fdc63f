"""A store of shapes, and models of three kinds that were never trained, for tests of what a report says of them."""

import json
from pathlib import Path

import torch
from shapes import SHAPES, store_of_shapes
from tiny_model import METADATA, write_tiny_model

from gribouille.checkpoint import BEST, LOG, Card, save_weights
from gribouille.nets import build_net
from gribouille.raster.spec import RasterSpec
from gribouille.store import Store

LABELS = tuple(sorted(SHAPES))
MANY = 40  # more words that `knows_more` knows
OTHER = "bat"  # which the model file knows and the store does not
EPOCHS = 3


def judged(folder: Path) -> tuple[Store, list[Path]]:
    """The store; a run on pictures, a run on strokes, and a model file that knows one more word and has no log."""
    store = store_of_shapes(folder, 60)
    runs = [_run(folder / "pictures", "test_resnet"), _run(folder / "strokes", "gru*0.25")]
    return store, [*runs, _model(folder / "file.onnx", (OTHER, *LABELS))]


def knows_more(path: Path, known: tuple[str, ...] = LABELS) -> Path:
    """A model file that knows these words and, before and after them, MANY others."""
    others = [f"other {number}" for number in range(MANY)]
    return _model(path, (*others[: MANY // 2], *known, *others[MANY // 2 :]))


def _model(path: Path, names: tuple[str, ...]) -> Path:
    labels = {"labels": json.dumps(names), "labels_fr": json.dumps(names)}
    return write_tiny_model(path, METADATA | labels, len(names))


def _run(folder: Path, net: str) -> Path:
    torch.manual_seed(1)
    spec = RasterSpec.of_side(32)
    card = Card(net=net, labels=list(LABELS), raster=spec.to_dict(), config={}, store="no store", commit="no commit")
    save_weights(build_net(net, len(LABELS), spec).eval(), card, folder / BEST)
    lines = [
        {"drawings": 100 * epoch, "loss": 2 / epoch, "validation": {"n": 9, "top1": epoch / 9, "map3": epoch / 8}}
        for epoch in range(1, EPOCHS + 1)
    ]
    (folder / LOG).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder
