"""PostgreSQL: sessions, parameters, transactions, locks, activities."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psutil
import pytest

from realstack.core.errors import InvalidRun, StackError
from realstack.core.waiting import Deadline
from realstack.databases import activity
from realstack.databases.activity import Filter
from realstack.databases.errors import SessionLost, StatementRefused, StoreUnreachable
from realstack.databases.locks import HeldLock
from realstack.databases.masking import Masking
from realstack.databases.postgres import PostgresSession, PostgresTarget
from support import servers

RUN = "realstack-test"
Work = Callable[[PostgresSession], Awaitable[None]]


def session(server: servers.Postgres, name: str = RUN, **options: Any) -> PostgresSession:
    return PostgresSession("db", PostgresTarget(server.dsn), name, **{"statement_timeout": 5, "masking": Masking(), **options})


@asynccontextmanager
async def opened(server: servers.Postgres, name: str = RUN, **options: Any) -> AsyncIterator[PostgresSession]:
    one = session(server, name, **options)
    await one.open()
    try:
        yield one
    finally:
        await one.close()


def run(server: servers.Postgres, work: Work, **options: Any) -> None:
    async def with_session() -> None:
        async with opened(server, **options) as one:
            await work(one)

    asyncio.run(with_session())


@pytest.fixture
def table(postgres_server: servers.Postgres) -> str:
    name = f"t_{uuid.uuid4().hex}"

    async def make(one: PostgresSession) -> None:
        await one.execute(f"CREATE TABLE {name} (id int PRIMARY KEY, name text, token_hash text UNIQUE)")
        await one.execute(f"INSERT INTO {name} VALUES (1, 'one', 'h1'), (2, 'two', 'h2')")

    run(postgres_server, make)
    return name


@pytest.mark.parametrize(
    ("sql", "seen"),
    [
        ("1::bigint", 1),
        ("sum(2)", 2),
        ("1.5::numeric", Decimal("1.5")),
        ("'00000000-0000-0000-0000-000000000001'::uuid", "00000000-0000-0000-0000-000000000001"),
        ("'{\"a\": [1]}'::jsonb", {"a": [1]}),
        ("'null'::json", None),
        ("ARRAY[1, 2]", [1, 2]),
        ("ARRAY['00000000-0000-0000-0000-000000000001'::uuid]", ["00000000-0000-0000-0000-000000000001"]),
        ("timestamptz '2030-01-31 12:00+02'", datetime(2030, 1, 31, 10, tzinfo=UTC)),
        ("'10.0.0.1'::inet", "10.0.0.1"),
        ("ROW(1, 'x')", [1, "x"]),
        ("NULL::int", None),
        ("'\\x00ff'::bytea", b"\x00\xff"),
    ],
)
def test_values_come_plain(postgres_server: servers.Postgres, sql: str, seen: Any) -> None:
    async def work(one: PostgresSession) -> None:
        assert (await one.fetch(f"SELECT {sql} AS x")).records == [{"x": seen}]

    run(postgres_server, work)


@pytest.mark.parametrize(
    ("kind", "given", "seen"),
    [
        ("int", "5", 5),
        ("text", 5, "5"),
        ("numeric", "1.5", Decimal("1.5")),
        ("bool", "true", True),
        ("uuid", "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001"),
        ("jsonb", '{"a": 1}', {"a": 1}),
        ("jsonb", {"a": 1}, {"a": 1}),
        ("timestamptz", "2030-01-31T12:00:00Z", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        ("int[]", ["1", 2], [1, 2]),
        ("text[]", ["a", "b"], ["a", "b"]),
        ("bytea", "00ff", b"\x00\xff"),
        ("text", "'; DROP TABLE users; --", "'; DROP TABLE users; --"),
    ],
)
def test_parameters_are_read_by_type(postgres_server: servers.Postgres, kind: str, given: Any, seen: Any) -> None:
    async def work(one: PostgresSession) -> None:
        assert (await one.fetch(f"SELECT $1::{kind} AS x", [given])).records == [{"x": seen}]

    run(postgres_server, work)


@pytest.mark.parametrize("kind", ["int", "uuid", "timestamptz", "bool", "numeric", "jsonb", "int[]"])
def test_wrong_parameters_are_refused_without_their_value(postgres_server: servers.Postgres, kind: str) -> None:
    async def work(one: PostgresSession) -> None:
        with pytest.raises(StackError) as caught:
            await one.fetch(f"SELECT $1::{kind} AS x", ["s3cret value"])
        assert "s3cret" not in str(caught.value)

    run(postgres_server, work)


def test_naive_times_are_refused(postgres_server: servers.Postgres) -> None:
    async def work(one: PostgresSession) -> None:
        with pytest.raises(StackError, match=r"parameter \$1 to be timestamptz"):
            await one.fetch("SELECT $1::timestamptz AS x", ["2030-01-31T12:00:00"])

    run(postgres_server, work)


def test_secret_is_taken_out_of_a_violation(postgres_server: servers.Postgres, table: str) -> None:
    async def work(one: PostgresSession) -> None:
        with pytest.raises(StatementRefused, match=r"Key \(token_hash\)=\(<hidden>\) already exists") as caught:
            await one.execute(f"INSERT INTO {table} VALUES ($1, $2, $3)", ["3", "x", "h1"])
        assert caught.value.code == "23505"

    run(postgres_server, work)


def test_values_of_a_row_that_breaks_a_rule_are_not_told(postgres_server: servers.Postgres) -> None:
    """A detail names no column of them, and may be in any language."""

    async def work(one: PostgresSession) -> None:
        await one.execute("CREATE TEMP TABLE rows (n int CHECK (n > 0), password text, name text NOT NULL)")
        await one.execute("CREATE UNIQUE INDEX ON rows (lower(password), name)")
        await one.execute("CREATE TEMP VIEW few AS SELECT * FROM rows WHERE n < 5 WITH CHECK OPTION")
        await one.execute("INSERT INTO rows VALUES (1, 's3cret', 'x')")
        for into, values in (("rows", [1, "s3cret", None]), ("rows", [0, "s3cret", ")"]), ("few", [9, "s3cret", "y"])):
            with pytest.raises(StatementRefused, match=r"Detail: .*\(<hidden>\)") as caught:
                await one.execute(f"INSERT INTO {into} VALUES ($1, $2, $3)", values)
            assert "s3cret" not in str(caught.value)
        with pytest.raises(StatementRefused, match=r"Key \(lower\(password\), name\)=\(<hidden>\) already exists") as caught:
            await one.execute("INSERT INTO rows VALUES ($1, $2, $3)", ["2", "s3cret", "x"])
        assert "s3cret" not in str(caught.value)

    run(postgres_server, work)


def test_touched_rows_are_counted(postgres_server: servers.Postgres, table: str) -> None:
    async def work(one: PostgresSession) -> None:
        assert await one.execute(f"UPDATE {table} SET name = $1", ["x"]) == 2
        assert await one.execute(f"DELETE FROM {table} WHERE id = 1") == 1
        assert await one.execute("SET work_mem = '4MB'") == 0

    run(postgres_server, work)


def test_password_is_nowhere_in_sight(postgres_server: servers.Postgres) -> None:
    wrong = PostgresTarget(postgres_server.dsn.replace(postgres_server.password, "not-the-password"))
    one = PostgresSession("db", wrong, RUN, statement_timeout=1, masking=Masking())
    with pytest.raises(StatementRefused, match="password authentication failed") as caught:
        asyncio.run(one.open())
    assert "not-the-password" not in f"{caught.value} {wrong!r} {one!r}"


def test_ended_session_connects_again(postgres_server: servers.Postgres) -> None:
    async def work(one: PostgresSession) -> None:
        first = one.pid
        for _ in range(5):
            async with opened(postgres_server) as other:
                await other.fetch("SELECT pg_terminate_backend($1) AS x", [one.pid])
            assert (await one.fetch("SELECT 1 AS x")).records == [{"x": 1}]
        assert one.pid != first

    run(postgres_server, work)


def test_ended_session_does_not_go_on_with_a_transaction(postgres_server: servers.Postgres) -> None:
    async def work(one: PostgresSession) -> None:
        await one.begin()
        async with opened(postgres_server) as other:
            await other.fetch("SELECT pg_terminate_backend($1) AS x", [one.pid])
        with pytest.raises(SessionLost, match="the open transaction"):
            await one.fetch("SELECT 1 AS x")

    run(postgres_server, work)


def test_transactions_need_their_order(postgres_server: servers.Postgres) -> None:
    async def work(one: PostgresSession) -> None:
        with pytest.raises(StackError, match="it is in none"):
            await one.end("COMMIT")
        await one.begin("serializable")
        with pytest.raises(StackError, match="it is in one already"):
            await one.begin()
        with pytest.raises(StatementRefused):
            await one.fetch("SELECT 1/0 AS x")
        with pytest.raises(StackError, match="the server rolled it back"):
            await one.end("COMMIT")
        assert not one.in_transaction

    run(postgres_server, work)


def test_cancelled_statement_leaves_the_session_usable(postgres_server: servers.Postgres) -> None:
    async def work(one: PostgresSession) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(one.fetch("SELECT pg_sleep(5) AS x"), 0.1)
        assert (await one.fetch("SELECT 1 AS x")).records == [{"x": 1}]

    run(postgres_server, work)


def test_paused_server_is_told_in_time() -> None:
    with servers.postgres() as server:

        async def work(one: PostgresSession) -> None:
            main = psutil.Process(server.pid)
            main.suspend()
            others = main.children()  # while it stands still it starts no more of them, such as for a vacuum
            try:
                for process in others:
                    with suppress(psutil.NoSuchProcess):
                        process.suspend()
                deadline = Deadline(5)
                with pytest.raises(StoreUnreachable, match="silence"):
                    await one.fetch("SELECT 1 AS x")
                assert not deadline.passed
            finally:
                for process in (main, *others):
                    with suppress(psutil.NoSuchProcess):
                        process.resume()
            assert (await one.fetch("SELECT 1 AS x")).records == [{"x": 1}]

        run(server, work, statement_timeout=0.3)


def test_closing_does_not_wait_for_a_paused_server() -> None:
    with servers.postgres() as server:

        async def work() -> None:
            one = session(server)
            await one.open()
            backend = psutil.Process(one.pid)
            backend.suspend()
            try:
                deadline = Deadline(4)
                await one.close()
                assert not deadline.passed
            finally:
                backend.resume()

        asyncio.run(work())


def test_blocked_sessions_are_seen_in_order(postgres_server: servers.Postgres, table: str) -> None:
    async def work(one: PostgresSession) -> None:
        lock = HeldLock("l", one, acquire_seconds=2, max_seconds=30)
        assert await lock.take_rows(f"SELECT id FROM {table} WHERE id = $1 FOR UPDATE", ["1"]) == 1
        async with opened(postgres_server, "first") as first, opened(postgres_server, "second") as second:
            update = f"UPDATE {table} SET name = 'x' WHERE id = 1"
            waits = [asyncio.create_task(first.execute(update))]
            await activity.wait_until_blocked(one, {lock.pid}, Filter("first"), run=RUN, count=1, deadline=Deadline(5))
            waits.append(asyncio.create_task(second.execute(update)))
            blocked = await activity.wait_until_blocked(one, {lock.pid}, Filter(), run=RUN, count=2, deadline=Deadline(5))
            assert [each.application_name for each in blocked] == ["first", "second"]
            assert blocked[0].blocked_by == (lock.pid,)
            assert lock.pid not in blocked[1].blocked_by
            assert await lock.release() > 0
            assert await asyncio.gather(*waits) == [1, 1]

    run(postgres_server, work)


def test_own_sessions_never_count_as_blocked_or_ended(postgres_server: servers.Postgres, table: str) -> None:
    async def work(one: PostgresSession) -> None:
        lock = HeldLock("l", one, acquire_seconds=2, max_seconds=30)
        await lock.take_table(table, "access exclusive")
        async with opened(postgres_server) as mine:
            wait = asyncio.create_task(mine.fetch(f"SELECT * FROM {table}"))
            with pytest.raises(InvalidRun, match="INVALID: Expected: 1 session"):
                await activity.wait_until_blocked(one, {lock.pid}, Filter(), run=RUN, count=1, deadline=Deadline(0.2))
            with pytest.raises(InvalidRun, match="sessions to end"):
                await activity.terminate(one, Filter(user="*"), run=RUN, deadline=Deadline(1))
            await lock.drop()
            await wait

    run(postgres_server, work)


@pytest.mark.parametrize(("member", "words"), [("", "sees its own only"), (" IN ROLE pg_monitor", "pg_signal_backend")])
def test_receipt_of_ending_needs_the_right_to_end(postgres_server: servers.Postgres, member: str, words: str) -> None:
    async def work(one: PostgresSession) -> None:
        name = f"weak_{uuid.uuid4().hex[:8]}"
        await one.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'weak-password'{member}")
        target = PostgresTarget(postgres_server.dsn, {"user": name, "password": "weak-password"})
        weak = PostgresSession("weak", target, RUN, statement_timeout=5, masking=Masking())
        await weak.open()
        async with opened(postgres_server, "victim"):
            with pytest.raises(StackError, match=words):
                await activity.terminate(weak, Filter("victim"), run=RUN, deadline=Deadline(1))
        await weak.close()
        await one.execute(f"DROP ROLE {name}")

    run(postgres_server, work)


def test_statements_of_others_are_shown_without_credentials(postgres_server: servers.Postgres) -> None:
    async def work(one: PostgresSession) -> None:
        async with opened(postgres_server, "other", watched=False) as other:
            await other.execute(f"SELECT 'short', '{'x' * 64}', 'eyJhbGciOi.eyJzdWIi.c2ln'")
            (seen,) = await activity.others(one, RUN, Filter("other"))
        assert seen.query == "SELECT 'short', '<hidden>', '<hidden>'"

    run(postgres_server, work)
