"""Load: its users beside the same exchanges by plain `websockets`, at the same planned times."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from realstack.load.engine import Load
from realstack.load.plan import Plan, Script
from realstack.load.results import Results
from realstack.load.schedule import Schedule
from realstack.load.steps import Await, Open, Send

from .measure import Contender, Figure, compare
from .wire import serving

ROUNDS = 3
SECONDS = 3.0
SIZES = ((100, 500.0), (500, 1000.0))
"""Users, and exchanges a second of all of them."""
TEXT = "x" * 40
SERVER = """
import asyncio
from websockets.asyncio.server import serve

async def echo(socket):
    async for message in socket:
        await socket.send(message)

async def main():
    async with serve(echo, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, input)

asyncio.run(main())
"""
"""Compresses nothing, as servers of Node's `ws` do by default."""


def _script(url: str) -> Script:
    ask = Send({"type": "ask", "message_id": "{id}", "payload": {"text": TEXT}})
    return Script("echo", [Open(url)], [ask, Await(("ask", "message_id={id}"), 10.0, "answer")])


async def plain(url: str, users: int, schedule: Schedule) -> list[float]:
    """What one would write without a load generator: a task for each user, and no more than it takes.

    Returns:
        The latencies of all exchanges, from their planned times.
    """
    gate = asyncio.Semaphore(25)

    async def opened() -> ClientConnection:
        async with gate:
            return await connect(url, proxy=None)

    sockets = await asyncio.gather(*(opened() for _ in range(users)))
    latencies: list[float] = []
    start = time.monotonic() + 0.05

    async def follow(user: int, socket: ClientConnection, times: Iterator[float]) -> None:
        for number, planned in enumerate(times):
            await asyncio.sleep(start + planned - time.monotonic())
            asked = f"{user}-{number}"
            await socket.send(json.dumps({"type": "ask", "message_id": asked, "payload": {"text": TEXT}}))
            while json.loads(await socket.recv())["message_id"] != asked:
                pass
            latencies.append(time.monotonic() - start - planned)

    users_times = zip(sockets, schedule.deal(users), strict=True)
    await asyncio.gather(*(follow(number, socket, times) for number, (socket, times) in enumerate(users_times)))
    await asyncio.gather(*(socket.close() for socket in sockets))
    return latencies


async def ours(url: str, users: int, schedule: Schedule) -> Results:
    """The same by Load.

    Raises:
        RuntimeError: Something went wrong, and the figures mean nothing.
    """
    people: dict[str, dict[str, Any]] = {f"user-{number}": {} for number in range(users)}
    results = await Load(Plan(_script(url), people, schedule, recorded=False)).run()
    if results.errors:
        raise RuntimeError(results.told_errors())
    return results


async def measure() -> list[Figure]:
    """Processor time of an exchange, opening and closing included."""
    figures: list[Figure] = []
    async with serving(SERVER) as url:
        for users, rate in SIZES:
            schedule = Schedule(rate=rate, duration=SECONDS)
            contenders: dict[str, Contender] = {
                "websockets": partial(plain, url, users, schedule),
                "Load": partial(ours, url, users, schedule),
            }
            group, count = f"{users} users, {rate:g}/s", schedule.count(users)
            figures += await compare(group, contenders, operations=count, rounds=ROUNDS, clock=time.process_time)
    return figures
