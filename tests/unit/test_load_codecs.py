"""Steps that speak by a codec, and connections that answer and send by themselves."""

from __future__ import annotations

import pytest
import socketio

from realstack.load.engine import Load
from realstack.load.plan import Plan, Script
from realstack.load.schedule import Schedule
from realstack.load.steps import Answer, Await, Open, Send, SendEvery
from support.loopback import served
from support.stream_server import stream_server
from support.websocket_server import websocket_server

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The background loop is asyncio's."""
    return "asyncio"


async def test_steps_speak_by_a_codec_and_connections_answer_and_beat_by_themselves() -> None:
    async with websocket_server() as (url, _):
        told = {"type": 1, "target": "told", "arguments": "{arguments}"}
        setup = [Open(f"{url}/echo", codec="signalr"), Answer(("ask",), told), SendEvery(0.01, {"type": 6})]
        ask = Send('{"type":1,"target":"ask","arguments":["{query}"]}\x1e')
        steps = [ask, Await(("told", "arguments[0]={query}"), 5), Await(("6",), 5)]
        people = {f"user-{number}": {"query": f"q{number}"} for number in (1, 2)}
        results = await Load(Plan(Script("hub", setup, steps), people, Schedule(times=2))).run()
        assert (results.done, dict(results.errors)) == (4, {})


async def test_what_can_not_be_sent_in_the_background_is_an_error() -> None:
    async with websocket_server() as (url, _):
        setup = [Open(f"{url}/echo"), Answer(("ask",), {"text": "{nothing}"})]
        steps = [Send({"type": "ask"}), Send(b'{"type":"mark"}'), Await(("mark",), 5), Send({"type": "last"})]
        results = await Load(Plan(Script("broken", setup, steps), {"user-1": {}}, Schedule())).run()
        assert list(results.errors) == ["background"]


async def test_users_ask_by_a_request_whose_answer_is_a_stream() -> None:
    async with stream_server() as url:
        ask = Open(f"{url}/completions", transport="sse", body={"prompt": "hello {name} again"}, headers={"X-Name": "{name}"})
        steps = [
            ask,
            Await(("data.delta={name}",), 5),
            Await(("message", "data=[DONE]"), 5, "answer", pieces=("data.delta~=hello|again",)),
            Open(f"{url}/lines", transport="jsonl"),
        ]
        people = {f"user-{number}": {"name": f"n{number}"} for number in (1, 2)}
        results = await Load(Plan(Script("answers", [], steps), people, Schedule(times=2))).run()
        assert (results.done, dict(results.errors)) == (4, {})
        assert {name: series.count for name, series in results.measures.items()} == {
            "answer: longest gap": 4,
            "answer: first word": 4,
            "answer": 4,
        }


async def test_users_chat_by_long_polling() -> None:
    server = socketio.AsyncServer(async_mode="asgi")

    @server.event
    async def say(sid: str, text: str) -> str:
        return text

    with served(socketio.ASGIApp(server)) as origin:
        setup = [
            Open(f"{origin}/socket.io/", codec="socketio", transport="polling"),
            Send({"type": "connect"}),
            Await(("connect",), 5),
        ]
        steps = [Send({"event": "say", "args": ["{name}"], "id": 1}), Await(("ack", "args[0]={name}"), 5)]
        people = {f"user-{number}": {"name": f"n{number}"} for number in (1, 2)}
        results = await Load(Plan(Script("polls", setup, steps), people, Schedule(times=2))).run()
        assert (results.done, dict(results.errors)) == (4, {})


async def test_a_stream_that_is_refused_is_an_error_of_the_step() -> None:
    async with stream_server() as url:
        results = await Load(
            Plan(Script("refused", [], [Open(f"{url}/status/429", transport="sse")]), {"u": {}}, Schedule())
        ).run()
        assert list(results.errors) == ["refused"]
