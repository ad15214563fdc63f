"""Runs and model files in, the folder of an ensemble out: asks the members, lets what learns learn, and judges all of it."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gribouille.checkpoint import current_commit
from gribouille.ensemble.asking import Asked, ask, judged_rows, taught_rows
from gribouille.ensemble.boosted import grow
from gribouille.ensemble.card import (
    CORRELATION,
    LEARNED,
    EnsembleCard,
    EnsembleOptions,
    Member,
    hash_of,
    write_card,
    write_json,
)
from gribouille.ensemble.combination import Combiner, Ensemble
from gribouille.ensemble.correlation import Correlation, correlation
from gribouille.ensemble.linear import fit
from gribouille.ensemble.mean import Mean
from gribouille.ensemble.members import columns_of, common_labels, file_of, names_of, open_member
from gribouille.metrics import count, softmax
from gribouille.store import AnyStore, named


def combine(
    members: Sequence[Path],
    out: Path,
    options: EnsembleOptions,
    store: AnyStore | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> EnsembleCard:
    """Write the ensemble of these members (runs' folders, weights files, model files) to the folder `out`; its card.

    With a store the card holds the ensemble's score on validation drawings, and `correlation.json` beside it how the members err
    together (apart, since what it says of their time is never the same twice). `progress` hears of every drawing that the
    members were asked about (`questions` counts them). Raises ValueError for fewer than two members, members or a store of other
    labels, what learns without a store or without validation drawings, and experts, which have one member and more to learn (see
    `gribouille.experts`).
    """
    if options.how == "experts":
        raise ValueError("how: expected mean, linear or boosted for several members, found experts")
    if len(members) < 2:
        raise ValueError(f"ensemble: expected at least two members, found {len(members)}")
    if options.learns and store is None:
        raise ValueError(f"store: expected one that {options.how} learns from, found none")
    paths = [file_of(member) for member in members]
    nets = [open_member(path, options.device) for path in paths]
    labels = common_labels(nets, paths)
    asked = tuple(net.logits(columns_of(labels, net.labels)) for net in nets)
    ensemble = Ensemble(labels, asked, Mean(len(asked), options.mean))
    metrics: dict[str, Any] = {}
    (out / CORRELATION).unlink(missing_ok=True)  # of other members, perhaps
    if store is not None:
        ensemble, metrics, common = _learned(ensemble, names_of(paths), store, options, progress)
        if common is not None:
            write_json(common.to_dict(), out / CORRELATION)
    learned = None if isinstance(ensemble.combiner, Mean) else _written(ensemble.combiner, out / LEARNED[options.how])
    card = EnsembleCard(
        how=options.how,
        labels=list(labels),
        members=[member_of(path, net.name, out) for path, net in zip(paths, nets, strict=True)],
        learned=learned,
        options=asdict(options),
        store=None if store is None else store.hash,
        commit=current_commit(),
        metrics=metrics,
    )
    write_card(card, out)
    return card


def questions(store: AnyStore, options: EnsembleOptions) -> int:
    """How many of the store's drawings `combine` asks the members about."""
    return len(judged_rows(store, options)) + (len(taught_rows(store, options)) if options.learns else 0)


def member_of(path: Path, name: str, folder: Path) -> Member:
    """What the card in that folder says of a member's file."""
    return Member(Path(os.path.relpath(path, folder)).as_posix(), hash_of(path), name)


def expect_labels(store: AnyStore, labels: Sequence[str]) -> None:
    """Raise ValueError where the store's labels are not these, in whatever order."""
    if set(store.labels) != set(labels):
        raise ValueError(
            f"{store.path}: expected a store of the members' {len(labels)} labels, found {len(store.labels)}, "
            f"{sorted(set(store.labels) ^ set(labels))[:5]} not in both"
        )


def protocol(asked: Asked, store: AnyStore, options: EnsembleOptions) -> str:
    """Which drawings the score of a card is of."""
    learned = ", none of them learned from, but the learning stopped by them" if options.learns else ""
    return f"{len(asked.label)} random drawings of the validation split of {named(store)}, all rows, finished{learned}"


def _learned(
    ensemble: Ensemble,
    names: Sequence[str],
    store: AnyStore,
    options: EnsembleOptions,
    progress: Callable[[int], None],
) -> tuple[Ensemble, dict[str, Any], Correlation | None]:
    """The ensemble, with what it learned from the store where it is to learn, the metrics for its card, and what the members have
    in common, where there was a drawing to tell by."""
    expect_labels(store, ensemble.labels)
    metrics: dict[str, Any] = {}
    judged = ask(ensemble.members, ensemble.labels, store, judged_rows(store, options), progress)
    if options.learns:
        taught = ask(ensemble.members, ensemble.labels, store, taught_rows(store, options), progress)
        combiner, about = _fitted(taught, judged, names, options)
        ensemble = Ensemble(ensemble.labels, ensemble.members, combiner)
        metrics["learned"] = {"drawings": len(taught.label), "split": options.learn_from, **about}
    scored = count(ensemble.answer(judged), judged.label).summary()
    metrics["validation"] = {"protocol": protocol(judged, store, options), **scored}
    if len(judged.label) == 0:
        return ensemble, metrics, None
    each = softmax(judged.of_members(len(names)))
    budget = options.budget / 1000 or math.inf
    return ensemble, metrics, correlation(each, judged.label, names, judged.seconds, budget)


def _fitted(
    taught: Asked, judged: Asked, names: Sequence[str], options: EnsembleOptions
) -> tuple[Combiner, dict[str, Any]]:
    if options.how == "linear":
        linear, passes = fit(taught, judged, len(names), options)
        return linear, {"passes": passes}
    boosted, trees = grow(taught, judged, len(names), options)
    return boosted, {"trees": trees}


def _written(learned: Any, path: Any) -> str:
    learned.write(path)
    return hash_of(path)
