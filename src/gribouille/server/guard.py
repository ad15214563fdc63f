"""What surrounds every answer: security headers, and limits on how much a request may send and how much work it may ask.

The middleware is pure ASGI (BaseHTTPMiddleware would copy every body through a queue).
"""

import math
from itertools import pairwise

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gribouille.drawing import SIDE, Strokes, StrokesError
from gribouille.recogniser import POINTS_PER_RUN

# Units of 1/255 of the drawing's longer side. The longest of 6,630 real raw drawings has 36,000; beyond, simplification
# of a drawing made to be slow grows with the square: 0.9 s at 100,000, 4 s at 200,000, on one core.
MAX_INK = 100_000
MAX_STROKES = POINTS_PER_RUN // 2  # each leaves two points or more
MAX_BODY = 2 * 1024 * 1024  # bytes: 20,000 points with t and generous decimals

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",  # onnxruntime-web compiles its own wasm
        "worker-src 'self'",
        "connect-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

SECURITY_HEADERS = {
    # Together they isolate the page from other origins: the condition for threads in WebAssembly.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class SecurityHeaders:
    """Adds SECURITY_HEADERS to every response, and to the hand-shake of every WebSocket."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class BodyLimit:
    """Refuses (413), inside the application, a request whose body goes past MAX_BODY bytes, however it is sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection."""
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b"")) if message["type"] == "http.request" else 0
            if received > MAX_BODY:
                raise HTTPException(413, f"body: expected at most {MAX_BODY} bytes", {"Connection": "close"})
            return message

        await self.app(scope, receive_counted, send)


def refuse_costly(strokes: Strokes) -> None:
    """Raises StrokesError for strokes that would take seconds to simplify; whether they are a drawing it does not ask."""
    if len(strokes) > MAX_STROKES:
        raise StrokesError(f"expected at most {MAX_STROKES} strokes, found {len(strokes)}")
    extent = max((_extent([x for stroke in strokes for x in stroke[axis]]) for axis in (0, 1)), default=0.0)
    ink = sum(math.dist(a, b) for x, y, *_ in strokes for a, b in pairwise(zip(x, y, strict=False)))
    if ink * SIDE > MAX_INK * extent:
        raise StrokesError(
            f"expected strokes at most {MAX_INK // SIDE} times as long as the drawing is wide, found more"
        )


def _extent(values: list[float]) -> float:
    return max(values, default=0.0) - min(values, default=0.0)
