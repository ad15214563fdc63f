"""The poster's table: what every row was asked, over which drawings, and what separates the rows."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from shapes import SHAPES, store_of_shapes

from gribouille.checkpoint import BEST, Card, save_weights
from gribouille.ensemble import EnsembleOptions, combine
from gribouille.nets import build_net
from gribouille.raster.spec import RasterSpec

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))
import poster_table

LABELS = sorted(SHAPES)


def write_seed(folder: Path, seed: int) -> None:
    """The folder of a seed: two nets that were never trained, and their two ensembles (a mean stands for the linear one)."""
    spec = RasterSpec.of_side(28)
    for place, name in enumerate(("fixed", "targeted")):
        torch.manual_seed(10 * seed + place)
        card = Card(net="test_resnet", labels=LABELS, raster=spec.to_dict(), config={}, store="", commit="")
        save_weights(build_net("test_resnet", len(LABELS), spec).eval(), card, folder / name / BEST)
    for how in ("linear", "mean"):
        combine([folder / "fixed", folder / "targeted"], folder / how, EnsembleOptions())


def test_table_of_two_seeds(tmp_path, monkeypatch, capsys):
    """Rows of the poster with its figures, a peer without; asked once, so that a second call says the same."""
    store = store_of_shapes(tmp_path, 60)
    for seed in (0, 1):
        write_seed(tmp_path / "work" / str(seed), seed)
    peer = tmp_path / "work" / "0" / "targeted"
    arguments = ["poster_table.py", str(store.path), str(tmp_path / "work"), "0", "1", "--beside", f"a peer={peer}"]
    monkeypatch.setattr(sys, "argv", arguments)
    poster_table.main()
    told = capsys.readouterr().out
    lines = [line for line in told.splitlines() if line.startswith("|")]
    assert [line.split("|")[1].strip() for line in lines[2:]] == [
        "fixed N", "targeted sampling", "ensemble, linear layer", "ensemble, mean", "a peer"
    ]  # fmt: skip
    assert "| *77.57* | *83.78* |" in lines[2]
    assert lines[-1].endswith("| – | – |")
    assert " ± " in lines[2]
    assert " ± " not in lines[-1]
    assert "ensemble, mean less ensemble, linear layer: +0.00 points [+0.00, +0.00], higher with 0 of 2 seeds" in told
    assert f"- data: {len(store):,} drawings of 4 words" in told
    assert len(list((tmp_path / "work" / "answers").iterdir())) == 6  # the peer is asked no second time
    monkeypatch.setattr(poster_table, "predictor_of", None)
    poster_table.main()
    assert capsys.readouterr().out == told


def test_an_interval_holds_its_mean():
    """Scores and differences are those of the places, in percent, and lie inside their intervals."""
    places = np.array([[0] * 60 + [1] * 30 + [3] * 10, [0] * 50 + [2] * 30 + [3] * 20])
    accuracy, map3 = poster_table.figures(poster_table.Row("", places), np.ones(100, bool))
    assert accuracy.startswith("55.00 ± 7.07 [")
    assert map3.startswith(f"{(75 + 60) / 2:.2f} ± ")
    low, high = (float(one) for one in accuracy.partition("[")[2].rstrip("]").split(","))
    assert low < 55 < high
    one, other = poster_table.Row("one", places), poster_table.Row("other", places[::-1])
    assert poster_table.difference(one, other).startswith(
        "one less other: +0.00 points [+0.00, +0.00], higher with 1 of 2"
    )


def test_a_seed_without_its_rows_is_refused(tmp_path):
    """Where a seed was not trained there is no table."""
    with pytest.raises(ValueError, match=r"4/fixed: expected a run or an ensemble of recipes/poster\.sh, found none"):
        poster_table.lines_of(store_of_shapes(tmp_path, 5), tmp_path, ["4"], {})


def test_no_drawing_has_no_figure():
    """A group without drawings shows dashes."""
    assert poster_table.figures(poster_table.Row("", np.zeros((1, 3), int)), np.zeros(3, bool)) == ["–", "–"]
