"""The one place that every library reports to while a test runs.

Libraries record from any thread; nothing here logs. A test begins a new recording; the events of a
recording are what the laws and the timeline are made from.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        at: Seconds on the monotonic clock (`time.monotonic`), comparable within one machine's boot.
        kind: What it was: ``frame-out``, ``frame-in``, ``opened``, ``closed``, ``refused`` (connections),
            ``fault-on``, ``fault-off``, ``fault-hit``,
            ``service`` (started, killed, …), ``http`` (a request and its answer), ``page``, ``stored``, ``note``.
        source: Who it happened to: a connection's alias, a page, a link, a service.
        data: The facts, as plain JSON values; never a credential.
    """

    at: float
    kind: str
    source: str
    data: Mapping[str, Any] = field(default_factory=dict)


class Recording:
    """The events of one test, in the order they were recorded.

    Args:
        name: The test's full name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.began = time.monotonic()
        self.began_wall = time.time()
        self._lock = threading.Lock()
        self._events: list[Event] = []

    def add(self, event: Event) -> None:
        """Append an event; safe from any thread."""
        with self._lock:
            self._events.append(event)

    def entries(self) -> list[Event]:
        """A copy of all events so far, in the order they were recorded."""
        with self._lock:
            return list(self._events)

    def events(self) -> list[Event]:
        """A copy of all events so far, by time."""
        with self._lock:
            return sorted(self._events, key=lambda event: event.at)


class Recorder:
    """Hands events to the recording that is under way."""

    def __init__(self) -> None:
        self._current = Recording("")

    @property
    def current(self) -> Recording:
        """The recording under way; one always is."""
        return self._current

    def begin(self, name: str) -> Recording:
        """Start a new recording and return it; the old one is kept by whoever holds it."""
        self._current = Recording(name)
        return self._current

    def resume(self, recording: Recording) -> None:
        """Go on with a recording that was under way before."""
        self._current = recording

    def record(self, kind: str, source: str, data: Mapping[str, Any] | None = None, *, at: float | None = None) -> None:
        """Add an event to the recording under way; safe from any thread."""
        self._current.add(Event(time.monotonic() if at is None else at, kind, source, dict(data or {})))


recorder = Recorder()
"""The recorder that all libraries of a process share."""
