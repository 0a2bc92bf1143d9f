"""Tells a run's events, each once, however many workers try."""

from __future__ import annotations

import json
from typing import Any

from chat_common.frames import frame
from chat_common.logs import Log
from chat_common.redis_client import REDIS_ERRORS
from chat_common.runqueue import SEALED, TERMINAL, RunQueue
from chat_common.tasks import insist

log = Log("reporter")

CHUNK = 120
# Of an answer; between two of them lies a moment, and nobody wants to wait long for the end.
MOST_CHUNKS = 30
PIECE = "stream_chunk"


class Reporter:
    """Events of one run.

    They are numbered here from 1. A worker that repeats a run tells the same events with the same numbers, which changes nothing;
    where Redis lost what was told, it is told again.

    Args:
        queue: Where events are kept and published.
        run_id: Whose events these are.
        user_id: Who gets them.
        thread_id: Where.
    """

    def __init__(self, queue: RunQueue, run_id: str, user_id: str, thread_id: str) -> None:
        self._queue = queue
        self._run_id = run_id
        self._user_id = user_id
        self._thread_id = thread_id
        self._frames: list[str] = []
        # The last event that is known to have been told, by whomever.
        self._told = 0

    async def tell(self, kind: str, payload: dict[str, Any]) -> bool:
        """Tell the next event.

        Returns:
            Whether it was told now; else another worker had told it, or the run is sealed.
        """
        n = len(self._frames) + 1
        self._frames.append(self._frame(kind, payload, n))
        return await self._add(n)

    async def seal(self) -> str:
        """Let nothing more be told but the end, by nobody.

        Returns:
            What was said of the answer until now.
        """
        last = await insist("seal", lambda: self._queue.seal(self._run_id, self._told), *REDIS_ERRORS)
        kept = [text for _n, text in await self._kept(0)][:last]
        # Where Redis lost events, those that were told here stand for them.
        self._frames = kept if len(kept) == last else self._frames[:last]
        told = [json.loads(text) for text in self._frames]
        return "".join(event["payload"]["text"] for event in told if event["type"] == PIECE)

    async def tell_end(self, kind: str, payload: dict[str, Any]) -> None:
        """Tell the last event, unless the run has one."""
        while True:
            number, last = await insist("event", lambda: self._queue.last_event(self._run_id), *REDIS_ERRORS)
            if last in TERMINAL:
                return
            # Another worker may have told more than this one has to tell: the end comes after it all.
            n = max(number, len(self._frames)) + 1
            if n > len(self._frames) + 1:
                self._frames += [text for _n, text in await self._kept(len(self._frames))]
            del self._frames[n - 1 :]
            self._frames.append(self._frame(kind, payload, n))
            if await self._add(n, terminal=True):
                return

    async def _kept(self, after: int) -> list[tuple[int, str]]:
        return await insist("events", lambda: self._queue.events(self._run_id, after), *REDIS_ERRORS)

    async def _add(self, n: int, *, terminal: bool = False) -> bool:
        start = n
        while True:
            have = n
            for number in range(start, n + 1):
                have = await self._emit(number, terminal=terminal and number == n)
            if have == SEALED:
                return False
            if have >= n - 1:
                self._told = n
                return have == n - 1
            log.warning("events_told_again", run_id=self._run_id, after=have)
            start = have + 1

    async def _emit(self, number: int, *, terminal: bool) -> int:
        text = self._frames[number - 1]
        return await insist(
            "event", lambda: self._queue.emit(self._run_id, self._user_id, number, text, terminal=terminal), *REDIS_ERRORS
        )

    def _frame(self, kind: str, payload: dict[str, Any], n: int) -> str:
        identity = {"run_id": self._run_id, "event_id": f"{self._run_id}:{n}", "n": n, "thread_id": self._thread_id}
        return frame(kind, {**payload, **identity}, thread_id=self._thread_id)


def chunks(text: str) -> list[str]:
    """Cut a text behind spaces into pieces that make it up again; of a long text the pieces are longer, so that they are few."""
    size = max(CHUNK, -(-len(text) // MOST_CHUNKS))
    pieces, start = [], 0
    while start < len(text):
        end = start + size
        if end < len(text):
            space = text.find(" ", end - 1, end + size)
            end = space + 1 if space >= 0 else end
        pieces.append(text[start:end])
        start = end
    return pieces
