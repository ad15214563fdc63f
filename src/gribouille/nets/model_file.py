"""Weights to start from, out of a model file of ours: to go on with a shipped model, or to teach it other words.

Comes in: a model file (`export`), a net of the same architecture, pictures. Goes out: the net with the file's weights. The
file has its batch-norms folded into the convolutions: what they scaled and shifted is known, what mean and deviation they
had divided by is not. Any choice of these gives the same answers in evaluation, but in training a batch-norm puts the
batch's own in their place; so they are measured on pictures, and scale and offset set such that the net answers the same in
training too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import torch
from jaxtyping import Float
from onnx import numpy_helper
from torch import Tensor, nn

from gribouille.nets.pretrained import OF_OURS
from gribouille.recogniser import Recogniser

PREFIX = "net.net."  # of the net's weights in a model file: Recognition holds a Tempered holds the net
DEQUANTISED = "_DequantizeLinear_Output"  # what onnxruntime's quantiser adds to the name of a constant
HEADS = ("classifier", "fc", "head", "head.fc")  # what timm's families call the layer that gives logits


@dataclass(frozen=True, eq=False)
class Folded:
    """The weights of a model file by their names in the net, the offsets of convolutions and head by theirs, and its words."""

    weights: dict[str, np.ndarray]
    offsets: dict[str, np.ndarray]
    labels: tuple[str, ...]
    channels: tuple[str, ...]
    origin: str


def start_from_model(
    net: nn.Module,
    labels: Sequence[str],
    path: Path,
    channels: Sequence[str],
    pictures: Float[Tensor, "batch channels rows columns"],
) -> str:
    """Where the weights come from that `net` now has in place of its own: a line for the card.

    net: pictures with these `channels` → logits of `labels`, changed in place. A word that the file knows keeps what it
    knows of it; others keep the net's own, random weights. pictures: some hundred of the kind that the net will see.
    Raises ValueError for a file of another architecture or other channels, ModelError for a file that is none of ours.
    """
    folded = read(path)
    if tuple(channels) != folded.channels:
        raise ValueError(
            f"{path}: expected a model of pictures with {', '.join(channels)}, found {', '.join(folded.channels)}"
        )
    taken = _take_convolutions(net, folded, path)
    head, known = _take_head(net, labels, folded, path)
    left = sorted({name for name, _ in net.named_parameters()} - taken - {f"{head}.weight", f"{head}.bias"})
    if left:  # a transformer's, a recurrent layer's: files write them in too many ways
        raise ValueError(
            f"{path}: expected a net of convolutions, batch-norms and a head, found also {', '.join(left[:4])}"
        )
    _measure_norms(net, pictures)
    return f"{folded.origin}; {known} of {len(labels)} words known to it"


def read(path: Path) -> Folded:
    """What a model file holds, float32. Raises ModelError for a file that is none of ours."""
    about = Recogniser(path).metadata
    graph = onnx.load(str(path)).graph
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    for name in [each.removesuffix(".int8") for each in arrays if each.endswith(".int8")]:  # see `compact`
        arrays[name] = arrays[f"{name}.int8"].astype(np.float32) * arrays[f"{name}.scale"]
    for node in graph.node:  # see `quantise`
        if node.op_type == "DequantizeLinear" and node.input[0] in arrays:
            arrays[node.output[0]] = _dequantised(node, arrays)
            arrays[node.output[0].removesuffix(DEQUANTISED)] = arrays[node.output[0]]
    weights = {name.removeprefix(PREFIX): array for name, array in arrays.items() if name.startswith(PREFIX)}
    offsets = {}
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm") and node.input[1].startswith(PREFIX):
            name = node.input[1].removeprefix(PREFIX).removesuffix(DEQUANTISED)
            none = np.zeros(len(weights[name]), np.float32)  # the exporter leaves offsets out that are all 0
            offsets[name.removesuffix(".weight")] = arrays[node.input[2]] if len(node.input) == 3 else none
    origin = f"{OF_OURS} model {path.name} of commit {about.commit}, sha256 {sha256(path.read_bytes()).hexdigest()}"
    return Folded(weights, offsets, about.labels, tuple(about.raster["channels"]), origin)


def _dequantised(node: onnx.NodeProto, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """(whole numbers − zero point) × scale of a constant, the scale one number or one of each entry along an axis."""
    whole, scale = arrays[node.input[0]].astype(np.float32), arrays[node.input[1]]
    zero = arrays[node.input[2]].astype(np.float32) if len(node.input) == 3 else np.zeros_like(scale)
    axis = next((each.i for each in node.attribute if each.name == "axis"), 1)
    shape = [-1 if place == axis % whole.ndim else 1 for place in range(whole.ndim)] if scale.size > 1 else []
    found: np.ndarray = (whole - zero.reshape(shape)) * scale.reshape(shape)
    return found


def _take_convolutions(net: nn.Module, folded: Folded, path: Path) -> set[str]:
    """Every convolution's weights, and its offset, in the batch-norm behind it or its own; the norms do nothing else for now.

    The names of all parameters that have their values now.
    """
    taken, convolution = set(), ""
    for name, layer in net.named_modules():
        if isinstance(layer, nn.Conv2d):
            convolution = name
            layer.weight.data.copy_(_fitting(folded.weights, f"{name}.weight", layer.weight, path))
            taken.add(f"{name}.weight")
            if layer.bias is not None:
                layer.bias.data.copy_(_fitting(folded.offsets, name, layer.bias, path))
                taken.add(f"{name}.bias")
        elif isinstance(layer, nn.modules.batchnorm._BatchNorm):
            offset = _fitting(folded.offsets, convolution, layer.bias, path)
            layer.weight.data.fill_(1.0)
            layer.bias.data.copy_(offset)
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.zero_()
            layer.running_var.fill_(1.0 - layer.eps)
            taken |= {f"{name}.weight", f"{name}.bias"}
    return taken


def _take_head(net: nn.Module, labels: Sequence[str], folded: Folded, path: Path) -> tuple[str, int]:
    """The rows of the last layer whose words both know; its name, and how many they are."""
    name = next((each for each in HEADS if f"{each}.weight" in folded.weights and _has(net, each)), None)
    if name is None:
        raise ValueError(f"{path}: expected a last layer called one of {', '.join(HEADS)}, as in {type(net).__name__}")
    head = net.get_submodule(name)
    assert isinstance(head, nn.Linear)
    place = {label: index for index, label in enumerate(folded.labels)}
    mine = [index for index, label in enumerate(labels) if label in place]
    theirs = [place[labels[index]] for index in mine]
    head.weight.data[mine] = torch.from_numpy(folded.weights[f"{name}.weight"][theirs]).to(head.weight)
    head.bias.data[mine] = torch.from_numpy(folded.offsets[name][theirs]).to(head.bias)
    return name, len(mine)


def _has(net: nn.Module, name: str) -> bool:
    """Whether the net has a linear layer of that name."""
    return isinstance(dict(net.named_modules()).get(name), nn.Linear)


@torch.no_grad()
def _measure_norms(net: nn.Module, pictures: Tensor) -> None:
    """Give every batch-norm the statistics of what it gets of the pictures, and undo what that changes."""
    found: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        found[layer] = (inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3), unbiased=False))

    norms = [layer for layer in net.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    hooks = [layer.register_forward_pre_hook(note) for layer in norms]
    was_training = net.training
    net.eval()(pictures)
    net.train(was_training)
    for hook in hooks:
        hook.remove()
    for layer in norms:
        mean, variance = found[layer]
        assert layer.running_mean is not None
        assert layer.running_var is not None
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)
        layer.weight.data.copy_(torch.sqrt(variance + layer.eps))
        layer.bias.data.add_(mean)


def _fitting(arrays: dict[str, np.ndarray], name: str, wanted: Tensor, path: Path) -> Tensor:
    """The array of that name as a tensor; ValueError where there is none, or one of another shape."""
    found = arrays.get(name)
    if found is None or found.shape != tuple(wanted.shape):
        shape = "none" if found is None else str(list(found.shape))
        raise ValueError(f"{path}: expected {name} {list(wanted.shape)} of the same net, found {shape}")
    return torch.from_numpy(np.array(found))
