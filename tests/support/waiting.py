"""How tests wait: until something is so, and not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence


def until(good: Callable[[], bool], what: str = "what the test waits for", seconds: float = 10.0) -> None:
    """Wait for a condition.

    Args:
        good: The condition; asked again and again.
        what: Words for it.
        seconds: How long at most; far more than it takes.

    Raises:
        AssertionError: It did not come.
    """
    deadline = time.monotonic() + seconds
    while not good():
        assert time.monotonic() < deadline, f"{what} did not come within {seconds:g} s"
        time.sleep(0.02)


def until_nothing_left(left: Callable[[], Sequence[object]], seconds: float) -> None:
    """Wait until all of something is gone.

    Args:
        left: What is there still; asked again and again.
        seconds: How long at most.

    Raises:
        AssertionError: Something stayed; it is named.
    """
    deadline = time.monotonic() + seconds
    while there := left():
        assert time.monotonic() < deadline, f"left after {seconds:g} s: {there}"
        time.sleep(0.02)
