"""Checks every array's shape and dtype in the package's signatures while the tests run (jaxtyping with beartype)."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

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


with_plain = set(sys.meta_path)
install_import_hook("gribouille", "beartype.beartype")
for index, finder in enumerate(sys.meta_path):
    if finder not in with_plain:
        sys.meta_path[index] = _SkipKernels(finder)  # type: ignore[call-overload]
