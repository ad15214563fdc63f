"""Small stores of known drawings, for tests of what `gribouille data` finds in them."""

import json
from pathlib import Path

import numpy as np

from gribouille.ingest import IngestOptions, ingest
from gribouille.store import Store

WORDS = ("cat", "house", "sword")  # chat, maison, épée
COUNTRIES = ("FR", "US", None, "DE")


def wobbly(seed: int, points: int = 14) -> list[list[list[int]]]:
    """Two strokes of a wobbly closed line that fills its box, by the seed."""
    generator = np.random.default_rng(seed)
    angles = np.linspace(0, 2 * np.pi, points)
    radius = 100 + generator.uniform(-30, 25, points)
    x, y = (128 + radius * np.cos(angles)).astype(int), (128 + radius * np.sin(angles)).astype(int)
    half = points // 2
    return [[x[:half].tolist(), y[:half].tolist()], [x[half:].tolist(), y[half:].tolist()]]


def scribble(seed: int, lines: int = 60) -> list[list[list[int]]]:
    """One stroke to and fro over the whole box."""
    generator = np.random.default_rng(seed)
    x = np.where(np.arange(lines) % 2, 255, 0)
    return [[x.tolist(), generator.integers(0, 256, lines).tolist()]]


def drawn(row: int, word: str, drawing: list[list[list[int]]], **more: object) -> dict[str, object]:
    """A record whose other fields depend on its row."""
    return {
        "word": word,
        "countrycode": COUNTRIES[row % len(COUNTRIES)],
        "timestamp": None if row % 5 == 4 else f"2017-{1 + row % 3:02}-{1 + row % 28:02} 11:50:17.00186 UTC",
        "recognized": (True, True, False, None)[row % 7 % 4],
        "key_id": None if row % 6 == 5 else str(5_000_000_000_000_000 + row),
        "drawing": drawing,
    } | more


def ordinary(per_word: int) -> list[dict[str, object]]:
    """So many different drawings of each word, word by word."""
    words = [word for word in WORDS for _ in range(per_word)]
    return [drawn(row, word, wobbly(row)) for row, word in enumerate(words)]


def store_of(folder: Path, records: list[dict[str, object]], part_rows: int = 64) -> Store:
    """A store of these records, row i being record i, in several parts."""
    source = folder / "drawn.ndjson"
    source.write_text("".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records))
    ingest([source], folder / "store", IngestOptions(part_rows=part_rows, any_word=True, keep_duplicates=True))
    return Store.open(folder / "store")
