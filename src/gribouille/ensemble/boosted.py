"""Gradient-boosted trees on the ten classes that the members' mean finds most probable.

Comes in: what frozen members said of drawings (`Asked`). Goes out: trees (LightGBM's) that were best on drawings that they did
not learn from. A row is a candidate of a drawing (see `candidates`). Trees start from the mean: what they learn is what to add to
the logarithm of its probability, so that none of them is the mean itself, by the likelihood of the right candidate among the ten
(which did better than LightGBM's lambdarank and than right or wrong by itself: docs/ensembles.md).
"""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64
from safetensors import safe_open
from safetensors.numpy import save_file

from gribouille.checkpoint import write_atomically
from gribouille.ensemble.asking import Asked
from gribouille.ensemble.candidates import CANDIDATES, After, Before, Profile
from gribouille.ensemble.card import EnsembleOptions, MeanOf
from gribouille.ensemble.mean import Mean
from gribouille.metrics import LEAST, softmax

AT_ONCE = 1024  # drawings whose features are computed together: ranks cost 40 bytes a class, member and candidate


@dataclass(frozen=True, eq=False)
class Rows:
    """Candidates of drawings: features, classes best first, the mean's probabilities of all classes."""

    features: Float32[np.ndarray, "n candidates features"]
    classes: Int64[np.ndarray, "n candidates"]
    mean: Float32[np.ndarray, "n classes"]

    @property
    def table(self) -> Float32[np.ndarray, "rows features"]:
        """One row a candidate."""
        return self.features.reshape(-1, self.features.shape[2])

    @property
    def start(self) -> Float64[np.ndarray, "n candidates"]:
        """Where trees start: the logarithms of the mean's probabilities."""
        best = np.take_along_axis(self.mean, self.classes, axis=1)
        return np.log(np.maximum(best.astype(np.float64), LEAST))


@dataclass(frozen=True, eq=False)
class Boosted:
    """Trees on the candidates of the mean of `members` members."""

    members: int
    of: MeanOf
    profile: Profile
    trees: str  # as LightGBM writes them; empty: none

    @cached_property
    def booster(self) -> lightgbm.Booster:
        """The trees."""
        return lightgbm.Booster(model_str=self.trees)

    @property
    def start(self) -> Mean:
        """What the trees start from."""
        return Mean(self.members, self.of)

    @property
    def candidates(self) -> int:
        """How many classes of a drawing the trees look at."""
        return min(CANDIDATES, len(self.profile.mean))

    @property
    def before(self) -> Before:
        """What makes the trees' rows."""
        return Before(self.members, self.of, self.profile).eval()

    def rows(self, asked: Asked) -> Rows:
        """The candidates of drawings that were asked about."""
        before, parts = self.before, []
        with torch.inference_mode():
            for start in range(0, max(1, len(asked.label)), AT_ONCE):
                some = slice(start, start + AT_ONCE)
                parts.append(before(torch.from_numpy(asked.logits[some]), torch.from_numpy(asked.facts[some])))
        return Rows(*(torch.cat(part).numpy() for part in zip(*parts, strict=True)))

    def scores(self, rows: Float32[np.ndarray, "rows features"]) -> Float32[np.ndarray, "rows"]:
        """What the trees add to the logarithm of each candidate's probability."""
        if not self.trees:
            return np.zeros(len(rows), np.float32)
        return np.asarray(self.booster.predict(rows, raw_score=True, num_threads=1), np.float32)

    def probabilities(self, asked: Asked) -> Float32[np.ndarray, "n classes"]:
        """Probabilities of all classes."""
        rows = self.rows(asked)
        scores = self.scores(rows.table).reshape(rows.classes.shape)
        with torch.inference_mode():
            answer = After()(torch.from_numpy(scores), torch.from_numpy(rows.classes), torch.from_numpy(rows.mean))
        return np.asarray(answer.numpy())

    def write(self, path: Path) -> None:
        """Write trees and profile as one safetensors file, the trees as its metadata."""
        tensors = {"mean": self.profile.mean, "deviation": self.profile.deviation}
        about = json.dumps({"members": self.members, "of": self.of})
        write_atomically(path, lambda place: save_file(tensors, place, {"about": about, "trees": self.trees}))

    @classmethod
    def read(cls, path: Path) -> "Boosted":
        """The trees in this file."""
        with safe_open(path, "np") as file:
            metadata = file.metadata()
            profile = Profile(file.get_tensor("mean"), file.get_tensor("deviation"))
        about = json.loads(metadata["about"])
        return cls(about["members"], about["of"], profile, metadata["trees"])


def grow(taught: Asked, judged: Asked, members: int, options: EnsembleOptions) -> tuple[Boosted, int]:
    """The trees that learned from `taught`, as many of them as were best on `judged` by MAP@3, and how many those are.

    None of them (0) means that they stayed where they start, the mean. Raises ValueError without drawings to learn from, or to
    judge by.
    """
    for what, asked in (("that tell when the trees have learned", judged), ("or others to learn from", taught)):
        if len(asked.label) == 0:
            raise ValueError(f"store: expected validation drawings {what}, found none")
    profile = Profile.of(taught, taught.logits.shape[1] // members)
    none = Boosted(members, options.mean, profile, "")
    checked = none.rows(judged)
    data = _dataset(none.rows(taught), taught)
    booster = lightgbm.train(
        _parameters(options),
        data,
        options.boosting.trees,
        [_dataset(checked, judged, data)],
        ["judged"],
        feval=lambda scores, _: ("map3", _map3(scores.reshape(checked.classes.shape), checked, judged.label), True),
        callbacks=[lightgbm.early_stopping(options.boosting.tree_patience, first_metric_only=True, verbose=False)],
    )
    better = booster.best_score["judged"]["map3"] > _map3(checked.start, checked, judged.label)
    number = booster.best_iteration if better else 0
    trees = booster.model_to_string(num_iteration=number) if number else ""
    return replace(none, trees=trees), number


def _parameters(options: EnsembleOptions) -> dict[str, Any]:
    boosting = options.boosting
    return {
        "objective": _choice,
        "metric": "None",
        "num_leaves": boosting.leaves,
        "learning_rate": boosting.shrunk,
        "min_data_in_leaf": boosting.leaf_rows,
        "min_sum_hessian_in_leaf": 1e-3,
        "seed": options.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,  # more of them, and the sums of a leaf depend on how the rows were shared
        "verbosity": -1,
    }


def _dataset(rows: Rows, asked: Asked, like: lightgbm.Dataset | None = None) -> lightgbm.Dataset:
    """The candidates as LightGBM wants them. A drawing whose label is not among its candidates has nothing to say about their
    order: it is left out of what is learned from, not of what is judged."""
    right = rows.classes == asked.label[:, None]
    kept = right.any(axis=1) if like is None else np.ones(len(right), bool)
    return lightgbm.Dataset(
        rows.features[kept].reshape(-1, rows.features.shape[2]),
        right[kept].ravel().astype(np.float32),
        weight=np.repeat(asked.weights(rows.mean.shape[1])[kept], right.shape[1]),
        reference=like,
        group=np.full(kept.sum(), right.shape[1]),
        init_score=rows.start[kept].ravel(),
    )


def _choice(scores: np.ndarray, data: lightgbm.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and curvature of −log softmax over a drawing's candidates, at the right one (a conditional logit)."""
    right, groups, weight = np.asarray(data.get_label()), np.asarray(data.get_group()), data.get_weight()
    weight = np.ones_like(right) if weight is None else np.asarray(weight)  # LightGBM forgets weights that are all 1
    odds = softmax(scores.reshape(len(groups), -1)).ravel()
    return weight * (odds - right), weight * np.maximum(odds * (1 - odds), 1e-6)


def _map3(scores: Float64[np.ndarray, "n candidates"], rows: Rows, label: Int64[np.ndarray, "n"]) -> float:
    """MAP@3 of the candidates in the order of their scores; a label that is no candidate counts as missed."""
    order = np.argsort(-scores, axis=1, kind="stable")
    right = np.take_along_axis(rows.classes == label[:, None], order, axis=1)[:, :3]
    return float((right / np.arange(1, right.shape[1] + 1)).sum(axis=1).mean())
