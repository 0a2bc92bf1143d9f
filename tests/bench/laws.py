"""Laws on a long history, in time of the processor: 40,000 events of five tabs, and 1,000,000 with the memory that they take."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from realstack.history.domain import History
from realstack.history.events import TabRegistered
from realstack.history.laws import judge
from realstack.history.verdict import Outcome
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import Event, FrameIn, FrameOut, Opened, Stored

from .measure import Figure, figure

ROOT = Path(__file__).resolve().parents[2]
EVENTS, MANY, TABS, ROUNDS = 40_000, 1_000_000, 5, 3
LAWS = ("acked-is-kept", "exactly-once", "same-order", "from-somebody")


def events(count: int) -> Iterator[Event]:
    """Messages that are sent by one tab after the other, acknowledged and delivered to all; then one reading of the store."""
    tabs = [f"tab {number}" for number in range(1, TABS + 1)]
    told = 0

    def now() -> float:
        nonlocal told
        told += 1
        return told / 1000

    for tab in tabs:
        yield TabRegistered(tab, "ann", at=now())
        yield Opened(tab, "ws://127.0.0.1/ws", at=now())
        greeting = {"connection_id": f"c-{tab}", "user_id": "account-ann"}
        yield FrameIn(tab, {"type": "connection_established", "payload": greeting}, at=now())
    rows = []
    while told < count - 1:
        seq = len(rows) + 1
        message, sender = f"message-{seq}", tabs[seq % TABS]
        body = {"message_id": message, "thread_id": "t", "seq": seq, "role": "user", "text": f"What is {seq} + 1?"}
        sent = {"type": "user_message", "payload": {"text": body["text"]}, "message_id": message, "thread_id": "t"}
        yield FrameOut(sender, sent, at=now())
        accepted = {"type": "message_accepted", "payload": {"message_id": message, "seq": seq}, "thread_id": "t"}
        yield FrameIn(sender, accepted, at=now())
        for tab in tabs:
            yield FrameIn(tab, {"type": "message", "payload": dict(body), "thread_id": "t"}, at=now())
        rows.append({"id": message, "thread_id": "t", "user_id": "account-ann", "seq": seq, "role": "user", "text": body["text"]})
    yield Stored("messages", rows, ["ann"], at=now())


def judged(count: int) -> dict[str, float]:
    """Seconds of the processor for reading a history, and for each law.

    Raises:
        RuntimeError: A law does not hold: then its time means nothing.
    """
    vocabulary = Vocabulary.load(ROOT / "resources" / "adapters" / "reference" / "vocabulary.yaml")
    vocabulary = Vocabulary({**vocabulary.data, "every_message_is_answered": False})
    told = list(events(count))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.process_time()
    history = History(told, vocabulary, 0.0, 1_800_000_000.0)
    taken = {"read": time.process_time() - began}
    for law in LAWS:
        began = time.process_time()
        verdict = judge(law, history)
        taken[law] = time.process_time() - began
        if verdict.outcome is not Outcome.HOLDS:
            raise RuntimeError(verdict.explanation())
    return {
        **taken,
        "the events themselves": before,
        "the most at once": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _elsewhere(count: int) -> dict[str, float]:
    """`judged` in a process of its own, whose memory is all that counts."""
    program = f"import json; from bench.laws import judged; print(json.dumps(judged({count})))"
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    taken: dict[str, float] = json.loads(said.stdout)
    return taken


def measure(folder: Path) -> list[Figure]:
    """Reading, each law, and all of it."""
    rounds = [_elsewhere(EVENTS) for _ in range(ROUNDS)]
    group = f"{EVENTS:,} events"
    figures = [figure(group, what, [one[what] * 1000 for one in rounds]) for what in ("read", *LAWS)]
    figures += [figure(group, "all, events a second", [EVENTS / _seconds(one) for one in rounds], "/s")]
    one, group = _elsewhere(MANY), f"{MANY:,} events"
    figures.append(figure(group, "all", _seconds(one), "s"))
    figures.append(figure(group, "all, events a second", MANY / _seconds(one), "/s"))
    return [*figures, *(figure(group, what, one[what], "MB") for what in ("the events themselves", "the most at once"))]


def _seconds(taken: dict[str, float]) -> float:
    return sum(taken[what] for what in ("read", *LAWS))
