"""An explorer: a small static site to look through a store's words, from disk (file://) or from any host, without a server.

In come a store and a folder; out go `index.html` with its style and script, `words.js` (every word, its French name and its
counts) and one file a word with a random sample of its drawings, loaded as a script when somebody opens the word: a page from
disk may not fetch. Drawings travel as the bytes x, y of their points and one pen bit each, in base64, and are drawn as
SVG by the browser.
"""

import base64
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Int64

from gribouille.data.clean import words
from gribouille.data.duplicates import keys_of
from gribouille.data.sheets import sample
from gribouille.formats.records import NO_TIMESTAMP
from gribouille.labels import french
from gribouille.store import Store

INDEX = "index.html"
PAGE = (INDEX, "explorer.css", "explorer.js")
MARKER = ".gribouille-explorer"  # stands in a folder that may be replaced
DAY = 86_400_000_000  # µs

Rows = Int64[np.ndarray, "_rows"]


class ExplorerError(ValueError):
    """A place where no explorer can be written; the message names it, what was expected and what was found."""


@dataclass(frozen=True)
class ExplorerOptions:
    """What the explorer shows."""

    per_word: int = 200  # random drawings of each word
    language: Literal["en", "fr"] = "en"  # at first sight; both are there
    seed: int = 0


@dataclass(frozen=True)
class Written:
    """What was written."""

    page: Path
    drawings: int
    bytes: int


def write_explorer(
    store: Store, out: Path, options: ExplorerOptions, progress: Callable[[int], None] | None = None
) -> Written:
    """Writes the site into `out`, over an explorer that is there. progress: called with numbers of words.

    Raises ExplorerError where something else is there.
    """
    if out.exists() and not (out / MARKER).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise ExplorerError(f"{out}: expected a free place or an explorer to replace, found something else")
    folder = out.with_name(f".{out.name}.part")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "words").mkdir(parents=True)
    try:
        (folder / MARKER).touch()
        for name in PAGE:
            text = (files("gribouille") / "data" / "page" / name).read_text(encoding="utf-8")
            (folder / name).write_text(text.replace('lang="en"', f'lang="{options.language}"', 1), encoding="utf-8")
        drawings = _write_words(store, folder, options, progress)
        octets = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(out, ignore_errors=True)
        folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Written(out / INDEX, drawings, octets)


def _write_words(store: Store, folder: Path, options: ExplorerOptions, progress: Callable[[int], None] | None) -> int:
    """Writes words.js and the file of each word; the number of drawings in them."""
    reasons = _reasons(store)
    entries, drawings = [], 0
    for place, (word, translated, rows) in enumerate(
        zip(store.labels, french(store.labels), words(store), strict=True)
    ):
        some = sample(rows, options.per_word, options.seed)
        said = np.bincount(store.recognized[rows] + 1, minlength=3).tolist()  # not known, no, yes
        entries.append([word, translated, len(rows), len(some), *said[1:]])
        _write_script(folder / "words" / f"{place}.js", "word", {"place": place, **_sample_of(store, some, reasons)})
        drawings += len(some)
        if progress:
            progress(1)
    about = {"rows": len(store), "hash": store.hash, "seed": options.seed, "perWord": options.per_word}
    _write_script(folder / "words.js", "store", {**about, "words": entries})
    return drawings


def _sample_of(store: Store, rows: Rows, reasons: dict[int, str]) -> dict[str, Any]:
    """What is known about these rows, a list a field."""
    drawings = store.gather(rows)
    country = [store.countries[code] if code >= 0 else "" for code in store.country[rows]]
    names = sorted(set(country))
    moments = store.timestamp[rows]
    return {
        "row": rows.tolist(),
        "key": [str(key) if key else "" for key in keys_of(store, rows).tolist()],
        "recognized": "".join("?01"[value + 1] for value in store.recognized[rows].tolist()),
        "countries": names,
        "country": [names.index(name) for name in country],
        "day": [int(moment) // DAY if moment != NO_TIMESTAMP else None for moment in moments.tolist()],
        "marked": {index: reasons[row] for index, row in enumerate(rows.tolist()) if row in reasons},
        "size": np.diff(drawings.offsets).tolist(),
        "xy": base64.b64encode(drawings.points[:, :2].tobytes()).decode(),
        "pen": base64.b64encode(np.packbits(drawings.points[:, 2], bitorder="little").tobytes()).decode(),
    }


def _reasons(store: Store) -> dict[int, str]:
    """The reasons of each marked row, in one text."""
    found: dict[int, str] = {}
    if store.marks is not None:
        for row, reason in zip(store.marks.row.tolist(), store.marks.reason.tolist(), strict=True):
            name = store.marks.reasons[reason]
            found[row] = f"{found[row]}, {name}" if row in found else name
    return found


def _write_script(path: Path, kind: str, value: dict[str, Any]) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    path.write_text(f"gribouille.{kind}({text})\n", encoding="utf-8")
