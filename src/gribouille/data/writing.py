"""A store's drawings written in the forms of others: one file of lines, or a folder with a file a word (or a drawing)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from gribouille.formats import binary, csv, ndjson, stroke3
from gribouille.formats.records import FormatError, Records
from gribouille.sources.files import PACKED
from gribouille.store import AnyStore
from gribouille.svg import write_svg

Form = Literal["ndjson", "csv", "binary", "sketchrnn", "svg"]
SUFFIXES: dict[str, Form] = {".ndjson": "ndjson", ".csv": "csv", ".bin": "binary", ".npz": "sketchrnn", ".svg": "svg"}
BATCH_ROWS = 8192


def form_of(path: Path) -> Form:
    """The form that a file's name asks for, compressed or not. Raises FormatError for another name."""
    form = SUFFIXES.get((Path(path.stem) if path.suffix in PACKED else path).suffix)
    if form is None:
        raise FormatError(
            f"{path}: expected a name that ends in {', '.join(SUFFIXES)} ({' or '.join(PACKED)} after it), or a form"
        )
    return form


def write_drawings(
    store: AnyStore, out: Path, form: Form | None = None, progress: Callable[[int], None] = lambda rows: None
) -> int:
    """Writes every drawing of a store, in row order; how many files there are.

    Without a form, `out` is one file in the form of its name. With one it is a new folder with a file a word, named after
    it, in which SVG is a folder a word with a file a drawing. Raises FormatError for what the form has no room for.
    """
    if form is None:
        form = form_of(out)
        if form == "svg":
            raise FormatError(f"{out}: expected a folder for SVG, which has one drawing a file: give the form")
        _write(_batches(store, np.arange(len(store)), progress), out, form)
        return 1
    out.mkdir(parents=True)
    files = 0
    order = np.argsort(store.label, kind="stable")
    bounds = np.searchsorted(store.label[order], np.arange(len(store.labels) + 1))
    for index, word in enumerate(store.labels):
        batches = _batches(store, order[bounds[index] : bounds[index + 1]], progress)
        name = word.replace("/", "_")
        if form == "svg":
            (out / name).mkdir()
            files += _write_svgs(batches, out / name)
        else:
            suffix = next(suffix for suffix, each in SUFFIXES.items() if each == form)
            _write(batches, out / f"{name}{suffix}", form)
            files += 1
    return files


def _batches(store: AnyStore, rows: np.ndarray, progress: Callable[[int], None]) -> Iterator[Records]:
    for start in range(0, len(rows), BATCH_ROWS):
        batch = store.records(rows[start : start + BATCH_ROWS])
        yield batch
        progress(len(batch))


def _write(batches: Iterator[Records], path: Path, form: Form) -> None:
    writers = {"ndjson": ndjson.write, "csv": csv.write, "binary": binary.write, "sketchrnn": stroke3.write}
    writers[form](batches, path)


def _write_svgs(batches: Iterator[Records], folder: Path) -> int:
    count = 0
    for records in batches:
        times = iter(np.split(records.times, np.cumsum(records.points[records.timed])))
        for row, drawing in enumerate(records.drawings):
            timed = next(times) if records.timed[row] else None
            write_svg(drawing, folder / f"{count:06}.svg", records.labels[records.label[row]], timed)
            count += 1
    return count
