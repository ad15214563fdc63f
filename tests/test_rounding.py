"""Weights that are few values."""

import pytest
import torch
from torch import nn

from gribouille.rounding import LEVELS, round_weights, rounded


def net() -> nn.Sequential:
    """A convolution, a norm and a linear layer, seeded; the convolution's second channel is all zero."""
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 4))
    nn.init.zeros_(made[0].weight[1])
    return made


@pytest.mark.parametrize("levels", [1, 3, LEVELS])
def test_each_channel_has_its_own_few_values(levels):
    """The largest weight of a channel stays as it is, the others become whole shares of it; a channel of zeros too."""
    plain = net()
    for before, after in zip(plain, round_weights(plain, levels), strict=True):
        if not isinstance(before, nn.Conv2d | nn.Linear):
            continue
        for own, few in zip(before.weight.detach(), after.weight.detach(), strict=True):
            largest = own.abs().max()
            torch.testing.assert_close(few.abs().max(), largest)
            steps = few / largest * levels if largest > 0 else few
            torch.testing.assert_close(steps, steps.round(), rtol=0, atol=1e-4)
            assert (few - own).abs().max() <= largest / levels / 2 * 1.001


def test_what_is_no_weight_stays():
    """Biases and norms are not rounded, and the net that was asked for is another one."""
    plain = net()
    before = {name: tensor.clone() for name, tensor in plain.state_dict().items()}
    after = round_weights(plain, 1).state_dict()
    assert {name for name in after if not torch.equal(after[name], before[name])} == {"0.weight", "3.weight"}
    assert all(torch.equal(tensor, before[name]) for name, tensor in plain.state_dict().items())


def test_within_it_answers_as_rounded_and_learns_as_itself():
    """The gradient is that of the rounded net and falls to the net's own weights, which come back as they were."""
    plain, pictures = net().eval(), torch.rand(5, 2, 4, 4)
    before = {name: tensor.clone() for name, tensor in plain.state_dict().items()}
    few = round_weights(plain, 2).eval()
    few(pictures).square().sum().backward()
    with rounded(plain, 2):
        answer = plain(pictures)
        answer.square().sum().backward()
    assert torch.equal(answer, few(pictures))
    for mine, theirs in zip(plain.parameters(), few.parameters(), strict=True):
        assert torch.equal(mine.grad, theirs.grad)
    assert all(torch.equal(tensor, before[name]) for name, tensor in plain.state_dict().items())


def test_weights_come_back_after_an_error():
    """Whatever happens within."""
    plain = net()
    before = plain[0].weight.detach().clone()
    with pytest.raises(KeyError), rounded(plain, 1):
        raise KeyError
    assert torch.equal(plain[0].weight, before)


def test_no_levels_is_no_rounding():
    """0 levels: the weights are left alone."""
    plain = net()
    before = plain[0].weight.detach().clone()
    with rounded(plain, 0):
        assert torch.equal(plain[0].weight, before)
