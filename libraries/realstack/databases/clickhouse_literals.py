"""Values as SQL literals of ClickHouse.

Version 18.16 knows no parameters, so they are written into the statement here, by type. What can't be written
safely and exactly is refused. The places (``$1``, ``$2`` …) are found outside of strings, quoted names and comments.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.databases.table import shorten

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\0": "\\0", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}

_TOKEN = re.compile(
    r"""
      (?P<string>'(?:[^'\\]|\\.|'')*')      # 'text', with \' and '' inside
    | (?P<quoted>"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)
    | (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<place>\$(?P<number>[1-9][0-9]*))
    """,
    re.VERBOSE | re.DOTALL,
)


def literal(value: Any) -> str:
    """Write one value as a literal.

    A list becomes an array, a tuple or a set a tuple (for ``IN``), a `datetime` (aware, whole seconds) a ``toDateTime`` in UTC.

    Raises:
        StackError: It is of a type that can't be written exactly.
    """
    for kinds, write in _WRITERS:
        if isinstance(value, kinds):
            return write(value)
    raise StackError(
        explain(
            "a value that can be written as a ClickHouse literal", f"a {type(value).__name__}", remedy="Pass text or numbers."
        )
    )


def bind(statement: str, parameters: Sequence[Any]) -> str:
    """Write the parameters into the places of a statement.

    Raises:
        StackError: A place has no parameter, or a parameter no place.
    """
    used: set[int] = set()

    def replace(match: re.Match[str]) -> str:
        if match["place"] is None:
            return match[0]
        number = int(match["number"])
        used.add(number)
        if number > len(parameters):
            raise _mismatch(f"a parameter for ${number}", f"{len(parameters)} parameter(s)", statement)
        return literal(parameters[number - 1])

    bound = _TOKEN.sub(replace, statement)
    missing = sorted(set(range(1, len(parameters) + 1)) - used)
    if missing:
        raise _mismatch("a place for every parameter", f"no {', '.join(f'${number}' for number in missing)}", statement)
    return bound


def _mismatch(expected: str, seen: str, statement: str) -> StackError:
    return StackError(explain(f"{expected} of the statement", seen, evidence=shorten(statement, 300)))


def _text(value: str) -> str:
    return "'" + "".join(_ESCAPES.get(character, character) for character in value) + "'"


def _number(value: float | Decimal) -> str:
    if isinstance(value, Decimal) and not value.is_finite():
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return repr(value) if isinstance(value, float) else str(value)


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise StackError(explain("a time with its offset", "a datetime without one"))
    if value.microsecond:
        raise StackError(
            explain(
                "a time of whole seconds, as ClickHouse's DateTime is", value.isoformat(), remedy="Pass milliseconds as a number."
            )
        )
    return f"toDateTime({int(value.timestamp())}, 'UTC')"


def _tuple(value: Any) -> str:
    items = sorted(value, key=repr) if isinstance(value, (set, frozenset)) else list(value)
    if not items:
        raise StackError(
            explain("at least one value for IN", "an empty tuple", remedy="ClickHouse has no empty tuple: ask otherwise.")
        )
    return "(" + ", ".join(literal(item) for item in items) + ")"


def _bytes(value: bytes | bytearray) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'"


_WRITERS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (type(None), lambda _: "NULL"),
    (bool, lambda value: "1" if value else "0"),
    (int, str),
    ((float, Decimal), _number),
    ((str, uuid.UUID), lambda value: _text(str(value))),
    ((bytes, bytearray), _bytes),
    (datetime, _moment),
    (date, lambda value: f"toDate('{value.isoformat()}')"),
    (list, lambda value: "[" + ", ".join(literal(item) for item in value) + "]"),
    ((tuple, set, frozenset), _tuple),
)
"""How each type is written; the first that fits counts, so that a truth is no integer and a time no date."""
