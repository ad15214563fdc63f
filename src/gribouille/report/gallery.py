"""Which drawings a report shows: answers in, rows out; and what is shown of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Int64

from gribouille.answers import Answers
from gribouille.drawing import strokes_of
from gribouille.raster.spec import RasterSpec
from gribouille.report.contents import Bar, Extreme, Gallery, Guess, Seen, Shown
from gribouille.report.seen import picture_of
from gribouille.store import AnyStore

MISTAKES = 12  # of each kind
EXTREMES = 8  # words
DRAWINGS = 6  # of each of them
GUESSES = 3

Places = Int64[np.ndarray, "_some"]  # among the drawings evaluated


@dataclass(frozen=True, eq=False)
class Asked:
    """A model, the picture that it takes, what it says of finished drawings, and the columns of the store's words among its
    own."""

    name: str
    spec: RasterSpec | None
    answers: Answers
    columns: Int64[np.ndarray, "words"]

    @cached_property
    def best(self) -> Int64[np.ndarray, "n"]:
        """The column of each one's best guess."""
        return np.asarray(self.answers.probabilities.argmax(axis=1))


@dataclass(frozen=True, eq=False)
class Chooser:
    """Takes drawings of these rows of a store, the same at every call."""

    store: AnyStore
    rows: Int64[np.ndarray, "n"]
    seed: int

    def gallery(self, asked: Asked) -> Gallery:
        """A model's wrong predictions: those that it was surest of, and a random sample of the others."""
        wrong = np.flatnonzero(asked.best != asked.answers.label)
        sure = wrong[np.argsort(-_sureness(asked, wrong), kind="stable")][:MISTAKES]
        others = self._some(np.setdiff1d(wrong, sure), MISTAKES)
        return Gallery(tuple(self._seen(asked, sure)), tuple(self._seen(asked, others)))

    def agreed(self, members: list[Asked]) -> tuple[tuple[Seen, ...], ...]:
        """Drawings that all members take for the same other word, those first that they are surest of."""
        words = np.stack([np.array(asked.answers.labels)[asked.best] for asked in members])
        wrong = members[0].best != members[0].answers.label
        same = np.flatnonzero((words == words[0]).all(axis=0) & wrong)
        sure = np.mean([_sureness(asked, same) for asked in members], axis=0)
        chosen = same[np.argsort(-sure, kind="stable")][:MISTAKES]
        return tuple(zip(*(self._seen(asked, chosen) for asked in members), strict=True))

    def extremes(self, asked: Asked, bars: tuple[Bar, ...]) -> tuple[tuple[Extreme, ...], tuple[Extreme, ...]]:
        """The words that are worst and best for sure: by the upper, and by the lower, end of their intervals."""
        surest = sorted(bars, key=lambda bar: (bar.top1.high, bar.name))
        best = sorted(bars, key=lambda bar: (-bar.top1.low, bar.name))
        count = min(EXTREMES, len(bars) // 2)
        return (
            tuple(self._extreme(asked, bar) for bar in surest[:count]),
            tuple(self._extreme(asked, bar) for bar in best[:count]),
        )

    def _extreme(self, asked: Asked, bar: Bar) -> Extreme:
        labels = asked.answers.labels
        places = self._some(np.flatnonzero(asked.answers.label == labels.index(bar.name)), DRAWINGS)
        taken_for = [labels[word] for word in asked.best[places].tolist()]
        return Extreme(bar, tuple(zip((self._shown(place) for place in places.tolist()), taken_for, strict=True)))

    def _seen(self, asked: Asked, places: Places) -> Iterator[Seen]:
        for place in places.tolist():
            probabilities, label = asked.answers.probabilities[place], int(asked.answers.label[place])
            ranked = np.argsort(-probabilities, kind="stable")
            drawing = self.store.gather(self.rows[[place]])[0]
            yield Seen(
                drawing=self._shown(place),
                model=asked.name,
                picture=picture_of(drawing, asked.spec) if asked.spec else "",
                guesses=tuple(
                    Guess(asked.answers.labels[word], float(probabilities[word])) for word in ranked[:GUESSES].tolist()
                ),
                right=float(probabilities[label]),
                place=int(np.flatnonzero(ranked == label)[0]) + 1,
            )

    def _shown(self, place: int) -> Shown:
        row = self.rows[[place]]
        key = str(int(self.store.key_id[row][0])) if self.store.keyed[row][0] else ""
        word = self.store.labels[int(self.store.label[row][0])]
        return Shown(int(row[0]), key, word, strokes_of(self.store.gather(row)[0]))

    def _some(self, places: Places, size: int) -> Places:
        return np.sort(np.random.default_rng(self.seed).permutation(places)[:size])


def _sureness(asked: Asked, places: Places) -> Float32[np.ndarray, "_some"]:
    """The best guesses' probabilities."""
    return np.asarray(asked.answers.probabilities[places, asked.best[places]])
