"""Triton's kernels without a GPU: run by its interpreter, and compiled for an H100."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# The interpreter must be chosen before Triton is imported, so it has a process of its own.
PROGRAM = """
import sys
import numpy as np, torch
from gribouille.augment import Augmentation
from gribouille.augment_device import augment_on
from gribouille.raster.device import rasterise_on
from gribouille.raster.spec import RasterSpec
from gribouille.resident import Resident, images_on
from gribouille.store import Store

torch.set_num_threads(1)
given = np.load(sys.argv[1], allow_pickle=True)
points, offsets = torch.from_numpy(given["points"]), torch.from_numpy(given["offsets"])
{}
np.savez(sys.argv[2], **found)
"""


def interpreted_by_triton(code: str, given: dict[str, np.ndarray], folder: Path) -> dict[str, np.ndarray]:
    """The arrays `found` that the code leaves, run over the arrays `given` where kernels are interpreted."""
    np.savez(folder / "given.npz", **given)
    command = [sys.executable, "-W", "error", "-c", PROGRAM.format(code), folder / "given.npz", folder / "found.npz"]
    ran = subprocess.run(command, env={**os.environ, "TRITON_INTERPRET": "1"}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    with np.load(folder / "found.npz") as found:
        return dict(found)


@dataclass(frozen=True)
class MachineCode:
    """What a kernel became: its PTX, and what it uses of a multiprocessor (REG a thread, STACK and LOCAL in bytes)."""

    ptx: str
    used: dict[str, int]


def machine_code(kernel: object, signature: dict[str, str], constants: dict[str, int], folder: Path) -> MachineCode:
    """The kernel compiled for sm_90, one warp a program, without fused multiply-add."""
    import triton

    signature = signature | dict.fromkeys(constants, "constexpr")
    source = triton.compiler.ASTSource(fn=kernel, signature=signature, constexprs=constants)
    target = triton.backends.compiler.GPUTarget("cuda", 90, 32)
    compiled = triton.compile(source, target, options={"num_warps": 1, "enable_fp_fusion": False})
    (folder / "kernel.cubin").write_bytes(compiled.asm["cubin"])
    tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    usage = subprocess.check_output([tool, "--dump-resource-usage", folder / "kernel.cubin"], text=True)
    return MachineCode(compiled.asm["ptx"], {name: int(count) for name, count in re.findall(r"([A-Z]+):(\d+)", usage)})
