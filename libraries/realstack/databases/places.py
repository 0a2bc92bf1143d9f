"""Places for parameters (``$1``, ``$2`` …) in a statement, and its end: outside of strings, quoted names and comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator


def _tokens(inside: str) -> re.Pattern[str]:
    return re.compile(
        rf"""
          (?P<quoted>'(?:{inside}|'')*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|\$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$)
        | (?P<comment>--[^\n]*|/\*.*?\*/)
        | (?P<place>\$(?P<number>[1-9][0-9]*))
        | (?P<end>;)
        | (?P<other>[^\s;$'"`/-]+|\S)
        """,
        re.VERBOSE | re.DOTALL,
    )


_STANDARD = _tokens(r"[^']")
_BACKSLASHES = _tokens(r"[^'\\]|\\.")


def places(statement: str, *, backslashes: bool) -> Iterator[re.Match[str]]:
    """The places of a statement; group ``number`` is the parameter's.

    Args:
        statement: One statement.
        backslashes: Whether a backslash in a string takes the next character's meaning, as in ClickHouse.
    """
    return (found for found in _matches(statement, backslashes) if found["place"] is not None)


def replace_places(statement: str, name: Callable[[int], str], *, backslashes: bool) -> str:
    """Write something else at each place; takes the arguments of `places`.

    Args:
        statement: One statement.
        name: What is written for a parameter's number.
        backslashes: See `places`.
    """
    pieces, end = [], 0
    for found in places(statement, backslashes=backslashes):
        pieces += [statement[end : found.start()], name(int(found["number"]))]
        end = found.end()
    return "".join([*pieces, statement[end:]])


def without_end(statement: str, *, backslashes: bool) -> str:
    """The statement without the semicolon that ends it, and without what follows when that is nothing but comments."""
    end = None
    for found in _matches(statement, backslashes):
        if found["end"] is not None:
            end = found.start() if end is None else end
        elif found["comment"] is None:
            end = None
    return statement if end is None else statement[:end]


def _matches(statement: str, backslashes: bool) -> Iterator[re.Match[str]]:
    return (_BACKSLASHES if backslashes else _STANDARD).finditer(statement)
