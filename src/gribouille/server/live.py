"""Guesses over a WebSocket while somebody draws: one message a drawing, and the latest one wins.

Drawings come faster than they can be recognised on a slow machine; whoever draws wants the answer to the last one. So a
drawing that arrives while another is being recognised waits alone: the next one takes its place, unanswered.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from gribouille.drawing import Strokes, StrokesError
from gribouille.recogniser import Guess
from gribouille.server.guard import MAX_BODY
from gribouille.server.wire import (
    DEFAULT_TOP,
    LiveRequest,
    error_answer,
    pairs,
    strokes_error_answer,
    validation_answer,
)

UNSUPPORTED = 1003  # RFC 6455's close code for a kind of message that we do not take (binary)
TOO_BIG = 1009  # the one for a message too big to process

Sender: TypeAlias = MemoryObjectSendStream[str]
Receiver: TypeAlias = MemoryObjectReceiveStream[str]
Guesser: TypeAlias = Callable[[Strokes, int], Awaitable[list[Guess]]]


async def live(socket: WebSocket, guess: Guesser) -> None:
    """Answers one connection's drawings until it closes: {"guesses": …} or {"error": …}, with the drawing's "id"."""
    await socket.accept()
    # A channel of one place, emptied before each message is put in: what waits is always the latest.
    waiting, arrivals = anyio.create_memory_object_stream[str](1)
    with waiting, arrivals:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_answer_all, socket, arrivals, guess)
            close_code = await _read_all(socket, waiting, arrivals)
            tasks.cancel_scope.cancel()
    if close_code is not None:
        await socket.close(close_code)


async def _read_all(socket: WebSocket, waiting: Sender, arrivals: Receiver) -> int | None:
    """Puts each drawing in the place that waits until the other side leaves; the code to close with if we are to."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text = message.get("text")
        if text is None:
            return UNSUPPORTED
        if len(text) > MAX_BODY:
            return TOO_BIG
        if waiting.statistics().current_buffer_used:
            arrivals.receive_nowait()
        waiting.send_nowait(text)


async def _answer_all(socket: WebSocket, arrivals: Receiver, guess: Guesser) -> None:
    with suppress(WebSocketDisconnect):  # they left while we were thinking; _read_all learns it too
        async for text in arrivals:
            await socket.send_json(await _answer(text, guess))


async def _answer(text: str, guess: Guesser) -> dict[str, Any]:
    try:
        request = LiveRequest.model_validate_json(text)
    except ValidationError as error:
        return validation_answer(error.errors(include_url=False, include_input=False))
    echo = {} if request.id is None else {"id": request.id}
    try:
        return {"guesses": pairs(await guess(request.strokes, DEFAULT_TOP))} | echo
    except StrokesError as error:
        return strokes_error_answer(error) | echo
    except Exception:  # the connection outlives one failure; the log has its traceback, never the drawing
        logging.getLogger(__name__).exception("no guess for a live drawing")
        return error_answer("the recogniser failed") | echo
