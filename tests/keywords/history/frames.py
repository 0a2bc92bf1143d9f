"""Records what a chat's connections would, for suites that try the History library without a platform."""

from __future__ import annotations

import threading
import time
from typing import Any

from robot.api.deco import keyword, library

from realstack.recording import events
from realstack.recording.evidence import Window, evidence
from realstack.recording.recorder import recorder


@library(scope="GLOBAL", auto_keywords=False)
class frames:  # noqa: N801 - named as suites import it
    """Frames of a chat, as if they came over the wire."""

    @keyword
    def open_tab(self, tab: str, account: str) -> None:
        """A connection opens and is greeted."""
        recorder.record(events.Opened(tab, "ws://127.0.0.1/ws"))
        self._frame("in", tab, "connection_established", {"connection_id": f"c-{tab}", "user_id": account})

    @keyword
    def close_tab(self, tab: str) -> None:
        """A connection ends."""
        recorder.record(events.Closed(tab, 1000, by="client"))

    @keyword
    def fault_lasted(self, name: str, seconds: float) -> float:
        """A fault lasted so many seconds and is over now; returns when it began, in seconds since the epoch."""
        now, today = time.monotonic(), time.time()
        recorder.record(events.FaultBegun(name, at=now - seconds))
        recorder.record(events.FaultEnded(name, at=now))
        return today - seconds

    @keyword
    def exchange(self, sender: str, message: str, seq: int, *tabs: str, text: str | None = None, thread: str = "t") -> None:
        """A message is sent, acknowledged and delivered."""
        words = text or f"text of {message}"
        self._frame("out", sender, "user_message", {"text": words}, message_id=message, thread_id=thread)
        self._frame("in", sender, "message_accepted", {"message_id": message, "seq": seq}, thread_id=thread)
        for tab in tabs:
            self.deliver(tab, message, seq, words, thread=thread)

    @keyword
    def deliver(
        self, tab: str, message: str, seq: int, text: str | None = None, *, thread: str = "t", run: str | None = None
    ) -> None:
        """A message arrives: a user's, or an agent's of this run."""
        payload = {"message_id": message, "thread_id": thread, "seq": seq, "role": "user", "text": text or f"text of {message}"}
        if run is not None:
            payload |= {"role": "agent", "run_id": run}
        self._frame("in", tab, "message", payload, thread_id=thread)

    @keyword
    def deliver_soon(self, tab: str, message: str, seq: int, *later: str, seconds: float = 0.2, run: str | None = None) -> None:
        """A message arrives in the background after a while, and on each further tab after as long again."""

        def arrive() -> None:
            self.deliver(tab, message, seq, run=run)
            if later:
                self.deliver_soon(later[0], message, seq, *later[1:], seconds=seconds, run=run)

        timer = threading.Timer(seconds, arrive)
        timer.daemon = True
        timer.start()

    @keyword
    def exchange_soon(self, sender: str, message: str, seconds: float = 0.2) -> None:
        """A message is sent, and acknowledged in the background after a while."""
        timer = threading.Timer(seconds, self.exchange, (sender, message, 2, sender))
        timer.daemon = True
        timer.start()

    @keyword
    def answer(self, tab: str, query: str, *calls: str, pieces: int = 2, complete: bool = True, text: str | None = None) -> None:
        """A question is answered: tools are called, each told as ``tool: input``, and the answer comes in pieces and ends."""
        told = [("agent_started", {"query_message_id": query})]
        for call in calls:
            tool, _, given = call.partition(": ")
            told += [("agent_thinking", {}), ("tool_executing", {"tool": tool, "input": given}), ("tool_completed", {})]
        told += [("stream_chunk", {"text": f"{number} "}) for number in range(pieces)]
        if complete:
            told.append(("agent_completed", {"message_id": f"answer to {query}", **({"text": text} if text else {})}))
        for number, (kind, payload) in enumerate(told, 1):
            run = {"run_id": f"run of {query}", "event_id": f"{query}:{number}", "n": number}
            self._frame("in", tab, kind, {**payload, **run}, thread_id="t", **run)

    @keyword
    def answer_soon(self, tab: str, query: str, seconds: float) -> None:
        """A question is answered in the background after a while."""
        timer = threading.Timer(seconds, self.answer, (tab, query))
        timer.daemon = True
        timer.start()

    @keyword
    def send_with_token(self, tab: str, token: str) -> None:
        """A frame that holds a credential, as no library should record one."""
        self._frame("out", tab, "auth_refresh", {"token": token})

    @keyword
    def stored_rows(self, *messages: str) -> list[dict[str, Any]]:
        """Rows as a query gives them."""
        return [
            {"id": message, "thread_id": "t", "seq": number, "role": "user", "text": f"text of {message}", "user_id": None}
            for number, message in enumerate(messages, 1)
        ]

    @keyword
    def offer_evidence(self, title: str, text: str) -> None:
        """A source of evidence, as the library of the services has one."""

        def source(window: Window) -> list[tuple[str, str]]:
            assert window.end >= window.begin
            assert abs(window.end_wall - time.time()) < 60
            return [(title, text)]

        evidence.offer(title, source)

    @keyword
    def offer_broken_evidence(self) -> None:
        """A source of evidence that fails."""

        def source(window: Window) -> list[tuple[str, str]]:
            raise OSError(f"no log after {window.end:g}")

        evidence.offer("broken source", source)

    @keyword
    def withdraw_evidence(self, *names: str) -> None:
        """Take sources away."""
        for name in names:
            evidence.withdraw(name)

    @staticmethod
    def _frame(direction: str, tab: str, kind: str, payload: dict[str, Any], **envelope: Any) -> None:
        made = events.FrameIn if direction == "in" else events.FrameOut
        recorder.record(made(tab, {"type": kind, "payload": payload, **envelope}))
