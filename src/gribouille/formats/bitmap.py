"""Google's 28×28 .npy pictures: a file in, a read-only array out, for comparison with others' picture classifiers.

Pictures have no strokes, so no drawing can be made of them and the ingest refuses them.
"""

from pathlib import Path
from tokenize import TokenError

import numpy as np
from jaxtyping import UInt8

from gribouille.formats.records import FormatError

SIDE = 28  # pixels
DAMAGED = (ValueError, TypeError, EOFError, OverflowError, MemoryError, SyntaxError, TokenError)  # numpy's, of .npy
NO_STROKES = "pictures have no strokes: ingest the same category as NDJSON or .bin instead"


def read_bitmaps(path: Path) -> UInt8[np.ndarray, "pictures 28 28"]:
    """The pictures of a file, mapped into memory and read-only: 255 is ink. Raises FormatError, OSError."""
    try:
        pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except DAMAGED as error:
        raise FormatError(f"{path}: expected a .npy file of uint8, found another one ({error})") from error
    if not isinstance(pixels, np.ndarray):
        pixels.close()
        raise FormatError(f"{path}: expected a .npy file of one array, found an archive of several")
    is_flat = pixels.ndim == 2 and pixels.shape[1] == SIDE * SIDE
    if pixels.dtype != np.uint8 or not (is_flat or pixels.shape[1:] == (SIDE, SIDE)):
        raise FormatError(f"{path}: expected uint8 (n, {SIDE * SIDE}), found {pixels.dtype} {pixels.shape}")
    return pixels.reshape(-1, SIDE, SIDE)
