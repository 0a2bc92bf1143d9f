"""The reference platform, for the embedded driver: its services, the programs they need, and how each is run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from realstack.platform import checks
from realstack.platform.postgresql import PostgreSQL
from realstack.platform.service import Stack

from . import providers
from .apps import Agent, Auth, Backend, Frontend, Provider
from .stores import ClickHouse, Redis

PROGRAMS = (
    checks.Program(("postgres",), "postgresql", "the two PostgreSQL servers"),
    checks.Program(("redis-server",), "redis-server", "Redis"),
    checks.Program(("nginx",), "nginx-light", "the frontend"),
)
STORES = ("postgres-auth", "postgres-backend", "redis", "clickhouse")
"""The servers that hold the data."""
SHARED_FOLDERS = ("files", "keys")
"""Folders that services have in common: `files` is where uploads are kept."""

BACKENDS = 2
AGENTS = 2


def check(sources: Path) -> Sequence[checks.Problem]:
    """What is missing on this machine.

    Args:
        sources: The folder of the platform's sources.
    """
    problems = checks.check_requirements([sources / "requirements.txt"]) + checks.check_programs(PROGRAMS)
    if os.geteuid() == 0:
        problems += checks.check_reachable(Path(tempfile.gettempdir()))
    return problems


def describe(stack: Stack) -> None:
    """Describe all services in a stack; nothing is started."""
    PostgreSQL(stack, "postgres-auth", "postgres", database="auth", role="chat")
    PostgreSQL(stack, "postgres-backend", "postgres", database="backend", role="chat")
    Redis(stack, "redis")
    ClickHouse(stack, "clickhouse")
    if providers.chosen(stack) == providers.CANAILLE:
        Provider(stack, "idp")
    Auth(stack, "auth")
    for number in range(1, BACKENDS + 1):
        Backend(stack, f"backend-{number}", "backend")
    for number in range(1, AGENTS + 1):
        Agent(stack, f"agent-{number}", "agent")
    Frontend(stack, "frontend")


def environment(stack: Stack) -> dict[str, str]:
    """Addresses with their passwords, as environment variables of a developer's shell; never to be logged."""
    variables = {f"{name.upper().replace('-', '_')}_URL": service.credential_url for name, service in stack.services.items()}
    for service in stack.services.values():
        if isinstance(service, PostgreSQL):
            variables[f"{service.database.upper()}_DATABASE_URL"] = service.service_url
    if "idp" in stack.services:
        variables |= {"IDP_SCIM_CLIENT_ID": "user-admin", "IDP_SCIM_CLIENT_SECRET": stack.credentials["idp-scim"]}
    return variables | {
        "CLICKHOUSE_URL": stack["clickhouse"].url,
        "CLICKHOUSE_USER": "chat",
        "CLICKHOUSE_PASSWORD": stack.credentials["clickhouse-chat"],
    }
