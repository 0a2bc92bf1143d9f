"""The three-store operation: all three stores or none, whatever fails, and whenever it comes after all."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from chat_auth.operations import Coordinator
from chat_auth.steps import WorkspaceStep
from support import servers
from support.auth_service import STEP_SECONDS, AuthService, User, auth_service, login
from support.openid_provider import OpenIdProvider, openid_provider
from support.waiting import until
from support.workspaces import Workspaces, workspaces


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        yield running


@pytest.fixture(scope="module")
def backend() -> Iterator[Workspaces]:
    with workspaces() as running:
        yield running


@pytest.fixture(scope="module")
def service(
    provider: OpenIdProvider, backend: Workspaces, auth_stores: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AuthService]:
    folder = tmp_path_factory.mktemp("auth")
    with auth_service(folder, provider, **{**auth_stores, "BACKEND_URLS": backend.url}) as running:
        yield running


@dataclass
class Stores:
    """Looks into the three stores, each by a session of its own."""

    user: User
    backend: Workspaces
    dsn: str
    clickhouse: servers.ClickHouse

    def __post_init__(self) -> None:
        self.user_id = self.user.browser.get("/auth/me", headers=self.user.bearer).json()["user_id"]

    def fetch(self, query: str, *values: Any) -> list[Any]:
        async def run() -> list[Any]:
            connection = await asyncpg.connect(self.dsn)
            try:
                rows: list[Any] = await connection.fetch(query, *values)
                return rows
            finally:
                await connection.close()

        return asyncio.run(run())

    def events(self) -> list[str]:
        sql = "SELECT operation_id FROM events.profile_events WHERE user_id = '{}' GROUP BY operation_id HAVING sum(sign) > 0"
        answer = self.ask_clickhouse(sql.format(self.user_id))
        return [] if "doesn't exist" in answer.text else answer.raise_for_status().text.split()

    def ask_clickhouse(self, sql: str) -> httpx.Response:
        headers = {"X-ClickHouse-User": self.clickhouse.user, "X-ClickHouse-Key": self.clickhouse.password}
        return httpx.post(self.clickhouse.url, content=sql, headers=headers, trust_env=False)

    def states(self) -> list[str]:
        return [
            row["state"]
            for row in self.fetch("SELECT state FROM operations WHERE user_id = $1 ORDER BY created_at", self.user_id)
        ]

    def seen(self) -> tuple[str, set[str], int]:
        """Display name, own living workspaces, and how many events count."""
        name = self.fetch("SELECT display_name FROM users WHERE id = $1", self.user_id)[0][0]
        rows = self.fetch("SELECT workspace_id::text FROM operations WHERE user_id = $1", self.user_id)
        own = {row[0] for row in rows} & set(self.backend.living)
        return name, own, len(self.events())

    def settled(self) -> list[str]:
        """Wait until no operation is under way; gives the states."""
        until(lambda: not {"pending", "rolling_back"} & set(self.states()))
        return self.states()


@pytest.fixture
def stores(
    service: AuthService,
    provider: OpenIdProvider,
    backend: Workspaces,
    postgres_server: servers.Postgres,
    clickhouse_server: servers.ClickHouse,
) -> Iterator[Stores]:
    service.wait_for("ready")
    yield Stores(login(service, provider, f"subject-{uuid4()}"), backend, postgres_server.dsn, clickhouse_server)
    backend.status, backend.shut, backend.shut_for_deletes = 200, False, False


@contextmanager
def paused(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def row_locked(stores: Stores) -> Iterator[None]:
    """Hold the user's row as another session would."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(stores.dsn))
    transaction = connection.transaction()
    loop.run_until_complete(transaction.start())
    loop.run_until_complete(connection.execute("SELECT FROM users WHERE id = $1 FOR UPDATE", stores.user_id))
    try:
        yield
    finally:
        loop.run_until_complete(transaction.rollback())
        loop.run_until_complete(connection.close())
        loop.close()


class SlowLog:
    """The log of operations, whose list of what is left comes late: another operation begins meanwhile."""

    def __init__(self) -> None:
        self.asked, self.begun = asyncio.Event(), asyncio.Event()
        self.rows: list[dict[str, Any]] = []
        self.failed: list[UUID] = []

    async def unfinished(self, running: list[UUID]) -> list[dict[str, Any]]:
        self.asked.set()
        await self.begun.wait()
        return [row for row in self.rows if row["id"] not in running]

    async def living(self, _user_id: UUID, _key: str) -> None:
        return None

    async def begin(self, operation_id: UUID, _user_id: UUID, _key: str, _change: dict[str, Any]) -> None:
        self.rows.append({"id": operation_id, "state": "pending", "step": "profile"})
        self.begun.set()

    async def get(self, _operation_id: UUID) -> None:
        # Whoever carries it out is held up here, and it lives as long.
        await asyncio.Event().wait()

    async def fail(self, operation_id: UUID, _error: str) -> None:
        self.failed.append(operation_id)


def test_recovery_leaves_alone_what_begins_while_it_waits_for_its_list() -> None:
    async def scenario() -> list[UUID]:
        slow: Any = SlowLog()
        coordinator = Coordinator(slow, slow, slow, 1.0)
        recovering = asyncio.create_task(coordinator.recover())
        await slow.asked.wait()
        running = asyncio.create_task(coordinator.run(uuid4(), "key", {}))
        await slow.begun.wait()
        # Everything that is ready happens, in whichever order.
        for _ in range(10):
            await asyncio.sleep(0)
        recovering.cancel()
        await asyncio.gather(recovering, return_exceptions=True)
        await coordinator.stop()
        await asyncio.gather(running, return_exceptions=True)
        return list(slow.failed)

    assert asyncio.run(scenario()) == []


def test_one_replica_that_is_away_or_silent_is_not_the_whole_backend(backend: Workspaces) -> None:
    operation = {"id": uuid4(), "user_id": uuid4(), "workspace_id": uuid4(), "change": {"workspace": {"name": "Lab"}}}
    living = str(operation["workspace_id"])

    async def scenario(silent: str) -> None:
        step = WorkspaceStep(["http://127.0.0.1:1", backend.url], "token", 5)
        await step.do(operation)
        assert backend.living.pop(living) == "Lab"
        await step.close()
        step = WorkspaceStep([silent, backend.url], "token", 5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await step.do(operation)
        await step.do(operation)
        assert backend.living.pop(living) == "Lab"
        await step.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(scenario(f"http://127.0.0.1:{listener.getsockname()[1]}"))


@contextmanager
def asked(stores: Stores, key: str, **body: Any) -> Iterator[Future[httpx.Response]]:
    """Ask for the operation in the background."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(stores.user.change, key, **body)


def blocked(stores: Stores) -> bool:
    """Whether the service waits for a lock in the auth database."""
    return bool(stores.fetch("SELECT FROM pg_stat_activity WHERE application_name = 'auth' AND wait_event_type = 'Lock'"))


def reached(stores: Stores, step: str) -> bool:
    return bool(
        stores.fetch("SELECT FROM operations WHERE user_id = $1 AND step = $2 AND state = 'pending'", stores.user_id, step)
    )


def test_changes_all_three(stores: Stores) -> None:
    answer = stores.user.change("k", display_name="New", timezone="Europe/Berlin")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["state"], body["profile"]) == ("committed", {"display_name": "New", "timezone": "Europe/Berlin"})
    assert stores.seen() == ("New", {body["workspace"]["id"]}, 1)
    assert stores.user.change("k", display_name="New", timezone="Europe/Berlin").json() == body
    assert stores.seen() == ("New", {body["workspace"]["id"]}, 1)
    state = stores.user.browser.get(f"/auth/operations/{body['operation_id']}", headers=stores.user.bearer).json()
    assert state == {"operation_id": body["operation_id"], "state": "committed", "failed_step": None}


def test_shows_an_operation_to_its_own_user_only(stores: Stores, service: AuthService, provider: OpenIdProvider) -> None:
    operation = stores.user.change("k").json()["operation_id"]
    other = login(service, provider, f"subject-{uuid4()}")
    assert other.browser.get(f"/auth/operations/{operation}", headers=other.bearer).status_code == 404
    assert other.browser.get("/auth/operations/x", headers=other.bearer).status_code == 404


def test_rolls_back_when_the_backend_refuses_and_succeeds_when_repeated(stores: Stores) -> None:
    before = stores.seen()
    stores.backend.status = 500
    answer = stores.user.change("k", display_name="New")
    assert answer.status_code == 503
    assert (answer.json()["state"], answer.json()["failed_step"]) == ("rolled_back", "workspace")
    assert stores.seen() == before
    stores.backend.status = 200
    again = stores.user.change("k", display_name="New").json()
    assert again["operation_id"] != answer.json()["operation_id"]
    assert stores.seen() == ("New", {again["workspace"]["id"]}, 1)


def test_is_not_fooled_by_a_workspace_that_comes_late(stores: Stores) -> None:
    before = stores.seen()
    stores.backend.shut = True
    assert stores.user.change("k", display_name="New").json()["error"] == "operation_failed"
    assert stores.settled() == ["rolled_back"]
    stores.backend.late.clear()
    stores.backend.shut = False
    until(lambda: bool(stores.backend.late), "the workspace that comes late")
    assert stores.seen() == before


def test_is_not_fooled_by_an_event_that_comes_late(stores: Stores) -> None:
    stores.user.change("first")
    before = stores.seen()
    with paused(stores.clickhouse.pid):
        answer = stores.user.change("k", display_name="New")
        assert (answer.status_code, answer.json()["state"], answer.json()["failed_step"]) == (503, "rolling_back", "event")
        until(lambda: "rolling_back" in stores.states())
    assert stores.settled() == ["committed", "rolled_back"]
    assert stores.seen() == before
    assert stores.user.change("k", display_name="New").status_code == 200
    assert (stores.seen()[0], stores.seen()[2]) == ("New", 2)


def test_waits_for_nobody_longer_than_a_step(stores: Stores) -> None:
    with row_locked(stores):  # for as long as it takes to be answered
        answer = stores.user.change("k", display_name="New")
        assert (answer.status_code, answer.json()["error"]) == (409, "operation_in_progress")
    assert stores.settled() == ["rolled_back"]


@pytest.mark.parametrize("step", ["profile", "workspace", "event"])
def test_recovers_after_being_killed(stores: Stores, service: AuthService, step: str) -> None:
    stores.user.change("first")
    before = stores.seen()
    hold = {
        "profile": lambda: row_locked(stores),
        "workspace": lambda: gate(stores.backend),
        "event": lambda: paused(stores.clickhouse.pid),
    }
    with asked_while(stores, hold[step]()) as answer:
        until(lambda: blocked(stores) if step == "profile" else reached(stores, step))
        service.end(signal.SIGKILL)
        assert isinstance(answer.exception(5), httpx.TransportError)
    service.start()
    assert stores.settled() == ["committed", "rolled_back"]
    assert stores.seen() == before
    assert stores.user.change("k", display_name="New").status_code == 200
    assert (stores.seen()[0], stores.seen()[2]) == ("New", 2)


@contextmanager
def gate(backend: Workspaces) -> Iterator[None]:
    backend.shut = True
    try:
        yield
    finally:
        backend.shut = False


@contextmanager
def asked_while(stores: Stores, hold: Any) -> Iterator[Future[httpx.Response]]:
    # The step time limit must not end the operation before the test does.
    stores.user.service.end()
    stores.user.service.start(OPERATION_STEP_TIMEOUT="5")
    try:
        with hold, asked(stores, "k", display_name="New") as answer:
            yield answer
    finally:
        stores.user.service.environment["OPERATION_STEP_TIMEOUT"] = STEP_SECONDS


def test_makes_the_table_of_events_again_where_it_vanished(stores: Stores) -> None:
    assert stores.user.change("before", display_name="Old").status_code == 200
    stores.ask_clickhouse("DROP TABLE events.profile_events SYNC").raise_for_status()
    answer = stores.user.change("k", display_name="New")
    assert (answer.json()["state"], answer.json()["failed_step"]) == ("rolled_back", "event")
    assert stores.seen()[0] == "Old"
    assert stores.user.change("k", display_name="New").status_code == 200
    assert (stores.seen()[0], len(stores.events())) == ("New", 1)


def test_goes_on_undoing_until_it_is_done(stores: Stores) -> None:
    before = stores.seen()
    stores.backend.status, stores.backend.shut_for_deletes = 500, True
    assert stores.user.change("k", display_name="New").json()["state"] == "rolling_back"
    assert stores.user.change("other").json()["error"] == "operation_in_progress"
    stores.backend.status, stores.backend.shut_for_deletes = 200, False
    assert stores.settled() == ["rolled_back"]
    assert stores.seen() == before


def test_rolls_back_when_its_session_is_terminated(stores: Stores) -> None:
    before = stores.seen()
    with asked_while(stores, row_locked(stores)) as answer:
        until(lambda: blocked(stores))
        stores.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'auth' AND wait_event_type = 'Lock'"
        )
        body = answer.result(5)
    assert (body.status_code, body.json()["state"]) == (503, "rolled_back")
    assert stores.seen() == before


def test_serves_one_operation_of_a_user_after_the_other(stores: Stores) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: stores.user.change(f"k{n}", display_name=f"Name {n}"), range(6)))
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    stores.settled()
    name, own, events = stores.seen()
    assert own == {body["workspace"]["id"] for body in good}
    assert events == len(good)
    assert name in {body["profile"]["display_name"] for body in good}


def test_gives_twins_with_one_key_one_result(stores: Stores) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: stores.user.change("k", display_name="New"), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["operation_id"] for answer in answers}) == 1
    assert stores.seen()[2] == 1


@pytest.mark.parametrize(
    ("key", "body", "status", "code"),
    [
        ("", {}, 400, "idempotency_key_missing"),
        ("k" * 201, {}, 400, "idempotency_key_missing"),
        ("k", {"workspace": {}}, 400, "bad_request"),
        ("k", {"workspace": {"name": "  "}}, 400, "bad_request"),
        ("k", {"timezone": "Mars/Olympus"}, 400, "bad_request"),
        ("k", {"timezone": "../../etc/passwd"}, 400, "bad_request"),
        ("k", {"display_name": "x" * 81}, 400, "bad_request"),
        ("k", {"email": "x@example.org"}, 400, "bad_request"),
        ("k", {"display_name": "x" * 20000}, 413, "too_large"),
    ],
)
def test_refuses_what_makes_no_sense(stores: Stores, key: str, body: dict[str, Any], status: int, code: str) -> None:
    answer = stores.user.change(key, **body)
    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_refuses_a_key_that_belongs_to_another_change(stores: Stores) -> None:
    assert stores.user.change("k", display_name="A").status_code == 200
    assert stores.user.change("k", display_name="B").json()["error"] == "idempotency_key_reused"


def test_needs_no_clickhouse_for_anything_else(provider: OpenIdProvider, auth_stores: dict[str, str], tmp_path: Path) -> None:
    settings = {**auth_stores, "CLICKHOUSE_URL": "http://127.0.0.1:1", "REDIS_URL": "redis://127.0.0.1:1/0"}
    with auth_service(tmp_path, provider, **settings, SERVICE_NAME="auth-2") as service:
        user = login(service, provider)
        assert user.refresh().status_code == 200
        answer = user.change("k")
        assert (answer.status_code, answer.json()["state"], answer.json()["failed_step"]) == (503, "rolled_back", "workspace")
        assert user.browser.post("/auth/logout", headers=user.bearer).status_code == 204
