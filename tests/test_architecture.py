"""Imports go down the design's list only (docs/design.md, "Layout"), and the shop never meets the laboratory."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

import gribouille

PACKAGE = Path(gribouille.__file__).parent

# docs/design.md's list, top to bottom: a module imports from its own line or from those above, never from below.
# A package stands for its modules. `recogniser` stands high although data reaches it last, because it needs nothing but
# a drawing and a file: evaluation, distillation and export ask it what everybody will get.
LAYERS = [
    {"drawing", "labels"},
    {"lines", "recogniser", "svg", "word_scores"},
    {"bulk_kernel", "packing_kernel"},
    {"formats", "sources", "fetch"},
    {"store", "ingest"},
    {"device"},
    {"sampling", "augment", "augment_kernel", "augment_device", "augment_device_kernel"},
    {"raster", "resident"},
    {"data"},
    {"nets", "rounding"},
    {"metrics", "evaluation", "machine", "checkpoint", "run_card", "documents"},
    {"ensemble"},
    {"predict", "distil", "evaluate", "answers", "suspects", "submission"},
    {"feed", "course", "parallel", "tracking"},
    {"train"},
    {"search", "report", "experts"},
    {"cluster"},
    {"compact", "quantise", "sharing", "tree_nodes", "export", "export_ensemble"},
    {"server"},
    {"site"},
    {"options", "terminal", "data_commands", "cli", "__main__"},
]
LAYER = {module: depth for depth, layer in enumerate(LAYERS) for module in layer}

SHOP = [
    *(
        "drawing",
        "labels",
        "lines",
        "recogniser",
        "svg",
        "server",
        "server.app",
        "server.run",
        "site",
        "cli",
        "options",
    ),
    *("sources", "fetch", "terminal"),  # whose clients of other machines come with a URL
]
LABORATORY_PACKAGES = [
    *("torch", "triton", "torchvision", "numba", "pyarrow", "timm", "onnx", "onnxscript", "safetensors"),
    *("scipy", "optuna", "lightgbm", "matplotlib", "tensorboard", "ray", "mlflow", "PIL"),
    *("fsspec", "aiohttp", "gcsfs", "s3fs", "botocore", "tenacity", "filelock"),
]

# Imports every argument with the laboratory's packages out of reach; the last line tells that all went well.
WITHOUT_LABORATORY = f"""
import importlib, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {LABORATORY_PACKAGES}:
            raise ModuleNotFoundError(f"blocked: {{name}}", name=name)

sys.meta_path.insert(0, Blocker())
for name in sys.argv[1:]:
    importlib.import_module(name)
print("fine")
"""


def module_name(path: Path) -> str:
    """gribouille.server.app for …/gribouille/server/app.py; a package for its __init__.py."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str) -> set[str]:
    """The modules of gribouille that a source imports anywhere, in functions too, `from` imports with their names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return {name for name in found if name.partition(".")[0] == "gribouille"}


MODULES = {module_name(path): imports_of(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
GRAPH = {name: (imports & MODULES.keys()) - {name, "gribouille"} for name, imports in MODULES.items()}


def top(module: str) -> str:
    """The entry of LAYERS that a module belongs to."""
    return module.removeprefix("gribouille").lstrip(".").partition(".")[0]


def rising(graph: dict[str, set[str]]) -> list[str]:
    """Every import that goes up the list, as "a → b"."""
    return sorted(
        f"{name} → {imported}"
        for name, imports in graph.items()
        for imported in imports
        if LAYER[top(imported)] > LAYER[top(name)]
    )


def test_every_module_has_its_place() -> None:
    """A new module stands in the list before it can be imported; none stands there that does not exist."""
    assert {top(name) for name in MODULES} - {""} == LAYER.keys()


def test_imports_go_down_the_list_only() -> None:
    """Data flows one way, and imports follow it. The façade (`gribouille` itself) is above the list and lazy."""
    assert rising({name: imports for name, imports in GRAPH.items() if name != "gribouille"}) == []


def test_a_rising_import_would_be_found() -> None:
    """The check itself works: for `import x`, `from x import y`, and imports inside functions."""
    for source in ("import gribouille.server.app", "def f():\n    from gribouille.server import create_app"):
        assert rising({"gribouille.drawing": imports_of(source) & MODULES.keys()}) != []


def test_imports_have_no_cycles() -> None:
    """Inside a layer too, no module needs another that needs it."""
    # A package's __init__ names what its modules hold; importing a module runs it first, which is no cycle of ours.
    graph = {name: {one for one in imports if not name.startswith(f"{one}.")} for name, imports in GRAPH.items()}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


def test_nothing_imports_the_facade() -> None:
    """Modules import from where a name lives; of `gribouille` itself they take the version alone."""
    for name, imports in MODULES.items():
        taken = {one for one in imports if top(one) not in LAYER and one != "gribouille"}
        assert taken <= {"gribouille.__version__"}, name


def test_the_facade_is_the_designs() -> None:
    """The package's public names are exactly those of the design, each in its place."""
    assert gribouille.__all__ == ["Guess", "Recogniser", "Store", "__version__", "canonical", "prefix"]
    assert dir(gribouille) == gribouille.__all__
    assert all(getattr(gribouille, name) is not None for name in gribouille.__all__)
    with pytest.raises(AttributeError, match="no attribute 'torch'"):
        gribouille.torch  # noqa: B018 - the access is the test


def run_without_laboratory(*modules: str) -> subprocess.CompletedProcess[str]:
    """Imports the modules in a fresh interpreter that cannot find the laboratory's packages."""
    command = [sys.executable, "-c", WITHOUT_LABORATORY, *modules]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_shop_needs_no_laboratory() -> None:
    """Drawing, recognising, serving and the command line import without torch, numba, pyarrow, timm and onnx."""
    ran = run_without_laboratory("gribouille", *(f"gribouille.{module}" for module in SHOP))
    assert (ran.stdout, ran.stderr) == ("fine\n", "")


@pytest.mark.parametrize("package", LABORATORY_PACKAGES)
def test_the_blocker_would_catch_an_import(package: str) -> None:
    """The check itself works: with the blocker, importing any of the laboratory's packages fails."""
    ran = run_without_laboratory(package)
    assert ran.returncode != 0
    assert f"blocked: {package}" in ran.stderr


def test_the_laboratory_is_not_the_shop() -> None:
    """The blocker bites where it should: the training loop does need torch."""
    assert "blocked: " in run_without_laboratory("gribouille.train").stderr


def test_there_are_no_drawers() -> None:
    """No module is named after nothing in particular."""
    names = set(chain.from_iterable(name.split(".") for name in MODULES))
    assert not names & {"utils", "util", "common", "helpers", "misc", "tools", "base"}
