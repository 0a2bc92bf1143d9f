"""Load: its users beside the same exchanges by plain `websockets` and by Locust, at the same rates."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from realstack.load.engine import Load
from realstack.load.plan import Plan, Script
from realstack.load.results import Results
from realstack.load.schedule import Schedule
from realstack.load.steps import Await, Open, Send

from .measure import Figure, ratios
from .wire import serving

ROUNDS = 3
SECONDS = 2.0
SIZES = ((100, 500.0), (1000, 1500.0))
"""Users, and exchanges a second of all of them."""
TEXT = "x" * 40
LOCUST = Path(__file__).with_name("locust_users.py")
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


@dataclass(frozen=True, slots=True)
class Costs:
    """What an exchange costs: seconds of the processor, and seconds that 99 % of them did not exceed."""

    cpu: float
    p99: float


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


async def locust(url: str, users: int, schedule: Schedule) -> Costs:
    """The same by Locust, whose users wait for their answers before they ask again, and count from when they did ask.

    Raises:
        RuntimeError: It told nothing.
    """
    options = ("--headless", "--users", str(users), "--spawn-rate", str(users), "--run-time", f"{schedule.duration + 1:g}s")
    environment = {"BENCH_URL": url, "BENCH_USERS": str(users), "BENCH_RATE": str(schedule.rate), "BENCH_TEXT": TEXT}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "locust", "-f", str(LOCUST), *options, "--only-summary"),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await process.communicate()
    told = next((line for line in said.decode().splitlines() if line.startswith("{")), None)
    if told is None:
        raise RuntimeError(f"Locust ended with exit code {process.returncode} and told nothing")
    return Costs(**json.loads(told))


async def costs_of_plain(url: str, users: int, schedule: Schedule) -> Costs:
    """See `plain`."""
    began = time.process_time()
    latencies = sorted(await plain(url, users, schedule))
    return Costs((time.process_time() - began) / len(latencies), latencies[int(len(latencies) * 0.99)])


async def costs_of_ours(url: str, users: int, schedule: Schedule) -> Costs:
    """See `ours`."""
    began = time.process_time()
    series = (await ours(url, users, schedule)).series("answer")
    return Costs((time.process_time() - began) / series.count, series.percentile(99))


async def measure() -> list[Figure]:
    """Processor's time of an exchange, opening and closing included, and the 99th percentile of what exchanges took."""
    contenders = {"websockets": costs_of_plain, "Load": costs_of_ours, "Locust": locust}
    figures: list[Figure] = []
    async with serving(SERVER) as url:
        for users, rate in SIZES:
            schedule = Schedule(rate=rate, duration=SECONDS)
            rounds = [{name: await work(url, users, schedule) for name, work in contenders.items()} for _ in range(ROUNDS)]
            for what in ("cpu", "p99"):
                taken = {name: [getattr(one[name], what) * 1000 for one in rounds] for name in contenders}
                figures += ratios(f"{users} users, {rate:g}/s, {what}", taken)
    return figures
