"""From rows of a store to what a net takes, on the net's device: pictures, or points.

Comes in: rows and the keys of their augmentation's random numbers. Goes out: a tensor on the device, one entry a
drawing. The work is done by the thread that asks, which is the loader's (`prefetched`): numba kernels hold no lock, and
what is launched on a GPU goes into the same stream as the training step, so that nothing has to wait for it.
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt32, UInt64
from torch import Tensor, nn

from gribouille.augment import Augmentation, cut, cut_with_times, warp
from gribouille.device import sent
from gribouille.drawing import Drawings
from gribouille.nets import PointNet
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.recogniser import PADDING
from gribouille.sampling import Rows
from gribouille.store import AnyStore

Keys: TypeAlias = UInt64[np.ndarray, "_"]
Feed: TypeAlias = Callable[[Rows, Keys], Tensor]
Value = TypeVar("Value")
ROOM = 0.5  # of a GPU's free memory that a resident store may take; the rest is the training's


@dataclass(frozen=True)
class FeedSpec:
    """What the inputs are: pictures by `spec`, or points for a net that takes them; drawings under `augmentation`; on
    `device`, with its number, since every thread has a current GPU of its own; pictures drawn on a GPU in `dtype`."""

    spec: RasterSpec
    augmentation: Augmentation
    device: str = "cpu"
    dtype: torch.dtype = torch.float32


def feed_of(store: AnyStore, net: nn.Module, wanted: FeedSpec) -> Feed:
    """The way from a store's rows to what `net` takes, the fastest that there is.

    On the CPU: numba kernels. On a GPU: the whole store in its memory where it fits, else points are sent and pictures
    drawn there.
    """
    if isinstance(net, PointNet):
        return _points(store, wanted)
    return _images(store, wanted) if wanted.device == "cpu" else _images_on_gpu(store, wanted)


def _augmented(store: AnyStore, wanted: FeedSpec, rows: Rows, keys: Keys) -> Drawings:
    return cut(warp(store.gather(rows), wanted.augmentation, keys), wanted.augmentation, keys)


def _images(store: AnyStore, wanted: FeedSpec) -> Feed:
    def feed(rows: Rows, keys: Keys) -> Tensor:
        images = torch.from_numpy(rasterise(_augmented(store, wanted, rows, keys), wanted.spec))
        return images.contiguous(memory_format=torch.channels_last)

    return feed


def _images_on_gpu(store: AnyStore, wanted: FeedSpec) -> Feed:
    # Nothing of Triton is needed, or loaded, where there is no GPU.
    from gribouille.resident import Resident, bytes_needed, images_on

    if bytes_needed(store) <= ROOM * torch.cuda.mem_get_info(wanted.device)[0]:
        resident = Resident.of(store, wanted.device)
        return lambda rows, keys: resident.images(rows, wanted.augmentation, keys, wanted.spec, wanted.dtype)
    return lambda rows, keys: images_on(
        wanted.device, store.gather(rows), wanted.augmentation, keys, wanted.spec, wanted.dtype
    )


def _points(store: AnyStore, wanted: FeedSpec) -> Feed:
    def feed(rows: Rows, keys: Keys) -> Tensor:
        drawings = store.gather(rows)
        times = known_times(drawings, *store.times(rows))
        # Whoever asks the net later has no times: it learns from every other drawing without them.
        times[np.repeat(keys % 2 == 0, np.diff(drawings.offsets))] = -1
        seen, kept = cut_with_times(warp(drawings, wanted.augmentation, keys), times, wanted.augmentation, keys)
        points = np.concatenate([padded_points(seen), padded_column(kept, seen.offsets)[:, :, None]], axis=2)
        return torch.from_numpy(points) if wanted.device == "cpu" else sent(points, wanted.device)

    return feed


def known_times(
    drawings: Drawings, times: UInt32[np.ndarray, "_timed"], offsets: Int64[np.ndarray, "_rows_and_one"]
) -> Float32[np.ndarray, "_points"]:
    """The time of every point in ms, −1 in drawings without times; `times` and `offsets` as `Store.times` gives
    them."""
    known = np.repeat(np.diff(offsets) > 0, np.diff(drawings.offsets))
    every = np.full(len(drawings.points), -1, np.float32)
    every[known] = times
    return every


def padded_points(drawings: Drawings) -> Float32[np.ndarray, "drawings longest 3"]:
    """The drawings as one batch of points, the shorter ones filled up with points at 0 and pen −1."""
    columns = [padded_column(drawings.points[:, n], drawings.offsets, value) for n, value in enumerate((0, 0, PADDING))]
    return np.stack(columns, axis=2)


def padded_column(
    values: np.ndarray, offsets: Int64[np.ndarray, "_drawings_and_one"], padding: float = -1
) -> Float32[np.ndarray, "_drawings longest"]:
    """One value a point as a batch of rows, the shorter ones filled up with `padding`."""
    sizes = np.diff(offsets)
    padded = np.full((len(sizes), max(1, int(sizes.max(initial=0)))), padding, np.float32)
    padded[np.arange(padded.shape[1]) < sizes[:, None]] = values
    return padded


def prefetched(values: Iterator[Value], depth: int) -> Generator[Value, None, None]:
    """The same values, made ahead by one thread (the kernels hold no lock); its errors are raised here."""
    ready: queue.Queue[tuple[Value] | BaseException | None] = queue.Queue(depth)
    left = threading.Event()

    def offer(made: tuple[Value] | BaseException | None) -> None:
        while not left.is_set():
            try:
                ready.put(made, timeout=0.1)
            except queue.Full:
                continue
            return

    def produce() -> None:
        try:
            for value in values:
                offer((value,))
                if left.is_set():
                    return
            offer(None)
        except BaseException as error:
            offer(error)

    thread = threading.Thread(target=produce, name="gribouille loader", daemon=True)
    thread.start()
    try:
        while (made := ready.get()) is not None:
            if isinstance(made, BaseException):
                raise made
            yield made[0]
    finally:
        left.set()
        thread.join()
