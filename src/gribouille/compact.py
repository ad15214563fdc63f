"""Weights at a byte each in a model file, float32 again as soon as it is loaded.

`pack` stores every tensor of a model file that lies on a grid of whole numbers (see `rounding`) as int8 with one float32
scale a channel, without loss. In the file each becomes Cast and Mul, which onnxruntime folds into a float32 constant when it
loads: the file is a quarter of the size, all arithmetic stays float32, and so native, WASM and torch agree. Folding a
batch-norm into its convolution scales whole channels, which keeps them on their grid.
"""

import numpy as np
import onnx
from jaxtyping import Float32, Int8
from onnx import TensorProto, helper, numpy_helper

from gribouille.rounding import LEVELS

SMALLEST = 1024  # weights; below it a tensor's name and nodes outweigh what int8 saves
# A folded batch-norm and the scales round in float32; a tensor that was never rounded is 1e-3 away from any grid.
ON_GRID = 1e-6  # of the channel's largest weight


def pack(model: onnx.ModelProto) -> None:
    """Store, in place, every large float32 tensor of `model` that lies on an int8 grid as int8 with scales."""
    packed = [
        (initializer, *grid)
        for initializer in model.graph.initializer
        if initializer.data_type == TensorProto.FLOAT and (grid := _grid(numpy_helper.to_array(initializer)))
    ]
    nodes = []
    for initializer, steps, scale in packed:
        name = initializer.name
        model.graph.initializer.remove(initializer)
        model.graph.initializer.append(numpy_helper.from_array(steps, f"{name}.int8"))
        model.graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        nodes.append(
            helper.make_node("Cast", [f"{name}.int8"], [f"{name}.steps"], f"{name}.cast", to=TensorProto.FLOAT)
        )
        nodes.append(helper.make_node("Mul", [f"{name}.steps", f"{name}.scale"], [name], f"{name}.unpack"))
    nodes.extend(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _grid(weight: np.ndarray) -> tuple[Int8[np.ndarray, "..."], Float32[np.ndarray, "..."]] | None:
    """(steps, scale) with steps x scale = weight, scale along the first or last axis; None where there is no such grid."""
    if weight.ndim < 2 or weight.size < SMALLEST:
        return None
    for channel in (0, weight.ndim - 1):
        others = tuple(axis for axis in range(weight.ndim) if axis != channel)
        largest = np.abs(weight).max(axis=others, keepdims=True)
        scale = np.where(largest > 0, largest / np.float32(LEVELS), np.float32(1)).astype(np.float32)
        steps = np.rint(weight / scale).astype(np.int8)
        if np.all(np.abs(steps * scale - weight) <= ON_GRID * largest):
            return steps, scale
    return None
