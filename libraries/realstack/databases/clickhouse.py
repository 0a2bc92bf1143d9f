"""A session of a ClickHouse server over its HTTP interface, by clickhouse-connect."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
from clickhouse_connect import common
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from clickhouse_connect.driver.summary import QuerySummary

from realstack.core.errors import StackError, explain
from realstack.core.table import shorten
from realstack.databases.clickhouse_parameters import bind
from realstack.databases.clickhouse_values import AS_BYTES, AS_TICKS, has_nanoseconds, readers
from realstack.databases.errors import ODD_ANSWER, SessionLost, StatementRefused, StoreUnreachable
from realstack.databases.places import without_end
from realstack.databases.values import Rows
from realstack.secrets import HIDDEN

for _name in ("aiohttp", "clickhouse_connect"):
    # What they say of a failure is in the error as well; their DEBUG lines hold headers, and the headers hold the password.
    logging.getLogger(_name).setLevel(logging.CRITICAL)
# Errors are cut where they are shown.
common.set_setting("max_error_size", 0)
# A dictionary is a map; where a place takes JSON it gets the text.
common.set_setting("dict_parameter_format", "map")

CONNECT_SECONDS = 3.0
GRACE_SECONDS = 0.5
SESSION_SECONDS = 3600
"""How long the server keeps settings and temporary tables of a session that nobody uses: its longest."""
PORTS = {"http": 8123, "https": 8443}
_UNKNOWN_ACCOUNT = {192, 193, 194, 195, 516}
_LATER = {159, 373}
"""Out of time, or the session still carries out a statement that was given up."""
_NO_SESSION = 372
_HELD = """
SELECT (SELECT groupArray((name, value)) FROM system.settings WHERE changed) AS settings,
       (SELECT groupArray(name) FROM system.tables WHERE is_temporary) AS tables
"""
"""What a session holds, as its server tells."""


@dataclass(frozen=True)
class ClickHouseTarget:
    """Where a ClickHouse server is and who asks; the account travels in headers, never in the URL.

    Attributes:
        url: Base URL of its HTTP interface.
        user: Account.
        password: Its password.
        database: What tables without a database's name are looked for in.
        ca: File with the certificates that a server's is checked against; the system's when None.
    """

    url: str
    user: str
    password: str = field(repr=False)
    database: str
    ca: str | None = None


class ClickHouseSession:
    """A session of one ClickHouse server: what `SET` changes and temporary tables stay until it is closed.

    A server that was started anew makes another session under the same name, without a word. One that held nothing goes on in it;
    otherwise the next statement says what is lost.

    Args:
        name: What errors call it.
        target: Server, account, database.
        user_agent: What the server's log shows it as.
        statement_timeout: Seconds that a statement may take.
    """

    kind = "ClickHouse"

    def __init__(self, name: str, target: ClickHouseTarget, user_agent: str, *, statement_timeout: float) -> None:
        self.name = name
        self.target = target
        self.statement_timeout = statement_timeout
        self._user_agent = user_agent
        self._client: AsyncClient | None = None
        self._given: set[tuple[str, str]] | None = None
        self._held: list[str] = []
        # A session of the server carries out one statement at a time.
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Connect, and see that the server accepts the account.

        Raises:
            StoreUnreachable: No server answers there.
            StatementRefused: It refuses the account or the database.
        """
        parts = urlsplit(self.target.url)
        try:
            self._client = AsyncClient(
                parts.scheme,
                parts.hostname or "",
                parts.port or PORTS[parts.scheme],
                self.target.user,
                self.target.password,
                self.target.database,
                proxy_path=parts.path,
                ca_cert=self.target.ca,
                connect_timeout=CONNECT_SECONDS,
                send_receive_timeout=self.statement_timeout + GRACE_SECONDS,
                client_name=self._user_agent,
                session_id=uuid4().hex,
                query_retries=0,
                tz_mode="aware",
                show_clickhouse_errors=True,
            )
        except OSError as error:
            raise StackError(
                explain("a file with certificates in PEM format", f"'{self.target.ca}': {error}", remedy="Check ca=.")
            ) from None
        # Tests reach stores directly, whatever proxy the environment has for the world outside.
        self._client._backend.proxy_url = None
        try:
            async with self._explained("opening the session"):
                await self._client._initialize()
                self._settle(self._client)
                await self._client.query("SELECT 1 AS one")
                told = await _told(self._client)
                self._given = told and set(told[0])
        except BaseException:
            await self.close()
            raise

    def _settle(self, client: AsyncClient) -> None:
        # An account that may only read may not change settings either; the client's own time limit holds all the same.
        limit = client.server_settings.get("max_execution_time")
        if limit is not None and not limit.readonly:
            client.set_client_setting("max_execution_time", max(1, round(self.statement_timeout)))
        client.set_client_setting("session_timeout", SESSION_SECONDS)
        # With it an error comes as a status, never in the middle of a good answer.
        client.set_client_setting("wait_end_of_query", 1)

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    @property
    def answer_seconds(self) -> float:
        """Seconds after which a statement must have ended one way or another."""
        return self.statement_timeout + CONNECT_SECONDS + 2 * GRACE_SECONDS

    async def fetch(self, statement: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run a statement that gives rows.

        Raises:
            StatementRefused: The server refused it; `code` is its error number.
            StoreUnreachable: No whole answer came in time.
        """
        bound, values = bind(statement, parameters)
        async with self._explained(statement) as client:
            result = await client.query(bound, parameters=values, query_formats=AS_BYTES)
            if finer := has_nanoseconds(result.column_types):
                result = await client.query(bound, parameters=values, query_formats=AS_TICKS)
            told = [str(name) for name in result.column_names]
            columns = told or await _described(client, bound, values)
            if not columns:
                await self._look_what_is_held(client)
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
        if not result.column_types:
            return Rows(columns, [])  # no query: what the driver tells then is about the statement
        reads = readers(result.column_types, client.server_tz, ticks=finer)
        return Rows(
            columns,
            [{name: read(value) for name, read, value in zip(columns, reads, row, strict=True)} for row in result.result_rows],
        )

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement for its effect; returns 0, since ClickHouse doesn't tell how many rows it touched."""
        bound, values = bind(statement, parameters)
        async with self._explained(statement) as client:
            done = await client.command(bound, parameters=values)
            if not (isinstance(done, QuerySummary) and done.written_rows):  # who writes rows holds nothing
                await self._look_what_is_held(client)
        return 0

    async def _look_what_is_held(self, client: AsyncClient) -> None:
        """Note what would be lost with the session; an account that may not look never held anything that anybody knows of."""
        told = await _told(client) if self._given is not None else None
        if told is None or self._given is None:
            return
        settings = sorted({name for name, _ in set(told[0]) - self._given})
        named = {"settings": settings, "temporary tables": sorted(told[1])}
        self._held = [f"{what} {', '.join(names)}" for what, names in named.items() if names]
        client.set_client_setting("session_check", int(bool(self._held)))

    def _loss(self) -> SessionLost:
        """What to raise where the session would have to go on without what it held; from then on it holds nothing."""
        lost, self._held = "; ".join(self._held), []
        if self._client is not None:
            self._client.set_client_setting("session_check", 0)
        return SessionLost(
            explain(
                f"session '{self.name}' to go on as it was",
                f"its server knows it no longer, and lost with it is: {lost}",
                remedy="Begin anew: the next keyword gets a new session.",
            )
        )

    async def version(self) -> str:
        """Version of the server, such as ``25.8.2.29``."""
        found = (await self.fetch("SELECT version() AS version")).records
        if not found or "version" not in found[0]:
            raise StackError(explain(f"a version from ClickHouse '{self.name}'", f"{len(found)} rows without one"))
        return str(found[0]["version"])

    @asynccontextmanager
    async def _explained(self, statement: str) -> AsyncIterator[AsyncClient]:
        """The client for one statement in its turn; whatever goes wrong becomes an error of ours."""
        evidence = shorten(statement, 500)
        expected = f"an answer of ClickHouse '{self.name}' within {self.statement_timeout:g} s"
        try:
            async with asyncio.timeout(self.statement_timeout + CONNECT_SECONDS + GRACE_SECONDS), self._turn:
                assert self._client is not None, "the session is closed"
                yield self._client
        except ClickHouseError as error:
            raise self._of_client(error, expected, evidence) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._silent(f"{type(error).__name__}: {str(error) or 'silence'}", expected, evidence) from None
        except ODD_ANSWER as error:
            # The client could not read what came, or could not write what was to be sent.
            raise StackError(
                explain("values that clickhouse-connect can carry", f"{type(error).__name__}: {error}", evidence=evidence)
            ) from None

    def _silent(self, seen: str, expected: str, evidence: str) -> StoreUnreachable:
        remedy = "Check that the server runs and is not paused or cut off."
        return StoreUnreachable(explain(expected, self._masked(seen, 300), evidence=evidence, remedy=remedy))

    def _of_client(self, error: ClickHouseError, expected: str, evidence: str) -> StackError:
        code = getattr(error, "code", None)
        if code == _NO_SESSION and self._held:
            return self._loss()
        if code in _LATER or (code is None and isinstance(error, OperationalError)):
            return self._silent(str(error), expected, evidence)
        told = "" if code is None else str(code)
        if code in _UNKNOWN_ACCOUNT:
            return StatementRefused(
                explain(f"ClickHouse '{self.name}' to accept the account", self._masked(str(error), 300)), told
            )
        wanted = f"ClickHouse '{self.name}' to carry out a statement"
        return StatementRefused(explain(wanted, self._masked(str(error), 500), evidence=evidence), told)

    def _masked(self, text: str, length: int) -> str:
        return shorten(text.replace(self.target.password, HIDDEN) if self.target.password else text, length)


async def _told(client: AsyncClient) -> tuple[list[tuple[str, str]], list[str]] | None:
    """The settings and temporary tables of a session; None where the server does not tell, or the account may not look."""
    try:
        rows = (await client.query(_HELD)).result_rows
    except ClickHouseError:
        return None
    if [len(row) for row in rows] != [2]:
        return None
    settings, tables = rows[0]
    return [(str(name), str(value)) for name, value in settings], [str(name) for name in tables]


async def _described(client: AsyncClient, statement: str, values: Any) -> list[str]:
    """The names of the columns of an answer without rows, which the server leaves out; none where it has none."""
    query = without_end(statement, backslashes=True)
    try:
        described = await client.query(f"DESCRIBE TABLE (\n{query}\n)", parameters=values)
    except ClickHouseError:
        return []  # no query: such a statement gives no rows at all
    return [str(row[0]) for row in described.result_rows]
