"""The reference platform of `docker/`: which services it has."""

from __future__ import annotations

from realstack.platform.apps import Agent, Auth, Backend, Frontend, Provider
from realstack.platform.postgres import PostgreSQL
from realstack.platform.service import Stack
from realstack.platform.stores import ClickHouse, Redis

STORES = ("postgres-auth", "postgres-backend", "redis", "clickhouse")
"""The servers that hold the data."""

BACKENDS = 2
AGENTS = 2


def describe(stack: Stack) -> None:
    """Describe all services of the reference platform in a stack; nothing is started."""
    PostgreSQL(stack, "postgres-auth", "postgres", database="auth")
    PostgreSQL(stack, "postgres-backend", "postgres", database="backend")
    Redis(stack, "redis")
    ClickHouse(stack, "clickhouse")
    Provider(stack, "idp")
    Auth(stack, "auth")
    for number in range(1, BACKENDS + 1):
        Backend(stack, f"backend-{number}", "backend")
    for number in range(1, AGENTS + 1):
        Agent(stack, f"agent-{number}", "agent")
    Frontend(stack, "frontend")
