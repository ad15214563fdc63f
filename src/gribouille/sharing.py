"""Several ONNX graphs on the same input as one, in which what they compute alike is computed once.

That is what lets members of an ensemble that see the same picture share one raster in the file, wherever they come from: nothing
says which nodes are a raster's, equal nodes on equal inputs are simply one.
"""

from collections.abc import Iterable, Sequence

import onnx
from onnx import compose


def beside(models: Sequence[onnx.ModelProto], kept: Iterable[str]) -> onnx.ModelProto:
    """The models in one graph, their names prefixed with `0.`, `1.`…, but for the inputs `kept`, which they have in common.

    Outputs are those of all, in order. Raises ValueError for models of different versions of ONNX.
    """
    common = set(kept)
    versions = [{each.domain: each.version for each in model.opset_import} for model in models]
    whole = onnx.ModelProto()
    whole.CopyFrom(models[0])
    for part in ("node", "initializer", "input", "output", "value_info"):
        whole.graph.ClearField(part)
    del whole.metadata_props[:], whole.opset_import[:]
    for domain in sorted(set().union(*versions)):
        found = {each[domain] for each in versions if domain in each}
        if len(found) > 1:
            raise ValueError(f"models: expected one version of ONNX's {domain or 'operators'}, found {sorted(found)}")
        whole.opset_import.append(onnx.helper.make_opsetid(domain, found.pop()))
    there = set()
    for index, model in enumerate(models):
        if model.functions:
            raise ValueError("models: expected graphs without functions of their own, found some")
        graph = _renamed_inputs(compose.add_prefix(model, f"{index}."), index, common).graph
        whole.graph.node.extend(graph.node)
        whole.graph.initializer.extend(graph.initializer)
        whole.graph.input.extend(port for port in graph.input if port.name not in there)
        whole.graph.output.extend(graph.output)
        there |= {port.name for port in graph.input}
    return whole


def _renamed_inputs(model: onnx.ModelProto, index: int, common: set[str]) -> onnx.ModelProto:
    """The prefixed model whose inputs that are common have their own names again."""
    back = {f"{index}.{name}": name for name in common}
    for port in model.graph.input:
        port.name = back.get(port.name, port.name)
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = back.get(name, name)
    return model


def share(model: onnx.ModelProto) -> None:
    """Merge, in place, constants that are equal, and nodes that do the same to the same; nothing else changes.

    Nodes must stand in the order in which they are computed, as ONNX has it. Raises ValueError for graphs within nodes.
    """
    graph = model.graph
    same: dict[str, str] = {}  # of names that are not needed any more, the one that says the same
    constants: dict[tuple[object, ...], str] = {}
    kept_constants = []
    for initializer in graph.initializer:
        anonymous = onnx.TensorProto()
        anonymous.CopyFrom(initializer)
        anonymous.name = ""
        first = constants.setdefault((anonymous.SerializeToString(deterministic=True),), initializer.name)
        if first == initializer.name:
            kept_constants.append(initializer)
        else:
            same[initializer.name] = first
    outputs = {port.name for port in graph.output}
    done: dict[tuple[object, ...], onnx.NodeProto] = {}
    kept_nodes = []
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = same.get(name, name)
        before = done.setdefault(_deed(node), node)
        if before is node or outputs & set(node.output):
            kept_nodes.append(node)
        else:
            same |= zip(node.output, before.output, strict=True)
    _replace(graph, kept_nodes, kept_constants)


def _deed(node: onnx.NodeProto) -> tuple[object, ...]:
    """What a node does to what: two of the same are one."""
    if any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute):
        raise ValueError(f"models: expected nodes without graphs inside, found {node.op_type}")
    attributes = sorted(attribute.SerializeToString(deterministic=True) for attribute in node.attribute)
    return (node.domain, node.op_type, *node.input, tuple(map(bool, node.output)), *attributes)


def _replace(graph: onnx.GraphProto, nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> None:
    copies = [type(node).FromString(node.SerializeToString()) for node in nodes]
    tensors = [type(tensor).FromString(tensor.SerializeToString()) for tensor in constants]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(copies)
    graph.initializer.extend(tensors)
