"""Lines of NDJSON, one at a time, and SVG pictures, for the shop: text in, drawings with their word out.

The laboratory reads millions of them with a kernel of its own (`formats.ndjson`); this is for a handful, with the
standard library alone. Both take Quick, Draw!'s simplified and raw form and tell them apart record by record.
"""

import gzip
import json
import sys
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from gribouille.drawing import SIDE, Drawing, StrokesError, canonical, drawing_of
from gribouille.svg import read_svg

STDIN = "-"
GZIP_MAGIC = b"\x1f\x8b"
HEAD_BYTES = 512  # of a file: SVG begins with "<" after white space at most, which no line of NDJSON does


class LineError(ValueError):
    """A line that holds no drawing; the message names file, line, what was expected and what was found."""


class Line(NamedTuple):
    """A drawing and the word it was drawn for, where that is known."""

    word: str | None
    drawing: Drawing


def read_lines(source: str) -> Iterator[Line]:
    """The drawings of an NDJSON file (gzip too), the one of an SVG picture, or the lines of standard input for "-".

    Raises LineError, SvgError, StrokesError, OSError.
    """
    name = "standard input" if source == STDIN else source
    head = b"" if source == STDIN else _head(Path(source))
    if head.removeprefix(BOM_UTF8).lstrip().startswith(b"<"):
        yield picture(Path(source))
        return
    try:
        with _open(source, head.startswith(GZIP_MAGIC) or source.endswith(".gz")) as lines:
            yield from parse_lines(lines, name)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise LineError(f"{name}: expected a whole gzip file, found a damaged one ({error})") from error
    except UnicodeDecodeError as error:
        raise LineError(f"{name}: expected lines of UTF-8 text ({error})") from error


def picture(path: Path) -> Line:
    """The drawing of an SVG picture; its word is the picture's title. Raises SvgError, StrokesError, OSError."""
    strokes, title = read_svg(path)
    return Line(title, canonical(strokes))


def parse_lines(lines: Iterable[str], source: str) -> Iterator[Line]:
    """The drawings of some lines, blank ones left out; `source` names them in a LineError."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _line(json.loads(line))
        except json.JSONDecodeError as error:
            raise LineError(f'{source}, line {number}: expected a record {{"drawing": …}} as JSON ({error})') from error
        except (ValueError, RecursionError) as error:
            raise LineError(f"{source}, line {number}: {error}") from error


def _line(fields: object) -> Line:
    if not isinstance(fields, dict) or not isinstance(fields.get("drawing"), list):
        raise ValueError('expected a record {"drawing": [[[x…], [y…]], …], …}')
    strokes = fields["drawing"]
    word = fields.get("word")
    drawing = canonical(_untimed(strokes)) if _is_raw(strokes) else drawing_of(strokes)
    return Line(word if isinstance(word, str) else None, drawing)


def _is_raw(strokes: Any) -> bool:
    """Whether strokes (as they come from JSON) are raw: a third list t, or a coordinate that is no integer from 0 to 255."""
    try:
        return any(
            len(stroke) > 2 or any(not 0 <= value <= SIDE or value != int(value) for axis in stroke for value in axis)
            for stroke in strokes
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise StrokesError(f"expected strokes of numbers ({error})") from error


def _untimed(strokes: Any) -> Any:
    """Raw strokes with every t 0: in Google's raw files some decrease, which `canonical` refuses; a guess needs none."""
    try:
        # a product, so that what is no finite number stays none and is refused
        return [[*stroke[:2], *([0.0 * time for time in times] for times in stroke[2:])] for stroke in strokes]
    except TypeError as error:
        raise StrokesError(f"expected strokes of numbers ({error})") from error


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _open(source: str, is_gzip: bool) -> AbstractContextManager[Iterable[str]]:
    if source == STDIN:
        return nullcontext(sys.stdin)
    if is_gzip:
        return gzip.open(source, "rt", encoding="utf-8")
    return Path(source).open(encoding="utf-8")
