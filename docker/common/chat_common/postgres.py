"""PostgreSQL: a pool that a service may start without, and migrations that run once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from chat_common.errors import StoreUnavailable
from chat_common.logs import Log
from chat_common.tasks import cancel, jittered

log = Log("postgres")

# What says "not reachable now" rather than "wrong statement".
CONNECTION_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
# Migrations of one database queue up behind this advisory lock, whichever replica runs them.
MIGRATION_LOCK = 0x63686174


class Database:
    """Pool of connections to one PostgreSQL database.

    `start` returns at once: the pool is made in the background and tried again until the server is there.
    Until then, and whenever the server is gone, every use raises `StoreUnavailable`. Columns of type `json` and
    `jsonb` are Python objects.

    Args:
        dsn: `postgresql://user:password@host:port/database`.
        name: Shown by PostgreSQL as `application_name`.
        schema: Idempotent DDL statements, run in order, in one transaction, before the pool is first used.
        max_size: Most connections at a time.
        timeout: Seconds that a statement, a connection attempt or the wait for a free connection may take.
    """

    def __init__(self, dsn: str, *, name: str, schema: Sequence[str] = (), max_size: int = 10, timeout: float = 5.0) -> None:
        self._dsn = dsn
        self._name = name
        self._schema = tuple(schema)
        self._max_size = max_size
        self._timeout = timeout
        self._pool: asyncpg.Pool | None = None
        self._starter: asyncio.Task[None] | None = None
        self._giving_back: set[asyncio.Task[None]] = set()
        self.ready = asyncio.Event()

    async def start(self) -> None:
        """Begin to connect, in the background."""
        self._starter = asyncio.create_task(self._connect(), name=f"connect {self._name}")

    async def stop(self) -> None:
        """Close all connections, at the latest after half a second by force."""
        if self._starter is not None:
            await cancel(self._starter)
        pool, self._pool = self._pool, None
        self.ready.clear()
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), 0.5)
            except TimeoutError:
                pool.terminate()

    async def _connect(self) -> None:
        attempt = 0
        while self._pool is None:
            try:
                await self._open()
            except Exception as error:  # a service outlives whatever its database says at start
                log.warning("postgres_not_ready", reason=type(error).__name__, attempt=attempt)
                await asyncio.sleep(jittered(attempt, base=0.05, cap=1.0))
                attempt += 1
        self.ready.set()
        log.info("postgres_ready", attempts=attempt + 1)

    async def _open(self) -> None:
        pool = asyncpg.create_pool(
            self._dsn,
            min_size=1,
            max_size=self._max_size,
            timeout=self._timeout,
            command_timeout=self._timeout,
            max_inactive_connection_lifetime=60,
            init=_use_json,
            reset=_keep_session,
            # Compiling a query takes longer than running one of these.
            server_settings={"application_name": self._name, "jit": "off"},
        )
        try:
            await pool
            if self._schema:
                async with pool.acquire() as connection:
                    await migrate(connection, self._name.split("-", maxsplit=1)[0], self._schema)
        except BaseException:
            pool.terminate()
            raise
        self._pool = pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """Take a connection for a while.

        Raises:
            StoreUnavailable: The server can't be reached, or no connection came free in time.
        """
        pool = self._pool
        if pool is None:
            raise StoreUnavailable("postgres", "not connected yet")
        try:
            connection = await pool.acquire(timeout=self._timeout)
        except CONNECTION_ERRORS as error:
            raise StoreUnavailable("postgres", type(error).__name__) from error
        try:
            yield connection
        except BaseException as error:
            # Whoever gives up on a server that hangs does not wait until it has taken notice of that.
            giving_back = asyncio.create_task(_give_back(pool, connection), name="give back")
            self._giving_back.add(giving_back)
            giving_back.add_done_callback(self._giving_back.discard)
            # asyncpg's complaint about a value's type is an InterfaceError too.
            if isinstance(error, CONNECTION_ERRORS) and not isinstance(error, ValueError):
                raise StoreUnavailable("postgres", type(error).__name__, outcome_unknown=True) from error
            raise
        else:
            await _give_back(pool, connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """Take a connection and a transaction on it: committed at the end, rolled back on any error."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def fetch(self, query: str, *values: Any) -> list[Any]:
        """Rows of a query."""
        async with self.connection() as connection:
            rows: list[Any] = await connection.fetch(query, *values)
            return rows

    async def fetchrow(self, query: str, *values: Any) -> Any:
        """First row of a query, or None."""
        async with self.connection() as connection:
            return await connection.fetchrow(query, *values)

    async def fetchval(self, query: str, *values: Any) -> Any:
        """First value of the first row, or None."""
        async with self.connection() as connection:
            return await connection.fetchval(query, *values)

    async def execute(self, query: str, *values: Any) -> str:
        """Run a statement; returns its tag, such as `UPDATE 1`."""
        async with self.connection() as connection:
            tag: str = await connection.execute(query, *values)
            return tag

    async def check(self) -> None:
        """Return when the server answers; for health routes."""
        await self.fetchval("SELECT 1")


async def _give_back(pool: asyncpg.Pool, connection: Any) -> None:
    # A server that hangs must not hang its client too: what can't be reset soon is thrown away.
    try:
        await pool.release(connection, timeout=1.0)
    except CONNECTION_ERRORS as error:
        log.warning("connection_discarded", reason=type(error).__name__)


async def _keep_session(_connection: Any) -> None:
    # No service leaves state in a session (only SET LOCAL and transaction locks), so that asyncpg's RESET ALL after every use,
    # a round trip each, would undo nothing. An open transaction is still rolled back by asyncpg before this is called.
    return


async def _use_json(connection: Any) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


async def migrate(connection: Any, name: str, schema: Sequence[str]) -> bool:
    """Bring a database's tables up to date, once for all replicas.

    The statements must be idempotent. They run under an advisory lock and only when their text differs from what ran
    last, so that a restart takes no table locks.

    Args:
        connection: An asyncpg connection.
        name: Whose tables these are.
        schema: DDL statements, in order.

    Returns:
        Whether anything ran.
    """
    checksum = hashlib.sha256("\n;\n".join(schema).encode()).hexdigest()
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        known = None
        if await connection.fetchval("SELECT to_regclass('schema_versions')") is not None:
            known = await connection.fetchval("SELECT checksum FROM schema_versions WHERE name = $1", name)
        if known == checksum:
            return False
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_versions "
            "(name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL)"
        )
        for statement in schema:
            await connection.execute(statement)
        await connection.execute(
            "INSERT INTO schema_versions VALUES ($1, $2, now()) "
            "ON CONFLICT (name) DO UPDATE SET checksum = $2, applied_at = now()",
            name,
            checksum,
        )
    return True
