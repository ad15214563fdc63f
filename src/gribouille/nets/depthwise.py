"""Depthwise convolutions that learn on a CPU at the speed of the others.

On a CPU torch calls oneDNN, which takes a depthwise convolution's gradient at 0.4 to 2 GFLOP/s where there are many
channels and few pixels, which is most of an EfficientNet: two thirds of a step (docs/lab.md). A numba kernel takes ten
times less. The answers are torch's own: only the way back is another one, in float32 on a CPU, and weights keep their names.
"""

from typing import Any

import torch
from jaxtyping import Float
from timm.layers import Conv2dSame, pad_same
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from gribouille.nets.depthwise_kernel import add_gradients


def quicken(net: nn.Module) -> nn.Module:
    """The net, in place, with a `DepthwiseConv2d` for every depthwise convolution that it can stand for."""
    for name, layer in list(net.named_modules()):
        if type(layer) in (nn.Conv2d, Conv2dSame) and _is_depthwise(layer):  # others do more than convolve
            net.set_submodule(name, DepthwiseConv2d.of(layer))
    return net


def _is_depthwise(layer: nn.Conv2d) -> bool:
    """Whether every channel has a kernel of its own, with one stride and padding for both axes."""
    square = all(len(set(each)) == 1 for each in (layer.stride, layer.padding) if not isinstance(each, str))
    return (
        layer.groups == layer.in_channels == layer.out_channels > 1
        and not isinstance(layer.padding, str)
        and layer.padding_mode == "zeros"
        and tuple(layer.dilation) == (1, 1)
        and square
    )


class DepthwiseConv2d(nn.Conv2d):
    """A depthwise convolution whose gradient is `depthwise_kernel`'s in float32 on a CPU; `same` pads as TensorFlow."""

    same: bool

    @classmethod
    def of(cls, layer: nn.Conv2d) -> "DepthwiseConv2d":
        """The same layer, with the same weights (not copies)."""
        channels = layer.in_channels
        settings: Any = {"groups": channels, "bias": layer.bias is not None}
        shape: Any = (layer.kernel_size, layer.stride, layer.padding)  # pairs, says nn.Conv2d of itself less exactly
        with torch.device("meta"):  # its own weights are not wanted
            mine = cls(channels, channels, *shape, **settings)
        mine.weight, mine.bias = layer.weight, layer.bias
        mine.same = isinstance(layer, Conv2dSame)
        return mine.train(layer.training)

    def forward(self, input: Float[Tensor, "batch channels rows columns"]) -> Tensor:
        """The convolution, as nn.Conv2d or timm's Conv2dSame would do it."""
        padding: Any = 0 if self.same else self.padding
        if self.same:
            input = pad_same(input, self.kernel_size, self.stride)
        if not self._learns_here(input):
            return functional.conv2d(input, self.weight, self.bias, self.stride, padding, groups=self.groups)
        out: Tensor = _Depthwise.apply(input, self.weight, self.stride[0], padding if self.same else padding[0])
        return out if self.bias is None else out + self.bias[:, None, None]

    def _learns_here(self, input: Tensor) -> bool:
        """Whether a gradient will be asked for that the kernel can take."""
        return (
            torch.is_grad_enabled()
            and input.device.type == "cpu"
            and input.dtype == self.weight.dtype == torch.float32
            and not torch.is_autocast_enabled("cpu")
        )


class _Depthwise(torch.autograd.Function):
    """torch's depthwise convolution forth, the kernel's gradients back."""

    @staticmethod
    def forward(ctx: Any, pictures: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        ctx.save_for_backward(pictures, weight)
        ctx.stride, ctx.padding = stride, padding
        return functional.conv2d(pictures, weight, None, stride, padding, groups=len(weight))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        pictures, weight = ctx.saved_tensors
        seen = pictures.permute(0, 2, 3, 1).contiguous()
        taps = weight[:, 0].permute(1, 2, 0).contiguous()
        back, moved = torch.zeros_like(seen), torch.zeros_like(taps)
        given = gradient.permute(0, 2, 3, 1).contiguous()
        arrays = [each.detach().numpy() for each in (given, seen, taps)]
        add_gradients(*arrays, ctx.stride, ctx.padding, back.numpy(), moved.numpy())
        return back.permute(0, 3, 1, 2), moved.permute(2, 0, 1)[:, None], None, None
