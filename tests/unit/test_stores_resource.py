"""The SQL in resources/ suits the reference platform's tables: every statement is prepared on the real servers."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import asyncpg
import httpx
import pytest
from robot.api import get_resource_model
from robot.api.parsing import Variable

from chat_auth.schema import SCHEMA as AUTH_SCHEMA
from chat_backend.schema import SCHEMA as BACKEND_SCHEMA
from chat_common import outbox
from support import servers

RESOURCES = Path(__file__).resolve().parents[2] / "resources"

AUTH_TABLES = {"users", "sessions", "refresh_tokens", "login_flows", "operations"}
EVENT_TABLES = {"chat_events", "profile_events", "system"}
PROFILE_EVENTS = (
    "CREATE TABLE IF NOT EXISTS events.profile_events (event_id String, operation_id String, user_id String, data String, "
    "created_at UInt64, sign Int8) ENGINE = CollapsingMergeTree(sign) ORDER BY event_id"
)


def statements() -> dict[str, str]:
    """Every SELECT among the variables of the reference platform's resources, by the variable's name."""
    found = {}
    for path in sorted((RESOURCES / "adapters" / "reference").rglob("*.resource")):
        for section in get_resource_model(path).sections:
            for item in section.body:
                if isinstance(item, Variable) and item.value and item.value[0].startswith("SELECT"):
                    found[item.name] = " ".join(item.value)
    return found


def of_tables(tables: set[str], *, but: bool = False) -> list[tuple[str, str]]:
    """The statements that read (or, with `but`, don't read) one of some tables."""
    return [
        (name, sql)
        for name, sql in statements().items()
        if bool(set(re.findall(r"(?:FROM|JOIN) (\w+)", sql)) & tables) is not but
    ]


def prepare_all(dsn: str, schema: tuple[str, ...], database: str, chosen: list[tuple[str, str]]) -> list[str]:
    async def work() -> list[str]:
        owner = await asyncpg.connect(dsn)
        await owner.execute(f"CREATE DATABASE {database}")
        await owner.close()
        connection = await asyncpg.connect(dsn, database=database)
        refused = []
        try:
            for statement in schema:
                await connection.execute(statement)
            for name, sql in chosen:
                try:
                    await connection.prepare(sql)
                except asyncpg.PostgresError as error:
                    refused.append(f"{name}: {error}")
        finally:
            await connection.close()
        return refused

    return asyncio.run(work())


def test_there_are_statements() -> None:
    assert len(statements()) > 15


def test_statements_suit_the_auth_tables(postgres_server: servers.Postgres) -> None:
    assert prepare_all(postgres_server.dsn, AUTH_SCHEMA, "resource_auth", of_tables(AUTH_TABLES)) == []


def test_statements_suit_the_backend_tables(postgres_server: servers.Postgres) -> None:
    chosen = of_tables(AUTH_TABLES | EVENT_TABLES, but=True)
    assert prepare_all(postgres_server.dsn, BACKEND_SCHEMA, "resource_backend", chosen) == []


@pytest.mark.parametrize(("name", "sql"), of_tables(EVENT_TABLES))
def test_statements_suit_the_event_tables(clickhouse_server: servers.ClickHouse, name: str, sql: str) -> None:
    headers = {"X-ClickHouse-User": clickhouse_server.user, "X-ClickHouse-Key": clickhouse_server.password}
    chat_events = next(value for value in vars(outbox).values() if isinstance(value, str) and "chat_events (" in value)
    with httpx.Client(base_url=clickhouse_server.url, headers=headers, params={"database": "events"}) as client:
        for statement in (chat_events.format(database="events"), PROFILE_EVENTS, re.sub(r"\$\d", "'x'", sql)):
            answer = client.post("/", content=statement)
            assert answer.status_code == 200, f"{name}: {answer.text}"
