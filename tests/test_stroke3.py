"""sketch-rnn's .npz: what a sequence becomes, that no pickle is run, what is refused, and the way back."""

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import simplified

from gribouille.drawing import MAX_POINTS, Drawings, canonical, drawing_of, strokes_of
from gribouille.formats import stroke3
from gribouille.formats.records import FormatError, Parsed, Records

steps = st.integers(-(2**15), 2**15 - 1)
sequences_ = st.lists(st.tuples(steps, steps, st.integers(0, 1)), min_size=1, max_size=12).map(
    lambda points: np.array(points, np.int16)
)


def objects(sequences: list) -> np.ndarray:
    """As sketch-rnn's files hold them: an array of arrays."""
    array = np.empty(len(sequences), object)
    array[:] = sequences
    return array


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def npz_of(**pickles: bytes) -> bytes:
    """An archive whose arrays are these pickles, whatever they are."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in pickles.items():
            archive.writestr(f"{name}.npy", header.getvalue() + content)
    return file.getvalue()


def read(content: bytes) -> list[Parsed]:
    return list(stroke3.read(io.BytesIO(content), "cat.npz", "cat"))


def drawings(parsed: list[Parsed]) -> list[list]:
    return [drawing.tolist() for one in parsed for drawing in one.records.drawings]


def faults(parsed: list[Parsed]) -> list:
    return [fault for one in parsed for fault in one.faults]


def absolute(sequence: np.ndarray) -> list:
    """Its strokes in plain Python, as sketch-rnn's own drawing code walks them."""
    x = y = 0
    strokes, stroke = [], []
    for dx, dy, lifted in sequence.tolist():
        x, y = x + dx, y + dy
        stroke.append((x, y))
        if lifted:
            strokes.append(stroke)
            stroke = []
    if stroke:
        strokes.append(stroke)
    return [[list(axis) for axis in zip(*stroke, strict=True)] for stroke in strokes]


def test_reads_a_sequence_by_hand() -> None:
    """Steps add up from (0, 0), a lifted pen ends the stroke with its point; word and nulls."""
    sequence = np.array([[10, 0, 0], [100, 0, 1], [0, 50, 0], [-100, 0, 1]], np.int16)
    [parsed] = read(npz(train=objects([sequence]), valid=objects([]), test=objects([])))
    assert drawings([parsed]) == [canonical([[[10, 110], [0, 0]], [[110, 10], [50, 50]]]).tolist()]
    assert parsed.records.labels == ("cat",)
    assert not parsed.records.keyed.any()


@given(st.lists(st.lists(sequences_, max_size=3), min_size=3, max_size=3), st.sampled_from([1, 2, 4096]))
def test_reads_any_sequences_like_plain_python(parts: list[list], batch: int) -> None:
    """train, valid, test in this order, in batches of any size: `canonical` of the absolute points, bit for bit."""
    content = npz(**dict(zip(stroke3.PARTS, map(objects, parts), strict=True)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stroke3, "BATCH", batch)
        parsed = read(content)
    assert faults(parsed) == []
    assert drawings(parsed) == [canonical(absolute(sequence)).tolist() for part in parts for sequence in part]


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_every_protocol_are_read(protocol: int) -> None:
    """Python 2's and 3's, of any age."""
    sequence = np.array([[10, 0, 0], [100, 0, 1]], np.int16)
    content = npz_of(train=pickle.dumps(objects([sequence, sequence.astype(">i4")]), protocol=protocol))
    assert drawings(read(content)) == [canonical([[[10, 110], [0, 0]]]).tolist()] * 2


def test_python_2s_pickles_are_read() -> None:
    """Google's files were written by Python 2: numpy's old names, bytes as str."""
    by_hand = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87R"
        b"(K\x01K\x01\x85cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb\x89]"
        b"h\x01h\x02K\x00\x85U\x01b\x87R"
        b"(K\x01K\x02K\x03\x86cnumpy\ndtype\nU\x02i2K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x0c\x0a\x00\x00\x00\x00\x00\xe4\x00\x00\x00\x01\x00tba"
        b"tb."
    )
    assert drawings(read(npz_of(train=by_hand))) == [canonical([[[10, 238], [0, 0]]]).tolist()]


def test_plain_arrays_are_read() -> None:
    """One sequence as a 2-D array, several of equal length as a 3-D one: no pickle is needed."""
    sequence = np.array([[10, 0, 0], [100, 0, 1]], np.float32)
    content = npz(train=sequence, valid=np.stack([sequence] * 2), test=np.zeros((0, 3), np.int16))
    parsed = read(content)
    assert drawings(parsed) == [canonical([[[10, 110], [0, 0]]]).tolist()] * 3
    assert [fault.expected for fault in faults(parsed)] == [stroke3.WANT_POINTS]


class Attack:
    """Unpickled, it would make a folder."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.call = call
        self.arguments = arguments

    def __reduce__(self) -> tuple:
        return self.call, self.arguments


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    """A pickle that names any function, inside the array or around it, is refused by that name and does nothing."""
    folder = tmp_path / "attacked"
    attack = Attack(os.mkdir, str(folder))
    for evil in (attack, objects([attack]), objects([np.array([attack], object)])):
        with pytest.raises(
            FormatError, match=r"cat.npz: train: .*a pickle that wants posix.mkdir: it may be an attack"
        ):
            read(npz_of(train=pickle.dumps(evil)))
    assert not folder.exists()
    assert pickle.loads(pickle.dumps(attack)) is None  # the attack would have worked
    assert folder.exists()


@pytest.mark.parametrize(
    "evil",
    [
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cnumpy\nload\n(S'x'\ntR.",
        b"cnumpy.core.multiarray\n_reconstruct.__globals__\n.",
        b"\x80\x04\x8c\x05numpy\x8c\x0fndarray.tofile.x\x93.",
        b"c_codecs\nencode\n(S'x'\nS'zlib'\ntR.",
        b"cnumpy\ndtype\n(S'V8'\ntR.",
        b"cnumpy\ndtype\n(S'i2,f4'\ntR.",
        b"Nr\xff\xff\xff\xff.",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"(" * 100_000,
        b".",
        b"",
        b"I1\n.",
        b"\x82\x01.",
        b"Pname\n.",
    ],
)
def test_hostile_pickles_are_refused(evil: bytes) -> None:
    """Other names, codecs, structured types, huge lengths and indices, persistent ids: a clear error, at once."""
    with pytest.raises(FormatError, match=r"cat.npz: train: .*(expected|persistent|unregistered)"):
        read(npz_of(train=evil))


def test_sizes_that_lie_are_refused() -> None:
    """An array's size is what its bytes are, not what its header says."""
    good = pickle.dumps(objects([np.zeros((3, 3), np.int16)]), protocol=2)
    for old, new in ((b"K\x03K\x03\x86", b"K\xffK\x03\x86"), (b"K\x01\x85", b"J\xff\xff\xff\x7f\x85")):
        assert old in good
        with pytest.raises(FormatError, match=r"cat\.npz: train: expected"):
            read(npz_of(train=good.replace(old, new)))
    header = npz(train=np.zeros((3, 3), np.int16))
    with zipfile.ZipFile(io.BytesIO(header)) as archive:
        member = archive.read("train.npy").replace(b"(3, 3)", b"(9, 3)")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("train.npy", member)
    with pytest.raises(FormatError, match=r"cat\.npz: train: expected an array"):
        read(file.getvalue())


BAD = [
    (np.zeros((0, 3), np.int16), stroke3.WANT_POINTS, "none"),
    (np.zeros((2, 5), np.int16), stroke3.WANT_SEQUENCE, "int16 (2, 5)"),
    (np.zeros(3, np.int16), stroke3.WANT_SEQUENCE, "int16 (3,)"),
    (7, stroke3.WANT_SEQUENCE, "int"),
    (np.array([[0, 0, 0], [1, 1, 2]], np.int16), stroke3.WANT_PEN, "2 at point 1"),
    (np.zeros((MAX_POINTS + 1, 3), np.int8), stroke3.WANT_FEW, "20001"),
    (np.array([[0, 0, 0], [np.inf, 1, 1]]), stroke3.WANT_FINITE, "an extent of"),
    (np.array([[0, 0, 0], [np.nan, 1, 1]]), stroke3.WANT_FINITE, "an extent of nan"),
    (np.array([[0, 0, 0], [5e-324, 0, 1]]), stroke3.WANT_FINITE, "an extent of"),
]


@pytest.mark.parametrize(("bad", "wanted", "found"), BAD, ids=[found for _, _, found in BAD])
def test_a_bad_sequence_is_a_fault_between_its_neighbours(bad: object, wanted: str, found: str) -> None:
    """The fault has the sequence's number over all arrays, and its place in words."""
    good = np.array([[10, 0, 0], [100, 0, 1]], np.int16)
    parsed = read(npz(train=objects([good]), valid=objects([good, bad, good])))
    assert len(drawings(parsed)) == 3
    [fault] = faults(parsed)
    assert (fault.offset, fault.line, fault.expected) == (2, None, wanted)
    assert fault.found.startswith(found)
    assert fault.text.startswith("valid[1] ")


def test_other_arrays_are_named() -> None:
    """What is not read is said."""
    parsed = read(npz(train=objects([np.array([[10, 0, 1]], np.int16)]), mean=np.zeros(3)))
    assert len(drawings(parsed)) == 1
    assert [fault.reason for fault in faults(parsed)] == [
        "expected arrays train, valid and test only, found an array 'mean', which is not read"
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a whole .npz archive"),
        (b"PK\x03\x04" + bytes(100), "expected a whole .npz archive"),
        (npz(other=np.zeros(3)), "expected arrays train, valid, test, found other"),
        (npz(), "expected arrays train, valid, test, found nothing"),
        (npz(train=np.zeros(3, "S3")), "train"),
    ],
)
def test_other_archives_are_refused(content: bytes, message: str) -> None:
    """The error names the file and what was found."""
    try:
        parsed = read(content)
    except FormatError as error:
        reason = str(error)
    else:
        reason = f"cat.npz: {faults(parsed)[0].text}"
    assert reason.startswith("cat.npz: ")
    assert message in reason


@given(st.integers(0, 1500), st.binary(min_size=1, max_size=20), st.integers(0, 4000))
def test_damaged_archives_are_read_or_refused(at: int, garbage: bytes, size: int) -> None:
    """Overwritten or cut archives never end in another error."""
    content = bytearray(npz(train=objects([np.array([[10, 0, 0], [100, 0, 1]], np.int16)] * 20)))
    content[at : at + len(garbage)] = garbage
    with suppress(FormatError):
        read(bytes(content[:size]))


@given(st.integers(0, 400), st.binary(max_size=20), st.integers(0, 5))
def test_damaged_pickles_are_read_or_refused(at: int, garbage: bytes, protocol: int) -> None:
    """Whatever instructions a pickle is made of, they end in drawings, faults or FormatError."""
    content = bytearray(pickle.dumps(objects([np.array([[10, 0, 0], [100, 0, 1]], np.int16)] * 3), protocol))
    content[at : at + len(garbage)] = garbage
    with suppress(FormatError):
        read(npz_of(train=bytes(content)))


strokes_ = simplified()


@given(st.lists(strokes_, min_size=1, max_size=4))
def test_what_is_written_has_the_same_points(tmp_path_factory: pytest.TempPathFactory, strokes: list) -> None:
    """numpy gives the very points back; this reader gives `canonical` of them, because scale is not in the file."""
    path = tmp_path_factory.getbasetemp() / "cat.npz"
    batch = Records.of(Drawings.of([drawing_of(one) for one in strokes]))
    assert stroke3.write([batch], path, valid=[batch]) == 2 * len(strokes)
    with np.load(path, allow_pickle=True, encoding="latin1") as arrays:
        assert [absolute(sequence) for sequence in arrays["train"]] == strokes
        assert {sequence.dtype for sequence in arrays["train"]} == {np.dtype(np.int16)}
        assert len(arrays["test"]) == 0
    assert drawings(read(path.read_bytes())) == [canonical(one).tolist() for one in strokes] * 2


def test_the_same_drawings_give_the_same_file(tmp_path: Path) -> None:
    """Neither time nor name is inside."""
    batch = Records.of(Drawings.of([drawing_of([[[0, 255], [0, 9]]])]))
    for name in ("a.npz", "b.full.npz"):
        stroke3.write([batch], tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.full.npz").read_bytes()


def test_several_words_are_refused(tmp_path: Path) -> None:
    """A file is of one word."""
    batch = Records.of(
        Drawings.of([drawing_of([[[0], [0]]])] * 2), label=np.arange(2, dtype=np.int32), labels=("cat", "dog")
    )
    with pytest.raises(FormatError, match=r"one word .* found \['cat', 'dog'\]"):
        stroke3.write([batch], tmp_path / "cat.npz")


def test_real_drawings_keep_their_strokes(shared_data: Path, tmp_path: Path) -> None:
    """Google's own simplified drawings come back with as many strokes."""
    import gzip

    with gzip.open(shared_data / "simplified" / "dog.ndjson.gz", "rt") as lines:
        given_drawings = Drawings.of([drawing_of(json.loads(line)["drawing"]) for line in lines])
    stroke3.write([Records.of(given_drawings)], tmp_path / "dog.npz")
    back = read((tmp_path / "dog.npz").read_bytes())
    assert faults(back) == []
    found = [drawing for one in back for drawing in one.records.drawings]
    assert [len(strokes_of(drawing)) for drawing in found] == [len(strokes_of(one)) for one in given_drawings]
