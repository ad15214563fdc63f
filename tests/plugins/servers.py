"""Servers on this machine to read from: HTTP with ranges and faults on demand, Google Cloud Storage, S3.

The clouds are the emulators of PyPI, one of each for a whole session; what they need of the environment is set for one test.
"""

import hashlib
import os
import sys
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import pytest

PIECE = 1 << 16  # bytes written at a time


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of those who hang up: that is what tests make them do."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class HttpServer:
    """Serves `files`; `faults` are met by the next GETs, one each: a status, or drop, short, stall or reset.

    drop ends the connection in the middle of a body, short gives half of a range and says so, stall waits `stall_s` in
    the middle, reset gives no answer at all.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.headers: dict[str, str] = {}  # more of them, with every answer
        self.etag = True
        self.ranges = True
        self.latency_s = 0.0
        self.stall_s = 0.0
        self.faults: deque[int | str] = deque()
        self.asked: list[tuple[str, str]] = []  # path and Range of every GET
        self.served = 0  # bytes of bodies
        self.at_once = 0  # most GETs answered at the same time
        self.answering = 0
        self.limit: int | None = None  # no more bytes than these are served until it is None again
        self.changed = threading.Condition()
        self.http = _Quiet(("127.0.0.1", 0), _handler(self))
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        """http://host:port"""
        return f"http://127.0.0.1:{self.http.server_port}"

    def url(self, path: str) -> str:
        """The URL of one of the files."""
        return f"{self.address}/{quote(path)}"

    def wait(self, condition: Callable[[], bool]) -> None:
        """Returns once the condition holds; fails after a minute."""
        with self.changed:
            assert self.changed.wait_for(condition, timeout=60)

    def wait_until_full(self) -> None:
        """Returns once the limit holds up whoever is served."""
        limit = self.limit
        assert limit is not None
        self.wait(lambda: self.served > limit - PIECE)

    def let_go(self) -> None:
        """Serves without limit again, waits until nobody is served, and counts anew."""
        with self.changed:
            self.limit = None
            self.changed.notify_all()
        self.wait(lambda: self.answering == 0)
        self.served, self.at_once = 0, 0
        self.asked.clear()

    def close(self) -> None:
        """Stops serving."""
        with self.changed:
            self.limit = None
            self.changed.notify_all()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


def _handler(server: HttpServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with server.changed:
                server.answering += 1
                server.at_once = max(server.at_once, server.answering)
                server.asked.append((self.path, self.headers.get("Range", "")))
                fault = server.faults.popleft() if server.faults else None
                server.changed.notify_all()
            try:
                time.sleep(server.latency_s)
                self.answer(fault)
            except OSError:  # whoever asked is gone
                self.close_connection = True
            finally:
                with server.changed:
                    server.answering -= 1
                    server.changed.notify_all()

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def answer(self, fault: int | str | None) -> None:
            whole = server.files.get(unquote(urlsplit(self.path).path).removeprefix("/"))
            if fault == "reset":
                self.close_connection = True
                return None
            if isinstance(fault, int) or whole is None:
                return self.refuse(fault if isinstance(fault, int) else 404)
            start, stop, status = self.span(len(whole))
            if status == 416:
                return self.refuse(416, {"Content-Range": f"bytes */{len(whole)}"})
            if fault == "short":
                stop = start + (stop - start) // 2
            self.send_response(status)
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(whole)}")
            self.send_header("Content-Length", str(stop - start))
            self.finish_head(whole)
            middle = start + (stop - start) // 2
            self.write(whole[start:middle])
            if fault == "drop":
                self.close_connection = True
                return None
            if fault == "stall":
                time.sleep(server.stall_s)
            self.write(whole[middle:stop])
            return None

        def span(self, size: int) -> tuple[int, int, int]:
            asked = self.headers.get("Range")
            if not asked or not server.ranges:
                return 0, size, 200
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, stop = int(first), min(int(last) + 1, size) if last else size
            return start, stop, 206 if start < size else 416

        def refuse(self, status: int, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.finish_head(b"")

        def finish_head(self, whole: bytes) -> None:
            if server.etag:
                self.send_header("ETag", f'"{hashlib.sha1(whole).hexdigest()}"')
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def write(self, octets: bytes) -> None:
            for start in range(0, len(octets) if self.command == "GET" else 0, PIECE):
                piece = octets[start : start + PIECE]
                with server.changed:
                    while server.limit is not None and server.served + len(piece) > server.limit:
                        server.changed.wait()
                self.wfile.write(piece)
                with server.changed:
                    server.served += len(piece)
                    server.changed.notify_all()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    return Handler


@contextmanager
def serving() -> Iterator[HttpServer]:
    """An HTTP server without files yet."""
    server = HttpServer()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def http_server() -> Iterator[HttpServer]:
    """An HTTP server without files yet."""
    with serving() as server:
        yield server


@dataclass(frozen=True)
class Bucket:
    """An empty bucket of one test on an emulator."""

    url: str  # gs://… or s3://…
    put: Callable[[str, bytes], None]  # a key and its bytes


# The owner's request, as far as moto looks: without it objects are nobody's, and cannot be replaced.
SIGNED = "AWS4-HMAC-SHA256 Credential=testing/20261128/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


def _ask(method: str, url: str, body: bytes | None = None, kind: str = "application/octet-stream") -> None:
    headers = {"Content-Type": kind, "Authorization": SIGNED, "x-amz-acl": "public-read"}
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        answer.read()


@pytest.fixture(scope="session")
def gs_server() -> Iterator[str]:
    """The address of a Google Cloud Storage in memory."""
    from gcp_storage_emulator.server import create_server

    server = create_server("127.0.0.1", 0, in_memory=True)
    server.start()
    server._api._httpd.handle_error = lambda *hung_up: None  # gcsfs asks twice, and drops the slower answer
    host, port = server._api._httpd.server_address
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 in memory."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    server._server.server_close()  # which stop leaves open


def new_bucket(kind: str, address: str) -> Bucket:
    """An empty bucket at the emulator (gs or s3) of that address."""
    name = f"bucket-{uuid4().hex}"
    if kind == "gs":
        _ask("POST", f"{address}/storage/v1/b", f'{{"name": "{name}"}}'.encode(), "application/json")
        upload = f"{address}/upload/storage/v1/b/{name}/o?uploadType=media&name="
        return Bucket(f"gs://{name}", lambda key, octets: _ask("POST", upload + quote(key, safe=""), octets))
    _ask("PUT", f"{address}/{name}")
    return Bucket(f"s3://{name}", lambda key, octets: _ask("PUT", f"{address}/{name}/{quote(key)}", octets))


@pytest.fixture
def gs_bucket(gs_server: str, no_credentials: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket, with the environment that leads gcsfs to it."""
    no_credentials.setenv("STORAGE_EMULATOR_HOST", gs_server)
    return new_bucket("gs", gs_server)


@pytest.fixture
def s3_bucket(s3_server: str, no_credentials: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket, with the environment that leads s3fs to it, signed."""
    no_credentials.setenv("AWS_ENDPOINT_URL", s3_server)
    no_credentials.setenv("AWS_ACCESS_KEY_ID", "testing")
    no_credentials.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    return new_bucket("s3", s3_server)


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> pytest.MonkeyPatch:
    """An environment without credentials or settings of a cloud; the fixture's value changes it for the test."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "GOOGLE_", "CLOUDSDK_", "STORAGE_EMULATOR", "FSSPEC_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return monkeypatch
