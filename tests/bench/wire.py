"""WebSockets: this project's connections beside plain ones, straight and through the fault proxy."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

from realstack.faults.links import targets_of
from realstack.faults.proxy import ProxyLink
from realstack.faults.toxics import Latency, Way
from realstack.recording.recorder import recorder
from realstack.websocket import Connection, Match, Options

from .measure import Contender, Figure, compare

TRIPS, OPENS, ROUNDS = 200, 100, 5
PATIENCE = 10.0
MESSAGE = json.dumps({"type": "ask", "payload": {"text": "What is 17 * (23 + 4) - 9?"}})
SERVER = """
import asyncio
from support.websocket_server import websocket_server

async def main():
    async with websocket_server() as (url, _):
        print(url, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, input)

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def serving(program: str) -> AsyncIterator[str]:
    """The URL that a program tells, in a process of its own, so that it takes no time from those who are measured."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


def _plain(socket: ClientConnection) -> Contender:
    async def trips() -> None:
        for _ in range(TRIPS):
            await socket.send(MESSAGE)
            await socket.recv()

    return trips


def _ours(connection: Connection) -> Contender:
    match = Match.of("ask")

    async def trips() -> None:
        for _ in range(TRIPS):
            await connection.send(MESSAGE)
            await connection.wait_for(match, PATIENCE)

    return trips


async def round_trips(url: str) -> list[Figure]:
    """A message and its echo."""
    link = ProxyLink("bench", targets_of("127.0.0.1", urlsplit(url).port or 0)[0])
    await link.open()
    through = f"ws://127.0.0.1:{link.port}/echo"
    recorder.begin("bench")
    quiet = await Connection.open("quiet", Options(url), record=None)
    recorded = await Connection.open("recorded", Options(url))
    try:
        async with connect(url) as plain, connect(through) as proxied:
            contenders = {
                "websockets": _plain(plain),
                "Connection": _ours(quiet),
                "Connection, recorded": _ours(recorded),
                "websockets, through the proxy": _plain(proxied),
            }
            figures = await compare("round trip", contenders, operations=TRIPS, rounds=ROUNDS)
            link.add(Latency("latency", Way.TO_SERVICE, seconds=0.0))
            slowed = {"websockets": _plain(plain), "websockets, proxy with a toxic": _plain(proxied)}
            return [*figures, (await compare("round trip", slowed, operations=TRIPS, rounds=ROUNDS))[1]]
    finally:
        await quiet.close()
        await recorded.close()
        await link.close()


async def openings(url: str) -> list[Figure]:
    """A hundred handshakes at once, and their closing."""

    async def plain() -> None:
        sockets = await asyncio.gather(*(connect(url) for _ in range(OPENS)))
        await asyncio.gather(*(socket.close() for socket in sockets))

    async def ours() -> None:
        opened = await asyncio.gather(*(Connection.open(f"c{number}", Options(url), record=None) for number in range(OPENS)))
        await asyncio.gather(*(connection.close() for connection in opened))

    return await compare("100 opened at once", {"websockets": plain, "Connection": ours}, operations=1, rounds=ROUNDS)


async def measure() -> list[Figure]:
    """Everything about wires."""
    works: list[Callable[[str], Coroutine[Any, Any, list[Figure]]]] = [round_trips, openings]
    async with serving(SERVER) as url:
        return [figure for work in works for figure in await work(f"{url}/echo")]
