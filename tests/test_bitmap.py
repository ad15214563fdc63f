"""Google's 28×28 pictures: read as they are, never more than mapped, anything else refused by name."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gribouille.formats.bitmap import read_bitmaps
from gribouille.formats.records import FormatError


@pytest.mark.parametrize("shape", [(5, 784), (5, 28, 28)])
def test_pictures_come_as_they_are(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Flat or square rows are the same pictures, mapped and read-only."""
    pixels = np.arange(5 * 784).astype(np.uint8).reshape(shape)
    np.save(tmp_path / "cat.npy", pixels)
    pictures = read_bitmaps(tmp_path / "cat.npy")
    assert pictures.shape == (5, 28, 28)
    assert (pictures.reshape(shape) == pixels).all()
    assert not pictures.flags.writeable
    assert isinstance(pictures, np.memmap)


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (np.zeros((3, 783), np.uint8), r"found uint8 \(3, 783\)"),
        (np.zeros((3, 784), np.float32), r"found float32 \(3, 784\)"),
        (np.zeros(784, np.uint8), r"found uint8 \(784,\)"),
        (np.array([{}], object), "allow_pickle=False|Python objects"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, array: np.ndarray, found: str) -> None:
    """Other shapes and types, pickled objects above all, are an error that names the file."""
    np.save(tmp_path / "cat.npy", array)
    with pytest.raises(FormatError, match=f"cat.npy: expected .*({found})"):
        read_bitmaps(tmp_path / "cat.npy")


def test_an_archive_is_refused(tmp_path: Path) -> None:
    """An .npz under the name of an .npy is none."""
    np.savez(tmp_path / "cat.npz", train=np.zeros(3))
    (tmp_path / "cat.npz").rename(tmp_path / "cat.npy")
    with pytest.raises(FormatError, match="found an archive of several"):
        read_bitmaps(tmp_path / "cat.npy")


@given(st.integers(0, 300), st.binary(min_size=1, max_size=20), st.integers(0, 4000))
def test_damaged_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, garbage: bytes, size: int
) -> None:
    """Overwritten or cut files never end in another error."""
    path = tmp_path_factory.getbasetemp() / "damaged.npy"
    np.save(path, np.zeros((4, 784), np.uint8))
    content = bytearray(path.read_bytes())
    content[at : at + len(garbage)] = garbage
    path.write_bytes(content[:size])
    with suppress(FormatError):
        assert read_bitmaps(path).dtype == np.uint8
