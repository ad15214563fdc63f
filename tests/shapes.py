"""Synthetic drawings of a few shapes, and a store of them, for tests that must not need the shared data."""

import json
from pathlib import Path

import numpy as np

from gribouille.ingest import IngestOptions, ingest
from gribouille.store import Store

SHAPES = {
    "circle": [[(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 24)]],
    "cross": [[(-1, -1), (1, 1)], [(-1, 1), (1, -1)]],
    "square": [[(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]],
    "zigzag": [[(-1, 0), (-0.5, 1), (0, -1), (0.5, 1), (1, 0)]],
}


def records(per_shape: int, seed: int = 0) -> list[dict]:
    """Raw records of slightly wobbly shapes at random places and sizes; one in ten is not recognized."""
    generator = np.random.default_rng(seed)
    drawn = []
    for word, strokes in SHAPES.items():
        for index in range(per_shape):
            middle, size = generator.uniform(100, 400, 2), generator.uniform(40, 120, 2)
            drawing, clock = [], 0.0
            for stroke in strokes:
                xy = middle + size * np.array(stroke) + generator.normal(0, 2, (len(stroke), 2))
                t = clock + 40.0 * np.arange(len(stroke))
                clock = t[-1] + 200
                drawing.append([*xy.T.tolist(), t.tolist()])
            key = str(seed * 10**6 + len(drawn) + 1)
            drawn.append(
                {"word": word, "countrycode": "FR", "timestamp": "2017-03-14 13:03:18.04521 UTC"}
                | {"recognized": index % 10 != 9, "key_id": key, "drawing": drawing}
            )
    return drawn


def store_of_shapes(folder: Path, per_shape: int, seed: int = 0) -> Store:
    """A store of `records`, made in `folder`."""
    source = folder / "shapes.ndjson"
    source.write_text("".join(json.dumps(record) + "\n" for record in records(per_shape, seed)))
    ingest([source], folder / "store", IngestOptions(any_word=True))
    return Store.open(folder / "store")
