"""Fixtures that unit tests share: real servers, started when the first test asks, ended with the session."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from support import servers
from support.chat import Chat, chat
from support.RestPages import RestServer

# A shell's background job ignores these, and so would every process that a test starts in order to interrupt it.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# The same examples in every run, and none of them too late: a check fails for what it checks, on a busy machine as well.
settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
# Hypothesis mixes in constants of all sources that are imported by then, unless the checkout is in a folder called "tests": with
# them the examples differ by what else is run, by where, and by each change of a source. Only other examples each time have them.
constants_of_sources = providers._get_local_constants
providers._get_local_constants = lambda: providers._local_constants if settings.default.derandomize else constants_of_sources()
# `make fuzz`: others each time.
settings.register_profile("fuzz", settings.get_profile("house"), derandomize=False, database=None, max_examples=2000)


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


@pytest.fixture(scope="module")
def rest_server() -> Iterator[RestServer]:
    """A small REST service."""
    one = RestServer()
    yield one
    one.close()


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
        "BACKEND_URLS": "http://127.0.0.1:1",
    }


# Not for the whole session: tests of the databases count the sessions on these servers, and end them.
@pytest.fixture(scope="module")
def platform(
    postgres_server: servers.Postgres,
    redis_server: servers.Redis,
    clickhouse_server: servers.ClickHouse,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Chat]:
    """Two replicas of the backend and an agent beside the real stores; every test has users of its own."""
    account = {
        "CLICKHOUSE_USER": clickhouse_server.user,
        "CLICKHOUSE_PASSWORD": clickhouse_server.password,
        "CLICKHOUSE_DATABASE": clickhouse_server.database,
    }
    folder = tmp_path_factory.mktemp("chat")
    with chat(postgres_server, redis_server, clickhouse_server.url, folder, replicas=2, agents=1, **account) as running:
        yield running
