"""What a replica does when something in it fails in a way that nobody expected: it goes on hearing, or says that it does not."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from chat_backend import bus
from chat_backend.feed import Feed, read_event
from chat_backend.hub import Hub
from chat_backend.tab import EXPIRED, TRY_AGAIN_LATER
from chat_common.errors import StoreUnavailable
from chat_common.frames import frame
from chat_common.runqueue import SESSIONS, user_channel
from chat_common.tasks import cancel
from support import servers
from support.waiting import until

USER, THREAD, RUN = (str(uuid.uuid4()) for _ in range(3))


async def soon(look: Callable[[], bool]) -> None:
    """Wait until something is true."""
    # In a thread, so that the loop goes on meanwhile.
    await asyncio.to_thread(until, look)


class Store:
    """Messages of one thread, and a Redis that holds one run; both fail as often as they are told."""

    def __init__(self, last: int, *failures: Exception) -> None:
        self.last = last
        self.failures = list(failures)
        self.renamed_at = 0.0

    async def heads(self, _user_id: str) -> dict[str, int]:
        return {}

    async def after(self, thread_id: str, _user_id: str, seq: int) -> list[dict[str, Any]]:
        self._fail()
        return [self._row(thread_id, number) for number in range(seq + 1, self.last + 1)]

    async def recent_heads(self, _users: list[str], _seconds: float) -> list[tuple[str, str, int]]:
        self._fail()
        return [(USER, THREAD, self.last)]

    async def recent_runs(self, _users: list[str], _seconds: float) -> list[tuple[str, str, str]]:
        return []

    async def changed_since(self, users: list[str], seconds: float) -> list[dict[str, Any]]:
        if self.renamed_at <= time.monotonic() - seconds:
            return []
        title = {"title": "Named", "title_version": 1, "renamed": True}
        return [{"user_id": user, "id": THREAD, **title, "read": False, "read_seq": 0} for user in users]

    async def owned_last_seq(self, _thread_id: str, _user_id: str) -> int:
        self._fail()
        return self.last

    async def events(self, _run_id: str, _after: int) -> list[tuple[int, str]]:
        identity = {"run_id": RUN, "n": 1, "thread_id": THREAD}
        return [(1, frame("agent_completed", {"seq": self.last, **identity}, thread_id=THREAD))]

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    @staticmethod
    def _row(thread_id: str, seq: int) -> dict[str, Any]:
        nothing = dict.fromkeys(("run_id", "answers", "file_id", "file_name", "file_size"))
        return {
            "id": uuid.uuid4(),
            "thread_id": thread_id,
            "seq": seq,
            "role": "user",
            "text": "",
            "stopped": False,
            **nothing,
            "created_at": datetime.now(UTC),
        }


class Listener:
    """A tab as its feed and its hub know it."""

    def __init__(self) -> None:
        self.id, self.user_id, self.session_id = "tab", USER, str(uuid.uuid4())
        self.got: list[int] = []
        self.offered: list[str] = []
        self.closed: list[int] = []
        self.closing: int | None = None
        self.runs: dict[str, int] = {}
        self.ignored: list[str] = []
        self.catching: dict[str, Any] = {}
        self.floors: dict[str, int] = {}
        self.catcher: asyncio.Task[None] | None = None

    def offer(self, text: str) -> None:
        self.offered.append(text)

    def schedule_settled(self, _settle: Callable[[], None]) -> None:
        """It stays as it is."""

    def message(self, _thread_id: str, seq: int, _text: str, _before: int) -> None:
        self.got.append(seq)

    def run_event(self, *_event: Any) -> bool:
        return True

    def must_hold(self, _thread_id: str, _head: int) -> bool:
        return False

    def base(self, _thread_id: str, head: int) -> int:
        return head

    def close(self, code: int, _reason: str) -> None:
        self.closing = code
        self.closed.append(code)


def feed_of(store: Any) -> tuple[Feed, Any]:
    feed, tab = Feed(USER, store, store), Listener()
    listener: Any = tab
    feed.tabs.add(listener)
    return feed, listener


def test_feed_goes_on_after_a_failure_that_nobody_expected() -> None:
    async def scenario() -> None:
        feed, tab = feed_of(Store(1, RuntimeError("nobody expected this")))
        await feed.ready()
        feed.ring(THREAD, 1)
        await soon(lambda: feed._pump is None)
        assert tab.got == []
        # As the next look does, a second later.
        feed.ring(THREAD, 1)
        await soon(lambda: tab.got == [1])
        await feed.stop()

    asyncio.run(scenario())


def test_changes_that_are_announced_the_other_way_round_end_with_the_newest() -> None:
    async def scenario() -> None:
        feed, tab = feed_of(Store(1))
        told: list[str] = []
        tab.offer = told.append
        feed.announce("second title", "thread_renamed", THREAD, 2)
        feed.announce("first title", "thread_renamed", THREAD, 1)
        assert told == ["second title", "first title", "second title"]
        told.clear()
        feed.announce("read to 4", "thread_read", THREAD, 4)
        feed.announce("read to 2", "thread_read", THREAD, 2)
        feed.announce("other thread read to 1", "thread_read", "another", 1)
        assert told == ["read to 4", "read to 4", "other thread read to 1"]

    asyncio.run(scenario())


def test_bell_that_was_rung_by_a_replay_which_failed_rings_again() -> None:
    async def scenario() -> None:
        feed, tab = feed_of(Store(2, StoreUnavailable("postgres", "ConnectionRefusedError")))
        await feed.ready()
        tab.runs[RUN] = 0
        with pytest.raises(StoreUnavailable):
            await feed.replay_runs([])
        feed.ring(THREAD, 2)
        await soon(lambda: tab.got == [1, 2])
        await feed.stop()

    asyncio.run(scenario())


def test_event_that_breaks_its_delivery_holds_up_nothing_behind_it() -> None:
    async def scenario() -> None:
        feed, tab = feed_of(Store(1, RuntimeError("nobody expected this")))
        await feed.ready()
        feed.event(read_event((await Store(1).events(RUN, 0))[0][1]))
        feed.ring(str(uuid.uuid4()), 1)
        await soon(lambda: tab.got == [1])
        await feed.stop()

    asyncio.run(scenario())


def test_user_whose_threads_could_not_be_looked_up_is_not_locked_out() -> None:
    class Broken(Store):
        async def heads(self, _user_id: str) -> dict[str, int]:
            self._fail()
            return {}

    async def scenario() -> None:
        feed, _tab = feed_of(Broken(1, RuntimeError("nobody expected this")))
        with pytest.raises(RuntimeError):
            await feed.ready()
        await feed.ready()

    asyncio.run(scenario())


def test_tab_that_cannot_be_brought_up_to_date_is_told_to_come_again() -> None:
    async def scenario() -> None:
        feed, tab = feed_of(Store(1, RuntimeError("nobody expected this")))
        await feed.ready()
        feed.hold(tab, THREAD)
        feed.resume(tab, THREAD, 0, {})
        await soon(lambda: tab.closed == [TRY_AGAIN_LATER])
        await feed.stop()

    asyncio.run(scenario())


def test_hub_goes_on_listening_and_looking(redis_server: servers.Redis) -> None:
    async def scenario() -> None:
        redis = Redis.from_url(redis_server.url, decode_responses=True)
        store: Any = Store(1, RuntimeError("nobody expected this"))
        hub = Hub(store, store, store, redis, bus_url=redis_server.url, name="hub")
        tab: Any = Listener()
        hub.register(tab)
        await hub.join(tab, "")
        hub.start()
        await soon(lambda: hub._bus.connected)
        await hub.check()
        # Deeper than any reader goes; then what must be heard all the same.
        await soon_heard(redis, "[" * 200_000)
        await soon_heard(redis, json.dumps({"sid": tab.session_id, "reason": "logout"}))
        await soon(lambda: tab.closed == [EXPIRED])
        await soon(lambda: tab.got == [1])
        await hub.stop()
        with pytest.raises(ConnectionError):
            await hub.check()
        await redis.aclose()

    asyncio.run(scenario())


def test_subscription_that_falls_silent_is_given_up(redis_server: servers.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind a router that forgot the connection: nothing comes, and nobody says that it is over."""
    monkeypatch.setattr(bus, "SILENCE_SECONDS", 0.1)

    async def scenario() -> None:
        place = urlsplit(redis_server.url)
        wires: list[asyncio.StreamWriter] = []

        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(65536):
                if writer not in lost:
                    writer.write(data)

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            wires.append(writer)
            there, back = await asyncio.open_connection(place.hostname, place.port)
            await asyncio.gather(forward(reader, back), forward(there, writer), return_exceptions=True)

        lost: set[asyncio.StreamWriter] = set()
        heard: list[str] = []
        begun: list[str] = []
        redis = Redis.from_url(redis_server.url, decode_responses=True)
        async with await asyncio.start_server(pass_on, "127.0.0.1", 0) as wire:
            url = place._replace(netloc=place.netloc.replace(str(place.port), str(wire.sockets[0].getsockname()[1]))).geturl()
            listener = bus.Bus(url, "silent-bus", lambda _channel, text: heard.append(text), begun.append)
            listener.subscribe(SESSIONS)
            task = asyncio.create_task(listener.run())
            await soon(lambda: begun == [SESSIONS])
            lost.update(wires)
            await asyncio.sleep(0.05)
            at = time.monotonic()
            await redis.publish(SESSIONS, "what nobody hears")
            await soon(lambda: not listener.connected)
            assert listener.heard_at <= at
            await soon(lambda: begun == [SESSIONS, SESSIONS])
            await redis.publish(SESSIONS, "what is heard again")
            await soon(lambda: heard == ["what is heard again"])
            await cancel(task)
            await listener.close()
            for one in wires:
                one.close()
        await redis.aclose()

    asyncio.run(scenario())


@pytest.mark.parametrize("renamed", ["before", "after"])
def test_what_is_changed_before_a_users_channel_is_open_is_told(renamed: str) -> None:
    """It may take its time, once the user's first tab is there; what was changed before that is the client's to ask for."""

    async def scenario() -> None:
        store: Any = Store(0)
        hub = Hub(store, store, store, store, bus_url="redis://127.0.0.1:1/0", name="hub")
        tab: Any = Listener()
        if renamed == "before":
            store.renamed_at = time.monotonic()
            await asyncio.sleep(0.01)
        await hub.join(tab, "greeting")
        if renamed == "after":
            store.renamed_at = time.monotonic()
        hub._subscribed(user_channel(USER))
        await hub._make_good(0.0)
        assert [json.loads(text)["type"] for text in tab.offered[1:]] == (["thread_renamed"] if renamed == "after" else [])
        await hub.leave(tab)
        await hub.stop()

    asyncio.run(scenario())


def test_hub_knows_a_session_while_it_has_a_tab() -> None:
    async def scenario() -> None:
        store: Any = Store(0)
        hub = Hub(store, store, store, store, bus_url="redis://127.0.0.1:1/0", name="hub")
        first: Any = Listener()
        second: Any = Listener()
        second.session_id = first.session_id
        hub.register(first)
        hub.register(second)
        await hub.leave(first)
        assert hub.sessions == 1
        hub._heard(SESSIONS, json.dumps({"sid": second.session_id, "reason": "logout"}))
        assert (first.closed, second.closed) == ([], [EXPIRED])
        await hub.leave(second)
        assert hub.sessions == 0
        await hub.stop()

    asyncio.run(scenario())


def test_replica_that_is_cut_off_again_while_it_asks_for_revocations_asks_once_more() -> None:
    """What is revoked in the second interruption is in no answer to the first question."""

    answers = [None, "1"]

    async def scenario() -> None:
        class Revocations(Store):
            async def mget(self, _keys: list[str]) -> list[str | None]:
                if len(answers) > 1:
                    hub._subscribed(SESSIONS)
                return [answers.pop(0)]

        store: Any = Revocations(0)
        hub = Hub(store, store, store, store, bus_url="redis://127.0.0.1:1/0", name="hub")
        tab: Any = Listener()
        hub.register(tab)
        hub._subscribed(SESSIONS)
        await hub._make_good(0.0)
        assert tab.closed == []
        await hub._make_good(0.0)
        assert tab.closed == [EXPIRED]
        await hub.stop()

    asyncio.run(scenario())


async def soon_heard(redis: Any, text: str) -> None:
    """Publish something to whoever listens for sessions that ended, as soon as somebody does."""
    async with asyncio.timeout(10):
        heard = 0
        while not heard:
            heard = await redis.publish(SESSIONS, text)
