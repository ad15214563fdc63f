"""The mean of several runs' weights is a run that can be used like any other."""

import sys
from pathlib import Path

import pytest
import torch

from gribouille.checkpoint import BEST, Card, load_weights, save_weights
from gribouille.nets import build_net
from gribouille.raster.spec import RasterSpec

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))
from mean_weights import mean_of

SPEC = RasterSpec.of_side(32)


def saved(folder: Path, seed: int, labels: list[str]) -> Path:
    """A run's folder with random weights that have seen one batch."""
    torch.manual_seed(seed)
    net = build_net("test_resnet", len(labels), SPEC)
    net.train()(torch.rand(8, 3, 32, 32))
    save_weights(
        net, Card("test_resnet", labels, SPEC.to_dict(), {}, "", "", drawings=seed, metrics={"x": 1}), folder / BEST
    )
    return folder


def test_every_weight_is_the_mean(tmp_path):
    """Weights and statistics alike; the card counts all drawings and has no metrics of the parts."""
    for name, seed in (("one", 1), ("two", 5)):
        (tmp_path / name).mkdir()
        saved(tmp_path / name, seed, ["a", "b"])
    mean_of([tmp_path / "one", tmp_path / "two" / BEST], tmp_path / "mean")
    net, card = load_weights(tmp_path / "mean")
    one, two = (load_weights(tmp_path / name)[0].state_dict() for name in ("one", "two"))
    for name, tensor in net.state_dict().items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, (one[name] + two[name]) / 2)
    assert (card.drawings, card.metrics) == (6, {})


def test_other_nets_are_refused(tmp_path):
    """Runs of other words have no mean."""
    for name, labels in (("one", ["a", "b"]), ("two", ["a", "c"])):
        (tmp_path / name).mkdir()
        saved(tmp_path / name, 1, labels)
    with pytest.raises(ValueError, match=r"two: expected the labels of .*one, found another one"):
        mean_of([tmp_path / "one", tmp_path / "two"], tmp_path / "mean")
    assert not (tmp_path / "mean").exists()
