"""Places for parameters (``$1``, ``$2`` …) in a statement, and its end: outside of strings, quoted names and comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

_DEPTH = 8
"""How deep comments of PostgreSQL are followed: in its own a comment may hold others."""


def _comment(depth: int) -> str:
    within = f"|{_comment(depth - 1)}" if depth else ""
    return rf"/\*(?:(?!/\*|\*/).{within})*\*/"


def _tokens(inside: str, comment: str) -> re.Pattern[str]:
    return re.compile(
        rf"""
          (?P<quoted>[eE]'(?:[^'\\]|\\.|'')*'|'(?:{inside}|'')*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|\$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$)
        | (?P<comment>--[^\n]*|{comment})
        | (?P<place>\$(?P<number>[1-9][0-9]*))
        | (?P<end>;)
        | (?P<other>[^\s;$'"`/-]+|\S)
        """,
        re.VERBOSE | re.DOTALL,
    )


_COPIES = frozenset({("FROM", "STDIN"), ("TO", "STDOUT")})

_STANDARD = _tokens(r"[^']", _comment(_DEPTH))
_BACKSLASHES = _tokens(r"[^'\\]|\\.", r"/\*.*?\*/")


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


def is_nothing(statement: str) -> bool:
    """Whether a statement of PostgreSQL has nothing in it but comments and ends."""
    return all(found["comment"] is not None or found["end"] is not None for found in _matches(statement, backslashes=False))


def copies_over_connection(statement: str) -> str:
    """Whether one of some statements of PostgreSQL is a ``COPY`` whose rows go over the connection.

    Returns:
        ``FROM STDIN``, which waits for them there, ``TO STDOUT``, whose rows no driver takes for an answer; or nothing.
    """
    words: list[str] = []
    depth = 0
    for found in _matches(f"{statement};", backslashes=False):
        if found["end"] is not None:
            ways = _COPIES.intersection(pairwise(words)) if words[:1] == ["COPY"] else ()
            if ways:
                return " ".join(*ways)
            words, depth = [], 0
        elif found["other"] is not None:
            # A parenthesis opens a statement within, which is never a COPY; what stands before it is a word of this one.
            for word in re.findall(r"[()]|[^()]+", found["other"]):
                depth += {"(": 1, ")": -1}.get(word, 0)
                if depth == 0 and word != ")":
                    words.append(word.upper())
        elif found["quoted"] is not None and depth == 0:
            words.append("'")
    return ""


def _matches(statement: str, backslashes: bool) -> Iterator[re.Match[str]]:
    return (_BACKSLASHES if backslashes else _STANDARD).finditer(statement)
