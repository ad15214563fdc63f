"""What the kernels of line formats filled, as `Records` and `Fault`s: the part that NDJSON and CSV have in common."""

import json
import math
from collections.abc import Callable, Container
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from gribouille import packing_kernel
from gribouille.bulk_kernel import canonical_batch
from gribouille.drawing import MAX_POINTS, SIDE, StrokesError, checked_strokes
from gribouille.formats import block_kernel as kernel
from gribouille.formats.blocks import Block
from gribouille.formats.records import UNKNOWN_WORD, Fault, Parsed, Records, shown
from gribouille.formats.strokes_kernel import good_times

Words = Container[str] | None  # the words that are known; None: any word will do
Strokes = Callable[[bytes], Any]  # a row's text → its strokes, as Python reads them

EXPECTED = {
    kernel.WANT_RECORD: "a JSON object",
    kernel.WANT_KEY: "a key in quotes",
    kernel.WANT_COLON: "':'",
    kernel.WANT_COMMA: "',' or '}'",
    kernel.WANT_NEWLINE: "the end of the line",
    kernel.WANT_STRING: "a string",
    kernel.WANT_KEY_ID: "key_id: an integer from 0 to 2**64 − 1, or null",
    kernel.WANT_RECOGNIZED: "recognized: true, false or null",
    kernel.WANT_TIMESTAMP: 'timestamp: "YYYY-MM-DD HH:MM:SS[.ffffff] UTC" or null',
    kernel.WANT_VALUE: "a JSON value",
    kernel.WANT_STROKES: "drawing: a list of strokes",
    kernel.WANT_STROKE: "a stroke [[x…], [y…]] or [[x…], [y…], [t…]]",
    kernel.WANT_LIST: "a list of numbers",
    kernel.WANT_NUMBER: "a number",
    kernel.WANT_NEXT: "',' or ']'",
    kernel.REPEATED: "each key once",
    kernel.NO_WORD: "the key 'word'",
    kernel.NO_DRAWING: "the key 'drawing'",
    kernel.NO_STROKES: "at least one stroke",
    kernel.NO_POINTS: "at least one point",
    kernel.UNEQUAL: "lists of equal length",
    kernel.FEW_LISTS: "x and y",
    kernel.MANY_LISTS: "at most x, y and t",
    kernel.SOME_TIMED: "times in every stroke or in none",
    kernel.TOO_LONG: f"at most {MAX_POINTS} points in a drawing",
    kernel.WANT_FIELDS: "as many fields as the header has",
    kernel.WANT_QUOTED: "a drawing in quotes",
}


def parsed(block: Block, tables: kernel.Tables, words: Words, strokes_of: Strokes) -> Parsed:
    """The records of a block and the faults of its bad rows, from the tables that a kernel filled.

    `strokes_of` reads a row's strokes again where its numbers are hard; a word not among `words` is a fault.
    """
    counts = tables.counts
    rows = tables.rows[: counts[kernel.ROWS]]
    faults = [_fault(block, fault) for fault in tables.faults[: counts[kernel.BAD]]]
    bad = np.zeros(len(rows), bool)
    labels, label = _names(block, "label", tables.labels[: counts[kernel.LABELS]], rows, words, bad, faults)
    places = tables.countries[: counts[kernel.COUNTRIES]]
    countries, country = _names(block, "country", places, rows, None, bad, faults)
    packed, offsets, timed, times, refused = _drawings(block, rows, tables, bad, faults, strokes_of)
    records = Records(
        packed=packed,
        offsets=offsets,
        times=times,
        timed=timed,
        label=label,
        labels=labels,
        country=country,
        countries=countries,
        recognized=rows["recognized"].copy(),
        timestamp=rows["timestamp"].copy(),
        key_id=rows["key_id"].copy(),
        keyed=rows["keyed"].copy(),
        start=rows["start"] + block.offset,
        refused_times=refused,
    )
    if bad.any():
        records = records.take(np.flatnonzero(~bad))
    faults.sort(key=lambda fault: fault.offset)
    return Parsed(records, faults)


def _fault(block: Block, fault: np.void) -> Fault:
    start, at, stroke, point = int(fault["start"]), int(fault["at"]), int(fault["stroke"]), int(fault["point"])
    row = block.line_at(start)
    found = row[at - start : at - start + 24].decode(errors="replace")
    return Fault(
        offset=block.offset + start,
        line=block.first_line + int(fault["line"]),
        expected=EXPECTED[int(fault["code"])],
        found=f"{found!r} at column {at - start + 1}" + ("" if found else " (the line ends)"),
        text=shown(row),
        place="" if stroke < 0 else f"stroke {stroke}" + ("" if point < 0 else f", point {point}") + ": ",
    )


def _refuse(
    block: Block, rows: np.ndarray, which: np.ndarray, bad: np.ndarray, expected: str, found: str
) -> list[Fault]:
    """Faults for the rows that `which` tells, unless they have one; they are bad from now on."""
    fresh = np.flatnonzero(which & ~bad).tolist()
    bad[fresh] = True
    places = [(int(rows["start"][row]), int(rows["line"][row])) for row in fresh]
    return [
        Fault(block.offset + start, block.first_line + line, expected, found, shown(block.line_at(start)))
        for start, line in places
    ]


def _names(
    block: Block, column: str, spans: np.ndarray, rows: np.ndarray, known: Words, bad: np.ndarray, faults: list[Fault]
) -> tuple[tuple[str, ...], np.ndarray]:
    """The distinct texts of a column (label or country) and each row's index into them; rows whose text is none, or is not
    known, are refused."""
    texts = [_text(block, start, stop) for start, stop in spans.tolist()]
    for code, text in enumerate(texts):
        if text is None:
            spelled = shown(block.bytes_at(*spans[code].tolist()))
            faults += _refuse(block, rows, rows[column] == code, bad, "a JSON string in UTF-8", repr(spelled))
        elif known is not None and text not in known:
            faults += _refuse(block, rows, rows[column] == code, bad, UNKNOWN_WORD, repr(text))
    return _numbered(texts, rows[column])


def _numbered(texts: list[str | None], codes: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """The distinct texts, and each row's index into them: two spellings may be one string."""
    index = {text: place for place, text in enumerate(dict.fromkeys(text for text in texts if text is not None))}
    places = np.array(
        [-1 if text is None else index[text] for text in texts] + [-1], np.int32
    )  # code −1 finds the last
    return tuple(index), places[codes]


def _text(block: Block, start: int, stop: int) -> str | None:
    """The JSON string between these quotes, None where it is no text: bad UTF-8, a bad escape, half a surrogate pair."""
    spelled = block.bytes_at(start, stop)
    try:
        if b"\\" not in spelled:
            return spelled.decode()
        text = str(json.loads(b'"' + spelled + b'"'))
        text.encode()
    except ValueError:
        return None
    return text


def _drawings(
    block: Block, rows: np.ndarray, tables: kernel.Tables, bad: np.ndarray, faults: list[Fault], strokes_of: Strokes
) -> tuple[np.ndarray, np.ndarray, Bool[np.ndarray, "rows"], np.ndarray, int]:
    """The packed drawings of the rows, their offsets, which have times, the times of those, and how many were refused."""
    raw = rows["kind"] != kernel.SIMPLIFIED
    packed = tables.packed[: tables.counts[kernel.PACKED]]
    offsets = _offsets(rows["end"][~raw])
    if not raw.any():
        return packed.copy(), offsets, np.zeros(len(rows), bool), np.zeros(0, np.uint32), 0
    ends = rows["end"][raw]
    xy, t = tables.xy[: ends[-1]], tables.t[: ends[-1]]
    hard = _reread_hard_numbers(block, rows[raw], xy, t, strokes_of)
    for index, error in hard.items():
        which = np.zeros(len(rows), bool)
        which[np.flatnonzero(raw)[index]] = True
        faults += _refuse(block, rows, which, bad, "a drawing of finite numbers and extent", error)
    had_times = rows["kind"][raw] == kernel.RAW_TIMED
    good = good_times(t, ends)
    stroke_offsets = _offsets(tables.stroke_ends[: tables.counts[kernel.RAW_STROKES]])
    t[np.repeat(~good, np.diff(ends, prepend=0))] = 0  # times that are not kept must still be numbers to carry along
    simplified, times = canonical_batch(xy, t, stroke_offsets, _offsets(rows["strokes_end"][raw]))
    assert times is not None
    timed = np.zeros(len(rows), bool)
    timed[raw] = had_times & good
    times = times[np.repeat(timed[raw], np.diff(simplified.offsets))]
    lot = packing_kernel.pack(simplified.points, simplified.offsets)
    return *packing_kernel.joined(raw, *lot, packed, offsets), timed, times, int((had_times & ~good & ~bad[raw]).sum())


def _offsets(ends: Int64[np.ndarray, "rows"]) -> Int64[np.ndarray, "rows_and_one"]:
    return np.concatenate([np.zeros(1, np.int64), ends])


def _reread_hard_numbers(
    block: Block,
    raw: np.ndarray,
    xy: Float64[np.ndarray, "points 2"],
    t: Float64[np.ndarray, "points"],
    strokes_of: Strokes,
) -> dict[int, str]:
    """Reads the drawings whose numbers one operation does not make exact again, with Python's own number parser.

    What is wrong with those that are no drawings, by their index; these become dots.
    """
    wrong: dict[int, str] = {}
    for index in np.flatnonzero(raw["hard"]).tolist():
        begin, end = (int(raw["end"][index - 1]) if index else 0), int(raw["end"][index])
        try:
            strokes = strokes_of(block.line_at(int(raw["start"][index])))
            xy[begin:end] = np.concatenate(checked_strokes([stroke[:2] for stroke in strokes]))
            if raw["kind"][index] == kernel.RAW_TIMED:
                t[begin:end] = np.concatenate([np.asarray(stroke[2], np.float64) for stroke in strokes])
            if not (_has_scale(xy[begin:end]) and np.isfinite(t[begin:end]).all()):
                raise StrokesError("expected finite times and a drawing of finite extent")
        except (ValueError, RecursionError) as error:
            wrong[index] = f"others ({error})"
            xy[begin:end], t[begin:end] = 0, 0
    return wrong


def _has_scale(xy: Float64[np.ndarray, "points 2"]) -> bool:
    """Whether a drawing's extent and the factor that makes it 255 are finite; both are where no number is hard."""
    with np.errstate(over="ignore"):
        extent = float(np.ptp(xy, axis=0).max())
    return math.isfinite(extent) and (extent == 0 or math.isfinite(SIDE / extent))
