"""What must be known of a statement before the engine gets it: that it is one, where its data begin, and its format.

The engine takes a script: what follows a semicolon, or an empty line in the data of an INSERT, would be run as the next
statement. A client of the HTTP interface sends one statement, and data are never statements.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from clickhouse_http.errors import ClickHouseError

_TOKEN: Final = re.compile(
    rb"""
      (?P<space> \s+ | --[^\n]* | //[^\n]* | \#[\ !][^\n]* | /\*.*?\*/ )
    | (?P<quoted> '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `(?:[^`\\]|\\.)*` | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
    | (?P<word> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<sign> [0-9][A-Za-z0-9_]* | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_READING: Final = frozenset({"", "SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "SET", "USE", "FROM"})
_BEFORE_DATA: Final = re.compile(rb"[ \t\f]*\r?\n?")


@dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes:
        text: The statement, without the data.
        format: The format that it asks its answer in, where it says so.
        data: What an INSERT has to read; None where there is nothing to read.
        place: Where in the text the engine is to be told from where it reads the data.
        keyword: Its first word, in capitals.
    """

    text: bytes
    format: str | None = None
    data: bytes | None = None
    place: int = 0
    keyword: str = ""

    @property
    def writes(self) -> bool:
        """Whether it may change more than its session."""
        return self.keyword not in _READING


@dataclass(frozen=True)
class _Token:
    kind: str
    text: bytes
    start: int
    end: int

    @property
    def keyword(self) -> str:
        return self.text.decode("ascii").upper() if self.kind == "word" else ""


_NOTHING: Final = _Token("", b"", 0, 0)


def read_statement(body: bytes, formats: Collection[str]) -> Statement:
    """Take a request's body apart.

    Args:
        body: Statement and, for an INSERT, its data.
        formats: Names of the formats that answers can have.

    Raises:
        ClickHouseError: It is more than one statement, or one that only a program on the server's machine may run.
    """
    tokens = _outermost(body)
    first = before = next(tokens, _NOTHING)
    if first is _NOTHING or first.text == b";":
        raise ClickHouseError(62, "SYNTAX_ERROR", "Empty query.")
    if first.keyword == "INSERT":
        return _insert(body, tokens)
    named = None
    for token in tokens:
        if first.keyword == "DROP" and token.keyword == "SYNC":
            # As a library the engine has nobody who empties its list of dropped tables, and would wait for ever.
            body = body[: token.start] + b"    " + body[token.end :]
        if token.text == b";":
            return Statement(_alone(body, token), named, keyword=first.keyword)
        # No other word than the clause's can stand before the name of a format, except where the engine refuses it.
        if before.keyword == "FORMAT" and token.kind == "word" and token.text.decode() in formats:
            named = token.text.decode()
        _refuse_files(before, token)
        before = token
    return Statement(body, named, keyword=first.keyword)


def _insert(body: bytes, tokens: Iterator[_Token]) -> Statement:
    earlier = before = _NOTHING
    place = None
    selects = False
    for token in tokens:
        if token.text == b";":
            return Statement(_alone(body, token), keyword="INSERT")
        _refuse_files(before, token)
        # A table may be called so: INSERT INTO format, INSERT INTO db.format.
        named_so = earlier.keyword in {"INTO", "TABLE"} or earlier.text == b"." or token.keyword == "FORMAT"
        if before.keyword == "FORMAT" and token.kind == "word" and not named_so:
            return _with_data(body, before.start if place is None else place, token.end, selects=selects)
        if token.keyword == "SETTINGS" and place is None:
            place = token.start
        selects = selects or token.keyword in {"SELECT", "WITH"}
        earlier, before = before, token
    return Statement(body, keyword="INSERT")


def _with_data(body: bytes, place: int, end: int, *, selects: bool) -> Statement:
    gap = _BEFORE_DATA.match(body, end)
    data = body[gap.end() if gap else end :]
    if selects:
        if data.strip(b"; \t\r\n"):
            raise ClickHouseError(48, "NOT_IMPLEMENTED", "INSERT … SELECT from data of the request (table function 'input').")
        return Statement(body, keyword="INSERT")
    return Statement(body[:end], None, data, place, "INSERT")


def _refuse_files(before: _Token, token: _Token) -> None:
    if before.keyword == "INTO" and token.keyword == "OUTFILE":
        raise ClickHouseError(144, "INTO_OUTFILE_NOT_ALLOWED", "INTO OUTFILE is not allowed.")
    if before.keyword == "FROM" and token.keyword == "INFILE":
        raise ClickHouseError(78, "UNKNOWN_TYPE_OF_QUERY", "Query has infile and was sent directly to the server.")


def _outermost(body: bytes) -> Iterator[_Token]:
    """The tokens outside of brackets, without comments."""
    depth = 0
    for found in _TOKEN.finditer(body):
        kind = found.lastgroup or "quoted"
        kind = "quoted" if kind == "tag" else kind
        if kind == "space":
            continue
        if found[0] in b")]}" and kind == "sign":
            depth -= 1
        if depth <= 0:
            yield _Token(kind, found[0], found.start(), found.end())
        if found[0] in b"([{" and kind == "sign":
            depth += 1


def _alone(body: bytes, semicolon: _Token) -> bytes:
    """The statement before a semicolon that nothing follows.

    Raises:
        ClickHouseError: Something follows.
    """
    rest = next((token for token in _outermost(body[semicolon.start :]) if token.text != b";"), None)
    if rest is not None:
        seen = body[semicolon.start :][rest.start :][:40].decode(errors="replace")
        position = semicolon.start + 1
        raise ClickHouseError(
            62,
            "SYNTAX_ERROR",
            f"Syntax error (Multi-statements are not allowed): failed at position {position} (end of query): ; {seen}.",
        )
    return body[: semicolon.start]
