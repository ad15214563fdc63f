"""The model file: it answers as its net does, says what it is, and is not written otherwise."""

import copy
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from shapes import store_of_shapes
from torch import nn

import gribouille.export
from gribouille.checkpoint import BEST, Card, save_weights
from gribouille.compact import pack
from gribouille.drawing import Drawing, Drawings, canonical, prefix
from gribouille.evaluate import EvaluateOptions, evaluate
from gribouille.export import (
    GOLDEN,
    HOUSE,
    ExportError,
    ExportReport,
    ExportSpec,
    Imprint,
    Recognition,
    answers,
    export,
    export_run,
    probes,
)
from gribouille.nets import build_net
from gribouille.predict import predictor_of
from gribouille.raster.spec import RasterSpec
from gribouille.recogniser import Recogniser
from gribouille.rounding import round_weights
from gribouille.sampling import distinct_rows

LABELS = ("cat", "house", "snowman", "The Eiffel Tower")
SPEC = RasterSpec.of_side(28)
IMPRINT = Imprint("tiny", LABELS, SPEC, 1.3, {"top-1": {"protocol": "none", "value": 0.25}}, "sha256:0", "0123abc")

torch.set_num_threads(1)


class Tiny(nn.Module):
    """Convolution, batch-norm and linear layer: every kind of weight that the export treats apart. Deterministic."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.convolution = nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(32)
        self.linear = nn.Linear(32 * 16, len(LABELS))
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.5, generator=generator)
        # White paper must say little, or every drawing gets the same answer.
        for offset in (self.norm.bias, self.norm.running_mean, self.linear.bias):
            nn.init.uniform_(offset, -0.03, 0.03, generator=generator)
        nn.init.uniform_(self.norm.running_var, 0.5, 2, generator=generator)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images to logits."""
        features = torch.relu(self.norm(self.convolution(images)))
        return self.linear(nn.functional.avg_pool2d(features, 3, 3).flatten(1))


class Forgetful(Tiny):
    """A net that answers otherwise each time it is asked, which no file can keep."""

    asked = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images to logits, further apart with every call."""
        self.asked += 1
        return super().forward(images) * self.asked


@pytest.fixture(scope="module")
def golden(golden_raw: list[dict]) -> list[Drawing]:
    """The golden drawings, simplified."""
    return [canonical(record["strokes"]) for record in golden_raw]


@dataclass(frozen=True)
class Written:
    """A net, the file it became, and how."""

    net: nn.Module
    path: Path
    report: ExportReport
    weights: str


@pytest.fixture(scope="module")
def both(golden: list[Drawing], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Written]:
    """The tiny net in both forms of the weights."""
    folder, net = tmp_path_factory.mktemp("export"), Tiny().eval()
    return {
        weights: Written(net, path, export(net, IMPRINT, path, golden, ExportSpec(weights)), weights)
        for weights in ("int8", "float32")
        for path in [folder / f"{weights}.onnx"]
    }


@pytest.fixture(params=["int8", "float32"])
def written(request: pytest.FixtureRequest, both: dict[str, Written]) -> Written:
    """Each of them."""
    return both[request.param]


def test_file_answers_as_its_net(written: Written, golden: list[Drawing]) -> None:
    """Through onnxruntime the golden drawings get the probabilities of the net with the weights that the file carries."""
    net, path, report, weights = written.net, written.path, written.report, written.weights
    carried = round_weights(net) if weights == "int8" else net
    expected = answers(Recognition(carried.eval(), SPEC, IMPRINT.temperature), golden)
    assert np.ptp(expected, axis=0).max() > 0.3, "the net must tell drawings apart for the test to mean anything"
    np.testing.assert_allclose(Recogniser(path).probabilities(golden), expected, atol=1e-4)
    assert report.difference < 1e-4
    assert report.drawings == len(golden) + len(probes())
    assert report.bytes == path.stat().st_size


def test_rounding_hardly_matters(written: Written, golden: list[Drawing]) -> None:
    """Weights at a byte each give nearly the probabilities of the net as it was trained."""
    net, path, report, weights = written.net, written.path, written.report, written.weights
    difference = np.abs(Recogniser(path).probabilities(golden) - answers(Recognition(net, SPEC, 1.3), golden)).max()
    assert difference < (0.05 if weights == "int8" else 1e-4)
    assert report.agreement >= (0.9 if weights == "int8" else 1)


def test_file_says_what_it_is(written: Written) -> None:
    """The metadata hold labels in two languages, picture, temperature, metrics, origin and licence, and nothing else."""
    path = written.path
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert properties.keys() == {
        *("name", "labels", "labels_fr", "raster", "temperature", "metrics", "data_hash", "commit", "licence")
    }
    assert json.loads(properties["labels"]) == list(LABELS)
    assert json.loads(properties["labels_fr"]) == ["chat", "maison", "bonhomme de neige", "tour Eiffel"]
    assert RasterSpec.from_dict(json.loads(properties["raster"])) == SPEC
    assert json.loads(properties["metrics"]) == IMPRINT.metrics
    assert properties["temperature"] == "1.3"


def test_signature_is_the_contract(written: Written) -> None:
    """`points` [batch, points, 3] in, `probabilities` [batch, classes] out, both float32, batch and points free."""
    path = written.path
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (source,), (target,) = session.get_inputs(), session.get_outputs()
    assert (source.name, source.type, source.shape) == ("points", "tensor(float)", ["batch", "points", 3])
    assert (target.name, target.type, target.shape) == ("probabilities", "tensor(float)", ["batch", len(LABELS)])


def test_nothing_of_this_machine_stays_in_the_file(written: Written) -> None:
    """The file holds no path and no stack trace, and no batch-norm is left to compute."""
    path = written.path
    content = path.read_bytes()
    assert b".py" not in content
    assert str(Path(gribouille.export.__file__).parent).encode() not in content
    assert "BatchNormalization" not in {node.op_type for node in onnx.load(path).graph.node}


def test_onnxruntime_unpacks_weights_when_it_loads(both: dict[str, Written], tmp_path: Path) -> None:
    """After onnxruntime's own optimisation the compact file is the same graph as one with float32 weights."""
    graphs = []
    for written in both.values():
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(tmp_path / written.weights)
        onnxruntime.InferenceSession(written.path, options, providers=["CPUExecutionProvider"])
        graphs.append(onnx.load(tmp_path / written.weights).graph)
    compact, plain = graphs
    assert sorted(node.op_type for node in compact.node) == sorted(node.op_type for node in plain.node)
    assert all(tensor.data_type != onnx.TensorProto.INT8 for tensor in compact.initializer)


def test_packing_takes_what_lies_on_a_grid(both: dict[str, Written]) -> None:
    """The large tensors of a rounded net become int8; those of a net as it was trained are left alone."""
    compact, plain = (onnx.load(written.path) for written in both.values())
    stored = [tensor.name for tensor in compact.graph.initializer if tensor.data_type == onnx.TensorProto.INT8]
    assert len(stored) == 1, "the linear layer; the convolution is too small to be worth it"
    as_it_was = copy.deepcopy(plain)
    pack(plain)
    assert plain == as_it_was


@pytest.fixture(scope="module")
def whole(golden: list[Drawing], tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The tiny net with products of whole numbers."""
    net, path, spec = Tiny().eval(), tmp_path_factory.mktemp("whole") / "whole.onnx", ExportSpec(arithmetic="int8")
    seen = Drawings.of([prefix(drawing, part) for drawing in golden for part in (0.3, 0.6, 1.0)])
    return Written(net, path, export(net, IMPRINT, path, golden, spec, seen), "int8")


def test_integer_arithmetic_answers_nearly_as_the_net(whole: Written, golden: list[Drawing]) -> None:
    """Probabilities are those of the float32 net but for the rounding, the same alone as in a padded batch; labels, picture and
    temperature stand in the file as in any other."""
    recogniser = Recogniser(whole.path)
    found = recogniser.probabilities(golden)
    expected = answers(Recognition(whole.net, SPEC, IMPRINT.temperature), golden)
    assert np.abs(found - expected).max() < 0.1
    assert np.mean(found.argmax(1) == expected.argmax(1)) >= 0.9
    np.testing.assert_array_equal(found, np.concatenate([recogniser.probabilities([each]) for each in golden]))
    assert (recogniser.labels, recogniser.metadata.temperature) == (LABELS, 1.3)
    assert RasterSpec.from_dict(dict(recogniser.metadata.raster)) == SPEC
    onnx.checker.check_model(onnx.load(whole.path), full_check=True)


def test_integer_arithmetic_is_the_same_everywhere(whole: Written) -> None:
    """Every convolution and linear layer multiplies whole numbers, and their weights leave a bit free: two products of a byte
    and 7 bits fit into the 16 bits that x86 without VNNI has for them."""
    graph = onnx.load(whole.path).graph
    arrays = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    made = {output: node for node in graph.node for output in node.output}
    layers = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    assert len(layers) == 2
    for layer in layers:
        assert {made[name].op_type for name in layer.input[:2]} == {"DequantizeLinear"}
        weight = arrays[made[layer.input[1]].input[0]]
        assert weight.dtype == np.int8
        assert 2 * 255 * np.abs(weight.astype(int)).max() <= 2**15 - 1
    assert not [name for name, array in arrays.items() if array.dtype == np.float32 and array.size > 1024]


def test_integer_arithmetic_is_refused_where_one_drawing_is_far_off(
    tmp_path: Path, golden: list[Drawing], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole numbers may be rounded either way, but a single drawing with an answer far away, or with none, is an error."""
    plain = Recogniser.probabilities

    for wrong in (0.5, np.nan):

        def disturbed(self: Recogniser, drawings: list[Drawing], wrong: float = wrong) -> np.ndarray:
            found = plain(self, drawings)
            found[3, 0] += wrong
            return found

        monkeypatch.setattr(Recogniser, "probabilities", disturbed)
        spec = ExportSpec(arithmetic="int8")
        with pytest.raises(ExportError, match=r"differs from its net by .* on drawing 3 of"):
            export(Tiny(), IMPRINT, tmp_path / "model.onnx", golden, spec, Drawings.of(golden))
    assert not list(tmp_path.iterdir())


def test_integer_arithmetic_needs_drawings_and_a_net_on_pictures(tmp_path: Path, golden: list[Drawing]) -> None:
    """Without drawings, for a net on points, and beside float32 weights it is refused, and nothing is written."""
    spec, path = ExportSpec(arithmetic="int8"), tmp_path / "model.onnx"
    with pytest.raises(ValueError, match=r"arithmetic: expected a store for int8, .* found none"):
        export(Tiny(), IMPRINT, path, spec=spec)
    with pytest.raises(ValueError, match=r"expected float32 for a net that takes points"):
        export(build_net("gru*0.25", len(LABELS), SPEC), IMPRINT, path, spec=spec, seen=Drawings.of(golden))
    with pytest.raises(ValueError, match=r"weights: expected int8"):
        ExportSpec(weights="float32", arithmetic="int8")
    assert not list(tmp_path.iterdir())


def test_net_that_no_file_can_keep_is_refused(tmp_path: Path) -> None:
    """Where onnxruntime answers otherwise than torch, export raises, and leaves neither a new file nor a changed one."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"the model of yesterday")
    with pytest.raises(ExportError, match=r"differs from its net by .* expected at most 0.0001"):
        export(Forgetful(), IMPRINT, path)
    assert path.read_bytes() == b"the model of yesterday"
    assert list(tmp_path.iterdir()) == [path]


def test_corrupt_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One scale that went wrong on its way into the file is found before the file takes its name."""

    def pack_wrongly(model: onnx.ModelProto) -> None:
        pack(model)
        (scale,) = (tensor for tensor in model.graph.initializer if tensor.name.endswith(".scale"))
        wrong = onnx.numpy_helper.to_array(scale).copy()
        wrong.flat[0] *= 1.5
        scale.CopyFrom(onnx.numpy_helper.from_array(wrong, scale.name))

    monkeypatch.setattr(gribouille.export, "pack", pack_wrongly)
    with pytest.raises(ExportError):
        export(Tiny(), IMPRINT, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_net_of_not_a_number_is_refused(tmp_path: Path) -> None:
    """NaN equals nothing, so a net that answers NaN is not written, though the file answers NaN too."""
    net = Tiny()
    with torch.no_grad():
        net.linear.bias[0] = torch.nan
    with pytest.raises(ExportError):
        export(net, IMPRINT, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_run_becomes_a_file(tmp_path: Path) -> None:
    """The best weights of a run folder are written with what their card says, labels in its order."""
    torch.manual_seed(0)
    net = build_net("resnet10t", len(LABELS), SPEC)
    card = Card("resnet10t", list(LABELS), SPEC.to_dict(), {}, "hash-of-the-store", "0123abc", metrics={"top-1": 0.5})
    save_weights(net, card, tmp_path / "run" / BEST)
    report = export_run(tmp_path / "run", tmp_path / "small.onnx")
    metadata = Recogniser(tmp_path / "small.onnx").metadata
    assert (metadata.name, metadata.labels, metadata.data_hash) == ("small", LABELS, "hash-of-the-store")
    assert (metadata.metrics, metadata.temperature, metadata.commit) == ({"top-1": 0.5}, 1.0, "0123abc")
    assert "taught" not in metadata.licence
    assert report.bytes < 5_200_000


@pytest.mark.parametrize("arithmetic", ["float32", "int8"])
def test_with_a_store_the_file_is_calibrated_and_carries_its_scores(arithmetic: str, tmp_path: Path) -> None:
    """A store gives the temperature, real drawings to check on, and the scores of the test split that the file then
    really reaches; a teacher is named in the licence."""
    store = store_of_shapes(tmp_path, 60)
    torch.manual_seed(0)
    net = build_net("test_resnet", len(store.labels), SPEC)
    card = Card("test_resnet", list(store.labels), SPEC.to_dict(), {}, store.hash, "0123abc", teacher="feed")
    save_weights(net, card, tmp_path / "run" / BEST)
    seen: list[int] = []
    spec = ExportSpec(arithmetic=arithmetic, agreement=0)  # of a net that learned nothing
    report = export_run(tmp_path / "run", tmp_path / "shapes.onnx", spec, store, seen.append)
    metadata = Recogniser(tmp_path / "shapes.onnx").metadata
    rows = distinct_rows(store, "test")
    assert sum(seen) == len(rows)
    assert report.drawings == len(probes()) + min(len(rows), GOLDEN)
    scores = evaluate(predictor_of(tmp_path / "shapes.onnx"), store, EvaluateOptions(calibrated_on=0)).summary()
    # What is a sum of probabilities differs in a last digit between torch and onnxruntime; what is counted does not.
    for name in ("calibration error", "calibration error, tempered", "nll", "nll, tempered"):
        assert metadata.metrics.pop(name) == pytest.approx(scores.pop(name), abs=1e-4)
    assert metadata.metrics == scores
    assert metadata.temperature != 1.0
    assert metadata.licence.endswith("taught by the model with sha256 feed")


def test_probes_reach_the_edges(house: list) -> None:
    """The built-in drawings include a dot, a single segment, one of 1,000 points and the house, the same every time."""
    assert house == HOUSE
    first, second = probes(), probes()
    assert {1, 2, 1000} <= {len(drawing) for drawing in first}
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert all(drawing[0, 2] == 0 and drawing[:, 2].max() <= 1 for drawing in first)
