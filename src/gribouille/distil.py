"""A teacher's opinion of the drawings that a student learns from, beside the true labels: kept on disk, or asked as
they come.

A teacher is anything that `predict` takes: a run, a model file of points, a public classifier of 28 px bitmaps. `teach`
asks it once about every training drawing as it stands in the store and writes one safetensors file: float16
probabilities [rows, classes] in the store's label order. A `LiveTeacher` is asked about the very drawings that the
student learns from, augmented as they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float16, Float32, Int64, UInt64
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from gribouille.augment import Augmentation, cut, warp
from gribouille.checkpoint import BEST, write_atomically
from gribouille.ensemble import ENSEMBLE
from gribouille.predict import Predictor, predictor_of
from gribouille.sampling import batches_of
from gribouille.store import AnyStore, named
from gribouille.store.split import TRAIN

BATCH = 128  # drawings
SMALLEST = 1e-30  # a teacher that knows other labels may give all of ours less than float32 can hold
AskedAbout = Literal["whole", "seen"]


@runtime_checkable
class Teacher(Protocol):
    """Whoever a student learns from; `teacher` is the hash of its file, with what it was asked about where that
    matters."""

    @property
    def teacher(self) -> str:
        """The sha256 of the teacher's file and how it was asked, for cards."""

    def of(self, rows: Int64[np.ndarray, "n"], keys: UInt64[np.ndarray, "n"]) -> Float[np.ndarray, "n classes"]:
        """The teacher's probabilities for these rows under the augmentation of these keys, each row's sum 1."""


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """A teacher's probabilities for the training rows of the store `store` (its hash), 0 elsewhere, and its own
    hash."""

    probabilities: Float16[np.ndarray, "rows classes"]
    store: str
    teacher: str

    def of(self, rows: Int64[np.ndarray, "n"], keys: UInt64[np.ndarray, "n"]) -> Float[np.ndarray, "n classes"]:
        """The teacher's probabilities for these rows as they stand in the store, whatever the augmentation."""
        return _renormalised(self.probabilities[rows])


@dataclass(frozen=True, eq=False)
class LiveTeacher:
    """A teacher asked about every augmented drawing: `about` "whole", before it is cut, or "seen", as the student gets
    it.

    A teacher of finished drawings knows little about unfinished ones: asked about the whole, it tells the student what
    the part will become.
    """

    store: AnyStore
    predictor: Predictor
    augmentation: Augmentation
    sha: str
    about: AskedAbout = "whole"

    @classmethod
    def open(
        cls, path: Path, store: AnyStore, augmentation: Augmentation, about: AskedAbout = "whole"
    ) -> "LiveTeacher":
        """The teacher in `path`. Raises ValueError where it does not know a label of the store."""
        predictor = predictor_of(path)
        predictor.columns_of(store.labels)
        return cls(store, predictor, augmentation, hash_of(path), about)

    @property
    def teacher(self) -> str:
        """The hash of its file, and what it is asked about."""
        return f"{self.sha}, asked about {self.about} augmented drawings"

    def of(self, rows: Int64[np.ndarray, "n"], keys: UInt64[np.ndarray, "n"]) -> Float[np.ndarray, "n classes"]:
        """Its probabilities for these rows, warped (and cut) by the same keys as the student's."""
        drawings = warp(self.store.gather(rows), self.augmentation, keys)
        if self.about == "seen":
            drawings = cut(drawings, self.augmentation, keys)
        columns = self.predictor.columns_of(self.store.labels)
        return _renormalised(self.predictor.probabilities(drawings)[:, columns])


def teach(teacher: Path, store: AnyStore, out: Path, progress: Callable[[int], None] = lambda done: None) -> None:
    """Write the soft labels of `teacher` for `store` to `out`; `progress` hears of every row done."""
    predictor = predictor_of(teacher)
    columns = predictor.columns_of(store.labels)
    probabilities = np.zeros((len(store), len(store.labels)), np.float16)
    for rows in batches_of(np.flatnonzero(store.split == TRAIN), BATCH):
        # Their sum is made 1 before float16 loses the small ones.
        probabilities[rows] = _renormalised(predictor.probabilities(store.gather(rows))[:, columns])
        progress(len(rows))
    metadata = {"store": store.hash, "teacher": hash_of(teacher)}
    write_atomically(out, lambda place: save_file({"probabilities": probabilities}, place, metadata))


def load_soft_labels(path: Path, store: AnyStore) -> SoftLabels:
    """The soft labels in `path`; ValueError where it holds none, or those of another store."""
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            if metadata.get("store") != store.hash:
                raise ValueError(
                    f"{path}: expected soft labels of {named(store)} ({store.hash}), found {metadata.get('store')}"
                )
            return SoftLabels(file.get_tensor("probabilities"), metadata["store"], metadata["teacher"])
    except SafetensorError as error:
        raise ValueError(f"{path}: expected soft labels made by `gribouille distil` ({error})") from error


def mean_of(teachers: Sequence[SoftLabels]) -> SoftLabels:
    """The mean of several teachers' probabilities: less wrong than any of them where they do not err together."""
    if len(teachers) == 1:
        return teachers[0]
    assert len({(each.store, each.probabilities.shape) for each in teachers}) == 1
    total = np.zeros(teachers[0].probabilities.shape, np.float32)
    for each in teachers:
        total += each.probabilities
    mean = (total / len(teachers)).astype(np.float16)
    return SoftLabels(mean, teachers[0].store, " + ".join(sorted(each.teacher for each in teachers)))


def hash_of(teacher: Path) -> str:
    """The sha256 of a teacher's file: of a run's best weights, of an ensemble's list of members with their hashes."""
    file = next((teacher / name for name in (ENSEMBLE, BEST) if (teacher / name).is_file()), teacher)
    return sha256(file.read_bytes()).hexdigest()


def _renormalised(known: Float[np.ndarray, "n classes"]) -> Float32[np.ndarray, "n classes"]:
    """Probabilities of some of a teacher's labels, each row's sum 1 again."""
    known = known.astype(np.float32) + np.float32(SMALLEST)
    return np.asarray(known / known.sum(axis=1, keepdims=True))
