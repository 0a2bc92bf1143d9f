"""Numbers, sizes and durations as people write them; the one place that knows units.

A cell of a table is a text. ``5``, ``4 KiB`` and ``500 ms`` are read the same everywhere: in arguments, assertions and files.
Sizes are bytes: ``kB``, ``MB``, ``GB`` are powers of 1000 (SI), ``KiB``, ``MiB``, ``GiB`` powers of 1024 (IEC 80000-13), each
also as a rate (``20 kB/s``). Durations are seconds; several may follow one another (``1 min 30 s``), and ``hh:mm:ss`` is
understood.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta

from realstack.core.errors import StackError, explain

SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
"""Bytes of each unit, in small letters."""
DURATIONS = {
    **dict.fromkeys(("ms", "milli", "millis", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("", "s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
"""Seconds of each unit, in small letters."""

_SIZE = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>[a-z]*)\s*(?:/\s*s)?\s*", re.IGNORECASE)
_PART = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>[a-z]*)\s*", re.IGNORECASE)
_CLOCK = re.compile(r"\s*(?:(\d+):)?(\d+):(\d\d(?:\.\d+)?)\s*")


def number(value: object, what: str = "the value") -> int | float:
    """A number, or a text that spells one; whole numbers stay exact, however long.

    Raises:
        StackError: It is none.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    # Python reads more than people write: digits of other scripts, and underscores between them.
    if isinstance(value, str) and value.isascii() and "_" not in value:
        for kind in (int, float):
            try:
                return kind(value.strip())
            except ValueError:
                continue
    raise StackError(explain(f"{what} is a number", repr(value)))


def byte_size(value: object, what: str = "the size") -> float:
    """Bytes of a size such as ``4096``, ``20 kB``, ``1.5 MiB`` or ``20 kB/s``.

    Raises:
        StackError: It is none.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return value
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None or found["unit"].lower() not in SIZES:
        raise StackError(
            explain(f"{what} is bytes, such as 4096, 20 kB or 1.5 MiB (units B, kB, MB, GB, KiB, MiB, GiB)", repr(value))
        )
    return float(found["number"]) * SIZES[found["unit"].lower()]


def duration(value: object, what: str = "the time") -> float:
    """Seconds of a duration such as ``0.5``, ``500 ms``, ``1 min 30 s``, ``00:01:30`` or a timedelta; it may begin with a minus.

    Raises:
        StackError: It is none.
    """
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return value
    seconds = _duration(value.strip().removeprefix("-")) if isinstance(value, str) else None
    if seconds is None:
        raise StackError(
            explain(f"{what} is a duration, such as 500 ms, 1.5 s or 1 min 30 s (units ms, s, min, h, d)", repr(value))
        )
    assert isinstance(value, str)
    return -seconds if value.strip().startswith("-") else seconds


def _duration(text: str) -> float | None:
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        hours, minutes, seconds = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
    total, position = 0.0, 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None or part["unit"].lower() not in DURATIONS:
            return None
        total, position = total + float(part["number"]) * DURATIONS[part["unit"].lower()], part.end()
    return total if text else None
