"""A session of a PostgreSQL server.

Every session bears the run's name as its ``application_name``, so that it can be told from the platform's own
sessions, and it has a statement time-out on the server and a little more on this side, for servers that are
paused or cut off. Parameters travel apart from the statement; nothing is ever formatted into SQL.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import asyncpg

from realstack.core.errors import StackError, explain
from realstack.core.table import shorten
from realstack.core.writable import writable
from realstack.databases.dsn import ESCAPED, split_dsn
from realstack.databases.errors import SessionLost
from realstack.databases.masking import Masking
from realstack.databases.places import copies_over_connection, is_nothing, replace_places
from realstack.databases.postgres_errors import EXPECTED, ends, explained, is_of_reading, unreadable
from realstack.databases.postgres_values import letter, prepare
from realstack.databases.values import ForServer, OffsetMissing, Rows, for_postgres, leaves, plain
from realstack.secrets.redaction import redact_text

# At DEBUG the driver writes statements and their values to the log.
logging.getLogger("asyncpg").setLevel(logging.WARNING)

CONNECT_SECONDS = 5.0
CLOSE_SECONDS = 1.0
GRACE_SECONDS = 0.5
"""How much longer than the server's own statement time-out is waited for its answer."""

NAME_LIMIT = 63
"""PostgreSQL cuts an ``application_name`` after so many bytes."""

_THROUGH_POOLERS = {"application_name", "timezone", "datestyle"}
"""Settings that pgbouncer takes when a session begins; of others it says that they are unsupported."""

_OF_POOLERS = {"client_encoding", "datestyle", "intervalstyle", "standard_conforming_strings"} | _THROUGH_POOLERS
"""Settings that a pooler itself sets on the connection that it gives, where that one has others."""

_HELD = """
SELECT (SELECT array_agg(name ORDER BY name) FROM pg_settings WHERE source = 'session') AS settings,
       CASE WHEN current_user <> session_user THEN current_user::text END AS role,
       (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
       (SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
        WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r') AS tables,
       (SELECT array_agg(channel) FROM pg_listening_channels() AS channel) AS channels,
       (SELECT array_agg(name ORDER BY name) FROM pg_prepared_statements WHERE from_sql) AS statements,
       (SELECT array_agg(name ORDER BY name) FROM pg_cursors WHERE is_holdable) AS cursors
"""
"""What a session holds beside its transaction, as its server tells."""

_PLAIN = {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COMMIT", "ROLLBACK"}
"""What a server says of statements that hold nothing, so far as no function in them does."""

_UNTOLD = "settings, locks and temporary tables, if it held any (the server did not tell)"

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
    """One connection to a PostgreSQL server.

    When the server had ended it between two statements, it is opened again by itself, unless it held what is lost with it: an
    open transaction, settings, locks, temporary tables. After each statement the server is asked what it holds.

    Args:
        name: What errors call it.
        target: Server and account.
        application_name: What the server knows the session by.
        statement_timeout: Seconds that a statement may take.
        masking: Which columns are secret, for errors.
        settings: More settings of the session, such as ``lock_timeout``.
        watched: Whether anybody could have it hold something.
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
        watched: bool = True,
    ) -> None:
        self.name = name
        self.target = target
        self.application_name = application_name.encode()[:NAME_LIMIT].decode(errors="ignore")
        self.statement_timeout = statement_timeout
        self.masking = masking
        self._settings = {
            "application_name": self.application_name,
            "statement_timeout": str(int(statement_timeout * 1000)),
            "timezone": "UTC",
            "jit": "off",
            **(settings or {}),
        }
        self._dsn, self._connect_seconds = split_dsn(target.dsn, CONNECT_SECONDS)
        self._connection: asyncpg.Connection[Any] | None = None
        self._in_transaction = False
        self._watched = watched
        self._behind_pooler = False
        self._given: set[str] = set()
        self._held: list[str] = []
        self._observer: PostgresSession | None = None
        self._places: list[tuple[str, str]] = []

    async def open(self) -> None:
        """Connect.

        Raises:
            StoreUnreachable: No server answers there.
            StatementRefused: It refuses the account or the database.
        """
        async with self._explained("a new session"):
            connection = await self._connected()
            try:
                await prepare(connection)
            except BaseException:
                connection.terminate()
                raise
        self._connection = connection
        self._forget()
        if self._watched:
            await self._look_what_is_given()

    async def close(self) -> None:
        """End the session; a server that doesn't answer any more is left without goodbye."""
        observer, self._observer = self._observer, None
        if observer is not None:
            await observer.close()
        connection, self._connection = self._connection, None
        self._forget()
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
        """Whether a transaction was begun, by whatever statement, and not ended."""
        return self._in_transaction

    @property
    def answer_seconds(self) -> float:
        """Seconds after which a statement must have ended one way or another, a new connection included."""
        return self.statement_timeout + self._connect_seconds + 4 * GRACE_SECONDS

    async def fetch(self, statement: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run a statement that gives rows.

        Raises:
            StatementRefused: The server refused it; `code` is the SQLSTATE.
            StoreUnreachable: The connection broke, or the server was silent.
        """
        _check(statement)
        await self._ensure_open()
        limit = self.statement_timeout + GRACE_SECONDS
        async with self._explained(statement):
            prepared, arguments = await self._bound(statement, parameters, limit)
            attributes = prepared.get_attributes()
            columns = _unambiguous([attribute.name for attribute in attributes], statement)
            found = await prepared.fetch(*arguments, timeout=limit)
        await self._look_what_is_held(prepared.get_statusmsg())
        readers = [_LETTERS.get(attribute.type.name, plain) for attribute in attributes]
        rows = [{name: read(value) for name, read, value in zip(columns, readers, record, strict=True)} for record in found]
        for attribute in attributes:
            if attribute.type.name in _RECORDS and any(_has_bytes(row[attribute.name]) for row in rows):
                raise unreadable(statement, f"bytes in place of a text, in the record '{attribute.name}'")
        return Rows(columns, rows)

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement for its effect.

        Returns:
            How many rows it touched; 0 for statements that touch none, such as DDL.
        """
        _check(statement)
        await self._ensure_open()
        if not parameters and is_nothing(statement):
            return 0  # the driver has no answer for the server's word that there was nothing to do
        limit = self.statement_timeout + GRACE_SECONDS
        async with self._explained(statement):
            if not parameters:
                # The simple protocol takes several statements and those that can't be prepared.
                status = await self._live.execute(statement, timeout=limit)
            else:
                prepared, arguments = await self._bound(statement, parameters, limit)
                await prepared.fetch(*arguments, timeout=limit)
                status = prepared.get_statusmsg()
        await self._look_what_is_held(status)
        return _touched(status)

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
        async with self._explained(word):
            done = await self._live.execute(word, timeout=self.statement_timeout + GRACE_SECONDS)
        await self._look_what_is_held(done)
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
                watched=False,
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

    async def _connected(self) -> asyncpg.Connection[Any]:
        try:
            return await self._connect(self._settings)
        except asyncpg.ProtocolViolationError as error:
            if "unsupported startup parameter" not in str(error):
                raise
        self._behind_pooler = True
        # What it does not take at once is set on the connection that the pooler gives.
        at_once = {name: value for name, value in self._settings.items() if name in _THROUGH_POOLERS}
        connection = await self._connect(at_once)
        try:
            for name in self._settings.keys() - at_once.keys():
                await connection.execute("SELECT set_config($1, $2, false)", name, self._settings[name])
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _connect(self, settings: dict[str, str]) -> asyncpg.Connection[Any]:
        try:
            return await asyncpg.connect(
                self._dsn,
                **self.target.pieces,
                timeout=self._connect_seconds,
                server_settings=settings,
                # Behind a pooler the next statement may come to another session of the server, which knows none of this one.
                statement_cache_size=0,
            )
        except asyncpg.ClientConfigurationError as error:
            raise StackError(explain("connection settings that the driver understands", redact_text(str(error)))) from None
        except ValueError:  # what it says may hold a part of the password
            example = "a connection URL such as postgresql://user:password@host:5432/database"
            raise StackError(explain(example, "one that can't be read", remedy=ESCAPED)) from None

    async def _ensure_open(self) -> None:
        if not self._lost:
            return
        if self._what_is_lost:
            raise self._loss("the server ended it")
        await self.open()

    # What the session holds

    @property
    def _what_is_lost(self) -> list[str]:
        return [*(["the open transaction"] if self._in_transaction else []), *self._held]

    def _forget(self) -> None:
        self._in_transaction, self._held = False, []

    def _loss(self, seen: str) -> SessionLost:
        """What to raise where the session would have to go on without what it held; from then on it holds nothing."""
        lost = "; ".join(self._what_is_lost)
        self._forget()
        return SessionLost(
            explain(
                f"session '{self.name}' to go on as it was",
                f"{seen}, and lost with it is: {lost}",
                remedy="Begin anew: the next keyword gets a new session.",
            )
        )

    async def _look_what_is_given(self) -> None:
        """Note what the session has from the start: it is no statement's doing, and the next session has it as well."""
        try:
            row = await self._live.fetchrow(_HELD, timeout=GRACE_SECONDS)
        except EXPECTED:
            return  # as below: a server that does not tell, or is gone by now, which the next statement finds out
        assert row is not None
        names = {name.lower() for name in row["settings"] or ()} - {name.lower() for name in self._settings}
        pooled = names & _OF_POOLERS or self._behind_pooler
        self._given = {name.lower() for name in self._settings} | names | (_OF_POOLERS if pooled else set())
        self._given |= {f"role {row['role']}"}

    async def _look_what_is_held(self, done: str) -> None:
        """Note what would be lost with the session; in a transaction nothing is asked, which could change what it sees."""
        if not self._watched or self._in_transaction or self._lost:
            return
        try:
            row = await self._live.fetchrow(_HELD, timeout=GRACE_SECONDS)
        except EXPECTED:
            # Whether it is gone by now or knows no such tables: the statement itself went well.
            if done.partition(" ")[0] not in _PLAIN:
                self._held = [_UNTOLD]
            return
        assert row is not None
        settings = [name for name in row["settings"] or () if name.lower() not in self._given]
        named = {
            "settings": settings,
            "temporary tables": row["tables"],
            "channels that it listened to": row["channels"],
            "prepared statements": row["statements"],
            "cursors": row["cursors"],
        }
        self._held = [f"{what} {', '.join(names)}" for what, names in named.items() if names]
        role = f"role {row['role']}"
        self._held += [role] if row["role"] and role not in self._given else []
        self._held += [f"{row['locks']} advisory lock(s)"] if row["locks"] else []

    # Statements

    async def _prepared(self, statement: str, limit: float) -> Any:
        """Prepare a statement; on a new connection where the server has just ended this one.

        Preparing changes nothing, so doing it again is safe; a statement that was under way is never repeated.
        """
        try:
            return await self._live.prepare(statement, name="", timeout=limit)
        except EXPECTED as error:
            if not ends(error):
                raise
            self._live.terminate()
            if self._what_is_lost:
                raise
            await self.open()
            return await self._live.prepare(statement, name="", timeout=limit)

    async def _bound(self, statement: str, parameters: Sequence[Any], limit: float) -> tuple[Any, list[Any]]:
        """A prepared statement, and the parameters as the driver wants them."""
        prepared = await self._prepared(statement, limit)
        types = prepared.get_parameters()
        arguments = self._arguments(parameters, [kind.name for kind in types], statement)
        self._places = [(kind.name, type(value).__name__) for kind, value in zip(types, parameters, strict=True)]
        if not any(_for_server(value) for value in arguments):
            return prepared, arguments

        def place(number: int) -> str:
            value, kind = arguments[number - 1], types[number - 1]
            if not _for_server(value):
                return f"${number}"
            text = "pg_catalog.text[]" if isinstance(value, list) else "pg_catalog.text"
            return f"(CAST(${number} AS {text})::{_type_name(kind)})"

        return await self._prepared(replace_places(statement, place, backslashes=False), limit), arguments

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
        except OffsetMissing as error:
            seen = f"a {type(value).__name__} without an offset"
            raise StackError(explain(f"parameter ${number} to be {kind}", seen, remedy=str(error))) from None
        except (ValueError, ArithmeticError) as error:
            # The value itself may be a secret, and so may be the reason's text.
            seen = f"a {type(value).__name__} that is not {kind}"
            raise StackError(explain(f"parameter ${number} to be {kind}", seen)) from (None if isinstance(value, str) else error)

    @asynccontextmanager
    async def _explained(self, statement: str) -> AsyncIterator[None]:
        try:
            yield
        except EXPECTED as error:
            if ends(error) and self._connection is not None:
                self._connection.terminate()
            if is_of_reading(error):
                raise unreadable(statement, f"{type(error).__name__}: {error}") from None
            told = explained(
                error, self.name, statement, self.statement_timeout, self.masking, lost=self._lost, places=self._places
            )
            if self._lost and self._what_is_lost:
                seen = str(told).partition("\nSeen: ")[2].partition("\n")[0]
                raise self._loss(seen or str(told)) from None
            raise told from None
        finally:
            if not self._lost:
                self._in_transaction = self._live.is_in_transaction()


def _letters(found: Any) -> Any:
    return None if found is None else letter(found) if isinstance(found, bytes) else list(map(_letters, found))


_LETTERS = {"char": _letters, "char[]": _letters}
"""The driver's own reading of `"char"`, which it takes no other for, is bytes."""


_RECORDS = {"record", "record[]"}
_BYTES = re.compile(r"[\x00-\x08\x0e-\x1a]")
"""What no text of PostgreSQL has, or hardly any has, and the bytes of nearly all other types have."""


def _has_bytes(value: Any) -> bool:
    if isinstance(value, str):
        return _BYTES.search(value) is not None
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_bytes, items))


def _check(statement: str) -> None:
    """Refuse what no server can read, and what would wait without an end: the driver for the server, and the server for data."""
    if "\0" in statement or writable(statement) != statement:
        seen = "a NUL" if "\0" in statement else "half a surrogate pair"
        raise StackError(explain("a statement of characters that UTF-8 and PostgreSQL have", f"{seen} in {statement!r:.300}"))
    way = copies_over_connection(statement)
    if way:
        raise StackError(
            explain(
                "a statement that comes with all it needs, and whose rows are its answer",
                f"COPY … {way}, whose rows go over the connection by themselves",
                evidence=shorten(statement, 300),
                remedy="Use INSERT … VALUES, or INSERT … SELECT FROM unnest($1::…[]) with a list for many rows."
                if way.startswith("FROM")
                else "Use SELECT, which gives them as rows.",
            )
        )


def _for_server(value: Any) -> bool:
    """Whether the server is to read a parameter from text."""
    if isinstance(value, list):
        found = list(leaves(value))
        return any(isinstance(item, ForServer) for item in found) and all(item is None or isinstance(item, str) for item in found)
    return isinstance(value, ForServer)


def _type_name(kind: Any) -> str:
    """The quoted name of a type, as the driver tells it."""
    name = kind.name.removesuffix("[]")
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (kind.schema, name))
    return f"{quoted}[]" if kind.name != name else quoted


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
