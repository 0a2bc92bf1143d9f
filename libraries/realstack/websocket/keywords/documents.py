"""JSON values of keywords: put together from the cells of a table, with their Secrets unwrapped, and given back to Robot."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from robot.api.types import Secret
from robot.utils import DotDict

from realstack.core import json_path
from realstack.core.errors import StackError
from realstack.secrets import Hidden
from realstack.websocket import Masker

RANDOM = re.compile(r"(?=[^/?&=#]*\d)[^/?&=#]{16,}")
"""What may be the secret of a secret URL besides what its query names so: long parts of it that are no words."""


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
        alternatives = json_path.parse(path).alternatives
    except ValueError as error:
        raise StackError(str(error)) from None
    steps = alternatives[0]
    if len(alternatives) > 1 or not steps or not all(isinstance(step, (str, int)) for step in steps):
        raise StackError(f"'{path}' can't be set: fields to send are names and items, such as payload.text and args[0]")
    target: Any = document
    for step, following in itertools.pairwise(steps):
        _set(target, step, [] if isinstance(following, int) else {}, path, keep=True)
        target = target[step]
    _set(target, steps[-1], item, path, keep=False)


def _set(target: Any, step: Any, item: Any, path: str, *, keep: bool) -> None:
    """Set a field of an object, or an item of an array or the one behind its last; what is there stays where it is to be kept."""
    if isinstance(step, int):
        if not isinstance(target, list):
            raise StackError(f"'{path}' can't be set: [{step}] is an item of an array, and there already is {target!r}")
        if not 0 <= step <= len(target):
            raise StackError(f"'{path}' can't be set: an array is filled in order, and the next item is [{len(target)}]")
        if step == len(target):
            target.append(item)
        elif not keep:
            target[step] = item
    else:
        if not isinstance(target, dict):
            raise StackError(f"'{path}' can't be set: '{step}' is a field of an object, and there already is {target!r}")
        if not keep or step not in target:
            target[step] = item


def plain_url(url: str | Secret, masker: Masker) -> str:
    """The text of a URL; of one that is a Secret, each part that may be the credential is made known to the masker.

    The whole is not: hosts and ports stand in honest texts, too.
    """
    if not isinstance(url, Secret):
        return url
    text = str(url.value)
    behind = text.partition("://")[2].partition("/")[2]
    named = [value for name, value in parse_qsl(behind.partition("?")[2]) if name in masker.names]
    for part in {*named, *RANDOM.findall(behind), *map(unquote, RANDOM.findall(behind))}:
        masker.register(part, "part of the URL of a WebSocket handshake")
    return text


def reveal(value: Any, masker: Masker, what: str) -> Any:
    """A copy of a value with each Secret in it unwrapped, and made known to the masker."""
    if isinstance(value, Secret):
        masker.register(value.value, what)
        return value.value
    if isinstance(value, Mapping):
        return {name: reveal(item, masker, what) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [reveal(item, masker, what) for item in value]
    return value


def for_robot(value: Any) -> Any:
    """A JSON value whose objects can be read as ``${frame.payload.text}``, and whose credentials are Secrets."""
    if isinstance(value, Hidden):
        return Secret(value.value)
    if isinstance(value, dict):
        return DotDict({name: for_robot(item) for name, item in value.items()})
    if isinstance(value, list):
        return [for_robot(item) for item in value]
    return value
