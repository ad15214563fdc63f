"""The training loop: a store and a configuration in, a run folder out (see `checkpoint`).

Nothing here depends on the clock or on how often the run was interrupted: the rows of an epoch, their order, every
augmentation and the learning rate are pure functions of (seed, epoch, batch), so a resumed run ends with the same
weights.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from gribouille.checkpoint import (
    BEST,
    LAST,
    LOG,
    STATE,
    Card,
    current_commit,
    load_state,
    save_state,
    save_weights,
    write_atomically,
)
from gribouille.course import Batch, Course, TrainConfig, prefetched
from gribouille.distil import SoftLabels
from gribouille.evaluate import distinct_rows
from gribouille.metrics import Counts, count
from gribouille.nets import image_net
from gribouille.predict import net_predictor
from gribouille.sampling import Rows, batches_of
from gribouille.store import Store

PREFETCHED = 4  # batches


class DivergedError(ValueError):
    """A run whose loss is no number any more: its configuration does not train."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands: step of steps, epoch of epochs, smoothed loss, drawings/s, and the last validation."""

    step: int
    steps: int
    epoch: int
    loss: float
    rate: float
    validation: dict[str, Any]


@dataclass
class Learner:
    """What changes while a net learns."""

    net: nn.Module
    averaged: AveragedModel
    optimizer: torch.optim.Optimizer
    step: int = 0
    best: float = -1.0  # MAP@3 of the weights in best.safetensors

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs."""
        return {
            "net": self.net.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "best": self.best,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a saved state."""
        self.net.load_state_dict(state["net"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.best = state["step"], state["best"]


def train(
    store: Store,
    out: Path,
    config: TrainConfig,
    soft: SoftLabels | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Card:
    """Train a net on the store's training split, or go on with the run in `out`; the card of its last weights.

    Raises ValueError where `out` holds a run of another configuration or store, DivergedError where the loss is no
    number any more.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    course = Course.of(store, config, soft)
    learner = _learner(course)
    card = _resumed(learner, _card(course), out)
    validation_rows = _validation_rows(store, config)
    loss, validation, clock, seen = math.nan, card.metrics.get("validation", {}), time.monotonic(), 0
    for batch in prefetched(course.batches(learner.step), PREFETCHED):
        now = train_step(learner, batch, course)
        loss = now if math.isnan(loss) else 0.98 * loss + 0.02 * now
        seen += len(batch.rows)
        epoch, left = divmod(learner.step, course.steps_per_epoch)
        if left == 0:
            validation = _validate(learner.averaged.module, store, validation_rows, config).summary()
            card = _keep(learner, card, validation, out)
            _log(out, {"epoch": epoch, "step": learner.step, "loss": loss, "validation": validation})
        if left == 0 or learner.step % config.save_every == 0:
            save_state({"card": json.dumps(asdict(card)), **learner.state()}, out / STATE)
        rate = seen / (time.monotonic() - clock)
        report(Progress(learner.step, course.steps, epoch, loss, rate, validation))
    return card


def train_step(learner: Learner, batch: Batch, course: Course) -> float:
    """One step down the gradient of the batch's cross-entropy; the loss before it."""
    config = course.config
    rate = one_cycle(learner.step, course.steps, config)
    for group in learner.optimizer.param_groups:
        group["lr"] = rate
    learner.net.train()
    device = torch.device(config.device)
    with torch.autocast(config.device, torch.bfloat16, enabled=config.precision == "bfloat16"):
        logits = learner.net(batch.images.to(device))
    loss = nn.functional.cross_entropy(logits.float(), batch.target.to(device))
    if not torch.isfinite(loss):
        raise DivergedError(f"step {learner.step}: the loss is {loss.item()}; try a lower learning rate")
    learner.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch annotates it not
    nn.utils.clip_grad_norm_(learner.net.parameters(), config.clip)
    learner.optimizer.step()
    learner.averaged.update_parameters(learner.net)
    learner.step += 1
    return loss.item()


def one_cycle(step: int, steps: int, config: TrainConfig) -> float:
    """The learning rate of a step: up from 4 % of the peak and down to none, each along half a cosine."""
    peak_at = config.warmup * steps
    if step < peak_at:
        return config.rate * (0.04 + 0.96 * (1 - math.cos(math.pi * step / peak_at)) / 2)
    return config.rate * (1 + math.cos(math.pi * (step - peak_at) / max(1, steps - peak_at))) / 2


def moving_average(decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """How a weight's moving average takes in its newest value; counts (num_batches_tracked) are taken as they are.

    The decay grows towards `decay` with the number of averaged steps, (1 + n) / (10 + n), so that a short run's average
    is not mostly its random start. Source: the exponential moving average of TensorFlow 1.
    """

    def take_in(average: Tensor, newest: Tensor, averaged: Tensor | int) -> Tensor:
        if not average.is_floating_point():
            return newest
        n = int(averaged)
        return average.lerp(newest, 1 - min(decay, (1 + n) / (10 + n)))

    return take_in


def _learner(course: Course) -> Learner:
    config = course.config
    torch.manual_seed(config.seed)
    net = image_net(config.net, len(course.store.labels), config.spec).to(config.device)
    net = net.to(memory_format=torch.channels_last)
    averaged = AveragedModel(net, avg_fn=moving_average(config.average), use_buffers=True)
    decayed = [weight for weight in net.parameters() if weight.ndim > 1]
    others = [weight for weight in net.parameters() if weight.ndim <= 1]  # norms and biases want no decay
    groups = [{"params": decayed, "weight_decay": config.decay}, {"params": others, "weight_decay": 0.0}]
    return Learner(net, averaged, torch.optim.AdamW(groups, lr=config.rate))


def _card(course: Course) -> Card:
    teacher = None if course.soft is None else course.soft.teacher
    return Card(
        net=course.config.net,
        labels=list(course.store.labels),
        raster=course.config.spec.to_dict(),
        config=asdict(course.config),
        store=course.store.hash,
        commit=current_commit(),
        teacher=teacher,
    )


def _resumed(learner: Learner, card: Card, out: Path) -> Card:
    """Put the learner where the run in `out` stands, if there is one; the card it has by now."""
    if not (out / STATE).exists():
        return card
    state = load_state(out / STATE)
    before = json.loads(state.pop("card"))
    for name in ("config", "store", "teacher"):
        found, expected = before[name], json.loads(json.dumps(asdict(card)))[name]
        if found != expected:
            raise ValueError(f"{out}: expected a run with the same {name} to go on with, found {found}, not {expected}")
    learner.restore(state)
    commit = before["commit"] if card.commit in before["commit"] else f"{before['commit']}, resumed at {card.commit}"
    return replace(card, commit=commit, metrics=before["metrics"])


def _validation_rows(store: Store, config: TrainConfig) -> Rows:
    rows = distinct_rows(store, "validation")
    return np.sort(np.random.default_rng(0).permutation(rows)[: config.validation])  # the same in every epoch and run


def _validate(net: nn.Module, store: Store, rows: Rows, config: TrainConfig) -> Counts:
    predictor = net_predictor(net, store.labels, config.spec)
    counts = Counts.none(len(store.labels))
    for batch in batches_of(rows, 256) if len(rows) else []:
        with torch.autocast(config.device, torch.bfloat16, enabled=config.precision == "bfloat16"):
            counts += count(predictor.probabilities(store.gather(batch)), store.label[batch])
    return counts


def _keep(learner: Learner, card: Card, validation: dict[str, Any], out: Path) -> Card:
    """Save the averaged weights as the last ones and, where they are, as the best ones; the card they got."""
    protocol = f"{validation['n']} random drawings of the validation split, each key_id once, all rows, finished"
    card = replace(card, metrics={"validation": {"protocol": protocol, "step": learner.step, **validation}})
    save_weights(learner.averaged.module, card, out / LAST)
    score = validation["map3"] or 0.0  # a store without validation drawings keeps its last weights as the best
    if score >= learner.best:
        learner.best = score
        save_weights(learner.averaged.module, card, out / BEST)
    return card


def _log(out: Path, entry: dict[str, Any]) -> None:
    """Append a line to the run's log; lines that an interrupted run wrote beyond its saved state are replaced."""
    path = out / LOG
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines if json.loads(line)["step"] < entry["step"]]
    text = "\n".join([*kept, json.dumps(entry)]) + "\n"
    write_atomically(path, lambda place: place.write_text(text, encoding="utf-8"))
