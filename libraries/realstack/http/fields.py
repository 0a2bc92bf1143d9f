"""Fields of forms, queries and headers as they are given: a text, a number, several of them, or nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.core.json_text import json_text

Given = str | list[str]
"""What a form is filled with: a text, or the several that are chosen of a list or a group of boxes."""


_METHOD = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")


def check_method(method: str) -> None:
    """Make sure that a method is one (RFC 9110, 9.1).

    Raises:
        StackError: It is none.
    """
    if not _METHOD.fullmatch(method):
        raise StackError(explain("an HTTP method, such as POST", repr(method)))


def texts(value: Any) -> list[str]:
    """The texts that a value is sent as: one, several of a list, none for None.

    Raises:
        StackError: It is bytes that are no text.
    """
    if value is None:
        return []
    if isinstance(value, list | tuple | set | frozenset):
        return [text for one in value for text in texts(one)]
    if not isinstance(value, bytes | bytearray):
        return [str(value)]
    try:
        return [value.decode()]
    except UnicodeDecodeError as error:
        raise StackError(explain("a field that is text", f"{len(value)} bytes that are none in UTF-8")) from error


def pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Fields as they are sent, one for each of several values."""
    return [(str(name), text) for name, value in values.items() for text in texts(value)]


def json_bytes(value: Any) -> bytes:
    """A value as the body of a request.

    Raises:
        StackError: It is no value of JSON.
    """
    try:
        return json_text(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise StackError(explain("a value of JSON to send", f"{type(value).__name__}: {error}")) from None


def lines(values: Mapping[str, Any]) -> dict[str, str]:
    """Headers as they are sent, several values of one between commas (RFC 9110, 5.3)."""
    return {str(name): ", ".join(texts(value)) for name, value in values.items() if value is not None}


def filled(values: Mapping[str, Any]) -> dict[str, Given]:
    """What a form is filled with; a field for None is left as it is."""
    told = {str(name): texts(value) for name, value in values.items() if value is not None}
    return {name: found if isinstance(values[name], list | tuple) else "".join(found) for name, found in told.items()}
