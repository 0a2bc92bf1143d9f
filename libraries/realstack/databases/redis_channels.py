"""Listening to Redis channels while a test goes on.

The listener's task only records and wakes those who wait; it never logs. When its connection breaks it subscribes
anew, and notes the gap: what was published meanwhile is lost to it, and a test must not take silence for proof.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from realstack.core.errors import InvalidRun, StackFailure, explain
from realstack.core.lateness import Late
from realstack.core.likeness import exact
from realstack.core.nesting import too_deep
from realstack.core.table import shorten
from realstack.core.waiting import Deadline
from realstack.databases.errors import ODD_ANSWER
from realstack.databases.redis_store import RedisSession
from realstack.recording.events import Note
from realstack.recording.recorder import recorder
from realstack.secrets.redaction import redact, redact_text

MAX_MESSAGES = 20_000
RESUBSCRIBE_SECONDS = 0.1
READ_SECONDS = 1.0
_LOSSES: tuple[type[Exception], ...] = (RedisError, OSError, *ODD_ANSWER)
"""By which a subscription ends."""


@dataclass(frozen=True, slots=True)
class ChannelMessage:
    """A message that was published.

    Attributes:
        at: Seconds on the monotonic clock.
        text: What was published.
        data: Parsed JSON where it is JSON, else the text.
    """

    at: float
    channel: str
    text: str
    data: Any


class ChannelListener:
    """A subscription with a ledger.

    Args:
        name: What the test calls it.
        session: Whose server and account are used; the connection is the listener's own.
        channels: Names, or patterns of ``PSUBSCRIBE`` (those with ``*``, ``?`` or ``[``). What is published with ``SPUBLISH``
            is heard on names, where the server knows that (since Redis 7).
    """

    def __init__(self, name: str, session: RedisSession, channels: Sequence[str]) -> None:
        self.name = name
        self.session = session
        self.channels = list(channels)
        self.messages: list[ChannelMessage] = []
        self.gaps: list[float] = []
        self._taken = 0
        self._dropped = 0
        self._changed = asyncio.Condition()
        self._subscribed = asyncio.Event()
        self._trouble = "silence"
        self._task: asyncio.Task[None] | None = None

    async def start(self, timeout: float) -> None:
        """Subscribe, and return when the server has confirmed it."""
        self._task = asyncio.create_task(self._serve(), name=f"redis-listener-{self.name}")
        try:
            await asyncio.wait_for(self._subscribed.wait(), timeout)
        except TimeoutError:
            await self.stop()
            raise StackFailure(
                explain(f"Redis '{self.session.name}' to confirm the subscription within {timeout:g} s", self._trouble)
            ) from None
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the subscription; the ledger stays."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def wait_for(self, good: Callable[[ChannelMessage], bool], described: str, deadline: Deadline) -> ChannelMessage:
        """The next message that is good, among those after the last one that was waited for.

        Raises:
            StackFailure: None came in time; those that came are in the text.
        """
        position = self._taken
        async with self._changed:
            while True:
                for number in range(position, len(self.messages)):
                    if good(self.messages[number]):
                        self._taken = number + 1
                        return self.messages[number]
                position = len(self.messages)
                try:
                    await asyncio.wait_for(self._changed.wait(), deadline.left)
                except TimeoutError:
                    raise self._nothing(described, deadline) from None

    def require_whole(self) -> None:
        """Refuse to judge a ledger that has a gap.

        Raises:
            InvalidRun: The connection was lost meanwhile, or there were more messages than are kept.
        """
        if self.gaps or self._dropped:
            seen = f"{len(self.gaps)} gap(s) in its subscription, {self._dropped} message(s) beyond the {MAX_MESSAGES} kept"
            raise InvalidRun(explain(f"listener '{self.name}' to have heard everything", seen))

    def _nothing(self, described: str, deadline: Deadline) -> Late:
        heard = [f"  {one.channel}: {shorten(str(redact(one.data)), 120)}" for one in self.messages[self._taken :][-10:]]
        gaps = f"\n{len(self.gaps)} gap(s) in the subscription" if self.gaps else ""
        return Late(
            explain(
                f"a message {described} on {', '.join(self.channels)} within {deadline.seconds:g} s",
                f"{len(self.messages) - self._taken} other message(s){gaps}",
                evidence="\n".join(heard),
            )
        )

    async def _serve(self) -> None:
        while True:
            client = self.session.new_client(None)
            try:
                # INFO would tell the version, but is not for every account.
                found = await client.execute_command("COMMAND INFO", "SSUBSCRIBE")  # type: ignore[no-untyped-call]
                shards = found[0] is not None
                async with client.pubsub() as pubsub:
                    await self._listen(pubsub, shards)
            except _LOSSES as error:
                # What is wrong with the server is for those to say who ask it; here it is a gap.
                self._trouble = redact_text(str(error)) or type(error).__name__
                await self._note_gap()
            finally:
                with suppress(RedisError, OSError):
                    await client.aclose()
            await asyncio.sleep(RESUBSCRIBE_SECONDS)

    async def _listen(self, pubsub: PubSub, shards: bool) -> None:
        patterns = [channel for channel in self.channels if set(channel) & set("*?[")]
        names = [channel for channel in self.channels if channel not in patterns]
        if patterns:
            await pubsub.psubscribe(*patterns)
        if names:
            await pubsub.subscribe(*names)
        if names and shards:
            await pubsub.ssubscribe(*names)
        wanted = len(self.channels) + (len(names) if shards else 0)
        confirmed = 0
        while True:
            message = await pubsub.get_message(timeout=READ_SECONDS)
            if message is None:
                continue
            if message["type"] in {"subscribe", "psubscribe", "ssubscribe"}:
                confirmed += 1
                if confirmed == wanted:
                    self._subscribed.set()
            elif message["type"] in {"message", "pmessage", "smessage"}:
                await self._keep(ChannelMessage(time.monotonic(), message["channel"], message["data"], _parsed(message["data"])))

    async def _keep(self, message: ChannelMessage) -> None:
        async with self._changed:
            if len(self.messages) >= MAX_MESSAGES:
                self._dropped += 1
                return
            self.messages.append(message)
            self._changed.notify_all()
        facts = {"channel": message.channel, "data": redact(message.data)}
        recorder.record(Note(self.name, what="published", facts=facts, at=message.at))

    async def _note_gap(self) -> None:
        if self._subscribed.is_set():
            self._subscribed.clear()
            self.gaps.append(time.monotonic())
            recorder.record(Note(self.name, what="subscription lost"))


def _parsed(text: str) -> Any:
    try:
        value = exact(text)
    except (ValueError, RecursionError):  # it is no JSON, or nested too deeply
        return text
    return text if too_deep(value, text) else value
