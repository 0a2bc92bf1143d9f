"""How a tab's connection goes on and ends: resume after a reconnect, expiry, refresh, revocation, a reader that is too slow."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from typing import Any

import pytest
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed

from support.chat import Chat, Tab, User


def thread() -> str:
    return str(uuid.uuid4())


async def closed_with(tab: Tab, timeout: float = 5.0) -> int:
    """The code that a tab is closed with; frames before it are kept."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await tab.receive(timeout)
    assert tab.socket.close_code is not None
    return tab.socket.close_code


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
            for number in range(1, total // 2):
                await writer.say(thread_id, f"number {number}")
            await writer.until_messages(total)

        # The thread is there before the first tab is: of one that begins while it is open a tab gets all without asking.
        await writer.say(thread_id, "number 0")
        await writer.until_messages(1)
        writing = asyncio.create_task(write())
        while after < total:
            tab = Tab(await platform.socket(platform.issuer.token(user), reconnects % 2))
            # Asked at once, and not when it is greeted: what is live waits for that a quarter of a second and no longer.
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
