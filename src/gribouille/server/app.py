"""The routes. `create_app` takes a recogniser (or a model file) and returns the FastAPI application.

GET /api/v1/model · GET /api/v1/model.onnx · POST /api/v1/guess · WS /api/v1/live · GET / (the page), and with a store
GET /api/v1/drawings (`drawings`). Recognition runs in threads, one a core, never on the event loop; its answers are
`Recogniser`'s, bit for bit. Every error is {"error": {"message", "stroke", "point"}}.
"""

import os
from pathlib import Path
from typing import Annotated, Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI, Query, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from gribouille import __version__
from gribouille.drawing import Strokes, StrokesError
from gribouille.recogniser import Guess, Recogniser
from gribouille.server.guard import SECURITY_HEADERS, BodyLimit, SecurityHeaders, refuse_costly
from gribouille.server.live import live
from gribouille.server.page import IMMUTABLE, REVALIDATE, STATIC, Page
from gribouille.server.wire import (
    DEFAULT_TOP,
    MAX_TOP,
    ErrorAnswer,
    Guesses,
    GuessRequest,
    ModelAnswer,
    error_answer,
    model_answer,
    pairs,
    strokes_error_answer,
    validation_answer,
)

MODEL_URL = "/api/v1/model.onnx"
REFUSALS: dict[int | str, dict[str, Any]] = {413: {"model": ErrorAnswer}, 422: {"model": ErrorAnswer}}


def create_app(
    model: Recogniser | Path | str | None = None, static: Path = STATIC, store: Path | None = None
) -> FastAPI:
    """The application around a recogniser, a model file or, by default, the shipped model; `static` is the built page.

    With the folder of a `store` it shows how others drew a word. Raises ModelError where the model file is missing or none
    of Gribouille's, StoreError for no store.
    """
    recogniser = model if isinstance(model, Recogniser) else Recogniser(model)
    app = FastAPI(
        title="Gribouille",
        version=__version__,
        description="Recognises what you are drawing, while you draw it.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # FastAPI's viewers load scripts from another host, which the policy of every response forbids
        redoc_url=None,
        middleware=[Middleware(SecurityHeaders), Middleware(BodyLimit)],
    )
    _add_errors(app)
    _add_model(app, recogniser, drawings=store is not None)
    _add_guesses(app, recogniser)
    if store is not None:
        from gribouille.server.drawings import (
            add_drawings,
        )  # brings pyarrow and numba, which serving alone does not need

        add_drawings(app, store)
    app.mount("/", Page(static), name="page")
    return app


def _add_model(app: FastAPI, recogniser: Recogniser, *, drawings: bool) -> None:
    description = model_answer(recogniser, MODEL_URL, drawings=drawings)
    etag = f'"{recogniser.sha256}"'

    @app.get("/api/v1/model")
    async def model() -> ModelAnswer:
        """What the model is: its words, its picture, how accurate it is, where its file lies."""
        return description

    @app.head(MODEL_URL, include_in_schema=False)
    @app.get(MODEL_URL, response_class=Response)
    async def model_file(request: Request, v: str | None = None) -> Response:
        """The model file; asked for with ?v=<its sha256>, it may be kept for ever."""
        headers = {"ETag": etag, "Cache-Control": IMMUTABLE if v == recogniser.sha256 else REVALIDATE}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(recogniser.file, media_type="application/octet-stream", headers=headers)


def _add_guesses(app: FastAPI, recogniser: Recogniser) -> None:
    cores = CapacityLimiter(os.cpu_count() or 1)

    def guess_now(strokes: Strokes, top: int) -> list[Guess]:
        refuse_costly(strokes)
        return recogniser(strokes, top)

    async def guess(strokes: Strokes, top: int) -> list[Guess]:
        return await run_sync(guess_now, strokes, top, limiter=cores)

    @app.post("/api/v1/guess", responses=REFUSALS)
    async def guess_once(drawing: GuessRequest, top: Annotated[int, Query(ge=1, le=MAX_TOP)] = DEFAULT_TOP) -> Guesses:
        """The `top` most probable words for a drawing."""
        return Guesses(guesses=pairs(await guess(drawing.strokes, top)))

    @app.websocket("/api/v1/live")
    async def guess_live(socket: WebSocket) -> None:
        await live(socket, guess)


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(StrokesError)
    async def no_drawing(request: Request, error: StrokesError) -> JSONResponse:
        return JSONResponse(strokes_error_answer(error), 422)

    @app.exception_handler(RequestValidationError)
    async def other_form(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse(validation_answer(error.errors()), 422)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse(error_answer(str(error.detail)), error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        # Starlette sends this one from outside of all middleware.
        return JSONResponse(error_answer("the server failed"), 500, SECURITY_HEADERS)
