"""How fast drawings become pictures on one thread: our kernel beside OpenCV and cairo, same drawings, same run.

    taskset -c 0 python benchmarks/raster.py [--drawings 2000] [--rounds 15]

Real simplified drawings of ../shared/data where it lies beside the checkout, else the golden ones again and again. Ours
gives float32 with the exact distance to every segment; the peers give uint8, antialiased, with coordinates already
placed (placing is counted in ours only). A round draws all the drawings by every means in turn; the figures are over rounds.
"""

import argparse
import gzip
import json
import time
from collections.abc import Callable

import cairocffi as cairo
import cv2
import numpy as np
from provenance import REPOSITORY, provenance

from gribouille.drawing import Drawing, Drawings, canonical, drawing_of
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec

SHIFT = 4  # fractional bits of OpenCV's fixed-point coordinates
Lines = list[np.ndarray]  # one drawing: float32 [points, 2] in px for each stroke


def drawings_of(count: int) -> tuple[list[Drawing], str]:
    """`count` drawings, and where they come from."""
    simplified = REPOSITORY.parent / "shared" / "data" / "simplified"
    files = sorted(simplified.glob("*.ndjson.gz"))
    if not files:
        records = json.loads((REPOSITORY / "tests" / "golden" / "raw.json").read_text())
        golden = [canonical(record["strokes"]) for record in records]
        return [golden[n % len(golden)] for n in range(count)], f"{len(golden)} golden drawings repeated"
    drawings: list[Drawing] = []
    for path in files:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            each = -(-count // len(files))
            drawings += [drawing_of(json.loads(line)["drawing"]) for _, line in zip(range(each), lines, strict=False)]
    return drawings[:count], f"real simplified drawings of {len(files)} words"


def placed(drawing: Drawing, spec: RasterSpec) -> Lines:
    """The strokes in px, as `spec` places them."""
    xy = drawing[:, :2].astype(np.float32)
    xy -= xy.min(0)
    xy *= spec.span / max(xy.max(), 1)
    xy += (spec.side - xy.max(0)) / 2
    return np.split(xy, np.flatnonzero(drawing[:, 2] == 0)[1:])


def fixed(lines: Lines) -> list[np.ndarray]:
    """OpenCV's coordinates: int32 with SHIFT fractional bits, pixel centres at whole numbers."""
    return [np.round((stroke - 0.5) * 2**SHIFT).astype(np.int32) for stroke in lines]


def by_opencv(drawings: list[list[np.ndarray]], spec: RasterSpec) -> None:
    """Ink only: one call a drawing."""
    for lines in drawings:
        image = np.zeros((spec.side, spec.side), np.uint8)
        cv2.polylines(image, lines, False, 255, round(spec.line_width), cv2.LINE_AA, SHIFT)


def by_opencv_channels(drawings: list[list[np.ndarray]], spec: RasterSpec) -> None:
    """Ink, time and stroke as colours: one call a segment, since each has its own time (constant along it)."""
    for lines in drawings:
        image = np.zeros((spec.side, spec.side, 3), np.uint8)
        steps = [np.hypot(*np.diff(stroke, axis=0).T) for stroke in lines]
        whole, walked = sum(step.sum() for step in steps) or 1, 0.0
        for n, (stroke, step) in enumerate(zip(lines, steps, strict=True)):
            points = stroke.tolist()
            for a, b, length in zip(points, points[1:], step.tolist(), strict=False):
                walked += length
                colour = (255, 255 * walked / whole, 255 * (n + 1) / len(lines))
                cv2.line(image, a, b, colour, round(spec.line_width), cv2.LINE_AA, SHIFT)


def by_cairo(drawings: list[Lines], spec: RasterSpec) -> None:
    """Ink only, round caps and joins, the context made once."""
    surface = cairo.ImageSurface(cairo.FORMAT_A8, spec.side, spec.side)
    context = cairo.Context(surface)
    context.set_line_width(spec.line_width)
    context.set_line_cap(cairo.LINE_CAP_ROUND)
    context.set_line_join(cairo.LINE_JOIN_ROUND)
    for lines in drawings:
        context.set_operator(cairo.OPERATOR_CLEAR)
        context.paint()
        context.set_operator(cairo.OPERATOR_OVER)
        for stroke in lines:
            points = stroke.tolist()
            context.move_to(*points[0])
            for x, y in points:
                context.line_to(x, y)
        context.stroke()
        surface.flush()


def ways(drawings: list[Drawing], side: int) -> dict[str, Callable[[], object]]:
    """What is timed, by name, everything prepared."""
    spec, ink = RasterSpec.of_side(side), RasterSpec.of_side(side, ("ink",))
    batch = Drawings.of(drawings)
    pictures, planes = rasterise(batch, spec), rasterise(batch, ink)
    lines = [placed(drawing, spec) for drawing in drawings]
    fixed_lines = [fixed(strokes) for strokes in lines]
    return {
        "gribouille, ink + time + stroke": lambda: rasterise(batch, spec, pictures),
        "gribouille, ink": lambda: rasterise(batch, ink, planes),
        "OpenCV line, ink + time + stroke": lambda: by_opencv_channels(fixed_lines, spec),
        "OpenCV polylines, ink": lambda: by_opencv(fixed_lines, spec),
        "cairo, ink": lambda: by_cairo(lines, spec),
    }


def timed(way: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawings", type=int, default=2000, help="drawings a round")
    parser.add_argument("--rounds", type=int, default=15, help="rounds that count, after one that does not")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    drawings, origin = drawings_of(options.drawings)
    points = np.mean([len(drawing) for drawing in drawings])
    print(provenance("numpy", "numba", "opencv-python-headless", "cairocffi"), f"cairo {cairo.cairo_version_string()}")
    print(f"{len(drawings)} {origin}, {points:.0f} points each on average; n = {options.rounds} rounds; one thread")
    for side in (64, 128):
        prepared = ways(drawings, side)
        rounds = [{name: timed(way) for name, way in prepared.items()} for _ in range(options.rounds + 1)][1:]
        for name in prepared:
            each = np.array([seconds[name] for seconds in rounds]) / len(drawings) * 1e6
            p50, p95 = np.percentile(each, [50, 95])
            print(f"{side:>4} px  {name:<34} {1e6 / p50:>9,.0f} images/s   p50 {p50:>7.1f} µs   p95 {p95:>7.1f} µs")


if __name__ == "__main__":
    main()
