"""Nets that read a drawing as it was drawn, point after point: convolutions along the line, then a GRU or a transformer.

Comes in: padded points, see `PointNet`. Each point is described by where it lies in the drawing's box, the step from its
predecessor, whether it starts a stroke or continues one, and how long the step took where that is known. Padding is zero
before every convolution, which is what convolutions pad with: a drawing's answer is the same alone and beside a longer one.
Norms are over the channels of one point, so that no answer depends on a batch's statistics either.
"""

import math

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from gribouille.nets.points import Boxed, PointNet, before, box, haste, pooled

DESCRIPTION = 8  # x, y, dx, dy, starts, continues, log time, time known
KERNEL = 5  # points that a convolution sees
HEAD = 32  # channels of an attention head
WAVES = 16  # sines, and as many cosines, that tell a point's place in the sequence
LONGEST_WAVE = 1000  # points a radian; simplified drawings have 40 in the median, 230 in the 99.9th percentile


class SequenceNet(PointNet):
    """Description of points → convolutions → `reader` (Float["batch points channels"], valid → the same of any width) → masked
    mean and maximum → logits."""

    def __init__(self, classes: int, channels: int, reader: nn.Module, reading: int) -> None:
        """channels: of the convolutions; reading: of what the reader gives."""
        super().__init__()
        self.enter = nn.Linear(DESCRIPTION, channels)
        self.convolutions = nn.ModuleList([Along(channels) for _ in range(3)])
        self.reader = reader
        self.norm = nn.LayerNorm(2 * reading)
        self.head = nn.Linear(2 * reading, classes)

    def forward(self, points: Float[Tensor, "batch points columns"]) -> Float[Tensor, "batch classes"]:
        """Logits. Boxing is computed in float32 whatever autocast says: half precision cannot tell points apart."""
        with torch.autocast(points.device.type, enabled=False):
            boxed = box(points.float())
            described = description(boxed)
        features = self.enter(described) * boxed.valid[..., None]
        for convolution in self.convolutions:
            features = convolution(features, boxed.valid)
        logits: Tensor = self.head(self.norm(pooled(self.reader(features, boxed.valid), boxed.valid)))
        return logits


class Along(nn.Module):
    """A residual convolution along the points: norm, convolution, GELU, and how much of it each channel takes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.convolution = nn.Conv1d(channels, channels, KERNEL, padding=KERNEL // 2)
        self.mix = nn.Linear(channels, channels)

    def forward(
        self, features: Float[Tensor, "batch points channels"], valid: Bool[Tensor, "batch points"]
    ) -> Float[Tensor, "batch points channels"]:
        """The features and what their neighbours add to them; zero on padding, where they must be zero already."""
        inside = valid[..., None]
        seen = self.convolution((self.norm(features) * inside).transpose(1, 2)).transpose(1, 2)
        added: Tensor = self.mix(nn.functional.gelu(seen)) * inside
        return features + added


class BothWays(nn.Module):
    """A GRU from the first point to the last, one from the last to the first, and again on what both said.

    The way back reads the points in reverse order with the padding left where it was, behind them, so that neither GRU has
    read any padding when it comes to a point. (Packed sequences do the same but do not export.)
    """

    def __init__(self, channels: int, hidden: int, layers: int) -> None:
        super().__init__()
        widths = [channels, *[2 * hidden] * (layers - 1)]
        self.forth = nn.ModuleList([nn.GRU(width, hidden, batch_first=True) for width in widths])
        self.back = nn.ModuleList([nn.GRU(width, hidden, batch_first=True) for width in widths])

    def forward(
        self, features: Float[Tensor, "batch points channels"], valid: Bool[Tensor, "batch points"]
    ) -> Float[Tensor, "batch points both"]:
        """What the last layer remembers at each point, both ways."""
        place = torch.arange(valid.shape[1], device=valid.device)
        mirror = torch.where(valid, valid.sum(1, keepdim=True) - 1 - place, place)
        # In full precision: autocast on a GPU would run recurrent layers in float16, whose gradients vanish.
        with torch.autocast(features.device.type, enabled=False):
            features = features.float()
            for forth, back in zip(self.forth, self.back, strict=True):
                remembered = reordered(back(reordered(features, mirror))[0], mirror)
                features = torch.cat([forth(features)[0], remembered], 2)
        return features


def reordered(features: Tensor, places: Tensor) -> Tensor:
    """The features of each drawing's points [batch, points, channels] in the order of `places` [batch, points]."""
    return features.gather(1, places[..., None].expand(-1, -1, features.shape[2]))


class Transformer(nn.Module):
    """Self-attention among the points of a drawing, pre-norm. Where a point stands in the sequence is told by sines."""

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        self.place = nn.Linear(2 * WAVES, channels)
        self.layers = nn.ModuleList([AttentionLayer(channels) for _ in range(layers)])

    def forward(
        self, features: Float[Tensor, "batch points channels"], valid: Bool[Tensor, "batch points"]
    ) -> Float[Tensor, "batch points channels"]:
        """What each point makes of all others that are no padding."""
        features = features + self.place(waves(torch.arange(valid.shape[1], device=valid.device)))
        hidden = torch.where(valid, 0.0, -1e4)[:, None, None, :]  # finite, so that padding alone does not make NaN
        for layer in self.layers:
            features = layer(features, hidden)
        return features


class AttentionLayer(nn.Module):
    """Attention, then two linear layers at each point, both residual."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = channels // HEAD
        self.norm = nn.LayerNorm(channels)
        self.asked = nn.Linear(channels, 3 * channels)
        self.answer = nn.Linear(channels, channels)
        self.thought = nn.Sequential(
            nn.LayerNorm(channels), nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels)
        )

    def forward(
        self, features: Float[Tensor, "batch points channels"], hidden: Float[Tensor, "batch 1 1 points"]
    ) -> Float[Tensor, "batch points channels"]:
        """The features after the layer; `hidden` is added to the attention that is paid to each point."""
        parts = self.asked(self.norm(features)).unflatten(2, (3, self.heads, HEAD)).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind(0)
        seen = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=hidden.to(query.dtype))
        features = features + self.answer(seen.transpose(1, 2).flatten(2))
        thought: Tensor = self.thought(features)
        return features + thought


def description(boxed: Boxed) -> Float[Tensor, "batch points 8"]:
    """What a net is told of each point (`DESCRIPTION`); padding is all zero."""
    step = boxed.xy - before(boxed.xy)
    pens = torch.stack([boxed.starts, ~boxed.starts], -1)
    told = torch.cat([boxed.xy, step, pens.to(step.dtype), haste(boxed.times)], -1)
    return told * boxed.valid[..., None]


def waves(places: Int64[Tensor, "points"]) -> Float[Tensor, "points both"]:
    """Sines and cosines of places in a sequence, from a radian a point to a radian every `LONGEST_WAVE` points."""
    rates = torch.exp(torch.arange(WAVES, device=places.device) * (-math.log(LONGEST_WAVE) / (WAVES - 1)))
    angles = places[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


def gru(classes: int, width: float = 1.0) -> SequenceNet:
    """Convolutions and two layers of GRU in both directions, 192 channels each way: 1.6 M weights for 345 classes."""
    channels, hidden = (max(8, round(width * each / 8) * 8) for each in (128, 192))
    return SequenceNet(classes, channels, BothWays(channels, hidden, 2), 2 * hidden)


def transformer(classes: int, width: float = 1.0) -> SequenceNet:
    """Convolutions and four layers of attention on 192 channels: 2.6 M weights for 345 classes."""
    channels = max(1, round(width * 6)) * HEAD
    return SequenceNet(classes, channels, Transformer(channels, 4), channels)
