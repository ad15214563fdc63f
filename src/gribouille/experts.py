"""Experts beside a run: nets that learn nothing but the drawings of a few classes that the run confuses.

Comes in: a training run and the store of its words. Goes out: the folder of an ensemble. On validation drawings the run is
asked what it confuses; each group of such classes gets a net that starts as a copy of the run's, has a head for the group's
classes and is trained on the group's drawings like any other run, in a folder of its own (`experts/`), so that a killed
command goes on. How much of an expert's opinion counts (see `gribouille.ensemble.experts`) is found on the same validation
drawings, which neither the run nor the expert learned from; an expert that does not help is left out. The other half of them
judges the whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from gribouille.checkpoint import LAST, Card, current_commit, load_weights
from gribouille.course import TrainConfig
from gribouille.ensemble.asking import Asked, ask, judged_rows, taught_rows
from gribouille.ensemble.card import CORRELATION, LEARNED, EnsembleCard, EnsembleOptions, hash_of, write_card
from gribouille.ensemble.combination import Ensemble
from gribouille.ensemble.combining import combine, expect_labels, member_of, protocol
from gribouille.ensemble.experts import Experts, fit_weight
from gribouille.ensemble.groups import confused_groups
from gribouille.ensemble.members import Logits, file_of, net_logits
from gribouille.metrics import confusion, count, softmax
from gribouille.sampling import Rows
from gribouille.store import AnyStore, select
from gribouille.train import Progress, Reporting, train

FOLDER = "experts"  # of their runs, in the ensemble's
STEPS = 20  # a pass at least, in batches that are not SMALL
SMALL = 16  # drawings: of fewer, batch-norms learn little
LONGEST = 100  # characters of a folder's name: systems have limits
Hears = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Expert:
    """A group of classes (ascending), its expert's weights, what the expert says of drawings, and how much that counts."""

    classes: tuple[int, ...]
    path: Path
    logits: Logits
    weight: float = 0.0


def assemble(
    members: Sequence[Path],
    out: Path,
    options: EnsembleOptions,
    store: AnyStore | None = None,
    progress: Hears = lambda done: None,
) -> EnsembleCard:
    """Write the ensemble of these members to the folder `out`, whatever the options say of how; its card.

    See `specialise` for experts and `gribouille.ensemble.combine` for the others. Raises ValueError where experts are to be
    trained for other than one run, or without a store.
    """
    if options.how != "experts":
        return combine(members, out, options, store, progress)
    if len(members) != 1:
        raise ValueError(f"ensemble: expected one run to train experts for, found {len(members)}")
    if store is None:
        raise ValueError("store: expected one that experts learn from, found none")
    return specialise(members[0], out, options, store, progress)


def specialise(
    run: Path, out: Path, options: EnsembleOptions, store: AnyStore, progress: Hears = lambda done: None
) -> EnsembleCard:
    """Train experts for what this run confuses and write the ensemble of all of them to the folder `out`; its card.

    `progress` hears of every drawing that a net was asked about or learned from. Raises ValueError for a model file, which has
    no weights to start from, for a store of other labels, and where nothing is confused or nothing is there to judge by.
    """
    path = file_of(run)
    if path.suffix == ".onnx":
        raise ValueError(f"{path}: expected a training run, whose weights experts start from, found a model file")
    options = replace(options, how="experts")
    net, card = load_weights(path)
    expect_labels(store, card.labels)
    base = net_logits(net.to(options.device), card.spec)
    halves = replace(options, learn_from="validation")
    rows = taught_rows(store, halves)
    unseen = ask([base], card.labels, store, rows, progress)
    if len(unseen.label) == 0:
        raise ValueError(f"{store.path}: expected validation drawings that tell what is confused, found none")
    found = [_trained(group, path, out, options, store, progress) for group in _confused(unseen, options)]
    weighed = [_weighed(expert, unseen, store, rows, progress) for expert in found]
    helpful = [expert for expert in weighed if expert.weight > 0]
    mix = Experts(len(card.labels), tuple(each.classes for each in helpful), tuple(each.weight for each in helpful))
    ensemble = Ensemble(tuple(card.labels), (base, *(each.logits for each in helpful)), mix)
    mix.write(out / LEARNED["experts"])
    (out / CORRELATION).unlink(missing_ok=True)  # of other members, perhaps
    written = EnsembleCard(
        how="experts",
        labels=list(card.labels),
        members=[member_of(file, card.net, out) for file in (path, *(each.path for each in helpful))],
        learned=hash_of(out / LEARNED["experts"]),
        options=asdict(options),
        store=store.hash,
        commit=current_commit(),
        metrics=_metrics(ensemble, weighed, store, halves, progress),
    )
    write_card(written, out)
    return written


def _confused(shown: Asked, options: EnsembleOptions) -> tuple[tuple[int, ...], ...]:
    groups = confused_groups(
        confusion(shown.logits, shown.label), options.specialising.groups, options.specialising.group_words
    )
    if not groups:
        raise ValueError(
            f"experts: expected classes that are confused with each other, found none in {len(shown.label)}"
        )
    return groups


def _trained(
    classes: tuple[int, ...], base: Path, out: Path, options: EnsembleOptions, store: AnyStore, progress: Hears
) -> Expert:
    """The expert of a group; its run is made, or gone on with, where it has not ended. Of its weights, the last are taken: the
    best were chosen by drawings that the ensemble is judged by."""
    _, card = load_weights(base)
    words = tuple(card.labels[index] for index in classes)
    view = select(store, f"word in {words!r}")
    folder = out / FOLDER / folder_of(words)
    seen = 0

    def report(now: Progress) -> None:
        nonlocal seen
        progress(now.drawings - seen)
        seen = now.drawings

    train(view, folder, config_of(card, base, len(words), options), reporting=Reporting(report))
    net, own = load_weights(folder / LAST)
    logits = net_logits(net.to(options.device), own.spec)
    order = [own.labels.index(word) for word in words]
    return Expert(classes, folder / LAST, lambda drawings: logits(drawings)[:, order])


def folder_of(words: Sequence[str]) -> str:
    """The name of the folder of these words' expert: they themselves, cut and told apart by a hash where they are long."""
    name = "+".join(word.replace(" ", "_").replace("/", "_") for word in words)
    told = sha256("\n".join(words).encode()).hexdigest()[:12]
    return name if len(name) <= LONGEST and "/" not in "".join(words) else f"{name[:LONGEST]}…{told}"


def config_of(base: Card, weights: Path, classes: int, options: EnsembleOptions) -> TrainConfig:
    """How an expert of so many classes is trained: as the base was, from its weights, on fewer drawings, so in batches that leave
    it STEPS a pass, and at a lower rate."""
    how, config = options.specialising, TrainConfig.from_dict(base.config)
    batch = min(config.batch, max(SMALL * config.accumulate, how.expert_per_class * classes // STEPS))
    return replace(
        config,
        batch=batch,
        pretrained=str(weights.resolve()),
        first_conv="average",
        grow_from=0,
        sampling="fixed",
        epochs=how.expert_epochs,
        per_class=how.expert_per_class,
        rate=how.expert_rate,
        patience=0,
        device=options.device,
        seed=options.seed,
    )


def _weighed(expert: Expert, unseen: Asked, store: AnyStore, rows: Rows, progress: Hears) -> Expert:
    """The expert with the weight that makes the labels of its group's unseen drawings most likely; `rows`: `unseen`'s."""
    mine = np.isin(unseen.label, expert.classes)  # some: what was confused was confused on some drawing
    said = ask([expert.logits], store.labels, store, rows[mine], progress).logits
    return replace(expert, weight=fit_weight(softmax(unseen.logits[mine]), said, expert.classes, unseen.label[mine]))


def _metrics(
    ensemble: Ensemble, experts: list[Expert], store: AnyStore, halves: EnsembleOptions, progress: Hears
) -> dict[str, Any]:
    judged = ask(ensemble.members, ensemble.labels, store, judged_rows(store, halves), progress)
    alone = softmax(judged.logits[:, : len(ensemble.labels)])
    told = protocol(judged, store, halves)
    return {
        "validation": {"protocol": told, **count(ensemble.answer(judged), judged.label).summary()},
        "base alone": {"protocol": told, **count(alone, judged.label).summary()},
        "experts": [
            {"words": [ensemble.labels[index] for index in each.classes], "weight": each.weight} for each in experts
        ],
    }
