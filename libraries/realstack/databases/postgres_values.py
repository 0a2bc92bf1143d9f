"""Values of PostgreSQL as Python's, where Python has the like, and otherwise as the text that PostgreSQL writes.

Python knows no year before 1 or after 9999, no infinite time, no 24:00 and no month of unknown length.
"""

from __future__ import annotations

import ctypes
import json
import math
import re
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from realstack.core.errors import StackError
from realstack.core.likeness import exact
from realstack.core.quantities import duration

if TYPE_CHECKING:
    from asyncpg import Connection, Range

_EPOCH = date(2000, 1, 1)
_MOMENT = datetime(2000, 1, 1)
_DAY = 86_400_000_000
"""Microseconds."""
_CYCLE_DAYS, _CYCLE_YEARS = 146_097, 400
"""The calendar repeats after so many days."""
_ENDLESS_DAYS, _ENDLESS = {2**31 - 1: "infinity", -(2**31): "-infinity"}, {2**63 - 1: "infinity", -(2**63): "-infinity"}


class IntervalText(str):
    """An interval with months, whose length nobody knows, as PostgreSQL writes it."""


async def prepare(connection: Connection[Any]) -> None:
    """Have a connection read and write these types as told here."""
    for kind, writer, reader in _TUPLES:
        await connection.set_type_codec(kind, schema="pg_catalog", encoder=writer, decoder=reader, format="tuple")
    # Binary, so that they are read within records as well.
    for kind, write, read in _BINARIES:
        await connection.set_type_codec(kind, schema="pg_catalog", encoder=write, decoder=read, format="binary")


def interval_of(text: str) -> str | timedelta:
    """An interval as people, PostgreSQL and ISO 8601 (``P1M2DT3H``) write it.

    Raises:
        ValueError: It is none.
    """
    return _interval(_interval_parts(text))


def array_of(text: str) -> list[Any]:
    """The items of an array as PostgreSQL writes it, such as ``{1,2,NULL}``; all others are texts.

    Raises:
        ValueError: It is none.
    """
    found, end = _array(text.strip(), 0)
    if end != len(text.strip()):
        raise ValueError(f"{text!r} goes on after its end")
    return found


def multirange_of(text: str) -> list[str]:
    """The ranges of a multirange as PostgreSQL writes it, such as ``{[1,3),[5,8)}``.

    Raises:
        ValueError: It is none.
    """
    if not _MULTIRANGE.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no multirange of PostgreSQL")
    return _RANGE.findall(text)


def range_text(found: Range[Any]) -> str:
    """A range as PostgreSQL writes it, such as ``[2030-01-01,2030-02-01)``."""
    if found.isempty:
        return "empty"
    lower, upper = ("" if bound is None else _bound(bound) for bound in (found.lower, found.upper))
    return f"{'[' if found.lower_inc else '('}{lower},{upper}{']' if found.upper_inc else ')'}"


def shape_text(found: Any) -> str:
    """A point, line, box, path, polygon, circle or bit string of the driver, as PostgreSQL writes it."""
    kind = type(found).__name__
    if kind == "BitString":
        return str(found.as_string()).replace(" ", "")
    if kind == "Point":
        return f"({_decimal(found[0])},{_decimal(found[1])})"
    if kind == "Line":
        return "{" + ",".join(map(_decimal, found)) + "}"
    if kind == "Circle":
        return f"<({_decimal(found.center[0])},{_decimal(found.center[1])}),{_decimal(found.radius)}>"
    points = ",".join(map(shape_text, found))
    if kind == "Box":
        return points
    return f"[{points}]" if kind == "LineSegment" or (kind == "Path" and not found.is_closed) else f"({points})"


def _decimal(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return repr(value).removesuffix(".0")


def _bound(value: Any) -> str:
    if isinstance(value, datetime):
        micros = f".{value:%f}".rstrip("0").rstrip(".")
        text = f"{value:%Y-%m-%d %H:%M:%S}{micros}{'' if value.tzinfo is None else _offset(_east(value))}"
    elif isinstance(value, float):
        text = _decimal(value)
    else:
        text = format(value, "f") if isinstance(value, Decimal) and value.is_finite() else str(value)
    return f'"{text}"' if re.search(r'[\s,"\\()\[\]]', text) or not text else text


def _east(value: datetime) -> int:
    """Seconds that a zone is ahead of UTC."""
    return (value.utcoffset() or timedelta()) // timedelta(seconds=1)


def _json(value: Any) -> bytes:
    """Text is JSON already; everything else becomes JSON, decimals as the numbers that they are, as they are read."""
    if isinstance(value, str):
        return value.encode()
    numbers: dict[str, str] = {}
    mark = uuid4().hex

    def number(one: Any) -> str:
        if not isinstance(one, Decimal) or not one.is_finite():
            raise TypeError(f"a {type(one).__name__} is nothing that JSON has")
        place = f"{mark}-{len(numbers)}-"
        numbers[f'"{place}"'] = str(one)
        return place

    text = json.dumps(value, default=number)
    return re.sub(rf'"{mark}-\d+-"', lambda found: numbers[found[0]], text).encode()


# Dates and times


def _date(parts: tuple[int]) -> date | str:
    (days,) = parts
    if days in _ENDLESS_DAYS:
        return _ENDLESS_DAYS[days]
    try:
        return _EPOCH + timedelta(days=days)
    except OverflowError:
        return "".join(_far_day(days))


def _far_day(days: int) -> tuple[str, str]:
    """A day that Python's calendar does not reach, and what follows a time on it: the years before Christ."""
    cycles, rest = divmod(days, _CYCLE_DAYS)
    near = _EPOCH + timedelta(days=rest)
    year = near.year + cycles * _CYCLE_YEARS
    shown, era = (year, "") if year > 0 else (1 - year, " BC")
    return f"{shown:04d}-{near.month:02d}-{near.day:02d}", era


def _moment(parts: tuple[int], zone: str = "") -> datetime | str:
    (microseconds,) = parts
    if microseconds in _ENDLESS:
        return _ENDLESS[microseconds]
    try:
        return _MOMENT + timedelta(microseconds=microseconds)
    except OverflowError:
        days, rest = divmod(microseconds, _DAY)
        day, era = _far_day(days)
        return f"{day} {_clock(rest)}{zone}{era}"


def _moment_in_zone(parts: tuple[int]) -> datetime | str:
    found = _moment(parts, "+00")
    return found.replace(tzinfo=UTC) if isinstance(found, datetime) else found


def _time(parts: tuple[int]) -> time | str:
    (microseconds,) = parts
    return "24:00:00" if microseconds == _DAY else (_MOMENT + timedelta(microseconds=microseconds)).time()


def _time_in_zone(parts: tuple[int, int]) -> time | str:
    microseconds, west = parts
    if microseconds == _DAY:
        return f"24:00:00{_offset(-west)}"
    return (_MOMENT + timedelta(microseconds=microseconds)).time().replace(tzinfo=timezone(timedelta(seconds=-west)))


def _offset(east: int) -> str:
    hours, minutes, seconds = abs(east) // 3600, abs(east) // 60 % 60, abs(east) % 60
    parts = [f"{hours:02d}", *([f"{minutes:02d}"] if minutes or seconds else []), *([f"{seconds:02d}"] if seconds else [])]
    return ("-" if east < 0 else "+") + ":".join(parts)


def _clock(microseconds: int) -> str:
    seconds, fraction = divmod(microseconds, 1_000_000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{fraction:06d}".rstrip("0") if fraction else text


def _microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def _of_time(value: time) -> tuple[int]:
    return (_microseconds(datetime.combine(_EPOCH, value) - _MOMENT),)


def _of_time_in_zone(value: time) -> tuple[int, int]:
    east = value.utcoffset()
    if east is None:
        raise ValueError("a time with a zone has an offset that no date is needed for")
    return (*_of_time(value.replace(tzinfo=None)), -(east // timedelta(seconds=1)))


def _of_moment(value: datetime) -> tuple[int]:
    if value.tzinfo is not None:
        raise ValueError("a timestamp has no zone")
    return (_microseconds(value - _MOMENT),)


def _of_moment_in_zone(value: datetime) -> tuple[int]:
    if value.tzinfo is None:
        raise ValueError("a timestamp with a zone has an offset")
    return _of_moment(value.astimezone(UTC).replace(tzinfo=None))


# Intervals


def _interval(parts: tuple[int, int, int]) -> timedelta | str:
    months, days, microseconds = parts
    if microseconds in _ENDLESS and abs(months) >= 2**31 - 1:
        return _ENDLESS[microseconds]
    if not months:
        try:
            return timedelta(days=days, microseconds=microseconds)
        except OverflowError:
            pass  # longer than Python knows: the text
    return IntervalText(_interval_text(months, days, microseconds))


def _interval_text(months: int, days: int, microseconds: int) -> str:
    years, months = _towards_zero(months, 12)
    words: list[str] = []
    before = False
    for value, unit in ((years, "year"), (months, "mon"), (days, "day")):
        if value:
            words.append(f"{'+' if before and value > 0 else ''}{value} {unit}{'s' if value != 1 else ''}")
            before = value < 0
    if microseconds or not words:
        words.append(("-" if microseconds < 0 else "+" if before else "") + _clock(abs(microseconds)))
    return " ".join(words)


def _towards_zero(value: int, by: int) -> tuple[int, int]:
    whole, rest = divmod(abs(value), by)
    return (-whole, -rest) if value < 0 else (whole, rest)


_MONTHS = {"y": 12, "year": 12, "yr": 12, "mon": 1, "month": 1, "decade": 120, "century": 1200, "centurie": 1200}
_PART = re.compile(
    r"\s*@?\s*(?:(?P<sign>[+-]?)(?P<hours>\d+):(?P<minutes>\d\d)(?::(?P<seconds>\d\d(?:\.\d+)?))?"
    r"|(?P<number>[+-]?\d+(?:\.\d+)?)\s*(?P<unit>[a-z]*))\s*",
    re.IGNORECASE,
)
_ISO = re.compile(r"P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)W)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d+)?)S)?)?")


def _interval_parts(text: str) -> tuple[int, int, int]:
    iso = _ISO.fullmatch(text.strip())
    if iso is not None:
        years, months, weeks, days, hours, minutes, seconds = (float(part or 0) for part in iso.groups())
        return int(12 * years + months), int(7 * weeks + days), round((hours * 3600 + minutes * 60 + seconds) * 1e6)
    totals, position = [0, 0, 0], 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None or part.end() == position:
            raise ValueError(f"{text!r} is no interval")
        for place, amount in _amount(part):
            totals[place] += amount
        position = part.end()
    if not text.strip():
        raise ValueError("nothing is no interval")
    return totals[0], totals[1], totals[2]


def _amount(part: re.Match[str]) -> list[tuple[int, int]]:
    if part["hours"] is not None:
        seconds = int(part["hours"]) * 3600 + int(part["minutes"]) * 60 + float(part["seconds"] or 0)
        return [(2, round(seconds * 1e6) * (-1 if part["sign"] == "-" else 1))]
    unit = part["unit"].lower()
    single = unit.removesuffix("s") if len(unit) > 1 else unit
    if single in _MONTHS and float(part["number"]).is_integer():
        return [(0, int(float(part["number"])) * _MONTHS[single])]
    if single in {"d", "day", "w", "week"} and float(part["number"]).is_integer():
        return [(1, int(float(part["number"])) * (7 if single.startswith("w") else 1))]
    try:
        return [(2, round(duration(f"{part['number'].removeprefix('+')}{unit}") * 1e6))]
    except StackError as error:
        raise ValueError(str(error)) from None


# Arrays


_BOUND = r'(?:"(?:[^"\\]|""|\\.)*"|[^\[\]()",\\])*'
_RANGE = re.compile(rf"[\[(]{_BOUND},{_BOUND}[\])]", re.DOTALL)
_MULTIRANGE = re.compile(rf"\{{\s*(?:{_RANGE.pattern}(?:\s*,\s*{_RANGE.pattern})*)?\s*\}}", re.DOTALL)
_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^{},"\s][^{},"]*))\s*', re.DOTALL)


def _array(text: str, start: int) -> tuple[list[Any], int]:
    if not text.startswith("{", start):
        raise ValueError(f"{text!r} is no array of PostgreSQL")
    items: list[Any] = []
    position = start + 1
    if text[position:].lstrip().startswith("}"):
        return items, text.index("}", position) + 1
    while True:
        item: Any
        if text.startswith("{", position):
            item, position = _array(text, position)
        else:
            found = _ITEM.match(text, position)
            if found is None:
                raise ValueError(f"{text!r} is no array of PostgreSQL")
            item, position = _item(found), found.end()
        items.append(item)
        if text.startswith("}", position):
            return items, position + 1
        if not text.startswith(",", position):
            raise ValueError(f"{text!r} is no array of PostgreSQL")
        position += 1


def _item(found: re.Match[str]) -> str | None:
    if found[1] is not None:
        return re.sub(r"(?s)\\(.)", r"\1", found[1])
    return None if found[2].strip().upper() == "NULL" else found[2].strip()


_TUPLES: tuple[tuple[str, Callable[[Any], Any], Callable[[Any], Any]], ...] = (
    ("date", lambda value: ((value - _EPOCH).days,), _date),
    ("timestamp", _of_moment, _moment),
    ("timestamptz", _of_moment_in_zone, _moment_in_zone),
    ("time", _of_time, _time),
    ("timetz", _of_time_in_zone, _time_in_zone),
    ("interval", lambda value: (0, value.days, _microseconds(value - timedelta(days=value.days))), _interval),
)
"""Kind, what writes it, and what reads it."""


def single(found: float) -> float:
    """A number of four bytes as stores write it: the shortest one that is the same in four bytes."""
    shorter = (float(f"{found:.{digits}g}") for digits in range(1, 9))
    return next((one for one in shorter if ctypes.c_float(one).value == found), float(f"{found:.9g}"))


def _real(data: bytes) -> float:
    (found,) = struct.unpack("!f", data)
    return single(found)


def letter(data: bytes) -> str:
    """The type `"char"` of the server's own tables, as PostgreSQL writes it: one byte, or none."""
    return "" if data == b"\0" else data.decode("ascii") if data.isascii() else f"\\{data[0]:03o}"


def _place_in_log(data: bytes) -> str:
    high, low = struct.unpack("!II", data)
    return f"{high:X}/{low:X}"


def _place_of_row(data: bytes) -> str:
    return "({},{})".format(*struct.unpack("!IH", data))


def _seen_transactions(data: bytes) -> str:
    _, first, beyond, *under_way = struct.unpack(f"!iQQ{(len(data) - 20) // 8}Q", data)
    return f"{first}:{beyond}:{','.join(map(str, under_way))}"


def _written(value: Any) -> bytes:
    """Nothing but text comes here, which the server reads itself."""
    raise ValueError(f"a {type(value).__name__} that is no text")


_BINARIES: tuple[tuple[str, Callable[[Any], bytes], Callable[[bytes], Any]], ...] = (
    ("json", _json, exact),
    ("jsonb", lambda value: b"\x01" + _json(value), lambda data: exact(data[1:])),
    ("float4", lambda value: struct.pack("!f", value), _real),
    ("pg_lsn", _written, _place_in_log),
    ("tid", _written, _place_of_row),
    ("pg_snapshot", _written, _seen_transactions),
    ("txid_snapshot", _written, _seen_transactions),
)
"""The same of those that are read and written by their bytes."""
