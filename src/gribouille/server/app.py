"""The routes. `create_app` takes a recogniser (or a model file) and returns the FastAPI application.

GET /api/v1/model · GET /api/v1/model.onnx (.onnxz: gzipped) · POST /api/v1/guess · WS /api/v1/live · GET / (the page) · GET
/model-version.js, and with a store GET /api/v1/drawings (`drawings`). Recognition runs in threads, one a core, never on the
event loop; its answers are `Recogniser`'s, bit for bit. Every error is {"error": {"message", "stroke", "point"}}.
"""

import hashlib
import os
from collections.abc import Callable
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
from gribouille.server.published import CARD, published
from gribouille.server.wire import (
    DEFAULT_TOP,
    MAX_TOP,
    ErrorAnswer,
    Guesses,
    GuessRequest,
    ModelAnswer,
    Place,
    error_answer,
    pairs,
    strokes_error_answer,
    validation_answer,
)

MISSING: dict[int | str, dict[str, Any]] = {404: {"model": ErrorAnswer}}
REFUSALS: dict[int | str, dict[str, Any]] = {413: {"model": ErrorAnswer}, 422: {"model": ErrorAnswer}}


def create_app(
    model: Recogniser | Path | str | None = None, static: Path = STATIC, store: Path | None = None, where: str = ""
) -> FastAPI:
    """The application around a recogniser, a model file or, by default, the shipped model; `static` is the built page.

    With the folder of a `store` it shows how others drew a word, in the drawings for which `where` holds. Raises ModelError
    where the model file is missing or none of Gribouille's, StoreError for no store, SelectionError.
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
        # brings pyarrow and numba, which serving alone does not need
        from gribouille.server.drawings import add_drawings

        add_drawings(app, store, where)
    app.mount("/", Page(static), name="page")
    return app


def _add_model(app: FastAPI, recogniser: Recogniser, *, drawings: bool) -> None:
    model = published(recogniser, "{name}.{ending}?v={sha256}", Place(server=True, drawings=drawings))
    send_card = _sender(model.card_file, "application/json")

    @app.get(f"/{CARD}", response_model=ModelAnswer)
    async def card(request: Request) -> Response:
        """What the model is: its words, its picture, how accurate it is, where its file lies."""
        return send_card(request, False)

    def add(path: str, version: str, file: bytes) -> None:
        send = _sender(file, "text/javascript" if path.endswith(".js") else "application/octet-stream")

        async def answer(request: Request, v: str = "") -> Response:
            """The model file; asked for with ?v=<its sha256>, it may be kept for ever."""
            if version and v not in ("", version):
                raise HTTPException(404, f"v: expected {version}, found another model's", {"Cache-Control": REVALIDATE})
            return send(request, version != "" and v == version)

        public = path == f"{CARD}.onnx"
        app.get(f"/{path}", response_class=Response, responses=MISSING, include_in_schema=public)(answer)
        app.head(f"/{path}", include_in_schema=False)(answer)

    for address, file in model.files.items():
        path, _, version = address.partition("?v=")
        add(path, version, file)


def _sender(file: bytes, media_type: str) -> Callable[[Request, bool], Response]:
    """A function that answers a request with the file, or (304) that what somebody has of it still holds."""
    etag = f'"{hashlib.sha256(file).hexdigest()}"'

    def send(request: Request, forever: bool) -> Response:
        headers = {"ETag": etag, "Cache-Control": IMMUTABLE if forever else REVALIDATE}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(file, media_type=media_type, headers=headers)

    return send


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
