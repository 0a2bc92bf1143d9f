"""Recordings from test to test: what a suite set up stands in the history of each of its tests."""

from __future__ import annotations

from realstack.history.domain import History, Memory
from realstack.history.export import judgement
from realstack.history.laws import judge
from realstack.history.verdict import Verdict
from realstack.history.vocabulary import Vocabulary
from realstack.recording.recorder import Event, Recorder, Recording

STANDING = frozenset({"tab", "canary", "listener", "limit", "baseline"})
"""Kinds of events that, recorded outside a test, hold for every test of the suite."""


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
        self._memory: tuple[Recording | None, Memory] = (None, {})

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

    def history(self, upto: int | None = None) -> History:
        """The history of the recording under way, of its first `upto` events or of all."""
        recording = self.recording
        if self._memory[0] is not recording:
            self._memory = (recording, {})
        memory = self._memory[1]
        return History(recording.entries()[:upto], self.vocabulary, recording.began, recording.began_wall, memory=memory)

    def snapshot(self) -> tuple[History, int]:
        """The history of the recording under way, and how many events it was made from."""
        upto = len(self.recording.entries())
        return self.history(upto), upto

    def judge(self, law: str, floors: dict[str, int] | None = None) -> tuple[Verdict, History, int]:
        """Judge the recording under way; returns the verdict, the history it was made over, and how many events that has."""
        history, upto = self.snapshot()
        return judge(law, history, floors), history, upto

    def keep(self, verdict: Verdict, upto: int, floors: dict[str, int] | None = None) -> None:
        """Write a verdict into the history, so that it can be compared when it is judged again."""
        self.recorder.record("judged", "history", judgement(verdict, upto, floors or {}))

    def _absorb(self, recording: Recording) -> None:
        for event in recording.events():
            if event.kind == "opened":
                self._open[event.source] = [event]
            elif event.kind == "closed":
                self._open.pop(event.source, None)
            elif event.kind == "frame-in" and event.source in self._open:
                meaning = self.vocabulary.meaning("in", event.data.get("frame"))
                if meaning is not None and meaning[0].means == "connected" and event not in self._open[event.source]:
                    self._open[event.source].append(event)
