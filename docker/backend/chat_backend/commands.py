"""What a client may send over its WebSocket, and what is done about it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from chat_backend.doorbell import Doorbell
from chat_backend.feed import Feed
from chat_backend.hub import Hub
from chat_backend.limits import Limits, LimitsUnavailable
from chat_backend.messages import Messages, NewMessage, NotFound, Stored
from chat_backend.tab import Tab
from chat_backend.threads import TITLE_LIMIT, Threads
from chat_common.errors import StoreUnavailable
from chat_common.frames import frame, is_uuid, stamp
from chat_common.logs import Log
from chat_common.outbox import OutboxRelay

log = Log("commands")

TEXT_LIMIT = 16_000
RUNS_LIMIT = 50
SEQ_LIMIT = 2**62


class BadFrame(Exception):
    """A frame that is refused.

    Args:
        code: `bad_frame`, `unknown_type` or `too_long`.
        text: What is wrong with it.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class ClientFrame:
    """A frame with its envelope checked; identifiers are in lower case, and empty when absent."""

    kind: str
    payload: dict[str, Any]
    message_id: str
    thread_id: str


def read_frame(text: str | None) -> ClientFrame:
    """Read and check a client's envelope; None stands for a binary frame.

    Raises:
        BadFrame: It is no JSON object of the right form.
    """
    if text is None:
        raise BadFrame("bad_frame", "Frames must be text.")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame("bad_frame", "The frame is not JSON.") from error
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        raise BadFrame("bad_frame", "The frame must be an object with a type.")
    payload = data.get("payload", {})
    if not isinstance(payload, dict):
        raise BadFrame("bad_frame", "The payload must be an object.")
    for name in ("message_id", "thread_id"):
        if data.get(name) is not None and not is_uuid(data[name]):
            raise BadFrame("bad_frame", f"{name} must be a UUID.")
    return ClientFrame(data["type"], payload, (data.get("message_id") or "").lower(), (data.get("thread_id") or "").lower())


def clean_text(value: Any, name: str, limit: int) -> str:
    """A text of 1 to `limit` characters that PostgreSQL can hold.

    Raises:
        BadFrame: It is none.
    """
    if not isinstance(value, str) or not value.strip():
        raise BadFrame("bad_frame", f"{name} must be a text with at least one character.")
    if len(value) > limit:
        raise BadFrame("too_long", f"{name} may have {limit} characters; this has {len(value)}.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadFrame("bad_frame", f"{name} is not valid Unicode.") from error
    if "\0" in value:
        raise BadFrame("bad_frame", f"{name} must not contain NUL.")
    return value


def whole(value: Any, name: str) -> int:
    """A whole number from 0.

    Raises:
        BadFrame: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= SEQ_LIMIT:
        raise BadFrame("bad_frame", f"{name} must be a whole number from 0.")
    return value


def run_numbers(value: Any) -> dict[str, int]:
    """Numbers of events by run.

    Raises:
        BadFrame: It is no such mapping, or too long a one.
    """
    if not isinstance(value, dict) or len(value) > RUNS_LIMIT or not all(map(is_uuid, value)):
        raise BadFrame("bad_frame", f"runs must map at most {RUNS_LIMIT} run ids to numbers.")
    return {run_id.lower(): whole(n, "runs") for run_id, n in value.items()}


Handler = Callable[[Tab, Feed, ClientFrame], Awaitable[None]]


class Commands:
    """Carries out what clients send.

    Args:
        messages: Stores messages.
        threads: Renames and marks threads.
        limits: Admits messages.
        hub: Reaches the tabs here.
        doorbell: Reaches the tabs elsewhere, and the agents.
        relay: Carries events to ClickHouse.
    """

    def __init__(
        self, messages: Messages, threads: Threads, limits: Limits, *, hub: Hub, doorbell: Doorbell, relay: OutboxRelay
    ) -> None:
        self._messages = messages
        self._threads = threads
        self._limits = limits
        self._hub = hub
        self._doorbell = doorbell
        self._relay = relay
        self._handlers: dict[str, Handler] = {
            "user_message": self._user_message,
            "stop": self._stop,
            "resume": self._resume,
            "thread_rename": self._rename,
            "thread_read": self._mark_read,
        }

    @property
    def kinds(self) -> list[str]:
        """The types of frames that are carried out."""
        return list(self._handlers)

    async def carry_out(self, tab: Tab, feed: Feed, incoming: ClientFrame) -> None:
        """Handle one frame; every outcome is a frame to the tab, never an exception."""
        try:
            await self._handler(incoming)(tab, feed, incoming)
        except BadFrame as error:
            refuse(tab, error.code, error.text, incoming)
        except NotFound:
            refuse(tab, "not_found", "There is no such thread.", incoming)
        except LimitsUnavailable as error:
            log.warning("limits_unavailable", user_id=tab.user_id, reason=str(error))
            refuse(tab, "limits_unavailable", "Messages can't be taken at the moment; try again.", incoming)
        except StoreUnavailable as error:
            log.warning("command_unavailable", kind=incoming.kind, user_id=tab.user_id, store=error.store, reason=error.reason)
            refuse(tab, "unavailable", "This can't be done at the moment; try again.", incoming)
        except Exception:  # a bug in one command must not end the connection
            log.error("command_failed", exc_info=True, kind=incoming.kind, user_id=tab.user_id)
            refuse(tab, "unavailable", "The service failed unexpectedly; try again.", incoming)

    def _handler(self, incoming: ClientFrame) -> Handler:
        handler = self._handlers.get(incoming.kind)
        if handler is None:
            raise BadFrame("unknown_type", f"{incoming.kind[:50]!r} is not a type of frame.")
        if not incoming.thread_id:
            raise BadFrame("bad_frame", f"{incoming.kind} needs a thread_id.")
        return handler

    async def _user_message(self, tab: Tab, feed: Feed, incoming: ClientFrame) -> None:
        if not incoming.message_id:
            raise BadFrame("bad_frame", "user_message needs a message_id.")
        text = clean_text(incoming.payload.get("text"), "text", TEXT_LIMIT)
        feed.settle(tab)
        message = NewMessage(incoming.message_id, incoming.thread_id, tab.user_id, text)
        standing = await self._messages.standing(message)
        if standing.stored is not None:
            acknowledge(tab, standing.stored)
            return
        if not await self._admitted(tab, standing.plan, message.message_id):
            return
        stored = await self._messages.store(message)
        acknowledge(tab, stored)
        await self.after_store(tab.user_id, stored)

    async def _stop(self, tab: Tab, feed: Feed, incoming: ClientFrame) -> None:
        if not incoming.message_id:
            raise BadFrame("bad_frame", "stop needs the message_id of the question.")
        asked = await self._messages.stop(incoming.message_id, incoming.thread_id, tab.user_id)
        if asked.state == "stopping":
            await self._doorbell.stop_asked(asked.run_id, tab.user_id)
        payload = {"message_id": incoming.message_id, "run_id": asked.run_id, "state": asked.state}
        tab.offer(frame("stop_acknowledged", payload, message_id=incoming.message_id, thread_id=incoming.thread_id))

    async def _admitted(self, tab: Tab, plan: str, message_id: str) -> bool:
        try:
            verdict = await self._limits.admit(plan, tab.user_id, message_id)
        except LimitsUnavailable as error:
            if plan == "paid":
                raise StoreUnavailable("redis", str(error)) from error
            raise
        if not verdict.admitted:
            payload = {
                "limit": self._limits.free_messages,
                "window": self._limits.window,
                "retry_after": verdict.retry_after,
                "message_id": message_id,
            }
            tab.offer(frame("rate_limited", payload, message_id=message_id))
        return verdict.admitted

    async def after_store(self, user_id: str, stored: Stored) -> None:
        """Tell everybody about a message that is committed."""
        if stored.duplicate or stored.run_id is None:
            return
        self._hub.ring(user_id, stored.thread_id, stored.seq)
        self._relay.wake()
        await self._doorbell.message_stored(user_id, stored.thread_id, stored.seq, stored.run_id)

    async def _resume(self, tab: Tab, feed: Feed, incoming: ClientFrame) -> None:
        try:
            after = whole(incoming.payload.get("after", 0), "after")
            runs = run_numbers(incoming.payload.get("runs") or {})
        except BadFrame:
            feed.release(tab, incoming.thread_id)
            raise
        feed.resume(tab, incoming.thread_id, after, runs)

    async def _rename(self, tab: Tab, feed: Feed, incoming: ClientFrame) -> None:
        title = clean_text(incoming.payload.get("title"), "title", TITLE_LIMIT)
        version = await self._threads.rename(incoming.thread_id, tab.user_id, title)
        text = frame("thread_renamed", {"title": title, "version": version}, thread_id=incoming.thread_id)
        await self._doorbell.announce(tab.user_id, f"title:{incoming.thread_id}", text)

    async def _mark_read(self, tab: Tab, feed: Feed, incoming: ClientFrame) -> None:
        seq = whole(incoming.payload.get("seq"), "seq")
        now = await self._threads.mark_read(incoming.thread_id, tab.user_id, seq)
        text = frame("thread_read", {"seq": now}, thread_id=incoming.thread_id)
        await self._doorbell.announce(tab.user_id, f"read:{incoming.thread_id}", text)


def acknowledge(tab: Tab, stored: Stored) -> None:
    """Confirm a message to the tab that sent it."""
    payload: dict[str, Any] = {"message_id": stored.message_id, "seq": stored.seq, "created_at": stamp(stored.created_at)}
    if stored.duplicate:
        payload["duplicate"] = True
    tab.offer(frame("message_accepted", payload, message_id=stored.message_id, thread_id=stored.thread_id, seq=stored.seq))


def refuse(tab: Tab, code: str, text: str, incoming: ClientFrame | None = None) -> None:
    """Tell a tab that its frame was not taken."""
    payload = {"code": code, "text": text}
    message_id = incoming.message_id if incoming is not None else ""
    if message_id:
        payload["message_id"] = message_id
    thread_id = incoming.thread_id if incoming is not None else ""
    tab.offer(frame("error_message", payload, message_id=message_id or None, thread_id=thread_id or None))
