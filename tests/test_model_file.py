"""A net that starts from a model file says what the file says, in evaluation and in training, and learns on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from shapes import SHAPES, store_of_shapes
from torch import nn

from gribouille.checkpoint import LAST, load_weights
from gribouille.course import TrainConfig
from gribouille.export import ExportSpec, Imprint, export
from gribouille.nets import build_net, start_from_model
from gribouille.predict import predictor_of
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import CHANNELS, RasterSpec
from gribouille.recogniser import ModelError, Recogniser
from gribouille.store import Store
from gribouille.train import train

SPEC = RasterSpec.of_side(32)
WORDS = sorted(SHAPES)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 30)


@pytest.fixture(scope="module")
def pictures(store) -> torch.Tensor:
    """Of 64 drawings."""
    return torch.from_numpy(rasterise(store.gather(np.arange(64)), SPEC))


def trained(name: str, pictures: torch.Tensor) -> nn.Module:
    """A net whose batch-norms have seen something: their statistics, scales and offsets are those of no fresh one."""
    torch.manual_seed(0)
    net = build_net(name, len(WORDS), SPEC)
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.weight.uniform_(0.3, 2.0).mul_(torch.where(torch.rand_like(layer.weight) < 0.2, -1.0, 1.0))
                layer.bias.uniform_(-0.5, 0.5)
        for _ in range(20):
            net.train()(pictures)
    return net.eval()


def exported(net: nn.Module, path: Path, weights: str = "float32") -> Path:
    export(net, Imprint("taught", WORDS, SPEC, 1.7, {}, "", "abc"), path, spec=ExportSpec(weights=weights, agreement=0))
    return path


@pytest.mark.parametrize("name", ["test_resnet", "tf_efficientnet_lite0*0.25", "efficientnet_b0*0.25"])
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_it_answers_as_the_file(name, weights, store, pictures, tmp_path):
    """In evaluation its probabilities are the file's; in training, on the pictures it was measured on, they are too."""
    path = exported(trained(name, pictures), tmp_path / "taught.onnx", weights)
    torch.manual_seed(1)
    net = build_net(name, len(WORDS), SPEC)
    origin = start_from_model(net, WORDS, path, CHANNELS, pictures)
    assert origin.startswith("Gribouille model taught.onnx of commit abc, sha256 ")
    assert origin.endswith("4 of 4 words known to it")
    expected = Recogniser(path).probabilities(list(store.gather(np.arange(64))))
    for mode in (net.eval(), net.train()):
        with torch.no_grad():
            found = torch.softmax(mode(pictures) / 1.7, 1).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_integer_arithmetic_is_taken_back_too(store, pictures, tmp_path):
    """A file with int8 arithmetic gives back weights of 7 bits: nearly the net that it was made of."""
    plain, path = trained("test_resnet", pictures), tmp_path / "whole.onnx"
    spec = ExportSpec(arithmetic="int8", agreement=0)
    export(plain, Imprint("whole", WORDS, SPEC, 1.7, {}, "", "abc"), path, spec=spec, seen=store.gather(np.arange(64)))
    torch.manual_seed(1)
    net = build_net("test_resnet", len(WORDS), SPEC)
    start_from_model(net, WORDS, path, CHANNELS, pictures)
    with torch.no_grad():
        expected, found = plain(pictures), net.eval()(pictures)
    assert (found.argmax(1) == expected.argmax(1)).float().mean() > 0.9
    assert (found - expected).abs().mean() < 0.05 * expected.std()


def test_words_are_known_by_name(pictures, tmp_path):
    """Logits of words that the file knows are the file's, in whatever order; those of a new word are the net's own."""
    plain = trained("test_resnet", pictures)
    path = exported(plain, tmp_path / "taught.onnx")
    words = ["zigzag", "a new word", "cross"]
    net = build_net("test_resnet", 3, SPEC)
    own = net.get_submodule("fc").weight.detach().clone()
    assert start_from_model(net, words, path, CHANNELS, pictures).endswith("2 of 3 words known to it")
    assert torch.equal(net.get_submodule("fc").weight[1], own[1])
    with torch.no_grad():
        theirs = plain(pictures)[:, [WORDS.index("zigzag"), WORDS.index("cross")]]
        torch.testing.assert_close(net.eval()(pictures)[:, [0, 2]], theirs, atol=1e-4, rtol=1e-3)


def test_a_run_goes_on_from_a_model_file(store, tmp_path):
    """With a learning rate near 0 a run that starts from a model file ends where the file was, and its card says so."""
    tiny = TrainConfig(
        net="test_resnet", side=32, epochs=20, per_class=16, batch=16, precision="float32", threads=1, validation=8
    )
    train(store, tmp_path / "first", tiny)
    net, card = load_weights(tmp_path / "first" / LAST)
    path = tmp_path / "first.onnx"
    export(net, Imprint.of(card, "first"), path)
    card = train(store, tmp_path / "second", replace(tiny, pretrained=str(path), epochs=1, rate=1e-9))
    assert "Gribouille model first.onnx" in card.pretrained
    rows = np.flatnonzero(store.split == 0)
    before, after = (
        predictor_of(place).probabilities(store.gather(rows)) for place in (path, tmp_path / "second" / LAST)
    )
    assert np.mean(before.argmax(axis=1) == store.label[rows]) > 0.6
    assert np.mean(before.argmax(axis=1) == after.argmax(axis=1)) > 0.95


def test_what_does_not_fit_is_refused(pictures, tmp_path):
    """Another architecture, other channels and another file raise errors that say what was expected and found."""
    path = exported(trained("test_resnet", pictures), tmp_path / "taught.onnx")
    with pytest.raises(ValueError, match=r"taught.onnx: expected \S+ \[.*\] of the same net, found none"):
        start_from_model(build_net("tf_efficientnet_lite0*0.25", 4, SPEC), WORDS, path, CHANNELS, pictures)
    with pytest.raises(ValueError, match=r"expected a model of pictures with ink, found ink, time, stroke"):
        start_from_model(build_net("test_resnet", 4, SPEC), WORDS, path, ["ink"], pictures)
    transformer = exported(build_net("transformer*0.25", 4, SPEC), tmp_path / "points.onnx")
    with pytest.raises(ValueError, match=r"points.onnx: expected"):
        start_from_model(build_net("transformer*0.25", 4, SPEC), WORDS, transformer, CHANNELS, pictures)
    (tmp_path / "other.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"other.onnx: expected an ONNX file"):
        start_from_model(build_net("test_resnet", 4, SPEC), WORDS, tmp_path / "other.onnx", CHANNELS, pictures)
