"""The one rule for texts that are compared with values: a text is read as the type of what is seen.

Cells of a table are texts, and what is seen of a platform has types. ``5`` equals the number 5, ``true`` the truth, ``500 ms`` a
time of half a second, ``a, b`` the list of both, ``2030-01-31T12:00:00Z`` a moment, ``{"a": 1}`` an object, ``None`` nothing. A
text that can't be read so is compared as it is, and then differs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from realstack.core.errors import StackError
from realstack.core.quantities import duration, number

TRUE, FALSE = frozenset({"true", "t", "yes", "on", "1"}), frozenset({"false", "f", "no", "off", "0"})


MOST_DIGITS = 4300
"""Digits that Python writes a whole number with at most; longer ones stay `Decimal`."""


def exact(text: str | bytes) -> Any:
    """What JSON holds, with each number as it is written: a `Decimal` where no float or whole number of Python's is the same.

    Raises:
        ValueError: It is no JSON.
    """
    return json.loads(text, parse_float=_fraction, parse_int=_whole_number)


def _whole_number(text: str) -> int | Decimal:
    return int(text) if len(text) <= MOST_DIGITS else Decimal(text)


def _fraction(text: str) -> float | Decimal:
    found = float(text)
    try:
        return found if Decimal(repr(found)) == Decimal(text) else Decimal(text)
    except ArithmeticError:  # an exponent that no number has
        return found


def truth(text: str) -> bool:
    """A truth, as people and stores write it.

    Raises:
        ValueError: It is none.
    """
    lowered = text.strip().lower()
    if lowered in TRUE or lowered in FALSE:
        return lowered in TRUE
    raise ValueError(f"{text!r} is neither true nor false")


def listed(text: str) -> list[Any]:
    """A list: JSON, or texts between commas.

    Raises:
        ValueError: It begins like JSON and is none.
    """
    if text.lstrip().startswith("["):
        found = exact(text)
        assert isinstance(found, list)
        return found
    return [part.strip() for part in text.split(",") if part.strip()]


def mapped(text: str) -> dict[str, Any]:
    """An object, written as JSON.

    Raises:
        ValueError: It is none.
    """
    if not text.lstrip().startswith("{"):
        raise ValueError(f"{text!r} is no JSON object")
    return dict(exact(text))


# A truth is a number to Python, and a moment a date: the narrower type comes first.
_READERS: tuple[tuple[type, Callable[[str], Any]], ...] = (
    (bool, truth),
    (int, number),
    (float, number),
    (Decimal, Decimal),
    (timedelta, lambda text: timedelta(seconds=duration(text))),
    (datetime, datetime.fromisoformat),
    (date, date.fromisoformat),
    (time, time.fromisoformat),
    (bytes, lambda text: bytes.fromhex(text.removeprefix("\\x"))),
    (Mapping, mapped),
    (list, listed),
    (tuple, lambda text: tuple(listed(text))),
)


def like(seen: Any, expected: Any) -> Any:
    """An expected value as the type of what is seen, where it is a text that can be read so; otherwise as it is."""
    found = _whole(seen, expected)
    if isinstance(seen, (list, tuple)) and seen and isinstance(found, (list, tuple)):
        # Items, too: `1, 2` is a list of numbers where numbers are seen. What is longer than what is seen is like its last item.
        items = [like(seen[min(place, len(seen) - 1)], item) for place, item in enumerate(found)]
        return type(found)(items)
    return found


def _whole(seen: Any, expected: Any) -> Any:
    if not isinstance(expected, str) or isinstance(seen, str):
        return expected
    if expected.strip().lower() in {"none", "null"}:
        return None
    try:
        found: Any = next((read(expected) for kind, read in _READERS if isinstance(seen, kind)), expected)
        # Who leaves the zone out means the one that is seen: without it nothing is equal, and everything different.
        in_zone = isinstance(seen, (datetime, time)) and isinstance(found, (datetime, time)) and found.tzinfo is None
        return found.replace(tzinfo=seen.tzinfo) if in_zone else found
    except (ValueError, ArithmeticError, StackError):
        return expected
