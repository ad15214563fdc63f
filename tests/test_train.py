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
from torch import nn

from gribouille.augment import Augmentation
from gribouille.checkpoint import LAST, LOG, STATE, load_state, load_weights, save_state
from gribouille.course import Course, Share, TrainConfig, smoothed
from gribouille.distil import SoftLabels
from gribouille.feed import FeedSpec, feed_of, prefetched
from gribouille.ingest import IngestOptions, ingest
from gribouille.metrics import count
from gribouille.nets import build_net
from gribouille.predict import net_predictor, predictor_of
from gribouille.sampling import Standing
from gribouille.store import Store, select
from gribouille.store.split import split_of
from gribouille.train import (
    DivergedError,
    Learner,
    Progress,
    Reporting,
    learner_of,
    learning_rate,
    take_in,
    train,
    train_step,
)

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
    splits = split_of(keys, np.ones(len(keys), bool), np.zeros(0, np.uint8), np.zeros(1, np.int64))
    kept = [
        record
        for word in SHAPES
        for record in [one for one, split in zip(drawn, splits, strict=True) if one["word"] == word and not split][:16]
    ]
    source.write_text("".join(json.dumps(record) + "\n" for record in kept))
    ingest([source], tmp_path / "store", IngestOptions(any_word=True))
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


def test_learns_weights_of_few_levels(store, tmp_path):
    """What is kept, and judged, has at most five values in a channel; training goes on from the weights behind them."""
    train(store, tmp_path, replace(TINY, levels=2))
    layers = [layer for layer in load_weights(tmp_path / LAST)[0].modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert layers
    for layer in layers:
        assert all(len(channel.unique()) <= 5 for channel in layer.weight)
    behind = torch.load(tmp_path / "state.pt", weights_only=True)["averaged"]
    assert max(len(weight.unique()) for weight in behind.values()) > 100


def test_pictures_grow(store):
    """From `grow_from` to `side` over four fifths of the drawings, by 8 px; always `side` where nothing grows."""
    growing = replace(TINY, side=64, grow_from=32, epochs=5)
    assert [growing.spec_at(done).side for done in (0, 0.2, 0.4, 0.6, 0.8, 1)] == [32, 40, 48, 56, 64, 64]
    assert growing.spec_at(0).line_width / 32 == growing.spec.line_width / 64
    assert {TINY.spec_at(done) for done in (0, 0.5, 1)} == {TINY.spec}
    odd = replace(TINY, side=50, grow_from=36, epochs=5)
    assert [odd.spec_at(done).side for done in (0, 0.5, 0.79, 1)] == [36, 44, 50, 50]
    assert odd.spec.side == 50
    with pytest.raises(ValueError, match="grow_from: expected at least 5 epochs to grow in, found 4"):
        replace(odd, epochs=4)
    for net in ("gru*0.25", "vit_tiny_patch16_224"):
        with pytest.raises(ValueError, match="grow_from: expected a net on pictures of any side"):
            learner_of(Course.of(store, replace(odd, net=net, side=64)))
    for wrong in (8, 65):
        with pytest.raises(ValueError, match=f"grow_from: expected 0 or from 28 to the side of 64 px, found {wrong}"):
            replace(growing, grow_from=wrong)


def test_growing_survives_interruption(store, tmp_path):
    """A run whose pictures grow sees other pictures than one of full size, and an interrupted one ends as a whole one."""
    full = replace(TINY, side=48, epochs=5)
    config = replace(full, grow_from=32)
    train(store, tmp_path / "whole", config)
    train(store, tmp_path / "full", full)
    with pytest.raises(AssertionError):
        assert_same_weights(tmp_path / "whole", tmp_path / "full")

    def stop(progress: Progress) -> None:
        if progress.step == 7:  # in the second of three epochs, one step after the last saved state
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(store, tmp_path / "stopped", config, reporting=Reporting(stop))
    train(store, tmp_path / "stopped", config)
    assert_same_weights(tmp_path / "stopped", tmp_path / "whole")


KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from test_train import TINY
from gribouille.store import Store
from gribouille.train import Reporting, train

folder, out, sampling, steps = sys.argv[1:]
deaths = [int(step) for step in steps.split(",")]

def report(progress):
    if progress.step in deaths:
        os.kill(os.getpid(), signal.SIGKILL)

config = replace(TINY, sampling=sampling)
train(Store.open(folder), Path(out), config, reporting=Reporting(report))
"""


@pytest.mark.parametrize("sampling", ["fixed", "targeted", "stabilised"])
def test_resumes_after_kills_with_the_same_weights(store, tmp_path, sampling):
    """A run killed with SIGKILL at random steps, inside an epoch and past one, ends with the weights of an unbroken
    run."""
    train(store, tmp_path / "whole", replace(TINY, sampling=sampling))
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent / "src")])
    deaths = np.sort(np.random.default_rng(list(sampling.encode())).choice(np.arange(1, 12), 2, replace=False))
    for (
        step
    ) in deaths.tolist():  # the second attempt starts from the first one's state, at an earlier step than its death
        arguments = [str(store.path), str(tmp_path / "killed"), sampling, str(step)]
        environment = {**os.environ, "PYTHONPATH": paths}
        killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], env=environment, check=False)
        assert killed.returncode == -signal.SIGKILL
    train(store, tmp_path / "killed", replace(TINY, sampling=sampling))
    assert_same_weights(tmp_path / "whole", tmp_path / "killed")
    logs = [
        [json.loads(line) for line in (tmp_path / run / LOG).read_text().splitlines()] for run in ("whole", "killed")
    ]
    for whole, broken in zip(*logs, strict=True):
        assert {**whole, "seconds": 0} == {**broken, "seconds": 0}


def test_refuses_to_go_on_with_another_configuration(store, tmp_path):
    """A run folder of another configuration is not overwritten, and the difference is named."""
    train(store, tmp_path / "run", replace(TINY, epochs=1))
    with pytest.raises(ValueError, match="same config"):
        train(store, tmp_path / "run", replace(TINY, epochs=1, rate=0.5))


def test_goes_on_with_a_run_that_is_older_than_a_setting(store, tmp_path):
    """A run saved before a setting existed has that setting's default, and goes on."""
    train(store, tmp_path / "run", replace(TINY, epochs=1))
    state = load_state(tmp_path / "run" / STATE)
    card = json.loads(state["card"])
    del card["config"]["grow_from"], card["config"]["augmentation"]["wave"]
    save_state(state | {"card": json.dumps(card)}, tmp_path / "run" / STATE)
    assert train(store, tmp_path / "run", replace(TINY, epochs=1)).drawings == 64
    with pytest.raises(ValueError, match="grow_from 0"):
        train(store, tmp_path / "run", replace(TINY, epochs=5, grow_from=32))


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


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 0},
        {"smoothing": 1.0},
        {"batch": -1},
        {"average": -0.1},
        {"patience": -1},
        {"accumulate": 17},
        {"rate": 0.0},
        {"soft_weight": 1.1},
        {"levels": -1},
        {"levels": 128},
        {"channels": "ink,colour"},
        {"per_class": 2, "sampling": "targeted"},
    ],
)
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
    course = Course.of(store, TINY)
    epoch, feed = course.epoch(1, Standing.unknown(4)), feed_for(course)
    whole, tail = list(course.batches(epoch, feed)), list(course.batches(epoch, feed, 3))
    assert len(whole) == course.steps_of(epoch) == 4
    assert course.budget == 3 * 64
    for one, other in zip(whole[3:], tail, strict=True):
        assert torch.equal(one.inputs, other.inputs)
        assert torch.equal(one.target, other.target)
        assert np.array_equal(one.rows, other.rows)


def test_shared_batches_are_the_whole_ones(store):
    """The parts of three processes hold the very inputs and targets of a single one, each drawing once."""
    config = replace(TINY, batch=10)
    alone = Course.of(store, config)
    epoch = alone.epoch(0, Standing.unknown(4))
    parts = [Course.of(store, config, share=Share(rank, 3)) for rank in range(3)]
    together = [list(course.batches(epoch, feed_for(course))) for course in parts]
    for index, batch in enumerate(alone.batches(epoch, feed_for(alone))):
        for rank in range(3):
            part = together[rank][index]
            assert torch.equal(part.inputs, batch.inputs[rank::3])
            assert torch.equal(part.target, batch.target[rank::3])
            assert part.size == len(batch.rows)


def test_slices_hold_the_batch(store):
    """The slices of a batch for gradient accumulation are the batch in order."""
    course = Course.of(store, TINY)
    batch = next(iter(course.batches(course.epoch(0, Standing.unknown(4)), feed_for(course))))
    slices = list(batch.slices(3))
    assert torch.equal(torch.cat([each.inputs for each in slices]), batch.inputs)
    assert torch.equal(torch.cat([each.target for each in slices]), batch.target)
    assert [each.size for each in slices] == [16, 16, 16]


def losses_of(store: Store, config: TrainConfig) -> tuple[list[float], Learner]:
    """The loss of every step of a run's first epoch, and the learner after it."""
    course = Course.of(store, config)
    learner = learner_of(course)
    epoch = course.epoch(0, Standing.unknown(4))
    batches = course.batches(epoch, feed_for(course, learner.net))
    return [train_step(learner, batch, course).item() for batch in batches], learner


def feed_for(course: Course, net: torch.nn.Module | None = None):
    """The feed of a course's configuration, for a net that takes pictures unless another is given."""
    net = build_net("test_resnet", 4, course.config.spec) if net is None else net
    return feed_of(course.store, net, FeedSpec(course.config.spec, course.config.augmentation))


def test_accumulation_changes_no_loss(store):
    """A batch learned in slices has the losses and weights of one learned at once, for a net without batch norm."""
    config = replace(TINY, net="gru", batch=14)
    (whole, one), (sliced, other) = (losses_of(store, replace(config, accumulate=count)) for count in (1, 3))
    assert np.allclose(whole, sliced, rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(one.net.parameters(), other.net.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-4)


def test_targeted_epochs_are_shorter_and_the_drawings_the_same(store, tmp_path):
    """What a run learns from does not depend on the sampling: targeted epochs hold fewer drawings and there are more of
    them."""
    logs = {}
    for sampling in ("fixed", "targeted"):
        config = replace(TINY, sampling=sampling, epochs=6, augmentation=STILL, rate=5e-3)
        train(store, tmp_path / sampling, config)
        logs[sampling] = [json.loads(line) for line in (tmp_path / sampling / LOG).read_text().splitlines()]
    assert [entry["drawings"] for entry in logs["fixed"]] == [64, 128, 192, 256, 320, 384]
    assert logs["targeted"][-1]["drawings"] == 384
    sizes = np.diff([0] + [entry["drawings"] for entry in logs["targeted"]])
    accuracy = [entry["validation"]["classes_top1"] for entry in logs["targeted"]]
    for size, before in zip(sizes[1:-1], accuracy, strict=False):
        assert abs(size - 4 * 16 * (1.25 - before)) <= 2  # one rounding a class


def test_patience_ends_a_run(store, tmp_path):
    """A run without a better MAP@3 for `patience` validations, on a plateau too, stops, and stays so when it is started
    again."""
    config = replace(TINY, epochs=20, rate=1e-9, average=0.0, patience=2)
    card = train(store, tmp_path / "run", config)
    log = (tmp_path / "run" / LOG).read_text().splitlines()
    scores = [json.loads(line)["validation"]["map3"] for line in log]
    assert len(scores) < 20
    assert max(scores[-2:]) <= max(scores[:-2])
    assert train(store, tmp_path / "run", config) == card


def test_any_seed_will_do(store, tmp_path):
    """Large seeds, a date for instance, are seeds like others."""
    assert train(store, tmp_path / "run", replace(TINY, epochs=1, seed=20261124)).drawings == 64


def test_a_gradient_that_is_no_number_is_a_loss_that_is_none(store):
    """A step whose loss is finite and whose gradient is not is told as a loss that is no number."""
    course = Course.of(store, TINY)
    learner = learner_of(course)
    batch = next(iter(course.batches(course.epoch(0, Standing.unknown(4)), feed_for(course))))
    next(learner.net.parameters()).register_hook(lambda gradient: gradient * float("inf"))
    assert train_step(learner, batch, course).isnan()


def test_weights_that_answer_nothing_are_not_kept(store, tmp_path):
    """A run whose last step ruined its weights ends with an error, and nothing is saved as its best."""
    config = replace(TINY, epochs=1, per_class=4, rate=1e38, warmup=0, clip=1e30, average=0.0)
    with pytest.raises(DivergedError, match="no number"):
        train(store, tmp_path / "run", config)
    assert not (tmp_path / "run" / "best.safetensors").exists()


def test_the_rest_of_a_budget_may_be_too_small(store):
    """What is left of the drawings after a targeted epoch is left out where a slice could not have two of them."""
    course = Course.of(store, replace(TINY, accumulate=2))
    learner = learner_of(course)
    learner.drawings = course.budget - 3
    assert learner.finished(course)
    learner.drawings -= 1
    assert not learner.finished(course)


def test_a_view_trains_like_a_store(store, tmp_path):
    """A selection is learned from under its own labels, and its run is not taken for one on the whole."""
    view = select(store, "word in ('cross', 'circle')", 10)
    card = train(view, tmp_path / "run", replace(TINY, epochs=1, batch=8))
    assert card.labels == ["circle", "cross"]
    assert card.drawings == 20
    with pytest.raises(ValueError, match="same store"):
        train(store, tmp_path / "run", replace(TINY, epochs=1, batch=8))


def test_the_card_says_how_it_came_to_be(store, tmp_path):
    """The weights' card tells who, what, which data, which commit, how long and on which machine; a card for people
    too."""
    train(store, tmp_path / "run", replace(TINY, epochs=1), reporting=Reporting(who="The testers"))
    card = load_weights(tmp_path / "run" / LAST)[1]
    assert card.who == "The testers"
    assert card.drawings == 64
    assert card.seconds > 0
    assert card.data["rows"] == len(store)
    assert card.data["sources"][0]["sha256"] == [part.sha256 for part in store.card.sources[0].checksums]
    assert card.machine["cores"] >= 1
    assert card.metrics["validation"]["protocol"]
    for name, word in (("card.md", "The testers"), ("card.fr.md", "The testers")):
        assert word in (tmp_path / "run" / name).read_text()


def test_deterministic_mode_forbids_what_may_differ(store, tmp_path):
    """In deterministic mode torch refuses operations without a deterministic form, and afterwards allows them again."""
    seen = []
    reporting = Reporting(lambda progress: seen.append(torch.are_deterministic_algorithms_enabled()))
    train(store, tmp_path / "run", replace(TINY, epochs=1, deterministic=True), reporting=reporting)
    assert seen == [True] * 4
    assert not torch.are_deterministic_algorithms_enabled()


def rates_of(config: TrainConfig) -> np.ndarray:
    return np.array([learning_rate(step / 100, config) for step in range(101)])


def test_cosine_goes_down_only():
    """The cosine schedule starts at its peak and falls to nothing."""
    rates = rates_of(TrainConfig(rate=1.0, schedule="cosine"))
    assert rates[0] == 1
    assert (np.diff(rates) < 0).all()
    assert rates[100] == pytest.approx(0)


def test_learning_rate_goes_up_and_down_once():
    """One cycle: from 4 % of the peak up to it, and down to nothing."""
    rates = rates_of(TrainConfig(rate=1.0, warmup=0.25))
    assert rates[0] == pytest.approx(0.04)
    assert rates.argmax() == 25
    assert rates[25] == pytest.approx(1)
    assert (np.diff(rates[:26]) > 0).all()
    assert (np.diff(rates[25:]) < 0).all()
    assert rates[100] == pytest.approx(0)


def test_moving_average_warms_up():
    """Early values outweigh the random start, later ones count little, and integers are copied."""

    def moved(step: int) -> tuple[float, int]:
        averaged, net = (torch.nn.BatchNorm1d(1) for _ in range(2))
        averaged.weight.data.zero_()
        net.num_batches_tracked += 7
        take_in(averaged, net, 0.99, step)
        return averaged.weight.item(), int(averaged.num_batches_tracked)

    assert moved(0) == (pytest.approx(0.9), 7)
    assert moved(1) == (pytest.approx(9 / 11), 7)
    assert moved(10**6) == (pytest.approx(0.01), 7)


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
