"""WebSockets: connections with their ledgers beside plain `websockets`: round trips a second, the processor's time of frames, and
how long trips take, over several connections at once and by size of frames; and the memory of connections that do nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from websockets.asyncio.client import connect

from realstack.recording.recorder import recorder
from realstack.websocket import Connection, Match, Options

from .load import SERVER
from .measure import Figure, percentile, ratios
from .wire import serving

CONNECTIONS = (1, 10, 500)
SIZES = {"100 B": (100, 3000), "64 KiB": (64 * 1024, 500)}
"""Bytes of a frame, and how many trips there are, of all connections together."""
ROUNDS, IDLE, PATIENCE = 5, 500, 30.0
Trip = Callable[[], Awaitable[object]]
Close = Callable[[], Awaitable[object]]
MATCH = Match.of("ask")


async def plain(url: str, message: str) -> tuple[Trip, Close]:
    """A connection as one would open it without this package."""
    socket = await connect(url, compression=None, proxy=None, max_size=None)

    async def trip() -> None:
        await socket.send(message)
        json.loads(await socket.recv())

    return trip, socket.close


async def ours(url: str, message: str, *, recorded: bool = False) -> tuple[Trip, Close]:
    """One of this package, whose ledger keeps every frame."""
    record = recorder.record if recorded else None
    connection = await Connection.open("bench", Options(url, compression=False, ledger_size=1000), record=record)

    async def trip() -> None:
        await connection.send(message)
        await connection.wait_for(MATCH, PATIENCE)

    return trip, connection.close


async def recorded(url: str, message: str) -> tuple[Trip, Close]:
    """The same, where a test's recording has every frame, too."""
    recorder.begin("bench")
    return await ours(url, message, recorded=True)


CONTENDERS = {"websockets": plain, "Connection": ours, "Connection, recorded": recorded}


async def _round(
    url: str, opened: Callable[[str, str], Awaitable[tuple[Trip, Close]]], count: int, size: int, trips: int
) -> list[float]:
    """Trips a second, seconds of the processor for 100,000 frames, and milliseconds of the middle trip and of all but 1 %."""
    message = json.dumps({"type": "ask", "text": "x" * (size - 30)})
    ends = [await opened(url, message) for _ in range(count)]
    taken: list[float] = []

    async def go(trip: Trip) -> None:
        for _ in range(max(1, trips // count)):
            began = time.perf_counter()
            await trip()
            taken.append(time.perf_counter() - began)

    began, busy = time.perf_counter(), time.process_time()
    await asyncio.gather(*(go(trip) for trip, _ in ends))
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    await asyncio.gather(*(close() for _, close in ends))
    return [len(taken) / seconds, cpu / len(taken) / 2 * 100_000, percentile(taken, 50) * 1000, percentile(taken, 99) * 1000]


def _idle(name: str, url: str) -> float:
    """KiB of memory of one connection that is open, in a process of its own."""
    program = (
        "import asyncio, bench.sockets as bench\n"
        "async def main():\n"
        f"    first = await bench.CONTENDERS[{name!r}]({url!r}, 'x')\n"
        "    before = bench.anonymous()\n"
        f"    ends = [await bench.CONTENDERS[{name!r}]({url!r}, 'x') for _ in range({IDLE})]\n"
        f"    print((bench.anonymous() - before) / {IDLE})\n"
        "asyncio.run(main())\n"
    )
    return float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def anonymous() -> float:
    """KiB of this process's own memory."""
    told = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    return float(next(line for line in told.splitlines() if line.startswith("Anonymous:")).split()[1])


async def measure(folder: Path) -> list[Figure]:
    """Everything about sockets."""
    figures: list[Figure] = []
    async with serving(SERVER) as url:
        for size, (count_of_bytes, trips) in SIZES.items():
            for count in CONNECTIONS:
                rounds = [
                    {name: await _round(url, opened, count, count_of_bytes, trips) for name, opened in CONTENDERS.items()}
                    for _ in range(ROUNDS)
                ]
                for place, (what, unit) in enumerate(
                    (("trips", "/s"), ("100,000 frames", "s CPU"), ("p50", "ms"), ("p99", "ms"))
                ):
                    taken = {name: [one[name][place] for one in rounds] for name in CONTENDERS}
                    figures += ratios(f"{size}, {count} at once, {what}", taken, unit)
        idle = {name: [await asyncio.to_thread(_idle, name, url) for _ in range(3)] for name in CONTENDERS}
        return [*figures, *ratios("an idle connection", idle, "KiB")]
