"""Reading loosely typed JSON values as what the laws need; what can't be read is None."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def text(value: Any) -> str | None:
    """The value as text, or None for null."""
    return None if value is None else str(value)


def whole(value: Any) -> int | None:
    """The value as a whole number, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def number(value: Any) -> float | None:
    """The value as a number, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def truth(value: Any) -> bool:
    """Whether a flag is set; absent flags are not."""
    return value in (True, 1, "true", "yes", "1")


def epoch(value: Any) -> float | None:
    """A moment in seconds since the epoch, from seconds or an RFC 3339 time; times without a zone are UTC."""
    found = number(value)
    if found is not None:
        return found
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
