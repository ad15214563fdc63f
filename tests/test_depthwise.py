"""Depthwise convolutions: the kernel's gradients are torch's, and nothing else changes."""

import copy

import pytest
import torch
from shapes import store_of_shapes
from timm.layers import Conv2dSame, StdConv2d
from torch import nn

from gribouille.course import Course, TrainConfig
from gribouille.nets import build_net, quicken
from gribouille.nets.depthwise import DepthwiseConv2d
from gribouille.raster.spec import CHANNELS, RasterSpec
from gribouille.train import learner_of

SPEC = RasterSpec.of_side(32, CHANNELS)
NET = "tf_efficientnet_lite0*0.5"  # strides, kernels of 3 and 5, symmetric padding and TensorFlow's


def gradients(layer: nn.Module, pictures: torch.Tensor) -> list[torch.Tensor]:
    """Of a loss that weighs every output differently: output, and the gradients of input and weights."""
    pictures = pictures.clone().requires_grad_()
    out = layer(pictures)
    (out * torch.linspace(-1, 1, out.numel()).reshape(out.shape)).sum().backward()
    assert pictures.grad is not None
    return [out.detach(), pictures.grad, *(weight.grad for weight in layer.parameters() if weight.grad is not None)]


@pytest.mark.parametrize("kind", [nn.Conv2d, Conv2dSame])
@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("side", [1, 2, 5, 8])
@pytest.mark.parametrize("channels", [2, 9, 40])
def test_its_answers_and_gradients_are_torchs(kind, kernel, stride, side, channels):
    """Over sides smaller than the kernel, strides that leave a remnant, and channels that fill no vector."""
    torch.manual_seed(0)
    plain = kind(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=True)
    quick = quicken(nn.Sequential(copy.deepcopy(plain)))
    assert isinstance(quick[0], DepthwiseConv2d)
    pictures = torch.randn(3, channels, side, side + 1).to(memory_format=torch.channels_last)
    assert "_Depthwise" in str(quick[0](pictures).grad_fn.next_functions)  # under the addition of the bias
    for mine, torchs in zip(gradients(quick, pictures), gradients(plain, pictures), strict=True):
        torch.testing.assert_close(mine, torchs, rtol=1e-4, atol=1e-4)


def test_a_net_keeps_its_weights_their_names_and_its_answers():
    """What is saved of a quickened net is read by a plain one, and evaluation is torch's own."""
    plain = build_net(NET, 5, SPEC)
    quick = quicken(copy.deepcopy(plain))
    assert any(isinstance(layer, DepthwiseConv2d) for layer in quick.modules())
    assert list(quick.state_dict()) == list(plain.state_dict())
    pictures = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(quick.eval()(pictures), plain.eval()(pictures))


def test_other_convolutions_stay_as_they_are():
    """Dilated, grouped, reflecting, oblong or standardised ones are not what the kernel computes."""
    others = nn.Sequential(
        nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8),
        nn.Conv2d(8, 8, 3, groups=4),
        nn.Conv2d(8, 16, 3, groups=8),
        nn.Conv2d(16, 16, 3, padding=1, padding_mode="reflect", groups=16),
        nn.Conv2d(16, 16, 3, stride=(1, 2), groups=16),
        nn.Conv2d(16, 16, 3, padding="same", groups=16),
        StdConv2d(16, 16, 3, padding=1, groups=16),
    )
    assert not any(isinstance(layer, DepthwiseConv2d) for layer in quicken(others).modules())


def test_training_on_a_cpu_uses_it(tmp_path):
    """The loop's net is quickened on a CPU; under autocast the gradients are torch's."""
    config = TrainConfig(net=NET, side=32, batch=8, per_class=4, validation=4)
    learner = learner_of(Course.of(store_of_shapes(tmp_path, 6), config))
    layer = next(layer for layer in learner.net.modules() if isinstance(layer, DepthwiseConv2d))
    pictures = torch.randn(1, layer.in_channels, 8, 8)
    assert "_Depthwise" in str(layer(pictures).grad_fn)
    with torch.autocast("cpu", torch.bfloat16):
        assert "_Depthwise" not in str(layer(pictures).grad_fn)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_precisions_are_torchs_own(dtype):
    """float64 and bfloat16 take torch's way back, bit for bit."""
    plain = nn.Conv2d(4, 4, 3, padding=1, groups=4, dtype=dtype)
    quick = quicken(nn.Sequential(copy.deepcopy(plain)))
    pictures = torch.randn(2, 4, 5, 5, dtype=dtype)
    for mine, torchs in zip(gradients(quick, pictures), gradients(plain, pictures), strict=True):
        assert torch.equal(mine, torchs)
