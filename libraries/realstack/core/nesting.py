"""How deeply a value of JSON from outside may be nested: what looks through it goes down level by level, and so does Robot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEEPEST = 200
"""Levels of objects and arrays. No protocol comes near it; behind it Python's own bound ends whoever looks through a value."""


def too_deep(value: Any, text: str | None = None) -> bool:
    """Whether a value has more levels.

    Args:
        value: The value.
        text: The JSON that it was read from, where it is known: most texts have fewer brackets than that.
    """
    if text is not None and text.count("[") + text.count("{") <= DEEPEST:
        return False
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST + 1:
            return True
        level = [inner for outer in level for inner in _inner(outer)]
    return False


def _inner(outer: Any) -> list[Any]:
    if isinstance(outer, Mapping):
        return list(outer.values())
    return list(outer) if isinstance(outer, (list, tuple)) else []
