"""What a tab may say to the backend over its WebSocket, and what it gets: two real replicas, real stores, one agent."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from support.chat import ORIGIN, Chat, Issuer, Tab, User

Scenario = Callable[[], Coroutine[Any, Any, None]]


def thread() -> str:
    return str(uuid.uuid4())


async def closed_with(tab: Tab, timeout: float = 5.0) -> int:
    """The code that a tab is closed with; frames before it are kept."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await tab.receive(timeout)
    assert tab.socket.close_code is not None
    return tab.socket.close_code


def test_greeting_names_user_session_and_replica(platform: Chat) -> None:
    async def scenario() -> None:
        user = User()
        tab = await platform.tab(user, 1)
        greeting = tab.greeting["payload"]
        assert tab.socket.subprotocol == "jwt-auth"
        assert (greeting["user_id"], greeting["session_id"], greeting["replica"]) == (user.id, user.session, "backend-2")
        assert uuid.UUID(greeting["connection_id"])
        await tab.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("seconds", "changes"),
    [(-1, {}), (300, {"aud": "other"}), (300, {"iss": "https://elsewhere"}), (300, {"sub": "nobody"}), (300, {"sid": ""})],
)
def test_bad_token_is_closed_with_1008(platform: Chat, seconds: float, changes: dict[str, Any]) -> None:
    async def scenario() -> None:
        socket = await platform.socket(platform.issuer.token(User(), seconds, **changes))
        assert await closed_with(Tab(socket)) == 1008

    asyncio.run(scenario())


def test_token_of_a_foreign_key_is_closed_with_1008(platform: Chat) -> None:
    async def scenario() -> None:
        stranger = Issuer()
        stranger.server.server_close()
        assert await closed_with(Tab(await platform.socket(stranger.token(User())))) == 1008

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("options", "status"),
    [({"subprotocols": None}, 401), ({"subprotocols": ["jwt-auth"]}, 401), ({"origin": "http://evil.test"}, 403)],
)
def test_handshake_without_token_or_from_elsewhere_is_refused(platform: Chat, options: dict[str, Any], status: int) -> None:
    async def scenario() -> None:
        with pytest.raises(InvalidStatus) as refused:
            await platform.socket(platform.issuer.token(User()), **options)
        assert refused.value.response.status_code == status

    asyncio.run(scenario())


def test_own_origin_is_welcome(platform: Chat) -> None:
    async def scenario() -> None:
        await (await platform.tab(User(), origin=ORIGIN)).close()

    asyncio.run(scenario())


def test_message_reaches_every_tab_and_is_answered(platform: Chat) -> None:
    async def scenario() -> None:
        user, stranger, thread_id = User(), User(), thread()
        tabs = [await platform.tab(user, place % 2) for place in range(3)]
        other = await platform.tab(stranger, 1)
        message_id = await tabs[0].say(thread_id, "What is 17 * (23 + 4) - 9?")
        accepted = await tabs[0].next("message_accepted")
        assert (accepted["message_id"], accepted["seq"]) == (message_id, 1)
        for tab in tabs:
            done = await tab.next("agent_completed")
            assert [message["seq"] for message in tab.messages()] == [1, 2]
            assert tab.messages()[1]["text"] == done["payload"]["text"] == "17 * (23 + 4) - 9 = 450"
            kinds = [frame["type"] for frame in tab.frames if "run_id" in frame["payload"] and frame["type"] != "message"]
            chain = ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "stream_chunk", "agent_completed"]
            assert kinds == chain
            assert tab.frames.index(done) > max(i for i, frame in enumerate(tab.frames) if frame["type"] == "message")
        await other.send("ping", {"mark": 1})
        await other.next("pong", mark=1)
        assert [frame["type"] for frame in other.frames] == ["connection_established", "pong"]
        await asyncio.gather(*(tab.close() for tab in [*tabs, other]))

    asyncio.run(scenario())


def test_repeated_message_is_acknowledged_and_nothing_else(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id = User(), thread()
        first, second = await platform.tab(user, 0), await platform.tab(user, 1)
        message_id = await first.say(thread_id, "twelve kittens")
        seq = (await first.next("message_accepted"))["seq"]
        await second.next("agent_completed")
        # At once from both replicas, and again later.
        await asyncio.gather(*(tab.say(thread_id, "twelve kittens", message_id) for tab in (first, second, first)))
        for tab in (first, second, first):
            again = await tab.next("message_accepted")
            assert (again["seq"], again["payload"]["duplicate"]) == (seq, True)
        await second.send("ping", {"end": True})
        await second.next("pong", end=True)
        assert [message["seq"] for message in second.messages()] == [1, 2]
        await asyncio.gather(first.close(), second.close())

    asyncio.run(scenario())


def test_the_same_new_message_from_two_tabs_at_once_is_stored_once(platform: Chat) -> None:
    async def scenario() -> None:
        user = await platform.paid(User())
        first, second = await platform.tab(user, 0), await platform.tab(user, 1)
        for _ in range(10):
            thread_id, message_id = thread(), str(uuid.uuid4())
            await asyncio.gather(*(tab.say(thread_id, "race", message_id) for tab in (first, second)))
            accepted = [await tab.next("message_accepted") for tab in (first, second)]
            assert [frame["seq"] for frame in accepted] == [1, 1]
            assert sorted("duplicate" in frame["payload"] for frame in accepted) == [False, True]
        await asyncio.gather(first.close(), second.close())

    asyncio.run(scenario())


def test_tabs_on_two_replicas_agree_on_one_order(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id, count = await platform.paid(User()), thread(), 15
        tabs = [await platform.tab(user, place % 2) for place in range(6)]

        async def send_all(place: int, tab: Tab) -> None:
            for number in range(count):
                await tab.say(thread_id, f"sender {place} number {number}")

        total = 2 * count * len(tabs)
        await asyncio.gather(
            *(send_all(place, tab) for place, tab in enumerate(tabs)), *(tab.until_messages(total) for tab in tabs)
        )
        for tab in tabs:
            assert [message["seq"] for message in tab.messages()] == list(range(1, total + 1))
        texts = [message["text"] for message in tabs[0].messages("user")]
        for place in range(len(tabs)):
            own = [text for text in texts if text.startswith(f"sender {place} ")]
            assert own == [f"sender {place} number {number}" for number in range(count)]
        await asyncio.gather(*(tab.close() for tab in tabs))

    asyncio.run(scenario())


def test_foreign_thread_and_foreign_message_id_do_not_exist(platform: Chat) -> None:
    async def scenario() -> None:
        owner, stranger, thread_id = User(), User(), thread()
        mine, theirs = await platform.tab(owner, 0), await platform.tab(stranger, 0)
        message_id = await mine.say(thread_id, "private")
        await mine.next("agent_completed")
        await theirs.say(thread_id, "intruder")
        await theirs.say(thread(), "thief", message_id)
        await theirs.send("resume", {"after": 0}, thread_id=thread_id)
        await theirs.send("thread_rename", {"title": "mine now"}, thread_id=thread_id)
        await theirs.send("thread_read", {"seq": 1}, thread_id=thread_id)
        for _ in range(5):
            assert (await theirs.next("error_message"))["payload"]["code"] == "not_found"
        assert not theirs.messages()
        await asyncio.gather(mine.close(), theirs.close())

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("{", "bad_frame"),
        ("[]", "bad_frame"),
        ('{"type": 5}', "bad_frame"),
        ('{"type": "ping", "payload": []}', "bad_frame"),
        ('{"type": "user_message", "payload": {"text": "x"}}', "bad_frame"),
        ('{"type": "dance", "payload": {}, "thread_id": "00000000-0000-4000-8000-000000000000"}', "unknown_type"),
        (b"\x00\x01", "bad_frame"),
        ("[" * 30_000, "bad_frame"),
    ],
)
def test_bad_frames_are_told_and_the_connection_stays(platform: Chat, raw: str | bytes, code: str) -> None:
    async def scenario() -> None:
        tab = await platform.tab(User())
        await tab.socket.send(raw)
        assert (await tab.next("error_message"))["payload"]["code"] == code
        await tab.send("ping", {"n": 1})
        await tab.next("pong", n=1)
        await tab.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_frame"),
        ("  ", "bad_frame"),
        ("x" * 16_001, "too_long"),
        ("a\0b", "bad_frame"),
        ("\ud800", "bad_frame"),
        (7, "bad_frame"),
    ],
)
def test_texts_that_are_not_taken(platform: Chat, text: Any, code: str) -> None:
    async def scenario() -> None:
        tab = await platform.tab(User())
        message_id = await tab.say(thread(), text)
        refused = (await tab.next("error_message"))["payload"]
        assert (refused["code"], refused["message_id"]) == (code, message_id)
        await tab.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("fragments", [1, 20])
def test_frame_over_64_kib_closes_with_1009(platform: Chat, fragments: int) -> None:
    async def scenario() -> None:
        tab = await platform.tab(User())
        size = 70_000 // fragments
        await tab.socket.send(["x" * size] * fragments if fragments > 1 else "x" * size)
        assert await closed_with(tab) == 1009

    asyncio.run(scenario())


def test_who_is_still_sending_too_long_a_frame_is_told_so(platform: Chat) -> None:
    """All of it is read: a socket that is closed with something unread is reset, and its close code lost."""

    async def scenario() -> None:
        tab = await platform.tab(User())
        tab.socket.transport.pause_reading()
        with contextlib.suppress(ConnectionClosed):
            await tab.socket.send("x" * 8 * 1024 * 1024)
        tab.socket.transport.resume_reading()
        assert await closed_with(tab) == 1009

    asyncio.run(scenario())


def test_title_and_read_marker_reach_every_tab(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id = User(), thread()
        first, second = await platform.tab(user, 0), await platform.tab(user, 1)
        await first.say(thread_id, "hello there")
        await second.next("agent_completed")
        await first.send("thread_rename", {"title": "Plans"}, thread_id=thread_id)
        await first.send("thread_read", {"seq": 2}, thread_id=thread_id)
        await first.send("thread_read", {"seq": 1}, thread_id=thread_id)
        await first.send("thread_read", {"seq": 999}, thread_id=thread_id)
        for tab in (first, second):
            assert (await tab.next("thread_renamed"))["payload"] == {"title": "Plans", "version": 1}
            assert [(await tab.next("thread_read"))["payload"]["seq"] for _ in range(3)] == [2, 2, 2]
        await asyncio.gather(first.close(), second.close())

    asyncio.run(scenario())
