"""A session of a PostgreSQL server.

Every session bears the run's name as its ``application_name``, so that it can be told from the platform's own
sessions, and it has a statement time-out on the server and a little more on this side, for servers that are
paused or cut off. Parameters travel apart from the statement; nothing is ever formatted into SQL.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import asyncpg

from realstack.core.errors import StackError, explain
from realstack.core.table import shorten
from realstack.databases.errors import StoreUnreachable
from realstack.databases.masking import Masking
from realstack.databases.postgres_errors import ENDED, EXPECTED, explained
from realstack.databases.values import Rows, for_postgres, plain

# At DEBUG the driver writes statements and their values to the log.
logging.getLogger("asyncpg").setLevel(logging.WARNING)

CONNECT_SECONDS = 5.0
CLOSE_SECONDS = 1.0
GRACE_SECONDS = 0.5
"""How much longer than the server's own statement time-out is waited for its answer."""

NAME_LIMIT = 63
"""PostgreSQL cuts an ``application_name`` after so many bytes."""

IsolationLevel = Literal["read committed", "repeatable read", "serializable"]


@dataclass(frozen=True)
class PostgresTarget:
    """Where a PostgreSQL database is and who asks.

    Attributes:
        dsn: ``postgresql://…``, or None when the pieces are given.
        pieces: ``host port user password database``, those that are given.
    """

    dsn: str | None = field(default=None, repr=False)
    pieces: dict[str, Any] = field(default_factory=dict, repr=False)


class PostgresSession:
    """One connection to a PostgreSQL server, opened again by itself when the server had ended it between two statements.

    Args:
        name: What errors call it.
        target: Server and account.
        application_name: What the server knows the session by.
        statement_timeout: Seconds that a statement may take.
        masking: Which columns are secret, for errors.
        settings: More settings of the session, such as ``lock_timeout``.
    """

    kind = "PostgreSQL"

    def __init__(
        self,
        name: str,
        target: PostgresTarget,
        application_name: str,
        *,
        statement_timeout: float,
        masking: Masking,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.target = target
        self.application_name = application_name.encode()[:NAME_LIMIT].decode(errors="ignore")
        self.statement_timeout = statement_timeout
        self.masking = masking
        self._settings = dict(settings or {})
        self._connection: asyncpg.Connection[Any] | None = None
        self._in_transaction = False
        self._observer: PostgresSession | None = None

    async def open(self) -> None:
        """Connect.

        Raises:
            StoreUnreachable: No server answers there.
            StatementRefused: It refuses the account or the database.
        """
        settings = {
            "application_name": self.application_name,
            "statement_timeout": str(int(self.statement_timeout * 1000)),
            "timezone": "UTC",
            "jit": "off",
            **self._settings,
        }
        async with self._explained("a new session"):
            connection = await asyncpg.connect(
                self.target.dsn, **self.target.pieces, timeout=CONNECT_SECONDS, server_settings=settings
            )
        for kind in ("json", "jsonb"):
            await connection.set_type_codec(kind, schema="pg_catalog", encoder=_json_text, decoder=json.loads)
        self._connection = connection

    async def close(self) -> None:
        """End the session; a server that doesn't answer any more is left without goodbye."""
        observer, self._observer = self._observer, None
        if observer is not None:
            await observer.close()
        connection, self._connection = self._connection, None
        self._in_transaction = False
        if connection is None:
            return
        try:
            await connection.close(timeout=CLOSE_SECONDS)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection.terminate()  # the server, or the network to it, is gone: there is nobody to say goodbye to
        except asyncio.CancelledError:
            connection.terminate()
            raise

    @property
    def pid(self) -> int | None:
        """Process id of the session on the server; None while it has no connection."""
        return None if self._lost else self._live.get_server_pid()

    @property
    def in_transaction(self) -> bool:
        """Whether [begin][PostgresSession.begin] was called and its end was not."""
        return self._in_transaction

    @property
    def answer_seconds(self) -> float:
        """Seconds after which a statement must have ended one way or another, a new connection included."""
        return self.statement_timeout + CONNECT_SECONDS + 4 * GRACE_SECONDS

    async def fetch(self, statement: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run a statement that gives rows.

        Raises:
            StatementRefused: The server refused it; `code` is the SQLSTATE.
            StoreUnreachable: The connection broke, or the server was silent.
        """
        await self._ensure_open()
        limit = self.statement_timeout + GRACE_SECONDS
        async with self._explained(statement):
            prepared = await self._prepared(statement, limit)
            columns = _unambiguous([attribute.name for attribute in prepared.get_attributes()], statement)
            arguments = self._arguments(parameters, [kind.name for kind in prepared.get_parameters()], statement)
            found = await prepared.fetch(*arguments, timeout=limit)
        return Rows(columns, [{name: plain(value) for name, value in zip(columns, record, strict=True)} for record in found])

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement for its effect.

        Returns:
            How many rows it touched; 0 for statements that touch none, such as DDL.
        """
        await self._ensure_open()
        limit = self.statement_timeout + GRACE_SECONDS
        async with self._explained(statement):
            if not parameters:
                # The simple protocol takes several statements and those that can't be prepared.
                return _touched(await self._live.execute(statement, timeout=limit))
            prepared = await self._prepared(statement, limit)
            arguments = self._arguments(parameters, [kind.name for kind in prepared.get_parameters()], statement)
            await prepared.fetch(*arguments, timeout=limit)
            return _touched(prepared.get_statusmsg())

    async def begin(self, isolation: IsolationLevel = "read committed") -> None:
        """Begin a transaction."""
        if self._in_transaction:
            raise StackError(
                explain(
                    f"session '{self.name}' to be in no transaction",
                    "it is in one already",
                    remedy="End it with [Commit] or [Rollback], or open a second session.",
                )
            )
        await self.execute(f"BEGIN ISOLATION LEVEL {isolation.upper()}")
        self._in_transaction = True

    async def end(self, word: Literal["COMMIT", "ROLLBACK"]) -> None:
        """End the transaction.

        Raises:
            StackError: There is none, or it had failed before, so that the server rolled back instead of committing.
        """
        if not self._in_transaction:
            raise StackError(
                explain(f"session '{self.name}' to be in a transaction", "it is in none", remedy="Use [Begin] first.")
            )
        await self._ensure_open()
        self._in_transaction = False
        async with self._explained(word):
            done = await self._live.execute(word, timeout=self.statement_timeout + GRACE_SECONDS)
        if done != word:
            raise StackError(
                explain(
                    f"the transaction of session '{self.name}' to be committed",
                    "the server rolled it back, because a statement in it had failed",
                )
            )

    async def version(self) -> str:
        """Version of the server, such as ``15.18``."""
        rows = await self.fetch("SELECT current_setting('server_version') AS version")
        return str(rows.records[0]["version"]).split()[0]

    async def observer(self) -> PostgresSession:
        """A second session of the same account, outside of any transaction.

        Within a transaction PostgreSQL shows the same list of activities again and again, and a session that
        waits for a lock can't look at all. So looking has a session of its own.
        """
        if self._observer is None:
            watcher = PostgresSession(
                f"{self.name} (observer)",
                self.target,
                self.application_name,
                statement_timeout=self.statement_timeout,
                masking=self.masking,
            )
            await watcher.open()
            self._observer = watcher
        return self._observer

    @property
    def _live(self) -> asyncpg.Connection[Any]:
        assert self._connection is not None
        return self._connection

    @property
    def _lost(self) -> bool:
        return self._connection is None or self._connection.is_closed()

    async def _ensure_open(self) -> None:
        if not self._lost:
            return
        if self._in_transaction:
            self._in_transaction = False
            raise StoreUnreachable(
                explain(
                    f"the transaction of session '{self.name}' to go on",
                    "the server ended the session, and the transaction with it",
                    remedy="Begin anew with [Begin] when the server is back.",
                )
            )
        await self.open()

    async def _prepared(self, statement: str, limit: float) -> Any:
        """Prepare a statement; on a new connection where the server has just ended this one.

        Preparing changes nothing, so doing it again is safe; a statement that was under way is never repeated.
        """
        try:
            return await self._live.prepare(statement, timeout=limit)
        except (*ENDED, ConnectionError):
            self._live.terminate()
            if self._in_transaction:
                raise
            await self.open()
            return await self._live.prepare(statement, timeout=limit)

    def _arguments(self, parameters: Sequence[Any], types: Sequence[str], statement: str) -> list[Any]:
        if len(parameters) != len(types):
            raise StackError(
                explain(
                    f"{len(types)} parameters, as the statement has places ($1 …) for",
                    f"{len(parameters)} parameters",
                    evidence=shorten(statement, 300),
                )
            )
        return [
            self._argument(number, value, kind) for number, (value, kind) in enumerate(zip(parameters, types, strict=True), 1)
        ]

    @staticmethod
    def _argument(number: int, value: Any, kind: str) -> Any:
        try:
            return for_postgres(value, kind)
        except (ValueError, ArithmeticError) as error:
            # The value itself may be a secret, and so may be the reason's text.
            seen = f"a {type(value).__name__} that is not {kind}"
            raise StackError(explain(f"parameter ${number} to be {kind}", seen)) from (None if isinstance(value, str) else error)

    @asynccontextmanager
    async def _explained(self, statement: str) -> AsyncIterator[None]:
        try:
            yield
        except EXPECTED as error:
            raise explained(error, self.name, statement, self.statement_timeout, self.masking, lost=self._lost) from None


def _json_text(value: Any) -> str:
    """Text is JSON already; everything else becomes JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _unambiguous(columns: list[str], statement: str) -> list[str]:
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise StackError(
            explain(
                "every column of the result to have a name of its own",
                f"several are called {', '.join(twice)}",
                evidence=shorten(statement, 300),
                remedy="Name them apart with AS.",
            )
        )
    return columns


def _touched(status: str) -> int:
    last = status.rsplit(" ", 1)[-1]
    return int(last) if last.isdigit() else 0
