"""Where a run's curves and pictures go besides its log: TensorBoard in the run's folder, MLflow at a URI.

Comes in: numbers by step, the classes' accuracy, pictures as the net sees them. `log.jsonl` stays the truth; what is
told here may be lost. TensorBoard, MLflow and what draws the figures are imported when they are first used.
"""

import json
import os
import re
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from gribouille.checkpoint import CARD, LOG, write_text
from gribouille.run_card import table

if TYPE_CHECKING:
    from PIL import Image

TENSORBOARD, MLFLOW = "tensorboard", "mlflow.json"  # in the run's folder
EXPERIMENT = "gribouille"  # of MLflow
SHOWN = 20  # worst and best classes in the chart, pairs in the table of confusions
BINS = np.linspace(0, 1, 21)  # of the histogram of the classes' accuracy
GREY, COLOURED = 64, 128  # px: one channel on the contact sheet, a picture that has only one
GAP, BETWEEN = 2, 12  # px: between a drawing's channels, between drawings
COLUMNS = 8  # drawings side by side on the contact sheet
CAPTION = 20  # px of a caption's line
PAPER, TEXT = (24, 24, 27), (228, 228, 231)  # colours of the contact sheet around its pictures, which are black
WORST, BEST = "#c2410c", "#0f766e"

Ending: TypeAlias = Literal["finished", "interrupted"]


@runtime_checkable
class Tracker(Protocol):
    """Hears of a run. `step` is the number of steps learned so far; told the same step again after an interruption, a
    tracker shows it once wherever its medium allows."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers by their curve's name."""

    def per_class(self, step: int, labels: Sequence[str], accuracy: Float64[np.ndarray, "classes"]) -> None:
        """Each class's top-1 on validation drawings, nan where unknown."""

    def confused(self, step: int, labels: Sequence[str], shares: Float64[np.ndarray, "classes classes"]) -> None:
        """The share of class i's drawings (rows) that are taken for class j (columns), nan where unknown."""

    def pictures(self, step: int, images: Float32[np.ndarray, "n channels side side"], labels: Sequence[str]) -> None:
        """Drawings as the net sees them, in [0, 1]; `step` the one that learns them."""

    def close(self, ending: Ending = "finished") -> None:
        """Nothing more will be told."""


def trackers(out: Path | None, step: int, mlflow: str, params: Mapping[str, Any]) -> "Several":
    """The trackers of the run in `out` from `step` on: TensorBoard always, MLflow where `mlflow` is a URI; none where
    `out` is None. `params` is the run's configuration, nested as it may be."""
    if out is None:
        return Several([])
    found: list[Tracker] = [TensorBoard(out / TENSORBOARD, step, params)]
    if mlflow:
        found.append(MLflow(out, mlflow, params))
    return Several(found)


class Several:
    """Tells every tracker of a list. One that fails is told no more, and said so once: nobody who listens may end a run."""

    def __init__(self, listeners: Sequence[Tracker]) -> None:
        self._listeners = list(listeners)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Tells all."""
        self._tell(lambda each: each.scalars(step, values))

    def per_class(self, step: int, labels: Sequence[str], accuracy: Float64[np.ndarray, "classes"]) -> None:
        """Tells all."""
        self._tell(lambda each: each.per_class(step, labels, accuracy))

    def confused(self, step: int, labels: Sequence[str], shares: Float64[np.ndarray, "classes classes"]) -> None:
        """Tells all."""
        self._tell(lambda each: each.confused(step, labels, shares))

    def pictures(self, step: int, images: Float32[np.ndarray, "n channels side side"], labels: Sequence[str]) -> None:
        """Tells all."""
        self._tell(lambda each: each.pictures(step, images, labels))

    def close(self, ending: Ending = "finished") -> None:
        """Closes all."""
        self._tell(lambda each: each.close(ending))

    def _tell(self, tell: Callable[[Tracker], None]) -> None:
        for each in list(self._listeners):
            try:
                tell(each)
            except Exception as error:  # a full disk, a server that is gone: whatever it is, the run goes on
                self._listeners.remove(each)
                warnings.warn(f"{type(each).__name__} failed and hears no more of this run: {error}", stacklevel=3)


class TensorBoard:
    """Writes to a folder that `tensorboard --logdir` shows; a run that goes on from `step` replaces what came after it.

    Curves; of the classes' accuracy a curve each (`words/…`), a histogram, a chart of worst and best and a table with
    the change since the last validation; a contact sheet of what the net sees.
    """

    def __init__(self, folder: Path, step: int = 0, params: Mapping[str, Any] | None = None) -> None:
        from torch.utils.tensorboard import SummaryWriter

        # An interrupted run may have written beyond its saved step: TensorBoard drops what it finds from here on.
        self._writer = SummaryWriter(str(folder), purge_step=step + 1)
        self._before: dict[str, float] = {}
        if params and step == 0:
            rows = [[f"`{name}`", str(value)] for name, value in flattened(params).items()]
            self._text("configuration", 0, table(["setting", "value"], rows))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """A curve each; on disk when this returns, so that a kill leaves no gap before the saved step."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def per_class(self, step: int, labels: Sequence[str], accuracy: Float64[np.ndarray, "classes"]) -> None:
        """Curves, histogram, chart and table."""
        known = _known(labels, accuracy)
        if not known:
            return
        self._writer.add_histogram("words' accuracy/histogram", np.array(list(known.values())), step, bins=BINS)
        self._image("words' accuracy/worst and best", step, accuracy_chart(known))
        rows = [[word, f"{share:.1%}", self._change(word, share)] for word, share in known.items()]
        self._text("words' accuracy", step, table(["word", "top-1", "change"], rows))
        self._before = known
        self.scalars(step, {f"words/{word}": share for word, share in known.items()})

    def confused(self, step: int, labels: Sequence[str], shares: Float64[np.ndarray, "classes classes"]) -> None:
        """A table of the most frequent confusions, with the way back beside each."""
        rows = [
            [labels[i], labels[j], f"{shares[i, j]:.1%}", "" if np.isnan(shares[j, i]) else f"{shares[j, i]:.1%}"]
            for i, j in most_confused(shares, SHOWN)
        ]
        if rows:
            self._text("confusions", step, table(["drawn", "taken for", "share", "the other way round"], rows))

    def pictures(self, step: int, images: Float32[np.ndarray, "n channels side side"], labels: Sequence[str]) -> None:
        """A contact sheet."""
        if len(images):
            self._image("what the net sees", step, np.asarray(contact_sheet(images, labels)))

    def close(self, ending: Ending = "finished") -> None:
        """All on disk."""
        self._writer.close()

    def _change(self, word: str, share: float) -> str:
        change = share - self._before.get(word, share)
        return f"{100 * change:+.1f}" if abs(change) >= 0.0005 else ""

    def _text(self, name: str, step: int, text: str) -> None:
        self._writer.add_text(name, text, step)

    def _image(self, name: str, step: int, image: UInt8[np.ndarray, "height width 3"]) -> None:
        self._writer.add_image(name, image, step, dataformats="HWC")


class MLflow:
    """Tells an MLflow server (https://…) or data base (sqlite:///…) of a run: settings, curves, accuracy of the classes
    and contact sheets, at its end card and log. A run that goes on does so in the same MLflow run, whose id its folder
    keeps; steps between the saved one and the interruption are then told twice, with the same values."""

    def __init__(self, out: Path, uri: str, params: Mapping[str, Any]) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nobody else hears of the run
        try:
            from mlflow.exceptions import MlflowException
            from mlflow.tracking import MlflowClient
        except ModuleNotFoundError as error:
            raise ValueError(
                f'--mlflow: expected MLflow, found no {error.name}: pip install "gribouille[mlflow]"'
            ) from error
        if not re.match(r"(https?|sqlite|postgresql|mysql|mssql)(\+\w+)?:/|databricks", uri):
            raise ValueError(f"--mlflow: expected a server (https://…) or data base (sqlite:///runs.db), found {uri!r}")
        self._out = out
        try:
            with warnings.catch_warnings():
                # sqlalchemy ≥ 2.1 finds fault with how MLflow declares its tables; nothing a caller can act on.
                warnings.filterwarnings("ignore", r"The ``noload`` loader strategy is deprecated")
                self._client = MlflowClient(tracking_uri=uri)
            self._run = self._resumed() or self._begun(uri, params)
        except MlflowException as error:
            raise ValueError(f"--mlflow {uri}: {error.message}") from error

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """A metric each."""
        from mlflow.entities import Metric

        now = int(1000 * time.time())  # ms
        metrics = [Metric(_allowed(name), float(value), now, step) for name, value in values.items()]
        self._client.log_batch(self._run, metrics=metrics)

    def per_class(self, step: int, labels: Sequence[str], accuracy: Float64[np.ndarray, "classes"]) -> None:
        """A file a validation, worst word first: metrics by the hundred would hide the others."""
        text = json.dumps(_known(labels, accuracy), ensure_ascii=False, indent=1)
        self._client.log_text(self._run, text, f"words/{step:07d}.json")

    def confused(self, step: int, labels: Sequence[str], shares: Float64[np.ndarray, "classes classes"]) -> None:
        """A file a validation: drawn, taken for, share."""
        pairs = [[labels[i], labels[j], float(shares[i, j])] for i, j in most_confused(shares, SHOWN)]
        self._client.log_text(self._run, json.dumps(pairs, ensure_ascii=False), f"confusions/{step:07d}.json")

    def pictures(self, step: int, images: Float32[np.ndarray, "n channels side side"], labels: Sequence[str]) -> None:
        """A contact sheet a time."""
        if len(images):
            self._client.log_image(self._run, contact_sheet(images, labels), f"pictures/{step:07d}.png")

    def close(self, ending: Ending = "finished") -> None:
        """Card and log, and how it ended."""
        for name in (*CARD.values(), LOG):
            if (self._out / name).exists():
                self._client.log_artifact(self._run, str(self._out / name))
        self._client.set_terminated(self._run, "FINISHED" if ending == "finished" else "KILLED")

    def _resumed(self) -> str:
        """The id of the MLflow run that this folder's run is told to, open again; empty where there is none."""
        place = self._out / MLFLOW
        if not place.exists():
            return ""
        run: str = json.loads(place.read_text(encoding="utf-8"))["run"]
        self._client.update_run(run, status="RUNNING")
        return run

    def _begun(self, uri: str, params: Mapping[str, Any]) -> str:
        from mlflow.entities import Param

        known = self._client.get_experiment_by_name(EXPERIMENT)
        experiment = known.experiment_id if known else self._client.create_experiment(EXPERIMENT, _artifacts(uri))
        run: str = self._client.create_run(experiment, run_name=self._out.name).info.run_id
        settings = [Param(_allowed(name), str(value)) for name, value in flattened(params).items()]
        self._client.log_batch(run, params=settings)
        text = json.dumps({"run": run}) + "\n"
        write_text(self._out / MLFLOW, text)
        return run


def _artifacts(uri: str) -> str | None:
    """Where files go for a data base on this machine, beside it (MLflow's own choice is wherever one happens to be)."""
    file = re.fullmatch(r"sqlite(?:\+\w+)?:///(.+)", uri)
    return Path(file[1]).absolute().with_suffix(".files").as_uri() if file else None


def _allowed(name: str) -> str:
    """The name in letters that MLflow takes."""
    return re.sub(r"[^\w\-. :/]", "_", name)


def _known(labels: Sequence[str], accuracy: Float64[np.ndarray, "classes"]) -> dict[str, float]:
    """The accuracy of each class where it is known, worst first."""
    pairs = zip(labels, accuracy.tolist(), strict=True)
    return dict(sorted((pair for pair in pairs if not np.isnan(pair[1])), key=lambda pair: pair[1]))


def most_confused(shares: Float64[np.ndarray, "classes classes"], count: int) -> list[tuple[int, int]]:
    """The pairs (drawn, taken for) of different classes with the greatest shares above 0, greatest first."""
    off = np.where(np.isnan(shares) | np.eye(len(shares), dtype=bool), 0, shares)
    order = np.argsort(-off, axis=None, kind="stable")[:count]
    return [(int(index) // len(off), int(index) % len(off)) for index in order if off.flat[index] > 0]


def flattened(nested: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """A nested mapping's leaves, by their names joined with dots."""
    leaves: dict[str, Any] = {}
    for name, value in nested.items():
        leaves |= flattened(value, f"{above}{name}.") if isinstance(value, Mapping) else {f"{above}{name}": value}
    return leaves


def accuracy_chart(known: Mapping[str, float]) -> UInt8[np.ndarray, "height width 3"]:
    """A picture of the worst and the best classes' accuracy, of all where they are few; `known` holds the worst
    first."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    words = list(known)
    halves = [words] if len(words) <= 2 * SHOWN else [words[:SHOWN], words[-SHOWN:]]
    rows = max(len(half) for half in halves)
    figure = Figure(figsize=(4.5 * len(halves), 1.1 + 0.22 * rows), dpi=110, layout="constrained")
    mean = float(np.mean(list(known.values())))
    figure.suptitle(f"top-1 of {len(words)} words, mean {mean:.1%} (line)", fontsize=11)
    titles = ["all, worst first"] if len(halves) == 1 else [f"the {SHOWN} worst", f"the {SHOWN} best"]
    for number, (half, title) in enumerate(zip(halves, titles, strict=True)):
        axes = figure.add_subplot(1, len(halves), number + 1)
        shares = [known[word] for word in half]
        bars = axes.barh(range(len(half)), shares, color=BEST if number else WORST, height=0.7)
        axes.bar_label(bars, [f"{share:.0%}" for share in shares], padding=3, fontsize=8)
        axes.axvline(mean, color="0.6", linewidth=1, zorder=0)
        axes.set_yticks(range(len(half)), half, fontsize=8, parse_math=False)
        axes.set_xticks([])
        axes.set_xlim(0, 1.14)  # room for the figures
        axes.set_ylim(rows - 0.4, -0.6)
        axes.set_title(title, fontsize=9)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()  # type: ignore[no-untyped-call]


def contact_sheet(images: Float32[np.ndarray, "n channels side side"], labels: Sequence[str]) -> "Image.Image":
    """Each drawing as the net sees it: its channels together as red, green and blue, below them each channel in grey
    where there are several, and its word."""
    from PIL import Image, ImageDraw, ImageFont

    n, channels = images.shape[:2]
    width = channels * GREY + (channels - 1) * GAP if channels > 1 else COLOURED
    block = width + CAPTION + (GREY + GAP if channels > 1 else 0)
    rows = -(-n // COLUMNS)
    sheet = Image.new("RGB", (min(n, COLUMNS) * (width + BETWEEN) + BETWEEN, rows * (block + BETWEEN) + BETWEEN), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for index, (image, label) in enumerate(zip(np.rint(255 * images.clip(0, 1)).astype(np.uint8), labels, strict=True)):
        left = BETWEEN + index % COLUMNS * (width + BETWEEN)
        top = BETWEEN + index // COLUMNS * (block + BETWEEN)
        _paste(sheet, _coloured(image), (left, top), width)
        for place, channel in enumerate(image if channels > 1 else []):
            _paste(sheet, channel, (left + place * (GREY + GAP), top + width + GAP), GREY)
        caption = label
        while pen.textlength(caption, font) > width:
            caption = caption.removesuffix("…")[:-1] + "…"
        pen.text((left + width / 2, top + block - CAPTION / 2), caption, TEXT, font, anchor="mm")
    return sheet


def _paste(sheet: "Image.Image", image: UInt8[np.ndarray, "side side *_"], at: tuple[int, int], room: int) -> None:
    """Put a picture in the middle of a black square, every pixel of it as large as fits, or where none does their
    means."""
    from PIL import Image

    picture, side = Image.fromarray(image), len(image)
    if side <= room:
        picture = picture.resize((room // side * side,) * 2, Image.Resampling.NEAREST)
    else:
        picture = picture.reduce(-(-side // room))
    margin = (room - picture.width) // 2
    sheet.paste((0, 0, 0), (*at, at[0] + room, at[1] + room))
    sheet.paste(picture, (at[0] + margin, at[1] + margin))


def _coloured(image: UInt8[np.ndarray, "channels side side"]) -> UInt8[np.ndarray, "side side 3"]:
    """One channel as grey, two or three as red, green and blue."""
    if len(image) == 1:
        return np.repeat(image[0, :, :, None], 3, axis=2)
    rgb = np.zeros((*image.shape[1:], 3), np.uint8)
    rgb[:, :, : len(image)] = image.transpose(1, 2, 0)
    return rgb
