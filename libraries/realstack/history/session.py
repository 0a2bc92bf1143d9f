"""Recordings from test to test: what a suite set up stands in the history of each of its tests."""

from __future__ import annotations

import time
from collections.abc import Iterator

from realstack.core.waiting import Deadline
from realstack.history.domain import History
from realstack.history.export import judgement
from realstack.history.verdict import Verdict
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import Event, FrameIn
from realstack.recording.recorder import Recorder, Recording

STANDING = frozenset({"tab", "canary", "listener", "limit", "pace", "baseline"})
"""Kinds of events that, recorded outside a test, hold for every test of the suite."""

BURST = 0.02
"""Seconds within which events count as one burst."""


class Session:
    """Begins and ends recordings, and carries over what outlives a test.

    A connection that a suite opened is still open in its tests: its opening and its greeting are put at the
    head of each test's recording, at the times at which they happened.

    Args:
        recorder: Where events come from.
        vocabulary: Tells which frames are greetings.
    """

    def __init__(self, recorder: Recorder, vocabulary: Vocabulary) -> None:
        self.recorder = recorder
        self.vocabulary = vocabulary
        self._outer: list[Recording] = []
        self._open: dict[str, list[Event]] = {}
        self.test: Recording | None = None
        self._live: tuple[Recording, History] | None = None

    @property
    def recording(self) -> Recording:
        """The recording that keywords look at: the test's, or what is under way outside tests."""
        return self.test or self.recorder.current

    def begin_test(self, name: str) -> Recording:
        """Start a test's recording."""
        before = self.recorder.current
        self._absorb(before)
        if before not in self._outer:
            self._outer.append(before)
        standing = [event for outer in self._outer for event in outer.entries() if event.kind in STANDING]
        self.test = self.recorder.begin(name)
        for event in [*standing, *(event for events in self._open.values() for event in events)]:
            self.test.add(event)
        return self.test

    def end_test(self) -> None:
        """End the test's recording; what comes now belongs to the suite."""
        if self.test is not None:
            self.recorder.catch_up()
            self._absorb(self.test)
            self.recorder.begin(f"after {self.test.name}")
            self.test = None

    def begin_suite(self, name: str) -> tuple[int, float]:
        """Start a suite's own recording; returns the mark that `end_suite` wants back."""
        before = self.recorder.current
        self._absorb(before)
        if before not in self._outer:
            self._outer.append(before)
        return len(self._outer), self.recorder.begin(name).began

    def end_suite(self, mark: tuple[int, float]) -> None:
        """Forget what was recorded outside tests since the suite began, and the connections that were opened since."""
        kept, began = mark
        self._absorb(self.recorder.current)
        del self._outer[kept:]
        self._open = {tab: events for tab, events in self._open.items() if events[0].at < began}
        self.recorder.begin("between suites")

    def history(self) -> History:
        """The history of the recording under way; it is read on as more is recorded: asking again costs only what is new."""
        self.recorder.catch_up()
        recording = self.recording
        if self._live is None or self._live[0] is not recording:
            self._live = recording, self._made([])
        history = self._live[1]
        history.take(recording.entries(len(history.events)))
        return history

    def looks(self, deadline: Deadline, burst: float = BURST) -> Iterator[History]:
        """The history now, and again each time that more was recorded; the last look has all that was at the deadline.

        What comes in a burst is looked at together, and looking takes a fifth of the time at most: the process that judges is
        the one that measures.
        """
        while True:
            last = deadline.passed
            began = time.monotonic()
            history = self.history()
            seen = len(history.events)
            yield history
            took = time.monotonic() - began
            if last or not self.recording.wait_for_more(seen, deadline.left):
                return
            time.sleep(min(max(0.0, began + max(burst, 5 * took) - time.monotonic()), deadline.left))

    def history_of(self, upto: int) -> History:
        """The history of the first `upto` events of the recording under way, as it was then."""
        if self._live is not None and self._live[0] is self.recording and len(self._live[1].events) == upto:
            return self._live[1]
        return self._made(self.recording.entries()[:upto])

    def _made(self, events: list[Event]) -> History:
        return History(events, self.vocabulary, self.recording.began, self.recording.began_wall)

    def keep(self, verdict: Verdict, upto: int, floors: dict[str, int] | None = None) -> None:
        """Write a verdict into the history, so that it can be compared when it is judged again."""
        self.recorder.record(judgement(verdict, upto, floors or {}, at=time.monotonic()))

    def _absorb(self, recording: Recording) -> None:
        events = recording.events()
        for event in events:
            if event.kind == "opened":
                self._open[event.source] = [event]
            elif event.kind == "closed":
                self._open.pop(event.source, None)
        for event in events:
            if isinstance(event, FrameIn) and (known := self._open.get(event.source)) and event.at >= known[0].at:
                greets = any(rule.means == "connected" for rule, _ in self.vocabulary.meanings("in", event.frame))
                if greets and event not in known:
                    known.append(event)
