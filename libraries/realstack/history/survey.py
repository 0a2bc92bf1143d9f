"""What histories recorded, for who writes an adapter: what means nothing yet, whose accounts are unknown, what laws got."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from realstack.history.domain import History
from realstack.history.events import Judged
from realstack.history.export import Stored
from realstack.history.verdict import Outcome
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import Event, FrameIn, FrameOut
from realstack.secrets.redaction import redact

LONGEST = 160
"""Characters of a sample that are shown."""


@dataclass(slots=True)
class Unmatched:
    """Frames of one kind that no rule of the vocabulary matches.

    Attributes:
        direction: ``in`` or ``out``.
        kind: What tells them apart: the value where rules look first, or the names of their fields.
        count: How many there were.
        sample: One of them, masked as it was recorded, and cut.
    """

    direction: str
    kind: str
    count: int = 0
    sample: str = ""


@dataclass(slots=True)
class Facts:
    """What a law got to judge.

    Attributes:
        law: The law.
        outcomes: How often it was judged with which outcome.
        counts: What was looked at, added up over all judgements, by name.
    """

    law: str
    outcomes: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def proven(self) -> bool:
        """Whether it was judged with enough to look at, each time."""
        return bool(self.outcomes) and not self.outcomes[Outcome.INVALID]


@dataclass(slots=True)
class Survey:
    """What some histories recorded.

    Attributes:
        events: How many events there were.
        unmatched: Frames that mean nothing to the laws, the most frequent first.
        accounts: Accounts of the platform that belong to no user, and where they were seen.
        laws: What each law that was judged got.
    """

    events: int = 0
    unmatched: list[Unmatched] = field(default_factory=list)
    accounts: dict[str, str] = field(default_factory=dict)
    laws: list[Facts] = field(default_factory=list)


def survey(histories: Iterable[Stored]) -> Survey:
    """Look through histories."""
    found = Survey()
    unmatched: dict[tuple[str, str], Unmatched] = {}
    laws: dict[str, Facts] = {}
    for stored in histories:
        found.events += len(stored.events)
        for event in stored.events:
            if isinstance(event, FrameIn | FrameOut):
                _note(unmatched, stored.vocabulary, event)
            elif isinstance(event, Judged):
                facts = laws.setdefault(event.law, Facts(event.law))
                facts.outcomes[event.outcome] += 1
                facts.counts.update(event.counts)
        found.accounts |= {account: f"{where} in {stored.name}" for account, where in _unowned(stored.history()).items()}
    found.unmatched = sorted(unmatched.values(), key=lambda kind: (-kind.count, kind.direction, kind.kind))
    found.laws = sorted(laws.values(), key=lambda facts: facts.law)
    return found


def _note(unmatched: dict[tuple[str, str], Unmatched], vocabulary: Vocabulary, event: Event) -> None:
    direction = "in" if isinstance(event, FrameIn) else "out"
    frame = event.data.get("frame")
    if frame is None or vocabulary.knows(direction, frame):
        return
    kind = _kind(vocabulary, direction, frame)
    seen = unmatched.setdefault((direction, kind), Unmatched(direction, kind))
    seen.count += 1
    if not seen.sample:
        shown = redact(frame)
        told = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
        seen.sample = told if len(told) <= LONGEST else f"{told[: LONGEST - 1]}…"


def _kind(vocabulary: Vocabulary, direction: str, frame: Any) -> str:
    told = vocabulary.kind(direction, frame)
    if told is not None:
        return told
    if isinstance(frame, Mapping):
        return f"{{{', '.join(sorted(map(str, frame)))}}}"
    return type(frame).__name__ if not isinstance(frame, str) else "text"


def _unowned(history: History) -> dict[str, str]:
    """Accounts that no tab's user has: rows and greetings of them belong to nobody, and are judged for nobody."""
    users = {tab.user for tab in history.tabs.values() if tab.registered} | {note.source for note in history.noted("canary")}
    owners: defaultdict[str, str] = defaultdict(str)
    for greeting in history.greetings:
        tab = history.tabs.get(greeting.tab)
        if greeting.account is not None and tab is not None and not tab.registered:
            owners[greeting.account] = f"greeted on {greeting.tab}"
    for reading in history.stores:
        for item in reading.items:
            if item.user is not None and item.user not in users and item.user not in owners:
                owners[item.user] = f"in rows of {reading.store}"
    return dict(owners)
