"""A store without its marked rows, as a new one: for who wants the room back, or to hand it on.

The store that it comes from stays as it is, with its marks; what is dropped is told by reason in the new card.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from gribouille.store import Card, Store, StoreError
from gribouille.store.card import QUARANTINE_NAME, write_card
from gribouille.store.parts import Written, contents_of
from gribouille.store.rewriting import written_without


def drop(path: Path, out: Path, progress: Callable[[int], None] = lambda rows: None) -> Card:
    """Writes the store's rows that have no mark to `out`; the new card.

    progress: called with numbers of rows looked at. Raises StoreError where there is no store, no mark, something at `out`,
    or where every row is marked; then nothing is written.
    """
    store = Store.open(path)
    marked = np.zeros(0, np.int64) if store.marks is None else np.unique(store.marks.row)
    if not 0 < len(marked) < len(store):
        raise StoreError(
            f"{path}: expected some rows with a mark and some without, found {len(marked)} of {len(store)}"
        )
    if out.exists():
        raise StoreError(f"{out}: expected a free place for the store, found something there")
    folder = out.with_name(f".{out.name}.part")
    folder.mkdir(parents=True)  # exists: another one is at work there, or was killed
    try:
        card = _written(store, marked, folder, progress)
        folder.rename(out)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return card


def _written(store: Store, marked: np.ndarray, folder: Path, progress: Callable[[int], None]) -> Card:
    times = {Path(part.name).name: part for part in store.card.times}
    parts: list[Written] = []
    start = 0
    for part in store.card.drawings:
        ours = marked[(marked >= start) & (marked < start + part.rows)] - start
        parts += written_without(store.path, part, times.get(Path(part.name).name), ours, folder)
        start += part.rows
        progress(part.rows)
    sources = tuple(
        replace(source, start=source.start - before, stop=source.stop - through)
        for source in store.card.sources
        for before, through in [np.searchsorted(marked, [source.start, source.stop]).tolist()]
    )
    assert store.marks is not None
    card = replace(store.card, **contents_of(parts), sources=sources, dropped=store.marks.counts())
    if (store.path / QUARANTINE_NAME).is_file():
        shutil.copyfile(store.path / QUARANTINE_NAME, folder / QUARANTINE_NAME)
    write_card(card, folder)
    return card
