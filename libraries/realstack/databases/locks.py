"""Locks that a test holds, each on a session of its own, until it lets them go."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any, Literal

from realstack.core.errors import InvalidRun, StackError, explain
from realstack.databases.activity import activities, describe
from realstack.databases.errors import SessionLost, StatementRefused, StoreUnreachable
from realstack.databases.postgres import PostgresSession

LockMode = Literal[
    "access share",
    "row share",
    "row exclusive",
    "share update exclusive",
    "share",
    "share row exclusive",
    "exclusive",
    "access exclusive",
]
"""Modes of ``LOCK TABLE``, weakest first."""

_NAME = re.compile(r'[^\W\d][\w$]*|"[^"\0]+"')
_TABLE = re.compile(rf"(?:{_NAME.pattern})(?:\.(?:{_NAME.pattern}))?")
_ROW_LOCKS = """
SELECT mode FROM pg_locks
WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted AND mode NOT IN ('AccessShareLock')
"""
"""Whoever locks rows of a table holds a lock on the table that is more than a reader's."""

_LOCK_NOT_AVAILABLE = "55P03"


def quote_table(table: str) -> str:
    """``schema.table`` or ``table`` as quoted identifiers; a name that is none without quotes has them already.

    Raises:
        StackError: It is none.
    """
    if not _TABLE.fullmatch(table):
        raise StackError(
            explain(
                "a table's name, such as messages or public.messages",
                repr(table),
                remedy='Write names with other characters in double quotes: "my-table", public."my table".',
            )
        )
    return ".".join(part if part.startswith('"') else f'"{part}"' for part in _NAME.findall(table))


class HeldLock:
    """A lock under way.

    Args:
        name: What the test calls it.
        source: The session whose server and account are used.
        acquire_seconds: How long to wait for the lock.
        max_seconds: After how many seconds the server lets it go by itself, whatever becomes of the test.
    """

    def __init__(self, name: str, source: PostgresSession, *, acquire_seconds: float, max_seconds: float) -> None:
        self.name = name
        self.source = source
        self.max_seconds = max_seconds
        self.what = ""
        self.since = 0.0
        self.pid = 0
        self.blocked: set[int] = set()
        self._acquire_seconds = acquire_seconds
        self._session = PostgresSession(
            f"{source.name} (lock '{name}')",
            source.target,
            f"{source.application_name}/{name}",
            statement_timeout=acquire_seconds + 1,
            masking=source.masking,
            settings={
                "lock_timeout": str(max(1, int(acquire_seconds * 1000))),
                "idle_in_transaction_session_timeout": str(int(max_seconds * 1000)),
            },
        )

    @property
    def session(self) -> PostgresSession:
        """The session that holds the lock."""
        return self._session

    @property
    def receipt(self) -> dict[str, Any]:
        """What the lock did: the sessions that were seen blocked by it; proven when there was one."""
        return {"proven": bool(self.blocked), "what": "sessions seen blocked", "pids": sorted(self.blocked)}

    async def take_table(self, table: str, mode: LockMode) -> int:
        """Lock a table; returns 1."""
        self.what = f"{table} in {mode} mode"
        await self._begin()
        await self._acquire(f"LOCK TABLE {quote_table(table)} IN {mode.upper()} MODE", ())
        return 1

    async def take_rows(self, statement: str, parameters: Sequence[Any]) -> int:
        """Lock the rows that a ``SELECT … FOR UPDATE`` (or FOR SHARE …) gives; returns how many.

        Raises:
            InvalidRun: It gave no row, so that nothing is locked.
        """
        self.what = f"the rows of: {statement}"
        await self._begin()
        rows = await self._acquire(statement, parameters)
        if rows == 0:
            await self._session.close()
            raise InvalidRun(explain("at least one row to lock", "the statement gave none", evidence=statement))
        held = await self._session.fetch(_ROW_LOCKS)
        if held.count == 0:
            await self._session.close()
            raise StackError(
                explain(
                    "a SELECT that locks its rows",
                    "it locked none: there is no FOR UPDATE or FOR SHARE in it",
                    evidence=statement,
                    remedy="Add FOR UPDATE.",
                )
            )
        return rows

    async def release(self) -> float:
        """Let go.

        Returns:
            Seconds that the lock was held.

        Raises:
            InvalidRun: It had been lost before, so that what happened meanwhile proves nothing.
        """
        held = time.monotonic() - self.since
        try:
            await self._session.end("ROLLBACK")
        except (SessionLost, StoreUnreachable) as error:
            raise InvalidRun(
                explain(
                    f"lock '{self.name}' ({self.what}) to be held until it is released",
                    f"its session is gone, at the latest after {held:.3f} s",
                    evidence=str(error),
                    remedy=f"A lock ends with the server, and by itself after its max_duration of {self.max_seconds:g} s.",
                )
            ) from None
        finally:
            await self._session.close()
        return held

    async def drop(self) -> None:
        """End the session, whatever state it is in; for clean-up."""
        await self._session.close()

    async def _begin(self) -> None:
        await self._session.open()
        await self._session.begin()
        self.pid = self._session.pid or 0

    async def _acquire(self, statement: str, parameters: Sequence[Any]) -> int:
        try:
            # fetch, not execute: rows are counted, and a row lock needs its rows to be read.
            rows = await self._session.fetch(statement, parameters)
        except StatementRefused as error:
            evidence = (
                f"{error}" if error.code != _LOCK_NOT_AVAILABLE else "the sessions of the server are:\n" + await self._holders()
            )
            await self._session.close()
            if error.code != _LOCK_NOT_AVAILABLE:
                raise
            raise InvalidRun(
                explain(
                    f"lock '{self.name}' ({self.what}) within {self._acquire_seconds:g} s",
                    "others held it all the time",
                    evidence=evidence,
                )
            ) from None
        except BaseException:
            await self._session.close()
            raise
        self.since = time.monotonic()
        return rows.count

    async def _holders(self) -> str:
        return describe(await activities(self.source))
