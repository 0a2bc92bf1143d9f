"""One open WebSocket: what waits to be sent on it, and what has been sent already."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chat_common.frames import frame, stamp
from chat_common.logs import Log
from chat_common.runqueue import TERMINAL
from chat_common.tokens import Claims

log = Log("tab")

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# A peer that reads too slowly is told to come back later when this much waits for it.
QUEUE_FRAMES = 4096
QUEUE_CHARACTERS = 4 * 1024 * 1024
# Replays wait until no more than this many frames are queued.
REPLAY_FRAMES = 256
# Seconds that a tab has after connecting to send `resume` before live messages of older threads begin: one that resumes in time
# gets each message once and in order.
SETTLE_SECONDS = 0.25
FLUSH_SECONDS = 1.0
RUNS_REMEMBERED = 64

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
EXPIRED = 4401


@dataclass
class CatchUp:
    """A thread that a tab is being brought up to date in; what is live in it passes the tab by meanwhile.

    Attributes:
        cursor: The last `seq` that the tab has.
        waiting: Resumes that have arrived and whose turn has not come; until then the thread is only held.
        asked: Whether the work may begin.
        resumed: Whether the client asked for it; then the thread is checked first, and runs that are under way belong to it.
        named: Numbers of the last events that the client has, by run.
        heard: Runs whose events passed the tab by.
    """

    cursor: int
    waiting: int = 0
    asked: bool = False
    resumed: bool = False
    named: dict[str, int] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)

    @property
    def due(self) -> bool:
        """Whether it can be worked on now."""
        return self.asked and not self.waiting


class Tab:
    """State of one connection. All methods are called on the event loop.

    Args:
        send: The ASGI `send`.
        claims: Whose tab it is.
    """

    def __init__(self, send: Send, claims: Claims) -> None:
        self.id = str(uuid.uuid4())
        self.claims = claims
        self.user_id = claims.user_id
        self.session_id = claims.session_id
        self.catching: dict[str, CatchUp] = {}
        self.catcher: asyncio.Task[None] | None = None
        self.floors: dict[str, int] = {}
        self.settled = False
        # The last event that was sent, by run that is under way; runs whose end was sent; runs that began before this connection
        # and that it has not asked for.
        self.runs: dict[str, int] = {}
        self.over: deque[str] = deque(maxlen=RUNS_REMEMBERED)
        self.ignored: deque[str] = deque(maxlen=RUNS_REMEMBERED)
        # Where threads ended when the tab joined; of threads that have grown since.
        self._base: dict[str, int] = {}
        self.closing: tuple[int, str] | None = None
        self._send = send
        self._frames: deque[str] = deque()
        self._characters = 0
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._sender = asyncio.create_task(self._send_frames(), name="tab sender")
        self._closer: asyncio.Task[None] | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.on_close: Callable[[], None] = lambda: None

    def offer(self, text: str) -> None:
        """Queue a frame; when too much waits already the tab is closed with 1013 instead."""
        if self.closing is not None:
            return
        if len(self._frames) >= QUEUE_FRAMES or self._characters + len(text) > QUEUE_CHARACTERS:
            log.warning("slow_consumer", connection_id=self.id, user_id=self.user_id, frames=len(self._frames))
            self.close(TRY_AGAIN_LATER, "reading too slowly", flush=False)
            return
        self._frames.append(text)
        self._characters += len(text)
        if len(self._frames) >= REPLAY_FRAMES:
            self._room.clear()
        self._more.set()

    async def room(self) -> None:
        """Wait until a replay may queue more."""
        await self._room.wait()

    async def _send_frames(self) -> None:
        try:
            while True:
                while self._frames:
                    text = self._frames.popleft()
                    self._characters -= len(text)
                    if len(self._frames) < REPLAY_FRAMES:
                        self._room.set()
                    await self._send({"type": "websocket.send", "text": text})
                if self.closing is not None:
                    return
                self._more.clear()
                await self._more.wait()
        except OSError:
            # The peer is gone: the receiving side learns it too, and ends the connection.
            self._frames.clear()
        except Exception:  # a tab that is sent nothing must not seem connected
            log.error("sending_broke", exc_info=True, connection_id=self.id)
            self._frames.clear()
            self.close(TRY_AGAIN_LATER, "try again later")

    def base(self, thread_id: str, head: int) -> int:
        """Where a thread, which ends at `head` now, ended when the tab joined."""
        return self._base.get(thread_id, head)

    def must_hold(self, thread_id: str, head: int) -> bool:
        """Whether the tab may still ask for older messages of the thread, so that live ones must wait."""
        return not self.settled and self.base(thread_id, head) > 0

    def message(self, thread_id: str, seq: int, text: str, before: int) -> None:
        """Take a live message; `before` is the thread's end before it."""
        self._base.setdefault(thread_id, before)
        if thread_id in self.catching:
            return
        if self.must_hold(thread_id, before):
            self.catching[thread_id] = CatchUp(before)
            return
        if seq > self.floors.get(thread_id, 0):
            self.floors.pop(thread_id, None)
            self.offer(text)

    def run_event(self, run_id: str, n: int, kind: str, text: str) -> bool:
        """Take event `n` of a run if it is the next one for this tab.

        Returns:
            False when events before it are missing here.
        """
        if run_id in self.over:
            return True
        have = self.runs.get(run_id, 0)
        if n == have + 1:
            self.offer(text)
            self.runs[run_id] = n
            if kind in TERMINAL:
                del self.runs[run_id]
                self.over.append(run_id)
        return n <= have + 1

    def schedule_expiry(self, notice: float, grace: float) -> None:
        """Arm the timers that follow the token's life: a notice, and the end when nothing renews it.

        Args:
            notice: Seconds before the expiry; never more than a third of the token's life.
            grace: Seconds after it that the connection may stay.
        """
        left = self.claims.expires_at - time.time()
        notice = min(notice, (self.claims.expires_at - self.claims.issued_at) / 3)
        self._arm("notice", left - notice, self._notify_expiry)
        self._arm("expiry", left + grace, lambda: self.close(EXPIRED, "token expired"))

    def schedule_settled(self, settle: Callable[[], None]) -> None:
        """Call `settle` when the time to resume is over."""
        self._arm("settle", SETTLE_SECONDS, settle)

    def _arm(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(max(0.0, seconds), act)

    def _notify_expiry(self) -> None:
        self.offer(frame("auth_expiring", {"expires_at": self.expires_at}))

    @property
    def expires_at(self) -> str:
        """When the token expires, as RFC 3339."""
        return stamp_seconds(self.claims.expires_at)

    def close(self, code: int, reason: str, *, flush: bool = True) -> None:
        """Close the connection, after what is queued unless `flush` is off; only the first call counts."""
        if self.closing is not None:
            return
        self.closing = (code, reason)
        if not flush:
            self._frames.clear()
            self._sender.cancel()
        self._more.set()
        self._room.set()
        self._closer = asyncio.create_task(self._finish_close(code, reason), name="tab closer")
        log.info("connection_closing", connection_id=self.id, user_id=self.user_id, code=code, reason=reason)

    async def _finish_close(self, code: int, reason: str) -> None:
        await asyncio.wait({self._sender}, timeout=FLUSH_SECONDS)
        self._sender.cancel()
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except (OSError, RuntimeError) as error:
            # It was closed from the other side at the same time.
            log.debug("close_was_late", connection_id=self.id, reason=type(error).__name__)
        finally:
            self.on_close()

    async def end(self) -> None:
        """Stop every task and timer of the tab; called once, when the connection is over."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        tasks = [task for task in (self._sender, self.catcher, self._closer) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._frames.clear()


def stamp_seconds(seconds: int) -> str:
    """Seconds since 1970 as RFC 3339."""
    return stamp(datetime.fromtimestamp(seconds, UTC))
