"""A listening server: one process, one address, until it is told to stop."""

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from gribouille.recogniser import Recogniser
from gribouille.server.app import create_app
from gribouille.server.guard import MAX_BODY


class PortError(ValueError):
    """An address at which the server cannot listen."""


def serve(
    host: str,
    port: int,
    model: Path | None = None,
    announce: Callable[[str], None] = lambda address: None,
    store: Path | None = None,
    where: str = "",
) -> None:
    """Serves the page and the API at host:port (0: any free port) until interrupted.

    Calls `announce` with the page's address once connections are accepted. `store` is the folder of drawings to show,
    those for which `where` holds. Raises ModelError for a bad model file, StoreError for no store, SelectionError, PortError
    where the port is taken or not ours to use.
    """
    app = create_app(Recogniser(model), store=store, where=where)
    with listening(host, port) as listener:
        bound = listener.getsockname()[1]
        announce(f"http://{f'[{host}]' if ':' in host else host}:{bound}/")
        # Warnings only: an access log would say who drew when.
        config = uvicorn.Config(app, log_level="warning", access_log=False, ws_max_size=MAX_BODY)
        uvicorn.Server(config).run(sockets=[listener])


def listening(host: str, port: int) -> socket.socket:
    """A socket that accepts connections at host:port. Raises PortError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = error.strerror or error
        raise PortError(f"{host}:{port}: expected a free address to listen at ({reason}); try another port") from error
