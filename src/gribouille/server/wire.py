"""What crosses the network, as pydantic models: they check what comes in and describe it in OpenAPI.

Strokes are Quick, Draw!'s `drawing` field (design §3). Whether they are a drawing is for `canonical` to say; here only
their nesting is checked. Guesses are pairs [English word, probability], best first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt

from gribouille.drawing import MAX_POINTS, StrokesError
from gribouille.recogniser import Guess, Recogniser
from gribouille.word_scores import word_scores_of

DEFAULT_TOP = 5  # guesses in an answer
MAX_TOP = 1_000  # more than any model has words

Stroke = Annotated[list[list[StrictFloat]], Field(min_length=2, max_length=3)]


class GuessRequest(BaseModel):
    """A drawing as it was drawn."""

    model_config = ConfigDict(extra="forbid")

    strokes: Annotated[
        list[Stroke],
        Field(
            description="One entry a stroke: [x…], [y…] and optionally [t…] in ms; any unit, y down;"
            f" at most {MAX_POINTS} points in all. The whole drawing, each time.",
            examples=[[[[20, 93, 134, 201, 199], [90, 29, 3, 150, 102]]]],
        ),
    ]


class LiveRequest(GuessRequest):
    """A drawing on the WebSocket; `id` comes back with its answer."""

    id: StrictInt | None = None


class Guesses(BaseModel):
    """The most probable words, best first."""

    guesses: list[tuple[str, float]] = Field(description="Pairs [English word, probability from 0 to 1], best first.")


class Refusal(BaseModel):
    """Why there is no guess; stroke and point (from 0) say where, null where it is not one alone."""

    message: str
    stroke: int | None = None
    point: int | None = None


class ErrorAnswer(BaseModel):
    """The form of every answer that is an error."""

    error: Refusal


class FirstModel(BaseModel):
    """A smaller model of the same words, that guesses until the larger one has arrived."""

    packed: str
    sha256: str


@dataclass(frozen=True)
class Place:
    """What can be asked for where a model lies: guesses (not of static files), others' drawings (of a server with a store)."""

    server: bool
    drawings: bool


class ModelAnswer(BaseModel):
    """What the model is, and where its file lies for those who recognise on their own device."""

    name: str
    labels: list[str] = Field(description="English words in the order of the model's output.")
    labels_fr: list[str] = Field(description="The same in French.")
    raster: dict[str, Any] = Field(description="The picture that the model draws from the points.")
    metrics: dict[str, Any] = Field(description="Measured accuracy, with its protocol.")
    accuracies: dict[str, float] | None = Field(
        description="Per English word the share of finished drawings that is guessed rightly, estimated on test drawings;"
        " null for a model that nobody measured word by word."
    )
    data_hash: str
    commit: str
    licence: str
    bytes: int
    sha256: str
    url: str = Field(description="Where the file lies, relative to this address.")
    packed: str = Field(description="Where it lies gzipped, likewise; a quarter less.")
    first: FirstModel | None = None
    server: bool = Field(description="Whether guesses can be asked for here, or only the model.")
    drawings: bool = Field(description="Whether the server shows drawings of its store: GET /api/v1/drawings.")


def pairs(guesses: Sequence[Guess]) -> list[tuple[str, float]]:
    """The guesses as plain pairs, as they stand on the wire."""
    return [(guess.label, guess.probability) for guess in guesses]


def model_answer(recogniser: Recogniser, url: str, packed: str, first: FirstModel | None, place: Place) -> ModelAnswer:
    """The description of a recogniser's model, whose file can be had at `url` and, gzipped, at `packed`."""
    metadata, scores = recogniser.metadata, word_scores_of(recogniser.path, recogniser.sha256)
    return ModelAnswer(
        name=metadata.name,
        labels=list(metadata.labels),
        labels_fr=list(metadata.labels_fr),
        raster=dict(metadata.raster),
        metrics=dict(metadata.metrics),
        accuracies=None if scores is None else {word: round(share, 4) for word, share in scores.accuracies.items()},
        data_hash=metadata.data_hash,
        commit=metadata.commit,
        licence=metadata.licence,
        bytes=len(recogniser.file),
        sha256=recogniser.sha256,
        url=url,
        packed=packed,
        first=first,
        server=place.server,
        drawings=place.drawings,
    )


def error_answer(message: str, stroke: int | None = None, point: int | None = None) -> dict[str, Any]:
    """The body of an answer that is an error."""
    return ErrorAnswer(error=Refusal(message=message, stroke=stroke, point=point)).model_dump()


def strokes_error_answer(error: StrokesError) -> dict[str, Any]:
    """The body of an answer to strokes that are no drawing."""
    return error_answer(str(error), error.stroke, error.point)


def validation_answer(errors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The body of an answer to a message of another form, by the first of pydantic's errors.

    Where that lies in a stroke, its place (…, "strokes", stroke, x|y|t, point) names stroke and point.
    """
    place = list(errors[0]["loc"])
    message = f"{'.'.join(map(str, place)) or 'message'}: {errors[0]['msg']}"
    inside = place[place.index("strokes") + 1 :] if "strokes" in place else []
    numbers = [step for step in inside if isinstance(step, int)]
    stroke = numbers[0] if numbers else None
    point = numbers[2] if len(numbers) > 2 else None
    return error_answer(message, stroke, point)
