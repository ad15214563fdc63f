"""A teacher's opinion of every drawing of a store: probabilities that a student learns from beside the true labels.

The teacher is one of our model files (input `points`) or a public 28 px classifier of bitmaps (input `bitmap`, output
`logits`, its labels one a line in `labels.txt` beside it). Out comes one safetensors file with float16 probabilities
[rows, classes] in the store's label order, for the rows of the training split.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import numpy as np
import onnxruntime
from jaxtyping import Float, Float16, Int64
from safetensors import safe_open
from safetensors.numpy import save_file

from gribouille.checkpoint import write_atomically
from gribouille.drawing import Drawings
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.recogniser import Recogniser, open_session
from gribouille.sampling import batches_of
from gribouille.store import Store
from gribouille.store.split import TRAIN

BATCH = 128  # drawings

Predict: TypeAlias = Callable[[Drawings], np.ndarray]  # → probabilities Float32["drawings classes"]


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """A teacher's probabilities for the training rows of the store `store` (its hash), 0 elsewhere, and its own hash."""

    probabilities: Float16[np.ndarray, "rows classes"]
    store: str
    teacher: str

    def of(self, rows: Int64[np.ndarray, "n"]) -> Float[np.ndarray, "n classes"]:
        """The teacher's probabilities for these rows, float32, each row's sum 1."""
        chosen = self.probabilities[rows].astype(np.float32)
        return np.asarray(chosen / chosen.sum(axis=1, keepdims=True))


def teach(teacher: Path, store: Store, out: Path, progress: Callable[[int], None] = lambda done: None) -> None:
    """Write the soft labels of `teacher` for `store` to `out`; `progress` hears of every row done."""
    predict = teacher_of(teacher, store.labels)
    probabilities = np.zeros((len(store), len(store.labels)), np.float16)
    for rows in batches_of(np.flatnonzero(store.split == TRAIN), BATCH):
        probabilities[rows] = predict(store.gather(rows))
        progress(len(rows))
    metadata = {"store": store.hash, "teacher": sha256(teacher.read_bytes()).hexdigest()}
    write_atomically(out, lambda place: save_file({"probabilities": probabilities}, place, metadata))


def load_soft_labels(path: Path, store: Store) -> SoftLabels:
    """The soft labels in `path`; ValueError where they were made for another store."""
    with safe_open(path, "np") as file:
        metadata = file.metadata() or {}
        if metadata.get("store") != store.hash:
            raise ValueError(f"{path}: expected soft labels of store {store.hash}, found {metadata.get('store')}")
        return SoftLabels(file.get_tensor("probabilities"), metadata["store"], metadata["teacher"])


def teacher_of(path: Path, labels: Sequence[str]) -> Predict:
    """The probabilities that a model file gives drawings, in the order of `labels`. Raises ValueError where it is none."""
    session = open_session(path, threads=1)  # more of them spin against the training's own on a busy machine
    inputs = [value.name for value in session.get_inputs()]
    if inputs == ["points"]:
        recogniser = Recogniser(path)
        return in_order(lambda drawings: recogniser.probabilities(list(drawings)), recogniser.labels, labels, path)
    if inputs == ["bitmap"]:
        theirs = (path.parent / "labels.txt").read_text(encoding="utf-8").splitlines()
        return in_order(lambda drawings: _bitmap_probabilities(session, drawings), theirs, labels, path)
    raise ValueError(f"{path}: expected a teacher with input 'points' or 'bitmap', found {inputs}")


def _bitmap_probabilities(session: onnxruntime.InferenceSession, drawings: Drawings) -> np.ndarray:
    bitmaps = rasterise(drawings, RasterSpec.of_google(28))
    logits = session.run(["logits"], {"bitmap": bitmaps})[0]
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def in_order(predict: Predict, theirs: Sequence[str], labels: Sequence[str], path: Path) -> Predict:
    """`predict`, whose columns are `theirs`, with its columns in the order of `labels`. Raises ValueError where one lacks."""
    missing = sorted(set(labels) - set(theirs))
    if missing:
        raise ValueError(f"{path}: expected a model that knows every label of the store, missing {missing[:5]}")
    order = np.array([list(theirs).index(label) for label in labels])
    return lambda drawings: predict(drawings)[:, order]
