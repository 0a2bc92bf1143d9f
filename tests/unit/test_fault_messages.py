"""WebSockets through the fault proxy: cut, stalled and robbed at a message, whole otherwise."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from realstack.core.errors import StackError
from realstack.faults.links import targets_of
from realstack.faults.proxy import ProxyLink
from realstack.faults.toxics import (
    CutAtMessage,
    Ending,
    Slicer,
    Way,
)
from realstack.websocket import Connection, Match, Options
from realstack.websocket.codecs import find
from support.websocket_server import websocket_server

TO, FROM = Way.TO_SERVICE, Way.FROM_SERVICE


@contextlib.asynccontextmanager
async def websocket_scene(
    *, strip: bool = False, codec: str = "json"
) -> AsyncIterator[tuple[ProxyLink, Callable[[str], Awaitable[Connection]]]]:
    async with asyncio.timeout(20), websocket_server() as (url, _):
        link = ProxyLink("ws", targets_of("127.0.0.1", int(url.rpartition(":")[2]))[0], strip_extensions=strip)
        await link.open()

        async def connect(alias: str) -> Connection:
            return await Connection.open(alias, Options(f"ws://127.0.0.1:{link.port}/echo", codec=codec), record=None)

        try:
            yield link, connect
        finally:
            await link.close()


@pytest.mark.parametrize("strip", [True, False])
@pytest.mark.parametrize("ending", [Ending.RESET, Ending.FINISH])
def test_cut_between_the_store_and_its_acknowledgement(strip: bool, ending: Ending) -> None:
    """The server has taken the message, and its answer is what the cut stops, compressed or not."""

    async def main() -> None:
        async with websocket_scene(strip=strip) as (link, connect):
            tab = await connect("tab")
            await tab.send_json({"type": "hello"})
            await tab.wait_for(Match.of("hello"), 2)
            cut = link.add(CutAtMessage("ack", FROM, ending=ending, match=Match.of("message_accepted", message_id="m-2")))
            for number in (1, 2, 3):
                await tab.send_json({"type": "message_accepted", "message_id": f"m-{number}"})
            closed = await tab.wait_closed(5)
            assert (closed.code, closed.by) == (1006, "nobody")
            assert [frame.data["message_id"] for frame in tab.mailbox.take(Match.of("message_accepted"))] in (["m-1"], [])
            assert cut.hits == 1
            again = await connect("again")
            await again.send_json({"type": "message_accepted", "message_id": "m-2"})
            await again.wait_for(Match.of("message_accepted"), 2)
            await again.close()

    asyncio.run(main())


def test_messages_are_read_by_a_codec_and_a_frame_goes_with_all_that_are_in_it() -> None:
    async def main() -> None:
        async with websocket_scene(strip=True, codec="signalr") as (link, connect):
            tab = await connect("tab")
            match = Match.of("Bye", type_path=tab.codec.type_path)
            cut = link.add(CutAtMessage("lost", FROM, ending=Ending.SWALLOW, match=match, make_codec=find("signalr")))
            await tab.send('{"type":6}\x1e{"type":1,"target":"Bye"}\x1e')
            await tab.send_json({"type": 1, "target": "Hello"})
            await tab.wait_for(Match.of("Hello", type_path=tab.codec.type_path), 2)
            assert (cut.hits, tab.mailbox.counts["in"]) == (1, 1)
            await tab.close()

    asyncio.run(main())


def test_nothing_of_a_cut_message_passes_and_all_before_it_does() -> None:
    async def main() -> None:
        async with websocket_scene() as (link, connect):
            tab = await connect("tab")
            link.add(Slicer("slices", FROM, 2))
            link.add(CutAtMessage("cut", FROM, ending=Ending.FINISH, match=Match.of("stop")))
            await tab.send_json({"type": "before", "text": "x" * 500})
            await tab.send_json({"type": "stop"})
            await tab.wait_closed(5)
            assert [frame.data["type"] for frame in tab.mailbox.take()] == ["before"]

    asyncio.run(main())


def test_one_message_is_swallowed_and_the_connection_goes_on() -> None:
    async def main() -> None:
        async with websocket_scene(strip=True) as (link, connect):
            tab = await connect("tab")
            link.add(CutAtMessage("lost", FROM, ending=Ending.SWALLOW, match=Match.of(n=2)))
            for number in (1, 2, 3):
                await tab.send_json({"type": "m", "n": number})
            await tab.wait_for(Match.of(n=3), 2)
            assert [frame.data["n"] for frame in tab.mailbox.take()] == [1]
            assert link.traffic[FROM].discarded > 0
            await tab.close()

    asyncio.run(main())


def test_swallowing_needs_uncompressed_messages() -> None:
    async def main() -> None:
        async with websocket_scene() as (link, _):
            with pytest.raises(StackError, match="strip_extensions=True"):
                link.add(CutAtMessage("lost", FROM, ending=Ending.SWALLOW))

    asyncio.run(main())


def test_messages_of_the_client_are_matched_too() -> None:
    async def main() -> None:
        async with websocket_scene() as (link, connect):
            tab = await connect("tab")
            link.add(CutAtMessage("cut", TO, match=Match.of("fatal")))
            await tab.send_json({"type": "fine"})
            await tab.wait_for(Match.of("fine"), 2)
            await tab.send_json({"type": "fatal"})
            await tab.wait_closed(5)
            assert tab.mailbox.take() == []

    asyncio.run(main())


def test_stalling_at_a_message_freezes_this_connection_alone_until_healed() -> None:
    async def main() -> None:
        async with websocket_scene() as (link, connect):
            frozen, other = await connect("frozen"), await connect("other")
            link.add(CutAtMessage("freeze", FROM, ending=Ending.STALL, match=Match.of("freeze")))
            await frozen.send_json({"type": "freeze"})
            await link.wait_hit("freeze", 1, 5)
            await frozen.expect_silence(Match(), 0.05)
            await other.send_json({"type": "alive"})
            await other.wait_for(Match.of("alive"), 2)
            link.remove("freeze")
            await frozen.wait_for(Match.of("freeze"), 2)
            for tab in (frozen, other):
                await tab.close()

    asyncio.run(main())
