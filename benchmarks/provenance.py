"""Where a benchmark's figures come from: date, machine, load, versions, commit."""

import os
import platform
import subprocess
from datetime import date
from importlib.metadata import version
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def provenance(*packages: str) -> str:
    """Two lines for the head of a table; `packages` by their names on PyPI."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    cpu = next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.processor())
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*"], cwd=REPOSITORY, capture_output=True, text=True
    ).stdout.strip()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return (
        f"{date.today()}  {cpu}, {cores} core(s), load {os.getloadavg()[0]:.1f}\n"
        f"{platform.system()}, Python {platform.python_version()}, {versions}, commit {commit or 'unknown'}"
    )
