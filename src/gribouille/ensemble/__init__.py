"""Several nets as one: the mean of their probabilities, or one linear layer on all their logits.

In come training runs whose nets know the same labels, each with a picture of its own; out goes a folder: `ensemble.json` names
the members (paths relative to the folder, and the sha256 of their weights) and says where the ensemble comes from,
`linear.safetensors` holds the layer, where there is one. The members' weights stay where they are.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Int64
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn

from gribouille.checkpoint import BEST, current_commit, load_weights, write_atomically
from gribouille.drawing import Drawings
from gribouille.metrics import count, softmax
from gribouille.nets import PointNet
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.recogniser import padded
from gribouille.sampling import Rows, batches_of, epoch_rows, members_of, validation_rows
from gribouille.store import AnyStore, named
from gribouille.store.split import TRAIN

ENSEMBLE, LINEAR = "ensemble.json", "linear.safetensors"
ASKED = 256  # drawings that the members are asked about at once
Logits: TypeAlias = Callable[[Drawings], np.ndarray]  # float32 [drawings, classes]


@dataclass(frozen=True)
class EnsembleOptions:
    """How nets become one.

    `how`: the mean of their probabilities, or one linear layer on their logits side by side. That layer starts as the mean of the
    logits and learns, the members frozen, from `per_class` training drawings of each class (0: all), not augmented: at most
    `epochs` passes in batches of `batch` drawings at learning `rate`, until `patience` passes brought no better MAP@3 on
    `validation` drawings; the best pass is kept. Memory: 4 bytes a drawing, class and member.
    """

    how: Literal["mean", "linear"] = "mean"
    per_class: int = 500
    epochs: int = 35
    batch: int = 512
    rate: float = 1e-3
    patience: int = 3
    validation: int = 3000
    device: Literal["cpu", "cuda"] = "cpu"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "patience", "validation"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, found {getattr(self, name)}")
        for name in ("per_class", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: expected at least 0, found {getattr(self, name)}")
        if not self.rate > 0:
            raise ValueError(f"rate: expected more than 0, found {self.rate}")


@dataclass(frozen=True)
class Member:
    """A net of an ensemble: its weights' path relative to the ensemble's folder, their sha256, and the net's name."""

    path: str
    sha256: str
    net: str


@dataclass(frozen=True)
class EnsembleCard:
    """What an ensemble is and where it comes from; the contents of `ensemble.json`.

    `labels` in output order; `linear` the sha256 of the layer's file, None for a mean; `store` the hash of the store that the
    layer learned from and the metrics were taken on, None where there was none; `metrics` with their protocol.
    """

    how: str
    labels: list[str]
    members: list[Member]
    linear: str | None
    options: dict[str, Any]
    store: str | None
    commit: str
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Linear:
    """One linear layer from the members' logits, side by side, to the ensemble's."""

    weight: Float[np.ndarray, "classes inputs"]
    bias: Float[np.ndarray, "classes"]

    @classmethod
    def mean(cls, classes: int, members: int) -> "Linear":
        """The layer whose output is the mean of the members' logits."""
        return cls(np.tile(np.eye(classes, dtype=np.float32) / members, members), np.zeros(classes, np.float32))

    def __call__(self, logits: Float[np.ndarray, "n inputs"]) -> Float[np.ndarray, "n classes"]:
        """The ensemble's logits, given its members', side by side."""
        return np.asarray(logits @ self.weight.T + self.bias)


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Several nets that answer as one; `labels` in output order, `linear` None for the mean of probabilities."""

    labels: tuple[str, ...]
    members: tuple[Logits, ...]
    linear: Linear | None = None

    def logits(self, drawings: Drawings) -> Float[np.ndarray, "_drawings inputs"]:
        """The members' logits side by side."""
        return np.concatenate([member(drawings) for member in self.members], axis=1)

    def probabilities(self, drawings: Drawings) -> Float[np.ndarray, "_drawings classes"]:
        """The ensemble's probabilities of its labels."""
        return self.answer(self.logits(drawings))

    def answer(self, logits: Float[np.ndarray, "n inputs"]) -> Float[np.ndarray, "n classes"]:
        """The ensemble's probabilities, given its members' logits side by side."""
        if self.linear is not None:
            return softmax(self.linear(logits))
        return np.asarray(softmax(logits.reshape(len(logits), len(self.members), -1)).mean(axis=1))


@dataclass(frozen=True, eq=False)
class Asked:
    """What the members answered about some drawings, logits side by side, and what these are."""

    logits: Float[np.ndarray, "n inputs"]
    label: Int64[np.ndarray, "n"]


def combine(
    runs: Sequence[Path],
    out: Path,
    options: EnsembleOptions,
    store: AnyStore | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> EnsembleCard:
    """Write the ensemble of these runs (folders or weights files) to the folder `out`; its card.

    A linear layer learns from the store's training drawings; with a store the card holds the ensemble's score on validation
    drawings. `progress` hears of every drawing that the members were asked about (`questions` counts them). Raises ValueError for
    fewer than two runs, runs or a store of other labels, and a linear layer without a store or without validation drawings.
    """
    paths = [run / BEST if run.is_dir() else run for run in runs]
    ensemble, nets = _mean_of(paths, options.device)
    if options.how == "linear" and store is None:
        raise ValueError("store: expected one that the linear layer learns from, found none")
    metrics: dict[str, Any] = {}
    if store is not None:
        ensemble, metrics = _learned(ensemble, store, options, progress)
    card = EnsembleCard(
        how=options.how,
        labels=list(ensemble.labels),
        members=[
            Member(Path(os.path.relpath(path, out)).as_posix(), _hash_of(path), net)
            for path, net in zip(paths, nets, strict=True)
        ],
        linear=None if ensemble.linear is None else _write_linear(ensemble.linear, out / LINEAR),
        options=asdict(options),
        store=None if store is None else store.hash,
        commit=current_commit(),
        metrics=metrics,
    )
    text = json.dumps(asdict(card), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    write_atomically(out / ENSEMBLE, lambda place: place.write_text(text, encoding="utf-8"))
    return card


def open_ensemble(folder: Path, device: str = "cpu") -> Ensemble:
    """The ensemble in this folder, its members' nets on `device`.

    Raises ValueError where there is none, or where a file is not the one that it was made of.
    """
    path = folder / ENSEMBLE
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        card = EnsembleCard(**fields | {"members": [Member(**member) for member in fields["members"]]})
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: expected the card of an ensemble, found something else ({error!r})") from error
    hashes = [(folder / member.path, member.sha256) for member in card.members]
    for file, expected in [*hashes, *([(folder / LINEAR, card.linear)] if card.linear else [])]:
        found = _hash_of(file)
        if found != expected:
            raise ValueError(f"{path}: expected {file} with sha256 {expected[:12]}…, found {found[:12]}…")
    ensemble, _ = _mean_of([file for file, _ in hashes], device)
    if card.linear is None:
        return ensemble
    layer = load_file(folder / LINEAR)
    return replace(ensemble, linear=Linear(layer["weight"], layer["bias"]))


def net_logits(net: nn.Module, spec: RasterSpec) -> Logits:
    """The net as a function from drawings to logits, float32, on the device where it lies; it is given points, or pictures of
    the numba kernel, whichever it takes."""
    device = next(net.parameters()).device

    def inputs(drawings: Drawings) -> Tensor:
        if isinstance(net, PointNet):
            return torch.from_numpy(padded(list(drawings))).to(device)
        return torch.from_numpy(rasterise(drawings, spec)).to(device, memory_format=torch.channels_last)

    def logits(drawings: Drawings) -> Float[np.ndarray, "_drawings classes"]:
        with torch.inference_mode():
            answers: np.ndarray = net.eval()(inputs(drawings)).float().cpu().numpy()
        return answers

    return logits


def questions(store: AnyStore, options: EnsembleOptions) -> int:
    """How many of the store's drawings `combine` asks the members about."""
    taught = len(_training_rows(store, options)) if options.how == "linear" else 0
    return taught + len(validation_rows(store, options.validation))


def ask(ensemble: Ensemble, store: AnyStore, rows: Rows, progress: Callable[[int], None]) -> Asked:
    """What the members say of these rows, each asked about once."""
    logits = np.empty((len(rows), len(ensemble.labels) * len(ensemble.members)), np.float32)
    done = 0
    for batch in batches_of(rows, ASKED) if len(rows) else []:
        logits[done : done + len(batch)] = ensemble.logits(store.gather(batch))
        done += len(batch)
        progress(len(batch))
    return Asked(logits, store.label[rows].astype(np.int64))


def fit(taught: Asked, judged: Asked, members: int, options: EnsembleOptions) -> tuple[Linear, int]:
    """The linear layer that learned from `taught` and was best on `judged`, and after how many passes it was.

    None of them (0) means that it stayed where it started, the mean of the logits. Cross-entropy, Adam, full precision. Raises
    ValueError without drawings to judge by.
    """
    if len(judged.label) == 0:
        raise ValueError("store: expected validation drawings that tell when the linear layer has learned, found none")
    best = Linear.mean(taught.logits.shape[1] // members, members)
    score, passes = _map3(best, judged), 0
    layer = nn.Linear(taught.logits.shape[1], len(best.bias))
    layer.load_state_dict({"weight": torch.from_numpy(best.weight), "bias": torch.from_numpy(best.bias)})
    optimizer = torch.optim.Adam(layer.parameters(), lr=options.rate)
    for epoch in range(1, options.epochs + 1):
        order = np.random.default_rng((options.seed, epoch)).permutation(len(taught.label))
        for batch in batches_of(order, options.batch):
            _step(layer, optimizer, taught, batch)
        now = Linear(layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy())
        reached = _map3(now, judged)
        if reached > score:
            best, score, passes = now, reached, epoch
        if epoch - passes >= options.patience:
            break
    return best, passes


def _step(layer: nn.Linear, optimizer: torch.optim.Optimizer, taught: Asked, batch: Rows) -> None:
    logits = layer(torch.from_numpy(taught.logits[batch]))
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(taught.label[batch]))
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch annotates it not
    optimizer.step()


def _map3(linear: Linear, judged: Asked) -> float:
    return count(linear(judged.logits), judged.label).map3  # logits rank as probabilities do


def _mean_of(paths: Sequence[Path], device: str) -> tuple[Ensemble, list[str]]:
    """The nets in these weights files as an ensemble without a layer, and their names."""
    if len(paths) < 2:
        raise ValueError(f"ensemble: expected at least two runs, found {len(paths)}")
    loaded = [load_weights(path) for path in paths]
    labels = tuple(loaded[0][1].labels)
    for path, (_, card) in zip(paths, loaded, strict=True):
        if tuple(card.labels) != labels:
            raise ValueError(
                f"{path}: expected the {len(labels)} labels of {paths[0]}, found {len(card.labels)}, "
                f"{sorted(set(labels) ^ set(card.labels))[:5]} not in both"
            )
    members = tuple(net_logits(net.to(device), card.spec) for net, card in loaded)
    return Ensemble(labels, members), [card.net for _, card in loaded]


def _learned(
    ensemble: Ensemble, store: AnyStore, options: EnsembleOptions, progress: Callable[[int], None]
) -> tuple[Ensemble, dict[str, Any]]:
    """The ensemble, with the layer that it learned from the store where it is to have one, and the metrics for its card."""
    if store.labels != ensemble.labels:
        raise ValueError(
            f"{store.path}: expected a store of the members' {len(ensemble.labels)} labels, found {len(store.labels)}, "
            f"{sorted(set(store.labels) ^ set(ensemble.labels))[:5]} not in both"
        )
    metrics: dict[str, Any] = {}
    judged = ask(ensemble, store, validation_rows(store, options.validation), progress)
    if options.how == "linear":
        taught = ask(ensemble, store, _training_rows(store, options), progress)
        linear, passes = fit(taught, judged, len(ensemble.members), options)
        ensemble = replace(ensemble, linear=linear)
        metrics["linear layer"] = {"drawings": len(taught.label), "passes": passes}
    protocol = f"{len(judged.label)} random drawings of the validation split of {named(store)}, all rows, finished"
    metrics["validation"] = {"protocol": protocol, **count(ensemble.answer(judged.logits), judged.label).summary()}
    return ensemble, metrics


def _write_linear(linear: Linear, path: Path) -> str:
    """Write the layer; the sha256 of its file."""
    tensors = {"weight": linear.weight, "bias": linear.bias}
    write_atomically(path, lambda place: save_file(tensors, place))
    return _hash_of(path)


def _training_rows(store: AnyStore, options: EnsembleOptions) -> Rows:
    rows = np.flatnonzero(store.split == TRAIN)
    members = members_of(store.label[rows], rows, len(store.labels))
    return np.sort(epoch_rows(members, options.per_class or len(rows), options.seed, 0))


def _hash_of(path: Path) -> str:
    if not path.is_file():
        raise ValueError(f"{path}: expected the weights of an ensemble's member, found no such file")
    return sha256(path.read_bytes()).hexdigest()
