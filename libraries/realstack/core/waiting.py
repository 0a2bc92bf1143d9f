"""Waiting until something holds, by the clock and never by counting pauses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")


class Deadline:
    """A moment on the monotonic clock that is waited for.

    Args:
        timeout: Seconds or a timedelta from now.
    """

    def __init__(self, timeout: float | timedelta) -> None:
        self.seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else float(timeout)
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
