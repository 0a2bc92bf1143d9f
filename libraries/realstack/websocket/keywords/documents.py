"""JSON documents put together from the cells of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realstack.core.errors import StackError
from realstack.core.json_paths import parse_path


def build(value: Mapping[str, Any] | list[Any] | None, fields: Mapping[str, Any]) -> Any:
    """A JSON value from a base and fields given as paths."""
    if not fields and value is None:
        raise StackError("Nothing to send: give a value, or fields such as type=ping")
    if isinstance(value, list):
        if fields:
            raise StackError("Fields can be put into an object, not into an array")
        return value
    document: dict[str, Any] = {} if value is None else _copy(value)
    for path, item in fields.items():
        _put(document, path, item)
    return document


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copy(item) for name, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _put(document: dict[str, Any], path: str, item: Any) -> None:
    try:
        steps = parse_path(path)
    except ValueError as error:
        raise StackError(str(error)) from None
    if not steps or not all(isinstance(step, str) for step in steps):
        raise StackError(f"'{path}' can't be set: fields to send are names joined by dots, such as payload.text")
    *parents, last = (str(step) for step in steps)
    target: Any = document
    for name in parents:
        target = target.setdefault(name, {})
        if not isinstance(target, dict):
            raise StackError(f"'{path}' can't be set: '{name}' already holds {target!r}")
    target[last] = item
