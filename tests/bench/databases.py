"""Databases: a statement by a session of this package, beside the driver below it, each on a server of its own."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import clickhouse_connect
from redis import asyncio as redis_asyncio

from realstack.databases.clickhouse import ClickHouseSession, ClickHouseTarget
from realstack.databases.masking import Masking
from realstack.databases.postgres import PostgresSession, PostgresTarget
from realstack.databases.redis_store import RedisSession, RedisTarget
from support import servers

from .measure import Contender, Figure, compare

STATEMENTS, ROWS, ROUNDS = 200, 100, 5
ONE = "SELECT 1 AS one"
MANY = f"SELECT g AS number, 'text ' || g AS words FROM generate_series(1, {ROWS}) g"


async def _postgres(server: servers.Postgres) -> list[Figure]:
    plain = await asyncpg.connect(server.dsn)
    session = PostgresSession("db", PostgresTarget(server.dsn), "bench", statement_timeout=30, masking=Masking())
    await session.open()
    figures: list[Figure] = []
    try:
        for what, statement in (("one row", ONE), (f"{ROWS} rows", MANY)):

            async def by_driver(statement: str = statement) -> None:
                for _ in range(STATEMENTS):
                    await plain.fetch(statement)

            async def by_session(statement: str = statement) -> None:
                for _ in range(STATEMENTS):
                    await session.fetch(statement)

            contenders: dict[str, Contender] = {"asyncpg": by_driver, "PostgresSession": by_session}
            figures += await compare(f"PostgreSQL, {what}", contenders, operations=STATEMENTS, rounds=ROUNDS)
    finally:
        await session.close()
        await plain.close()
    return figures


async def _redis(server: servers.Redis) -> list[Figure]:
    plain = redis_asyncio.from_url(server.url, decode_responses=True)
    session = RedisSession("cache", RedisTarget(server.url), "bench", timeout=30)
    await session.open()
    try:
        await plain.set("key", "value")

        async def by_driver() -> None:
            for _ in range(STATEMENTS):
                await plain.get("key")

        async def by_session() -> None:
            for _ in range(STATEMENTS):
                await session.read("key")

        contenders: dict[str, Contender] = {"redis": by_driver, "RedisSession": by_session}
        return await compare("Redis, a text", contenders, operations=STATEMENTS, rounds=ROUNDS)
    finally:
        await session.close()
        await plain.aclose()


async def _clickhouse(server: servers.ClickHouse) -> list[Figure]:
    parts = urlsplit(server.url)
    plain = await clickhouse_connect.get_async_client(
        host=parts.hostname, port=parts.port, username=server.user, password=server.password, database=server.database
    )
    target = ClickHouseTarget(server.url, server.user, server.password, server.database)
    session = ClickHouseSession("events", target, "bench", statement_timeout=30)
    await session.open()
    try:
        statement = f"SELECT number, toString(number) AS words FROM numbers({ROWS})"

        async def by_driver() -> None:
            for _ in range(STATEMENTS // 10):
                await plain.query(statement)

        async def by_session() -> None:
            for _ in range(STATEMENTS // 10):
                await session.fetch(statement)

        contenders: dict[str, Contender] = {"clickhouse-connect": by_driver, "ClickHouseSession": by_session}
        return await compare(f"ClickHouse, {ROWS} rows", contenders, operations=STATEMENTS // 10, rounds=ROUNDS)
    finally:
        await session.close()
        await plain.close()


async def measure(folder: Path) -> list[Figure]:
    """A statement on each kind of server."""
    figures: list[Figure] = []
    with servers.postgres() as postgres:
        figures += await _postgres(postgres)
    with servers.redis() as redis:
        figures += await _redis(redis)
    with servers.clickhouse() as clickhouse:
        figures += await _clickhouse(clickhouse)
    return figures
