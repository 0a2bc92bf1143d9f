"""What the keywords of the Platform library share."""

from __future__ import annotations

from typing import Any

from realstack.platform.changes import Changes
from realstack.platform.driver import LogMark, Started
from realstack.platform.keywords.turns import Waits


class State:
    """The platform's start, and what tests changed."""

    def __init__(self) -> None:
        self._changes = Changes()
        self._test_mark: LogMark = {}
        self._evidence_mark: LogMark = {}
        self._started: list[Started] = []
        self._waits: Waits | None = None
        self._waited = 0.0
        self._last_test: Any = None
        # Tags of the run's tests that say what they need; None before Robot has told of any test.
        self._needs: frozenset[str] | None = None

    def _leave_turn(self) -> None:
        """The run needs its cores no more."""
        if self._waits is not None:
            self._waits.leave()
            self._waits = None
