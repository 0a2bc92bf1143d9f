"""The 99th percentile that Load tells, beside the truth of a server that tells how long it held each answer: always as long, of
two kinds, and a stall of one second, which a loop that waits for its answers (closed) does not see."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from websockets.asyncio.client import connect

from realstack.load.engine import Load
from realstack.load.plan import Plan, Script
from realstack.load.schedule import Schedule
from realstack.load.steps import Await, Open, Send

from .measure import Figure, figure, percentile
from .wire import serving

USERS, RATE, SECONDS, ROUNDS = 50, 100.0, 4.0, 3
STALL, STALLED_AT = 1.0, 2.0
SERVER = """
import asyncio, json, time
from websockets.asyncio.server import serve

async def late(socket, asked):
    began = time.monotonic()
    await asyncio.sleep(asked["delay"])
    await socket.send(json.dumps({**asked, "held": time.monotonic() - began}))

async def talk(socket):
    tasks = set()
    async for message in socket:
        asked = json.loads(message)
        if asked["stall"]:
            time.sleep(asked["stall"])
        task = asyncio.create_task(late(socket, asked))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

async def main():
    async with serve(talk, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, input)

asyncio.run(main())
"""
"""Answers after as long as it is told; a stall keeps it from everything, as a full collection of garbage does."""


async def told(url: str, delays: list[float]) -> tuple[float, float]:
    """Seconds that 99 % of the answers did not exceed, as Load and as the server tell them; each user has one of the delays."""
    ask = Send({"message_id": "{id}", "delay": "{delay}", "stall": 0})
    script = Script("truth", [Open(url)], [ask, Await(("message_id={id}",), 30.0, "answer", {"held": "held"})])
    people = {f"user-{number}": {"delay": delay} for number, delay in enumerate(delays)}
    results = await Load(Plan(script, people, Schedule(rate=RATE, duration=SECONDS), recorded=False)).run()
    held = [iteration["held"] for kept in results.kept.values() for iteration in kept]
    return results.series(None).percentile(99), percentile(held, 99)


async def _stall(url: str) -> None:
    async with connect(url, proxy=None) as socket:
        await asyncio.sleep(STALLED_AT)
        await socket.send(json.dumps({"delay": 0, "stall": STALL}))
        await socket.recv()


async def closed(url: str) -> float:
    """The same by a loop for each user that counts from when it asked, and asks at its share of the rate."""
    taken: list[float] = []
    end = time.monotonic() + SECONDS

    async def ask_again() -> None:
        async with connect(url, proxy=None) as socket:
            while time.monotonic() < end:
                began = time.monotonic()
                await socket.send(json.dumps({"delay": 0, "stall": 0}))
                await socket.recv()
                taken.append(time.monotonic() - began)
                await asyncio.sleep(max(0.0, began + 1 / RATE - time.monotonic()))

    await ask_again()
    return percentile(taken, 99)


async def measure(folder: Path) -> list[Figure]:
    """The error of the 99th percentile, in percent of the truth."""
    figures: list[Figure] = []
    two = [0.2 if number % 10 == 0 else 0.01 for number in range(USERS)]
    async with serving(SERVER) as url:
        for what, delays in (("always 50 ms", [0.05] * USERS), ("10 ms, a tenth 200 ms", two)):
            seen = [await told(url, delays) for _ in range(ROUNDS)]
            figures.append(figure(what, "p99, true", [truth * 1000 for _, truth in seen]))
            figures.append(figure(what, "p99, told", [one * 1000 for one, _ in seen]))
            figures.append(figure(what, "error", [(one / truth - 1) * 100 for one, truth in seen], "%"))
        planned = [number / RATE for number in range(int(RATE * SECONDS))]
        truth = percentile([max(0.0, STALLED_AT + STALL - at) if at >= STALLED_AT else 0.0 for at in planned], 99)
        stalled: list[float] = []
        loops: list[float] = []
        for _ in range(ROUNDS):
            stalled.append((await asyncio.gather(told(url, [0.0] * USERS), _stall(url)))[0][0])
            loops.append((await asyncio.gather(closed(url), _stall(url)))[0])
        figures.append(figure("a stall of 1 s", "p99, true", truth * 1000))
        figures.append(figure("a stall of 1 s", "p99, told", [one * 1000 for one in stalled]))
        figures.append(figure("a stall of 1 s", "error", [(one / truth - 1) * 100 for one in stalled], "%"))
        figures.append(figure("a stall of 1 s", "p99 of a closed loop", [one * 1000 for one in loops]))
    return figures
