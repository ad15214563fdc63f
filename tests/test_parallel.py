"""Processes that share a batch learn what one process with the whole batch learns, and fall together."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from shapes import store_of_shapes
from timm.layers import BatchNormAct2d
from torch import nn

import gribouille.train as loop
from gribouille import parallel
from gribouille.checkpoint import LAST, load_weights
from gribouille.course import Course, Share, TrainConfig
from gribouille.sampling import Standing, batches_of, epoch_rows, shard_of
from gribouille.store import Store
from gribouille.train import train

HERE = Path(__file__).parent
# 64 drawings an epoch in batches of 13, 13, 13, 13 and 12: two processes never have equal parts of the odd ones.
TINY = TrainConfig(
    net="test_resnet",
    side=32,
    epochs=2,
    per_class=16,
    batch=15,
    precision="float32",
    threads=1,
    save_every=2,
    validation=8,
)
RUNS = {"fixed": TINY, "targeted": replace(TINY, sampling="targeted"), "gru": replace(TINY, net="gru*0.25", epochs=1)}

# What each of torchrun's processes does: trains every run of a list, one process group a run, and notes each step's loss.
# Nets with batch norms calculate in float64: torch's plain norm on a CPU is only good to some 1e-4 in float32 (the synchronised
# one is better), which a ReLU at its edge and Adam's first steps make larger; what must be shown is that the arithmetic is equal.
WORKER = """
import json, os, signal, sys
from pathlib import Path
import gribouille.train as loop
from gribouille.augment import Augmentation
from gribouille.course import TrainConfig
from gribouille.store import Store

store, out, configs, killed_at = Store.open(Path(sys.argv[1])), Path(sys.argv[2]), json.loads(sys.argv[3]), int(sys.argv[4])
rank, step, build, losses = os.environ["RANK"], loop.train_step, loop.build_net, []

def wide_net(name, classes, spec):
    net = build(name, classes, spec)
    if name.startswith("gru"):
        return net
    net.register_forward_pre_hook(lambda module, inputs: (inputs[0].double(),))
    return net.double()


def noted(learner, batch, course):
    loss = step(learner, batch, course)
    losses.append(loss.item())
    if rank == "1" and len(losses) == killed_at:
        os.kill(os.getpid(), signal.SIGKILL)
    return loss

loop.train_step, loop.build_net = noted, wide_net
for name, config in configs.items():
    losses.clear()
    card = loop.train(store, out / name, TrainConfig(**config | {"augmentation": Augmentation(**config["augmentation"])}))
    (out / name / f"losses.{rank}.json").write_text(json.dumps(losses))
    (out / name / f"seen.{rank}.json").write_text(json.dumps(sorted(path.name for path in (out / name).iterdir())))
"""

# Norms against plain ones on the joined batch, and what processes tell each other; every process checks for itself.
TALKER = """
import os, sys
import torch
from timm.layers import BatchNormAct2d
from torch import nn
from gribouille import parallel

def refusal(call):
    try:
        call()
    except ValueError as error:
        return str(error)

def told_badly():
    raise ValueError("the first one's mistake")

def compare(norm, images, parts, tolerance):
    plain, own = norm, parallel.synchronised(nn.Sequential(__import__("copy").deepcopy(norm)))[0]
    assert isinstance(own, parallel.SharedNorm) and own.state_dict().keys() == plain.state_dict().keys()
    slope = torch.randn(images.shape, generator=torch.Generator().manual_seed(1)).to(images)
    mine = slice(*parts[share.rank])
    for _ in range(2):
        whole, part = images.clone().requires_grad_(), images[mine].clone().requires_grad_()
        normed, ours = plain(whole), own(part)
        (normed * slope).sum().backward()
        (ours * slope[mine]).sum().backward()
        assert ours.dtype == normed.dtype
        for a, b in ((ours, normed[mine]), (part.grad, whole.grad[mine])):
            torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)
    for name, buffer in plain.named_buffers():
        torch.testing.assert_close(dict(own.named_buffers())[name], buffer, rtol=tolerance, atol=tolerance)
    for name, weight in plain.named_parameters():
        theirs = parallel.summed(own.get_parameter(name).grad)
        torch.testing.assert_close(theirs, weight.grad, rtol=10 * tolerance, atol=10 * tolerance)
    plain.load_state_dict(own.state_dict())
    plain.eval(), own.eval()
    assert torch.equal(own(images), plain(images))

with parallel.together("cpu") as share:
    torch.manual_seed(0)
    far = lambda *shape: 100 + 3 * torch.randn(shape)  # far from 0, where sums of squares lose their digits
    compare(nn.BatchNorm2d(5).double(), far(7, 5, 4, 3).double(), [(0, 2), (2, 7)], 1e-9)
    compare(nn.BatchNorm2d(5), far(7, 5, 4, 3), [(0, 4), (4, 7)], 1e-4)
    compare(nn.BatchNorm2d(5), torch.randn(7, 5, 4, 3), [(0, 4), (4, 7)], 1e-5)
    compare(nn.BatchNorm2d(5), torch.randn(7, 5, 4, 3).bfloat16(), [(0, 4), (4, 7)], 2e-2)
    compare(nn.BatchNorm1d(6).double(), far(3, 6).double(), [(0, 1), (1, 3)], 1e-9)
    compare(nn.BatchNorm1d(6, momentum=None, affine=False).double(), far(9, 6, 8).double(), [(0, 1), (1, 9)], 1e-9)
    compare(nn.BatchNorm1d(6, track_running_stats=False).double(), far(9, 6).double(), [(0, 1), (1, 9)], 1e-9)
    active = BatchNormAct2d(5, act_layer=nn.SiLU, drop_layer=nn.Identity).double()
    compare(active, far(7, 5, 4, 3).double(), [(0, 1), (1, 7)], 1e-9)
    assert refusal(lambda: parallel.synchronised(nn.Sequential(nn.SyncBatchNorm(3)))).startswith("net: expected batch norms of")
    assert parallel.told(lambda: share.rank) == 0
    assert refusal(lambda: parallel.told(told_badly)) == "the first one's mistake"
    assert parallel.agree(store="x", step=3) is None
    assert refusal(lambda: parallel.agree(store="x", step=share.rank)).endswith("in all 2 processes, found [0, 1]")
    with parallel.together("cpu") as inner:
        assert inner == share
    assert torch.distributed.is_initialized()
assert not torch.distributed.is_initialized()
sys.stdout.write(f"all is well in {share.rank}\\n")  # in one piece: two processes write here
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store of 4 shapes, about 30 of each."""
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 30)


def torchrun(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Two processes that run a script, started as people start them."""
    paths = os.pathsep.join([str(HERE), str(HERE.parent / "src")])
    started = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.run(
        [*started, "--no-python", sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def trained_by_two(
    store: Store, out: Path, runs: dict[str, TrainConfig], before: str = "", killed_at: int = 0
) -> subprocess.CompletedProcess[str]:
    """Two processes that train every run into its folder in `out`; `killed_at` is the step after which the second one dies."""
    configs = json.dumps({name: asdict(config) for name, config in runs.items()})
    return torchrun(before + WORKER, store.path, out, configs, killed_at)


@pytest.fixture(scope="module")
def by_two(store, tmp_path_factory) -> Path:
    """The folder in which two processes, having talked, trained every run of RUNS; what they said is in talk.txt."""
    out = tmp_path_factory.mktemp("by_two")
    ran = trained_by_two(store, out, RUNS, before=TALKER)
    assert ran.returncode == 0, ran.stderr
    (out / "talk.txt").write_text(ran.stdout)
    return out


def losses_of(store: Store, out: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The loss of every step of a run in this process."""
    losses, step, build = [], loop.train_step, loop.build_net

    def wide_net(name, classes, spec):
        net = build(name, classes, spec)
        if name.startswith("gru"):
            return net
        net.register_forward_pre_hook(lambda module, inputs: (inputs[0].double(),))
        return net.double()

    def noted(*arguments):
        loss = step(*arguments)
        losses.append(loss.item())
        return loss

    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_step", noted)
        patch.setattr(loop, "build_net", wide_net)
        train(store, out, config)
    return losses


def distance(one: Path, other: Path) -> float:
    """The largest difference between two runs' weights."""
    ours, theirs = load_file(one / LAST), load_file(other / LAST)
    assert ours.keys() == theirs.keys()
    return max(float((ours[name] - theirs[name]).abs().max()) for name in ours)


@pytest.mark.parametrize("name", RUNS)
def test_two_processes_learn_what_one_does(store, by_two, tmp_path, monkeypatch, name):
    """The loss of every step is that of one process with the whole batch, and so are the weights at the end, running statistics
    included, which load into the plain net. Batches have odd sizes; the nets have batch norms, but for gru, in float32."""
    alone = losses_of(store, tmp_path / "alone", RUNS[name], monkeypatch)
    both = [json.loads((by_two / name / f"losses.{rank}.json").read_text()) for rank in range(2)]
    assert both[0] == both[1]  # exactly: whatever is decided by a loss is decided by all alike
    assert len(alone) == len(both[0]) == 5 * RUNS[name].epochs
    np.testing.assert_allclose(both[0], alone, rtol=1e-5 if name == "gru" else 1e-6)
    assert distance(by_two / name, tmp_path / "alone") < (1e-4 if name == "gru" else 1e-9)
    assert load_weights(by_two / name / LAST)[1].processes == 2


def test_nobody_leaves_before_the_run_is_written(by_two):
    """When training returns, in any process, the run's folder holds its weights and state."""
    for name in RUNS:
        for rank in range(2):
            assert {"last.safetensors", "best.safetensors", "state.pt"} <= set(
                json.loads((by_two / name / f"seen.{rank}.json").read_text())
            )


@pytest.mark.parametrize("net", ["gru*0.25", "test_vit"])
def test_a_batch_in_slices_is_the_same_batch(store, tmp_path, monkeypatch, net):
    """Gradient accumulation changes no loss beyond rounding, odd batches and all.

    This holds for nets that treat each drawing by itself (layer norm). A batch norm takes the statistics of each slice, here as
    everywhere that gradients are accumulated: there the gradient is the whole batch's, the statistics are a smaller one's.
    """
    config = replace(TINY, net=net, epochs=1)
    whole = losses_of(store, tmp_path / "whole", config, monkeypatch)
    sliced = losses_of(store, tmp_path / "sliced", replace(config, accumulate=2), monkeypatch)
    assert len(whole) == 5
    np.testing.assert_allclose(sliced, whole, rtol=1e-5, atol=1e-5)


def test_goes_on_after_one_process_was_killed(store, by_two, tmp_path):
    """SIGKILL for one process ends the other and torchrun, at once; the same command goes on, to the same weights exactly."""
    since = time.monotonic()
    killed = trained_by_two(store, tmp_path, {"fixed": TINY}, killed_at=7)
    assert killed.returncode != 0
    assert f"Signal {signal.SIGKILL.value} (SIGKILL)" in killed.stderr
    assert time.monotonic() - since < 120  # far from parallel.TIMEOUT
    assert torch.load(tmp_path / "fixed" / "state.pt", weights_only=True)["step"] == 6
    again = trained_by_two(store, tmp_path, {"fixed": TINY})
    assert again.returncode == 0, again.stderr
    assert len(json.loads((tmp_path / "fixed" / "losses.0.json").read_text())) == 4  # of 10: from its state on
    assert distance(by_two / "fixed", tmp_path / "fixed") == 0


def test_norms_over_processes_are_norms_over_the_joined_batch(by_two):
    """Forward, backward, buffers and evaluation of a synchronised norm are those of the plain one on the joined batch, with
    unequal parts; processes hear the first one's answer and error, and notice where they differ. Alone it is all the identity."""
    assert sorted((by_two / "talk.txt").read_text().splitlines()) == ["all is well in 0", "all is well in 1"]
    net = nn.Sequential(BatchNormAct2d(3))
    assert parallel.synchronised(net) is net
    assert isinstance(net[0], BatchNormAct2d)
    assert parallel.shared(net) is net
    with parallel.together("cpu") as share, parallel.unsent(net):
        assert share == Share()
    assert parallel.told(lambda: 5) == 5


@given(
    size=st.integers(1, 70),
    world=st.integers(1, 6),
    epoch=st.integers(0, 50),
    seed=st.integers(0, 5),
    batch=st.integers(1, 20),
)
def test_parts_partition_every_batch(size, world, epoch, seed, batch):
    """In any epoch, with any number of processes, their parts are disjoint, equal to within one row, and together the batch of
    one process in its order."""
    rows = epoch_rows([np.arange(size), np.arange(size, size + 9)], 40, seed, epoch)
    for whole in batches_of(rows, batch):
        parts = [shard_of(whole, rank, world) for rank in range(world)]
        joined = np.full(len(whole), -1)
        for rank, part in enumerate(parts):
            joined[rank::world] = part
        assert np.array_equal(joined, whole)
        assert sum(map(len, parts)) == len(whole)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("sampling", ["uniform", "fixed", "targeted", "stabilised"])
def test_a_course_gives_its_processes_parts_of_the_same_batches(store, sampling):
    """Rows, inputs and targets of the processes, laid side by side, are those of one process; all know the whole batch's size."""
    config = replace(TINY, sampling=sampling)
    standing = Standing.unknown(4).after(np.array([[9, 1, 0, 0], [2, 8, 0, 0], [0, 0, 5, 5], [0, 0, 0, 10]]))

    def feed(rows, keys):
        return torch.from_numpy(np.stack([rows, (keys >> np.uint64(11)).astype(np.int64)], axis=1))

    def batches(rank, world):
        course = Course.of(store, config, None, Share(rank, world))
        return [each for number in range(3) for each in course.batches(course.epoch(number, standing), feed)]

    parts = [batches(rank, 3) for rank in range(3)]
    for whole, *those in zip(batches(0, 1), *parts, strict=True):
        for rank, part in enumerate(those):
            assert np.array_equal(whole.rows[rank::3], part.rows)
            assert torch.equal(whole.inputs[rank::3], part.inputs)
            assert torch.equal(whole.target[rank::3], part.target)
            assert torch.equal(whole.log_ratio, part.log_ratio)
            assert part.size == len(whole.rows)


def test_a_batch_too_small_to_share_is_refused(store):
    """Every process and slice needs a drawing; the numbers are named."""
    with pytest.raises(ValueError, match="batch: expected a drawing for each of 5 processes x 2 slices"):
        Course.of(store, replace(TINY, accumulate=2), None, Share(0, 5))
