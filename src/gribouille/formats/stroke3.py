"""sketch-rnn's .npz of one word: arrays train, valid, test of sequences (dx, dy, pen_lifted) in, `Parsed` out, and back.

A sequence starts at (0, 0); where pen_lifted is 1 the stroke ends with that point. Scale and place are lost in this form,
so the strokes are raw: each goes through `canonical`, once. Source: github.com/googlecreativelab/quickdraw-dataset,
"Sketch-RNN QuickDraw Dataset".

The arrays of these files are pickled, and a pickle may run any program. None is run here: of what a pickle may name,
only numpy's arrays and their types are known, and those are stand-ins that read the bytes themselves.
"""

import pickle
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO, IOBase
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from jaxtyping import Int64

from gribouille.bulk_kernel import canonical_batch
from gribouille.drawing import MAX_POINTS, SIDE
from gribouille.formats.records import SHOWN, Fault, FormatError, Parsed, Records

PARTS = ("train", "valid", "test")
BATCH = 4096  # sequences
MAX_MEMBER_BYTES = 1 << 30  # of one array; sketch-rnn's largest are a tenth of that

WANT_SEQUENCE = "a sequence (n, 3) of dx, dy, pen_lifted"
WANT_POINTS = "at least one point"
WANT_FEW = f"at most {MAX_POINTS} points in a drawing"
WANT_FINITE = "finite dx, dy and a drawing of finite extent"
WANT_PEN = "pen_lifted: 0 or 1"
WANT_PART = "arrays train, valid and test only"
LOST = "scale and position of the strokes, key_id, country, time, whether it was recognized"


def read(file: IOBase, name: str, word: str | None) -> Iterator[Parsed]:
    """The drawings of a seekable file, train, valid, test, in batches.

    `name` is for messages, `word` what the file is named after.
    A fault's offset is the number of the sequence, from 0 over all three arrays: in a zip archive rows have no byte of
    their own. Raises FormatError where the file is damaged, is no such archive, or holds anything but numbers.
    """
    number = 0
    for part, sequences in _parts(file, name):
        if part not in PARTS:
            fault = Fault(number, None, WANT_PART, f"an array {part!r}, which is not read", part)
            yield Parsed(_records(np.zeros((0, 3)), np.zeros(1, np.int64), word), [fault])
            continue
        for begin in range(0, len(sequences), BATCH):
            batch = sequences[begin : begin + BATCH]
            yield _parsed(batch, number, f"{part}[{{}}]", begin, word)
            number += len(batch)


def _parsed(sequences: list[Any], number: int, place: str, begin: int, word: str | None) -> Parsed:
    if sequences and all(map(_is_plain, sequences)):
        together = np.concatenate(sequences).astype(np.int64)
        if ((together[:, 2] == 0) | (together[:, 2] == 1)).all():
            ends = np.cumsum([0, *map(len, sequences)])
            return Parsed(_records(_absolute(together, ends), ends, word))
    good: list[np.ndarray] = []
    faults: list[Fault] = []
    for index, sequence in enumerate(sequences):
        try:
            good.append(_checked(sequence))
        except _BadSequenceError as error:
            text = f"{place.format(begin + index)} {sequence!r}"[:SHOWN]
            faults.append(Fault(number + index, None, error.expected, error.found, text))
    ends = np.cumsum([0, *map(len, good)])
    return Parsed(_records(np.concatenate([np.zeros((0, 3)), *good]), ends, word), faults)


def _is_plain(sequence: Any) -> bool:
    """Whether nothing but a pen can be wrong with a sequence, as with those of sketch-rnn: small integers add up exactly."""
    return (
        isinstance(sequence, np.ndarray)
        and sequence.dtype.kind in "iu"
        and sequence.itemsize <= 4
        and sequence.ndim == 2
        and sequence.shape[1] == 3
        and 0 < len(sequence) <= MAX_POINTS
    )


def _absolute(steps: Int64[np.ndarray, "points 3"], ends: Int64[np.ndarray, "sequences_and_one"]) -> np.ndarray:
    """Points float64 [n, 3] of x, y since each sequence's origin and pen_lifted: all sequences at once, 10 times as fast."""
    walked = np.cumsum(steps[:, :2], axis=0)
    before = np.concatenate([np.zeros((1, 2), np.int64), walked])[ends[:-1]]
    points = steps.astype(np.float64)
    points[:, :2] = walked - np.repeat(before, np.diff(ends), axis=0)
    return points


class _BadSequenceError(ValueError):
    def __init__(self, expected: str, found: str) -> None:
        super().__init__(expected, found)
        self.expected = expected
        self.found = found


def _checked(sequence: Any) -> np.ndarray:
    """Points [n, 3] of x, y since the origin and pen_lifted, float64."""
    if not isinstance(sequence, np.ndarray) or sequence.ndim != 2 or sequence.shape[1] != 3:
        raise _BadSequenceError(WANT_SEQUENCE, _described(sequence))
    if len(sequence) == 0:
        raise _BadSequenceError(WANT_POINTS, "none")
    if len(sequence) > MAX_POINTS:
        raise _BadSequenceError(WANT_FEW, str(len(sequence)))
    points = sequence.astype(np.float64)
    pens = points[:, 2]
    bad = (pens != 0) & (pens != 1)
    if bad.any():
        raise _BadSequenceError(WANT_PEN, f"{pens[int(bad.argmax())]:g} at point {int(bad.argmax())}")
    with np.errstate(over="ignore", invalid="ignore"):
        np.cumsum(points[:, :2], axis=0, out=points[:, :2])
        extent = float(np.ptp(points[:, :2], axis=0).max())
        has_scale = extent == 0 or np.isfinite(np.float64(SIDE) / extent)
    if not (np.isfinite(extent) and has_scale):
        raise _BadSequenceError(WANT_FINITE, f"an extent of {extent:g}")
    return points


def _described(sequence: Any) -> str:
    if isinstance(sequence, np.ndarray):
        return f"{sequence.dtype} {sequence.shape}"
    return type(sequence).__name__


def _records(points: np.ndarray, ends: np.ndarray, word: str | None) -> Records:
    """Records of checked points [n, 3] of several drawings; nothing but the word is known about them."""
    closes = points[:, 2] == 1
    closes[ends[1:] - 1] = True  # the last stroke ends with its drawing, lifted or not
    stroke_ends = np.concatenate([[0], np.flatnonzero(closes) + 1])
    drawings, _ = canonical_batch(
        np.ascontiguousarray(points[:, :2]), None, stroke_ends, np.searchsorted(stroke_ends, ends)
    )
    known = word is not None
    label = np.full(len(drawings), 0 if known else -1, np.int32)
    return Records.of(drawings, label=label, labels=(word,) if known else ())


def _parts(file: IOBase, name: str) -> Iterator[tuple[str, list[Any]]]:
    """The arrays of an archive as lists of sequences: train, valid, test, then whatever else it holds."""
    try:
        with zipfile.ZipFile(cast("IO[bytes]", file)) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if not any(part in members for part in PARTS):
                found = ", ".join(sorted(members)[:8])[:SHOWN] or "nothing"
                raise FormatError(f"{name}: expected arrays train, valid, test, found {found}")
            for part in sorted(
                members, key=lambda part: (part not in PARTS, PARTS.index(part) if part in PARTS else 0)
            ):
                yield part, [] if part not in PARTS else _sequences(archive, members[part], f"{name}: {part}")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise FormatError(f"{name}: expected a whole .npz archive, found a damaged one ({error})") from error


def _sequences(archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: str) -> list[Any]:
    if info.file_size > MAX_MEMBER_BYTES:
        raise FormatError(f"{place}: expected at most {MAX_MEMBER_BYTES} bytes, found {info.file_size}")
    content = archive.read(info)
    source = BytesIO(content)
    try:
        version = np.lib.format.read_magic(source)
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, is_fortran, dtype = readers[version](source)
        if not dtype.hasobject:
            numbers = np.frombuffer(content, dtype, offset=source.tell())
            array = numbers.reshape(shape, order="F" if is_fortran else "C")
            # one sequence, or several of equal length
            return [array] if array.ndim == 2 else list(array) if array.ndim == 3 else [array] * (array.size > 0)
        unpickled = _unpickled(source, place)
    except KeyError as error:
        raise FormatError(f"{place}: expected .npy version 1 or 2, found {error}") from error
    except (ValueError, EOFError) as error:
        raise (
            error if isinstance(error, FormatError) else FormatError(f"{place}: expected an array ({error})")
        ) from error
    if not isinstance(unpickled, _PickledArray) or not isinstance(unpickled.content, list):
        raise FormatError(f"{place}: expected a list of sequences, found an array {shape}")
    return [_array(one) for one in unpickled.content]


def _array(value: Any) -> Any:
    return value.content if isinstance(value, _PickledArray) else value


def _unpickled(source: BytesIO, place: str) -> Any:
    """What a pickle holds, arrays as stand-ins. Raises FormatError for anything else that it names, and for damage."""
    try:
        return _ArraysOnly(source, encoding="latin1").load()
    except pickle.UnpicklingError as error:
        raise FormatError(f"{place}: {error}") from error
    # a damaged pickle may do anything wrong that these instructions can do wrong
    except (
        *(EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, MemoryError),
        *(AssertionError, RecursionError),
    ) as error:
        raise FormatError(f"{place}: expected a whole pickle of arrays, found a damaged one ({error!r})") from error


class _PickledType:
    """Stands for numpy.dtype: a type of numbers, or of objects."""

    def __init__(self, code: str, *_: object) -> None:
        if not (isinstance(code, str) and re.fullmatch(r"O[48]?|[iuf]\d", code)):
            raise pickle.UnpicklingError(f"expected arrays of numbers, found the type {code!r:.40}")
        self.code = code
        self.order = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1]
        if order not in ("<", ">", "=", "|"):
            raise pickle.UnpicklingError(f"expected a byte order, found {order!r:.40}")
        self.order = order

    def numpy(self) -> np.dtype[Any] | None:
        """The type of numbers; None for objects."""
        if self.code.startswith("O"):
            return None
        return np.dtype(("=" if self.order == "|" else self.order) + self.code)


class _PickledArray:
    """Stands for numpy.ndarray while it is unpickled; `content` is an array of numbers, or a list of what it held."""

    content: np.ndarray | list[Any] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, is_fortran, content = state
        sizes = [int(size) for size in shape]
        if not isinstance(kind, _PickledType) or any(size < 0 for size in sizes):
            raise pickle.UnpicklingError("expected an array's shape and type")
        dtype = kind.numpy()
        if dtype is None:
            if not isinstance(content, list) or len(sizes) != 1 or sizes[0] != len(content):
                raise pickle.UnpicklingError(f"expected one list of sequences, found an array {shape!r:.40}")
            self.content = content
            return
        octets = content.encode("latin1") if isinstance(content, str) else content  # Python 2 wrote str
        numbers = np.frombuffer(octets, dtype)
        self.content = numbers.reshape(sizes, order="F" if is_fortran else "C")


def _reconstruct(kind: type, shape: object, _: object) -> _PickledArray:
    """Stands for numpy's function of this name, which makes an empty array for `__setstate__` to fill."""
    if kind is not _PickledArray:
        raise pickle.UnpicklingError("expected plain arrays")
    return _PickledArray()


def _frombuffer(octets: Any, kind: _PickledType, shape: Any, order: str) -> _PickledArray:
    """Stands for numpy's function of this name, which pickles of protocol 5 call."""
    array = _PickledArray()
    array.__setstate__((1, shape, kind, order == "F", bytes(octets)))
    return array


def _encode(text: str, encoding: str) -> bytes:
    """Stands for codecs.encode: how Python 3 writes bytes in protocols that have none."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"expected latin1, found {encoding!r:.40}")
    return text.encode("latin1")


KNOWN = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _frombuffer for core in ("core", "_core")},
    ("numpy", "ndarray"): _PickledArray,
    ("numpy", "dtype"): _PickledType,
    ("_codecs", "encode"): _encode,
}


# The unpickler in Python, not the one in C: there, eight bytes of a hostile pickle fill 64 GB of memory.
class _ArraysOnly(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in KNOWN:
            raise pickle.UnpicklingError(
                f"expected arrays of numbers, found a pickle that wants {module}.{name}: it may be an attack, and is not run"
            )
        return KNOWN[module, name]


def write(batches: Iterable[Records], path: Path, valid: Iterable[Records] = (), test: Iterable[Records] = ()) -> int:
    """Writes drawings of one word as sketch-rnn's .npz, compressed: `batches` as train; how many drawings there are.

    A sequence's first dx, dy are the place of the drawing's first point, so that x, y come back as they were. All is lost
    but strokes and order. Everything is in memory at once. Raises FormatError for drawings of several words.
    """
    arrays = {}
    words: set[str] = set()
    for part, records in zip(PARTS, (batches, valid, test), strict=True):
        sequences: list[np.ndarray] = []
        for batch in records:
            words |= {batch.labels[label] for label in np.unique(batch.label[batch.label >= 0])}
            sequences += [_sequence(drawing) for drawing in batch.drawings]
        arrays[part] = np.empty(len(sequences), object)
        arrays[part][:] = sequences
    if len(words) > 1:
        raise FormatError(f"{path}: expected drawings of one word (a .npz is named after it), found {sorted(words)}")
    with path.open("wb") as file:  # numpy would add .npz to a name without
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return sum(map(len, arrays.values()))


def _sequence(drawing: np.ndarray) -> np.ndarray:
    sequence = np.zeros((len(drawing), 3), np.int16)
    sequence[:, :2] = np.diff(drawing[:, :2].astype(np.int16), axis=0, prepend=np.zeros((1, 2), np.int16))
    sequence[:-1, 2] = drawing[1:, 2] == 0
    sequence[-1, 2] = 1
    return sequence
