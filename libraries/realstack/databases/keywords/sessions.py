"""Opening and closing sessions."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, explain
from realstack.core.hosts import bracketed
from realstack.databases.clickhouse import ClickHouseSession, ClickHouseTarget
from realstack.databases.dsn import ESCAPED, passwords_of
from realstack.databases.errors import StatementRefused
from realstack.databases.keywords.arguments import remember, unwrap
from realstack.databases.keywords.held import Held, Session
from realstack.databases.keywords.reading import Assertion, Reader
from realstack.databases.keywords.waiting import wait
from realstack.databases.masking import Masking
from realstack.databases.postgres import PostgresSession, PostgresTarget
from realstack.databases.redis_store import RedisSession, RedisTarget
from realstack.databases.values import Rows

DEFAULT_TIMEOUT = timedelta(seconds=10)
UNKNOWN = "unknown"
"""The version of a server that does not tell it to the account."""


class SessionKeywords:
    """Keywords about sessions themselves.

    Args:
        held: What tests have open.
        reader: Reads and shows.
        masking: Which names are secret, for errors of sessions.
        run: What servers know all sessions of the run by.
    """

    def __init__(self, held: Held, reader: Reader, masking: Masking, run: str) -> None:
        self._held = held
        self._reader = reader
        self._masking = masking
        self._run = run

    @keyword(tags=["session", "postgres"])
    def open_postgres_session(
        self,
        alias: str,
        dsn: Secret | str | None = None,
        *,
        host: str | None = None,
        port: int | None = None,
        user: str | None = None,
        password: Secret | None = None,
        database: str | None = None,
        statement_timeout: timedelta = DEFAULT_TIMEOUT,
    ) -> str:
        """Opens a session of a PostgreSQL server and makes it the current one.

        The server knows it by the run's name (``application_name``), so that it is never counted or ended as
        one of the platform's. It is closed at the end of the test or suite that opened it.

        Args:
            alias: What keywords call it.
            dsn: ``postgresql://user:password@host:port/database``; pieces that are given count more.
            host: Address of the server.
            port: Its port.
            user: Account. To see other users' statements, and to end their sessions, it needs to be a superuser
                or a member of ``pg_monitor`` and ``pg_signal_backend``.
            password: Its password.
            database: Database.
            statement_timeout: How long a statement may take; the server cancels it then.

        Returns:
            The version of the server.

        Raises:
            StackError: The alias is taken, no server answers, or it refuses the account.

        ```robotframework
        *** Test Cases ***
        Users Are Stored
            Open Postgres Session    auth    ${AUTH_DSN}
            Get Row Count    SELECT id FROM users    >=    1
        ```
        """
        pieces: dict[str, Any] = {"host": host, "port": port, "user": user, "password": unwrap(password), "database": database}
        given = {name: value for name, value in pieces.items() if value is not None}
        plain_dsn = unwrap(dsn)
        if not plain_dsn and not host:
            remedy = "Pass dsn=, or host= port= user= password= database=."
            raise StackError(explain("a DSN or at least a host", "neither", remedy=remedy))
        _remember_passwords("PostgreSQL", alias, given.get("password"), plain_dsn)
        session = PostgresSession(
            alias,
            PostgresTarget(plain_dsn or None, given),
            self._run,
            statement_timeout=statement_timeout.total_seconds(),
            masking=self._masking,
        )
        return self._opened(alias, session)

    @keyword(tags=["session", "redis"])
    def open_redis_session(
        self,
        alias: str,
        url: Secret | str | None = None,
        *,
        host: str | None = None,
        port: int | None = None,
        user: str | None = None,
        password: Secret | None = None,
        database: int | None = None,
        timeout: timedelta = DEFAULT_TIMEOUT,
    ) -> str:
        """Opens a session of a Redis server and makes it the current one.

        The server knows it by the run's name (``CLIENT LIST``). It is closed at the end of the test or suite that opened it.

        Args:
            alias: What keywords call it.
            url: ``redis://:password@host:port/0``, ``rediss://`` with TLS; pieces that are given count more.
            host: Address of the server.
            port: Its port; default: the URL's, else 6379.
            user: Account, for servers with access control lists.
            password: Its password.
            database: Number of the database; default: the URL's, else 0.
            timeout: How long a command may take.

        Returns:
            The version of the server; ``unknown`` where the account may not ask for it (``INFO``).

        Raises:
            StackError: The alias is taken, no server answers, or it refuses the account.

        ```robotframework
        *** Test Cases ***
        Limit Is Counted
            Open Redis Session    cache    ${REDIS_URL}
            Get Redis Counter    limit:messages:${user}    ==    5
        ```
        """
        plain_url = unwrap(url)
        pieces: dict[str, Any] = {"host": host, "port": port, "username": user, "password": unwrap(password), "db": database}
        if not plain_url and not host:
            raise StackError(explain("a URL or at least a host", "neither", remedy="Pass url=, or host= port= password=."))
        _remember_passwords("Redis", alias, pieces["password"], plain_url)
        target = RedisTarget(plain_url or None, {name: value for name, value in pieces.items() if value is not None})
        return self._opened(alias, RedisSession(alias, target, self._run, timeout=timeout.total_seconds()))

    @keyword(tags=["session", "clickhouse"])
    def open_clickhouse_session(
        self,
        alias: str,
        url: Secret | str,
        *,
        user: str | None = None,
        password: Secret | None = None,
        database: str = "default",
        ca: Path | None = None,
        statement_timeout: timedelta = DEFAULT_TIMEOUT,
    ) -> str:
        """Opens a session of a ClickHouse server (HTTP interface) and makes it the current one.

        What ``SET`` changes and temporary tables stay until it is closed, at the end of the test or suite that opened it; the
        server forgets them when nothing asks for an hour.

        Args:
            alias: What keywords call it.
            url: ``http://host:port``; an account in it (``http://user:password@host:port``) is taken out and sent in headers.
            user: Account; default: the URL's, else ``default``.
            password: Its password; default: the URL's.
            database: What tables without a database's name are looked for in.
            ca: File with the certificates (PEM) that a server's over ``https`` is checked against, beside the system's.
            statement_timeout: How long a statement may take; the server ends it then. An account that may change no settings
                has it as the client's limit only.

        Returns:
            The version of the server.

        Raises:
            StackError: The alias is taken, no server answers, or it refuses the account.

        ```robotframework
        *** Test Cases ***
        Events Are Logged
            Open Clickhouse Session    events    ${CLICKHOUSE_URL}    database=events
            Get Row Count    SELECT event_id FROM chat_events    >=    1    retry_timeout=2s
        ```
        """
        plain_url = unwrap(url) or ""
        plain_password = unwrap(password)
        _remember_passwords("ClickHouse", alias, plain_password, plain_url)
        try:
            parts = urlsplit(plain_url)
            port = parts.port
        except ValueError:  # what it says may hold a part of the password
            raise StackError(explain("a URL such as http://host:8123", "one that can't be read", remedy=ESCAPED)) from None
        if parts.query:
            remedy = "Give user=, password= and database= apart from it."
            raise StackError(explain("a URL without a query, which nothing of this library reads", "one with it", remedy=remedy))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            seen = f"one of scheme {parts.scheme!r}{'' if parts.hostname else ' without a host'}"
            raise StackError(explain("a URL such as http://host:8123, of the HTTP interface", seen))
        key = plain_password or unquote(parts.password or "")
        base = f"{parts.scheme}://{bracketed(parts.hostname)}" + (f":{port}" if port else "")
        base += parts.path.rstrip("/")
        target = ClickHouseTarget(base, user or unquote(parts.username or "default"), key, database, str(ca) if ca else None)
        return self._opened(
            alias, ClickHouseSession(alias, target, self._run, statement_timeout=statement_timeout.total_seconds())
        )

    @keyword(tags=["session"])
    def switch_session(self, alias: str) -> str | None:
        """Makes a session the current one of its kind.

        Args:
            alias: An open session.

        Returns:
            The alias that was current of that kind before, so that it can be switched back.

        ```robotframework
        ${before}    Switch Session    auth
        Get Row Count    SELECT id FROM users    ==    1
        Switch Session    ${before}
        ```
        """
        return self._held.sessions.switch(alias)

    @keyword(tags=["session"])
    def close_session(self, alias: str) -> None:
        """Closes a session. An open transaction is rolled back by the server.

        Args:
            alias: An open session.

        ```robotframework
        Close Session    auth
        ```
        """
        wait(self._held.sessions.pop(alias).close(), 1)

    @keyword(tags=["session"])
    def close_all_sessions(self) -> None:
        """Closes all sessions, locks and listeners of this run, those of suites included.

        ```robotframework
        [Teardown]    Close All Sessions
        ```
        """
        self._held.release(None)

    @keyword(tags=["session", "getter"])
    def get_server_version(
        self,
        alias: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> str:
        """Returns the version of a session's server, such as ``15.18``, and asserts about it.

        Args:
            alias: An open session of any kind.
            assertion_operator: See [Assertions].
            assertion_expected: See [Assertions].
            message: Replaces the failure's text.

        ```robotframework
        Get Server Version    auth    matches    ^1[5-9]\\.
        ```
        """
        session = self._held.sessions.get(alias)
        version: str = self._reader.read(
            session.version,
            what=f"the version of {session.kind} '{alias}'",
            seconds=session.answer_seconds,
            assertion=Assertion(assertion_operator, assertion_expected, message),
        )
        return version

    @keyword(tags=["session", "getter"])
    def get_server_time(self, alias: str) -> datetime:
        """Returns the clock of a session's server, in UTC. ClickHouse tells whole seconds only.

        Args:
            alias: An open session of any kind.

        ```robotframework
        ${before}    Get Server Time    events
        ```
        """
        session = self._held.sessions.get(alias)
        if isinstance(session, RedisSession):
            return wait(session.server_time(), session.answer_seconds)
        if isinstance(session, PostgresSession):
            rows: Rows = wait(session.fetch("SELECT clock_timestamp() AS time"), session.answer_seconds)
            moment: datetime = rows.records[0]["time"]
            return moment
        rows = wait(session.fetch("SELECT toUnixTimestamp(now()) AS time"), session.answer_seconds)
        return datetime.fromtimestamp(rows.records[0]["time"]).astimezone()

    def _opened(self, alias: str, session: Session) -> str:
        self._held.sessions.free_alias(alias)

        async def begin() -> str:
            await session.open()
            try:
                return await session.version()
            except StatementRefused:
                return UNKNOWN  # an account may well read and write without being let look at the server
            except BaseException:
                await session.close()
                raise

        version = wait(begin(), session.answer_seconds)
        self._held.sessions.keep(alias, session)
        logger.info(f"Session '{alias}': {session.kind} {version}, known there as {self._run}")
        return version


def _remember_passwords(store: str, alias: str, given: str | None, url: str | None) -> None:
    for one in (given, *passwords_of(url)):
        remember(one, f"password of {store} session '{alias}'")
