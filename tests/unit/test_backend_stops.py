"""An answer that its user stops: it ends at once and everywhere, what was said stays, and nothing else can end it."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import asyncpg

from chat_backend.schema import SCHEMA
from support import servers
from support.chat import Chat, Tab, User

LONG = "list the primes up to 20000"


def thread() -> str:
    return str(uuid.uuid4())


async def stop(tab: Tab, thread_id: str, message_id: str) -> str:
    """Ask for a stop; returns what is said of the run's state."""
    await tab.send("stop", message_id=message_id, thread_id=thread_id)
    answer = await tab.next("stop_acknowledged", "error_message", message_id=message_id)
    return str(answer["payload"].get("state") or answer["payload"]["code"])


def said(tab: Tab) -> str:
    """What came of the answer in pieces."""
    return "".join(frame["payload"]["text"] for frame in tab.frames if frame["type"] == "stream_chunk")


async def row(platform: Chat, message_id: str) -> Any:
    connection = await asyncpg.connect(platform.postgres.dsn)
    try:
        return await connection.fetchrow(
            "SELECT r.state, r.attempts, m.text FROM runs r JOIN messages m ON m.run_id = r.id WHERE r.message_id = $1",
            message_id,
        )
    finally:
        await connection.close()


def test_stopped_answer_is_what_was_said_on_every_tab_and_in_the_store(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id = User(), thread()
        mine, other = await platform.tab(user, 0), await platform.tab(user, 1)
        asked = await mine.say(thread_id, LONG)
        for _piece in range(2):
            await mine.next("stream_chunk")
        assert await stop(other, thread_id, asked) == "stopping"
        for tab in (mine, other):
            end = await tab.next("agent_stopped", "agent_completed")
            assert end["type"] == "agent_stopped"
            answer = tab.messages("agent")[-1]
            assert answer["stopped"]
            assert said(tab) == answer["text"] == end["payload"]["text"]
            assert end["payload"]["query_message_id"] == answer["answers"] == asked
        kept = await row(platform, asked)
        assert (kept["state"], kept["text"]) == ("stopped", said(mine))
        assert await stop(mine, thread_id, asked) == "stopped"
        await asyncio.gather(mine.close(), other.close())

    asyncio.run(scenario())


def test_run_that_is_over_and_foreign_and_unknown_ones_can_not_be_stopped(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id = User(), thread()
        mine, stranger = await platform.tab(user), await platform.tab(User())
        asked = await mine.say(thread_id, "What is 6 * 7?")
        end = await mine.next("agent_completed")
        assert await stop(mine, thread_id, asked) == "completed"
        assert await stop(stranger, thread_id, asked) == "not_found"
        assert await stop(mine, thread(), asked) == "not_found"
        assert await stop(mine, thread_id, end["payload"]["message_id"]) == "not_found"
        assert (await row(platform, asked))["state"] == "completed"
        await asyncio.gather(mine.close(), stranger.close())

    asyncio.run(scenario())


def test_run_that_waits_for_its_turn_never_begins(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id = await platform.paid(User()), thread()
        tab = await platform.tab(user)
        asked = [await tab.say(thread_id, LONG) for _ in range(5)]
        for _ in asked:
            await tab.next("message_accepted")
        assert await stop(tab, thread_id, asked[-1]) == "stopping"
        end = await tab.next("agent_stopped")
        assert (end["payload"]["query_message_id"], end["payload"]["n"]) == (asked[-1], 1)
        kept = await row(platform, asked[-1])
        assert (kept["state"], kept["attempts"], kept["text"]) == ("stopped", 0, "")
        for message_id in asked[:-1]:
            await stop(tab, thread_id, message_id)
        # Of the others each is stopped, or was done before.
        while len([frame for frame in tab.frames if frame["type"] in ("agent_stopped", "agent_completed")]) < len(asked):
            await tab.receive()
        await tab.close()

    asyncio.run(scenario())


def test_worker_that_is_not_told_finds_that_it_is_to_stop(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id = User(), thread()
        tab = await platform.tab(user)
        asked = await tab.say(thread_id, LONG)
        await tab.next("stream_chunk")
        connection = await asyncpg.connect(platform.postgres.dsn)
        try:
            await connection.execute("UPDATE runs SET stop_requested_at = now() WHERE message_id = $1", asked)
        finally:
            await connection.close()
        end = await tab.next("agent_stopped", "agent_completed")
        assert end["type"] == "agent_stopped"
        assert said(tab) == end["payload"]["text"]
        await tab.close()

    asyncio.run(scenario())


def test_the_table_of_an_earlier_version_learns_the_new_state_once(postgres_server: servers.Postgres) -> None:
    """Replicas start while others work: to check all rows anew at each start would lock those out."""

    async def scenario() -> None:
        owner = await asyncpg.connect(postgres_server.dsn)
        await owner.execute("CREATE DATABASE earlier_version")
        connection = await asyncpg.connect(postgres_server.dsn, database="earlier_version")

        async def start() -> tuple[int, str]:
            for statement in SCHEMA:
                await connection.execute(statement)
            row = await connection.fetchrow(
                "SELECT oid::int, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'runs_state_check'"
            )
            return row[0], row[1]

        await start()
        await connection.execute(
            "ALTER TABLE runs DROP CONSTRAINT runs_state_check, ADD CONSTRAINT runs_state_check CHECK (state = 'queued')"
        )
        renewed = await start()
        assert "stopped" in renewed[1]
        assert await start() == renewed
        await asyncio.gather(owner.close(), connection.close())

    asyncio.run(scenario())
