"""A whole store in a device's memory: rows in, pictures there out, and hardly anything travels.

50 million drawings are 5.5 GB: the store's own bytes, 2·n + ⌈n/8⌉ for n points, and 8 more for each drawing's place. A
batch costs the host a row number, a key and an offset a drawing; gathering, augmentation and raster are launched without
waiting for the device. Where a store does not fit, `images_on` takes points that travel, 3 bytes each.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8, UInt16, UInt64
from torch import Tensor

from gribouille.augment import Augmentation
from gribouille.augment_device import augment_on
from gribouille.device import launching, sent
from gribouille.drawing import Drawings
from gribouille.packing_kernel import pack
from gribouille.raster.device import rasterise_spans
from gribouille.raster.spec import RasterSpec
from gribouille.store import AnyStore

SLICE = 1 << 18  # rows that are read at a time: some 35 MB of points


@dataclass(frozen=True, eq=False)
class Resident:
    """The drawings of a store on a device, packed as in the store: row i is bytes starts[i]:starts[i + 1].

    `sizes` (points of each row) stay on the host, so that a batch's offsets are known without asking the device.
    """

    packed: UInt8[Tensor, "bytes"]
    starts: Int64[Tensor, "rows_and_one"]
    sizes: UInt16[np.ndarray, "rows"]

    @classmethod
    def of(cls, store: AnyStore, device: str | torch.device) -> "Resident":
        """All rows of the store, read in slices."""
        starts = _offsets(_packed_sizes(store))
        packed = torch.empty(int(starts[-1]), dtype=torch.uint8, device=device)
        filled = 0
        for drawings in _slices(store):
            bytes_, _ = pack(drawings.points, drawings.offsets)
            packed[filled : filled + len(bytes_)] = torch.from_numpy(bytes_).to(device)
            filled += len(bytes_)
        return cls(packed, torch.from_numpy(starts).to(device), store.points.astype(np.uint16))

    def __len__(self) -> int:
        return len(self.sizes)

    def gather(self, rows: Int64[np.ndarray, "n"]) -> tuple[UInt8[Tensor, "total 3"], Int64[Tensor, "n_and_one"]]:
        """The points and offsets of these rows, in this order, on the device. Raises IndexError for a row out of range."""
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"expected rows from 0 to {len(self) - 1}, found {rows.min()} to {rows.max()}")
        sizes = self.sizes[rows].astype(np.int64)
        offsets, there = sent(_offsets(sizes), self.packed.device), sent(rows, self.packed.device)
        points = torch.empty((int(sizes.sum()), 3), dtype=torch.uint8, device=self.packed.device)
        with launching(self.packed, self.starts, there, offsets):
            from gribouille import augment_device_kernel as kernel

            if len(rows):
                kernel.unpack[(len(rows),)](self.packed, self.starts, there, offsets, points, **kernel.LAUNCH)
        return points, offsets

    def images(
        self,
        rows: Int64[np.ndarray, "n"],
        by: Augmentation,
        keys: UInt64[np.ndarray, "n"],
        spec: RasterSpec,
        dtype: torch.dtype = torch.float32,
    ) -> Float[Tensor, "n channels side side"]:
        """The pictures of these rows, warped and cut by their keys, in channels-last memory (see `rasterise_on`)."""
        return _augmented_images(*self.gather(rows), by, keys, spec, dtype)


def images_on(
    device: str | torch.device,
    drawings: Drawings,
    by: Augmentation,
    keys: UInt64[np.ndarray, "drawings"],
    spec: RasterSpec,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "drawings channels side side"]:
    """The pictures of drawings that the host has: their points are sent, the rest is done on the device."""
    points, offsets = sent(drawings.points, device), sent(drawings.offsets, device)
    return _augmented_images(points, offsets, by, keys, spec, dtype)


def _augmented_images(
    points: Tensor, offsets: Tensor, by: Augmentation, keys: np.ndarray, spec: RasterSpec, dtype: torch.dtype
) -> Tensor:
    ends = augment_on(points, offsets, by, sent(keys, points.device))
    return rasterise_spans(points, (offsets[:-1], ends), spec, dtype)


def bytes_needed(store: AnyStore) -> int:
    """The bytes that a resident store takes on its device."""
    return int(_packed_sizes(store).sum()) + 8 * (len(store) + 1)


def _packed_sizes(store: AnyStore) -> Int64[np.ndarray, "rows"]:
    """The bytes of each row, as `pack` makes them."""
    points = store.points.astype(np.int64)
    return 2 * points + (points + 7) // 8


def _slices(store: AnyStore) -> Iterator[Drawings]:
    for first in range(0, len(store), SLICE):
        yield store.gather(np.arange(first, min(first + SLICE, len(store))))


def _offsets(sizes: Int64[np.ndarray, "n"]) -> Int64[np.ndarray, "n_and_one"]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
