"""Contact sheets: drawings of a store in rows and columns on one picture, drawn by the project's own rasteriser.

In come a store and which of its rows; out goes a picture (Pillow's `Image`), to save as PNG. Ink is dark on white or, by
time, runs from blue (drawn first) to orange (drawn last).
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8
from PIL import Image, ImageDraw, ImageFont

from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import LARGEST_SIDE, SMALLEST_SIDE, RasterSpec
from gribouille.store import Store

GAP = 6  # px between drawings
CAPTION = 14  # px: the height of a caption's line
PAPER, INK, QUIET = (255, 255, 255), (24, 24, 27), (90, 90, 98)
FIRST, LAST = (30, 90, 200), (225, 110, 0)  # the colours of what was drawn first and last
OTHER_ROW = re.compile(r"row (\d+)")  # how a mark names the row that it duplicates

Rows = Int64[np.ndarray, "_rows"]


class SheetError(ValueError):
    """A sheet that cannot be made; the message names what was expected and what was found."""


@dataclass(frozen=True)
class Choice:
    """Which drawings: those of a word, and of these only some."""

    word: str | None = None  # None: any
    recognized: bool | None = None  # None: whatever the game said
    country: str | None = None  # ISO 3166-1 alpha-2 as in Google's files; None: any
    marked: str | None = None  # marked for this reason; None: marked or not


@dataclass(frozen=True)
class SheetOptions:
    """How a sheet looks."""

    rows: int | None = None  # by default 10, or as many as one drawing of each word needs
    columns: int | None = None  # likewise
    side: int = 96  # px of one drawing, 28…256
    colour: Literal["ink", "time"] = "ink"
    seed: int = 0  # of which drawings are taken, where there are more
    captions: bool = True

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            number = getattr(self, name)
            if number is not None and not 1 <= number <= 100:
                raise SheetError(f"sheet {name}: expected 1…100, found {number}")
        if not SMALLEST_SIDE <= self.side <= LARGEST_SIDE:
            raise SheetError(f"sheet side: expected {SMALLEST_SIDE}…{LARGEST_SIDE} px, found {self.side}")


@dataclass(frozen=True, eq=False)
class Sheet:
    """A picture, and of how many drawings it shows how many."""

    picture: Image.Image
    shown: int
    found: int


def contact_sheet(store: Store, choice: Choice, options: SheetOptions) -> Sheet:
    """The sheet of a choice: a random sample of a word's drawings, or one of each word where none is named.

    Rows marked as duplicates stand after the ones that they duplicate. Captions are words or, on a word's sheet, row numbers.
    Raises SheetError for a choice that is not in the store, or empty.
    """
    rows = chosen(store, choice)
    found = len(rows)
    if choice.word is None and choice.marked is None:
        rows = one_of_each_word(store, rows, options.seed)
        columns = options.columns or max(1, math.ceil(math.sqrt(len(rows))))
        lines = options.rows or max(1, -(-len(rows) // columns))
    else:
        columns, lines = options.columns or 10, options.rows or 10
        rows = sample(rows, columns * lines, options.seed)
        rows = pairs(store, rows, choice.marked) if choice.marked is not None else rows
    rows = rows[: columns * lines]
    captions = [str(row) for row in rows] if choice.word else [store.labels[label] for label in store.label[rows]]
    picture = picture_of(store, rows, columns, options, captions if options.captions else [])
    return Sheet(picture, len(rows), found)


def chosen(store: Store, choice: Choice) -> Rows:
    """The rows of the choice, in ascending order. Raises SheetError for a word, country or reason that the store lacks."""
    wanted: Bool[np.ndarray, "rows"] = np.ones(len(store), bool)
    if choice.word is not None:
        wanted &= store.label == _place(store, "word", choice.word, store.labels)
    if choice.recognized is not None:
        wanted &= store.recognized == int(choice.recognized)
    if choice.country is not None:
        wanted &= store.country == _place(store, "country", choice.country, store.countries)
    if choice.marked is not None:
        reasons = store.marks.reasons if store.marks else ()
        code = _place(store, "reason of marks", choice.marked, reasons)
        assert store.marks is not None
        marked = np.zeros(len(store), bool)
        marked[store.marks.row[store.marks.reason == code]] = True
        wanted &= marked
    return np.flatnonzero(wanted)


def sample(rows: Rows, size: int, seed: int) -> Rows:
    """At most `size` of the rows, random, in ascending order."""
    return np.sort(np.random.default_rng(seed).permutation(rows)[:size])


def one_of_each_word(store: Store, rows: Rows, seed: int) -> Rows:
    """One random row of each word that has any among these, in the order of the words."""
    shuffled = np.random.default_rng(seed).permutation(rows)
    _, firsts = np.unique(store.label[shuffled], return_index=True)
    return np.asarray(shuffled[firsts])


def pairs(store: Store, rows: Rows, reason: str) -> Rows:
    """Each of these marked rows after the one that its mark says it duplicates; alone where its mark names none."""
    assert store.marks is not None
    wanted = set(rows.tolist())
    shown: list[int] = []
    for row, detail in store.marks.details(reason):
        if row in wanted:
            other = OTHER_ROW.match(detail or "")
            shown += [int(other[1]), row] if other else [row]
    return np.array(shown, np.int64)


def picture_of(
    store: Store, rows: Rows, columns: int, options: SheetOptions, captions: Sequence[str] = ()
) -> Image.Image:
    """The drawings of these rows, so many a line; each over its caption where captions are given.

    A drawing is drawn to fill its square. Raises SheetError where there is none to draw.
    """
    if not len(rows):
        raise SheetError(f"{store.path}: expected drawings for the sheet, found none like that")
    columns = min(columns, len(rows))
    tall = options.side + GAP + (CAPTION if captions else 0)
    size = (GAP + columns * (options.side + GAP), GAP + -(-len(rows) // columns) * tall)
    picture = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(CAPTION - 3)
    for index, tile in enumerate(tiles(store, rows, options)):
        left, top = GAP + index % columns * (options.side + GAP), GAP + index // columns * tall
        picture.paste(Image.fromarray(tile), (left, top))
        if captions:
            text = captions[index]
            while pen.textlength(text, font) > options.side and len(text) > 2:
                text = text[:-2] + "…"
            pen.text((left + options.side / 2, top + options.side), text, QUIET, font, "ma")
    return picture


def tiles(store: Store, rows: Rows, options: SheetOptions) -> UInt8[np.ndarray, "_rows side side 3"]:
    """The drawings as pictures, red, green and blue."""
    channels = ("ink", "time") if options.colour == "time" else ("ink",)
    images = rasterise(store.gather(rows), RasterSpec.of_side(options.side, channels))
    ink = images[:, 0, :, :, None]
    colour: Float32[np.ndarray, "_rows _ _ 3"] = np.array(INK, np.float32)[None, None, None]
    if options.colour == "time":
        moment = images[:, 1, :, :, None] / np.maximum(ink, 1e-6)  # time is covered by ink: shares of it
        colour = (1 - moment) * np.array(FIRST, np.float32) + moment * np.array(LAST, np.float32)
    return np.asarray(np.rint((1 - ink) * np.array(PAPER, np.float32) + ink * np.clip(colour, 0, 255)), np.uint8)


def write_sheet(picture: Image.Image, out: Path) -> None:
    """Saves the picture as PNG, whatever the file's name."""
    out.parent.mkdir(parents=True, exist_ok=True)
    picture.save(out, "PNG", optimize=True)


def _place(store: Store, kind: str, name: str, names: Sequence[str]) -> int:
    if name not in names:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        raise SheetError(f"{store.path}: expected a {kind} of the store ({shown or 'there is none'}), found {name!r}")
    return list(names).index(name)
