"""A test's trace goes with whatever the libraries send, and a header of the caller's own is left alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest
from websockets.asyncio.server import ServerConnection, serve

from realstack.http.session import RestSession
from realstack.load.plan import Plan, Script
from realstack.oauth.http import Session
from realstack.recording.trace import trace
from realstack.websocket.options import Options, dial
from support.RestPages import RestServer

HEADER = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-01")
OWN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


@pytest.fixture(autouse=True)
def _no_trace() -> Iterator[None]:
    yield
    trace.go_on("")


def test_nothing_is_sent_until_a_trace_begins() -> None:
    assert trace.headers() == {}


def test_each_request_has_a_parent_id_of_its_own() -> None:
    begun = trace.begin()
    first, second = trace.headers()["traceparent"], trace.headers()["traceparent"]
    assert first != second
    assert {found[1] for text in (first, second) if (found := HEADER.fullmatch(text))} == {begun}
    assert trace.begin() != begun


@pytest.mark.parametrize("given", [None, OWN])
def test_rest_and_oauth_requests_carry_it(rest_server: RestServer, given: str | None) -> None:
    begun = trace.begin()
    headers = {"Traceparent": given} if given else None
    rest = RestSession("ann", rest_server.url, seconds=5)
    sent = [rest.get(f"{rest_server.url}/echo", headers=headers).json()["headers"]["traceparent"]]
    rest.close()

    async def oauth() -> str:
        session = Session("ann", rest_server.url)
        try:
            return str((await session.send("GET", "/echo", headers=headers)).json()["headers"]["traceparent"])
        finally:
            await session.close()

    sent.append(asyncio.run(oauth()))
    for text in sent:
        found = HEADER.fullmatch(text)
        assert text == given if given else found and found[1] == begun


@pytest.mark.parametrize("given", [None, OWN])
def test_handshakes_carry_it(given: str | None) -> None:
    begun = trace.begin()

    async def scenario() -> list[str]:
        seen: list[str] = []

        async def take(socket: ServerConnection) -> None:
            assert socket.request is not None
            seen.extend(socket.request.headers.get_all("traceparent"))

        async with serve(take, "127.0.0.1", 0) as rest_server:
            port = rest_server.sockets[0].getsockname()[1]
            wire = await dial(Options(f"ws://127.0.0.1:{port}", headers={"traceparent": given} if given else {}))
            await wire.close()
        return seen

    (sent,) = asyncio.run(scenario())
    found = HEADER.fullmatch(sent)
    assert sent == given if given else found and found[1] == begun


def test_a_load_belongs_to_the_trace_of_its_test() -> None:
    begun = trace.begin()
    plan = Plan(Script("ask"), {"ann": {}, "bob": {}})
    trace.begin()
    assert {part.trace for part in plan.parts(2)} == {begun}
