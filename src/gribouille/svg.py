"""SVG pictures, in and out: the lines of a picture as strokes, a drawing as a picture with one path a stroke.

Read are path, polyline, polygon, line, rect, circle and ellipse in their groups and transforms, whatever their look; a
filled shape gives its outline, and a rectangle without a line that goes around everything is the paper. What they give is
raw: it goes through `canonical`. Paths are parsed by svg.path; XML by the standard library's expat, without entities.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, cos, hypot, isfinite, radians, sin, sqrt, tan
from pathlib import Path
from typing import NamedTuple, TypeAlias
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from svg.path import Arc, Close, CubicBezier, Move, QuadraticBezier, parse_path
from svg.path import Path as Segments

from gribouille.drawing import MAX_POINTS, SIDE, Drawing, Strokes, Times, split_strokes

MAX_BYTES = 1_000_000  # of a picture, as on the page
TOLERANCE = 1 / 8  # units (1/255 of the drawing's longer side) that a curve may part from its points
GLANCE = 16  # points of a curve that tell how large the drawing is
AIR = 10  # units around a written drawing
LINE_WIDTH = 4  # units
NAMESPACE = "http://www.w3.org/2000/svg"
GROUPS = {"svg", "g", "a", "switch"}
PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}  # CSS

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
LENGTH = re.compile(rf"\s*({NUMBER})(px|pt|pc|mm|cm|in|)\s*")
TRANSFORM = re.compile(r"\s*,?\s*(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^()]*)\)")
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

REPLACEMENT = "\ufffd"

Matrix: TypeAlias = tuple[float, float, float, float, float, float]  # x' = a·x + c·y + e, y' = b·x + d·y + f
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class SvgError(ValueError):
    """A file that is no SVG picture with lines; the message names it, what was expected and what was found."""


class Picture(NamedTuple):
    """What a picture holds: its strokes in its own unit, with t where every one has it, and its title."""

    strokes: Strokes
    title: str | None


@dataclass(frozen=True)
class Shape:
    """A path and where it lies."""

    segments: Segments
    matrix: Matrix
    times: tuple[float, ...]  # ms, of a path that this project wrote
    is_paper: bool  # a rectangle without a line


def read_svg(path: Path) -> Picture:
    """The strokes and the title of a picture. Raises SvgError, OSError."""
    with path.open("rb") as file:
        return parse_svg(file.read(MAX_BYTES + 1), str(path))


def parse_svg(content: bytes, name: str) -> Picture:
    """The strokes and the title of a picture's text; `name` is for messages. Raises SvgError."""
    if len(content) > MAX_BYTES:
        raise SvgError(f"{name}: expected a picture of at most {MAX_BYTES} bytes, found more")
    reader = _Reader()
    try:
        reader.read(content)
        strokes = _strokes(reader.shapes)
    except expat.ExpatError as error:
        raise SvgError(f"{name}: expected SVG, found damaged XML ({error})") from error
    except SvgError as error:
        raise SvgError(f"{name}: {error}") from error
    return Picture(strokes, " ".join("".join(reader.title).split()) or None)


class _Reader:
    """Walks the elements and keeps the shapes and the picture's title."""

    def __init__(self) -> None:
        self.shapes: list[Shape] = []
        self.title: list[str] = []
        self._open: list[tuple[Matrix, bool]] = []  # of the groups around: the transform, and whether lines are drawn
        self._skipped = 0  # depth inside an element that is not looked into
        self._in_title = False

    def read(self, content: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = _refuse_entity
        parser.Parse(content, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, tag = name.rpartition(" ")
        if not self._open and not self._skipped and (tag != "svg" or namespace not in ("", NAMESPACE)):
            raise SvgError(f"expected SVG, found XML that begins with <{tag[:40]}>")
        if self._skipped:
            self._skipped += 1
            return
        self._in_title = tag == "title" and len(self._open) == 1
        style = _style(attributes)
        if namespace not in ("", NAMESPACE) or style.get("display") == "none":
            self._skipped = 1
            return
        if tag == "use":
            raise SvgError(
                "expected shapes, found a <use>, which repeats one from elsewhere: expand it in a drawing program"
            )
        if tag == "svg" and self._open and attributes.keys() & {"x", "y", "width", "height", "viewBox"}:
            raise SvgError("expected one picture, found an <svg> with a place of its own inside another")
        around, has_line = self._open[-1] if self._open else (IDENTITY, False)
        matrix = _product(around, _transform(attributes.get("transform", "")))
        has_line = style["stroke"] != "none" if "stroke" in style else has_line
        if tag in GROUPS:
            self._open.append((matrix, has_line))
            return
        path = _path(tag, attributes)
        if path:
            times = tuple(_numbers(attributes.get("data-t", "")))
            self.shapes.append(Shape(_segments(path), matrix, times, tag == "rect" and not has_line))
        self._skipped = 1

    def _end(self, _: str) -> None:
        self._in_title = False
        if self._skipped:
            self._skipped -= 1
        else:
            self._open.pop()

    def _text(self, text: str) -> None:
        if self._in_title:
            self.title.append(text)


def _refuse_entity(name: str, *_: object) -> None:
    raise SvgError(f"expected SVG without entities of its own, found a definition of &{name[:40]};")


def _style(attributes: dict[str, str]) -> dict[str, str]:
    """The properties that matter here: an inline style goes before an attribute."""
    declared = (declaration.partition(":") for declaration in attributes.get("style", "").split(";"))
    return {name: attributes[name] for name in ("stroke", "display") if name in attributes} | {
        name.strip(): value.strip() for name, _, value in declared
    }


def _path(tag: str, attributes: dict[str, str]) -> str:
    """Any shape as the text of a path; empty where it is none, or has no size."""
    if tag == "path":
        return attributes.get("d", "").strip()
    if tag in ("polyline", "polygon"):
        numbers = _numbers(attributes.get("points", ""))
        pairs = " ".join(f"{number!r}" for number in numbers[: len(numbers) // 2 * 2])
        return f"M{pairs}{'Z' if tag == 'polygon' else ''}" if pairs else ""

    def length(name: str) -> float:
        return _length(tag, name, attributes.get(name, "0"))

    if tag == "line":
        return f"M{length('x1')!r} {length('y1')!r}L{length('x2')!r} {length('y2')!r}"
    if tag == "rect":
        return _rectangle(length, attributes)
    if tag in ("circle", "ellipse"):
        x, y = length("cx"), length("cy")
        rx, ry = (length("r"), length("r")) if tag == "circle" else (length("rx"), length("ry"))
        if rx <= 0 or ry <= 0:
            return ""
        arc = f"A{rx!r} {ry!r} 0 0 1"
        return f"M{x + rx!r} {y!r}{arc} {x - rx!r} {y!r}{arc} {x + rx!r} {y!r}Z"
    return ""


def _rectangle(length: Callable[[str], float], attributes: dict[str, str]) -> str:
    x, y, width, height = (length(name) for name in ("x", "y", "width", "height"))
    if width <= 0 or height <= 0:
        return ""
    rx = length("rx" if "rx" in attributes else "ry")  # one stands for both
    ry = length("ry" if "ry" in attributes else "rx")
    rx, ry = min(rx, width / 2), min(ry, height / 2)
    if rx <= 0 or ry <= 0:
        return f"M{x!r} {y!r}h{width!r}v{height!r}h{-width!r}Z"
    across, down, arc = width - 2 * rx, height - 2 * ry, f"a{rx!r} {ry!r} 0 0 1"
    return (
        f"M{x + rx!r} {y!r}h{across!r}{arc} {rx!r} {ry!r}v{down!r}{arc} {-rx!r} {ry!r}"
        f"h{-across!r}{arc} {-rx!r} {-ry!r}v{-down!r}{arc} {rx!r} {-ry!r}Z"
    )


def _length(tag: str, name: str, text: str) -> float:
    """CSS pixels."""
    found = LENGTH.fullmatch(text)
    if not found:
        raise SvgError(f"expected a length, found {name}={text[:40]!r} in <{tag}>")
    return float(found[1]) * PIXELS[found[2]]


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(NUMBER, text)]


def _segments(path: str) -> Segments:
    """The segments of a path's text. svg.path's own complaints quote the text whole and are of many types."""
    try:
        if path[0] not in "Mm":
            raise ValueError("no move")
        return parse_path(path)
    except (ValueError, ArithmeticError, AssertionError, IndexError, AttributeError, TypeError) as error:
        raise SvgError(f"expected a path, found {path[:60]!r}") from error


def _transform(text: str) -> Matrix:
    """A list of transforms as one matrix."""
    matrix, at = IDENTITY, 0
    while found := TRANSFORM.match(text, at):
        matrix = _product(matrix, _one_transform(found[1], _numbers(found[2])))
        at = found.end()
    if text[at:].strip():
        raise SvgError(f"expected transforms, found {text[at : at + 60]!r}")
    return matrix


def _one_transform(kind: str, numbers: list[float]) -> Matrix:
    match kind, numbers:
        case "matrix", [a, b, c, d, e, f]:
            return (a, b, c, d, e, f)
        case "translate", [x, *rest] if len(rest) < 2:
            return (1.0, 0.0, 0.0, 1.0, x, rest[0] if rest else 0.0)
        case "scale", [x, *rest] if len(rest) < 2:
            return (x, 0.0, 0.0, rest[0] if rest else x, 0.0, 0.0)
        case "rotate", [angle]:
            s, c = sin(radians(angle)), cos(radians(angle))
            return (c, s, -s, c, 0.0, 0.0)
        case "rotate", [angle, x, y]:
            turned = _product((1.0, 0.0, 0.0, 1.0, x, y), _one_transform("rotate", [angle]))
            return _product(turned, (1.0, 0.0, 0.0, 1.0, -x, -y))
        case "skewX", [angle]:
            return (1.0, 0.0, tan(radians(angle)), 1.0, 0.0, 0.0)
        case "skewY", [angle]:
            return (1.0, tan(radians(angle)), 0.0, 1.0, 0.0, 0.0)
    raise SvgError(f"expected a transform, found {kind} of {len(numbers)} numbers")


def _product(outer: Matrix, inner: Matrix) -> Matrix:
    """The transform that does `inner` first."""
    a, b, c, d, e, f = outer
    g, h, i, j, k, m = inner
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * m + e, b * k + d * m + f)


def _moved(matrix: Matrix, point: complex) -> complex:
    a, b, c, d, e, f = matrix
    return complex(a * point.real + c * point.imag + e, b * point.real + d * point.imag + f)


def _strokes(shapes: list[Shape]) -> Strokes:
    """The strokes of the shapes but the paper's, curves as points within TOLERANCE."""
    looks = [list(_glance(shape)) for shape in shapes]
    whole = _extent([point for look in looks for point in look])
    drawn = [
        shape
        for shape, look in zip(shapes, looks, strict=True)
        if len(shapes) == 1 or not (shape.is_paper and _covers(_extent(look), whole))
    ]
    if not all(isfinite(point.real) and isfinite(point.imag) for look in looks for point in look):
        raise SvgError("expected finite coordinates, found others")
    unit = max(whole) / SIDE
    lines: list[list[complex]] = []
    times: list[tuple[float, ...]] = []
    points = 0
    for shape in drawn:
        found = []
        for line in _lines(shape, unit * TOLERANCE):
            points += len(line)
            if points > MAX_POINTS:
                raise SvgError(f"expected at most {MAX_POINTS} points, found more")
            found.append(line)
        lines += found
        if len(found) == 1 and len(shape.times) == 1 and found[0] == found[0][:1] * 2:
            found[0].pop()  # a dot
        times += [shape.times if len(found) == 1 and len(shape.times) == len(found[0]) else ()] * len(found)
    if not lines:
        raise SvgError("expected lines, found none")
    strokes: list[list[list[float]]] = [[[p.real for p in line], [p.imag for p in line]] for line in lines]
    together = [time for stroke in times for time in stroke]
    if all(times) and together == sorted(together):
        return [[x, y, list(t)] for (x, y), t in zip(strokes, times, strict=True)]
    return strokes


def _glance(shape: Shape) -> Iterator[complex]:
    for segment in shape.segments:
        if not isinstance(segment, Move):
            steps = GLANCE if isinstance(segment, CubicBezier | QuadraticBezier | Arc) else 1
            for step in range(steps + 1):
                yield _moved(shape.matrix, segment.point(step / steps))


def _extent(points: list[complex]) -> tuple[float, float]:
    if not points:
        return 0.0, 0.0
    x, y = [point.real for point in points], [point.imag for point in points]
    return max(x) - min(x), max(y) - min(y)


def _covers(extent: tuple[float, float], whole: tuple[float, float]) -> bool:
    """Whether something goes around everything, as far as rounding lets one tell."""
    return extent[0] >= 0.99 * whole[0] and extent[1] >= 0.99 * whole[1]


def _lines(shape: Shape, tolerance: float) -> Iterator[list[complex]]:
    """The points of the shape's strokes; a new one starts at each move and after each close."""
    line: list[complex] = []
    for segment in shape.segments:
        if isinstance(segment, Move):
            if line:
                yield line
            line = []
            continue
        if not line:
            line = [_moved(shape.matrix, segment.start)]
        steps = _steps(segment, shape.matrix, tolerance)
        if steps + len(line) > MAX_POINTS:
            raise SvgError(f"expected at most {MAX_POINTS} points, found more")
        line += [_moved(shape.matrix, segment.point(step / steps)) for step in range(1, steps)]
        line.append(_moved(shape.matrix, segment.end))
        if isinstance(segment, Close):
            yield line
            line = []
    if line:
        yield line


def _steps(segment: object, matrix: Matrix, tolerance: float) -> int:
    """In how many equal steps of its parameter a segment stays within `tolerance` of its chords.

    A curve parts from a chord by at most step²/8 times its second derivative.
    """
    if isinstance(segment, CubicBezier):
        a, b, c, d = (_moved(matrix, p) for p in (segment.start, segment.control1, segment.control2, segment.end))
        bend = 6 * max(abs(a - 2 * b + c), abs(b - 2 * c + d))
    elif isinstance(segment, QuadraticBezier):
        a, b, c = (_moved(matrix, p) for p in (segment.start, segment.control, segment.end))
        bend = 2 * abs(a - 2 * b + c)
    elif isinstance(segment, Arc) and hasattr(segment, "delta"):  # without: no size, or a line
        largest = max(segment.radius.real, segment.radius.imag) * segment.radius_scale
        bend = radians(segment.delta) ** 2 * largest * hypot(*matrix[:4])
    else:
        return 1
    if tolerance == 0:
        return 1
    parts = sqrt(bend / (8 * tolerance))
    return max(1, ceil(parts)) if parts <= MAX_POINTS else MAX_POINTS + 1  # so that the caller refuses it


def svg_text(drawing: Drawing, title: str | None = None, times: Times | None = None) -> str:
    """A drawing as an SVG picture of its own size, in its own unit: black lines without paper.

    Times (ms, one a point) go into `data-t`, which other programs leave alone and `parse_svg` reads.
    """
    width, height = (int(side) + 2 * AIR for side in drawing[:, :2].max(axis=0))
    lines = [
        f'<svg xmlns="{NAMESPACE}" viewBox="{-AIR} {-AIR} {width} {height}" width="{width}" height="{height}" '
        f'fill="none" stroke="#000" stroke-width="{LINE_WIDTH}" stroke-linecap="round" stroke-linejoin="round">'
    ]
    if title:
        lines.append(f"<title>{escape(NOT_XML.sub(REPLACEMENT, title))}</title>")
    begin = 0
    for stroke in split_strokes(drawing):
        d = "M" + "L".join(f"{x} {y}" for x, y, _ in stroke.tolist())
        d += (
            "h0" if len(stroke) == 1 else ""
        )  # a line of no length is a dot where caps are round, a mere move is nothing
        end = begin + len(stroke)
        timed = "" if times is None else f" data-t={quoteattr(' '.join(map(str, times[begin:end].tolist())))}"
        lines.append(f'<path d="{d}"{timed}/>')
        begin = end
    return "\n".join([*lines, "</svg>\n"])


def write_svg(drawing: Drawing, path: Path, title: str | None = None, times: Times | None = None) -> None:
    """Writes `svg_text` to a file."""
    path.write_text(svg_text(drawing, title, times), encoding="utf-8", newline="\n")
