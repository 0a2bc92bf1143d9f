"""A link that the kernel cuts: from asking for it until the first packet is dropped, and from asking for its end until the first
byte comes through, on a connection that was there and on a new one."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from realstack.core.waiting import Deadline, poll
from realstack.faults.kernel import Plan
from support.kernel_scene import Client, Scene, scene

from .measure import Figure, figure

ROUNDS, CUT, PATIENCE = 7, 0.15, 10.0


async def _talk(client: Client, sent: list[float]) -> None:
    """A byte each millisecond, and when it was sent."""
    while True:
        sent.append(time.monotonic())
        client.writer.write(b"x")
        await asyncio.sleep(0.001)


async def _heard(here: Scene, count: int) -> float:
    """When the server has heard so many bytes."""

    async def look() -> int:
        return sum(map(len, here.heard))

    await poll(look, lambda seen: seen >= count, Deadline(PATIENCE), pause=0.0005)
    return time.monotonic()


async def _round(here: Scene) -> tuple[float, float, float, float]:
    """Milliseconds until it is said to be cut, until the first byte is dropped, and until one comes through again: old, new."""
    here.heard.clear()
    client, sent = await here.client(), list[float]()
    talking = asyncio.get_running_loop().create_task(_talk(client, sent))
    await _heard(here, 20)
    asked = time.monotonic()
    fault = await here.faults.start(Plan(here.link, probing=False))
    cut = time.monotonic()
    await asyncio.sleep(CUT)
    through = sum(map(len, here.heard))
    dropped = sent[through]
    healing = time.monotonic()
    await here.faults.heal(fault, probing=False)
    fresh = asyncio.get_running_loop().create_task(_fresh(here))
    again = await _heard(here, through + 1)
    new = await fresh
    talking.cancel()
    client.writer.transport.abort()
    return tuple(1000 * (end - begin) for begin, end in ((asked, cut), (asked, dropped), (healing, again), (healing, new)))  # type: ignore[return-value]


async def _fresh(here: Scene) -> float:
    client = await here.client()
    client.writer.write(b"y")
    await client.hear(1)
    client.writer.close()
    return time.monotonic()


async def measure(folder: Path) -> list[Figure]:
    """Rounds of cutting and healing."""
    async with scene() as here:
        rounds = [await _round(here) for _ in range(ROUNDS)]
        await asyncio.sleep(CUT)  # the server notices that nobody is there any more
    names = (
        "cut: said to be",
        "cut: first byte dropped",
        "healed: first byte, old connection",
        "healed: first byte, new connection",
    )
    return [figure("a cut link", name, [one[place] for one in rounds]) for place, name in enumerate(names)]
