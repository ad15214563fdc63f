"""Changes to training drawings that the library does not have: what `levers.py` tries before they earn a kernel.

In comes a view of a store, out goes one with the same labels and hash whose drawings are changed each time that they are
gathered, or whose rows stand in it more or less often. Plain numpy, some 50 µs a drawing. Drawings may come out of their
box: `augment.warp`, which comes after, boxes them again. Random numbers follow from how often the view was asked: they are
the same for every seed, and a run that was stopped in between is not the same run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

import numpy as np

from gribouille.drawing import Drawing, Drawings, simplify, split_strokes
from gribouille.sampling import members_of
from gribouille.store import Store, View
from gribouille.store.split import TRAIN

Generator = np.random.Generator
Change = Callable[["Changed", int, Drawing, Generator], Drawing]  # a row of the view, its drawing


@dataclass(frozen=True, eq=False)
class Changed(View):
    """A view whose drawings are changed, each with probability `share`."""

    change: Change
    share: float
    asked: count = field(default_factory=count)  # type: ignore[type-arg]

    @cached_property
    def members(self) -> list[np.ndarray]:
        """The training rows of every label."""
        rows = np.flatnonzero(self.split == TRAIN)
        return members_of(self.label[rows], rows, len(self.labels))

    def gather(self, rows: np.ndarray) -> Drawings:
        """The drawings of these rows, in this order, changed."""
        generator = np.random.default_rng((0xC4A, next(self.asked)))
        found = list(super().gather(rows))
        chosen = (generator.random(len(rows)) < self.share) & (self.split[rows] == TRAIN)
        return Drawings.of(
            [
                self.change(self, int(row), drawing, generator) if change else drawing
                for row, drawing, change in zip(rows, found, chosen, strict=True)
            ]
        )

    def another(self, rows: np.ndarray, generator: Generator) -> Drawing:
        """The unchanged drawing of one of these rows."""
        return super().gather(generator.choice(rows, 1))[0]


def without_a_stroke(view: Changed, row: int, drawing: Drawing, generator: Generator) -> Drawing:
    """A random stroke less; the only one stays, and so does one that is half of the points or more."""
    strokes = split_strokes(drawing)
    left_out = int(generator.integers(len(strokes)))
    if 2 * len(strokes[left_out]) >= len(drawing):
        return drawing
    return np.concatenate([stroke for index, stroke in enumerate(strokes) if index != left_out])


def strokes_reordered(view: Changed, row: int, drawing: Drawing, generator: Generator) -> Drawing:
    """The strokes in a random order."""
    strokes = split_strokes(drawing)
    return np.concatenate([strokes[index] for index in generator.permutation(len(strokes))])


def simplified_again(view: Changed, row: int, drawing: Drawing, generator: Generator) -> Drawing:
    """Ramer–Douglas–Peucker once more, at a distance of 2 to 10."""
    scale = generator.uniform(1, 5)
    strokes = []
    for stroke in split_strokes(drawing):
        kept = np.round(simplify(stroke[:, :2].astype(np.float64) / scale) * scale)
        pens = np.ones(len(kept))
        pens[0] = 0
        strokes.append(np.column_stack([kept, pens]).astype(np.uint8))
    return np.concatenate(strokes)


def with_a_foreign_stroke(view: Changed, row: int, drawing: Drawing, generator: Generator) -> Drawing:
    """A random stroke of a random drawing of any word besides; the word stays."""
    other = split_strokes(view.another(np.concatenate(view.members), generator))
    return np.concatenate([drawing, other[int(generator.integers(len(other)))]])


def finished_by_another(view: Changed, row: int, drawing: Drawing, generator: Generator) -> Drawing:
    """Its first strokes and the last ones of another drawing of the same word."""
    mine, theirs = split_strokes(drawing), split_strokes(view.another(view.members[view.label[row]], generator))
    begun = int(generator.integers(1, len(mine) + 1))
    return np.concatenate([*mine[:begun], *theirs[round(len(theirs) * begun / len(mine)) :]])


def clumsy(view: Changed, row: int, drawing: Drawing, generator: Generator) -> Drawing:
    """As one that was not recognised: every stroke moved, turned and scaled by itself, and its points shaken."""
    strokes = []
    for stroke in split_strokes(drawing):
        xy = stroke[:, :2].astype(np.float64)
        middle, angle = xy.mean(axis=0), generator.normal(0, 0.25)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        moved = (xy - middle) @ turn.T * np.exp(generator.normal(0, 0.2)) + middle
        moved += generator.normal(0, 15, 2) + generator.normal(0, 3, xy.shape)
        strokes.append(np.column_stack([moved.clip(0, 255).round(), stroke[:, 2]]).astype(np.uint8))
    return np.concatenate(strokes)


def changed(change: Change, share: float) -> Callable[[View], View]:
    """A lever: views with this change."""
    return lambda view: Changed(view.store, view.labels, view.rows, view.split, change, share)


def natural_more_often(view: View, times: int = 3) -> View:
    """Training rows of the natural mix stand in it so often; each class's drawings of an epoch are spread over more of these."""
    return _repeated(view, view.recognized >= 0, times)


def unrecognized_more_often(view: View, times: int = 6) -> View:
    """Training rows that Quick, Draw! did not recognise stand in it so often."""
    return _repeated(view, view.recognized == 0, times)


def _repeated(view: View, chosen: np.ndarray, times: int) -> View:
    often = np.where(chosen & (view.split == TRAIN), times, 1)
    return View(view.store, view.labels, np.repeat(view.rows, often), np.repeat(view.split, often))


def judgeable(store: Store) -> np.ndarray:
    """Whether each row of the store is from a source that may be judged on."""
    allowed = np.zeros(len(store), bool)
    for source in store.card.sources:
        allowed[source.start : source.stop] = not source.training_only
    return allowed


def without_extra(view: View) -> View:
    """Without the training rows of sources that may not be judged on, which others simplified."""
    kept = judgeable(view.store)[view.rows]
    return View(view.store, view.labels, view.rows[kept], view.split[kept])


def capped(view: View, most: int = 300) -> View:
    """At most so many training rows of a word, the first ones: fewer sources for the words that have many."""
    kept, rows = view.split != TRAIN, np.flatnonzero(view.split == TRAIN)
    for members in members_of(view.label[rows], rows, len(view.labels)):
        kept[members[:most]] = True
    return View(view.store, view.labels, view.rows[kept], view.split[kept])
