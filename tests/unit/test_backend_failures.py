"""What the backend and the agents do when something else, or one of themselves, dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis

from chat_common.redis_client import redis_client
from support import servers
from support.chat import Chat, Tab, User, chat
from support.waiting import until


class MortalRedis:
    """A Redis server that a test may kill and start again, on the same port and without its data."""

    def __init__(self, folder: Path) -> None:
        self.port = servers.free_port()
        self._command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        until(lambda: servers_listens(self.port), "Redis", 10)

    def end(self, sign: signal.Signals = signal.SIGKILL) -> None:
        assert self._process is not None
        self._process.send_signal(sign)
        self._process.wait(5)

    def signal(self, sign: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(sign)

    @property
    def server(self) -> servers.Redis:
        assert self._process is not None
        return servers.Redis("127.0.0.1", self.port, "", self._process.pid)


def servers_listens(port: int) -> bool:
    return any(item.laddr.port == port and item.status == psutil.CONN_LISTEN for item in psutil.net_connections("tcp4"))


@pytest.fixture
def redis_that_dies(tmp_path: Path) -> Iterator[MortalRedis]:
    redis = MortalRedis(tmp_path)
    redis.start()
    yield redis
    redis.end()


@pytest.fixture
def platform(postgres_server: servers.Postgres, redis_that_dies: MortalRedis, tmp_path: Path) -> Iterator[Chat]:
    with chat(postgres_server, redis_that_dies.server, "http://127.0.0.1:9", tmp_path, replicas=2, agents=2) as running:
        yield running


@contextmanager
def paused(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def accepted(tab: Tab, thread_id: str, text: str) -> dict[str, object]:
    """Send a message again and again until it is accepted, as a page does."""
    message_id = str(uuid.uuid4())
    async with asyncio.timeout(15):
        while True:
            await tab.say(thread_id, text, message_id)
            answer = await tab.next("message_accepted", "error_message", timeout=10)
            if answer["type"] == "message_accepted":
                return answer
            assert answer["payload"]["code"] in ("unavailable", "limits_unavailable")
            await asyncio.sleep(0.05)


def test_killed_replica_loses_nothing_that_it_acknowledged(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id, acknowledged = await platform.paid(User()), str(uuid.uuid4()), []
        stays, doomed = await platform.tab(user, 1), await platform.tab(user, 0)

        async def write() -> None:
            for number in range(500):
                await doomed.say(thread_id, f"number {number}")
                acknowledged.append((await doomed.next("message_accepted"))["message_id"])

        writing = asyncio.create_task(write())
        while len(acknowledged) < 30:
            await asyncio.wait({writing}, timeout=0.01)
        os.kill(platform.replicas[0].pid, signal.SIGKILL)
        await asyncio.gather(writing, return_exceptions=True)
        assert 30 <= len(acknowledged) < 500
        seen: set[str] = set()
        while not seen.issuperset(acknowledged):
            await stays.receive(5)
            seen = {message["message_id"] for message in stays.messages("user")}
        numbers = [message["seq"] for message in stays.messages()]
        assert numbers == list(range(1, len(numbers) + 1))
        # Every run is answered, those whose enqueuing died with the replica included.
        answers = 0
        while answers < len(seen):
            await stays.receive(10)
            answers = len(stays.messages("agent"))
        platform.replicas[0].end()
        platform.replicas[0].start()
        again = await platform.tab(user, 0)
        await again.send("resume", {"after": 0}, thread_id=thread_id)
        await again.until_messages(len(stays.messages()))
        assert [message["message_id"] for message in again.messages()] == [message["message_id"] for message in stays.messages()]

    asyncio.run(scenario())


def test_run_of_a_killed_worker_is_taken_over_and_answered_once(platform: Chat, postgres_server: servers.Postgres) -> None:
    async def scenario() -> None:
        user, thread_id = await platform.paid(User()), str(uuid.uuid4())
        tab = await platform.tab(user)
        lock = await asyncpg.connect(postgres_server.dsn)
        await lock.execute("BEGIN; LOCK TABLE messages IN ROW EXCLUSIVE MODE")
        await tab.say(thread_id, "What is 6 * 7?")
        await tab.next("message_accepted")
        await tab.next("agent_completed")
        redis = Redis.from_url(platform.redis.url, decode_responses=True)
        await queue_is_empty(redis)
        await lock.execute("COMMIT; BEGIN; LOCK TABLE threads IN SHARE MODE")
        # Both workers get stuck halfway, before their commit; one of them dies there.
        run_id = await start_run(tab, lock, user, thread_id)
        started = await tab.next("agent_started", run_id=run_id)
        # What an earlier test left unfinished may be in the queue, too.
        entry = next(entry for entry, fields in await redis.xrange("runs") if fields["run_id"] == run_id)
        (held,) = await redis.xpending_range("runs", "agents", entry, entry, 1)
        victim = platform.agents[int(held["consumer"][-1]) - 1]
        os.kill(victim.pid, signal.SIGKILL)
        await lock.execute("COMMIT")
        done = await tab.next("agent_completed", run_id=run_id, timeout=10)
        numbers = [
            frame["payload"]["n"] for frame in tab.frames if frame["payload"].get("run_id") == run_id and "n" in frame["payload"]
        ]
        assert numbers == list(range(started["payload"]["n"], done["payload"]["n"] + 1))
        assert len([message for message in tab.messages("agent") if message["run_id"] == run_id]) == 1
        row = await lock.fetchrow("SELECT state, attempts FROM runs WHERE id = $1", run_id)
        assert tuple(row) == ("completed", 2)
        await queue_is_empty(redis)
        await asyncio.gather(lock.close(), redis.aclose())

    asyncio.run(scenario())


async def start_run(tab: Tab, lock: asyncpg.Connection, user: User, thread_id: str) -> str:
    """Add a message and its run while `threads` is locked, as a replica that died after its commit leaves them."""
    message_id, run_id = str(uuid.uuid4()), str(uuid.uuid4())
    await lock.execute("UPDATE threads SET last_seq = last_seq + 1 WHERE id = $1", thread_id)
    await lock.execute(
        "INSERT INTO messages (id, thread_id, user_id, seq, role, text) "
        "SELECT $1, id, user_id, last_seq, 'user', 'What is 8 * 8?' FROM threads WHERE id = $2",
        message_id,
        thread_id,
    )
    await lock.execute(
        "INSERT INTO runs (id, thread_id, user_id, message_id, state, created_at) "
        "VALUES ($1, $2, $3, $4, 'queued', now() - interval '5 s')",
        run_id,
        thread_id,
        user.id,
        message_id,
    )
    await lock.execute("COMMIT; BEGIN; LOCK TABLE threads IN SHARE MODE")
    return run_id


async def queue_is_empty(redis: Redis) -> None:
    deadline = time.monotonic() + 10
    while await redis.xlen("runs") or (await redis.xpending("runs", "agents"))["pending"]:
        assert time.monotonic() < deadline, "the queue did not get empty within 10 s"
        await asyncio.to_thread(time.sleep, 0.02)


def test_no_command_goes_out_on_a_connection_that_redis_closed(redis_that_dies: MortalRedis) -> None:
    """A burst fills the pool; whoever gets one of its connections after a restart must not pay for it."""

    async def scenario() -> None:
        client = redis_client(redis_that_dies.server.url, name="test")
        await asyncio.gather(*(client.ping() for _ in range(20)))
        # In threads, so that the loop hears of the ends meanwhile.
        await asyncio.to_thread(redis_that_dies.end)
        await asyncio.to_thread(redis_that_dies.start)
        assert await asyncio.gather(*(client.ping() for _ in range(20))) == [True] * 20
        await client.aclose()

    asyncio.run(scenario())


def test_redis_killed_and_restarted(platform: Chat, redis_that_dies: MortalRedis) -> None:
    async def scenario() -> None:
        payer, free, thread_id = await platform.paid(User()), User(), str(uuid.uuid4())
        first, second = await platform.tab(payer, 0), await platform.tab(payer, 1)
        third = await platform.tab(free, 0)
        await first.say(thread_id, "before")
        await second.until_messages(2)
        redis_that_dies.end()
        refused = await first.say(thread_id, "meanwhile")
        assert (await first.next("error_message", message_id=refused))["payload"]["code"] == "unavailable"
        refused_free = await third.say(str(uuid.uuid4()), "meanwhile")
        assert (await third.next("error_message", message_id=refused_free))["payload"]["code"] == "limits_unavailable"
        # What needs no Redis goes on: new tabs, replays, titles.
        late = await platform.tab(payer, 1)
        await late.send("resume", {"after": 0}, thread_id=thread_id)
        await late.until_messages(2)
        await late.send("thread_rename", {"title": "In the dark"}, thread_id=thread_id)
        redis_that_dies.start()
        for tab in (first, second, late):
            assert (await tab.next("thread_renamed"))["payload"]["title"] == "In the dark"
        await accepted(first, thread_id, "What is 20 + 22?")
        for tab in (first, second, late):
            await tab.next("agent_completed", text="20 + 22 = 42", timeout=10)
            assert [message["seq"] for message in tab.messages()] == [1, 2, 3, 4]
        assert "meanwhile" not in [message["text"] for message in first.messages()]

    asyncio.run(scenario())


@pytest.mark.parametrize("when", ["before", "during", "a day before"])
def test_run_that_was_told_while_a_replica_could_not_listen(platform: Chat, postgres_server: servers.Postgres, when: str) -> None:
    """The whole run is over before the subscription is back, for a tab that was open before and for one that came meanwhile.

    It may have waited for its turn for longer than anybody looks back.
    """

    async def scenario() -> None:
        user, thread_id = await platform.paid(User()), str(uuid.uuid4())
        early = await platform.tab(user) if when != "during" else None
        redis, database = Redis.from_url(platform.redis.url), await asyncpg.connect(postgres_server.dsn)
        hears = asyncio.Event()
        deafened = asyncio.create_task(keep_deaf(redis, hears))
        tab = early or await platform.tab(user)
        message_id = (await accepted(tab, thread_id, "What is 4 + 5?"))["payload"]["message_id"]
        deadline = time.monotonic() + 10
        while await database.fetchval("SELECT state FROM runs WHERE message_id = $1", message_id) != "completed":
            assert time.monotonic() < deadline, "the run was not answered"
            await asyncio.sleep(0.01)
        if when == "a day before":
            await database.execute("UPDATE runs SET created_at = now() - interval '1 day' WHERE message_id = $1", message_id)
        hears.set()
        await deafened
        done = await tab.next("agent_completed", text="4 + 5 = 9")
        numbers = [frame["payload"]["n"] for frame in tab.frames if "n" in frame["payload"]]
        assert numbers == list(range(1, done["payload"]["n"] + 1))
        await asyncio.gather(redis.aclose(), database.close())

    asyncio.run(scenario())


async def keep_deaf(redis: Redis, hears: asyncio.Event) -> None:
    """End subscriptions again and again, until the event is set. (The client may lose a cancellation.)"""
    while not hears.is_set():
        await redis.client_kill_filter(_type="pubsub")
        await asyncio.sleep(0.005)


def test_session_revoked_while_redis_was_away_is_closed_afterwards(platform: Chat, redis_that_dies: MortalRedis) -> None:
    async def scenario() -> None:
        user = User()
        tab = await platform.tab(user)
        with paused(platform.replicas[0].pid):
            redis_that_dies.end()
            redis_that_dies.start()
            redis = Redis.from_url(platform.redis.url)
            await redis.set(f"session:revoked:{user.session}", 1, ex=60)
            await redis.aclose()
        await asyncio.wait_for(tab.socket.wait_closed(), 10)
        assert tab.socket.close_code == 4401

    asyncio.run(scenario())


def test_redis_that_hangs_delays_nothing_but_what_needs_it(platform: Chat, redis_that_dies: MortalRedis) -> None:
    async def scenario() -> None:
        user, thread_id = await platform.paid(User()), str(uuid.uuid4())
        tab = await platform.tab(user)
        await tab.say(thread_id, "before")
        await tab.next("agent_completed")
        redis_that_dies.signal(signal.SIGSTOP)
        try:
            message_id = await tab.say(thread_id, "meanwhile")
            await tab.send("ping", {"quick": 1})
            assert (await tab.next("pong", "error_message"))["type"] == "pong"
            assert (await tab.next("error_message", message_id=message_id))["payload"]["code"] == "unavailable"
        finally:
            redis_that_dies.signal(signal.SIGCONT)
        await accepted(tab, thread_id, "What is 1 + 1?")
        await tab.next("agent_completed", text="1 + 1 = 2", timeout=10)

    asyncio.run(scenario())


def test_terminated_database_sessions_are_replaced(platform: Chat, postgres_server: servers.Postgres) -> None:
    async def scenario() -> None:
        user, thread_id = await platform.paid(User()), str(uuid.uuid4())
        first, second = await platform.tab(user, 0), await platform.tab(user, 1)
        admin = await asyncpg.connect(postgres_server.dsn)
        for number in range(20):
            await admin.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^(backend|agent)-'"
            )
            await accepted(first, thread_id, f"What is {number} + 1?")
        await second.until_messages(40, timeout=15)
        assert [message["seq"] for message in second.messages()] == list(range(1, 41))
        await admin.close()

    asyncio.run(scenario())


def test_message_whose_run_never_got_into_the_queue_is_answered(platform: Chat, postgres_server: servers.Postgres) -> None:
    async def scenario() -> None:
        user, thread_id = await platform.paid(User()), str(uuid.uuid4())
        tab = await platform.tab(user)
        await tab.say(thread_id, "hello")
        await tab.next("agent_completed")
        admin = await asyncpg.connect(postgres_server.dsn)
        await admin.execute("BEGIN")
        run_id = await start_run(tab, admin, user, thread_id)
        await admin.execute("COMMIT")
        done = await tab.next("agent_completed", run_id=run_id, timeout=10)
        assert done["payload"]["text"] == "8 * 8 = 64"
        assert [message["seq"] for message in tab.messages()] == [1, 2, 3, 4]
        await admin.close()

    asyncio.run(scenario())


def test_services_stop_in_good_order_with_status_0(platform: Chat) -> None:
    async def scenario() -> None:
        tab = await platform.tab(User())
        status = [await asyncio.to_thread(service.end) for service in (*platform.replicas, *platform.agents)]
        await tab.socket.wait_closed()
        assert (status, tab.socket.close_code) == ([0, 0, 0, 0], 1012)

    asyncio.run(scenario())
