"""Socket.IO spoken with a server that nobody here wrote: python-socketio's own, as services run it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import socketio

from realstack.core.template import Values
from realstack.websocket import Connection, Match, Options
from realstack.websocket.options import Transport
from realstack.websocket.senders import Answers, filled
from support.loopback import served

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The background loop is asyncio's."""
    return "asyncio"


@contextmanager
def socketio_server() -> Iterator[str]:
    """A server that lets in who has the token, says back what it is told, pings often, and asks for an acknowledgement."""
    server = socketio.AsyncServer(async_mode="asgi", ping_interval=0.05, ping_timeout=5)

    @server.event
    async def connect(sid: str, environ: dict[str, Any], auth: dict[str, Any] | None) -> bool:
        return (auth or {}).get("token") == "s3cr3t"

    @server.event
    async def say(sid: str, *args: Any) -> list[Any]:
        await server.emit("said", args, to=sid)
        return list(args)

    @server.event
    async def ask(sid: str) -> None:
        async def thank(*args: Any) -> None:
            await server.emit("thanks", args, to=sid)

        await server.emit("asked", {"n": 1}, to=sid, callback=thank)

    with served(socketio.ASGIApp(server)) as origin:
        yield origin


def options(origin: str, transport: Transport) -> Options:
    """How to open a connection to it."""
    if transport == "polling":
        return Options(f"{origin}/socket.io/", transport=transport, codec="socketio")
    return Options(f"{origin.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket", codec="socketio")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_whole_conversation(transport: Transport) -> None:
    with socketio_server() as origin:
        tab = await Connection.open("tab", options(origin, transport), record=None)
        path = tab.codec.type_path

        def match(*parts: str) -> Match:
            return Match.of(*parts, type_path=path)

        await tab.wait_for(match("open", "data.sid exists"), 10)
        await tab.wait_for(match("ping"), 10)
        await tab.send_json({"type": "pong"})
        Answers("pongs", tab, match("ping"), filled({"type": "pong"}, tab.codec, Values({}))).begin()
        await tab.send_json({"type": "connect", "data": {"token": "s3cr3t"}})
        await tab.wait_for(match("connect", "data.sid exists"), 10)
        await tab.send_json({"event": "say", "args": [{"text": "Hello"}, b"\xff\xd8"], "id": 7})
        said = await tab.wait_for(match("said", "args[0].text=Hello", "args[1].hex=FFD8"), 10)
        assert said.data["args"] == [{"text": "Hello"}, b"\xff\xd8"]
        assert (await tab.wait_for(match("ack", "id=7"), 10)).data["args"] == [[{"text": "Hello"}, b"\xff\xd8"]]
        Answers(
            "acks", tab, match("asked"), filled({"type": "ack", "id": "{id}", "args": ["yes"]}, tab.codec, Values({}))
        ).begin()
        await tab.send_json({"event": "ask"})
        assert (await tab.wait_for(match("thanks"), 10)).data["args"] == ["yes"]
        assert not tab.mailbox.troubles
        assert not [frame for frame in tab.mailbox.frames() if frame.problem]
        await tab.close()


async def test_who_is_not_let_in() -> None:
    with socketio_server() as origin:
        tab = await Connection.open("tab", options(origin, "websocket"), record=None)
        await tab.send_json({"type": "connect", "data": {"token": "wrong"}})
        refused = await tab.wait_for(Match.of("connect_error", type_path=tab.codec.type_path), 10)
        assert refused.data["data"]["message"]
        await tab.close()
