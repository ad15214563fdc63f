"""Several processes that learn one net together: who they are, and what they say to each other.

In comes torchrun's environment, or a process group that somebody else (Ray) has made; without either there is one process and
everything here is the identity. Out goes what one process with the whole batch would have got, rounding aside: gradients,
losses, counts, and the statistics of batch norms.

A process that fails takes the others with it: one that ends closes its connections, and torchrun (or Ray) ends the rest. One that
is alive and silent is given up after TIMEOUT. The run's folder then holds its last saved state, and the same command goes on from
there, with as many processes as one likes.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from itertools import count
from typing import Any, TypeAlias, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int64
from timm.layers import BatchNormAct2d
from torch import Tensor, distributed, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from gribouille.course import Share

TIMEOUT = timedelta(minutes=10)  # that processes wait for each other; compiling a net takes some
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, BatchNormAct2d)  # all that we know how to synchronise
Value = TypeVar("Value")
Images: TypeAlias = Float[Tensor, "batch channels *places"]

_numbers = count()  # of the groups that this process has made: every one has its own corner of torchrun's store


@contextmanager
def together(device: str) -> Iterator[Share]:
    """Which process of how many this one is, while they learn on `device` ("cpu" or "cuda").

    Under torchrun the processes meet here (gloo on CPUs, nccl on GPUs, one for each process of a machine); a group that is there
    already is taken and left as it is. At the end they wait for each other, so that what the first one wrote is there for all.
    Raises ValueError where there are more processes than GPUs.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if distributed.is_initialized():
        yield Share(distributed.get_rank(), distributed.get_world_size())
    elif world == 1:
        yield Share()
    else:
        _meet(device)
        try:
            yield Share(distributed.get_rank(), world)
            counted(np.zeros(1, np.int64))  # nobody leaves before all are through
        finally:
            distributed.destroy_process_group()


def _meet(device: str) -> None:
    """Join the other processes of torchrun's environment."""
    if device == "cuda":
        place, gpus = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if place >= gpus:
            raise ValueError(f"torchrun: expected a GPU for each process of this machine, found {gpus}")
        torch.cuda.set_device(place)
    store, rank, world = next(rendezvous("env://", timeout=TIMEOUT))
    # A second group would read the addresses that the first one left in the store.
    own = distributed.distributed_c10d.PrefixStore(f"gribouille/{next(_numbers)}", store)
    backend = "nccl" if device == "cuda" else "gloo"
    distributed.init_process_group(backend, store=own, rank=rank, world_size=world, timeout=TIMEOUT)


def _world() -> int:
    return distributed.get_world_size() if distributed.is_initialized() else 1


def _meeting_place() -> torch.device:
    """Where numbers must be to be sent."""
    return torch.device("cuda" if distributed.get_backend() == "nccl" else "cpu")


def told(ask: Callable[[], Value]) -> Value:
    """What `ask` answers in the first process, in all of them; its ValueError or OSError too is raised in all."""
    if _world() == 1:
        return ask()
    answer: list[Any] = [None, None]
    if distributed.get_rank() == 0:
        try:
            answer[0] = ask()
        except (ValueError, OSError) as error:
            answer[1] = error
    distributed.broadcast_object_list(answer, src=0)
    if answer[1] is not None:
        raise answer[1]
    told_value: Value = answer[0]
    return told_value


def agree(**values: object) -> None:
    """Make sure that all processes have the same values. Raises ValueError, in all of them, that names those that differ."""
    if _world() == 1:
        return
    every: list[Any] = [None] * _world()
    distributed.all_gather_object(every, values)
    for name in values:
        found = [theirs[name] for theirs in every]
        if any(one != found[0] for one in found):
            raise ValueError(f"{name}: expected the same in all {_world()} processes, found {found}")


def summed(values: Tensor) -> Tensor:
    """The sum over all processes; the tensor itself where there is one."""
    if _world() == 1:
        return values
    total = values.detach().clone()
    distributed.all_reduce(total)
    return total


def counted(counts: Int64[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
    """The sum of counts over all processes."""
    if _world() == 1:
        return counts
    return summed(torch.from_numpy(counts).to(_meeting_place())).cpu().numpy()


def shared(net: nn.Module) -> nn.Module:
    """The net as it is called in training: every process gets the mean of all gradients, and begins with the first one's
    weights."""
    if _world() == 1:
        return net
    gpu = [torch.cuda.current_device()] if next(net.parameters()).is_cuda else None
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", FutureWarning
        )  # torch 2.15 has another name for it, which older ones do not know
        # Synchronised norms have equal buffers everywhere without sending them.
        return DistributedDataParallel(net, device_ids=gpu, broadcast_buffers=False)


def unsent(net: nn.Module) -> AbstractContextManager[None]:
    """While it lasts, gradients stay in this process: the slices of a batch before its last."""
    net = getattr(net, "_orig_mod", net)  # under torch.compile
    return net.no_sync() if isinstance(net, DistributedDataParallel) else nullcontext()


def synchronised(net: nn.Module) -> nn.Module:
    """The net with batch norms over the batches of all processes; itself where there is one.

    Weights and buffers keep their names and are the same tensors. Raises ValueError for a batch norm of a kind not in NORMS.
    """
    if _world() == 1:
        return net
    if isinstance(net, _BatchNorm):
        return SharedNorm.of(net)
    for name, child in net.named_children():
        setattr(net, name, synchronised(child))
    return net


class SharedNorm(_BatchNorm):
    """A batch norm over the batches of all processes, with timm's activation after it where it replaces one of timm's; in
    evaluation mode the plain norm.

    torch's own SyncBatchNorm works on GPUs only. This one gives the same on any device, however unequal the batches are.
    """

    def __init__(self, features: int, eps: float, momentum: float | None) -> None:
        super().__init__(features, eps, momentum)
        self.drop: nn.Module = nn.Identity()
        self.act: nn.Module = nn.Identity()

    @classmethod
    def of(cls, norm: _BatchNorm) -> "SharedNorm":
        """The shared norm of a plain one; it takes over its weights and buffers. ValueError for an unknown kind."""
        if type(norm) not in NORMS:
            raise ValueError(f"net: expected batch norms of {[kind.__name__ for kind in NORMS]}, found {norm}")
        made = cls(norm.num_features, norm.eps, norm.momentum).train(norm.training)
        made.affine, made.track_running_stats = norm.affine, norm.track_running_stats
        for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            setattr(made, name, getattr(norm, name))
        if isinstance(norm, BatchNormAct2d):
            made.drop, made.act = norm.drop, norm.act
        return made

    def forward(self, images: Images) -> Images:
        """The images normalised, each channel by its mean and variance over all processes' images and places."""
        if self.training:
            normal = self._by_all(images)
        else:
            mean, variance, by_itself = self.running_mean, self.running_var, self.running_mean is None
            normal = nn.functional.batch_norm(images, mean, variance, self.weight, self.bias, by_itself, 0.0, self.eps)
        done: Tensor = self.act(self.drop(normal))
        return done

    @torch.compiler.disable  # type: ignore[untyped-decorator]  # what processes say to each other cannot be compiled
    def _by_all(self, images: Images) -> Images:
        number, mean, variance = _statistics(images)
        if self.track_running_stats and self.running_mean is not None and self.running_var is not None:
            assert self.num_batches_tracked is not None
            self.num_batches_tracked.add_(1)
            share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
            self.running_mean.lerp_(mean.to(self.running_mean), share)
            self.running_var.lerp_((variance * number / (number - 1)).to(self.running_var), share)
        normal: Tensor = _Normalised.apply(images, self.weight, self.bias, (number, mean, variance, self.eps))
        return normal


def _wide(images: Images) -> Images:
    """The images in a precision that can be summed."""
    return images.to(torch.promote_types(images.dtype, torch.float32))


def _places(images: Images) -> list[int]:
    """All axes but the channels'."""
    return [axis for axis in range(images.ndim) if axis != 1]


@torch.no_grad()
def _statistics(
    images: Images,
) -> tuple[Float[Tensor, ""], Float[Tensor, "channels"], Float[Tensor, "channels"]]:
    """How many values a channel has in all processes, their mean, and their variance (of the values, not estimated), float64."""
    variance, mean = torch.var_mean(_wide(images), _places(images), correction=0)
    one = mean.new_full((1,), images.numel() // images.shape[1], dtype=torch.float64)
    own = torch.cat([mean.double(), variance.double(), one])
    every = [torch.empty_like(own) for _ in range(_world())]
    distributed.all_gather(every, own)
    channels = len(mean)
    means, variances, numbers = torch.split(torch.stack(every), [channels, channels, 1], dim=1)
    number = numbers.sum()
    mean = (numbers * means).sum(0) / number
    return number, mean, (numbers * (variances + (means - mean).square())).sum(0) / number


class _Normalised(torch.autograd.Function):
    """Images by statistics that are their own and others': the gradient goes through mean and variance too, to all processes."""

    @staticmethod
    def forward(
        ctx: Any, images: Tensor, weight: Tensor | None, bias: Tensor | None, by: tuple[Tensor, Tensor, Tensor, float]
    ) -> Tensor:
        number, mean, variance, eps = by
        kind = torch.promote_types(images.dtype, torch.float32)
        ctx.save_for_backward(images, weight, number, mean.to(kind), (variance + eps).rsqrt().to(kind))
        # In evaluation mode torch's norm takes the statistics that it is given.
        return nn.functional.batch_norm(images, mean.to(kind), variance.to(kind), weight, bias, False, 0.0, eps)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None, None]:
        images, weight, number, mean, scale = ctx.saved_tensors
        gradient, axes = _wide(gradients[0]), _places(images)
        shape = [-1 if axis == 1 else 1 for axis in range(images.ndim)]
        normal = (_wide(images) - mean.view(shape)) * scale.view(shape)
        own = torch.stack([gradient.sum(axes), (gradient * normal).sum(axes)])
        constant, linear = (summed(own) / number).to(gradient.dtype)
        factor = scale if weight is None else scale * weight
        below = (gradient - constant.view(shape) - normal * linear.view(shape)) * factor.view(shape)
        to_bias, to_weight = (None, None) if weight is None else own.to(weight.dtype)
        return below.to(images.dtype), to_weight, to_bias, None
