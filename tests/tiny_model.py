"""A model file as the shop knows it, made without torch: deterministic, five words, a few hundred bytes."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LABELS = ("bat", "cat", "house", "sun", "zigzag")
LABELS_FR = ("chauve-souris", "chat", "maison", "soleil", "zigzag")
METADATA = {
    "name": "tiny",
    "labels": json.dumps(LABELS),
    "labels_fr": json.dumps(LABELS_FR, ensure_ascii=False),
    "raster": json.dumps({"side": 64, "line_width": 2.0, "margin": 1.5, "channels": ["ink"]}),
    "temperature": "1.0",
    "metrics": json.dumps({"natural": {"top1": 0.5, "n": 10}}),
    "data_hash": "0" * 64,
    "commit": "f" * 40,
    "licence": "Apache-2.0",
}


def write_tiny_model(path: Path, metadata: dict[str, str] = METADATA, classes: int = len(LABELS)) -> Path:
    """Writes softmax(Σ over the valid points of (x, y, pen) · weights) as a model file; padding counts for nothing."""
    weights = np.random.default_rng(0).normal(size=(3, classes)).astype(np.float32) / 1000
    nodes = [
        helper.make_node("Slice", ["points", "two", "three", "last"], ["pen"]),
        helper.make_node("GreaterOrEqual", ["pen", "zero"], ["valid"]),
        helper.make_node("Where", ["valid", "points", "zero"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "one"], ["total"], keepdims=0),
        helper.make_node("MatMul", ["total", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    constants = {
        "zero": np.zeros(1, np.float32),
        "one": np.array([1], np.int64),
        "two": np.array([2], np.int64),
        "three": np.array([3], np.int64),
        "last": np.array([-1], np.int64),
        "weights": weights,
    }
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("points", TensorProto.FLOAT, ["batch", "points", 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", classes])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
