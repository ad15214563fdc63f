"""Checks every array's shape and dtype in the package's signatures while the tests run (jaxtyping with beartype)."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook


class _SkipKernels:
    """Loads the numba modules (`*kernel*`) as they are: the hook's decorators break @njit."""

    def __init__(self, hooked: object) -> None:
        self.hooked = hooked

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if "kernel" in name.rpartition(".")[2]:
            return None
        return self.hooked.find_spec(name, path, target)  # type: ignore[attr-defined]


# An int is a float (PEP 484), as mypy has it: simplified strokes are lists of ints.
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))

with_plain = set(sys.meta_path)
install_import_hook("gribouille", "jaxtyping_hook.checked")
for index, finder in enumerate(sys.meta_path):
    if finder not in with_plain:
        sys.meta_path[index] = _SkipKernels(finder)  # type: ignore[call-overload]
