"""Static int8: a net whose products are of whole numbers, in the form that onnxruntime runs natively and in a browser.

Comes in: a net as ONNX from pictures to logits, and pictures like those that it will see. Goes out: the same graph with its
weights at a byte each, and with QuantizeLinear and DequantizeLinear around convolutions and linear layers, whose scales are
the largest values that those pictures gave; onnxruntime makes integer kernels of them. Products of sequences (transformers'
MatMul) stay float32, weights included: this is for nets of convolutions and a head.

Weights have 7 bits and a scale of each output channel, activations 8 bits: on x86 without VNNI the product of two pairs is
summed in 16 bits, which 8-bit weights overrun, so that the same file would answer otherwise there than in a browser or on ARM.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from jaxtyping import Float32
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

# What has an integer kernel in onnxruntime, native and WASM; the rest of the net (means, softmax) stays float32.
INTEGER = ("Conv", "Gemm", "Add", "Relu", "Clip", "MaxPool", "AveragePool")
ASKED = 32  # pictures at once


def quantised(net: onnx.ModelProto, pictures: Float32[np.ndarray, "pictures channels side side"]) -> onnx.ModelProto:
    """The net with integer products. Its logits stay float32, and `net` as it was."""
    copy = onnx.ModelProto()
    copy.CopyFrom(net)
    add_pre_process_metadata(copy)  # batch-norms are folded, shapes get inferred: there is nothing to prepare
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        quantize_static(
            copy,
            path,
            _Reader(net.graph.input[0].name, pictures),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(INTEGER),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={"OpTypesToExcludeOutputQuantization": ["Gemm"]},
        )
        model = onnx.load(path)
    del model.metadata_props[:]
    return model


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Batches of pictures, as the calibrator asks for them."""

    def __init__(self, name: str, pictures: np.ndarray) -> None:
        self.batches: Iterator[dict[str, np.ndarray]] = (
            {name: pictures[start : start + ASKED]} for start in range(0, len(pictures), ASKED)
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch, None after the last."""
        return next(self.batches, None)
