"""What the machine gave each test, and tests that failed because it was too little."""

from __future__ import annotations

import time
from typing import Any

from realstack.core import lateness, pressure
from realstack.platform.keywords.time_limits import Stretching
from realstack.recording.events import MachineBusy
from realstack.recording.recorder import recorder

TOO_BUSY = "machine-too-busy"
"""Tag of a test that is no verdict, because the machine could not give what it needs."""
TOLD = "INVALID: the machine was too busy"
"""What the message of such a test begins with."""
LOOK_EVERY = 0.5
"""Seconds of a test between two looks at the machine, each of which takes 5 ms."""


class Machine:
    """Judges whether a failure means anything: something that came late on a machine that was busy otherwise means nothing.

    What no slowness explains (a message that is there twice, in front of the wrong user, in another order) stays a failure,
    however busy the machine was.

    A test's time limit keeps tests short and promises nothing of the platform: it grows with what others take of the machine.

    Attributes:
        needed: Cores that a test needs for its deadlines (figure `cores` of the profile); 0 where it needs no certain number.
    """

    def __init__(self) -> None:
        self.needed = 0
        self._before: pressure.Reading | None = None
        self._last: pressure.Reading | None = None
        self._limit: Stretching | None = None
        self._look_at = 0.0

    def begin_test(self, timeout: Any = None) -> None:
        """A test begins.

        Args:
            timeout: Robot Framework's running timeout of it; None where it has none.
        """
        lateness.forget()
        self._before = self._last = pressure.read() if self.needed else None
        self._limit = Stretching(timeout) if timeout else None
        self._look_at = time.monotonic() + LOOK_EVERY

    def go_on(self) -> None:
        """A keyword of the test begins, which is when its time limit can become another one."""
        if self._before is None or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_EVERY
        now = pressure.read()
        if now is None:
            return
        self._record_until(now)
        if self._limit is not None:
            self._limit.stretch(pressure.between(self._before, now).slowdown(self.needed))

    def _record_until(self, now: pressure.Reading) -> None:
        """What others took since the last look is part of the test's history."""
        if self._last is not None and (seen := pressure.between(self._last, now)).lacks(self.needed):
            recorder.record(MachineBusy("machine", seen.seconds, seen.available, self.needed, str(seen), at=now.at))
        self._last = now

    def end_test(self, result: Any) -> None:
        """A test has ended: where the machine lacked what it needed, its metadata tell, and so does a failure by lateness."""
        before, self._before = self._before, None
        after = pressure.read() if before is not None else None
        if before is None or after is None:
            return
        seen = pressure.between(before, after)
        if not seen.lacks(self.needed):
            return
        result.metadata["Machine"] = str(seen)
        if result.failed and lateness.is_explained_by_slowness(result.message):
            result.message = f"{TOLD}: {seen}; this test needs {self.needed}.\n\n{result.message}"
            result.tags.add(TOO_BUSY)
