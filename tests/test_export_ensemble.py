"""An ensemble as one file: it answers as the ensemble, and draws each picture that its members see once."""

from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper
from shapes import store_of_shapes
from untrained import LABELS, write_run

import gribouille.export_ensemble
from gribouille.drawing import Drawings
from gribouille.ensemble import EnsembleOptions, combine, open_ensemble
from gribouille.ensemble.card import ENSEMBLE, EnsembleCard, TreeOptions, hash_of, write_card
from gribouille.ensemble.combining import member_of
from gribouille.ensemble.experts import Experts
from gribouille.export import ExportError, ExportSpec, export_run, probes
from gribouille.export_ensemble import export_any, export_ensemble, tempered
from gribouille.predict import predictor_of
from gribouille.recogniser import Recogniser, session_of
from gribouille.sharing import share
from gribouille.store import Store
from gribouille.tree_nodes import DOMAIN, VERSION, not_above, tree_node

PLAIN = ExportSpec(weights="float32")
HOWS = {
    "mean": EnsembleOptions(),
    "mean of logits": EnsembleOptions(mean="logits"),
    "linear": EnsembleOptions(how="linear", learn_from="train", rate=0.05, epochs=4, patience=4),
    "boosted": EnsembleOptions(
        how="boosted", learn_from="train", boosting=TreeOptions(trees=20, leaves=6, shrunk=0.5, leaf_rows=5)
    ),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store of 4 shapes, about 60 of each."""
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 60)


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[Path]:
    """Two image nets that see the same picture, one that sees another, one on strokes."""
    folder = tmp_path_factory.mktemp("runs")
    return [
        write_run(folder / "one"),
        write_run(folder / "two", seed=5),
        write_run(folder / "three", side=28),
        write_run(folder / "four", net="gru*0.25"),
    ]


@pytest.fixture(scope="module")
def files(runs, tmp_path_factory) -> list[Path]:
    """Two of them, with different pictures, as model files: as members they need not be exported again."""
    folder = tmp_path_factory.mktemp("files")
    for run in (runs[0], runs[2]):
        export_run(run, folder / f"{run.name}.onnx", PLAIN)
    return sorted(folder.iterdir())


def rasters(path: Path) -> int:
    """How many pictures a file draws: each is a scatter of the largest marks."""
    return sum(
        node.op_type == "ScatterElements"
        and any(attribute.name == "reduction" and attribute.s == b"max" for attribute in node.attribute)
        for node in onnx.load(path).graph.node
    )


@pytest.mark.parametrize("how", HOWS)
def test_file_answers_as_the_ensemble(store, files, tmp_path, how):
    """Through onnxruntime, finished drawings and the probes get the ensemble's probabilities, and the file says who it is."""
    combine(files, tmp_path / "both", HOWS[how], store)
    report = export_any(tmp_path / "both", tmp_path / "model.onnx", PLAIN)
    recogniser = Recogniser(tmp_path / "model.onnx")
    drawings = list(store.gather(np.arange(0, 200, 10)))
    expected = open_ensemble(tmp_path / "both").probabilities(Drawings.of(drawings))
    away = np.abs(recogniser.probabilities(drawings) - expected).max(axis=1)
    assert np.quantile(away, 0.9 if how == "boosted" else 1) < 1e-4
    assert report.difference < 1e-4
    assert report.drawings == len(probes())
    assert recogniser.labels == LABELS
    assert recogniser.metadata.raster["side"] == 32
    assert rasters(tmp_path / "model.onnx") == 2


def test_members_that_see_the_same_share_a_raster(runs, tmp_path):
    """Two members with one picture: one raster; a third with another picture: another; a net on points beside them has none."""
    combine(runs, tmp_path / "all", EnsembleOptions())
    export_ensemble(tmp_path / "all", tmp_path / "all.onnx")
    assert rasters(tmp_path / "all.onnx") == 2


def test_a_model_file_shares_its_raster_too(store, runs, files, tmp_path):
    """A member that is a model file is taken as it is; what it draws is what the run beside it draws."""
    combine([files[0], runs[1]], tmp_path / "both", EnsembleOptions())
    export_ensemble(tmp_path / "both", tmp_path / "both.onnx", PLAIN)
    assert rasters(tmp_path / "both.onnx") == 1
    drawings = store.gather(np.arange(12))
    expected = np.mean([predictor_of(each).probabilities(drawings) for each in (files[0], runs[1])], axis=0)
    assert np.allclose(Recogniser(tmp_path / "both.onnx").probabilities(list(drawings)), expected, atol=1e-4)


def test_a_member_that_knows_more_is_restricted_in_the_file_too(store, files, tmp_path):
    """The file knows the common words, in the order of the ensemble."""
    more = write_run(tmp_path / "more", labels=("zebra", *reversed(LABELS)))
    combine([more, files[0]], tmp_path / "both", EnsembleOptions())
    export_ensemble(tmp_path / "both", tmp_path / "both.onnx", PLAIN)
    drawings = list(store.gather(np.arange(12)))
    expected = open_ensemble(tmp_path / "both").probabilities(Drawings.of(drawings))
    recogniser = Recogniser(tmp_path / "both.onnx")
    assert recogniser.labels == LABELS
    assert np.allclose(recogniser.probabilities(drawings), expected, atol=1e-4)


def test_experts_become_one_file(store, files, tmp_path):
    """A base and two experts with its picture: one raster, and the mix's probabilities."""
    groups = ((0, 2), (1, 3))
    words = [tuple(LABELS[index] for index in group) for group in groups]
    experts = [write_run(tmp_path / str(index), labels=each, seed=index) for index, each in enumerate(words)]
    folder = tmp_path / "experts"
    folder.mkdir()
    Experts(4, groups, (0.3, 1.0)).write(folder / "experts.json")
    paths = [files[0], *(run / "best.safetensors" for run in experts)]
    members = [member_of(path, "test_resnet", folder) for path in paths]
    write_card(EnsembleCard("experts", list(LABELS), members, hash_of(folder / "experts.json"), {}, None, ""), folder)
    export_any(folder, tmp_path / "experts.onnx", PLAIN)
    drawings = list(store.gather(np.arange(12)))
    expected = open_ensemble(folder).probabilities(Drawings.of(drawings))
    assert np.allclose(Recogniser(tmp_path / "experts.onnx").probabilities(drawings), expected, atol=1e-4)
    assert rasters(tmp_path / "experts.onnx") == 1


@pytest.mark.parametrize("arithmetic", ["float32", "int8"])
def test_with_a_store_it_is_calibrated_and_judged(store, runs, files, tmp_path, arithmetic):
    """The temperature divides the logarithms of the ensemble's probabilities, and the file carries its test scores."""
    combine([runs[0], files[1]], tmp_path / "both", EnsembleOptions())
    spec = ExportSpec(weights="int8", arithmetic=arithmetic, agreement=0.0)
    report = export_any(tmp_path / "both", tmp_path / "model.onnx", spec, store)
    recogniser = Recogniser(tmp_path / "model.onnx")
    assert recogniser.metadata.temperature != 1
    assert "test split" in recogniser.metadata.metrics["protocol"]
    assert report.drawings > len(probes())
    if arithmetic == "float32":
        drawings = store.gather(np.arange(12))
        plain = predictor_of(tmp_path / "both").probabilities(drawings)
        found = recogniser.probabilities(list(drawings))
        assert np.abs(found - tempered(plain, recogniser.metadata.temperature)).max() < 0.05  # weights are rounded


def test_a_file_that_answers_otherwise_is_not_written(store, files, tmp_path, monkeypatch):
    """A graph with another temperature than said, with and without trees: ExportError, and nothing on disk."""
    right = gribouille.export_ensemble.graph_of
    monkeypatch.setattr(
        gribouille.export_ensemble, "graph_of", lambda *arguments: right(*arguments[:-1], arguments[-1] * 1.5)
    )
    for how in ("mean", "boosted"):
        combine(files, tmp_path / how, HOWS[how], store)
        with pytest.raises(ExportError, match="differ"):
            export_ensemble(tmp_path / how, tmp_path / f"{how}.onnx", replace(PLAIN, tolerance=1e-5))
        assert not (tmp_path / f"{how}.onnx").exists()


def test_a_store_of_other_words_is_refused(store, runs, tmp_path):
    """As for a run: neither temperature nor scores would mean anything."""
    labels = ("circle", "cross", "house", "square")
    combine([write_run(tmp_path / name, labels=labels) for name in ("a", "b")], tmp_path / "both", EnsembleOptions())
    with pytest.raises(ValueError, match=r"expected a store with the same 4 labels .*'house', 'zigzag'"):
        export_ensemble(tmp_path / "both", tmp_path / "both.onnx", store=store)
    (tmp_path / "both" / ENSEMBLE).write_text("{}")
    with pytest.raises(ValueError, match="expected the card of an ensemble"):
        export_ensemble(tmp_path / "both", tmp_path / "both.onnx")


# ---------------------------------------------------------------- trees and shared nodes


def answered_by(node: onnx.NodeProto, rows: np.ndarray) -> np.ndarray:
    """What onnxruntime makes of the rows with this node alone."""
    ports = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("rows", ["n", rows.shape[1]]), ("scores", ["n", 1]))
    ]
    graph = helper.make_graph([node], "trees", ports[:1], ports[1:])
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(DOMAIN, VERSION)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    return session_of("trees", model.SerializeToString(), 1).run(None, {"rows": rows})[0][:, 0]


@given(seed=st.integers(0, 200))
def test_trees_in_a_file_are_lightgbms(seed: int):
    """On any float32 rows, those on thresholds too, onnxruntime's sum of leaves is LightGBM's."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(300, 4)).astype(np.float32)
    target = np.sin(3 * rows[:, 0]) + rows[:, 1] * rows[:, 2] + generator.normal(size=300)
    settings = {"num_leaves": 12, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1, "objective": "regression"}
    trees = lightgbm.train(settings, lightgbm.Dataset(rows, target), 15).model_to_string()
    booster = lightgbm.Booster(model_str=trees)
    tables = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    edges = np.array([node["threshold"] for node in tables if "threshold" in node], np.float32)
    asked = np.concatenate(
        [rows, np.repeat(edges[:, None], 4, axis=1), np.nextafter(edges, np.inf)[:, None].repeat(4, 1)]
    )
    found = answered_by(tree_node(trees, "rows", "scores"), asked)
    assert np.allclose(found, booster.predict(asked, raw_score=True), atol=1e-4)


def test_no_trees_add_nothing():
    """An ensemble that stayed the mean has one leaf of 0."""
    assert (answered_by(tree_node("", "rows", "scores"), np.ones((3, 2), np.float32)) == 0).all()


@given(threshold=st.floats(-1e30, 1e30), value=st.floats(-(2.0**90), 2.0**90, width=32))
def test_thresholds_decide_alike_in_float32(threshold: float, value: float):
    """A float32 is at most the threshold exactly where it is at most the rounded one, which is a float32."""
    rounded = not_above(threshold)
    assert float(np.float32(rounded)) == rounded <= threshold
    for near in (value, rounded, float(np.nextafter(np.float32(rounded), np.float32(np.inf)))):
        assert (near <= threshold) == (near <= rounded)


def test_equal_nodes_become_one():
    """Two equal constants, two equal sums of them, and what follows: one each; another attribute stays apart; outputs stay."""
    nodes = [
        helper.make_node("Add", ["x", "one"], ["a"]),
        helper.make_node("Add", ["x", "uno"], ["b"]),
        helper.make_node("Softmax", ["a"], ["c"], axis=1),
        helper.make_node("Softmax", ["b"], ["d"], axis=1),
        helper.make_node("Softmax", ["b"], ["e"], axis=0),
        helper.make_node("Sum", ["c", "d", "e"], ["y"]),
        helper.make_node("Sum", ["d", "c", "e"], ["z"]),
    ]
    ports = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [2, 3]) for name in "xyz"]
    ones = [onnx.numpy_helper.from_array(np.ones(3, np.float32), name) for name in ("one", "uno")]
    model = helper.make_model(helper.make_graph(nodes, "twice", ports[:1], ports[1:], ones), ir_version=10)
    x = {"x": np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)}
    before = session_of("before", model.SerializeToString(), 1).run(None, x)
    share(model)
    assert [node.op_type for node in model.graph.node] == ["Add", "Softmax", "Softmax", "Sum", "Sum"]
    assert len(model.graph.initializer) == 1
    after = session_of("after", model.SerializeToString(), 1).run(None, x)
    assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


def test_graphs_within_nodes_are_refused():
    """A branch may use names that are gone: such a member is named instead."""
    port = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    inner = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "branch", [], [port])
    node = helper.make_node("If", ["condition"], ["y"], then_branch=inner, else_branch=inner)
    model = helper.make_model(helper.make_graph([node], "outer", [], [port]))
    with pytest.raises(ValueError, match="without graphs inside, found If"):
        share(model)
