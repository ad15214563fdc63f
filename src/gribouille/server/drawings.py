"""How others drew a word: some drawings of a store, over HTTP, in an order that stays the same.

In comes the folder of a store, out goes the route GET /api/v1/drawings. It reads with the laboratory's `Store`, so this
module is imported only where a server was given one. Of a word's drawings a few hundred can be leafed through: chosen at
random, but the same ones at every start, and none that Quick, Draw! is known not to have recognised, while there are others.
"""

from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
from anyio.to_thread import run_sync
from fastapi import FastAPI, HTTPException, Query, Response
from jaxtyping import Int64
from pydantic import BaseModel, Field

from gribouille.drawing import strokes_of
from gribouille.server.wire import ErrorAnswer
from gribouille.store import AnyStore, Selection, open_selected

DRAWINGS_URL = "/api/v1/drawings"
DEFAULT_COUNT = 12
MAX_COUNT = 24  # drawings in an answer: about 10 kB
SHOWN = 480  # drawings of a word that can be leafed through
MAX_PAGE = SHOWN - 1  # by ones
STREAM = 0x5407  # of the generator that chooses them
AN_HOUR = "public, max-age=3600"  # a store changes when its server is started with another


class StoredDrawing(BaseModel):
    """A drawing as it lies in the store: simplified, integers from 0 to 255."""

    strokes: list[list[list[int]]] = Field(description="One entry a stroke: [x…], [y…], y down.")
    countrycode: str | None = Field(description="Where it was drawn (ISO 3166-1 alpha-2); null where not known.")


class DrawingsAnswer(BaseModel):
    """Drawings of one word."""

    drawings: list[StoredDrawing]


class Showcase:
    """A store, and of each word asked for so far the rows that are shown."""

    def __init__(self, store: AnyStore) -> None:
        self.store = store
        self._rows: dict[str, Int64[np.ndarray, "shown"]] = {}

    def page(self, label: str, count: int, page: int) -> list[StoredDrawing]:
        """The drawings `page · count` and following of a label; none past the last one. Raises ValueError for no label of it."""
        if label not in self._rows:
            self._rows[label] = shown_rows(self.store, label)
        rows = self._rows[label][page * count :][:count]
        drawings, countries = self.store.gather(rows), self.store.countrycodes(rows)
        return [
            StoredDrawing(strokes=strokes_of(drawing), countrycode=country)
            for drawing, country in zip(drawings, countries, strict=True)
        ]


def shown_rows(store: AnyStore, label: str) -> Int64[np.ndarray, "shown"]:
    """At most SHOWN rows of a label, in the order that they are shown in. Raises ValueError for no label of the store."""
    if label not in store.labels:
        raise ValueError(f"label: expected a word of this server's store, found {label!r}")
    index = store.labels.index(label)
    rows = np.flatnonzero(store.label == index)
    recognized = rows[store.recognized[rows] != 0]
    shuffled = np.random.default_rng([STREAM, index]).permutation(recognized if len(recognized) else rows)
    return np.asarray(shuffled[:SHOWN])


def add_drawings(app: FastAPI, folder: Path, where: str = "") -> None:
    """Adds the route that shows the drawings of this store for which `where` holds. Raises StoreError where the folder is
    none, SelectionError."""
    showcase = Showcase(open_selected(folder, Selection(where)))

    @app.get(DRAWINGS_URL, responses={404: {"model": ErrorAnswer}, 422: {"model": ErrorAnswer}})
    async def drawings(
        response: Response,
        label: Annotated[str, Query(description="English word.")],
        count: Annotated[int, Query(ge=1, le=MAX_COUNT)] = DEFAULT_COUNT,
        page: Annotated[int, Query(ge=0, le=MAX_PAGE)] = 0,
    ) -> DrawingsAnswer:
        """Drawings of a word, `count` at a time; an empty page follows the last one."""
        try:
            shown = await run_sync(partial(showcase.page, label, count, page))
        except ValueError as error:
            raise HTTPException(404, str(error)) from error
        response.headers["Cache-Control"] = AN_HOUR
        return DrawingsAnswer(drawings=shown)
