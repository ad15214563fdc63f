"""From the folder of an ensemble to one model file: points in, the ensemble's probabilities out, like any other model file.

Members' graphs lie side by side in it, and what they compute alike is computed once (`sharing`): members that see the same
picture share one raster. Behind them stands what makes one answer of theirs, boosted trees as an operator of ONNX
(`tree_nodes`), so that serving needs onnxruntime alone; then the temperature. The file is compared with the ensemble before it
takes its name.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from jaxtyping import Float, Float32, Int64
from onnx import compose, helper, numpy_helper
from torch import Tensor, nn

from gribouille.checkpoint import load_weights, write_atomically
from gribouille.drawing import Drawing, Drawings
from gribouille.ensemble.asking import FACTS, facts_of, facts_of_drawings
from gribouille.ensemble.boosted import Boosted, Rows
from gribouille.ensemble.candidates import After
from gribouille.ensemble.card import ENSEMBLE
from gribouille.ensemble.combination import Combiner, Ensemble, Opened, read_ensemble
from gribouille.ensemble.members import Logits, Net, chosen
from gribouille.evaluate import EvaluateOptions, evaluate
from gribouille.export import (
    GOLDEN,
    IR_VERSION,
    LICENCE,
    LOGITS,
    ExportError,
    ExportReport,
    ExportSpec,
    Imprint,
    export_run,
    fitted_temperature,
    form_of,
    probes,
    spread,
    traced,
    typical,
    verified,
)
from gribouille.metrics import LEAST, tempered
from gribouille.nets import PointNet
from gribouille.predict import Predictor
from gribouille.raster.spec import RasterSpec
from gribouille.recogniser import INPUT, OUTPUT, Recogniser, padded, session_of
from gribouille.sampling import distinct_rows
from gribouille.sharing import beside, share
from gribouille.store import AnyStore
from gribouille.tree_nodes import DOMAIN, VERSION, tree_node

ANSWER = "answer"  # the ensemble's probabilities, before the temperature
FEATURES, CLASSES, MEAN, SCORES = "features", "classes", "mean", "scores"  # around the trees
# Of drawings that a file with trees may answer otherwise: where a feature lies on a threshold, rounding decides.
AT_A_THRESHOLD = 0.05
BATCH = {0: torch.export.Dim("batch")}


def export_any(
    path: Path,
    out: Path,
    spec: ExportSpec | None = None,
    store: AnyStore | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> ExportReport:
    """Write a training run, or the ensemble in a folder, as the model file `out`: `export_run` or `export_ensemble`."""
    write = export_ensemble if (path / ENSEMBLE).is_file() else export_run
    return write(path, out, spec, store, progress)


def export_ensemble(
    folder: Path,
    out: Path,
    spec: ExportSpec | None = None,
    store: AnyStore | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> ExportReport:
    """Write the ensemble in this folder as the model file `out`, named after it.

    Members that are runs take the form that `spec` says, those that are model files are taken as they are. With a store, as
    `export_run`: temperature, comparison and scores. Raises ValueError where there is no ensemble, for a store of other labels
    and for model files of another version of ONNX; ExportError, and nothing is written, where the file answers otherwise.
    """
    spec = spec or ExportSpec()
    opened = read_ensemble(folder)
    if store is not None and set(store.labels) != set(opened.card.labels):
        raise ValueError(
            f"{folder}: expected a store with the same {len(opened.card.labels)} labels to calibrate and judge it on, found "
            f"{len(store.labels)}, {sorted(set(store.labels) ^ set(opened.card.labels))[:5]} not in both"
        )
    seen = typical(store) if store is not None and spec.arithmetic == "int8" else None
    shipped, bodies = _shipped(opened, spec, seen)
    imprint, golden = _imprint(opened, folder, out.stem), list(probes())
    if store is not None:
        temperature = fitted_temperature(_predictor(shipped, folder, 1.0), store)
        scores = evaluate(_predictor(shipped, folder, temperature), store, EvaluateOptions(calibrated_on=0), progress)
        imprint = replace(imprint, temperature=temperature, metrics=scores.summary())
        golden += list(store.gather(spread(distinct_rows(store, "test"), GOLDEN)))
    model = graph_of(bodies, opened.combiner, len(opened.card.labels), imprint.temperature)
    helper.set_model_props(model, imprint.properties())
    agreement = _agreement(opened.ensemble, shipped, golden, spec)
    difference = 0.0

    def write(place: Path) -> None:
        nonlocal difference
        onnx.save(model, place)
        if isinstance(opened.combiner, Boosted):
            difference = _verified_trees(place, shipped, golden, imprint.temperature, spec.tolerance)
        else:
            # Each by itself: in the file they also stand in padded batches.
            alone = np.concatenate([shipped.probabilities(Drawings.of([drawing])) for drawing in golden])
            difference = verified(place, golden, tempered(alone, imprint.temperature), spec.tolerance)

    write_atomically(out, write)
    return ExportReport(out.stat().st_size, len(golden), difference, agreement)


def graph_of(
    bodies: Sequence[onnx.ModelProto], combiner: Combiner, classes: int, temperature: float
) -> onnx.ModelProto:
    """The whole file's graph, given the members' from points to logits."""
    whole = beside(bodies, [INPUT])
    graph = whole.graph
    graph.node.append(helper.make_node("Concat", [port.name for port in graph.output], [LOGITS], "members", axis=1))
    del graph.output[:]
    inputs = combiner_inputs(combiner, len(bodies), classes)
    if isinstance(combiner, Boosted):
        _append(whole, _front(combiner, inputs), "before.")
        _append_trees(whole, combiner)
        _append(whole, _back(combiner, classes), "after.")
    else:
        sides = {LOGITS: (torch.zeros(2, inputs), BATCH)}
        _append(whole, traced(combiner.module(), sides, [ANSWER]), "combiner.")
    for name, value in (("smallest", LEAST), ("temperature", temperature)):
        graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), name))
    graph.node.append(helper.make_node("Max", [ANSWER, "smallest"], ["bounded"], "bound"))
    graph.node.append(helper.make_node("Log", ["bounded"], ["logs"], "log"))
    graph.node.append(helper.make_node("Div", ["logs", "temperature"], ["tempered"], "temper"))
    graph.node.append(helper.make_node("Softmax", ["tempered"], [OUTPUT], "softmax", axis=-1))
    graph.output.append(helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, ["batch", classes]))
    share(whole)
    whole.ir_version = IR_VERSION
    return whole


def combiner_inputs(combiner: Combiner, members: int, classes: int) -> int:
    """How many logits the members give together: of experts, as many as their groups have classes."""
    groups = getattr(combiner, "groups", None)
    return members * classes if groups is None else classes + sum(map(len, groups))


class Front(nn.Module):
    """Points and the members' logits → the trees' rows, the candidates' classes and the mean's probabilities."""

    def __init__(self, combiner: Boosted) -> None:
        super().__init__()
        self.before = combiner.before

    def forward(
        self, points: Float[Tensor, "batch points 3"], logits: Float[Tensor, "batch inputs"]
    ) -> tuple[
        Float[Tensor, "batch candidates features"], Int64[Tensor, "batch candidates"], Float[Tensor, "batch classes"]
    ]:
        """See `Before`."""
        answer: tuple[Tensor, Tensor, Tensor] = self.before(logits, facts_of(points))
        return answer


def _front(combiner: Boosted, inputs: int) -> onnx.ModelProto:
    points = torch.tensor([[[0.0, 0, 0], [9, 9, 1], [3, 0, 1]]]).expand(2, -1, -1).contiguous()
    sides = {INPUT: (points, {**BATCH, 1: torch.export.Dim("points")}), LOGITS: (torch.zeros(2, inputs), BATCH)}
    return traced(Front(combiner), sides, [FEATURES, CLASSES, MEAN])


def _back(combiner: Boosted, classes: int) -> onnx.ModelProto:
    count = combiner.candidates
    first = torch.arange(count).expand(2, -1).contiguous()
    sides = {
        SCORES: (torch.zeros(2, count), BATCH),
        CLASSES: (first, BATCH),
        MEAN: (torch.full((2, classes), 1 / classes), BATCH),
    }
    return traced(After(), sides, [ANSWER])


def _append_trees(whole: onnx.ModelProto, combiner: Boosted) -> None:
    """The trees on the rows of all drawings, and their scores a drawing each."""
    graph = whole.graph
    shapes = {"rows.shape": [-1, combiner.before.features], "scores.shape": [-1, combiner.candidates]}
    for name, shape in shapes.items():
        graph.initializer.append(numpy_helper.from_array(np.array(shape, np.int64), name))
    graph.node.append(helper.make_node("Reshape", [FEATURES, "rows.shape"], ["rows"], "rows"))
    graph.node.append(tree_node(combiner.trees, "rows", "leaves"))
    graph.node.append(helper.make_node("Reshape", ["leaves", "scores.shape"], [SCORES], "scores"))
    whole.opset_import.append(helper.make_opsetid(DOMAIN, VERSION))


def _append(whole: onnx.ModelProto, part: onnx.ModelProto, prefix: str) -> None:
    """What `part` computes, behind what is there; its inputs and outputs keep their names."""
    graph = compose.add_prefix(part, prefix, rename_inputs=False, rename_outputs=False).graph
    whole.graph.node.extend(graph.node)
    whole.graph.initializer.extend(graph.initializer)


def _shipped(opened: Opened, spec: ExportSpec, seen: Drawings | None) -> tuple[Ensemble, list[onnx.ModelProto]]:
    """The ensemble with its members as the file will have them, and their graphs from points to logits."""
    logits, bodies = [], []
    for net, columns in zip(opened.nets, opened.columns, strict=True):
        ask, body = _member(net, spec, seen)
        logits.append(chosen(ask, columns))
        bodies.append(body if np.array_equal(columns, np.arange(len(net.labels))) else _picked(body, columns))
    return replace(opened.ensemble, members=tuple(logits)), bodies


def _member(net: Net, spec: ExportSpec, seen: Drawings | None) -> tuple[Logits, onnx.ModelProto]:
    if isinstance(net.source, Recogniser):
        every = np.arange(len(net.labels))
        return net.logits(every), _logarithms(onnx.load_from_string(net.source.file))
    module, raster = net.source
    if isinstance(module, PointNet):
        spec = replace(spec, arithmetic="float32")  # whole numbers are for pictures
    form = form_of(module, raster, spec, seen)
    return form.logits, form.body()


def _logarithms(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model file whose output are the logarithms of its probabilities."""
    graph = model.graph
    graph.initializer.append(numpy_helper.from_array(np.array(LEAST), "ensemble.smallest"))
    graph.node.append(helper.make_node("Max", [OUTPUT, "ensemble.smallest"], ["ensemble.bounded"], "ensemble.bound"))
    graph.node.append(helper.make_node("Log", ["ensemble.bounded"], [LOGITS], "ensemble.log"))
    graph.output[0].name = LOGITS
    return model


def _picked(model: onnx.ModelProto, columns: Int64[np.ndarray, "labels"]) -> onnx.ModelProto:
    """A member's graph that gives these of its logits."""
    graph = model.graph
    (port,) = graph.output
    graph.initializer.append(numpy_helper.from_array(columns, "ensemble.columns"))
    graph.node.append(helper.make_node("Gather", [port.name, "ensemble.columns"], ["picked"], "ensemble.pick", axis=1))
    port.name = "picked"
    return model


def _imprint(opened: Opened, folder: Path, name: str) -> Imprint:
    """What the file says of itself. Its picture is that of the first member that sees one, or of the first."""
    card, licences, rasters = opened.card, [], []
    for member, net in zip(card.members, opened.nets, strict=True):
        if isinstance(net.source, Recogniser):
            about = net.source.metadata
            licences.append(about.licence)
            rasters.append(RasterSpec.from_dict(about.raster))
        else:
            licences.append(Imprint.of(load_weights(folder / member.path)[1], name).licence)
            rasters.append(net.source[1])
    taught = sorted({each for each in licences if each != LICENCE})
    pictured = [index for index, net in enumerate(opened.nets) if not _on_points(net)]
    return Imprint(
        name,
        tuple(card.labels),
        rasters[pictured[0] if pictured else 0],
        1.0,
        card.metrics,
        card.store or "",
        card.commit,
        "; ".join(taught) or LICENCE,
    )


def _on_points(net: Net) -> bool:
    return not isinstance(net.source, Recogniser) and isinstance(net.source[0], PointNet)


def _predictor(ensemble: Ensemble, folder: Path, temperature: float) -> Predictor:
    def probabilities(drawings: Drawings) -> Float32[np.ndarray, "drawings classes"]:
        return tempered(ensemble.probabilities(drawings), temperature)

    return Predictor(str(folder), ensemble.labels, probabilities)


def _agreement(before: Ensemble, shipped: Ensemble, golden: Sequence[Drawing], spec: ExportSpec) -> float:
    """The share of drawings whose best guess the rounding of weights left; ExportError for too few, as in `export`."""
    drawings = Drawings.of(golden)
    best = [each.probabilities(drawings).argmax(axis=1) for each in (before, shipped)]
    agreement = float(np.mean(best[0] == best[1]))
    if len(golden) >= GOLDEN and agreement < spec.agreement:
        raise ExportError(
            f"export: rounding left the best guess of {agreement:.0%} of {len(golden)} drawings; "
            f"expected at least {spec.agreement:.0%}. Nothing was written: try float32 arithmetic, or float32 weights."
        )
    return agreement


def _verified_trees(
    file: Path, shipped: Ensemble, drawings: Sequence[Drawing], temperature: float, tolerance: float
) -> float:
    """The largest |difference| of a probability between the file and LightGBM on the file's own features; ExportError beyond the
    tolerance.

    A feature that lies on a threshold may be a last digit away from what torch makes of it, and trees then answer otherwise: so
    the trees are compared on the very same features, and what leads to them (the mean, the facts) with the ensemble's. As a
    whole the file is to answer as the ensemble on all but `AT_A_THRESHOLD` of the drawings.
    """
    assert isinstance(shipped.combiner, Boosted)
    model = onnx.load(str(file))
    inner = ((FEATURES, onnx.TensorProto.FLOAT), (CLASSES, onnx.TensorProto.INT64), (MEAN, onnx.TensorProto.FLOAT))
    model.graph.output.extend(helper.make_tensor_value_info(name, kind, None) for name, kind in inner)
    session = session_of(file, model.SerializeToString(), threads=1)
    names = [OUTPUT, *(name for name, _ in inner)]
    told = [session.run(names, {INPUT: padded([drawing])}) for drawing in drawings]
    found, features, classes, mean = (np.concatenate(part) for part in zip(*told, strict=True))
    rows = Rows(features, classes.astype(np.int64), mean)
    scores = shipped.combiner.scores(rows.table).reshape(rows.classes.shape)
    tensors = (torch.from_numpy(each) for each in (scores, rows.classes, rows.mean))
    expected = tempered(After()(*tensors).numpy(), temperature)
    facts = rows.features[:, 0, -2 * len(FACTS) : -len(FACTS)]
    alone = [Drawings.of([drawing]) for drawing in drawings]
    asked = np.concatenate([without_trees(shipped).probabilities(each) for each in alone])
    gaps = {
        "trees": np.abs(found - expected).max(),
        "mean": np.abs(rows.mean - asked).max(),
        "facts": np.abs(facts - np.concatenate([facts_of_drawings(each) for each in alone])).max(),
    }
    for name, gap in gaps.items():
        if not gap <= tolerance:
            raise ExportError(
                f"export: the file's {name} differ from the ensemble's by {gap:.2g}; expected at most {tolerance:g}. "
                "Nothing was written."
            )
    whole = np.concatenate([tempered(shipped.probabilities(each), temperature) for each in alone])
    away = float((np.abs(Recogniser(file).probabilities(drawings) - whole).max(axis=1) > tolerance).mean())
    if away > AT_A_THRESHOLD:
        raise ExportError(
            f"export: the file answers otherwise on {away:.0%} of {len(drawings)} drawings; expected at most "
            f"{AT_A_THRESHOLD:.0%}, where features lie on thresholds. Nothing was written."
        )
    return float(gaps["trees"])


def without_trees(ensemble: Ensemble) -> Ensemble:
    """The mean that the trees of an ensemble start from."""
    assert isinstance(ensemble.combiner, Boosted)
    return replace(ensemble, combiner=ensemble.combiner.start)
