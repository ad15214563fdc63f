"""A store in a device's memory gives the drawings of the store, and augments them as the CPU does."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from shapes import store_of_shapes

from gribouille import resident
from gribouille.augment import Augmentation, cut, fractions_of, warp
from gribouille.augment_device import cut_on, fractions_on, warp_on
from gribouille.drawing import SIDE, Drawings
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.resident import Resident, bytes_needed, images_on
from gribouille.store import Store, narrowed

POINT = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE), st.integers(0, 1))
DRAWING = st.lists(POINT, min_size=0, max_size=12).map(lambda points: np.array(points, np.uint8).reshape(-1, 3))


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 60)


@pytest.fixture
def threaded_once():
    """Torch on one thread, as it was afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def on_device(drawings: Drawings, keys: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Points, offsets and keys as tensors."""
    return tuple(torch.from_numpy(each) for each in (drawings.points, drawings.offsets, keys.view(np.int64)))


def random_keys(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64)


@pytest.mark.parametrize("slice_rows", [7, 1 << 18])
def test_gather_is_the_stores(store, slice_rows, monkeypatch):
    """Any rows, in any order and repeated, are the store's drawings, however the store was read; the bytes keep to the bound."""
    monkeypatch.setattr(resident, "SLICE", slice_rows)
    here = Resident.of(store, "cpu")
    rows = np.random.default_rng(0).integers(0, len(store), 300)
    for some in (rows, rows[:1], rows[:0]):
        points, offsets = here.gather(some)
        expected = store.gather(some)
        assert np.array_equal(points.numpy(), expected.points)
        assert np.array_equal(offsets.numpy(), expected.offsets)
    assert here.packed.nbytes + here.starts.nbytes <= bytes_needed(store)


def test_gather_from_a_view(store):
    """A narrowed store becomes resident with its own rows."""
    view = narrowed(store, ["circle", "square"])
    here, rows = Resident.of(view, "cpu"), np.arange(len(view))[::-1].copy()
    assert len(here) == len(view)
    assert np.array_equal(here.gather(rows)[0].numpy(), view.gather(rows).points)


@pytest.mark.parametrize("row", [-1, 240])
def test_rows_out_of_range_are_refused(store, row):
    """A row that the store does not have raises IndexError, and reads no memory of others."""
    with pytest.raises(IndexError, match="expected rows from 0 to 239"):
        Resident.of(store, "cpu").gather(np.array([0, row]))


@given(st.lists(DRAWING, max_size=6), st.integers(0, 2**32))
def test_augmentation_is_the_cpus(some, seed):
    """Any batch is warped and cut as by the numba kernels: the same points stay, none more than 1 unit elsewhere."""
    drawings, keys = Drawings.of(some), random_keys(len(some), seed)
    points, offsets, bits = on_device(drawings, keys)
    by = Augmentation(cut=0.7, shortest=0.0)
    warped = warp(drawings, by, keys)
    assert np.abs(warp_on(points, offsets, by, bits).numpy().astype(int) - warped.points).max(initial=0) <= 1
    expected = cut(drawings, by, keys)
    left, left_offsets = cut_on(points, offsets, by, bits)
    assert np.array_equal(left_offsets.numpy(), expected.offsets)
    left = left.numpy()[: expected.offsets[-1]]
    assert np.array_equal(left[:, 2], expected.points[:, 2])
    assert np.abs(left.astype(int) - expected.points).max(initial=0) <= 1


def test_augmentation_hardly_ever_rounds_otherwise(store, threaded_once):
    """Of 12,000 augmented drawings not one in a thousand differs in a point, and fractions are equal to the last bit."""
    rows = np.tile(np.arange(len(store)), 50)
    drawings, keys = store.gather(rows), random_keys(len(rows))
    points, offsets, bits = on_device(drawings, keys)
    by = Augmentation()
    assert np.array_equal(fractions_on(by, bits).numpy(), fractions_of(by, keys))
    expected = cut(warp(drawings, by, keys), by, keys)
    left, left_offsets = cut_on(warp_on(points, offsets, by, bits), offsets, by, bits)
    assert np.array_equal(left_offsets.numpy(), expected.offsets)
    moved = (left.numpy()[: expected.offsets[-1]] != expected.points).any(axis=1)
    assert moved.sum() < len(rows) / 1000


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU, and there is none")
def test_gpu_shows_what_the_cpu_shows(store):
    """On a GPU, pictures of rows, from its memory or sent there, are the numba kernels' but for those that round otherwise."""
    rows, keys = np.tile(np.arange(len(store)), 10), random_keys(10 * len(store))
    by, spec, drawings = Augmentation(), RasterSpec(), store.gather(rows)
    expected = rasterise(cut(warp(drawings, by, keys), by, keys), spec)
    for images in (
        Resident.of(store, "cuda").images(rows, by, keys, spec),
        images_on("cuda", drawings, by, keys, spec),
    ):
        apart = np.abs(images.cpu().numpy() - expected).max(axis=(1, 2, 3))
        assert np.mean(apart < 1e-4) > 0.999
