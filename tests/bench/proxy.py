"""The fault proxy: bytes a second and how long one byte takes through it, beside the connection without it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from realstack.faults.links import targets_of
from realstack.faults.proxy import ProxyLink
from realstack.faults.toxics import Latency, Way

from .measure import Figure, percentile, ratios
from .wire import serving

ROUNDS, TRIPS, SIZE = 5, 500, 64 * 1024 * 1024
SERVER = f"""
import asyncio

async def serve(reader, writer):
    while word := await reader.read(1):
        if word == b"a":
            for _ in range({SIZE // 65536}):
                writer.write(bytes(65536))
                await writer.drain()
        else:
            writer.write(word)

async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, input)

asyncio.run(main())
"""
"""Sends all for an ``a``, and anything else back."""


async def _round(port: int) -> tuple[float, float]:
    """Megabytes a second, and the median of round trips in milliseconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    trips = []
    for _ in range(TRIPS):
        began = time.perf_counter()
        writer.write(b"b")
        await reader.readexactly(1)
        trips.append((time.perf_counter() - began) * 1000)
    began, left = time.perf_counter(), SIZE
    writer.write(b"a")
    while left:
        left -= len(await reader.read(65536))
    took = time.perf_counter() - began
    writer.close()
    await writer.wait_closed()
    return SIZE / 1e6 / took, percentile(trips, 50)


async def measure(folder: Path) -> list[Figure]:
    """A byte there and back, and 64 MiB; the proxy runs in the client's own process, as it does in a run of Robot."""
    async with serving(SERVER) as told:
        links = [ProxyLink(name, targets_of("127.0.0.1", int(told))[0]) for name in ("plain", "toxic")]
        for link in links:
            await link.open()
        links[1].add(Latency("latency", Way.FROM_SERVICE, seconds=0.0))
        ports = {"a connection": int(told), "through the proxy": links[0].port, "proxy with a toxic": links[1].port}
        try:
            rounds = [{name: await _round(port) for name, port in ports.items()} for _ in range(ROUNDS)]
        finally:
            for link in links:
                await link.close()
    speeds, trips = ({name: [one[name][place] for one in rounds] for name in ports} for place in (0, 1))
    return [*ratios("64 MiB", speeds, "MB/s"), *ratios("a byte and back", trips)]
