"""gzip and zstd: found by content, any number of members, bounded memory, everything before damage."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from gribouille.formats import compression
from gribouille.formats.compression import compressed_writer, compression_of, decompressed
from gribouille.formats.records import DamagedError


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


PACKERS = {"gzip": gzip.compress, "zstd": zstd}
TEXT = "".join(f"line {number * number}\n" for number in range(40_000)).encode()
SKIPPABLE = b"\x50\x2a\x4d\x18\x04\x00\x00\x00pzst"  # as pzstd writes before its first frame


def in_chunks(content: bytes, size: int) -> Iterator[bytes]:
    return (content[begin : begin + size] for begin in range(0, len(content), size))


def unpacked(content: bytes, size: int = 1 << 16) -> bytes:
    return b"".join(decompressed(in_chunks(content, size), "x"))


def before_damage(content: bytes, size: int = 1 << 16) -> tuple[bytes, DamagedError]:
    """What comes out, and the error that must follow."""
    found: list[bytes] = []
    with pytest.raises(DamagedError) as error:
        found.extend(decompressed(in_chunks(content, size), "cat.ndjson"))
    return b"".join(found), error.value


@pytest.mark.parametrize("kind", PACKERS)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(1, 100), st.integers(0, 9))
def test_all_members_are_read(kind: str, members: list[bytes], size: int, zeros: int) -> None:
    """Any members, empty ones too, in chunks of any size, with zero padding at the end."""
    content = b"".join(PACKERS[kind](member) for member in members) + bytes(zeros)
    assert compression_of(content) == kind
    assert unpacked(content, size) == b"".join(members)


@given(st.binary(max_size=300), st.integers(1, 100))
def test_what_is_not_compressed_stays(content: bytes, size: int) -> None:
    """Other bytes come as they are."""
    if compression_of(content) == "":
        assert unpacked(content, size) == content


def test_skippable_frames_are_skipped() -> None:
    """Files of pzstd begin with a frame without content."""
    content = SKIPPABLE + zstd(TEXT) + SKIPPABLE + zstd(b"end")
    assert compression_of(content) == "zstd"
    assert unpacked(content, 1000) == TEXT + b"end"


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("size", [1 << 16, 100])
def test_everything_before_a_cut_is_given(kind: str, size: int) -> None:
    """A file that ends early gives the beginning of its content, then the error with the offset."""
    packed = PACKERS[kind](TEXT)
    for cut in (5, len(packed) // 2, len(packed) - 1):
        found, error = before_damage(PACKERS[kind](b"first ") + packed[:cut], size)
        assert (b"first " + TEXT).startswith(found)
        assert error.offset == len(found) >= 6
        assert str(error).startswith(
            f"cat.ndjson: expected a whole {kind} file, found its end after {len(found)} bytes"
        )


def test_gzip_gives_every_byte_before_damage() -> None:
    """Where the deflate stream breaks, all that came out before it is given, whatever the size of the pieces."""
    plain = b"".join(bytes([number % 251]) * 3 for number in range(2000))
    stored = bytearray(gzip.compress(plain, 0) + gzip.compress(plain, 0))
    at = len(gzip.compress(plain, 0)) + 10
    stored[at] = 0x07  # a block of a type that does not exist
    found, error = before_damage(bytes(stored))
    assert found == plain
    assert error.offset == len(plain)


def test_a_wrong_checksum_comes_after_the_whole_member() -> None:
    """The content is given to its end, then the error."""
    for kind, place in (("gzip", -8), ("zstd", -1)):
        packed = bytearray(PACKERS[kind](TEXT))
        packed[place] ^= 1
        found, error = before_damage(bytes(packed))
        assert TEXT.startswith(found)
        if kind == "gzip":
            assert found == TEXT
        assert error.offset == len(found)


def test_bytes_after_the_last_member_are_damage() -> None:
    """Plain text appended to a compressed file is not dropped in silence."""
    for kind, pack in PACKERS.items():
        found, error = before_damage(pack(TEXT) + bytes(3) + b'{"word":"cat"}\n')
        assert found == TEXT
        assert f"the end of the file or another {kind} member" in str(error)


@pytest.mark.parametrize("kind", PACKERS)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=8), st.integers(50, 5000))
def test_overwritten_bytes_never_crash(kind: str, at: int, garbage: bytes, size: int) -> None:
    """Whatever is overwritten, content comes out or `DamagedError` is raised, with the number of bytes before it."""
    packed = bytearray(PACKERS[kind](TEXT[:5000]))
    packed[at : at + len(garbage)] = garbage
    found: list[bytes] = []
    offset = None
    try:
        found.extend(decompressed(in_chunks(bytes(packed), size), "x"))
    except DamagedError as error:
        offset = error.offset
    assert offset in (None, sum(map(len, found)))


@pytest.mark.parametrize("kind", PACKERS)
def test_memory_is_bounded_whatever_a_file_claims(kind: str) -> None:
    """100 MB of zeros in a file of some kB come in pieces of bounded size."""
    packer = zstandard.ZstdCompressor(level=1).compressobj() if kind == "zstd" else None
    buffer = io.BytesIO()
    if packer is None:
        with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1) as file:
            for _ in range(100):
                file.write(bytes(1_000_000))
    else:
        for _ in range(100):
            buffer.write(packer.compress(bytes(1_000_000)))
        buffer.write(packer.flush())
    sizes = [len(piece) for piece in decompressed(iter([buffer.getvalue()]), "x")]
    assert sum(sizes) == 100_000_000
    assert max(sizes) <= 40 << 20


@pytest.mark.parametrize(("suffix", "kind"), [("", ""), (".gz", "gzip"), (".zst", "zstd")])
def test_written_files_are_the_same_every_time(tmp_path: Path, suffix: str, kind: str) -> None:
    """The name's suffix decides; neither name nor time is inside."""
    for name in ("one.csv", "other.csv"):
        with compressed_writer(tmp_path / f"{name}{suffix}") as file:
            file.write(TEXT)
    one, other = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("one.csv", "other.csv"))
    assert one == other
    assert compression_of(one) == kind
    assert unpacked(one) == TEXT


def test_pieces_are_large() -> None:
    """Small outputs are joined: what reads them pays by the piece."""
    sizes = [len(piece) for piece in decompressed(in_chunks(zstd(TEXT * 10), 1000), "x")]
    assert all(size >= compression.PIECE for size in sizes[:-1])
