"""How keywords wait: for coroutines on the background loop, and as long as their arguments say."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from realstack.core.errors import StackError
from realstack.core.loop import background

T = TypeVar("T")

MARGIN = 10.0
"""Seconds that the loop may take beyond an operation's own deadline before the keyword gives up on it."""


def wait(coroutine: Coroutine[Any, Any, T], limit: float = 0.0) -> T:
    """Run a coroutine on the loop and wait for its result.

    Args:
        coroutine: What to run; it keeps its deadline by itself.
        limit: Seconds of that deadline.
    """
    return background.run(coroutine, limit + MARGIN)


def on_loop(function: Callable[[], T]) -> T:
    """Call a function on the loop, where what it looks at lives."""

    async def call() -> T:
        return function()

    return wait(call())


def seconds(time: timedelta) -> float:
    """Seconds of a time that keywords take.

    Raises:
        StackError: It is negative.
    """
    if time < timedelta(0):
        raise StackError(f"A time can't be negative: {time.total_seconds():g} s")
    return time.total_seconds()
