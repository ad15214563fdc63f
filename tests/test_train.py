"""It learns, it goes on where it was killed, and bad configurations are named."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from shapes import SHAPES, records, store_of_shapes

from gribouille.augment import Augmentation
from gribouille.checkpoint import LAST, LOG, load_weights
from gribouille.course import Course, TrainConfig, prefetched, smoothed
from gribouille.distil import SoftLabels
from gribouille.drawing import Drawings
from gribouille.ingest import ingest
from gribouille.metrics import count
from gribouille.predict import net_predictor, predictor_of
from gribouille.store import Store
from gribouille.store.split import split_of
from gribouille.train import DivergedError, moving_average, one_cycle, train

STILL = Augmentation(rotation=0, stretch=0, shear=0, jitter=0, mirror=0, cut=0)
TINY = TrainConfig(
    net="test_resnet",
    side=32,
    epochs=3,
    per_class=16,
    batch=16,
    precision="float32",
    threads=1,
    save_every=2,
    validation=8,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store of 4 shapes, about 30 of each."""
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 30)


def weights_of(run: Path) -> dict[str, torch.Tensor]:
    return load_weights(run / LAST)[0].state_dict()


def assert_same_weights(one: Path, other: Path) -> None:
    ours, theirs = weights_of(one), weights_of(other)
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert torch.equal(tensor, theirs[name]), name


def test_learns_64_drawings(tmp_path):
    """A small net learns 16 drawings of each of 4 shapes by heart, in the precision that CPUs train in."""
    source = tmp_path / "sixteen.ndjson"
    drawn = records(40)
    keys = np.array([int(record["key_id"]) for record in drawn], np.uint64)
    splits = split_of(keys, np.ones(len(keys), bool), Drawings.of([]))
    kept = [
        record
        for word in SHAPES
        for record in [one for one, split in zip(drawn, splits, strict=True) if one["word"] == word and not split][:16]
    ]
    source.write_text("".join(json.dumps(record) + "\n" for record in kept))
    ingest([source], tmp_path / "store")
    store = Store.open(tmp_path / "store")
    assert (len(store), store.split.max()) == (64, 0)
    config = replace(TINY, epochs=30, precision="bfloat16", augmentation=STILL, save_every=1000)
    train(store, tmp_path / "run", config)
    predictor = predictor_of(tmp_path / "run" / LAST)
    assert count(predictor.probabilities(store.gather(np.arange(64))), store.label).top1 == 1


def test_learns_from_a_teacher(store, tmp_path):
    """Soft labels outweigh the true ones: a teacher that swaps two classes is believed."""
    swapped = np.eye(4, dtype=np.float16)[np.array([1, 0, 2, 3])[store.label]]
    soft = SoftLabels(swapped, store.hash, "a stubborn teacher")
    config = replace(TINY, epochs=30, soft_weight=0.9, augmentation=STILL, save_every=1000)
    card = train(store, tmp_path / "run", config, soft)
    rows = np.flatnonzero((store.split == 0) & (store.label < 2))
    net, _ = load_weights(tmp_path / "run" / LAST)
    guessed = net_predictor(net, card.labels, card.spec).probabilities(store.gather(rows)).argmax(axis=1)
    assert np.array_equal(guessed, 1 - store.label[rows])
    assert card.teacher == "a stubborn teacher"


def test_same_seed_same_weights_other_seed_others(store, tmp_path):
    """Two runs of one configuration end with the same weights; another seed with others."""
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        train(store, tmp_path / name, replace(TINY, seed=seed, epochs=1))
    assert_same_weights(tmp_path / "one", tmp_path / "two")
    with pytest.raises(AssertionError):
        assert_same_weights(tmp_path / "one", tmp_path / "three")


KILLED = """
import os, signal, sys
from test_train import TINY
from gribouille.store import Store
from gribouille.train import train

def report(progress):
    if progress.step == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

train(Store.open(sys.argv[1]), __import__("pathlib").Path(sys.argv[2]), TINY, report=report)
"""


@pytest.mark.parametrize("step", [3, 8])
def test_resumes_after_kill_with_the_same_weights(store, tmp_path, step):
    """A run killed with SIGKILL, inside an epoch or past one, goes on and ends with the weights of an unbroken run."""
    train(store, tmp_path / "whole", TINY)
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent / "src")])
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.path), str(tmp_path / "killed"), str(step)],
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    train(store, tmp_path / "killed", TINY)
    assert_same_weights(tmp_path / "whole", tmp_path / "killed")
    logs = [(tmp_path / run / LOG).read_text().splitlines() for run in ("whole", "killed")]
    steps = [[json.loads(line)["step"] for line in log] for log in logs]
    assert steps[0] == steps[1] == [4, 8, 12]


def test_refuses_to_go_on_with_another_configuration(store, tmp_path):
    """A run folder of another configuration is not overwritten, and the difference is named."""
    train(store, tmp_path / "run", replace(TINY, epochs=1))
    with pytest.raises(ValueError, match="same config"):
        train(store, tmp_path / "run", replace(TINY, epochs=1, rate=0.5))


def test_a_finished_run_stays_as_it_is(store, tmp_path):
    """Training a finished run again changes no weight and returns its card."""
    first = train(store, tmp_path / "run", replace(TINY, epochs=1))
    before = weights_of(tmp_path / "run")
    again = train(store, tmp_path / "run", replace(TINY, epochs=1))
    assert all(torch.equal(tensor, weights_of(tmp_path / "run")[name]) for name, tensor in before.items())
    assert again == first


def test_refuses_a_loss_that_is_no_number(store, tmp_path):
    """A diverging run stops with its step instead of training on nan."""
    with pytest.raises(DivergedError, match="step 1: the loss is"):
        train(store, tmp_path / "run", replace(TINY, rate=1e30, warmup=0, clip=1e30))


@pytest.mark.parametrize("change", [{"epochs": 0}, {"smoothing": 1.0}, {"batch": -1}, {"average": -0.1}])
def test_bad_configuration_is_named(change):
    """A value out of range is refused by name."""
    with pytest.raises(ValueError, match=next(iter(change))):
        replace(TINY, **change)


def test_unknown_net_is_named(store, tmp_path):
    """A net that timm does not know is refused, with names near it."""
    with pytest.raises(ValueError, match="found 'resnet10000'"):
        train(store, tmp_path, replace(TINY, net="resnet10000"))


def test_batches_do_not_depend_on_where_they_start(store):
    """The batches from step 3 on are the tail of all batches: what a resumed run relies on."""
    course = Course.of(store, TINY, None)
    whole, tail = list(course.batches(0)), list(course.batches(3))
    assert len(whole) == course.steps == 12
    for one, other in zip(whole[3:], tail, strict=True):
        assert torch.equal(one.images, other.images)
        assert np.array_equal(one.rows, other.rows)


def test_learning_rate_goes_up_and_down_once():
    """One cycle: from 4 % of the peak up to it, and down to nothing."""
    config = TrainConfig(rate=1.0, warmup=0.25)
    rates = np.array([one_cycle(step, 100, config) for step in range(101)])
    assert rates[0] == pytest.approx(0.04)
    assert rates.argmax() == 25
    assert rates[25] == pytest.approx(1)
    assert (np.diff(rates[:26]) > 0).all()
    assert (np.diff(rates[25:]) < 0).all()
    assert rates[100] == pytest.approx(0)


def test_moving_average_warms_up():
    """Early values outweigh the random start, later ones count little, and integers are copied."""
    take_in = moving_average(0.99)
    start, newest = torch.zeros(1), torch.ones(1)
    assert take_in(start, newest, 1).item() == pytest.approx(9 / 11)
    assert take_in(start, newest, 10**6).item() == pytest.approx(0.01)
    assert take_in(torch.tensor(3), torch.tensor(7), 5).item() == 7


def test_smoothed_target_is_a_distribution():
    """The smoothed target sums to 1 and is highest on the label."""
    target = smoothed(np.array([2, 0]), 4, 0.1)
    assert np.allclose(target.sum(axis=1), 1)
    assert target.argmax(axis=1).tolist() == [2, 0]
    assert target[0, 0] == pytest.approx(0.025)


def test_prefetched_raises_what_the_loader_raises():
    """An error in the loader thread ends the training with that error, not with a hang."""

    def broken():
        yield 1
        raise RuntimeError("the disk is gone")

    batches = prefetched(broken(), 2)
    assert next(batches) == 1
    with pytest.raises(RuntimeError, match="the disk is gone"):
        next(batches)


def test_prefetched_ends_its_thread_when_left_early():
    """Whoever stops asking leaves no thread behind."""
    batches = prefetched(iter(range(100)), 2)
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "gribouille loader"]
