"""Values of ClickHouse as the server writes them, where clickhouse-connect gives something else.

By itself it gives bytes that are no text as their hexadecimal digits, which a text may be as well; a FixedString as bytes, though
most are short texts; 0.10000000149011612 for a 0.1 of four bytes; and moments without their nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from realstack.databases.postgres_values import single
from realstack.databases.values import name_of, plain

AS_BYTES = {"String": "bytes"}
"""What the driver is to read how, by type: so that the readers see what there is."""
AS_TICKS = {**AS_BYTES, "DateTime64": "int"}
"""The same for an answer with nanoseconds."""

_MICROSECONDS = 6
"""Digits of a second that Python's moments have."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Reader = Callable[[Any], Any]


def readers(kinds: Sequence[Any], zone: tzinfo = UTC, *, ticks: bool = False) -> list[Reader]:
    """What makes values of the columns of an answer.

    Args:
        kinds: The driver's types.
        zone: Where the server writes moments whose type names no zone.
        ticks: Whether moments come as they are counted (`AS_TICKS`).
    """
    return [_reader(kind, zone, ticks) for kind in kinds]


def has_nanoseconds(kinds: Sequence[Any]) -> bool:
    """Whether moments of an answer are finer than Python's, and can be told by their types."""
    inner = [one for kind in kinds for one in _walk(kind)]
    # Whatever holds values of any type would hold numbers then, which nothing tells from moments.
    mixed = any(kind.base_type in {"Dynamic", "JSON", "Variant"} for kind in inner)
    return not mixed and any(kind.base_type == "DateTime64" and kind.scale > _MICROSECONDS for kind in inner)


def _parts(kind: Any) -> list[Any]:
    if kind.base_type == "Map":
        return [kind.key_type, kind.value_type]
    if kind.base_type in {"Array", "SimpleAggregateFunction"}:
        return [kind.element_type]
    return list(kind.element_types) if kind.base_type in {"Tuple", "Nested"} else []


def _walk(kind: Any) -> list[Any]:
    return [kind, *(one for part in _parts(kind) for one in _walk(part))]


def _reader(kind: Any, zone: tzinfo, ticks: bool) -> Reader:
    by_name: dict[str, Reader] = {
        "String": _text,
        "FixedString": lambda found: text.rstrip("\0") if isinstance(text := _text(found), str) else text,
        "Float32": single,
        **({"DateTime64": _moments(kind, zone)} if ticks and kind.base_type == "DateTime64" else {}),
    }
    parts = [_reader(part, zone, ticks) for part in _parts(kind)]
    read = _container(kind, parts) if parts else by_name.get(kind.base_type, lambda found: plain(_texts(found)))
    return lambda found: None if found is None else read(found)


def _container(kind: Any, parts: list[Reader]) -> Reader:
    first, last = parts[0], parts[-1]
    if kind.base_type == "Map":
        return lambda found: {name_of(first(key)): last(value) for key, value in found.items()}
    if kind.base_type == "Array":
        return lambda found: [first(item) for item in found]
    if kind.base_type == "SimpleAggregateFunction":
        return first

    def one(found: Any) -> Any:
        if isinstance(found, dict):
            return {str(name): read(value) for read, (name, value) in zip(parts, found.items(), strict=True)}
        return [read(value) for read, value in zip(parts, found, strict=True)]

    return one if kind.base_type == "Tuple" else lambda found: [one(item) for item in found]


def _moments(kind: Any, zone: tzinfo) -> Reader:
    where = kind.tzinfo or zone

    def read(ticks: int) -> datetime | str:
        seconds, rest = divmod(ticks, 10**kind.scale)
        nanoseconds = rest * 10 ** (9 - kind.scale)
        found = (_EPOCH + timedelta(seconds=seconds, microseconds=nanoseconds // 1000)).astimezone(where)
        return f"{found:%Y-%m-%d %H:%M:%S}.{rest:0{kind.scale}d}" if nanoseconds % 1000 else found

    return read


def _text(found: Any) -> Any:
    try:
        return found.decode() if isinstance(found, bytes) else found
    except UnicodeDecodeError:
        return found


def _texts(found: Any) -> Any:
    if isinstance(found, dict):
        return {_texts(key): _texts(value) for key, value in found.items()}
    return [_texts(item) for item in found] if isinstance(found, (list, tuple)) else _text(found)
