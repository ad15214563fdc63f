"""The GPU's pictures are the CPU's: by Triton's interpreter everywhere, on a GPU itself where there is one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from interpreted import interpreted_by_triton, machine_code

from gribouille.augment import Augmentation, cut, warp
from gribouille.drawing import Drawings, canonical
from gribouille.raster.device import constants_of, rasterise_on
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.store import Store

pytest.importorskip("triton", reason="Triton comes with PyTorch's CUDA builds only")

TOLERANCE = 1e-4
SPECS = {
    "28 px": RasterSpec.of_side(28),
    "two channels, other order": RasterSpec.of_side(29, ("stroke", "ink")),
    "google": RasterSpec.of_google(),
    "wide line": RasterSpec(30, 7.3, 5.0),
}

DRAW = """
images = {}
for name, fields in given["specs"].item().items():
    ends = offsets if not images else offsets[:-1]  # the long drawing once
    images[name] = rasterise_on(points, ends, RasterSpec.from_dict(fields)).numpy()
few = rasterise_on(points, offsets[:3], RasterSpec.of_side(28), torch.float16)
assert few.is_contiguous(memory_format=torch.channels_last)
assert rasterise_on(points, offsets[:1], RasterSpec.of_side(28)).shape == (0, 3, 28, 28)
found = {"float16": few.numpy(), **images}
"""


def awkward() -> list[np.ndarray]:
    """What a kernel may stumble over: nothing, dots, lines without height, no start of a stroke, a thousand points."""
    generator = np.random.default_rng(1)
    scribble = np.concatenate([generator.integers(0, 256, (9, 2)), generator.integers(0, 2, (9, 1))], axis=1)
    steps = np.cumsum(generator.integers(-3, 4, (1030, 2)), axis=0)
    long = np.concatenate([(steps - steps.min(0)) % 256, np.arange(1030)[:, None] % 50 > 0], axis=1)
    forms = [
        np.zeros((0, 3)),
        [[9, 7, 0]],
        [[0, 0, 0], [0, 0, 1]],
        [[5, 5, 0], [200, 5, 1], [100, 5, 0], [100, 5, 1]],
        [[3, 4, 1], [90, 200, 1], [90, 200, 1]],
        scribble,
        long,
    ]
    return [np.asarray(form, np.uint8).reshape(-1, 3) for form in forms]


@pytest.fixture(scope="module")
def drawings(golden_raw) -> Drawings:
    return Drawings.of([canonical(record["strokes"]) for record in golden_raw[:4]] + awkward())


@pytest.fixture(scope="module")
def interpreted(drawings, tmp_path_factory) -> dict[str, np.ndarray]:
    """The images of `drawings` by every spec, computed by Triton's interpreter."""
    specs = np.array({name: spec.to_dict() for name, spec in SPECS.items()}, object)
    given = {"points": drawings.points, "offsets": drawings.offsets, "specs": specs}
    return interpreted_by_triton(DRAW, given, tmp_path_factory.mktemp("interpreted"))


@pytest.mark.parametrize("name", SPECS)
def test_interpreted_kernel_draws_the_same(name, drawings, interpreted):
    """Every picture of the Triton kernel is the numba kernel's, the awkward ones too."""
    images = interpreted[name]
    np.testing.assert_allclose(images, rasterise(drawings, SPECS[name])[: len(images)], atol=TOLERANCE / 10, rtol=0)


def test_other_types_are_rounded_once(interpreted):
    """Pictures in half precision are the float32 ones, rounded. (The interpreter truncates bfloat16; a GPU does not.)"""
    np.testing.assert_array_equal(interpreted["float16"], interpreted["28 px"][:2].astype(np.float16))


def test_no_silent_fallback(drawings):
    """Tensors that are not on a GPU raise an error that says so."""
    points, offsets = torch.from_numpy(drawings.points), torch.from_numpy(drawings.offsets)
    with pytest.raises(ValueError, match="expected tensors on a CUDA device, found them on cpu"):
        rasterise_on(points, offsets, RasterSpec())
    with pytest.raises(ValueError, match=r"expected tensors on one device, found them on \['cpu', 'meta'\]"):
        rasterise_on(points.to("meta"), offsets, RasterSpec())


@pytest.mark.parametrize("out", ["fp32", "bf16"])
def test_kernel_compiles_for_an_h100(out, tmp_path):
    """The kernel compiles to sm_90 machine code without a GPU: nothing spilled, nothing fused that would round otherwise."""
    from gribouille.raster import device_kernel as kernel

    constants = {**constants_of(RasterSpec()), "rows": kernel.ROWS, "columns": kernel.COLUMNS}
    signature = {"points": "*u8", "begins": "*i64", "ends": "*i64", "span": "fp32", "reach": "fp32", "out": f"*{out}"}
    signature |= dict.fromkeys(constants, "constexpr")
    compiled = machine_code(kernel.draw_tile, signature, constants, tmp_path)
    assert "fma.rn" not in compiled.ptx
    assert ("cvt.rn.bf16" in compiled.ptx) == (out == "bf16")
    assert compiled.used["STACK"] == compiled.used["LOCAL"] == 0
    assert compiled.used["REG"] <= 128


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU, and there is none")
@pytest.mark.parametrize("side", [28, 48, 64, 77, 96, 128])
def test_gpu_draws_the_same(side, drawings):
    """On a GPU, 2,000 pictures (real drawings where there are any, else golden ones under many warps) are the numba kernel's."""
    store = Path(__file__).parents[1] / "stores" / "quickdraw"
    keys = np.arange(2000, dtype=np.uint64)
    if store.is_dir():
        many = Store.open(store).gather(np.arange(2000) * 97)
    else:
        many = warp(Drawings.of([drawings[index % 4] for index in range(2000)]), Augmentation(), keys)
    many = Drawings.of([*cut(many, Augmentation(), keys), *drawings])
    for spec in (RasterSpec.of_side(side), RasterSpec.of_side(side, ("time",))):
        images = rasterise_on(torch.from_numpy(many.points).cuda(), torch.from_numpy(many.offsets).cuda(), spec)
        np.testing.assert_allclose(images.cpu().numpy(), rasterise(many, spec), atol=TOLERANCE, rtol=0)
