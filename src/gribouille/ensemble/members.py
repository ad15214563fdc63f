"""Members of an ensemble: training runs and model files, all asked alike.

Come in paths; go out functions from drawings to logits of the same labels. A model file's logits are the logarithms of its
probabilities, which is what logits are up to a constant a drawing. A member that knows more labels than the others is asked
about the common ones alone: leaving logits out and taking the softmax of the others is to renormalise.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gribouille.checkpoint import BEST, load_weights
from gribouille.drawing import Drawings
from gribouille.ensemble.card import ENSEMBLE
from gribouille.metrics import LEAST
from gribouille.nets import PointNet
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.recogniser import Recogniser, padded

Logits: TypeAlias = Callable[[Drawings], np.ndarray]  # float32 [drawings, classes]


@dataclass(frozen=True, eq=False)
class Net:
    """A training run's net and its picture, or a model file (`recogniser`), with the labels that it knows and its name."""

    name: str
    labels: tuple[str, ...]
    source: tuple[nn.Module, RasterSpec] | Recogniser

    def logits(self, columns: Int64[np.ndarray, "labels"]) -> Logits:
        """Its answers for the labels in these columns."""
        ask = _file_logits(self.source) if isinstance(self.source, Recogniser) else net_logits(*self.source)
        return chosen(ask, columns)


def chosen(logits: Logits, columns: Int64[np.ndarray, "labels"]) -> Logits:
    """The same answers, of these columns alone."""
    return lambda drawings: np.ascontiguousarray(logits(drawings)[:, columns])


def open_member(path: Path, device: str = "cpu") -> Net:
    """The member in a weights file or a model file, a net on `device`. Raises ValueError for a file that is neither."""
    if path.suffix == ".onnx":
        recogniser = Recogniser(path)
        return Net(recogniser.metadata.name, recogniser.labels, recogniser)
    net, card = load_weights(path)
    return Net(card.net, tuple(card.labels), (net.to(device), card.spec))


def file_of(member: Path) -> Path:
    """The file of a member: of a run's folder, its best weights. ValueError for an ensemble: its members are to be named."""
    if (member / ENSEMBLE).is_file():
        raise ValueError(f"{member}: expected a run or a model file, found an ensemble; name its members, or export it")
    return member / BEST if member.is_dir() else member


def common_labels(nets: Sequence[Net], paths: Sequence[Path]) -> tuple[str, ...]:
    """The labels of the member that knows fewest, in its order. ValueError where another one does not know all of them."""
    fewest = min(range(len(nets)), key=lambda index: len(nets[index].labels))
    labels = nets[fewest].labels
    for path, net in zip(paths, nets, strict=True):
        if not set(labels) <= set(net.labels):
            raise ValueError(
                f"{path}: expected the {len(labels)} labels of {paths[fewest]}, found {len(net.labels)}, "
                f"{sorted(set(labels) ^ set(net.labels))[:5]} not in both"
            )
    return labels


def columns_of(labels: Sequence[str], known: Sequence[str]) -> Int64[np.ndarray, "labels"]:
    """Where each of the labels stands among the known ones."""
    place = {label: column for column, label in enumerate(known)}
    return np.array([place[label] for label in labels], np.int64)


def names_of(paths: Sequence[Path]) -> tuple[str, ...]:
    """What to call members: their paths from the folder that holds all of them, without what every run's file is called."""
    files = [path.resolve() for path in paths]
    plain = [file.parent if file.name == BEST else file for file in files]
    common = os.path.commonpath([path.parent for path in plain])
    return tuple(Path(os.path.relpath(path, common)).as_posix() for path in plain)


def net_logits(net: nn.Module, spec: RasterSpec) -> Logits:
    """The net as a function from drawings to logits, float32, on the device where it lies; it is given points, or pictures of
    the numba kernel, whichever it takes."""
    device = next(net.parameters()).device

    def inputs(drawings: Drawings) -> Tensor:
        if isinstance(net, PointNet):
            return torch.from_numpy(padded(list(drawings))).to(device)
        return torch.from_numpy(rasterise(drawings, spec)).to(device, memory_format=torch.channels_last)

    def logits(drawings: Drawings) -> Float[np.ndarray, "_drawings classes"]:
        with torch.inference_mode():
            answers: np.ndarray = net.eval()(inputs(drawings)).float().cpu().numpy()
        return answers

    return logits


def _file_logits(recogniser: Recogniser) -> Logits:
    def logits(drawings: Drawings) -> Float[np.ndarray, "_drawings classes"]:
        return np.asarray(np.log(np.maximum(recogniser.probabilities(list(drawings)), LEAST)))

    return logits
