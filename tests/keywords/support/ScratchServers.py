"""Real stores for the acceptance suites of keyword libraries, and somebody else's sessions on them."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import asyncpg
from redis import Redis
from robot.api.deco import keyword, library
from robot.api.types import Secret

from realstack.core.loop import BackgroundLoop

TESTS = Path(__file__).resolve().parents[2]
for _folder in (TESTS, TESTS.parent / "docker" / "embedded"):
    if str(_folder) not in sys.path:
        sys.path.append(str(_folder))

from support import servers  # noqa: E402 - tests/ is no package of any path before


@library(scope="SUITE", auto_keywords=False)
class ScratchServers:
    """Starts real servers for a suite and ends them with it."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._stack = ExitStack()
        self._loop = BackgroundLoop("scratch-servers")
        self._others: dict[str, Future[Any]] = {}

    @keyword
    def start_postgres_server(self, *, newer: bool = False) -> dict[str, Any]:
        """Starts a PostgreSQL server, the system's or a newer one.

        Returns:
            ``dsn`` (secret), ``host port user password database pid``.
        """
        server = self._stack.enter_context(servers.postgres(newer=newer))
        return {**_facts(server), "dsn": Secret(server.dsn), "database": server.database, "user": server.user}

    @keyword
    def start_redis_server(self) -> dict[str, Any]:
        """Starts a Redis server; returns ``url`` (secret), ``host port password pid``."""
        server = self._stack.enter_context(servers.redis())
        return {**_facts(server), "url": Secret(server.url)}

    @keyword
    def start_valkey_server(self) -> dict[str, Any]:
        """Starts a Valkey server; returns what [Start Redis Server] does."""
        server = self._stack.enter_context(servers.valkey())
        return {**_facts(server), "url": Secret(server.url)}

    @keyword
    def start_clickhouse_server(self) -> dict[str, Any]:
        """Starts a ClickHouse server; returns ``url user password database pid``."""
        server = self._stack.enter_context(servers.clickhouse())
        return {**_facts(server), "url": server.url, "user": server.user, "database": server.database}

    @keyword
    def make_wrong_password(self) -> Secret:
        """Makes a password that no server knows, and nothing else in the run's results holds by chance."""
        return Secret(token_urlsafe(18))

    @keyword
    def pause_server(self, server: dict[str, Any]) -> None:
        """Stops a server's main process in its tracks, with its connections open."""
        os.kill(server["pid"], signal.SIGSTOP)

    @keyword
    def resume_server(self, server: dict[str, Any]) -> None:
        """Lets a paused server go on."""
        os.kill(server["pid"], signal.SIGCONT)

    @keyword
    def begin_as_somebody_else(self, application_name: str, server: dict[str, Any], *statements: str) -> None:
        """Runs statements, one after another, in a session of another name, and doesn't wait for them."""

        async def work() -> list[Any]:
            connection = await asyncpg.connect(server["dsn"].value, server_settings={"application_name": application_name})
            try:
                return [await connection.fetch(statement) for statement in statements]
            finally:
                connection.terminate()

        self._others[application_name] = self._loop.spawn(work())

    @keyword
    def end_of_somebody_else(self, application_name: str) -> str:
        """Waits until the statements of that session are done; returns ``done`` or ``ended by the server``."""
        try:
            self._others.pop(application_name).result(10)
        except (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError):
            return "ended by the server"
        return "done"

    @keyword
    def publish_as_somebody_else(self, server: dict[str, Any], channel: str, text: str) -> None:
        """Publishes a text on a channel of a Redis server."""
        with Redis.from_url(server["url"].value) as client:
            client.publish(channel, text)

    @keyword
    def fill_stream_as_somebody_else(self, server: dict[str, Any], stream: str, group: str, count: int, taken: int) -> None:
        """Adds entries to a stream with a consumer group, and has a consumer take some without acknowledging them."""
        with Redis.from_url(server["url"].value) as client:
            for number in range(count):
                client.xadd(stream, {"run_id": f"run-{number}"})
            client.xgroup_create(stream, group, id="0")
            client.xreadgroup(group, "worker-1", {stream: ">"}, count=taken)

    def end_suite(self, data: Any, result: Any) -> None:
        """End what the suite started."""
        self._loop.stop()
        self._stack.close()

    def close(self) -> None:
        """End what is left, when Robot lets the library go."""
        self._stack.close()


def _facts(server: servers.Postgres | servers.Redis | servers.ClickHouse) -> dict[str, Any]:
    return {"host": server.host, "port": server.port, "password": Secret(server.password), "pid": server.pid}
