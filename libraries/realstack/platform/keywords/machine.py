"""What the machine gave each test, and tests that failed because it was too little."""

from __future__ import annotations

from typing import Any

from realstack.core import lateness, pressure

TOO_BUSY = "machine-too-busy"
"""Tag of a test that is no verdict, because the machine could not give what it needs."""
TOLD = "INVALID: the machine was too busy"
"""What the message of such a test begins with."""


class Machine:
    """Judges whether a failure means anything: something that came late on a machine that was busy otherwise means nothing.

    What no slowness explains (a message that is there twice, in front of the wrong user, in another order) stays a failure,
    however busy the machine was.

    Attributes:
        needed: Cores that a test needs for its deadlines (figure `cores` of the profile); 0 where it needs no certain number.
    """

    def __init__(self) -> None:
        self.needed = 0
        self._before: pressure.Reading | None = None

    def begin_test(self) -> None:
        """A test begins."""
        lateness.forget()
        self._before = pressure.read() if self.needed else None

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
