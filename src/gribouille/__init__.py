"""Gribouille recognises what you are drawing, while you draw it.

The façade: `canonical` and `prefix` (drawings), `Store` (millions of them on disk), `Recogniser` and `Guess` (what one
shows). Each name is loaded when it is first asked for, so that the shop never meets the laboratory: `Store` alone
needs the extra `train`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gribouille.drawing import canonical, prefix
    from gribouille.recogniser import Guess, Recogniser
    from gribouille.store import Store

__version__ = "0.1.0"
__all__ = ["Guess", "Recogniser", "Store", "__version__", "canonical", "prefix"]

_HOME = {
    "canonical": "gribouille.drawing",
    "prefix": "gribouille.drawing",
    "Store": "gribouille.store",
    "Recogniser": "gribouille.recogniser",
    "Guess": "gribouille.recogniser",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'gribouille' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
