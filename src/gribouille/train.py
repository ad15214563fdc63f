"""The training loop: a store and a configuration in, a run folder out (see `checkpoint`).

Nothing here depends on the clock or on how often the run was interrupted: the rows of an epoch, their order, every
augmentation and the learning rate are pure functions of what is saved, so a resumed run ends with the same weights
(exactly so on a CPU). Nor does it depend on how many processes share a batch or in how many slices it is learned, but
for rounding.
"""

import copy
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor, nn

from gribouille import parallel
from gribouille.augment import Augmentation
from gribouille.checkpoint import (
    BEST,
    LAST,
    LOG,
    STATE,
    Card,
    current_commit,
    described,
    load_state,
    save_state,
    save_weights,
    write_text,
)
from gribouille.course import Batch, Course, Share, TrainConfig
from gribouille.distil import Teacher
from gribouille.feed import Feed, FeedSpec, feed_of, prefetched
from gribouille.machine import machine
from gribouille.metrics import Counts, confusion, count
from gribouille.nets import began_otherwise, build_net, quicken, start_from, start_from_model, takes_any_side
from gribouille.predict import net_predictor
from gribouille.rounding import round_weights, rounded
from gribouille.run_card import describe
from gribouille.sampling import Standing, batches_of, keys_of, shard_of, uniform_rows
from gribouille.store import AnyStore
from gribouille.tracking import Ending, Tracker, trackers

PREFETCHED = 4  # batches
SHOWN = 256  # drawings on which the batch-norms of a model file's net are measured
PICTURED = 32  # drawings of an epoch's first batch, shown as the net sees them


class DivergedError(ValueError):
    """A run whose loss is no number any more: its configuration does not train."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands: steps done, drawings seen of the budget, epoch, smoothed loss, drawings/s, and the last
    validation."""

    step: int
    drawings: int
    budget: int
    epoch: int
    loss: float
    rate: float
    validation: dict[str, Any]


@dataclass(frozen=True)
class Reporting:
    """Who hears of a run: `report` after every step, TensorBoard in the run's folder, MLflow at the URI `mlflow` where
    one is
    given. `who` is the name that the run's card gives."""

    report: Callable[[Progress], None] = lambda progress: None
    who: str = ""
    mlflow: str = ""


@dataclass
class Learner:
    """What changes while a net learns; `forward` is the net as it is called in training (shared, compiled)."""

    net: nn.Module
    forward: nn.Module
    averaged: nn.Module  # its moving average: what is judged and kept
    optimizer: torch.optim.Optimizer
    standing: Standing
    step: int = 0  # batches learned
    epoch: int = 0  # the number of the present one
    place: int = 0  # batches of the present epoch that are learned
    drawings: int = 0  # seen
    spent: int = 0  # of them, before the present epoch
    seconds: float = 0.0  # spent
    loss: float = math.nan  # smoothed
    best: float = -1.0  # MAP@3 of the weights in best.safetensors
    stale: int = 0  # validations since then

    COUNTS = ("step", "epoch", "place", "drawings", "spent", "seconds", "loss", "best", "stale")

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs."""
        return {
            "net": self.net.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "standing": {name: torch.from_numpy(each) for name, each in vars(self.standing).items()},
            **{name: getattr(self, name) for name in self.COUNTS},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a saved state."""
        self.net.load_state_dict(state["net"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.standing = Standing(**{name: each.numpy() for name, each in state["standing"].items()})
        for name in self.COUNTS:
            setattr(self, name, state[name])

    def finished(self, course: Course) -> bool:
        """Whether all drawings are spent, or the patience is. Fewer than two a slice are left out: batch norm wants two."""
        return course.budget - self.drawings < 2 * course.slices or 0 < course.config.patience <= self.stale


@dataclass(eq=False)
class Run:
    """A run under way: where its files go, what it learns from, and what it knows of itself."""

    out: Path
    course: Course
    learner: Learner
    card: Card
    reporting: Reporting
    tracker: Tracker
    validation: dict[str, Any] = field(default_factory=dict)
    source: tuple[FeedSpec, Feed] | None = None

    def feed(self) -> Feed:
        """The feed of the present epoch: another one only where the picture's side has grown."""
        wanted = fed(self.course.config, self.learner.spent / self.course.budget)
        if self.source is None or self.source[0] != wanted:
            self.source = None  # a resident store leaves the GPU before the next one comes
            self.source = wanted, feed_of(self.course.store, self.learner.net, wanted)
        return self.source[1]


def train(
    store: AnyStore,
    out: Path,
    config: TrainConfig,
    teacher: Teacher | None = None,
    reporting: Reporting | None = None,
) -> Card:
    """Train a net on the store's training split, or go on with the run in `out`; the card of its last weights.

    Started by torchrun, or inside a process group, the processes share every batch. Raises ValueError where `out` holds
    a run of another configuration or store, DivergedError where the loss is no number any more.
    """
    reporting = reporting or Reporting()
    with _settings(config), parallel.together(config.device) as share:
        course = Course.of(store, config, teacher, share)
        learner, card = _started(course, out, reporting.who)
        _agree(course, learner, card)
        if learner.finished(course):
            return card
        with _trackers(out, share, learner.step, config, reporting) as tracker:
            run = Run(out, course, learner, card, reporting, tracker, card.metrics.get("validation", {}))
            while not learner.finished(course):
                _learn_epoch(run)
                _validate(run)
        return run.card


def _learn_epoch(run: Run) -> None:
    """The rest of the present epoch, or of the run where that ends first."""
    course, learner = run.course, run.learner
    epoch = course.epoch(learner.epoch, learner.standing, learner.spent)
    steps = course.steps_of(epoch)
    since, at_start, seen = time.monotonic(), learner.seconds, 0
    losses = Losses(learner, lag=0 if course.config.device == "cpu" else 1)
    with closing(prefetched(course.batches(epoch, run.feed(), learner.place), PREFETCHED)) as batches:
        for batch in batches:
            if learner.place == 0:
                _show(run, batch)
            losses.take(learner.step, train_step(learner, batch, course))
            seen += batch.size
            learner.seconds = at_start + time.monotonic() - since
            learner.place += 1
            learner.drawings += batch.size
            whole = learner.place == steps
            if whole:
                losses.settle()
            elif learner.step % course.config.save_every == 0:
                losses.settle()
                _save(run)
            rate = seen / (time.monotonic() - since)
            if learner.step % 10 == 0 or whole:
                values = {
                    "training/loss": learner.loss,
                    "training/learning rate": learning_rate(learner.drawings / course.budget, course.config),
                    "training/drawings a second": rate,
                }
                run.tracker.scalars(learner.step, values)
            run.reporting.report(
                Progress(
                    learner.step, learner.drawings, course.budget, learner.epoch, learner.loss, rate, run.validation
                )
            )


def train_step(learner: Learner, batch: Batch, course: Course) -> Tensor:
    """One step down the gradient of the batch's cross-entropy; the mean loss of its drawings before it, of all
    processes."""
    config, device = course.config, torch.device(course.config.device)
    for group in learner.optimizer.param_groups:
        group["lr"] = learning_rate(learner.drawings / course.budget, config)
    learner.net.train()
    # What a net draws itself (dropout) is a function of the step and the process too.
    own = keys_of(config.seed, learner.step, np.array([course.share.rank]))
    torch.default_generator.manual_seed(int(own[0]))  # torch.manual_seed costs a thousand times as much
    if device.type == "cuda":
        torch.cuda.manual_seed(int(own[0]))
    learner.optimizer.zero_grad()
    ratio = batch.log_ratio.to(device, non_blocking=True)
    total = torch.zeros((), device=device)
    with rounded(learner.net, config.levels):
        for index, part in enumerate(batch.slices(config.accumulate)):
            last = index == config.accumulate - 1
            with nullcontext() if last else parallel.unsent(learner.forward):
                with torch.autocast(config.device, torch.bfloat16, enabled=config.precision == "bfloat16"):
                    logits = learner.forward(part.inputs.to(device, non_blocking=True))
                target = part.target.to(device, non_blocking=True)
                # A share of the whole batch's mean, whatever the sizes of slices and of other processes' parts.
                loss = nn.functional.cross_entropy(logits.float() + ratio, target, reduction="sum") / batch.size
                (loss * course.share.world).backward()  # type: ignore[no-untyped-call]  # their mean over processes follows
            total += loss.detach()
    norm = nn.utils.clip_grad_norm_(learner.net.parameters(), config.clip)
    # A gradient that is no number ruins the weights whatever the loss was: whoever reads the loss is to hear of it.
    total = torch.where(norm.isfinite(), total, torch.nan)
    learner.optimizer.step()
    take_in(learner.averaged, learner.net, config.average, learner.step)
    learner.step += 1
    return parallel.summed(total)


class Losses:
    """Reads the steps' losses into a learner's smoothed one and stops a run that has none; `lag` steps late, so that a
    GPU need not wait for the reading."""

    def __init__(self, learner: Learner, lag: int) -> None:
        self._learner = learner
        self._lag = lag
        self._waiting: list[tuple[int, Tensor, torch.cuda.Event | None]] = []

    def take(self, step: int, loss: Tensor) -> None:
        """One more step's loss, a scalar; `step` is the number of steps before it."""
        self._waiting.append((step, *_sent_home(loss)))
        while len(self._waiting) > self._lag:
            self._read(*self._waiting.pop(0))

    def settle(self) -> None:
        """Reads all that is left: what is saved after it is sound."""
        while self._waiting:
            self._read(*self._waiting.pop(0))

    def _read(self, step: int, loss: Tensor, there: torch.cuda.Event | None) -> None:
        if there is not None:
            there.synchronize()
        now = loss.item()
        if not math.isfinite(now):
            raise DivergedError(f"step {step}: the loss is {now}; try a lower learning rate")
        learner = self._learner
        learner.loss = now if math.isnan(learner.loss) else 0.98 * learner.loss + 0.02 * now


def _sent_home(loss: Tensor) -> tuple[Tensor, torch.cuda.Event | None]:
    """The loss on its way to the host, and what tells when it is there: reading it must not wait for the steps behind it."""
    if not loss.is_cuda:
        return loss, None
    home = torch.empty(loss.shape, dtype=loss.dtype, pin_memory=True).copy_(loss, non_blocking=True)
    there = torch.cuda.Event()  # type: ignore[no-untyped-call]
    there.record()
    return home, there


def learning_rate(done: float, config: TrainConfig) -> float:
    """The learning rate when a share `done` of the drawings is seen, by half cosines. One-cycle: up from 4 % of the peak,
    then down to none; cosine: down only."""
    peak_at = config.warmup if config.schedule == "one-cycle" else 0.0
    if done < peak_at:
        return config.rate * (0.04 + 0.96 * (1 - math.cos(math.pi * done / peak_at)) / 2)
    return config.rate * (1 + math.cos(math.pi * (done - peak_at) / (1 - peak_at))) / 2


@torch.no_grad()
def take_in(averaged: nn.Module, net: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights and statistics towards the net's; counts (num_batches_tracked) are taken as they are.

    The decay grows towards `decay` with the number of steps before, (1 + n) / (10 + n), so that a short run's average is not
    mostly its random start. Source: the exponential moving average of TensorFlow 1.
    """
    pairs = list(zip(averaged.state_dict().values(), net.state_dict().values(), strict=True))
    moved = [pair for pair in pairs if pair[0].is_floating_point()]
    newest_share = 1 - min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_([mine for mine, _ in moved], [newest for _, newest in moved], newest_share)
    for mine, newest in pairs:
        if not mine.is_floating_point():
            mine.copy_(newest)


def fed(config: TrainConfig, done: float = 1.0) -> FeedSpec:
    """What the net is fed when a share `done` of the drawings is seen: on a GPU, pictures in the precision that the first
    layer rounds them to anyway."""
    spec = config.spec_at(done)
    if config.device == "cpu":
        return FeedSpec(spec, config.augmentation)
    dtype = torch.bfloat16 if config.precision == "bfloat16" else torch.float32
    return FeedSpec(spec, config.augmentation, f"cuda:{torch.cuda.current_device()}", dtype)


@contextmanager
def _settings(config: TrainConfig) -> Iterator[None]:
    """torch's global settings that the run asks for; what was there before comes back."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    benchmark, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, not config.deterministic
    if config.threads:
        torch.set_num_threads(config.threads)
    if config.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS refuses to be deterministic
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)
        torch.backends.cudnn.benchmark = benchmark


def _started(course: Course, out: Path, who: str) -> tuple[Learner, Card]:
    """The learner and the card of a new run, or of the one in `out` as it was last saved."""
    learner, config = learner_of(course), course.config
    card = Card(
        net=config.net,
        labels=list(course.store.labels),
        raster=config.spec.to_dict(),
        config=asdict(config),
        store=course.store.hash,
        commit=current_commit(),
        teacher=None if course.teacher is None else course.teacher.teacher,
        who=who,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        data=described(course.store),
        processes=course.share.world,
    )
    # The first process reads: the others, on other machines, may not see the folder.
    state = parallel.told(lambda: load_state(out / STATE) if (out / STATE).exists() else None)
    if state is not None:
        return learner, _resumed(learner, course, card, state, out)
    if config.pretrained:
        # Measured once: processes whose weights differed in the last place would differ for good.
        provenance, weights = parallel.told(lambda: _beginning(learner.net, course))
        learner.net.load_state_dict(weights)
        learner.averaged.load_state_dict(learner.net.state_dict())
        card = replace(card, pretrained=provenance)
    return learner, card


def _beginning(net: nn.Module, course: Course) -> tuple[str, dict[str, Tensor]]:
    """The weights that the configuration says to start from, and where they come from; `net` has them too."""
    config, store = course.config, course.store
    if Path(config.pretrained).suffix == ".onnx":
        shown = uniform_rows(course.members, SHOWN, config.seed, epoch=0)
        seen = replace(fed(config, 0.0), augmentation=Augmentation.none())
        pictures = feed_of(store, net, seen)(shown, keys_of(config.seed, 0, shown)).float()
        origin = start_from_model(net, store.labels, Path(config.pretrained), config.spec.channels, pictures)
    else:
        origin = start_from(net, config.net, config.spec, config.pretrained, config.first_conv)
    return origin, {name: tensor.cpu() for name, tensor in net.state_dict().items()}


def learner_of(course: Course) -> Learner:
    """The learner of a course before its first step, with random weights."""
    config = course.config
    torch.manual_seed(config.seed)
    net = build_net(config.net, len(course.store.labels), config.spec)
    if config.grow_from and not takes_any_side(net):
        raise ValueError(f"grow_from: expected a net on pictures of any side, found {config.net}")
    if config.device == "cpu" and not config.compile:
        net = quicken(net)
    net = parallel.synchronised(net).to(config.device).to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(net).requires_grad_(False)
    decayed = [weight for weight in net.parameters() if weight.ndim > 1]
    others = [weight for weight in net.parameters() if weight.ndim <= 1]  # norms and biases want no decay
    groups = [{"params": decayed, "weight_decay": config.decay}, {"params": others, "weight_decay": 0.0}]
    forward = parallel.shared(net)
    if config.compile:
        forward = torch.compile(forward)  # type: ignore[assignment]  # a module still, to those who call it
    standing = Standing.unknown(len(course.store.labels))
    return Learner(net, forward, averaged, torch.optim.AdamW(groups, lr=config.rate, fused=True), standing)


def _agree(course: Course, learner: Learner, card: Card) -> None:
    """Make sure that all processes do the same; only their threads may differ."""
    config = {name: value for name, value in asdict(course.config).items() if name != "threads"}
    parallel.agree(config=config, store=card.store, teacher=card.teacher, pretrained=card.pretrained, step=learner.step)


def _resumed(learner: Learner, course: Course, card: Card, state: dict[str, Any], out: Path) -> Card:
    """Put the learner where the run in `out` stands; the card that it has by now."""
    before, now = json.loads(state.pop("card")), json.loads(json.dumps(asdict(card)))
    for name in ("store", "teacher", "labels"):
        if before[name] != now[name]:
            raise ValueError(
                f"{out}: expected a run with the same {name} to go on with, found {before[name]}, not {now[name]}"
            )
    # A setting that is younger than the run has the value that leaves all as it was: its default.
    default = json.loads(json.dumps(asdict(TrainConfig())))
    before["config"] = default | before["config"]
    before["config"]["augmentation"] = default["augmentation"] | before["config"]["augmentation"]
    # How many threads or processes there are changes no more than rounding; the rest would make it another experiment.
    settings = [name for name in now["config"] if name != "threads"]
    changed = {name for name in settings if before["config"].get(name) != now["config"][name]}
    if changed:
        found = ", ".join(
            f"{name} {before['config'].get(name)} (now {now['config'][name]})" for name in sorted(changed)
        )
        raise ValueError(f"{out}: expected a run with the same config to go on with, found {found}")
    if began_otherwise(course.config.pretrained, before.get("pretrained", "")):
        raise ValueError(
            f"{out}: expected a run that began with {course.config.pretrained} as it is now, found one that began with "
            f"{before['pretrained']}"
        )
    learner.restore(state)
    commit = before["commit"] if card.commit in before["commit"] else f"{before['commit']}, resumed at {card.commit}"
    return replace(Card(**before), commit=commit)


@contextmanager
def _trackers(out: Path, share: Share, step: int, config: TrainConfig, reporting: Reporting) -> Iterator[Tracker]:
    """The trackers of a run; only the first process writes."""
    wanted = trackers(out, step, reporting.mlflow, asdict(config)) if share.rank == 0 else trackers(None, step, "", {})
    ending: Ending = "interrupted"
    try:
        yield wanted
        ending = "finished"
    finally:
        wanted.close(ending)


def _show(run: Run, batch: Batch) -> None:
    """Show what the net sees at the beginning of an epoch, where it sees pictures."""
    if batch.inputs.ndim == 4:
        rows = batch.rows[:PICTURED]
        labels = [run.course.store.labels[index] for index in run.course.store.label[rows]]
        # Under the step that learns them: what a resumed run drops begins there.
        run.tracker.pictures(run.learner.step + 1, batch.inputs[:PICTURED].float().cpu().numpy(), labels)


def _validate(run: Run) -> None:
    """Judge the averaged weights at the end of an epoch, and save what that is worth."""
    learner, course = run.learner, run.course
    levels = course.config.levels
    weights = round_weights(learner.averaged, levels) if levels else learner.averaged
    counts, taken = _judged(weights, learner, course)
    run.validation = counts.summary()
    score = run.validation["map3"] or 0.0  # a store without validation drawings keeps its last weights as the best
    learner.stale = 0 if score > learner.best or counts.n == 0 else learner.stale + 1
    kept = score >= learner.best
    learner.best = max(score, learner.best)
    learner.standing = learner.standing.after(taken)
    learner.epoch, learner.place, learner.spent = learner.epoch + 1, 0, learner.drawings
    protocol = f"{counts.n} random drawings of the validation split, each key_id once, all rows, finished"
    metrics = {"validation": {"protocol": protocol, "step": learner.step, **run.validation}}
    run.card = replace(run.card, metrics=metrics, seconds=round(learner.seconds, 1), drawings=learner.drawings)
    if course.share.rank == 0:
        save_weights(weights, run.card, run.out / LAST)
        if kept:
            save_weights(weights, run.card, run.out / BEST)
        _log(
            run.out,
            {"epoch": learner.epoch, "step": learner.step, "drawings": learner.drawings}
            | {"seconds": round(learner.seconds, 1), "loss": learner.loss, "validation": run.validation},
        )
        describe(run.out)
    shares = {name: value for name, value in run.validation.items() if isinstance(value, float)}
    run.tracker.scalars(learner.step, {f"validation/{name}": value for name, value in shares.items()})
    run.tracker.per_class(learner.step, run.card.labels, learner.standing.accuracy)
    run.tracker.confused(learner.step, run.card.labels, learner.standing.confusion)
    _save(run)


def _judged(
    weights: nn.Module, learner: Learner, course: Course
) -> tuple[Counts, Int64[np.ndarray, "classes classes"]]:
    """The counts of the validation drawings, and how many of each class were taken for each; each process judges its
    part."""
    store, config = course.store, course.config
    predictor = net_predictor(weights, store.labels, config.spec)
    classes = len(store.labels)
    counts, taken = Counts.none(classes), np.zeros((classes, classes), np.int64)
    rows = shard_of(course.validation_rows, course.share.rank, course.share.world)
    lost = 0
    for batch in batches_of(rows, 256) if len(rows) else []:
        with torch.autocast(config.device, torch.bfloat16, enabled=config.precision == "bfloat16"):
            probabilities = predictor.probabilities(store.gather(batch))
        lost += int(np.count_nonzero(~np.isfinite(probabilities).all(axis=1)))
        counts += count(probabilities, store.label[batch])
        taken += confusion(probabilities, store.label[batch])
    lost = int(parallel.counted(np.array([lost]))[0])
    if lost:
        raise DivergedError(
            f"step {learner.step}: the averaged weights answer {lost} validation drawings with no number; try a lower "
            "learning rate"
        )
    merged = parallel.counted(np.stack([*vars(counts).values()]))
    return Counts(*merged), parallel.counted(taken)


def _save(run: Run) -> None:
    if run.course.share.rank == 0:
        save_state({"card": json.dumps(asdict(run.card)), **run.learner.state()}, run.out / STATE)


def _log(out: Path, entry: dict[str, Any]) -> None:
    """Append a line to the run's log; lines that an interrupted run wrote beyond its saved state are replaced."""
    path = out / LOG
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines if json.loads(line)["step"] < entry["step"]]
    write_text(path, "\n".join([*kept, json.dumps(entry)]) + "\n")
