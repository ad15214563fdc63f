"""LightGBM's trees as an ONNX node, for files that onnxruntime runs without LightGBM.

Comes in: trees as LightGBM writes them. Goes out: a TreeEnsembleRegressor (ai.onnx.ml) that gives each row of float32 features
the same leaves: LightGBM compares float64, so every threshold becomes the largest float32 that is not above it.
"""

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import onnx
from onnx import helper

DOMAIN, VERSION = "ai.onnx.ml", 3  # the version that onnxruntime has known longest with float32 values
NO_TREES: dict[str, Any] = {"leaf_value": 0.0}  # one leaf that adds nothing


@dataclass(frozen=True)
class Node:
    """A node of a tree: where `feature` ≤ `value` go to node `below`, else to `above`; a leaf, without feature, adds `value`."""

    feature: int | None
    value: float
    below: int = 0
    above: int = 0


def tree_node(trees: str, source: str, target: str) -> onnx.NodeProto:
    """The node that gives every row of `source` float32 [rows, features] the sum of its leaves: `target` float32 [rows, 1].

    trees: a model as LightGBM writes it, empty for none. Raises ValueError for trees on categories or missing values.
    """
    roots = [NO_TREES]
    if trees:
        roots = [tree["tree_structure"] for tree in lightgbm.Booster(model_str=trees).dump_model()["tree_info"]]
    numbered = [(tree, place, node) for tree, root in enumerate(roots) for place, node in enumerate(nodes_of(root))]
    leaves = [(tree, place, node) for tree, place, node in numbered if node.feature is None]
    return helper.make_node(
        "TreeEnsembleRegressor",
        [source],
        [target],
        "trees",
        domain=DOMAIN,
        aggregate_function="SUM",
        n_targets=1,
        nodes_treeids=[tree for tree, _, _ in numbered],
        nodes_nodeids=[place for _, place, _ in numbered],
        nodes_featureids=[node.feature or 0 for _, _, node in numbered],
        nodes_modes=["LEAF" if node.feature is None else "BRANCH_LEQ" for _, _, node in numbered],
        nodes_values=[0.0 if node.feature is None else node.value for _, _, node in numbered],
        nodes_truenodeids=[node.below for _, _, node in numbered],
        nodes_falsenodeids=[node.above for _, _, node in numbered],
        target_treeids=[tree for tree, _, _ in leaves],
        target_nodeids=[place for _, place, _ in leaves],
        target_ids=[0] * len(leaves),
        target_weights=[node.value for _, _, node in leaves],
    )


def nodes_of(root: dict[str, Any]) -> list[Node]:
    """The nodes of a tree that LightGBM dumped, the root first."""
    found: list[Node] = []

    def take(node: dict[str, Any]) -> int:
        place = len(found)
        if "leaf_value" in node:
            found.append(Node(None, float(node["leaf_value"])))
            return place
        if node["decision_type"] != "<=" or node["missing_type"] != "None":
            raise ValueError(
                f"trees: expected splits by ≤ without missing values, found {node['decision_type']} {node['missing_type']}"
            )
        found.append(Node(node["split_feature"], 0.0))
        below, above = take(node["left_child"]), take(node["right_child"])
        found[place] = Node(node["split_feature"], not_above(node["threshold"]), below, above)
        return place

    take(root)
    return found


def not_above(threshold: float) -> float:
    """The largest float32 that is not above the threshold: a float32 is ≤ one exactly where it is ≤ the other."""
    near = np.float32(threshold)
    return float(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf)))
