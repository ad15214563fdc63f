"""Any file of drawings, by what it is: a stream and its kind in, batches of records and faults out."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gribouille.drawing import Drawings
from gribouille.formats import binary, csv, ndjson, stroke3
from gribouille.formats.blocks import BLOCK_BYTES, ByteStream, Chunks, Lines, blocks
from gribouille.formats.compression import decompressed
from gribouille.formats.detect import BOM, HEAD_BYTES, detect, head_inside
from gribouille.formats.ndjson_kernel import WORD
from gribouille.formats.records import Fault, FormatError, Parsed, Records
from gribouille.formats.rows import Words

CHUNK_BYTES = 1 << 20  # read at once where no block takes the bytes directly
NO_RECORDS = Records.of(Drawings.of([]))


@dataclass(frozen=True)
class Kind:
    """What a file is: its format, its compression, the word that it is named after, and a CSV's columns."""

    format: str
    compression: str
    word: str | None
    columns: tuple[int, ...] = ()

    @property
    def splits(self) -> bool:
        """Whether the file can be read from the middle: lines that are not compressed."""
        return self.format in ("ndjson", "csv") and not self.compression

    @property
    def has_words(self) -> bool:
        """Whether the drawings come with their words: in the challenge's test file they do not."""
        return self.format != "csv" or WORD in self.columns

    @property
    def lost(self) -> str:
        """What the format does not tell of a drawing."""
        return {"stroke3": stroke3.LOST, "binary": binary.LOST}.get(self.format, "")


def kind_of(head: bytes, name: str) -> Kind:
    """What a file is that begins with `head` (HEAD_BYTES or all of it). Raises FormatError where it is no drawings."""
    detected = detect(head, name)
    if detected.format in ("bitmap", "svg"):
        found = "pictures without strokes (.npy)" if detected.format == "bitmap" else "a single drawing (SVG)"
        raise FormatError(f"{name}: expected a file of drawings, found {found}")
    columns: tuple[int, ...] = ()
    if detected.format == "csv":
        columns = tuple(
            csv.columns_of(head_inside(head, name).partition(b"\n")[0].decode("utf-8-sig", "replace"), name).tolist()
        )
    if detected.format in ("binary", "stroke3") and detected.word is None:
        raise FormatError(
            f"{name}: expected a file named after its word, as this format wants, found no word in its name"
        )
    return Kind(detected.format, detected.compression, detected.word, columns)


def read(path: Path, words: Words = None, block_bytes: int = BLOCK_BYTES) -> Iterator[Parsed]:
    """The drawings of a local file of any format, batch by batch; a batch is valid until the next one is asked for.

    Raises FormatError where the file is nothing that we read.
    """
    with path.open("rb", buffering=0) as file:
        kind = kind_of(file.read(HEAD_BYTES), str(path))
        file.seek(0)
        yield from parsed(file, kind, str(path), words, block_bytes)


def parsed(
    stream: ByteStream, kind: Kind, name: str, words: Words = None, block_bytes: int = BLOCK_BYTES
) -> Iterator[Parsed]:
    """The drawings of a stream from the start of a file. A batch is valid until the next one is asked for."""
    if kind.format == "stroke3":
        yield from stroke3.read(io.BytesIO(b"".join(decompressed(chunks_of(stream), name))), name, kind.word)
    elif kind.format == "binary":
        yield from binary.read(decompressed(chunks_of(stream), name), kind.word)
    else:
        plain = Chunks(decompressed(chunks_of(stream), name)) if kind.compression else stream
        for each, _ in parsed_lines(plain, kind, words, block_bytes):
            yield each


def chunks_of(stream: ByteStream) -> Iterator[bytes]:
    """A stream as chunks of bytes."""
    buffer = bytearray(CHUNK_BYTES)
    while size := stream.readinto(buffer):
        yield bytes(memoryview(buffer)[:size])


def parsed_lines(
    stream: ByteStream, kind: Kind, words: Words, block_bytes: int, start: int = 0
) -> Iterator[tuple[Parsed, int]]:
    """The drawings of a stream of the lines that begin at byte `start` of a file or after it, and the lines so far."""
    columns = np.array(kind.columns, np.uint8)
    at_header = kind.format == "csv" and start == 0
    for block in blocks(stream, block_bytes):
        moved = max(start - 1, 0) + (stream.skipped if isinstance(stream, Lines) else 0)
        block = replace(block, offset=block.offset + moved)
        if isinstance(block, Fault):
            yield Parsed(NO_RECORDS, [block]), block.line or 0
            continue
        lines = block.first_line + block.lines - 1
        if start == 0 and block.offset == 0 and block.bytes_at(0, len(BOM)) == BOM:
            block = replace(block, offset=len(BOM), text=block.text[len(BOM) :], size=block.size - len(BOM))
        if at_header:
            block, at_header = block.without_first_line(), False
        yield (ndjson.parse(block, words) if kind.format == "ndjson" else csv.parse(block, columns, words)), lines
