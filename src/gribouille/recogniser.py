"""From a drawing to ranked guesses, with one model file, numpy and onnxruntime; never torch.

In come strokes in any unit (or drawings), out go English words with probabilities. The file does everything between
points and probabilities (box, raster, net, softmax); what it is (labels, picture, metrics, origin) its metadata says.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from jaxtyping import Float32

from gribouille.drawing import Drawing, Strokes, StrokesError, canonical

MODELS = Path(__file__).parent / "models"  # each with its card
SHIPPED = MODELS / "small.onnx"  # the one that is meant where none is named
PADDING = -1  # the pen of the rows that fill up a batch; the model leaves them out
# Padded points given to the model at once, and so the most that one simplified drawing may have. It bounds the memory
# of the raster inside the model, at 64 px 2 to 34 kB a point (its largest part, see there). Real drawings stay under 1,000.
POINTS_PER_RUN = 4_096
INPUT, OUTPUT = "points", "probabilities"


class ModelError(ValueError):
    """A file that is not a Gribouille model; the message names the file, what was expected and what was found."""


class Guess(NamedTuple):
    """A word (English) and how probable it is (0…1)."""

    label: str
    probability: float


@dataclass(frozen=True)
class Metadata:
    """What a model file says of itself: its words in output order, its picture, and how it came to be."""

    name: str
    labels: tuple[str, ...]
    labels_fr: tuple[str, ...]
    raster: Mapping[str, Any]
    temperature: float
    metrics: Mapping[str, Any]
    data_hash: str
    commit: str
    licence: str

    @classmethod
    def of(cls, properties: Mapping[str, str]) -> "Metadata":
        """The metadata that stands in an ONNX file's properties (text; lists and tables as JSON). Raises ModelError."""
        missing = sorted(cls.__dataclass_fields__.keys() - properties.keys())
        if missing:
            raise ModelError(f"expected the metadata of a Gribouille model, found none of: {', '.join(missing)}")
        try:
            metadata = cls(
                name=properties["name"],
                labels=tuple(json.loads(properties["labels"])),
                labels_fr=tuple(json.loads(properties["labels_fr"])),
                raster=json.loads(properties["raster"]),
                temperature=float(properties["temperature"]),
                metrics=json.loads(properties["metrics"]),
                data_hash=properties["data_hash"],
                commit=properties["commit"],
                licence=properties["licence"],
            )
        except (ValueError, TypeError) as error:
            raise ModelError(f"expected metadata as JSON ({error})") from error
        if not metadata.labels or len(metadata.labels) != len(metadata.labels_fr):
            found = f"{len(metadata.labels)} and {len(metadata.labels_fr)}"
            raise ModelError(f"expected as many labels in English as in French, found {found}")
        return metadata


class Recogniser:
    """Strokes → guesses. Deterministic; may be called from several threads at once.

    `path` is a model file, or the name of a shipped one (`small`, the default); `threads` is how many cores one
    recognition may use. `file` holds the very bytes that were loaded and `sha256` their hash, so that whoever hands the
    model on hands on this one.
    Raises ModelError for a file that is missing or no Gribouille model.
    """

    def __init__(self, path: Path | str | None = None, threads: int = 1) -> None:
        self.path = SHIPPED if path is None else located(path)
        self.file = _bytes_of(self.path)
        self.session = session_of(self.path, self.file, threads)
        try:
            self.metadata = Metadata.of(self.session.get_modelmeta().custom_metadata_map)
            _check_signature(self.session, len(self.metadata.labels))
        except ModelError as error:
            raise ModelError(f"{self.path}: {error}") from error
        self.sha256 = hashlib.sha256(self.file).hexdigest()

    @property
    def labels(self) -> tuple[str, ...]:
        """The English words in the order of the model's output."""
        return self.metadata.labels

    def __call__(self, strokes: Strokes, top: int = 5) -> list[Guess]:
        """The `top` most probable words for strokes in any unit, best first. Raises StrokesError for no drawing."""
        return self.guess(canonical(strokes), top)

    def guess(self, drawing: Drawing, top: int = 5) -> list[Guess]:
        """The `top` most probable words for a drawing, best first (equal ones in the model's order of labels)."""
        if top < 1:
            raise ValueError(f"top: expected at least 1, found {top}")
        probabilities = self.probabilities([drawing])[0]
        best = np.argsort(-probabilities, kind="stable")[:top]
        return [Guess(self.labels[index], float(probabilities[index])) for index in best]

    def probabilities(self, drawings: Sequence[Drawing]) -> Float32[np.ndarray, "drawings classes"]:
        """The probability of every word (columns, in the order of `labels`) for every drawing (rows)."""
        for index, drawing in enumerate(drawings):
            _check_drawing(drawing, index)
        answers = np.empty((len(drawings), len(self.labels)), np.float32)
        for run in _runs([len(drawing) for drawing in drawings]):
            answers[run] = self.session.run([OUTPUT], {INPUT: padded(drawings[run])})[0]
        return answers


def padded(drawings: Sequence[Drawing]) -> Float32[np.ndarray, "drawings points 3"]:
    """The drawings as one batch, the model's input: the shorter ones are filled up with points at 0 and pen −1."""
    batch = np.zeros((len(drawings), max(map(len, drawings)), 3), np.float32)
    batch[:, :, 2] = PADDING
    for row, drawing in zip(batch, drawings, strict=True):
        row[: len(drawing)] = drawing
    return batch


def _runs(lengths: Sequence[int]) -> Iterator[slice]:
    """Consecutive slices of the drawings, each of which fits into POINTS_PER_RUN once padded."""
    start, longest = 0, 0
    for index, length in enumerate(lengths):
        longest = max(longest, length)
        if index > start and longest * (index + 1 - start) > POINTS_PER_RUN:
            yield slice(start, index)
            start, longest = index, length
    if lengths:
        yield slice(start, len(lengths))


def _check_drawing(drawing: Drawing, index: int) -> None:
    # onnxruntime answers with ordinary-looking probabilities for no points at all: nothing may reach it unchecked.
    if drawing.dtype != np.uint8 or drawing.ndim != 2 or drawing.shape[1] != 3 or len(drawing) == 0:
        found = f"{drawing.dtype} {list(drawing.shape)}"
        raise ValueError(f"drawing {index}: expected uint8 [points ≥ 1, 3], found {found}")
    if len(drawing) > POINTS_PER_RUN:
        raise StrokesError(f"expected at most {POINTS_PER_RUN} points after simplification, found {len(drawing)}")
    if drawing[0, 2] != 0 or drawing[:, 2].max() > 1:
        raise ValueError(f"drawing {index}: expected pens 0 (starts a stroke) and 1 (continues it), the first one 0")


def located(model: Path | str) -> Path:
    """The file of a shipped model's name; any other text, and the name of a file that is there, is a path."""
    named, path = MODELS / f"{model}.onnx", Path(model)
    return named if path.name == str(model) and not path.exists() and named.is_file() else path


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """A session on any ONNX file, on `threads` cores of the CPU. Raises ModelError where there is none."""
    return session_of(path, _bytes_of(path), threads)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        shipped = ", ".join(sorted(file.stem for file in MODELS.glob("*.onnx"))) or "none"
        hint = f"; shipped ones are {shipped}" if path == SHIPPED or not path.suffix else ""
        raise ModelError(
            f"{path}: expected a model file, found none that can be read ({error.strerror}){hint}"
        ) from error


def session_of(path: Path | str, file: bytes, threads: int) -> onnxruntime.InferenceSession:
    """A session on the bytes of an ONNX file; `path` says in the ModelError of others where they are from."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3  # errors only: they are raised as well
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has one class per status and no common one but this
        raise ModelError(f"{path}: expected an ONNX file ({str(error).splitlines()[0]})") from error


def _check_signature(session: onnxruntime.InferenceSession, classes: int) -> None:
    inputs = [(port.name, port.type, port.shape[-1]) for port in session.get_inputs()]
    outputs = [(port.name, port.type) for port in session.get_outputs()]
    if inputs != [(INPUT, "tensor(float)", 3)] or outputs != [(OUTPUT, "tensor(float)")]:
        expected = f"{INPUT} float32 [batch, points, 3] → {OUTPUT} float32 [batch, classes]"
        raise ModelError(f"expected {expected}, found {inputs} → {outputs}")
    width = session.get_outputs()[0].shape[-1]
    if isinstance(width, int) and width != classes:
        raise ModelError(f"expected one output for each of {classes} labels, found {width}")
