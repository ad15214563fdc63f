"""A plain file server below a path, as a bucket or a page host is one: no header of ours, no API; and what it was asked for."""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

BELOW = "/some/where/"


class StaticHost:
    """Serves `folder` at `address`; `folder` may be changed at any time, as by somebody who puts a new site there."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.address = f"http://127.0.0.1:{port}{BELOW}"
        self.asked: list[str] = []


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: StaticHost

    def translate_path(self, path: str) -> str:
        self.host.asked.append(path)
        if not path.startswith(BELOW):
            return str(self.host.folder / "nothing-is-here")
        self.directory = str(self.host.folder)
        return super().translate_path(path.removeprefix(BELOW[:-1]))

    def send_head(self) -> BytesIO | BinaryIO | None:
        """Whole files always: two sites that a test writes within a second have the same dates."""
        del self.headers["If-Modified-Since"]
        return super().send_head()

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


@contextmanager
def hosting(folder: Path) -> Iterator[StaticHost]:
    """A host of the folder at a free port."""
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler)) as server:
        host = handler.host = StaticHost(folder, server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield host
        server.shutdown()
