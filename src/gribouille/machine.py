"""What a run ran on, for its card: processor, memory, GPUs, system and versions; nothing that names a computer or person."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("gribouille", "torch", "torchvision", "timm", "numpy", "numba", "onnx", "onnxruntime", "triton")
GIB = 2**30  # bytes
# Where a container's limits stand: cgroup 2 below the process's own group, cgroup 1 below each controller.
CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")
CPUINFO = Path("/proc/cpuinfo")


def machine() -> dict[str, Any]:
    """This machine as plain values: `cpu` model, `cores` and `memory_gib` that this process may use, `gpus` with their
    `name` and `memory_gib`, `system`, `python`, `cuda` ("" without) and `versions` of the packages that are installed."""
    import torch

    return {
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "memory_gib": round(usable_memory() / GIB, 1),
        "gpus": _gpus(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "cuda": torch.version.cuda or "" if torch.cuda.is_available() else "",
        "versions": {package: found for package in PACKAGES if (found := _version(package))},
    }


def cpu_model() -> str:
    """The processor's name as its maker gives it, or its architecture where the system tells no more."""
    if CPUINFO.exists():
        for line in CPUINFO.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or platform.machine()
    return platform.processor() or platform.machine()


def usable_cores() -> float:
    """Cores that this process may use: those it is bound to, or fewer by its container's limit (which may be a part)."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([float(bound), *_core_quotas()])


def usable_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or fewer by its container's limit."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    limits = [*_limits("", "memory.max"), *_limits("memory", "memory.limit_in_bytes")]
    return min([whole, *(int(limit) for limit in limits if limit.isdigit())])


def _core_quotas() -> list[float]:
    quotas = [limit.split() for limit in _limits("", "cpu.max")]
    periods = _limits("cpu", "cpu.cfs_period_us")
    quotas += [list(pair) for pair in zip(_limits("cpu", "cpu.cfs_quota_us"), periods, strict=True)]
    return [int(quota) / int(period) for quota, period in quotas if quota.isdigit()]  # "max" and "-1": no limit


def _limits(controller: str, name: str) -> list[str]:
    """The texts of a limit's files, from this process's control group up to the root ("" is the controller of cgroup 2)."""
    if not OWN_CGROUPS.exists():
        return []
    found = []
    for line in OWN_CGROUPS.read_text(encoding="utf-8").splitlines():
        _, controllers, group = line.split(":", 2)
        if controller not in controllers.split(","):
            continue
        root = CGROUPS / controller
        own = root / group.lstrip("/")
        for folder in [own, *own.parents]:
            if folder.is_relative_to(root) and (folder / name).is_file():
                found.append((folder / name).read_text(encoding="utf-8").strip())
    return found


def _gpus() -> list[dict[str, Any]]:
    import torch

    if not torch.cuda.is_available():
        return []
    found = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    return [{"name": gpu.name, "memory_gib": round(gpu.total_memory / GIB, 1)} for gpu in found]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
