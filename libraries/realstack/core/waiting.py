"""Waiting until something holds, by the clock and never by counting pauses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")

LAST_WORDS = 0.3
"""Seconds before the end of a test's time at which its waits end, so that they still say what did not come. No wait is cut to
less than that."""


class TimeLimit:
    """The time limit of the running test, which its waits end before: a test that waits in vain fails by what did not come."""

    def __init__(self) -> None:
        self._left: Callable[[], float] | None = None
        self._has_cut = False

    def begin(self, left: Callable[[], float]) -> None:
        """A test begins, which has so many seconds left whenever that is asked."""
        self._left, self._has_cut = left, False

    def end(self) -> bool:
        """Nothing limits waits any more: a teardown begins, or the test is over. Returns whether a wait was cut right before."""
        left, self._left = self._left, None
        return left is not None and self._has_cut and left() <= LAST_WORDS

    def cut(self, seconds: float) -> float:
        """How long a wait that was to take so many seconds may take."""
        left = self._left  # another thread may end it meanwhile
        if left is None or seconds <= (longest := max(LAST_WORDS, round(left() - LAST_WORDS, 3))):
            return seconds
        self._has_cut = True
        return longest


time_limit = TimeLimit()
"""Of the test that this process runs; told by whoever listens to Robot Framework."""


class Deadline:
    """A moment on the monotonic clock that is waited for, but no longer than the running test's time limit lets it.

    Args:
        timeout: Seconds or a timedelta from now.
    """

    def __init__(self, timeout: float | timedelta) -> None:
        wanted = timeout.total_seconds() if isinstance(timeout, timedelta) else float(timeout)
        self.seconds = time_limit.cut(wanted)
        self.started = time.monotonic()
        self.end = self.started + self.seconds

    @property
    def left(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.end - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether the deadline is over."""
        return time.monotonic() >= self.end

    @property
    def elapsed(self) -> float:
        """Seconds since the wait began."""
        return time.monotonic() - self.started


async def poll(
    look: Callable[[], Awaitable[T]], good: Callable[[T], bool], deadline: Deadline, pause: float = 0.02
) -> tuple[bool, T]:
    """Look again and again until what is seen is good; the last look is at or after the deadline.

    A look is never cut short: give `look` a time limit of its own where it can hang.

    Args:
        look: Sees what there is.
        good: Judges it.
        deadline: When to stop.
        pause: Seconds between two looks.

    Returns:
        Whether it was good in time, and what the last look saw.
    """
    while True:
        last_look = deadline.passed
        seen = await look()
        if good(seen):
            return True, seen
        if last_look:
            return False, seen
        await asyncio.sleep(min(pause, deadline.left))


def wait_until(look: Callable[[], T], good: Callable[[T], bool], deadline: Deadline, pause: float = 0.02) -> tuple[bool, T]:
    """As `poll`, for whoever waits in a thread of their own: a keyword, which Robot's time limits interrupt."""
    while True:
        last_look = deadline.passed
        seen = look()
        if good(seen):
            return True, seen
        if last_look:
            return False, seen
        time.sleep(min(pause, deadline.left))
