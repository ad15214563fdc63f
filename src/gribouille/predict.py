"""Whoever can be asked what drawings are: a training run, a model file, a public classifier; all answer alike.

In comes a path (or a net in memory), out goes a `Predictor`: drawings → probabilities of its own labels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
from jaxtyping import Float, Int
from torch import nn

from gribouille.checkpoint import load_weights
from gribouille.drawing import Drawings
from gribouille.ensemble import ENSEMBLE, Logits, net_logits, open_ensemble
from gribouille.metrics import softmax
from gribouille.nets import PointNet
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.recogniser import Recogniser, open_session


@dataclass(frozen=True)
class Predictor:
    """Probabilities of `labels` (columns) for drawings (rows), float32; `name` says in messages who answers, `spec` what
    picture it is given: None for one that takes points, or whose members take several."""

    name: str
    labels: tuple[str, ...]
    probabilities: Callable[[Drawings], np.ndarray]
    spec: RasterSpec | None = None

    def columns_of(self, labels: Sequence[str]) -> Int[np.ndarray, "labels"]:
        """The column of each of these labels. Raises ValueError where it does not know one."""
        place = {label: column for column, label in enumerate(self.labels)}
        missing = sorted(set(labels) - place.keys())
        if missing:
            raise ValueError(
                f"{self.name}: expected a model that knows every label of the store, missing {missing[:5]}"
            )
        return np.array([place[label] for label in labels])


def predictor_of(path: Path) -> Predictor:
    """The predictor in a run's folder, a weights file, an ensemble's folder, a model file (input `points`), or a public
    classifier of 28 px bitmaps (input `bitmap`, output `logits`, its labels one a line in labels.txt beside it). ValueError
    for others."""
    if (path / ENSEMBLE).is_file():
        ensemble = open_ensemble(path)
        return Predictor(str(path), ensemble.labels, ensemble.probabilities)
    if path.suffix != ".onnx":
        net, card = load_weights(path)
        return net_predictor(net, card.labels, card.spec, str(path))
    session = open_session(path, threads=1)  # more of them spin against the training's own on a busy machine
    inputs = [value.name for value in session.get_inputs()]
    if inputs == ["bitmap"]:
        beside = path.parent / "labels.txt"
        if not beside.is_file():
            raise ValueError(f"{path}: expected its labels in {beside}, one a line, found no such file")
        labels = beside.read_text(encoding="utf-8").splitlines()
        google = RasterSpec.of_google(28)
        return Predictor(
            str(path), tuple(labels), lambda drawings: _bitmap_probabilities(session, drawings, google), google
        )
    if inputs != ["points"]:
        raise ValueError(f"{path}: expected a model with input 'points' or 'bitmap', found {inputs}")
    recogniser = Recogniser(path)
    raster = recogniser.metadata.raster
    spec = RasterSpec.from_dict(raster) if "channels" in raster else None
    return Predictor(str(path), recogniser.labels, lambda drawings: recogniser.probabilities(list(drawings)), spec)


def net_predictor(net: nn.Module, labels: Sequence[str], spec: RasterSpec, name: str = "net") -> Predictor:
    """A torch net on the device where it lies."""
    found = logits_predictor(net_logits(net, spec), labels, name)
    return found if isinstance(net, PointNet) else replace(found, spec=spec)


def logits_predictor(logits: Logits, labels: Sequence[str], name: str = "net", temperature: float = 1.0) -> Predictor:
    """Whatever gives logits for drawings; they are divided by the temperature."""

    def probabilities(drawings: Drawings) -> Float[np.ndarray, "drawings classes"]:
        return softmax(logits(drawings) / temperature)

    return Predictor(name, tuple(labels), probabilities)


def _bitmap_probabilities(session: onnxruntime.InferenceSession, drawings: Drawings, spec: RasterSpec) -> np.ndarray:
    bitmaps = rasterise(drawings, spec)
    return softmax(session.run(["logits"], {"bitmap": bitmaps})[0])
