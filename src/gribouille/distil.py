"""A teacher's opinion of every drawing of a store: probabilities that a student learns from beside the true labels.

The teacher is anything that `predict` takes. Out comes one safetensors file with float16 probabilities [rows, classes] in
the store's label order, for the rows of the training split.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float16, Int64
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from gribouille.checkpoint import write_atomically
from gribouille.predict import predictor_of
from gribouille.sampling import batches_of
from gribouille.store import Store
from gribouille.store.split import TRAIN

BATCH = 128  # drawings
SMALLEST = 1e-30  # a teacher that knows other labels may give all of ours less than float32 can hold


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
    predictor = predictor_of(teacher)
    columns = predictor.columns_of(store.labels)
    probabilities = np.zeros((len(store), len(store.labels)), np.float16)
    for rows in batches_of(np.flatnonzero(store.split == TRAIN), BATCH):
        known = predictor.probabilities(store.gather(rows))[:, columns] + SMALLEST
        probabilities[rows] = known / known.sum(axis=1, keepdims=True)  # before float16 loses small ones
        progress(len(rows))
    metadata = {"store": store.hash, "teacher": sha256(teacher.read_bytes()).hexdigest()}
    write_atomically(out, lambda place: save_file({"probabilities": probabilities}, place, metadata))


def load_soft_labels(path: Path, store: Store) -> SoftLabels:
    """The soft labels in `path`; ValueError where it holds none, or those of another store."""
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            if metadata.get("store") != store.hash:
                raise ValueError(f"{path}: expected soft labels of store {store.hash}, found {metadata.get('store')}")
            return SoftLabels(file.get_tensor("probabilities"), metadata["store"], metadata["teacher"])
    except SafetensorError as error:
        raise ValueError(f"{path}: expected soft labels made by `gribouille distil` ({error})") from error
