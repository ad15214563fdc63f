"""What members say of a store's drawings, each asked once, and which drawings these are: to learn from, and to judge by.

Members that saw their training drawings often know them by heart, and not all equally well: whom to believe is better learned
from drawings that none has seen. The validation split is such (training only chose its best pass by it): cut in two, one
part judges and the rest is learned from. What it costs is drawings: that split is small, and members that saw each training
drawing once or twice are better combined by those (docs/ensembles.md).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from gribouille.drawing import Drawings
from gribouille.ensemble.card import EnsembleOptions
from gribouille.ensemble.members import Logits, columns_of
from gribouille.nets.points import before, box
from gribouille.recogniser import padded
from gribouille.sampling import Rows, batches_of, distinct_rows, epoch_rows, members_of, validation_rows
from gribouille.store import AnyStore
from gribouille.store.split import TRAIN

ASKED = 256  # drawings that the members are asked about at once
FACTS = ("strokes", "points", "ink", "longest stroke", "width", "height")  # of a drawing, see `facts_of`


@dataclass(frozen=True, eq=False)
class Asked:
    """What the members answered about some drawings, logits side by side, what these are, and the facts of each (`FACTS`).
    `seconds` of each member per drawing, in the median batch."""

    logits: Float32[np.ndarray, "n inputs"]
    label: Int64[np.ndarray, "n"]
    facts: Float32[np.ndarray, "n 6"]
    seconds: tuple[float, ...]

    def weights(self, classes: int) -> Float32[np.ndarray, "n"]:
        """What each drawing counts in learning: all classes together alike, 1 on average.

        Stores are not balanced: the rows of Quick, Draw! that are as people drew them are of a few words. What learns is to learn
        whom to believe, not how often a word comes.
        """
        drawn = np.bincount(self.label, minlength=classes)
        return np.asarray(len(self.label) / np.count_nonzero(drawn) / drawn[self.label], np.float32)

    def of_members(self, members: int) -> Float32[np.ndarray, "members n classes"]:
        """The logits of each member by itself, where all know the same labels."""
        return np.ascontiguousarray(self.logits.reshape(len(self.label), members, -1).swapaxes(0, 1))


def facts_of(points: Float[Tensor, "batch points 3"]) -> Float[Tensor, "batch 6"]:
    """What is known of a drawing without any net: logarithms of its number of strokes, of points and of its ink in sides of its
    box (plus 1 each), the longest stroke's share of the ink, and width and height in sides of the box (one of them 1).

    Without time: the wire brings it, the model file's input does not.
    """
    boxed = box(points)
    step = boxed.xy - torch.where(boxed.starts[..., None], boxed.xy, before(boxed.xy))
    length = torch.sqrt((step * step).sum(-1)) * boxed.valid
    ink, stroke = length.sum(1), (torch.cumsum(boxed.starts.to(torch.int64), 1) - 1).clamp(min=0)
    longest = torch.zeros_like(length).scatter_add(1, stroke, length).amax(1)
    share = torch.where(ink > 0, longest / torch.where(ink > 0, ink, 1.0), 1.0)
    logs = [
        torch.log1p(boxed.starts.to(ink.dtype).sum(1)),
        torch.log1p(boxed.valid.to(ink.dtype).sum(1)),
        torch.log1p(ink),
    ]
    return torch.cat([torch.stack([*logs, share], 1), boxed.xy.amax(1)], 1)


def facts_of_drawings(drawings: Drawings) -> Float32[np.ndarray, "_drawings 6"]:
    """The same of drawings, in no padded batch larger than the members are asked in."""
    with torch.inference_mode():
        return np.asarray(facts_of(torch.from_numpy(padded(list(drawings)))).numpy())


def ask(
    members: Sequence[Logits], labels: Sequence[str], store: AnyStore, rows: Rows, progress: Callable[[int], None]
) -> Asked:
    """What the members say of these rows, each asked about once; labels are those of the members."""
    first = store.gather(rows[:1])
    # One drawing that is not counted: it tells how many logits a member gives, and takes what only a first call takes.
    widths = [member(first).shape[1] if len(rows) else len(labels) for member in members]
    logits = np.zeros((len(rows), sum(widths)), np.float32)
    facts = np.zeros((len(rows), len(FACTS)), np.float32)
    seconds: list[list[float]] = [[] for _ in members]
    done = 0
    for batch in batches_of(rows, ASKED) if len(rows) else []:
        drawings, place = store.gather(batch), slice(done, done + len(batch))
        answers = []
        for member, taken in zip(members, seconds, strict=True):
            since = time.perf_counter()
            answers.append(member(drawings))
            taken.append((time.perf_counter() - since) / len(batch))
        np.concatenate(answers, axis=1, out=logits[place])
        facts[place] = facts_of_drawings(drawings)
        done += len(batch)
        progress(len(batch))
    label = columns_of(store.labels, labels)[store.label[rows]]
    return Asked(logits, label, facts, tuple(float(np.median(taken)) if taken else 0.0 for taken in seconds))


def judged_rows(store: AnyStore, options: EnsembleOptions) -> Rows:
    """Random validation drawings to judge by, always the same: half of that split at most where the rest is learned from."""
    if options.learns and options.learn_from == "validation":
        return validation_rows(store, min(options.validation, len(distinct_rows(store, "validation")) // 2))
    return validation_rows(store, options.validation)


def taught_rows(store: AnyStore, options: EnsembleOptions) -> Rows:
    """Random drawings to learn from, at most so many of each class."""
    if options.learn_from == "validation":
        rows = np.setdiff1d(distinct_rows(store, "validation"), judged_rows(store, options))
    else:
        rows = np.flatnonzero(store.split == TRAIN)
    members = members_of(store.label[rows], rows, len(store.labels))
    return np.sort(epoch_rows(members, options.per_class or max(1, len(rows)), options.seed, 0))
