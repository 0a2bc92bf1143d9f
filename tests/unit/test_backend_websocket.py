"""The backend's WebSocket, on two real replicas with real PostgreSQL and Redis, and one agent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed, InvalidStatus

from support import servers
from support.chat import ORIGIN, Chat, Issuer, Tab, User, chat

Scenario = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def platform(
    postgres_server: servers.Postgres, redis_server: servers.Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chat]:
    folder: Path = tmp_path_factory.mktemp("chat")
    with chat(postgres_server, redis_server, "http://127.0.0.1:9", folder, replicas=2, agents=1) as running:
        yield running


def thread() -> str:
    return str(uuid.uuid4())


async def closed_with(tab: Tab, timeout: float = 5.0) -> int:
    """The code that a tab is closed with; frames before it are kept."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await tab.receive(timeout)
    assert tab.socket.close_code is not None
    return tab.socket.close_code


# -- handshake ---------------------------------------------------------------------------------------------------------


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


# -- messages ----------------------------------------------------------------------------------------------------------


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


# -- resume ------------------------------------------------------------------------------------------------------------


def test_resume_replays_what_is_missing_then_goes_live(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id = await platform.paid(User()), thread()
        writer = await platform.tab(user, 0)
        for number in range(5):
            await writer.say(thread_id, f"number {number}")
        await writer.until_messages(10)
        late = await platform.tab(user, 1)
        await late.send("resume", {"after": 3}, thread_id=thread_id)
        await late.until_messages(7)
        await writer.say(thread_id, "live")
        await late.until_messages(9)
        assert [message["seq"] for message in late.messages()] == list(range(4, 13))
        await asyncio.gather(writer.close(), late.close())

    asyncio.run(scenario())


def test_reconnecting_under_traffic_leaves_no_gap_and_repeats_nothing(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id, total = await platform.paid(User()), thread(), 120
        writer, after, reconnects = await platform.tab(user, 0), 0, 0

        async def write() -> None:
            for number in range(total // 2):
                await writer.say(thread_id, f"number {number}")
            await writer.until_messages(total)

        writing = asyncio.create_task(write())
        while after < total:
            tab = await platform.tab(user, reconnects % 2)
            await tab.send("resume", {"after": after}, thread_id=thread_id)
            wanted = min(total, after + 11)
            while (tab.messages() or [{"seq": after}])[-1]["seq"] < wanted:
                await tab.receive()
            seen = [message["seq"] for message in tab.messages()]
            assert seen == list(range(after + 1, after + 1 + len(seen)))
            after, reconnects = seen[-1], reconnects + 1
            tab.socket.transport.abort()
        await writing
        assert reconnects > 3
        await writer.close()

    asyncio.run(scenario())


def test_resume_of_a_finished_run_brings_its_end(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id = User(), thread()
        tab = await platform.tab(user, 0)
        await tab.say(thread_id, "What is 2 + 3?")
        run = (await tab.next("agent_completed"))["payload"]
        late = await platform.tab(user, 1)
        await late.send("resume", {"after": 1, "runs": {run["run_id"]: 2}}, thread_id=thread_id)
        end = await late.next("agent_completed")
        numbers = [frame["payload"]["n"] for frame in late.frames if "n" in frame["payload"]]
        assert numbers == list(range(3, end["payload"]["n"] + 1))
        assert [message["seq"] for message in late.messages()] == [2]
        await asyncio.gather(tab.close(), late.close())

    asyncio.run(scenario())


# -- threads -----------------------------------------------------------------------------------------------------------


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
            assert (await tab.next("thread_renamed"))["payload"] == {"title": "Plans"}
            assert [(await tab.next("thread_read"))["payload"]["seq"] for _ in range(3)] == [2, 2, 2]
        await asyncio.gather(first.close(), second.close())

    asyncio.run(scenario())


# -- sessions and tokens -----------------------------------------------------------------------------------------------


def test_expiry_is_announced_commands_are_refused_and_a_refresh_heals(platform: Chat) -> None:
    async def scenario() -> None:
        user = User()
        tab = await platform.tab(user, token=platform.issuer.token(user, 2))
        await tab.next("auth_expiring")
        while True:
            await tab.say(thread(), "still here?")
            answer = await tab.next("message_accepted", "error_message", "rate_limited")
            if answer["type"] == "error_message":
                break
            await asyncio.sleep(0.2)
        assert answer["payload"]["code"] == "token_expired"
        await tab.send("ping")
        await tab.next("pong")
        await tab.send("auth_refresh", {"token": platform.issuer.token(user, 60)})
        await tab.next("auth_refreshed")
        await tab.send("thread_read", {"seq": 1}, thread_id=thread())
        assert (await tab.next("error_message"))["payload"]["code"] == "not_found"
        await tab.close()

    asyncio.run(scenario())


def test_tab_that_is_not_refreshed_is_closed_with_4401(platform: Chat) -> None:
    async def scenario() -> None:
        user = User()
        assert await closed_with(await platform.tab(user, token=platform.issuer.token(user, 1))) == 4401

    asyncio.run(scenario())


@pytest.mark.parametrize("case", ["other session", "other user", "expired", "garbage", "none"])
def test_refresh_with_a_wrong_token_closes_with_1008(platform: Chat, case: str) -> None:
    async def scenario() -> None:
        user = User()
        tokens: dict[str, Any] = {
            "other session": platform.issuer.token(User(id=user.id)),
            "other user": platform.issuer.token(User(session=user.session)),
            "expired": platform.issuer.token(user, -5),
            "garbage": "garbage",
            "none": None,
        }
        tab = await platform.tab(user)
        await tab.send("auth_refresh", {"token": tokens[case]})
        assert await closed_with(tab) == 1008

    asyncio.run(scenario())


def test_revoked_session_ends_on_every_replica_and_stays_out(platform: Chat) -> None:
    async def scenario() -> None:
        user, other = User(), User()
        tabs = [await platform.tab(user, place) for place in (0, 1)]
        bystander = await platform.tab(other, 0)
        redis = Redis.from_url(platform.redis.url)
        await redis.set(f"session:revoked:{user.session}", 1, ex=30)
        await redis.publish("sessions", json.dumps({"sid": user.session, "reason": "logout"}))
        assert [await closed_with(tab) for tab in tabs] == [4401, 4401]
        assert await closed_with(Tab(await platform.socket(platform.issuer.token(user)))) == 4401
        await bystander.send("ping")
        await bystander.next("pong")
        await bystander.close()
        await redis.aclose()

    asyncio.run(scenario())


def test_peer_that_does_not_read_is_given_up(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id = await platform.paid(User()), thread()
        writer = await platform.tab(user, 0)
        reader = await platform.tab(user, 0)
        reader.socket.transport.pause_reading()
        text = "word " * 3100
        for number in range(12):
            await writer.say(thread_id, f"{number} {text}")
            await writer.next("message_accepted")
        pings = json.dumps({"type": "ping", "payload": {"filler": "x" * 60_000}})
        backend = platform.replicas[0]
        # Its own pongs fill what the kernel and the replica hold for it.
        for _ in range(400):
            await reader.socket.send(pings)
            if backend.events("slow_consumer"):
                break
        gone = await asyncio.to_thread(backend.wait_for_event, "disconnected", connection_id=connection_id(reader))
        assert gone["user_id"] == user.id
        assert backend.events("slow_consumer")
        await writer.send("ping", {"alive": 1})
        await writer.next("pong", alive=1)
        reader.socket.transport.abort()
        await writer.close()

    asyncio.run(scenario())


def connection_id(tab: Tab) -> str:
    return str(tab.greeting["payload"]["connection_id"])
