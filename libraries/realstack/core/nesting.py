"""How deeply a value of JSON from outside may be nested: what looks through it goes down level by level, and so does Robot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEEPEST = 200
"""Levels of objects and arrays. No protocol comes near it; behind it Python's own bound ends whoever looks through a value."""


LONG = 2000
"""Characters of a text in which looking for brackets takes longer than finding a few."""


def too_deep(value: Any, text: str | None = None) -> bool:
    """Whether a value has more levels.

    Args:
        value: The value.
        text: The JSON that it was read from, where it is known: most texts have fewer brackets than that.
    """
    if text is not None and _few_brackets(text):
        return False
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST + 1:
            return True
        level = [inner for outer in level for inner in _inner(outer)]
    return False


def _few_brackets(text: str) -> bool:
    """Whether that many brackets open at most; in a long text of few, Python finds each faster than it counts all."""
    if len(text) < LONG:
        return text.count("[") + text.count("{") <= DEEPEST
    left = DEEPEST + 1
    for bracket in "[{":
        place = text.find(bracket)
        while place >= 0 and left:
            left -= 1
            place = text.find(bracket, place + 1)
    return left > 0


def _inner(outer: Any) -> list[Any]:
    if isinstance(outer, Mapping):
        return list(outer.values())
    return list(outer) if isinstance(outer, (list, tuple)) else []
