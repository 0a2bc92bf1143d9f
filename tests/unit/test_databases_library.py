"""The library `Databases` in a run of Robot Framework: what it keeps out of the output by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from assertionengine import AssertionOperator
from robot import run
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure
from realstack.databases.errors import StatementRefused
from realstack.databases.library import Databases
from support import servers

SUITE = """*** Settings ***
Library    realstack.Databases

*** Test Cases ***
Nobody Is There
    ${text}    Run Keyword And Expect Error    *    Open Postgres Session    db    postgresql://ann:plainword@127.0.0.1:1/db
    Log    postgresql://ann:plainword@127.0.0.1:1/db
    VAR    ${dsn}    host=127.0.0.1 password=longer-than-a-word
    Run Keyword And Ignore Error    Open Redis Session    r    redis://:longer-than-a-word@127.0.0.1:1/0
    Log    ${dsn}
    Should Contain    ${text}    an answer of the PostgreSQL server of 'db'

Somebody Is Wrong
    Fail    postgresql://ann:plainword@127.0.0.1:1/db
"""


def test_passwords_in_urls_are_hidden_from_the_output(tmp_path: Path) -> None:
    suite = tmp_path / "hidden.robot"
    suite.write_text(SUITE)
    failed = run(str(suite), outputdir=str(tmp_path), loglevel="TRACE", console="none", report=None)
    output = (tmp_path / "output.xml").read_text()
    assert failed == 1
    assert "ann:&lt;hidden&gt;@127.0.0.1:1/db" in output
    assert "plainword" not in output
    # What is known by then is hidden in any text.
    assert ">host=127.0.0.1 password=&lt;hidden&gt;</msg>" in output
    assert "plainword" not in (tmp_path / "log.html").read_text()


@pytest.fixture
def redis_library(redis_server: servers.Redis) -> Iterator[Databases]:
    """The library with a session of Redis."""
    db = Databases()
    db.open_redis_session("cache", redis_server.url)
    yield db
    db.close()


def test_secret_fields_of_a_value_are_not_shown(
    redis_library: Databases, postgres_server: servers.Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    """Of hashes, entries and JSON: in the log, in failures, and in what is handed over."""
    db = redis_library
    secret = "not-for-anybody"
    db.execute_redis_command("HSET", "person", "name", "ann", "password", secret)
    db.execute_redis_command("XADD", "events", "*", "token", secret)
    db.open_postgres_session("db", postgres_server.dsn)
    with caplog.at_level("INFO"):
        for look in (
            lambda *asserted: db.get_redis_value("person", *asserted)["password"],
            lambda *asserted: db.get_redis_value("events", *asserted)[0]["fields"]["token"],
            lambda *asserted: db.get_value("SELECT $1::jsonb AS x", *asserted, parameters=f'{{"token": "{secret}"}}')["token"],
            lambda *asserted: db.get_column("SELECT $1::jsonb AS x", *asserted, parameters=f'{{"token": "{secret}"}}')[0][
                "token"
            ],
        ):
            found = look()
            assert isinstance(found, Secret)
            assert found.value == secret
            with pytest.raises(StackFailure) as caught:
                look(AssertionOperator["=="], "something else")
            assert secret not in str(caught.value)
        assert db.execute_redis_command("HGETALL", "person")["password"].value == secret
    assert secret not in caplog.text


def test_published_secrets_are_not_shown_and_texts_are_sought_as_they_were_published(redis_library: Databases) -> None:
    db = redis_library
    db.start_redis_listener("ear", "told")
    published = '{"user":"ann","token":"not-for-anybody","n":1.10000000000000000001}'
    db.execute_redis_command("PUBLISH", "told", published)
    found = db.wait_for_redis_message("ear", containing='"user":"ann","token"')
    assert found["token"].value == "not-for-anybody"
    assert str(found["n"]) == "1.10000000000000000001"
    with pytest.raises(StackFailure) as caught:
        db.get_redis_messages("ear", AssertionOperator["=="], "something else")
    assert "not-for-anybody" not in str(caught.value)


@pytest.mark.parametrize("command", [("",), ("  ", "x"), ("client  reply", "off")])
def test_what_a_server_has_no_answer_to_is_refused_at_once(redis_library: Databases, command: tuple[str, ...]) -> None:
    with pytest.raises(StackError, match="a command"):
        redis_library.execute_redis_command(*command)
    assert redis_library.execute_redis_command("object  encoding", "nothing") is None


def test_a_secret_parameter_is_in_no_error(postgres_server: servers.Postgres, clickhouse_server: servers.ClickHouse) -> None:
    """What a server says may quote parameters: of RAISE, of a name that there is not, of a wrong value."""
    secret = Secret("the-word-of-a-parameter")
    db = Databases()
    try:
        db.open_postgres_session("db", postgres_server.dsn)
        account = {"user": clickhouse_server.user, "password": Secret(clickhouse_server.password)}
        db.open_clickhouse_session("events", clickhouse_server.url, **account)
        asked: list[Callable[[], Any]] = [
            lambda: db.get_value("SELECT $1::text::regclass AS x", parameters=secret),
            lambda: db.query("SELECT set_config('timezone', $1, false) AS x", parameters=[secret]),
            lambda: db.execute("SELECT x::regclass FROM unnest($1::text[]) AS x", parameters=[[secret]]),
            lambda: db.get_row_count("SELECT $1::text::regclass AS x", parameters=secret),
            lambda: db.hold_lock("odd", rows="SELECT $1::text::regclass AS x FOR UPDATE", parameters=secret),
            lambda: db.take_snapshot("odd", tables="db:SELECT $1::text::regclass AS x", parameters=secret),
            lambda: db.get_value("SELECT toInt8($1) AS x", parameters=secret, alias="events"),
        ]
        for ask in asked:
            with pytest.raises(StatementRefused) as caught:
                ask()
            assert secret.value not in str(caught.value)
        assert db.get_column("SELECT unnest($1::text[]) AS x", parameters=[[secret, "x"]], alias="db") == [secret.value, "x"]
    finally:
        db.close()


def test_rows_of_a_snapshot_are_told_apart_by_columns_that_do(postgres_server: servers.Postgres) -> None:
    """Of columns that do not, and of a label that nothing has, a difference told what had not changed, or nothing."""
    db = Databases()
    try:
        db.open_postgres_session("db", postgres_server.dsn)
        db.execute('CREATE TABLE "chat messages-ü" (id int PRIMARY KEY, name text)')
        db.execute("INSERT INTO \"chat messages-ü\" VALUES (1, 'x'), (2, 'x')")
        spec = 'db:public."chat messages-ü"'
        assert db.take_snapshot("before", tables=spec) == 2
        assert list(db.get_snapshot("before")[spec]) == ["1", "2"]
        assert db.take_snapshot("some", tables=f"{spec} WHERE id = 1") == 1
        assert db.hold_lock("held", table='"chat messages-ü"') == 1
        db.release_lock("held")
        for columns, told in (({"all": "name"}, "to tell its rows apart"), ({"al": "id"}, "those of al")):
            with pytest.raises(StackError, match=told):
                db.take_snapshot("odd", tables={"all": spec}, key_columns=columns)
        for name in ("chat messages", '"a', "a.b.c", '""', "1a", "a;b"):
            with pytest.raises(StackError, match="a table's name"):
                db.take_snapshot("odd", tables={"odd": f"db:{name}"})
    finally:
        db.execute('DROP TABLE IF EXISTS "chat messages-ü"')
        db.close()
