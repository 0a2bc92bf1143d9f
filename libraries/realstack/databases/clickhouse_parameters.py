"""Parameters of ClickHouse statements: the server binds them, by a type that is told with each."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.core.json_text import json_text
from realstack.core.table import shorten
from realstack.databases.places import places, replace_places
from realstack.databases.values import OffsetMissing, aware

_INTEGERS = (
    ("Int64", -(2**63), 2**63), ("UInt64", 0, 2**64), ("Int128", -(2**127), 2**127), ("UInt128", 0, 2**128),
    ("Int256", -(2**255), 2**255), ("UInt256", 0, 2**256),
)  # fmt: skip
_MOST_DIGITS = 76
_FIRST_YEAR, _LAST_YEAR = 1900, 2299
"""Of moments and days; others become the first or last one without a word."""
_OWN_PLACE = re.compile(r"\{\s*(?P<name>\w+)\s*:(?P<type>[^{}]*)\}")
_EMPTY_MAP = "Map(String, String)"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def bind(statement: str, parameters: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """Name each place of a statement as the server wants it, with its type.

    A statement without places (``$1``, ``$2`` …) may have places of ClickHouse's own (``{name:Type}``); then the one parameter
    is a mapping of their values.

    Returns:
        The statement, and the values by their names in it.

    Raises:
        StackError: A place has no parameter, a parameter no place, or a value no type that holds it exactly.
    """
    used = {int(found["number"]) for found in places(statement, backslashes=True)}
    if not used and len(parameters) == 1 and isinstance(parameters[0], Mapping):
        kinds = {found["name"]: found["type"] for found in _OWN_PLACE.finditer(statement)}
        return statement, {str(name): _for_place(value, kinds.get(str(name), "")) for name, value in parameters[0].items()}
    beyond = sorted(number for number in used if number > len(parameters))
    if beyond:
        raise _mismatch(f"a parameter for ${beyond[0]}", f"{len(parameters)} parameter(s)", statement)
    missing = sorted(set(range(1, len(parameters) + 1)) - used)
    if missing:
        raise _mismatch("a place for every parameter", f"no {', '.join(f'${number}' for number in missing)}", statement)
    types = {number: type_of([parameters[number - 1]]) for number in used}
    named = replace_places(statement, lambda number: f"{{p{number}:{types[number]}}}", backslashes=True)
    return named, {f"p{number}": _sent(parameters[number - 1]) for number in used}


def _for_place(value: Any, kind: str) -> Any:
    """A value as the client is to send it to a place whose type the statement tells."""
    if isinstance(value, Mapping) and "Map(" not in kind:
        try:
            return json_text(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise StackError(
                explain(f"a value for a place of the type {kind or 'that it has'}", f"a dictionary: {error}")
            ) from None
    return _sent(value, counted="DateTime" in kind)


def _mismatch(expected: str, seen: str, statement: str) -> StackError:
    return StackError(explain(f"{expected} of the statement", seen, evidence=shorten(statement, 300)))


def type_of(values: Sequence[Any]) -> str:
    """ClickHouse's type that holds each of some values exactly.

    Raises:
        StackError: There is none.
    """
    known = [value for value in values if value is not None]
    if not known:
        return "Nullable(Nothing)" if values else "Nothing"
    kind = _type_of_known(known)
    # An array, a tuple or a map can't be nothing; the server says so where it is tried.
    return f"Nullable({kind})" if len(known) < len(values) and not kind.startswith(("Array(", "Tuple(", "Map(")) else kind


def _type_of_known(values: Sequence[Any]) -> str:
    for kinds, name in _SIMPLE:
        if all(isinstance(value, kinds) for value in values):
            return name
    if all(_is_number(value) for value in values):
        return _number(values)
    beyond = next((value for value in values if isinstance(value, date) and not _is_known(value)), None)
    if beyond is not None:
        raise StackError(explain(f"a time of the years {_FIRST_YEAR} to {_LAST_YEAR}, as ClickHouse has", f"{beyond}"))
    if all(isinstance(value, datetime) and value.tzinfo is not None for value in values):
        return "DateTime64(6, 'UTC')"
    if all(isinstance(value, date) and not isinstance(value, datetime) for value in values):
        return "Date32"
    if kind := _container(values):
        return kind
    raise StackError(
        explain(
            "a value that ClickHouse has a type for",
            ", ".join(sorted({_seen(value) for value in values})),
            remedy="Pass text, truths, numbers, dates, times with an offset, or lists or dictionaries of one of them.",
        )
    )


def _container(values: Sequence[Any]) -> str:
    """The type of arrays, tuples or maps; empty where they are none, or not all the same."""
    if all(isinstance(value, (list, set, frozenset)) for value in values):
        return f"Array({type_of([item for value in values for item in value])})"
    if all(isinstance(value, tuple) for value in values) and len({len(value) for value in values}) == 1:
        # `IN` takes an array as well, and a tuple of nothing is no type.
        return f"Tuple({', '.join(type_of(items) for items in zip(*values, strict=True))})" if values[0] else "Array(Nothing)"
    if not all(isinstance(value, Mapping) for value in values):
        return ""
    keys = [key for value in values for key in value]
    if None in keys:
        raise StackError(explain("a dictionary whose keys ClickHouse can tell", "None among them"))
    # One with nothing in it is of texts.
    return f"Map({type_of(keys)}, {type_of([item for value in values for item in value.values()])})" if keys else _EMPTY_MAP


def _is_known(day: date) -> bool:
    try:
        year = day.astimezone(UTC).year if isinstance(day, datetime) and day.tzinfo is not None else day.year
    except OverflowError:  # beyond what Python knows
        return False
    return _FIRST_YEAR <= year <= _LAST_YEAR


def _seen(value: Any) -> str:
    return "a datetime without an offset" if isinstance(value, datetime) and value.tzinfo is None else f"a {type(value).__name__}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _number(values: Sequence[Any]) -> str:
    if all(isinstance(value, int) for value in values):
        for name, least, beyond in _INTEGERS:
            if all(least <= value < beyond for value in values):
                return name
        raise StackError(explain("whole numbers that one type of at most 256 bits holds", f"{max(values, key=abs)}"))
    if any(isinstance(value, float) or not Decimal(value).is_finite() for value in values):
        return "Float64"
    parts = [Decimal(value).as_tuple() for value in values]
    scale = max(max(0, -int(part.exponent)) for part in parts)
    whole = max(max(0, len(part.digits) + int(part.exponent)) for part in parts)
    if whole + scale > _MOST_DIGITS:
        raise StackError(explain(f"a decimal of at most {_MOST_DIGITS} digits", f"one of {whole + scale}"))
    return f"Decimal({max(1, whole + scale)}, {scale})"


def _sent(value: Any, *, counted: bool = False) -> Any:
    """A value as the client is to send it.

    Args:
        value: Of a parameter.
        counted: Whether moments are told by their seconds, which no zone of the server's makes others of.
    """
    if isinstance(value, datetime):
        return _moment(value, counted)
    if isinstance(value, Decimal):
        return _Number(format(value, "f") if value.is_finite() else str(float(value)))
    if isinstance(value, Mapping):
        return {_sent(key, counted=counted): _sent(item, counted=counted) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return [_sent(item, counted=counted) for item in sorted(value, key=repr)]
    if isinstance(value, (list, tuple)):
        items = [_sent(item, counted=counted) for item in value]
        return tuple(items) if isinstance(value, tuple) and items else items
    return value


def _moment(value: datetime, counted: bool) -> str:
    try:
        aware(value)
    except OffsetMissing as error:
        raise StackError(explain("a time with an offset", "a datetime without one", remedy=str(error))) from None
    return _seconds(value) if counted else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _seconds(moment: datetime) -> str:
    whole, rest = divmod(abs(moment - _EPOCH), timedelta(seconds=1))
    if moment < _EPOCH and not whole:
        raise StackError(explain("a time that ClickHouse can read from its seconds", f"{moment}, whose whole seconds are -0"))
    # With fewer than ten digits the server takes them for a year.
    text = f"{whole:010d}" + (f".{rest.microseconds:06d}" if rest else "")
    return f"-{text}" if moment < _EPOCH else text


@dataclass(frozen=True)
class _Number:
    """A number that is sent as it is written here, in a list as well, where a text would be quoted."""

    text: str

    def __str__(self) -> str:
        return self.text


_SIMPLE: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "Bool"),
    ((str, bytes, bytearray, uuid.UUID), "String"),
)
"""Types that say all by themselves."""
