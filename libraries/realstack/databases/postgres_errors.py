"""What PostgreSQL and its driver say, turned into explanations that hold no value of any parameter."""

from __future__ import annotations

import re
from collections.abc import Sequence

import asyncpg

from realstack.core.errors import StackError, explain
from realstack.core.table import shorten
from realstack.databases.errors import StatementRefused, StoreUnreachable
from realstack.databases.masking import Masking
from realstack.secrets import HIDDEN

ENDED = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    # What the driver says when the server's goodbye has come but not yet the end of the connection.
    asyncpg.InternalClientError,
)
"""Errors that mean: the server has ended this session."""

EXPECTED = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, UnicodeDecodeError, TimeoutError, OSError)
"""Everything that asking a server can end in."""

_BAD_TEXT = {"22P02", "22007", "22008", "22003", "22026", "2200G"}
"""Codes of texts that can't be read as a type; their messages quote the text."""
_WHOLE_ROW = {"23502", "23514", "44000"}
"""Codes of rows that break a rule; their details hold the whole row."""
_OF_READING = re.compile(r"composite|decoder")
"""What the driver says of an answer that it can't read, though the session goes on."""
_BAD_ARGUMENT = re.compile(r"invalid input for query argument \$(\d+)")
_OUT_OF_RANGE = re.compile(r"out of \w+ range\)|overflow")
_REMEDIES = {
    **dict.fromkeys(("text", "varchar", "bpchar"), "Give a text: only numbers and UUIDs become one by themselves."),
    "timestamptz": "Give a time with its offset: 2030-01-31T12:00:00Z, or of a datetime of this machine's zone .astimezone().",
    "timestamp": "It has no zone: give a time without an offset, or cast the place, such as $1::timestamptz.",
    "timetz": "Give a time with its offset, such as 12:00:00+00:00.",
}
"""What to do, by the type of the place."""


def ends(error: BaseException) -> bool:
    """Whether an error means that the server has ended the session."""
    return isinstance(error, (*ENDED, ConnectionError)) and not is_of_reading(error)


def is_of_reading(error: BaseException) -> bool:
    """Whether the driver could not read an answer."""
    of_driver = isinstance(error, (asyncpg.InternalClientError, asyncpg.InterfaceError))
    return isinstance(error, UnicodeDecodeError) or (of_driver and _OF_READING.search(str(error)) is not None)


def unreadable(statement: str, seen: str) -> StackError:
    """What to raise for a record with a value that the driver reads as text only: of records it gets the bytes."""
    return StackError(
        explain(
            "records of values that the driver can read",
            seen,
            evidence=shorten(statement, 500),
            remedy="Within a record, values such as money, tsvector, regclass and hstore come as bytes: cast them or the record "
            "to text, or give to_jsonb(…) of it.",
        )
    )


def explained(
    error: BaseException,
    name: str,
    statement: str,
    timeout: float,
    masking: Masking,
    *,
    lost: bool,
    places: Sequence[tuple[str, str]] = (),
) -> StackError:
    """What to raise in place of a driver's error.

    Args:
        error: One of [EXPECTED][].
        name: What the session is called.
        statement: What was being carried out.
        timeout: Seconds that a statement may take.
        masking: Which columns are secret.
        lost: Whether the session's connection is gone.
        places: Of each parameter, what its place takes and what it is.
    """
    evidence = shorten(statement, 500)
    if isinstance(error, asyncpg.QueryCanceledError):
        return StoreUnreachable(
            explain(
                f"an answer of '{name}' within {timeout:g} s",
                f"the server cancelled the statement ({error.args[0]})",
                evidence=evidence,
                remedy="Another session may hold a lock on what it reads: [Get Sessions On Server] shows who is doing what.",
            )
        )
    if isinstance(error, (*ENDED, asyncpg.OperatorInterventionError, asyncpg.TooManyConnectionsError)):
        return _unreachable(name, f"{type(error).__name__}: {error}", evidence)
    if isinstance(error, asyncpg.PostgresError):
        return _misplaced(str(error), places, evidence) or _refused(error, name, evidence, masking)
    if isinstance(error, asyncpg.InterfaceError) and not lost:
        if misplaced := _misplaced(str(error), places, evidence):
            return misplaced
        return StackError(explain("a statement that the driver can run", str(error), evidence=evidence))
    return _unreachable(name, str(error) or f"silence for {timeout:g} s", evidence)


def _unreachable(name: str, seen: str, evidence: str) -> StoreUnreachable:
    remedy = "Check that the server runs and is not paused or cut off."
    return StoreUnreachable(explain(f"an answer of the PostgreSQL server of '{name}'", seen, evidence=evidence, remedy=remedy))


def _misplaced(said: str, places: Sequence[tuple[str, str]], evidence: str) -> StackError | None:
    """What to raise for a parameter that the driver can't send; its own words quote the value, which may be a secret."""
    place = _BAD_ARGUMENT.match(said)
    if place is None:
        return None
    number = int(place[1])
    kind, given = places[number - 1] if number <= len(places) else ("of its place's type", "another type of value")
    seen = f"{'an' if given[0] in 'aeiou' else 'a'} {given}{' beyond what it holds' if _OUT_OF_RANGE.search(said) else ''}"
    remedy = (
        _REMEDIES.get(kind.removesuffix("[]"), "") or f"Give a value of that type, or a text that PostgreSQL reads as {kind}."
    )
    return StackError(explain(f"parameter ${number} to be {kind}", seen, evidence=evidence, remedy=remedy))


def _refused(error: asyncpg.PostgresError, name: str, evidence: str, masking: Masking) -> StackError:
    detail, hint = getattr(error, "detail", None), getattr(error, "hint", None)
    said = str(error.args[0])
    if error.sqlstate in _BAD_TEXT:
        # What is quoted may be a parameter, and a parameter a secret.
        said, detail = re.sub(r'(?s)".*"', f'"{HIDDEN}"', said), None
    told = masking.detail(detail, whole_row=error.sqlstate in _WHOLE_ROW) if detail else ""
    lines = [evidence, *([f"Detail: {told}"] if told else [])]
    return StatementRefused(
        explain(
            f"PostgreSQL '{name}' to carry out a statement",
            f"{said} (SQLSTATE {error.sqlstate})",
            evidence="\n".join(lines),
            remedy=str(hint) if hint else "",
        ),
        code=str(error.sqlstate),
    )
