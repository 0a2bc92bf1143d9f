"""The three-store operation against the real backend: committed, held up by a lock, and with the backend killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from support import servers
from support.auth_service import PUBLIC_URL, ROOT, AuthService, User, auth_service, login
from support.openid_provider import OpenIdProvider, openid_provider
from support.waiting import until


class Backend:
    """One replica of the backend as a process."""

    def __init__(self, folder: Path, stores: dict[str, str], dsn: str) -> None:
        self.port, self.jwks_port, self.dsn = servers.free_port(), servers.free_port(), dsn
        self._log = folder / "backend.log"
        self._environment = {
            **stores,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT / 'docker/common'}:{ROOT / 'docker/backend'}",
            "PORT": str(self.port),
            "SERVICE_NAME": "backend-1",
            "PUBLIC_URL": PUBLIC_URL,
            "BACKEND_DATABASE_URL": dsn,
            "INTERNAL_TOKEN": "internal",
            "AUTH_JWKS_URL": f"http://127.0.0.1:{self.jwks_port}/.well-known/jwks.json",
            "FILES_DIR": str(folder / "files"),
        }

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = ["setpriv", "--pdeathsig=KILL", "--", sys.executable, "-m", "chat_backend"]
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        until(self._live, "the backend", 20)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(5)

    def _live(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()[-3000:]
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health/ready", trust_env=False, timeout=1).status_code == 200
        except httpx.HTTPError:
            return False

    def workspaces(self, user_id: str) -> list[str]:
        query = "SELECT name FROM workspaces WHERE user_id = $1 AND deleted_at IS NULL"
        return [row["name"] for row in asyncio.run(fetch(self.dsn, query, user_id))]


async def fetch(dsn: str, query: str, *values: Any) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        rows: list[Any] = await connection.fetch(query, *values)
        return rows
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        yield running


@pytest.fixture(scope="module")
def backend(
    auth_stores: dict[str, str], postgres_server: servers.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    name = f"backend_{uuid4().hex}"
    asyncio.run(fetch(postgres_server.dsn, f"CREATE DATABASE {name}"))
    running = Backend(tmp_path_factory.mktemp("backend"), auth_stores, postgres_server.dsn.rpartition("/")[0] + f"/{name}")
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def service(
    provider: OpenIdProvider, backend: Backend, auth_stores: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AuthService]:
    settings = {**auth_stores, "BACKEND_URLS": f"http://127.0.0.1:{backend.port}", "PORT": str(backend.jwks_port)}
    with auth_service(tmp_path_factory.mktemp("auth"), provider, **settings) as running:
        yield running


@pytest.fixture
def user(service: AuthService, provider: OpenIdProvider) -> User:
    return login(service, provider, f"subject-{uuid4()}")


def test_makes_the_workspace(user: User, backend: Backend) -> None:
    answer = user.change("k", workspace={"name": "Desk"})
    assert answer.status_code == 200, answer.text
    url = f"http://127.0.0.1:{backend.port}/api/workspaces"
    listed = httpx.get(url, headers=user.bearer, trust_env=False).json()["workspaces"]
    assert [(item["id"], item["name"]) for item in listed] == [(answer.json()["workspace"]["id"], "Desk")]


def test_leaves_no_workspace_that_a_lock_held_up(user: User, backend: Backend) -> None:
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(backend.dsn))
    transaction = connection.transaction()
    loop.run_until_complete(transaction.start())
    loop.run_until_complete(connection.execute("LOCK TABLE workspaces IN ACCESS EXCLUSIVE MODE"))
    answer = user.change("k", display_name="New")
    assert (answer.status_code, answer.json()["failed_step"]) == (503, "workspace")
    loop.run_until_complete(transaction.rollback())
    loop.run_until_complete(connection.close())
    loop.close()
    settled(user, answer.json()["operation_id"])
    assert backend.workspaces(me(user)["user_id"]) == []
    assert me(user)["display_name"] == "Reader One"
    assert user.change("k", display_name="New").status_code == 200
    assert backend.workspaces(me(user)["user_id"]) == ["Desk"]


def test_rolls_back_when_the_backend_is_killed_and_goes_on_when_it_is_back(user: User, backend: Backend) -> None:
    def begun() -> int:
        return sum(line["event"] == "operation_begun" for line in user.service.log())

    before = begun()
    os.kill(backend.process.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(user.change, "k", display_name="New")
        until(lambda: asked.done() or begun() > before)
        backend.kill()
        answer = asked.result(8)
    assert answer.status_code == 503
    refused = user.change("other")
    assert refused.status_code in {409, 503}
    backend.start()
    settled(user, answer.json()["operation_id"])
    assert (backend.workspaces(me(user)["user_id"]), me(user)["display_name"]) == ([], "Reader One")
    assert user.change("k", display_name="New").status_code == 200


def me(user: User) -> dict[str, str]:
    profile: dict[str, str] = user.browser.get("/auth/me", headers=user.bearer).json()
    return profile


def settled(user: User, operation: str) -> None:
    url = f"/auth/operations/{operation}"
    until(lambda: user.browser.get(url, headers=user.bearer).json()["state"] == "rolled_back")
