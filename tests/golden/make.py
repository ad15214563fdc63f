"""Writes raw.json (from ../shared/data), canonical.json (from it and awkward strokes) and raster.json (pictures of a few).

Run once, by hand: `python tests/golden/make.py`. house.json is the poster's house, house28.json its picture of
28 px, checked by eye. Other runtimes (the page's canonical.ts and raster.ts) must reproduce canonical.json and raster.json
exactly.
"""

import base64
import gzip
import json
import zlib
from pathlib import Path

import numpy as np

from gribouille.drawing import Drawing, Drawings, Strokes, canonical, drawing_of
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec

GOLDEN = Path(__file__).parent
PICTURED = ("cat", "snowman", "bicycle")  # in raster.json
SHARED = GOLDEN.parents[2] / "shared" / "data" / "raw"
WORDS = [
    "bicycle",
    "cat",
    "cloud",
    "clock",
    "eye",
    "face",
    "fish",
    "house",
    "ladder",
    "snowman",
    "star",
    "The Eiffel Tower",
]


def real_drawings() -> list[dict]:
    """One recognised raw drawing a word, the first of its file."""
    records = []
    for word in WORDS:
        with gzip.open(SHARED / f"{word}.ndjson.gz") as lines:
            record = next(row for row in map(json.loads, lines) if row["recognized"])
        records.append({"word": word, "key_id": record["key_id"], "strokes": record["drawing"]})
    return records


def awkward_strokes() -> list[Strokes]:
    """Dots, repeated points, closed and straight strokes, tiny and huge units, half-way roundings, random walks."""
    generator = np.random.default_rng(20261123)
    cases: list[Strokes] = [
        [[[5], [7]]],
        [[[5, 5, 5], [7, 7, 7]]],
        [[[0, 10], [0, 0]]],
        [[[0, 10], [0, 0]], [[4], [9]]],
        [[[0, 4, 4, 0, 0], [0, 0, 4, 4, 0]]],
        [[[1e-6, 3e-6, 2e-6], [0, 1e-6, 5e-6]]],
        [[[1e7, 1.5e7, 3e7], [-2e7, 0, 1e7]]],
        [[[0, 510], [0, 1]], [[255, 1, 3, 5], [0, 1, 3, 5]]],
        [[[0, 3, 3, 3, 6], [0, 4, 4, 4, 8]]],
    ]
    for size in (2, 3, 5, 17, 60, 200):
        for _ in range(4):
            walk = generator.normal(0, 9, (size, 2)).cumsum(axis=0)
            cut = size // 2
            strokes = [walk, walk + 30] if size < 3 else [walk[:cut], walk[cut:]]
            cases.append([stroke.T.tolist() for stroke in strokes])
    return cases


def pictured(records: list[dict]) -> dict[str, Drawing]:
    """What raster.json shows, by name: dots, a line, the house, a scribble, three real drawings."""
    generator = np.random.default_rng(20261125)
    scribble = generator.integers(0, 256, (30, 3))
    scribble[:, 2] = np.arange(30) % 7 > 0
    real = {record["word"]: canonical(record["strokes"]) for record in records if record["word"] in PICTURED}
    return {
        "a dot": canonical([[[5], [7]]]),
        "two dots": canonical([[[0], [0]], [[30], [9]]]),
        "a level line and a dot": canonical([[[0, 10], [0, 0]], [[4], [9]]]),
        "the poster's house": drawing_of(json.loads((GOLDEN / "house.json").read_text())),
        "a scribble": scribble.astype(np.uint8),
        **real,
    }


def packed(picture: np.ndarray) -> str:
    """Base64 of a picture's deflated little-endian float32."""
    return base64.b64encode(zlib.compress(picture.astype("<f4").tobytes(), 9)).decode()


def raster_vectors(records: list[dict]) -> dict:
    """The numba kernel's pictures of `pictured` at 28 px, three channels."""
    drawings = pictured(records)
    spec = RasterSpec.of_side(28)
    pictures = rasterise(Drawings.of(list(drawings.values())), spec)
    rows = zip(drawings.items(), pictures, strict=True)
    named = [
        {"name": name, "drawing": drawing.tolist(), "picture": packed(picture)} for (name, drawing), picture in rows
    ]
    return {"spec": spec.to_dict(), "pictures": named}


def main() -> None:
    """Write the three files."""
    records = real_drawings()
    (GOLDEN / "raw.json").write_text(json.dumps(records, separators=(",", ":")) + "\n")
    cases = [record["strokes"] for record in records] + awkward_strokes()
    vectors = [{"strokes": strokes, "drawing": canonical(strokes).tolist()} for strokes in cases]
    (GOLDEN / "canonical.json").write_text(json.dumps(vectors, separators=(",", ":")) + "\n")
    (GOLDEN / "raster.json").write_text(json.dumps(raster_vectors(records), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
