"""What a training run leaves on disk: weights with their card in one safetensors file, and the state to go on from.

A run is a folder: `best.safetensors` and `last.safetensors` (averaged weights + card), `state.pt` (everything that a
resumed run needs), `log.jsonl` (one line an epoch), `evaluations.jsonl` (one line an evaluation), `card.md` and
`card.fr.md` (all of that for people), `tensorboard/` and, where MLflow hears of the run, `mlflow.json`.
Every file is written beside its place and renamed into it, so that a kill at any moment leaves the old file or the new
one, never half of one.
"""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from gribouille.nets import build_net
from gribouille.raster.spec import RasterSpec
from gribouille.store import AnyStore, View

BEST, LAST, STATE, LOG = "best.safetensors", "last.safetensors", "state.pt", "log.jsonl"
CARD = {"en": "card.md", "fr": "card.fr.md"}  # for people


@dataclass(frozen=True)
class Card:
    """What the weights are and where they come from; travels inside the weights' file and into the model file.

    `labels` in output order; `raster` a RasterSpec as dictionary; `config` the training's; `store` the hash of the
    store's content; `commit` of this repository; `metrics` with their protocol; `teacher` the hash of the teacher's
    file and how it was asked, or None; `pretrained` where the first weights come from; `data` what the store holds (see
    `described`); `machine` what the run began on; `who` the name given by whoever started it; `started` in UTC;
    `seconds` of learning and `drawings` seen up to these weights; `processes` that shared each batch.
    """

    net: str
    labels: list[str]
    raster: dict[str, Any]
    config: dict[str, Any]
    store: str
    commit: str
    teacher: str | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    pretrained: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    who: str = ""
    started: str = ""
    seconds: float = 0.0
    drawings: int = 0
    processes: int = 1

    @property
    def spec(self) -> RasterSpec:
        """The picture that the net was trained on."""
        return RasterSpec.from_dict(self.raster)


def save_weights(net: nn.Module, card: Card, path: Path) -> None:
    """Write the net's weights and its card as one safetensors file."""
    weights = {name: tensor.contiguous() for name, tensor in net.state_dict().items()}
    metadata = {"card": json.dumps(asdict(card), ensure_ascii=False)}
    write_atomically(path, lambda place: save_file(weights, place, metadata))


def load_weights(path: Path) -> tuple[nn.Module, Card]:
    """The net of a weights file, in evaluation mode, and its card. Raises ValueError for a file that is none."""
    if path.is_dir():
        path = path / BEST
    if not path.is_file():
        raise ValueError(f"{path}: expected the weights of a training run, found no such file")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except SafetensorError as error:
        raise ValueError(f"{path}: expected weights as a safetensors file ({error})") from error
    if "card" not in metadata:
        raise ValueError(f"{path}: expected weights with a Gribouille card, found metadata {sorted(metadata)}")
    card = Card(**json.loads(metadata["card"]))
    net = build_net(card.net, len(card.labels), card.spec)
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:  # torch's word for names or shapes that differ
        raise ValueError(f"{path}: expected the weights of a {card.net} ({str(error).splitlines()[0]})") from error
    return net.eval(), card


def described(store: AnyStore) -> dict[str, Any]:
    """What a store holds, for cards: rows, splits and, of each source, its name, checksums and whether it is only learned
    from; of a view also how it was selected, and the hash of which store."""
    card = store.card
    sources = [
        {"name": each.name, "sha256": [part.sha256 for part in each.checksums], "training_only": each.training_only}
        for each in card.sources
    ]
    held = {"rows": card.rows, "labels": len(card.labels), "splits": card.splits, "sources": sources}
    if isinstance(store, View):
        held |= {"selection": [asdict(each) for each in store.selection], "selected from": store.store.hash}
    return held


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write tensors and plain values that a resumed run reads with `load_state`."""
    write_atomically(path, lambda place: torch.save(state, place))


def load_state(path: Path) -> dict[str, Any]:
    """The state that `save_state` wrote."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, put it safely on disk, and rename it to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    place = path.with_name(f".{path.name}.part")  # one name, so that a killed write leaves one file at most
    try:
        write(place)
        with place.open("rb") as file:
            os.fsync(file.fileno())
        place.replace(path)
    finally:
        place.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) as `write_atomically` does."""
    write_atomically(path, lambda place: place.write_text(text, encoding="utf-8"))


def current_commit() -> str:
    """The commit of the checkout that this code runs from, with + where it has changes; "unknown" outside one."""
    here = Path(__file__)
    try:
        # Installed into some other repository's folder, this file is none of its own: that commit would be a lie.
        _git(here.parent, "ls-files", "--error-unmatch", here.name)
        return _git(here.parent, "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
