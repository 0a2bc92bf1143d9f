"""All tabs of a replica, by user and by session."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from redis.asyncio import Redis

from chat_backend.bus import Bus
from chat_backend.feed import Feed, read_event
from chat_backend.messages import Messages
from chat_backend.tab import EXPIRED, Tab
from chat_backend.threads import Threads
from chat_common.errors import StoreUnavailable
from chat_common.frames import frame
from chat_common.logs import Log
from chat_common.redis_client import REDIS_ERRORS
from chat_common.runqueue import SESSIONS, TERMINAL, RunQueue, revoked_key, user_channel
from chat_common.tasks import cancel, keep_running

log = Log("hub")

# All users' threads are looked at this often (seconds), for messages whose doorbell never came.
LOOK_SECONDS = 1.0
# How far back (seconds) such a look goes; longer than any transaction lasts.
LOOK_BACK = 30.0
REVOCATION_SECONDS = 0.5
# While the subscription is down too, Redis is asked again after this many seconds at the earliest.
ASK_AGAIN_SECONDS = 1.0
# What fails unexpectedly begins again after at most this long (seconds).
RESTART_SECONDS = 0.5
BATCH = 500


def announced(kind: str, payload: Mapping[str, Any]) -> int:
    """The number of a change that is announced: a title's version, or where a read marker stands."""
    return int(payload["version" if kind == "thread_renamed" else "seq"])


class Hub:
    """Joins tabs, users and sessions with what Redis and PostgreSQL say about them.

    Args:
        messages: Where messages come from.
        threads: Where titles and read markers come from.
        queue: Where run events can be read again.
        redis: Client that decodes responses.
        bus_url: Address of Redis for the subscription.
        name: Instance name, shown by Redis.
    """

    def __init__(self, messages: Messages, threads: Threads, queue: RunQueue, redis: Redis, *, bus_url: str, name: str) -> None:
        self._messages = messages
        self._threads = threads
        self._queue = queue
        self._redis = redis
        self._feeds: dict[str, Feed] = {}
        self._sessions: dict[str, set[Tab]] = {}
        self._bus = Bus(bus_url, f"{name}-bus", self._heard, self._subscribed)
        self._bus.subscribe(SESSIONS)
        self._look_now = asyncio.Event()
        self._resubscribed: set[str] = set()
        self._check_sessions = False
        self._heard_until = time.monotonic()
        self._ask_again = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        # Called when a run of a user with a tab here is over.
        self.on_run_over: Callable[[], None] = lambda: None

    async def check(self) -> None:
        """Return when Redis answers and this replica hears what is published there; for health routes."""
        await self._redis.ping()
        if not self._bus.connected:
            raise ConnectionError("the subscription is away")

    def start(self) -> None:
        """Begin to listen."""
        self._tasks = [
            asyncio.create_task(keep_running("bus", self._bus.run, cap=RESTART_SECONDS), name="bus"),
            asyncio.create_task(keep_running("look", self._look, cap=RESTART_SECONDS), name="look"),
        ]

    async def stop(self) -> None:
        """Stop listening."""
        await cancel(*self._tasks)
        await asyncio.gather(*(feed.stop() for feed in self._feeds.values()))
        await self._bus.close()

    # -- tabs ----------------------------------------------------------------------------------------------------------

    @property
    def sessions(self) -> int:
        """How many sessions have a tab here."""
        return len(self._sessions)

    async def revoked(self, session_id: str) -> bool:
        """Whether a session was revoked. While Redis can't be asked the answer is no; open tabs are checked when it is back."""
        now = time.monotonic()
        if not self._bus.connected and now < self._ask_again:
            return False
        try:
            async with asyncio.timeout(REVOCATION_SECONDS):
                return bool(await self._redis.exists(revoked_key(session_id)))
        except REDIS_ERRORS as error:
            # A Redis that hangs must not make every request wait for it.
            self._ask_again = now + ASK_AGAIN_SECONDS
            log.warning("revocation_unknown", session_id=session_id, reason=type(error).__name__)
            return False

    def register(self, tab: Tab) -> None:
        """Make a tab reachable for the revocation of its session; before the session is checked, so that none slips between."""
        self._sessions.setdefault(tab.session_id, set()).add(tab)

    async def join(self, tab: Tab, greeting: str) -> Feed:
        """Greet a tab and serve it from then on.

        Raises:
            StoreUnavailable: PostgreSQL can't be reached.
        """
        feed = self._feeds.get(tab.user_id)
        if feed is None:
            feed = self._feeds[tab.user_id] = Feed(tab.user_id, self._messages, self._queue)
            self._bus.subscribe(user_channel(tab.user_id))
        feed.joining += 1
        try:
            await feed.ready()
            tab.offer(greeting)
            feed.join(tab)
        finally:
            feed.joining -= 1
        return feed

    async def leave(self, tab: Tab) -> None:
        """Forget a tab, and its user's feed with the last one."""
        tabs = self._sessions.get(tab.session_id)
        if tabs is not None:
            tabs.discard(tab)
            if not tabs:
                del self._sessions[tab.session_id]
        feed = self._feeds.get(tab.user_id)
        if feed is None:
            return
        feed.leave(tab)
        if feed.idle:
            del self._feeds[tab.user_id]
            self._bus.unsubscribe(user_channel(tab.user_id))
            await feed.stop()

    def ring(self, user_id: str, thread_id: str, seq: int) -> None:
        """Ring for a message that this replica stored itself."""
        feed = self._feeds.get(user_id)
        if feed is not None:
            feed.ring(thread_id, seq)

    # -- what Redis says -----------------------------------------------------------------------------------------------

    def _heard(self, channel: str, text: str) -> None:
        try:
            if channel == SESSIONS:
                data = json.loads(text)
                self._close_session(data["sid"], str(data.get("reason", "revoked")))
                return
            feed = self._feeds.get(channel.removeprefix("user:"))
            if feed is not None:
                self._hand_on(feed, text)
        except Exception:  # one message must not make the replica deaf to all that follow
            log.error("message_not_understood", exc_info=True, channel=channel)

    def _hand_on(self, feed: Feed, text: str) -> None:
        data = json.loads(text)
        kind = data.get("type")
        if kind is None:
            feed.ring(data["thread_id"], int(data["seq"]))
        elif kind in ("thread_renamed", "thread_read"):
            feed.announce(text, kind, data["thread_id"], announced(kind, data["payload"]))
        else:
            feed.event(read_event(text))
            if kind in TERMINAL:
                self.on_run_over()

    def _close_session(self, session_id: str, reason: str) -> None:
        for tab in list(self._sessions.get(session_id, ())):
            tab.close(EXPIRED, f"session revoked: {reason}"[:100])

    def _subscribed(self, channel: str) -> None:
        if channel == SESSIONS:
            self._check_sessions = True
        else:
            self._resubscribed.add(channel.removeprefix("user:"))
        self._look_now.set()

    # -- what went unheard ---------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            try:
                async with asyncio.timeout_at(last + LOOK_SECONDS):
                    await self._look_now.wait()
            except TimeoutError:
                last = loop.time()
                if self._bus.connected and not self._resubscribed:
                    self._heard_until = self._bus.heard_at
                users = list(self._feeds)
            else:
                users = [user_id for user_id in self._resubscribed if user_id in self._feeds]
            self._look_now.clear()
            try:
                await self._look_at(users)
                await self._make_good(time.monotonic() - self._heard_until)
            except (StoreUnavailable, *REDIS_ERRORS) as error:
                log.debug("look_postponed", reason=str(error))

    async def _look_at(self, users: list[str]) -> None:
        for start in range(0, len(users), BATCH):
            for user_id, thread_id, seq in await self._messages.recent_heads(users[start : start + BATCH], LOOK_BACK):
                self.ring(user_id, thread_id, seq)

    async def _check_revocations(self) -> None:
        sessions = list(self._sessions)
        for start in range(0, len(sessions), BATCH):
            batch = sessions[start : start + BATCH]
            for session_id, value in zip(batch, await self._redis.mget([revoked_key(item) for item in batch]), strict=True):
                if value is not None:
                    self._close_session(session_id, "revoked")

    async def _make_good(self, unheard: float) -> None:
        if self._check_sessions:
            # Whoever is cut off again while it asks must ask once more.
            self._check_sessions = False
            try:
                await self._check_revocations()
            except BaseException:
                self._check_sessions = True
                raise
        users, self._resubscribed = self._resubscribed & self._feeds.keys(), set()
        # A channel that has just been opened for the first time may have taken its time: what came since its user's first tab
        # went unheard.
        returning = [user_id for user_id in users if self._feeds[user_id].heard_before]
        fresh = [user_id for user_id in users if not self._feeds[user_id].heard_before]
        try:
            if returning:
                log.info("channels_restored", users=len(returning), unheard_seconds=round(unheard, 1))
                await self._repeat_announcements(returning, unheard + 2 * LOOK_SECONDS)
            if fresh:
                began = min(self._feeds[user_id].began for user_id in fresh)
                await self._repeat_announcements(fresh, time.monotonic() - began)
            await self._repeat_runs(list(users), unheard)
        except BaseException:
            self._resubscribed |= users
            raise
        for user_id in users & self._feeds.keys():
            self._feeds[user_id].heard_before = True

    async def _repeat_announcements(self, users: list[str], seconds: float) -> None:
        for row in await self._threads.changed_since(users, seconds):
            feed, thread_id = self._feeds.get(str(row["user_id"])), str(row["id"])
            if feed is not None and row["renamed"]:
                renamed = {"title": row["title"], "version": row["title_version"]}
                text = frame("thread_renamed", renamed, thread_id=thread_id)
                feed.announce(text, "thread_renamed", thread_id, row["title_version"])
            if feed is not None and row["read"]:
                text = frame("thread_read", {"seq": row["read_seq"]}, thread_id=thread_id)
                feed.announce(text, "thread_read", thread_id, row["read_seq"])

    async def _repeat_runs(self, users: list[str], unheard: float) -> None:
        recent: dict[str, list[tuple[str, str]]] = {}
        for start in range(0, len(users), BATCH):
            batch = users[start : start + BATCH]
            for user_id, thread_id, run_id in await self._messages.recent_runs(batch, unheard + 2 * LOOK_SECONDS):
                recent.setdefault(user_id, []).append((thread_id, run_id))
        for user_id in users:
            feed = self._feeds.get(user_id)
            if feed is not None:
                await feed.replay_runs(recent.get(user_id, []))
