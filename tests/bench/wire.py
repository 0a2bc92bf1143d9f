"""WebSockets: this project's connections beside plain ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, cast

from websockets.asyncio.client import ClientConnection, connect

from realstack.recording.recorder import recorder
from realstack.websocket import Connection, Masker, Match, Options
from realstack.websocket.answer import Answer
from realstack.websocket.connection import Record, codec_of
from realstack.websocket.inbox import Inbox
from realstack.websocket.wire import Ending, Wire

from .measure import Contender, Figure, compare

TRIPS, OPENS, FRAMES, ROUNDS = 200, 100, 2000, 5
PATIENCE = 10.0
MESSAGE = json.dumps({"type": "ask", "payload": {"text": "What is 17 * (23 + 4) - 9?"}})
FRAME = json.dumps(
    {
        "type": "message",
        "message_id": "3f1c2b7e-8a52-4c2e-9d1b-5a6b7c8d9e0f",
        "thread_id": "t-1",
        "payload": {"text": "What is 17 * (23 + 4) - 9?", "seq": 17, "role": "user"},
        "timestamp": "2026-01-01T00:00:00Z",
    }
)
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
    recorder.begin("bench")
    quiet = await Connection.open("quiet", Options(url), record=None)
    recorded = await Connection.open("recorded", Options(url))
    try:
        async with connect(url) as plain:
            contenders = {"websockets": _plain(plain), "Connection": _ours(quiet), "Connection, recorded": _ours(recorded)}
            return await compare("round trip", contenders, operations=TRIPS, rounds=ROUNDS)
    finally:
        await quiet.close()
        await recorded.close()


async def openings(url: str) -> list[Figure]:
    """A hundred handshakes at once, and their closing."""

    async def plain() -> None:
        sockets = await asyncio.gather(*(connect(url) for _ in range(OPENS)))
        await asyncio.gather(*(socket.close() for socket in sockets))

    async def ours() -> None:
        opened = await asyncio.gather(*(Connection.open(f"c{number}", Options(url), record=None) for number in range(OPENS)))
        await asyncio.gather(*(connection.close() for connection in opened))

    return await compare("100 opened at once", {"websockets": plain, "Connection": ours}, operations=1, rounds=ROUNDS)


class _Played:
    """A wire without a network."""

    is_open = True
    local_address = None
    subprotocol = None

    def __init__(self) -> None:
        self.answer = Answer()
        self.inbox = Inbox()

    def ending(self, *, aborted: bool) -> Ending:
        return Ending(None, "", "nobody")


async def entering() -> list[Figure]:
    """Reading a frame, matching it, masking it, entering it in the ledger and in the recording; without the network."""
    options = Options("ws://127.0.0.1/")
    match = Match.of("message", "payload.seq=17")

    async def plain() -> None:
        taken = []
        for text in [FRAME] * FRAMES:
            value = json.loads(text)
            if value["type"] == "message" and value["payload"]["seq"] == 17:
                taken.append(value)

    def ours(record: Record | None) -> Contender:
        async def entered() -> None:
            recorder.begin("bench")
            wire = _Played()
            played = Connection("played", options, cast(Wire, wire), codec_of(options), masker=Masker(), record=record, began=0.0)
            waiting = asyncio.get_running_loop().create_task(played.wait_for_several(match, FRAMES, PATIENCE))
            await asyncio.sleep(0)
            for text in [FRAME] * FRAMES:
                wire.inbox.put(text)
            await waiting

        return entered

    contenders = {"json.loads, compared": plain, "Connection": ours(None), "Connection, recorded": ours(recorder.record)}
    how: dict[str, Any] = {"operations": FRAMES, "rounds": ROUNDS, "clock": time.process_time}
    return await compare("a frame, entered and matched", contenders, **how)


async def measure(folder: Path) -> list[Figure]:
    """Everything about wires."""
    works: list[Callable[[str], Coroutine[Any, Any, list[Figure]]]] = [round_trips, openings]
    async with serving(SERVER) as url:
        return [*await entering(), *[figure for work in works for figure in await work(f"{url}/echo")]]
