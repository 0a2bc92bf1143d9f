"""Load: its users beside the same exchanges by plain `websockets` and by Locust, at the same rates."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from realstack.load.engine import Load
from realstack.load.plan import Limits, Plan, Script
from realstack.load.schedule import Schedule
from realstack.load.steps import Await, Open, Send
from realstack.recording.recorder import recorder

from .measure import Figure, ratios
from .wire import serving

ROUNDS = 3
SECONDS = 2.0
PLANNED = {
    f"{users} users, {rate:g}/s": (users, Schedule(rate=rate, duration=SECONDS)) for users, rate in ((100, 500), (1000, 1500))
}
"""Users, and exchanges a second of all of them."""
CROWD, TIMES = 100, 50
"""Users who ask again as soon as they have their answer, and how often: what a core can do at most."""
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
    """What a load costs.

    Attributes:
        opened: Seconds of the processor for a connection that is opened; closing it is left out.
        cpu: Seconds of the processor for an exchange, the time between them included: timers, and what watches the generator.
        p99: Seconds that 99 % of the exchanges did not exceed.
    """

    opened: float
    cpu: float
    p99: float


def _script(url: str) -> Script:
    ask = Send({"type": "ask", "message_id": "{id}", "payload": {"text": TEXT}})
    return Script("echo", [Open(url)], [ask, Await(("ask", "message_id={id}"), 10.0, "answer")])


async def plain(url: str, users: int, schedule: Schedule) -> Costs:
    """What one would write without a load generator: a task for each user, and no more than it takes."""
    began = time.process_time()
    gate = asyncio.Semaphore(25)

    async def opened() -> ClientConnection:
        async with gate:
            return await connect(url, proxy=None)

    sockets = await asyncio.gather(*(opened() for _ in range(users)))
    opened = time.process_time()
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
    over = time.process_time()
    await asyncio.gather(*(socket.close() for socket in sockets))
    p99 = sorted(latencies)[int(len(latencies) * 0.99)]
    return Costs((opened - began) / users, (over - opened) / len(latencies), p99)


async def ours(url: str, users: int, schedule: Schedule, *, recorded: bool = False) -> Costs:
    """The same by Load, in this process.

    Raises:
        RuntimeError: Something went wrong, and the figures mean nothing.
    """
    people: dict[str, dict[str, Any]] = {f"user-{number}": {} for number in range(users)}
    load = Load(Plan(_script(url), people, schedule, Limits(drain=60.0), recorded=recorded, stay=True))
    times = [time.process_time()]

    async def ready(problems: list[str]) -> float:
        times.append(time.process_time())
        return time.monotonic() + 0.05

    results = await load.run(ready)
    times.append(time.process_time())
    await load.leave()
    if results.errors:
        raise RuntimeError(results.told_errors())
    began, opened, over = times
    series = results.series("answer")
    return Costs((opened - began) / users, (over - opened) / series.count, series.percentile(99))


async def locust(url: str, users: int, schedule: Schedule) -> Costs:
    """The same by Locust, whose users wait for their answers before they ask again, and count from when they did ask.

    Raises:
        RuntimeError: It told nothing.
    """
    options = (
        "--headless",
        "--users",
        str(users),
        "--spawn-rate",
        str(users),
        "--run-time",
        f"{(schedule.duration or SECONDS) + 3:g}s",
    )
    environment = {"BENCH_URL": url, "BENCH_USERS": str(users), "BENCH_RATE": str(schedule.rate or 1e6), "BENCH_TEXT": TEXT}
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


async def measure(folder: Path) -> list[Figure]:
    """Processor's time of a connection and of an exchange, and the 99th percentile of what exchanges took."""
    contenders = {"websockets": plain, "Load": ours, "Load, recorded": partial(ours, recorded=True), "Locust": locust}
    recorder.begin("bench")
    figures: list[Figure] = []
    crowd = {"as fast as they can": (CROWD, Schedule(times=TIMES))}
    async with serving(SERVER) as url:
        for what, (users, schedule) in (PLANNED | crowd).items():
            rounds = [{name: await work(url, users, schedule) for name, work in contenders.items()} for _ in range(ROUNDS)]
            for cost in ("opened", "cpu", "p99") if what in PLANNED else ("cpu",):
                taken = {name: [getattr(one[name], cost) * 1000 for one in rounds] for name in contenders}
                figures += ratios(f"{what}, {cost}", taken)
    return figures
