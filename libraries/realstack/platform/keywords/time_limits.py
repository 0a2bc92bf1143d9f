"""Time limits of tests: how they grow on a busy machine, and what a test was doing when its time was over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_OVER = re.compile(r"(Test|Keyword|Setup|Teardown) timeout .+ exceeded\.")
WORTH_TELLING = 0.1
"""Seconds from which on a step is told."""
MOST_STEPS = 12
MOST = 3.0
"""So many times as long a limit may become: as long as in profile `patient`."""


class Stretching:
    """A test's time limit, which becomes longer while others use the machine.

    Args:
        timeout: Robot Framework's running timeout of the test; each library keyword gets what is left of it when it begins.
    """

    def __init__(self, timeout: Any) -> None:
        self._timeout = timeout
        self._seconds: float = timeout.timeout
        self._told: str = timeout.string

    def stretch(self, factor: float) -> None:
        """Make it so many times as long as it was at the test's beginning, up to three times.

        Args:
            factor: How many times as long the test's work takes.
        """
        factor = min(max(factor, 1.0), MOST)
        self._timeout.timeout = self._seconds * factor
        longer = f"{self._seconds * factor:.1f} seconds ({self._told}, longer because the machine was busy)"
        self._timeout.string = longer if factor > 1 else self._told


def told(result: Any, *, cut_short: bool = False) -> str:
    """What to add to the message of a test whose time limit ended it, or the wait that it failed by; nothing for any other.

    Args:
        result: The test's result, as Robot Framework hands it to listeners.
        cut_short: Whether the limit cut its last wait short.
    """
    over = bool(_OVER.search(result.message))
    if not over and not (cut_short and result.failed):
        return ""
    steps = list(_steps(result))
    waited = " > ".join(_failing(steps))
    slow = [f"{name} {seconds:.1f} s" for name, seconds, _ in steps if seconds >= WORTH_TELLING]
    lines = [] if over else [f"It waited no longer, because its time of {result.timeout} was nearly over."]
    if waited:
        lines.append(f"It was in: {waited}")
    if slow:
        left_out = f" and {len(slow) - MOST_STEPS} more" if len(slow) > MOST_STEPS else ""
        lines.append(f"Steps: {', '.join(slow[:MOST_STEPS])}{left_out}.")
    return "\n".join(lines)


def _steps(item: Any) -> Iterator[tuple[str, float, Any]]:
    """The keywords right below a test, keyword or control structure, with their seconds."""
    parts = [item.setup] if getattr(item, "has_setup", False) else []
    parts += list(getattr(item, "body", ()))
    parts += [item.teardown] if getattr(item, "has_teardown", False) else []
    for part in parts:
        if getattr(part, "type", "") in ("KEYWORD", "SETUP", "TEARDOWN"):
            yield part.name or "", part.elapsed_time.total_seconds(), part
        elif hasattr(part, "body"):
            yield from _steps(part)


def _failing(steps: list[tuple[str, float, Any]]) -> Iterator[str]:
    """The names of the keywords that were under way, each inside of the one before."""
    under_way = [(name, part) for name, _, part in steps if part.status == "FAIL"]
    if under_way:
        name, part = under_way[-1]
        yield name
        yield from _failing(list(_steps(part)))
