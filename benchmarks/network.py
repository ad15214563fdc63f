"""A slow network before a server on this machine: bandwidth shared by all connections, a round-trip time, hand-shakes.

A TCP proxy, and not the browser's own throttling, which lets workers and service workers through at full speed. Not modelled:
TCP's slow start, packet loss, the server's name being looked up.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

LATE = 0.02  # s that a timer may be late without the line losing time by it
PIECE = 8_192  # bytes forwarded at once: how finely connections share the line


@dataclass(frozen=True)
class Network:
    """`megabits` a second each way; `round_trip` in s; `handshakes`: round trips before a connection carries anything."""

    megabits: float
    round_trip: float
    handshakes: int


class _Line:
    """One direction: when its next piece may leave."""

    def __init__(self, network: Network) -> None:
        self.bytes_per_second = network.megabits * 1e6 / 8
        self.free = 0.0

    async def pass_on(self, count: int) -> float:
        """Waits until so many bytes have gone out; the moment, on the loop's clock."""
        now = asyncio.get_running_loop().time()
        self.free = max(now - LATE, self.free) + count / self.bytes_per_second
        await asyncio.sleep(max(0.0, self.free - now))
        return self.free


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: _Line, delay: float) -> None:
    """Forwards what comes until it ends, each piece as fast as the line allows and `delay` seconds late."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            moment, piece = await under_way.get()
            await asyncio.sleep(max(0.0, moment - loop.time()))
            if not piece:
                writer.close()
                return
            writer.write(piece)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    try:
        while piece := await reader.read(PIECE):
            under_way.put_nowait((await line.pass_on(len(piece)) + delay, piece))
        under_way.put_nowait((loop.time() + delay, b""))
        await delivery
    except ConnectionError:  # one of the two has left
        delivery.cancel()
        writer.close()


async def _hang_up(server: asyncio.Server, writers: list[asyncio.StreamWriter]) -> None:
    """Listens no longer, and ends every connection that is still open."""
    server.close()
    for writer in writers:
        writer.close()
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)


@contextmanager
def slowed(address: str, network: Network) -> Iterator[str]:
    """The address at which the server at `address` is as far away as the network says."""
    target = urlsplit(address)
    up, down = _Line(network), _Line(network)
    half = network.round_trip / 2
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await asyncio.sleep(network.handshakes * network.round_trip)
        try:
            server_reader, server_writer = await asyncio.open_connection(target.hostname, target.port)
        except OSError:
            writer.close()
            return
        writers.append(server_writer)
        await asyncio.gather(_carry(reader, server_writer, up, half), _carry(server_reader, writer, down, half))

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(connected, "127.0.0.1", 0))
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{target.path}"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        asyncio.run_coroutine_threadsafe(_hang_up(server, writers), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
