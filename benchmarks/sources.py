"""How fast a remote file comes by range reads, some of them under way ahead, beside one plain GET in the same run.

    python benchmarks/sources.py [--mib 256] [--latency-ms 20] [--repeat 5]

The server is a process of its own on this machine: every request waits for the latency, and a connection gives as many MB/s as
the table says (0: as fast as it can). Prints date, machine, versions and commit, then for each way median and best MB/s.
"""

import argparse
import statistics
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection

from provenance import provenance

from gribouille.sources import find, stream

PIECE = 1 << 18  # bytes written at a time
MIB = 1 << 20


def main() -> None:
    """Reads the same file by every way and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--latency-ms", type=float, default=20.0)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    print(provenance("fsspec", "aiohttp", "tenacity"))
    print(f"{options.mib} MiB, {options.latency_ms:g} ms a request, {options.repeat} runs after one to warm up\n")
    print(f"{'MB/s a connection':>18} {'way':32} {'median MB/s':>12} {'best MB/s':>10}")
    for rate in (0, 50):
        ours, theirs = get_context("spawn").Pipe()
        server = get_context("spawn").Process(
            target=serve, args=(theirs, options.mib * MIB, options.latency_ms / 1000, rate), daemon=True
        )
        server.start()
        url = f"http://127.0.0.1:{ours.recv()}/drawings.ndjson"
        ways: dict[str, Callable[[], int]] = {"one GET (urllib)": partial(with_urllib, url)}
        for chunk in (1, 8):
            for ahead in (1, 4, 8):
                ways[f"ranges of {chunk} MiB, {ahead} under way"] = partial(with_ranges, url, ahead, chunk * MIB)
        for name, way in ways.items():
            report(name, rate, options.mib * MIB, options.repeat, way)
        server.terminate()
        server.join()


def serve(pipe: Connection, size: int, latency_s: float, rate: float) -> None:
    """Serves one file of so many bytes; tells its port first."""
    octets = bytes(range(256)) * (size // 256)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """The asked range, or the whole, no faster than the rate."""
            time.sleep(latency_s)
            start, stop = 0, size
            if asked := self.headers.get("Range"):
                first, _, last = asked.removeprefix("bytes=").partition("-")
                start, stop = int(first), int(last) + 1
            self.send_response(206 if asked else 200)
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
            self.send_header("Content-Length", str(stop - start))
            self.end_headers()
            view, began = memoryview(octets), time.perf_counter()
            for at in range(start, stop, PIECE):
                self.wfile.write(view[at : min(at + PIECE, stop)])
                if rate:
                    time.sleep(max(0.0, (at - start) / (rate * 1e6) - (time.perf_counter() - began)))

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Nothing: clients hang up when they have seen enough."""

    with Server(("127.0.0.1", 0), Handler) as http:
        pipe.send(http.server_port)
        http.serve_forever()


def with_urllib(url: str) -> int:
    """The usual way: one GET, read in pieces; the number of bytes."""
    read = 0
    with urllib.request.urlopen(url) as answer:
        while octets := answer.read(MIB):
            read += len(octets)
    return read


def with_ranges(url: str, ahead: int, chunk: int) -> int:
    """Ours, with the request that finds the file; the number of bytes."""
    return sum(map(len, stream(find(url)[0], ahead=ahead, chunk=chunk)))


def report(name: str, rate: float, size: int, repeat: int, way: Callable[[], int]) -> None:
    """Prints the rates of one way."""
    assert way() == size
    seconds = []
    for _ in range(repeat):
        began = time.perf_counter()
        way()
        seconds.append(time.perf_counter() - began)
    median, best = size / statistics.median(seconds) / 1e6, size / min(seconds) / 1e6
    print(f"{rate or 'no limit':>18} {name:32} {median:12.0f} {best:10.0f}")


if __name__ == "__main__":
    main()
