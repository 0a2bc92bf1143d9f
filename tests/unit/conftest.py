"""Fixtures that unit tests share: real servers, started when the first test asks, ended with the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import servers


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.Postgres]:
    """A PostgreSQL server (``.dsn``, ``.host``, ``.port``, ``.user``, ``.password``, ``.database``, ``.pid``)."""
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Redis]:
    """A Redis server (``.url``, ``.host``, ``.port``, ``.password``, ``.pid``)."""
    with servers.redis() as server:
        yield server


@pytest.fixture(scope="session")
def clickhouse_server() -> Iterator[servers.ClickHouse]:
    """A ClickHouse server (``.url``, ``.user``, ``.password``, ``.database``, ``.pid``)."""
    with servers.clickhouse() as server:
        yield server


@pytest.fixture(scope="session")
def auth_stores(
    postgres_server: servers.Postgres, redis_server: servers.Redis, clickhouse_server: servers.ClickHouse
) -> dict[str, str]:
    """What an auth service is told about its stores; there is no backend."""
    return {
        "AUTH_DATABASE_URL": postgres_server.dsn,
        "REDIS_URL": redis_server.url,
        "CLICKHOUSE_URL": clickhouse_server.url,
        "CLICKHOUSE_USER": clickhouse_server.user,
        "CLICKHOUSE_PASSWORD": clickhouse_server.password,
        "BACKEND_URL": "http://127.0.0.1:1",
    }
