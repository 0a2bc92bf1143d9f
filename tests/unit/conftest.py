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
