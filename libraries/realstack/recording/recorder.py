"""The one place that every library reports to while a test runs.

Libraries record from any thread; nothing here logs. A test begins a new recording; the events of a
recording are what the laws and the timeline are made from.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from realstack.recording.events import Event, is_typed


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
        self._grown = threading.Condition(self._lock)
        self._waiting = 0
        self._events: list[Event] = []

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: Event) -> None:
        """Append an event; safe from any thread."""
        with self._lock:
            self._events.append(event)
            if self._waiting:
                self._grown.notify_all()

    def entries(self, since: int = 0) -> list[Event]:
        """A copy of the events so far, in the order they were recorded; without the first `since`."""
        with self._lock:
            return self._events[since:]

    def events(self) -> list[Event]:
        """A copy of all events so far, by time."""
        return sorted(self.entries(), key=lambda event: event.at)

    def wait_for_more(self, than: int, seconds: float) -> bool:
        """Wait until there are more events than so many; False when there are not in that time."""
        with self._lock:
            self._waiting += 1
            try:
                return self._grown.wait_for(lambda: len(self._events) > than, seconds)
            finally:
                self._waiting -= 1


class Recorder:
    """Hands events to the recording that is under way."""

    def __init__(self) -> None:
        self._current = Recording("")
        self._behind: list[Callable[[], None]] = []

    @property
    def current(self) -> Recording:
        """The recording under way; one always is."""
        return self._current

    def begin(self, name: str) -> Recording:
        """Start a new recording and return it; the old one is kept by whoever holds it."""
        self._current = Recording(name)
        return self._current

    def take(self, events: Iterable[Event]) -> None:
        """Add events that the recorder of a worker was told."""
        for event in events:
            self.record(event)

    def follow(self, bring: Callable[[], None]) -> None:
        """Know somebody whose events come in portions.

        Args:
            bring: Hands in what has happened so far.
        """
        self._behind.append(bring)

    def unfollow(self, bring: Callable[[], None]) -> None:
        """Forget them again."""
        self._behind.remove(bring)

    def catch_up(self) -> None:
        """Have everything handed in that has happened so far: what is judged must not lack what is still on its way."""
        for bring in tuple(self._behind):
            bring()

    def record(self, event: Event) -> None:
        """Add an event to the recording under way; safe from any thread.

        Raises:
            TypeError: It is of no kind that has a class.
        """
        if not is_typed(event):
            raise TypeError(f"{event!r} is no event of a kind: give it a class with realstack.recording.events.event")
        self._current.add(event)


recorder = Recorder()
"""The recorder that all libraries of a process share."""
