"""Laws on a long history: 40 000 events of five tabs."""

from __future__ import annotations

import time
from pathlib import Path

from realstack.history.domain import History
from realstack.history.events import TabRegistered
from realstack.history.laws import judge
from realstack.history.verdict import Outcome
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import Event, FrameIn, FrameOut, Opened, Stored

from .measure import Figure

ROOT = Path(__file__).resolve().parents[2]
EVENTS, TABS = 40_000, 5
LAWS = ("acked-is-kept", "exactly-once", "same-order", "from-somebody")


def events() -> list[Event]:
    """Messages that are sent by one tab after the other, acknowledged and delivered to all; then one reading of the store."""
    tabs = [f"tab {number}" for number in range(1, TABS + 1)]
    told: list[Event] = []

    def now() -> float:
        return len(told) / 1000

    for tab in tabs:
        told.append(TabRegistered(tab, "ann", at=now()))
        told.append(Opened(tab, "ws://127.0.0.1/ws", at=now()))
        greeting = {"connection_id": f"c-{tab}", "user_id": "account-ann"}
        told.append(FrameIn(tab, {"type": "connection_established", "payload": greeting}, at=now()))
    rows = []
    while len(told) < EVENTS - 1:
        seq = len(rows) + 1
        message, sender = f"message-{seq}", tabs[seq % TABS]
        body = {"message_id": message, "thread_id": "t", "seq": seq, "role": "user", "text": f"What is {seq} + 1?"}
        sent = {"type": "user_message", "payload": {"text": body["text"]}, "message_id": message, "thread_id": "t"}
        told.append(FrameOut(sender, sent, at=now()))
        accepted = {"type": "message_accepted", "payload": {"message_id": message, "seq": seq}, "thread_id": "t"}
        told.append(FrameIn(sender, accepted, at=now()))
        for tab in tabs:
            told.append(FrameIn(tab, {"type": "message", "payload": body, "thread_id": "t"}, at=now()))
        rows.append({"id": message, "thread_id": "t", "user_id": "account-ann", "seq": seq, "role": "user", "text": body["text"]})
    told.append(Stored("messages", rows, ["ann"], at=now()))
    return told


def measure() -> list[Figure]:
    """Reading the history, then each law, in time of the processor: nothing else is waited for.

    Raises:
        RuntimeError: A law does not hold: then its time means nothing.
    """
    vocabulary = Vocabulary.load(ROOT / "resources" / "adapters" / "reference" / "vocabulary.yaml")
    vocabulary = Vocabulary({**vocabulary.data, "every_message_is_answered": False})
    told = events()
    began = time.process_time()
    history = History(told, vocabulary, 0.0, 1_800_000_000.0)
    group = f"{len(told)} events"
    figures = [Figure(group, "read", (time.process_time() - began) * 1000)]
    for law in LAWS:
        began = time.process_time()
        verdict = judge(law, history)
        figures.append(Figure(group, law, (time.process_time() - began) * 1000))
        if verdict.outcome is not Outcome.HOLDS:
            raise RuntimeError(verdict.explanation())
    return figures
