"""What a file is: by its content, packed or not, by its name only where the content leaves it open."""

import gzip
import io
import zipfile
from contextlib import suppress
from struct import pack

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from gribouille.formats.detect import HEAD_BYTES, Detected, detect, word_of
from gribouille.formats.records import FormatError

RECORD = pack("<Q2sBIHH2B2BH1B1B", 5201136883597312, b"FR", 1, 1490701817, 2, 2, 0, 9, 7, 7, 1, 4, 5)
NDJSON = b'{"word":"cat","drawing":[[[0],[0]]]}\n'
CSV = b"countrycode,drawing,key_id,recognized,timestamp,word\n"


def saved(save: object, *arrays: object, **named: object) -> bytes:
    file = io.BytesIO()
    save(file, *arrays, **named)  # type: ignore[operator]
    return file.getvalue()


NPZ = saved(np.savez_compressed, train=np.zeros((3, 3), np.int16))
NPY = saved(np.save, np.zeros((2, 784), np.uint8))

HEADS = {
    "ndjson": [NDJSON, b"\xef\xbb\xbf" + NDJSON, b"\n  \r\n" + NDJSON, b'op"]]}\n' + NDJSON],
    "csv": [
        CSV,
        b"\xef\xbb\xbf" + CSV,
        b"word,timestamp,recognized,key_id,drawing,countrycode\r\n",
        b"key_id,countrycode,drawing\n1,FR,\n",
        b'"key_id","drawing"\n',
    ],
    "binary": [RECORD * 2, RECORD * 3 + RECORD[:5]],
    "stroke3": [NPZ],
    "bitmap": [NPY],
    "svg": [
        b"<svg/>",
        b'<?xml version="1.0"?>\n<!-- a <b> -->\n<!DOCTYPE svg PUBLIC "-//W3C" "x.dtd">\n<svg xmlns="x">',
        b'\xef\xbb\xbf<svg:svg xmlns:svg="x">',
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg>',
    ],
}


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("name", ["thing", "thing.ndjson", "thing.csv.gz", "thing.bin", "thing.zip"])
def test_content_goes_before_the_name(kind: str, name: str) -> None:
    """Every format is found under any name, plain, gzip and zstd."""
    for head in HEADS[kind]:
        packed = {"": head, "gzip": gzip.compress(head), "zstd": zstandard.compress(head)}
        word = "thing" if kind in ("binary", "stroke3", "bitmap") and name != "thing.zip" else None
        for compression, content in packed.items():
            found = detect(content, name)
            assert (found.format, found.compression) == (kind, compression)
            if name != "thing.zip":
                assert found.word == word


def test_the_head_of_a_long_packed_file_is_enough() -> None:
    """A compressed file is cut off somewhere: that is no damage."""
    lines = b"".join(b'{"word":"%d","drawing":[[[0],[0]]]}\n' % (number * number) for number in range(100_000))
    for packed in (gzip.compress(lines), zstandard.compress(lines)):
        assert detect(packed[:HEAD_BYTES], "x").format == "ndjson"


def test_the_name_decides_for_one_binary_record() -> None:
    """One record that could be a chance, or a first one that is damaged, is .bin where the name says so."""
    damaged = RECORD[:10] + b"\x07" + RECORD[11:]
    for head in (RECORD, damaged + RECORD * 2):
        assert detect(head, "full%2Fbinary%2Fcat.bin") == Detected("binary", "", "cat")
        with pytest.raises(FormatError, match=r"cat\.txt: expected NDJSON"):
            detect(head, "cat.txt")


NO_KEY = (
    b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code><Message>No such object.</Message></Error>"
)
OTHER_ZIP = saved(lambda file: zipfile.ZipFile(file, "w").writestr("cat.ndjson", NDJSON))
REFUSED = [
    (b"", "an empty file"),
    (gzip.compress(b""), "gzip with nothing inside"),
    (b" \n\n", "nothing but white space"),
    (NO_KEY, "a storage server's error page: NoSuchKey"),
    (b"<!DOCTYPE html>\n<html><head>", "an HTML page"),
    (b"<html>", "an HTML page"),
    (b"<kml>", "XML or HTML that is no SVG"),
    (b'[{"word":"cat"}]', "a JSON array: NDJSON has one object a line"),
    (b"PAR1\x15\x04", "Parquet"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"BZh9", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    ('{"word":"cat"}\n'.encode("utf-16"), "text in UTF-16"),
    (OTHER_ZIP, "a zip archive of 'cat.ndjson': unpack it first"),
    (b"key_id,word\n9000003627287624,a b c\n", "a table of the columns key_id, word, without drawings"),
    (b"hello world\n", "b'hello world\\n'"),
    (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    (bytes(1000), "\\x00\\x00"),
    (gzip.compress(NDJSON)[:6], "expected a whole gzip file"),
]


@pytest.mark.parametrize(("head", "message"), REFUSED, ids=[message[:24] for _, message in REFUSED])
@pytest.mark.parametrize("name", ["data/cat.ndjson", "cat.bin", "cat.csv"])
def test_other_files_are_refused_by_what_they_look_like(head: bytes, message: str, name: str) -> None:
    """The error names the file and says what was found."""
    with pytest.raises(FormatError) as error:
        detect(head, name)
    assert str(error.value).startswith(f"{name}: expected ")
    if not (name == "cat.bin" and head[:5] in (b"hello", bytes(5))) and not (
        name == "cat.csv" and head[:5] == b"hello"
    ):
        assert message in str(error.value)


def test_a_bin_or_csv_of_something_else_says_so() -> None:
    """Where the name promises a format, the error is about that."""
    with pytest.raises(FormatError, match=r"bytes that are no records of Google's \.bin: b'hello"):
        detect(b"hello", "cat.bin")
    with pytest.raises(FormatError, match="CSV without Kaggle's header line: it begins with b'FR,hello"):
        detect(b"FR,hello", "cat.csv.gz")


@given(st.binary(max_size=400), st.sampled_from(["a.bin", "a.ndjson", "a", "a.csv", "a.npz", ""]))
def test_any_bytes_are_something_or_refused(head: bytes, name: str) -> None:
    """Random bytes give an answer or FormatError, and never any other error."""
    with suppress(FormatError):
        assert detect(head, name).format in HEADS


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("full%2Fsimplified%2Fcat.bin", "cat"),
        ("The Eiffel Tower.npz", "The Eiffel Tower"),
        ("The%20Eiffel%20Tower.npz", "The Eiffel Tower"),
        ("cat.full.npz", "cat"),
        ("cat.bin.gz", "cat"),
        ("/data/binary/hot air balloon.bin.zst", "hot air balloon"),
        ("C:\\data\\cat.npy", "cat"),
        ("full_binary_alarm clock.bin", "alarm clock"),
        ("full_numpy_bitmap_cat.npy", "cat"),
        ("sketchrnn_cat.full.npz", "cat"),
        ("gs://quickdraw_dataset/full/binary/cat.bin", "cat"),
        ("t-shirt.bin", "t-shirt"),
        (".bin", None),
        ("", None),
    ],
)
def test_the_word_is_in_the_name(name: str, word: str | None) -> None:
    """Google's own names, as servers, browsers and people spell them."""
    assert word_of(name) == word
