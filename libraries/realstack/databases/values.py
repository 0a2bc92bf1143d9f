"""Values between test data and stores: text into what a store expects, and what a store gives into plain Python."""

from __future__ import annotations

import ipaddress
import json
import math
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from realstack.core import likeness
from realstack.core.likeness import MOST_DIGITS, truth
from realstack.databases.postgres_values import IntervalText, array_of, interval_of, multirange_of, range_text, shape_text

_AS_TEXT = (uuid.UUID, ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network)

_DRIVERS = {"asyncpg.types", "asyncpg.pgproto.types"}
"""Where the types are that asyncpg has of its own."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a statement gave.

    Attributes:
        columns: The names, in the statement's order; no name twice.
        records: A dictionary a row, in the order they came.
    """

    columns: list[str]
    records: list[dict[str, Any]]

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.records)


def plain(value: Any) -> Any:
    """What a driver gave, as a value that test data can be compared with.

    UUIDs, network addresses, ranges and shapes become text, whole decimals integers; records become dictionaries.
    Times stay aware `datetime` objects, other decimals stay `Decimal`.
    """
    if isinstance(value, Decimal):
        whole = value.is_finite() and value.adjusted() < MOST_DIGITS and value == value.to_integral_value()
        return int(value) if whole else value
    if isinstance(value, _AS_TEXT):
        return _address(value) if isinstance(value, (ipaddress.IPv6Address, ipaddress.IPv6Network)) else str(value)
    if type(value).__module__ in _DRIVERS:
        return range_text(value) if type(value).__name__ == "Range" else shape_text(value)
    if hasattr(value, "items"):
        return {name_of(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _address(value: ipaddress.IPv6Address | ipaddress.IPv6Network) -> str:
    """An address of IPv6 as stores write it: with one of IPv4 in it, where it has one (RFC 4291, 2.2, 2.5.5)."""
    text, slash, length = str(value).partition("/")
    number = int(value.network_address if isinstance(value, ipaddress.IPv6Network) else value)
    if number >> 32 == 0xFFFF or (number >> 32 == 0 and number >> 16):
        text = f"{'::ffff:' if number >> 32 else '::'}{ipaddress.IPv4Address(number & 0xFFFFFFFF)}"
    return f"{text}{slash}{length}"


def name_of(key: Any) -> str:
    """What a key of a map is called: bytes that are no text as Redis keys of such bytes are."""
    return key.decode(errors="backslashreplace") if isinstance(key, bytes) else str(key)


def json_safe(value: Any) -> Any:
    """The value as JSON can hold it: times as RFC 3339 text, bytes as hexadecimal text, decimals as numbers or text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_safe(item) for item in value]
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    return str(value)


class OffsetMissing(ValueError):
    """A moment has no offset, so that nobody knows when it is: neither the machine's zone nor UTC is meant by itself."""

    def __init__(self) -> None:
        super().__init__(
            "Add it: 2030-01-31T12:00:00Z. A datetime of this machine's zone gets it by ${{ $moment.astimezone() }}."
        )


def read_aware(text: str) -> Any:
    """Read a time with its offset, such as ``2030-01-31T12:00:00Z``."""
    return aware(_moment(text))


def aware(moment: Any) -> Any:
    """A moment as it is, where it has an offset.

    Raises:
        OffsetMissing: It has none.
    """
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise OffsetMissing
    return moment


def read_json_text(text: str) -> str:
    """The text itself, when it is JSON."""
    json.loads(text)
    return text


class ForServer(str):
    """A text that the server is to read as the type of its place."""


def _or_server(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Reads what Python knows; the server knows more: ``infinity``, years before Christ, ``tomorrow``."""

    def reader(text: str) -> Any:
        try:
            return read(text)
        except ValueError:
            return ForServer(text)

    return reader


_moment = _or_server(datetime.fromisoformat)

_WHOLE = ("int2", "int4", "int8", "oid", "smallint", "integer", "bigint")
_IN_ZONE = ("timestamptz", "timestamp with time zone")


def _float(text: str) -> float:
    found = float(text)
    if math.isinf(found) and "inf" not in text.lower():
        raise ValueError("it is beyond what a float holds")
    return found


_READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(_WHOLE, int),
    **dict.fromkeys(("float4", "float8", "real", "double precision"), _float),
    "numeric": Decimal,
    **dict.fromkeys(("bool", "boolean"), truth),
    **dict.fromkeys(_IN_ZONE, read_aware),
    **dict.fromkeys(("timestamp", "timestamp without time zone"), _moment),
    "date": _or_server(date.fromisoformat),
    "time": _or_server(time.fromisoformat),
    "bytea": lambda text: bytes.fromhex(text.removeprefix("\\x")),
    "uuid": uuid.UUID,
    **dict.fromkeys(("json", "jsonb"), read_json_text),
}
_TEXT = {"text", "varchar", "bpchar", "name", "unknown"}
_OF_LISTS = {"json", "jsonb"}
"""Types whose values may be lists themselves: a list in a list of them is no second dimension."""
_WRITTEN = (str, int, float, Decimal, date, time, timedelta, uuid.UUID)
"""What PostgreSQL reads as Python writes it."""
_LARGEST, _SMALLEST = 131_072, -16_383
"""Digits before and places behind the point that `numeric` has; of others the driver makes another number."""


def for_postgres(value: Any, type_name: str) -> Any:
    """A parameter as asyncpg wants it for a PostgreSQL type: text is read as that type, numbers become text for text columns.

    Texts for types that only PostgreSQL itself can read come as [ForServer][]. Numbers are what they are: the driver by itself
    makes 1 of 1.5 where a whole number belongs, and 0.1000000000000000055… of 0.1 where a decimal does.

    Raises:
        OffsetMissing: It is a moment whose offset nobody knows.
        ValueError: The text can't be read as that type, or the type does not hold the number.
    """
    if type_name.endswith("[]") and isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        found = _array_for_postgres(value, type_name[:-2])
        # The server reads all of an array from text, or nothing.
        return _texts(value) if any(isinstance(item, ForServer) for item in leaves(found)) else found
    if isinstance(value, str) and type_name in _READERS:
        value = _READERS[type_name](value)
    elif type_name not in _READERS and type_name not in _TEXT and isinstance(value, (str, int, float, Decimal)):
        return value if isinstance(value, bool) else ForServer(value)
    if isinstance(value, (float, Decimal)):
        return _number_of(value, type_name)
    if type_name in _IN_ZONE:
        return aware(value)
    if type_name in _TEXT and isinstance(value, (int, uuid.UUID)) and not isinstance(value, bool):
        return str(value)
    return value


def _array_for_postgres(values: Sequence[Any], kind: str) -> list[Any]:
    dimensions = (kind in _READERS or kind in _TEXT) and kind not in _OF_LISTS
    return [
        _array_for_postgres(item, kind) if dimensions and isinstance(item, (list, tuple)) else for_postgres(item, kind)
        for item in values
    ]


def leaves(value: Any) -> Iterator[Any]:
    """The items of an array, of one of several dimensions as well."""
    for item in value:
        yield from leaves(item) if isinstance(item, list) else (item,)


def _texts(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_texts(item) for item in value]
    return ForServer(value) if isinstance(value, _WRITTEN) else value


def _number_of(value: float | Decimal, type_name: str) -> Any:
    if type_name in _TEXT:
        return str(value)
    if type_name in _WHOLE:
        if Decimal(value) != int(value):
            raise ValueError("it is no whole number")
        return int(value)
    if type_name == "numeric":
        number = Decimal(repr(value)) if isinstance(value, float) else value
        if number and number.is_finite() and (number.adjusted() >= _LARGEST or int(number.as_tuple().exponent) < _SMALLEST):
            raise ValueError("it has too many digits")
        return number
    return value


def like(seen: Any, expected: Any) -> Any:
    """An expected value as the type of what is seen, where it is a text that can be read so.

    Texts are read as everywhere (`realstack.core.likeness`), and intervals, arrays and multiranges as PostgreSQL writes them.
    """
    if isinstance(expected, str):
        try:
            if isinstance(seen, (timedelta, IntervalText)):
                return interval_of(expected)
            if isinstance(seen, list) and expected.lstrip().startswith("{"):
                expected = _items(seen, expected)
        except ValueError:
            return expected
    return likeness.like(seen, expected)


def _items(seen: list[Any], expected: str) -> list[Any]:
    """What an array holds, or a multirange: its ranges have commas in them and no quotes around them."""
    try:
        ranges = multirange_of(expected)
    except ValueError:
        return array_of(expected)
    return ranges if ranges and all(isinstance(one, str) and one[:1] in "[(" for one in seen) else array_of(expected)


def shown(value: Any) -> str:
    """The value as tables and messages show it."""
    return str(json_safe(value))
