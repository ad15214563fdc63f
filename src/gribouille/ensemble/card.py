"""How nets become one (`EnsembleOptions`), and what an ensemble says of itself: its card, the file `ensemble.json`.

The card names the members (paths relative to the folder, and the sha256 of their weights) and the file of what the ensemble
learned, and says where all of it comes from. The members' weights stay where they are.
"""

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from gribouille.checkpoint import write_text

ENSEMBLE, CORRELATION = "ensemble.json", "correlation.json"
How: TypeAlias = Literal["mean", "linear", "boosted", "experts"]
MeanOf: TypeAlias = Literal["probabilities", "logits"]
# The file that holds what was learned.
LEARNED = {"linear": "linear.safetensors", "boosted": "boosted.safetensors", "experts": "experts.json"}


@dataclass(frozen=True)
class TreeOptions:
    """Boosted trees: at most `trees` of `leaves` leaves, each `shrunk` to that share of its answer; a leaf takes `leaf_rows` rows
    or more. They stop when `tree_patience` trees brought no better MAP@3."""

    trees: int = 400
    leaves: int = 15
    shrunk: float = 0.05
    leaf_rows: int = 100
    tree_patience: int = 50

    def __post_init__(self) -> None:
        _expect_at_least(self, 1, "trees", "leaf_rows", "tree_patience")
        _expect_at_least(self, 2, "leaves")
        if not 0 < self.shrunk <= 1:
            raise ValueError(f"shrunk: expected more than 0 and at most 1, found {self.shrunk}")


@dataclass(frozen=True)
class ExpertOptions:
    """Experts: at most `groups` groups of at most `group_words` classes, those confused most; each expert starts as a copy of the
    run's net and learns `expert_epochs` times `expert_per_class` drawings of each of its classes, at the peak
    `expert_rate`."""

    groups: int = 12
    group_words: int = 6
    expert_epochs: int = 6
    expert_per_class: int = 200
    expert_rate: float = 5e-4

    def __post_init__(self) -> None:
        _expect_at_least(self, 1, "groups", "expert_epochs", "expert_per_class")
        _expect_at_least(self, 2, "group_words")
        if not self.expert_rate > 0:
            raise ValueError(f"expert_rate: expected more than 0, found {self.expert_rate}")


@dataclass(frozen=True)
class EnsembleOptions:
    """How nets become one.

    `how`: the mean (of their probabilities or of their logits: `mean`), one linear layer on their logits side by side, boosted
    trees on the ten classes that the mean finds most probable, or experts for the classes that one run confuses most.

    Layer and trees learn from drawings that are not augmented, at most `per_class` of each class (0: all), all classes together
    counting alike: from the training split, or, where members know that by heart, from the part of the validation split that
    they are not judged by (`learn-from`); experts are always weighed by that part. What is judged is so by at most `validation`
    drawings, never more than half of that split where it learns from it.

    The linear layer starts as the mean of the logits: at most `epochs` passes in batches of `batch` drawings at learning
    `rate` divided by the number of its inputs, until `patience` passes brought no better MAP@3; the best pass is kept. Memory: 4
    bytes a drawing, class and member.

    With `budget`, the members worth having are those that fit into so many ms a drawing, as measured here (0: any time).
    """

    how: How = "mean"
    mean: MeanOf = "probabilities"
    learn_from: Literal["train", "validation"] = "train"
    per_class: int = 500
    epochs: int = 35
    batch: int = 512
    rate: float = 1e-2
    patience: int = 3
    validation: int = 3000
    budget: float = 0.0
    device: Literal["cpu", "cuda"] = "cpu"
    seed: int = 0
    boosting: TreeOptions = field(default_factory=TreeOptions)
    specialising: ExpertOptions = field(default_factory=ExpertOptions)

    def __post_init__(self) -> None:
        _expect_at_least(self, 1, "epochs", "batch", "patience", "validation")
        _expect_at_least(self, 0, "per_class", "seed")
        if not self.rate > 0:
            raise ValueError(f"rate: expected more than 0, found {self.rate}")
        if not self.budget >= 0:
            raise ValueError(f"budget: expected at least 0 ms, found {self.budget}")

    @property
    def learns(self) -> bool:
        """Whether there is anything to learn from drawings."""
        return self.how != "mean"


def _expect_at_least(options: object, least: int, *names: str) -> None:
    for name in names:
        if getattr(options, name) < least:
            raise ValueError(f"{name}: expected at least {least}, found {getattr(options, name)}")


@dataclass(frozen=True)
class Member:
    """A member of an ensemble: its file's path relative to the ensemble's folder, the file's sha256, and the net's name (of a
    model file, its own)."""

    path: str
    sha256: str
    net: str


@dataclass(frozen=True)
class EnsembleCard:
    """What an ensemble is and where it comes from; the contents of `ensemble.json`.

    `labels` in output order; `learned` the sha256 of the file of what it learned, None for a mean; `store` the hash of the store
    that it learned from and was judged on, None where there was none; `metrics` with their protocol.
    """

    how: str
    labels: list[str]
    members: list[Member]
    learned: str | None
    options: dict[str, Any]
    store: str | None
    commit: str
    metrics: dict[str, Any] = field(default_factory=dict)


def write_card(card: EnsembleCard, folder: Path) -> None:
    """Write the card into the ensemble's folder."""
    write_json(asdict(card), folder / ENSEMBLE)


def write_json(fields: dict[str, Any], path: Path) -> None:
    """Write fields for people and programs."""
    text = json.dumps(fields, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    write_text(path, text)


def read_card(folder: Path) -> EnsembleCard:
    """The card of the ensemble in this folder, whose files are those it was made of; ValueError where there is none, or another
    file."""
    path = folder / ENSEMBLE
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if "linear" in fields:  # what it was called as long as nothing else learned
            fields["learned"] = fields.pop("linear")
        card = EnsembleCard(**fields | {"members": [Member(**member) for member in fields["members"]]})
        if card.how not in get_args(How) or (card.learned is None) != (card.how == "mean"):
            raise ValueError(f"how: {card.how}")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: expected the card of an ensemble, found something else ({error!r})") from error
    hashes = [(folder / member.path, member.sha256) for member in card.members]
    for file, expected in [*hashes, *([(folder / LEARNED[card.how], card.learned)] if card.learned else [])]:
        found = hash_of(file)
        if found != expected:
            raise ValueError(f"{path}: expected {file} with sha256 {expected[:12]}…, found {found[:12]}…")
    return card


def hash_of(path: Path) -> str:
    """The sha256 of a member's file, or of what was learned; ValueError where there is none."""
    if not path.is_file():
        raise ValueError(f"{path}: expected a file that an ensemble is made of, found no such file")
    return sha256(path.read_bytes()).hexdigest()
