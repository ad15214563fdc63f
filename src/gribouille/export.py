"""From a trained net to the one file that everybody runs: points in, probabilities out, labels and origin inside.

Comes in: a net (images to logits), what the file should say of itself (`Imprint`), and drawings to check it on. Goes out:
`model.onnx` with input `points` float32 [batch, points, (x, y, pen)] (pen -1 = padding) and output `probabilities` float32
[batch, classes]. The file is read back through `Recogniser` before it takes its name: where it answers otherwise than the
torch net, nothing is written.
"""

import copy
import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import torch
from jaxtyping import Float, Float32, Int
from onnx import compose, helper, numpy_helper
from torch import Tensor, nn

from gribouille.augment import Augmentation, cut
from gribouille.checkpoint import Card, load_weights, write_atomically
from gribouille.compact import pack
from gribouille.drawing import Drawing, Drawings, drawing_of, prefix
from gribouille.ensemble import Logits, net_logits
from gribouille.evaluate import EvaluateOptions, evaluate
from gribouille.labels import french
from gribouille.metrics import softmax, temperature_of
from gribouille.nets import PointNet
from gribouille.nets.model_file import PREFIX
from gribouille.predict import Predictor, logits_predictor
from gribouille.quantise import quantised
from gribouille.raster.kernel import rasterise
from gribouille.raster.layer import Raster
from gribouille.raster.spec import RasterSpec
from gribouille.recogniser import INPUT, OUTPUT, Recogniser, padded, session_of
from gribouille.rounding import round_weights
from gribouille.sampling import batches_of, distinct_rows
from gribouille.store import AnyStore
from gribouille.store.split import TRAIN

OPSET = 20  # the newest that onnxruntime-web of the page and older native ones both read
IR_VERSION = 10  # the one of that opset's time
# The golden drawing: the house on the poster of the project that this one grows out of (tests/golden/house.json).
HOUSE = [
    [
        [20, 93, 134, 142, 150, 192, 174, 68, 26, 0, 1, 21, 31, 40, 187, 223, 224, 209, 201, 199],
        [90, 29, 3, 0, 3, 91, 95, 86, 79, 72, 93, 196, 228, 233, 253, 255, 250, 203, 150, 102],
    ],
    [[126, 126, 129, 195], [235, 175, 171, 169]],
]
ENOUGH = 500  # drawings to calibrate on: their sampling error moves the temperature by a few hundredths
GOLDEN = 64  # real drawings of a store on which file and net are compared
TYPICAL = 512  # drawings that int8 arithmetic takes its scales from
PICTURE, LOGITS = "picture", "logits"  # what goes into the net inside the file, and what comes out
LICENCE = "Apache-2.0; trained on The Quick, Draw! Dataset (Google, CC BY 4.0)"


class ExportError(ValueError):
    """A model file that does not answer as its net does; it was not written."""


@dataclass(frozen=True)
class ExportSpec:
    """How to write the file.

    weights: int8 (a byte each on disk, see `compact`) or float32. arithmetic: what the net computes with, float32 or int8
    (about twice as fast for nets of ordinary convolutions, no gain for depthwise ones, see `quantise`; its scales are
    measured on training drawings of a store). tolerance: the largest difference allowed between a probability of the file
    and the net with the same weights. agreement: the smallest share allowed of drawings whose best guess the rounding left as
    it was.
    """

    weights: Literal["int8", "float32"] = "int8"
    arithmetic: Literal["float32", "int8"] = "float32"
    tolerance: float = 1e-4
    agreement: float = 0.9

    def __post_init__(self) -> None:
        if self.arithmetic == "int8" and self.weights == "float32":
            raise ValueError("weights: expected int8 where the arithmetic is int8, found float32")


@dataclass(frozen=True)
class Imprint:
    """What a model file says of itself: its metadata, less the French labels, which follow from the English ones.

    labels in output order; raster the picture the net was trained on; temperature divides the logits; metrics with the
    protocol they were measured by; data_hash of the store; commit that trained it.
    """

    name: str
    labels: Sequence[str]
    raster: RasterSpec
    temperature: float
    metrics: Mapping[str, Any]
    data_hash: str
    commit: str
    licence: str = LICENCE

    @classmethod
    def of(cls, card: Card, name: str) -> "Imprint":
        """What the card of a training run says, at temperature 1; the licence names the teacher where there was one."""
        licence = LICENCE if card.teacher is None else f"{LICENCE}; taught by the model with sha256 {card.teacher}"
        return cls(name, tuple(card.labels), card.spec, 1.0, card.metrics, card.store, card.commit, licence)

    def properties(self) -> dict[str, str]:
        """The ONNX metadata: text, with lists and tables as JSON."""
        return {
            "name": self.name,
            "labels": _json(list(self.labels)),
            "labels_fr": _json(french(self.labels)),
            "raster": _json(self.raster.to_dict()),
            "temperature": repr(float(self.temperature)),
            "metrics": _json(dict(self.metrics)),
            "data_hash": self.data_hash,
            "commit": self.commit,
            "licence": self.licence,
        }


@dataclass(frozen=True)
class ExportReport:
    """What was written: size; over how many drawings, the largest |difference| of a probability between file and net;
    the share of them whose best guess the rounding of weights left as it was (1 for float32 weights)."""

    bytes: int
    drawings: int
    difference: float
    agreement: float


class Tempered(nn.Module):
    """A net, on pictures or on points, whose logits are divided by a temperature."""

    def __init__(self, net: nn.Module, temperature: float) -> None:
        super().__init__()
        self.net = net
        self.temperature = temperature

    def forward(self, inputs: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch classes"]:
        """Calibrated logits."""
        logits: Tensor = self.net(inputs) / self.temperature
        return logits


class Recognition(nn.Module):
    """The whole way from points to probabilities: box and raster (a net on points boxes by itself), net,
    softmax(logits / temperature)."""

    def __init__(self, net: nn.Module, raster: RasterSpec, temperature: float) -> None:
        super().__init__()
        self.raster = nn.Identity() if isinstance(net, PointNet) else Raster(raster)
        self.net = Tempered(net, temperature)

    def forward(self, points: Float[Tensor, "batch points 3"]) -> Float[Tensor, "batch classes"]:
        """Probabilities of the classes; each row's sum is 1."""
        return torch.softmax(self.net(self.raster(points)), -1)


@dataclass(frozen=True, eq=False)
class Form:
    """A net as a file will carry it: what it answers, logits for drawings; its graph from points to logits (`body`), and the
    whole file's at a temperature."""

    logits: Logits
    body: Callable[[], onnx.ModelProto]
    graph: Callable[[float], onnx.ModelProto]


def export_run(
    run: Path,
    out: Path,
    spec: ExportSpec | None = None,
    store: AnyStore | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> ExportReport:
    """Write the best weights of a training run as the model file `out`, named after it; see `export`.

    With a store, the temperature is fitted to its validation split (to the natural mix of it, where there is enough), file
    and net are compared on drawings of its test split too, and the file carries its scores on that split; `progress` hears
    of every drawing evaluated. Without one, the temperature is 1 and the scores are the training's own.
    """
    spec = spec or ExportSpec()
    net, card = load_weights(run)
    imprint = Imprint.of(card, out.stem)
    if store is None:
        return export(net, imprint, out, spec=spec)
    if sorted(card.labels) != sorted(store.labels):
        raise ValueError(
            f"{run}: expected a store with the same {len(card.labels)} labels to calibrate and judge it on, found "
            f"{len(store.labels)}, {sorted(set(store.labels) ^ set(card.labels))[:5]} not in both"
        )
    form = form_of(net, card.spec, spec, typical(store) if spec.arithmetic == "int8" else None)
    temperature = fitted_temperature(logits_predictor(form.logits, card.labels), store)
    calibrated = logits_predictor(form.logits, card.labels, temperature=temperature)
    metrics = evaluate(calibrated, store, EvaluateOptions(calibrated_on=0), progress).summary()
    imprint = replace(imprint, temperature=temperature, metrics=metrics)
    return _write(form, net, imprint, out, store.gather(spread(distinct_rows(store, "test"), GOLDEN)), spec)


def export(
    net: nn.Module,
    imprint: Imprint,
    path: Path,
    golden: Iterable[Drawing] = (),
    spec: ExportSpec | None = None,
    seen: Drawings | None = None,
) -> ExportReport:
    """Write `net` as a model file, or raise ExportError and leave the disk as it was.

    net: images Float["batch channels side side"] -> logits Float["batch classes"]. golden: drawings, real ones if
    possible, on which file and net must agree, besides those of `probes`. seen: drawings like those that the net will be asked
    about, finished and not, which int8 arithmetic takes its scales from. ValueError where it lacks them.
    """
    spec = spec or ExportSpec()
    return _write(form_of(net, imprint.raster, spec, seen), net, imprint, path, golden, spec)


def form_of(net: nn.Module, raster: RasterSpec, spec: ExportSpec, seen: Drawings | None = None) -> Form:
    """The net in the form that `spec` says; `net` stays as it is. See `export`."""
    plain = copy.deepcopy(net).cpu().float().eval()
    if spec.arithmetic == "int8":
        if isinstance(plain, PointNet):
            raise ValueError("arithmetic: expected float32 for a net that takes points, found int8")
        if seen is None or len(seen) == 0:
            raise ValueError(
                "arithmetic: expected a store for int8, whose drawings say how large the net's values become; found none"
            )
        whole_numbers = quantised(_pictures_to_logits(plain, raster), rasterise(seen, raster))
        session = session_of("the net", whole_numbers.SerializeToString(), threads=1)
        return Form(
            lambda drawings: np.asarray(session.run(None, {PICTURE: rasterise(drawings, raster)})[0]),
            lambda: _drawn(raster, whole_numbers),
            lambda temperature: _joined(raster, whole_numbers, temperature),
        )
    shipped = round_weights(plain) if spec.weights == "int8" else plain

    def packed(model: onnx.ModelProto) -> onnx.ModelProto:
        if spec.weights == "int8":
            pack(model)
        return model

    def body() -> onnx.ModelProto:
        if isinstance(shipped, PointNet):
            return packed(to_onnx(shipped, INPUT, LOGITS))
        return _drawn(raster, packed(_pictures_to_logits(shipped, raster)))

    return Form(
        net_logits(shipped, raster),
        body,
        lambda temperature: packed(to_onnx(Recognition(shipped, raster, temperature), INPUT, OUTPUT)),
    )


def typical(store: AnyStore) -> Drawings:
    """Drawings as a net will be asked about, some hundred of all labels of the training split, half of them unfinished."""
    rows = spread(np.flatnonzero(store.split == TRAIN), TYPICAL)
    if len(rows) == 0:
        raise ValueError(f"{store.path}: expected training drawings to take the scales of int8 from, found none")
    by = replace(Augmentation.none(), cut=0.5)
    return cut(store.gather(rows), by, np.arange(len(rows), dtype=np.uint64))


def spread(rows: Int[np.ndarray, "_rows"], count: int) -> Int[np.ndarray, "_some"]:
    """So many of the rows, or all: evenly over them, and so over all labels."""
    return rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(np.int64)]


def fitted_temperature(predictor: Predictor, store: AnyStore) -> float:
    """The temperature that fits the store's validation drawings; ValueError where it has none."""
    rows = distinct_rows(store, "validation")
    natural = rows[store.recognized[rows] >= 0]  # as people draw; the others are mostly recognized ones, and easier
    rows = natural if len(natural) >= ENOUGH else rows
    if len(rows) == 0:
        raise ValueError(f"{store.path}: expected validation drawings to calibrate on, found none")
    answers = [predictor.probabilities(store.gather(batch)) for batch in batches_of(rows, 256)]
    logits = np.log(np.maximum(np.concatenate(answers), 1e-30))
    return temperature_of(logits, predictor.columns_of(store.labels)[store.label[rows]])


def _write(
    form: Form, net: nn.Module, imprint: Imprint, path: Path, golden: Iterable[Drawing], spec: ExportSpec
) -> ExportReport:
    model = form.graph(imprint.temperature)
    onnx.helper.set_model_props(model, imprint.properties())

    drawings = [*probes(), *golden]
    # Each by itself: in the file they also stand in padded batches.
    logits = np.concatenate([form.logits(Drawings.of([drawing])) for drawing in drawings])
    unrounded = net_logits(copy.deepcopy(net).cpu().float(), imprint.raster)(Drawings.of(drawings))
    agreement = float(np.mean(logits.argmax(1) == unrounded.argmax(1)))
    # The probes alone are mostly scribbles, on whose best guess nobody agrees: it takes real drawings to judge by.
    if len(drawings) >= GOLDEN and agreement < spec.agreement:
        raise ExportError(
            f"export: rounding to int8 left the best guess of {agreement:.0%} of {len(drawings)} drawings; "
            f"expected at least {spec.agreement:.0%}. Nothing was written: try float32 arithmetic, or float32 weights."
        )
    difference = 0.0

    def write(place: Path) -> None:
        nonlocal difference
        onnx.save(model, place)
        difference = verified(place, drawings, softmax(logits / imprint.temperature), spec.tolerance)

    write_atomically(path, write)
    return ExportReport(path.stat().st_size, len(drawings), difference, agreement)


def _pictures_to_logits(net: nn.Module, raster: RasterSpec) -> onnx.ModelProto:
    """A net on pictures as ONNX: pictures to logits."""
    pictures = torch.zeros(2, len(raster.channels), raster.side, raster.side)
    return traced(net, {PICTURE: (pictures, {0: torch.export.Dim("batch")})}, [LOGITS])


def _drawn(raster: RasterSpec, body: onnx.ModelProto) -> onnx.ModelProto:
    """Points to logits: raster, then `body` from pictures to logits."""
    drawn = compose.add_prefix(_raster_graph(raster), "raster.", rename_inputs=False, rename_outputs=False)
    body = compose.add_prefix(body, PREFIX, rename_inputs=False, rename_outputs=False)
    whole = compose.merge_models(drawn, body, [(PICTURE, PICTURE)])
    whole.ir_version = IR_VERSION
    _forget_origin(whole)
    return whole


@cache
def _raster_graph(raster: RasterSpec) -> onnx.ModelProto:
    """Points to pictures. Kept: it takes 14 s to export, and members of an ensemble mostly see the same picture."""
    return to_onnx(Raster(raster), INPUT, PICTURE)


def _joined(raster: RasterSpec, body: onnx.ModelProto, temperature: float) -> onnx.ModelProto:
    """The whole file's graph: raster, then `body` from pictures to logits, then softmax(logits / temperature)."""
    whole = _drawn(raster, body)
    graph, (logits,) = whole.graph, whole.graph.output
    graph.initializer.append(numpy_helper.from_array(np.array(temperature, np.float32), "temperature"))
    graph.node.append(helper.make_node("Div", [LOGITS, "temperature"], ["tempered"], "temper"))
    graph.node.append(helper.make_node("Softmax", ["tempered"], [OUTPUT], "softmax", axis=-1))
    logits.name = OUTPUT  # the same type and shape
    return whole


def to_onnx(module: nn.Module, source: str, target: str) -> onnx.ModelProto:
    """A module of points as ONNX: input `source` float32 [batch, points, 3], output `target`; batch and points are free.

    The exporter folds batch-norms into their convolutions. Nothing of this machine (paths, traces) stays in the file.
    """
    free = {0: torch.export.Dim("batch"), 1: torch.export.Dim("points")}
    return traced(module, {source: (torch.zeros(2, 3, 3), free)}, [target])


def traced(
    module: nn.Module, sources: Mapping[str, tuple[Tensor, dict[int, torch.export.Dim]]], targets: Sequence[str]
) -> onnx.ModelProto:
    """A module as ONNX with these outputs, given for each input its name, an example, and which of its dimensions may have any
    size."""
    with warnings.catch_warnings():
        # The exporter calls parts of torch and onnxscript that warn of their own future; nothing a caller can act on.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", UserWarning)  # recurrent layers, whose weights it finds scattered in memory
        program = torch.onnx.export(
            module.eval(),
            tuple(example for example, _ in sources.values()),
            input_names=list(sources),
            output_names=list(targets),
            dynamic_shapes=tuple(free for _, free in sources.values()),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    model.ir_version = IR_VERSION
    _forget_origin(model)
    return model


def _forget_origin(model: onnx.ModelProto) -> None:
    """Remove what only debugging wants: per-node stack traces with local paths, and the shapes between nodes."""
    graph = model.graph
    del model.metadata_props[:], graph.value_info[:], graph.metadata_props[:]
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""


def probes() -> list[Drawing]:
    """The poster's house, finished and not, and drawings at the edges of what there is: dots, single segments, full width
    and full height, up to 1,000 points."""
    houses = [prefix(drawing_of(HOUSE), fraction) for fraction in (0.25, 0.5, 0.75, 1.0)]
    generator = np.random.default_rng(0)
    shapes = [[[0, 0, 0]], [[0, 0, 0], [0, 0, 1]], [[0, 0, 0], [255, 0, 1]], [[7, 0, 0], [0, 255, 1], [0, 0, 0]]]
    scribbles = [_scribble(points, generator) for points in (2, 10, 45, 200, 1000)]
    return [np.array(shape, np.uint8) for shape in shapes] + scribbles + houses


def _scribble(points: int, generator: np.random.Generator) -> Drawing:
    """A random walk of that many points in strokes of about eight."""
    walk = np.cumsum(generator.normal(size=(points, 2)), 0)
    walk = (walk - walk.min(0)) / np.ptp(walk, 0).max() * 255
    pen = generator.random(points) > 1 / 8
    pen[0] = False
    return np.column_stack([np.round(walk), pen]).astype(np.uint8)


@torch.inference_mode()
def answers(recognition: nn.Module, drawings: Sequence[Drawing]) -> Float32[np.ndarray, "drawings classes"]:
    """The torch module's probabilities, each drawing by itself."""
    recognition.eval()
    return np.concatenate([recognition(torch.from_numpy(padded([drawing]))).numpy() for drawing in drawings])


def verified(
    file: Path, drawings: Sequence[Drawing], expected: Float32[np.ndarray, "drawings classes"], tolerance: float
) -> float:
    """The largest |difference| between the file's probabilities and the expected ones; ExportError beyond `tolerance`.

    The file is read as everybody will read it, so the drawings also go through it in padded batches.
    """
    found = Recogniser(file).probabilities(drawings)
    if found.shape != expected.shape:
        raise ExportError(f"export: expected an answer of {list(expected.shape)}, found {list(found.shape)}")
    difference = np.abs(found - expected).max(axis=1)
    worst = int(difference.argmax())
    if not difference[worst] <= tolerance:  # NaN is no agreement
        raise ExportError(
            f"export: the file differs from its net by {difference[worst]:.2g} on drawing {worst} of {len(drawings)}; "
            f"expected at most {tolerance:g}. Nothing was written."
        )
    return float(difference[worst])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
