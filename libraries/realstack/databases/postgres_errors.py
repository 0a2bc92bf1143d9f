"""What PostgreSQL and its driver say, turned into explanations that hold no value of any parameter."""

from __future__ import annotations

import re

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
_BAD_ARGUMENT = re.compile(r"invalid input for query argument (\$\d+)")


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


def explained(error: BaseException, name: str, statement: str, timeout: float, masking: Masking, *, lost: bool) -> StackError:
    """What to raise in place of a driver's error.

    Args:
        error: One of [EXPECTED][].
        name: What the session is called.
        statement: What was being carried out.
        timeout: Seconds that a statement may take.
        masking: Which columns are secret.
        lost: Whether the session's connection is gone.
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
        return _refused(error, name, evidence, masking)
    if isinstance(error, asyncpg.InterfaceError) and not lost:
        # The driver's own checks of parameters quote the value, which may be a secret.
        place = _BAD_ARGUMENT.match(str(error))
        if place is not None:
            return StackError(
                explain(f"parameter {place[1]} to be of its place's type", "another type of value", evidence=evidence)
            )
        return StackError(explain("a statement that the driver can run", str(error), evidence=evidence))
    return _unreachable(name, str(error) or f"silence for {timeout:g} s", evidence)


def _unreachable(name: str, seen: str, evidence: str) -> StoreUnreachable:
    remedy = "Check that the server runs and is not paused or cut off."
    return StoreUnreachable(explain(f"an answer of the PostgreSQL server of '{name}'", seen, evidence=evidence, remedy=remedy))


def _refused(error: asyncpg.PostgresError, name: str, evidence: str, masking: Masking) -> StackError:
    place = _BAD_ARGUMENT.match(str(error))
    if place is not None:
        return StackError(explain(f"parameter {place[1]} to be of its place's type", "another type of value", evidence=evidence))
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
