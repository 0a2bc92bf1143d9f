"""Histories told in a few words, for trying the laws."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import realstack.history.events  # noqa: F401 - the kinds of events that a chat has
from realstack.history.domain import History
from realstack.history.laws import judge
from realstack.history.verdict import Outcome, Verdict, Witness
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import Event, event_of

ROOT = Path(__file__).resolve().parents[2]
CHAT = Vocabulary.load(ROOT / "resources" / "adapters" / "reference" / "vocabulary.yaml")


class Story:
    """Builds raw events as libraries record them; every call is 10 ms after the one before it, unless told otherwise."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.now = 0.0

    def add(self, kind: str, source: str, data: Mapping[str, Any] | None = None, *, at: float | None = None) -> Story:
        self.now = round(self.now + 0.01, 6) if at is None else at
        self.events.append(event_of(kind, source, data, at=self.now))
        return self

    def tabs(self, user: str, *names: str) -> Story:
        for name in names:
            self.add("tab", name, {"user": user})
            self.open(name, account=f"account-{user}")
        return self

    def page(self, user: str, name: str) -> Story:
        return self.add("tab", name, {"user": user, "page": True})

    def open(self, tab: str, account: str | None = None, connection: str | None = None, expires_at: float | None = None) -> Story:
        self.add("opened", tab, {"url": "ws://127.0.0.1/ws"})
        payload = {"connection_id": connection or f"c-{tab}-{len(self.events)}", "user_id": account, "expires_at": expires_at}
        return self.frame_in(tab, "connection_established", payload)

    def close(self, tab: str, by: str = "client", code: int = 1000) -> Story:
        return self.add("closed", tab, {"code": code, "by": by})

    def frame_in(self, tab: str, kind: str, payload: Mapping[str, Any], *, at: float | None = None, **envelope: Any) -> Story:
        frame = {"type": kind, "payload": dict(payload), **envelope}
        return self.add("frame-in", tab, {"frame": frame}, at=at)

    def frame_out(self, tab: str, kind: str, payload: Mapping[str, Any], *, at: float | None = None, **envelope: Any) -> Story:
        frame = {"type": kind, "payload": dict(payload), **envelope}
        return self.add("frame-out", tab, {"frame": frame}, at=at)

    def send(self, tab: str, message: str, text: str | None = None, *, thread: str = "t", at: float | None = None) -> Story:
        payload = {"text": f"text of {message}" if text is None else text}
        return self.frame_out(tab, "user_message", payload, at=at, message_id=message, thread_id=thread)

    def ack(
        self, tab: str, message: str, seq: int, *, thread: str = "t", at: float | None = None, duplicate: bool = False
    ) -> Story:
        payload = {"message_id": message, "seq": seq, **({"duplicate": True} if duplicate else {})}
        return self.frame_in(tab, "message_accepted", payload, at=at, thread_id=thread)

    def deliver(
        self,
        tab: str,
        message: str,
        seq: int,
        *,
        thread: str = "t",
        role: str = "user",
        text: str | None = None,
        run: str | None = None,
    ) -> Story:
        payload = {"message_id": message, "thread_id": thread, "seq": seq, "role": role, "run_id": run}
        payload["text"] = f"text of {message}" if text is None else text
        return self.frame_in(tab, "message", payload, thread_id=thread)

    def refuse(
        self, tab: str, message: str, retry_after: float = 30, *, limit: int = 5, window: float = 60, at: float | None = None
    ) -> Story:
        payload = {"message_id": message, "limit": limit, "window": window, "retry_after": retry_after}
        return self.frame_in(tab, "rate_limited", payload, at=at)

    def resume(self, tab: str, after: int, thread: str = "t") -> Story:
        return self.frame_out(tab, "resume", {"after": after}, thread_id=thread)

    def run_event(
        self,
        tab: str,
        kind: str,
        run: str,
        n: int,
        *,
        query: str | None = None,
        answer: str | None = None,
        text: str | None = None,
        at: float | None = None,
    ) -> Story:
        payload = {"query_message_id": query, "message_id": answer, "text": text}
        return self.frame_in(tab, kind, payload, at=at, run_id=run, event_id=f"{run}:{n}", n=n, thread_id="t")

    def call(self, tab: str, run: str, n: int, tool: str, given: str, *, at: float | None = None) -> Story:
        """A tool that a run calls."""
        payload = {"tool": tool, "input": given}
        return self.frame_in(tab, "tool_executing", payload, at=at, run_id=run, event_id=f"{run}:{n}", n=n, thread_id="t")

    def stop(self, tab: str, message: str, *, run: str = "r", acknowledged: bool = True, at: float | None = None) -> Story:
        """A stop asked for, and acknowledged at a time."""
        self.frame_out(tab, "stop", {}, message_id=message, thread_id="t")
        payload = {"message_id": message, "run_id": run, "state": "stopping"}
        return self.frame_in(tab, "stop_acknowledged", payload, at=at) if acknowledged else self

    def stored(
        self,
        *rows: tuple[str, int],
        user: str = "ann",
        thread: str = "t",
        texts: Mapping[str, str] | None = None,
        took: float | None = None,
    ) -> Story:
        told = texts or {}
        items = [
            {
                "id": m,
                "thread_id": thread,
                "user_id": f"account-{user}",
                "seq": s,
                "role": "user",
                "text": told.get(m, f"text of {m}"),
            }
            for m, s in rows
        ]
        return self.add("stored", "messages", {"rows": items, "users": [user], "took": took})

    def exchange(self, sender: str, message: str, seq: int, *tabs: str) -> Story:
        """A message sent, acknowledged and delivered to tabs."""
        self.send(sender, message).ack(sender, message, seq)
        for tab in tabs:
            self.deliver(tab, message, seq)
        return self

    def history(self, vocabulary: Vocabulary = CHAT) -> History:
        return History(self.events, vocabulary, 0.0, 1_800_000_000.0)

    def judge(self, law: str, vocabulary: Vocabulary = CHAT, **floors: int) -> Verdict:
        return judge(law, self.history(vocabulary), {name.replace("_", " "): least for name, least in floors.items()})


def unanswered() -> Vocabulary:
    """The chat's vocabulary on a platform that answers only when asked: for stories about messages alone."""
    return Vocabulary({**CHAT.data, "every_message_is_answered": False})


def assert_holds(verdict: Verdict) -> None:
    assert verdict.outcome is Outcome.HOLDS, verdict.explanation()


def assert_violated(verdict: Verdict, *words: str) -> None:
    assert verdict.outcome is Outcome.VIOLATED, verdict.explanation()
    text = verdict.explanation()
    assert text.startswith(f"{verdict.law} violated: "), text
    for word in words:
        assert word in text, f"{word!r} is not in:\n{text}"


def assert_invalid(verdict: Verdict, *words: str) -> None:
    assert verdict.outcome is Outcome.INVALID, verdict.explanation()
    for word in words:
        assert word in verdict.explanation(), f"{word!r} is not in:\n{verdict.explanation()}"


def assert_told(verdict: Verdict, *witnesses: Witness, lacking: tuple[str, ...] = (), **counts: int) -> None:
    """A verdict has exactly these witnesses, to the last word and event, lacks exactly this, and counted so much."""
    assert verdict.witnesses == witnesses
    assert verdict.lacking == lacking
    assert {name.replace(" ", "_"): number for name, number in verdict.counts.items()} == counts
