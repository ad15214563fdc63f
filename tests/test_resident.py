"""A store in a device's memory gives the drawings of the store, and augments them there as the CPU does."""

import numpy as np
import pytest
import torch
from interpreted import interpreted_by_triton, machine_code
from shapes import store_of_shapes

from gribouille import resident
from gribouille.augment import Augmentation, cut, warp
from gribouille.augment_device import augment_on
from gribouille.drawing import Drawings, canonical
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.resident import Resident, bytes_needed, images_on
from gribouille.store import Store, select

BY = Augmentation(cut=0.6, shortest=0.05, wave=12)
SPEC = RasterSpec.of_side(28)
ROWS = np.array([3, 200, 7, 7, 239, 0, 100])

GATHER_AND_AUGMENT = """
drawings = points.clone()
ends = augment_on(drawings, offsets, Augmentation(cut=0.6, shortest=0.05, wave=12), torch.from_numpy(given["keys"]))
here = Resident.of(Store.open(str(given["store"])), "cpu")
gathered, places = here.gather(given["rows"])
keys, still = given["keys"][:2], Augmentation(cut=1)
images = [
    here.images(given["rows"][:2], still, keys, RasterSpec.of_side(28)).numpy(),
    images_on("cpu", Store.open(str(given["store"])).gather(given["rows"][:2]), still, keys, RasterSpec.of_side(28)).numpy(),
]
assert here.gather(given["rows"][:0])[0].shape == (0, 3)
found = {
    "points": drawings.numpy(), "ends": ends.numpy(), "gathered": gathered.numpy(), "places": places.numpy(),
    "images": np.stack(images),
}
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 60)


@pytest.fixture(scope="module")
def drawings(golden_raw) -> Drawings:
    """Golden drawings, and what a kernel may stumble over: nothing, dots, a line back and forth, no start of a stroke."""
    awkward = [
        np.zeros((0, 3)),
        [[0, 0, 0], [0, 0, 1]],
        [[9, 7, 0]],
        [[0, 0, 0], [255, 0, 1], [0, 0, 1]],
        [[3, 4, 1], [90, 200, 1], [90, 200, 1], [0, 0, 0], [0, 0, 1], [255, 9, 1]],
        [[0, 0, 0], [100, 255, 1]],
        np.zeros((0, 3)),
    ]
    some = [canonical(record["strokes"]) for record in golden_raw[:9]]
    return Drawings.of(some + [np.asarray(form, np.uint8).reshape(-1, 3) for form in awkward])


def random_keys(count: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 2**64, count, dtype=np.uint64)


@pytest.fixture(scope="module")
def interpreted(drawings, store, tmp_path_factory) -> dict[str, np.ndarray]:
    """What Triton's interpreter makes of the drawings and of the store."""
    pytest.importorskip("triton", reason="Triton comes with PyTorch's CUDA builds only")
    given = {"points": drawings.points, "offsets": drawings.offsets, "keys": random_keys(len(drawings)), "rows": ROWS}
    given["store"] = np.array(str(store.path))
    return interpreted_by_triton(GATHER_AND_AUGMENT, given, tmp_path_factory.mktemp("interpreted"))


def test_interpreted_augmentation_is_the_cpus(drawings, interpreted):
    """Every drawing is warped and cut to the same points as by the numba kernels; some of each sort are cut and some are not."""
    keys = random_keys(len(drawings))
    expected = cut(warp(drawings, BY, keys), BY, keys)
    sizes = np.diff(expected.offsets)
    assert np.array_equal(interpreted["ends"] - drawings.offsets[:-1], sizes)
    assert 2 < np.count_nonzero(sizes < np.diff(drawings.offsets)) < len(drawings) - 4
    for begin, end, one in zip(drawings.offsets, interpreted["ends"], expected, strict=False):
        assert np.array_equal(interpreted["points"][begin:end], one)


def test_interpreted_gather_is_the_stores(store, interpreted):
    """Rows in any order, repeated, the first and the last, are the store's drawings."""
    expected = store.gather(ROWS)
    assert np.array_equal(interpreted["gathered"], expected.points)
    assert np.array_equal(interpreted["places"], expected.offsets)


def test_interpreted_images_are_the_cpus(store, interpreted):
    """From rows of a resident store, and from drawings that are sent, come the pictures of the numba kernels."""
    keys, always = random_keys(16)[:2], Augmentation(cut=1)
    expected = rasterise(cut(warp(store.gather(ROWS[:2]), always, keys), always, keys), SPEC)
    for images in interpreted["images"]:
        np.testing.assert_allclose(images, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("rows", [7, 1 << 18])
def test_bytes_are_the_stores(store, rows, monkeypatch):
    """However it was read, a resident store is what the store has on disk, and no larger than was announced."""
    monkeypatch.setattr(resident, "SLICE", rows)
    here = Resident.of(store, "cpu")
    for row in (0, 1, 239):
        stored = here.packed[here.starts[row] : here.starts[row + 1]].numpy()
        drawing = store.gather(np.array([row]))[0]
        assert np.array_equal(stored[: 2 * len(drawing)].reshape(-1, 2), drawing[:, :2])
        assert np.array_equal(
            np.unpackbits(stored[2 * len(drawing) :], bitorder="little")[: len(drawing)], drawing[:, 2]
        )
        assert here.sizes[row] == len(drawing)
    assert here.packed.nbytes + here.starts.nbytes <= bytes_needed(store)


def test_a_view_becomes_resident(store):
    """A view brings its own rows only."""
    view = select(store, "word in ('circle', 'square')")
    here = Resident.of(view, "cpu")
    assert np.array_equal(here.sizes, np.diff(view.gather(np.arange(len(view))).offsets))


@pytest.mark.parametrize("row", [-1, 240])
def test_rows_out_of_range_are_refused(store, row):
    """A row that the store does not have raises IndexError, before any memory is read."""
    with pytest.raises(IndexError, match="expected rows from 0 to 239"):
        Resident.of(store, "cpu").gather(np.array([0, row]))


def test_no_silent_fallback(drawings):
    """Tensors that are not on a GPU raise an error that says so."""
    pytest.importorskip("triton", reason="Triton comes with PyTorch's CUDA builds only")
    keys = torch.from_numpy(random_keys(len(drawings)))
    with pytest.raises(ValueError, match="expected tensors on a CUDA device, found them on cpu"):
        augment_on(torch.from_numpy(drawings.points), torch.from_numpy(drawings.offsets), BY, keys)


def test_kernels_compile_for_an_h100(tmp_path):
    """The three kernels compile to sm_90 machine code without a GPU, with the quotients and roots of IEEE."""
    pytest.importorskip("triton", reason="Triton comes with PyTorch's CUDA builds only")
    from gribouille import augment_device_kernel as kernel

    batch = {"points": "*u8", "offsets": "*i64", "keys": "*u64", "amounts": "*fp64"}
    packed = {"packed": "*u8", "starts": "*i64", "rows": "*i64", "offsets": "*i64", "points": "*u8"}
    chunk = {"chunk": kernel.LAUNCH["chunk"]}
    codes = [
        machine_code(kernel.warp, batch, chunk | {"bends": False}, tmp_path),
        machine_code(kernel.cut, batch | {"ends": "*i64"}, chunk, tmp_path),
        machine_code(kernel.unpack, packed, chunk, tmp_path),
    ]
    assert all(code.used["REG"] <= 64 and code.used["LOCAL"] == 0 for code in codes)
    bending = machine_code(kernel.warp, batch, chunk | {"bends": True}, tmp_path)
    assert bending.used["REG"] <= 80
    assert bending.used["LOCAL"] == 0
    assert "fma" not in codes[1].ptx  # in the warp, logarithm and cosine are made of them
    assert all(name in codes[1].ptx for name in ("div.rn.f64", "sqrt.rn.f64"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU, and there is none")
def test_gpu_shows_what_the_cpu_shows(store):
    """On a GPU, pictures of rows, from its memory or sent there, are the numba kernels' but for one in a thousand."""
    rows, keys = np.tile(np.arange(len(store)), 10), random_keys(10 * len(store))
    drawings, spec = store.gather(rows), RasterSpec()
    expected = rasterise(cut(warp(drawings, BY, keys), BY, keys), spec)
    for images in (
        Resident.of(store, "cuda").images(rows, BY, keys, spec),
        images_on("cuda", drawings, BY, keys, spec),
    ):
        apart = np.abs(images.cpu().numpy() - expected).max(axis=(1, 2, 3))
        assert np.mean(apart < 1e-4) > 0.999
