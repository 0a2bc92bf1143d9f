"""The parts of ClickHouse's HTTP interface, by themselves: statements, errors, sessions, configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clickhouse_http.configuration import ConfigurationError, read_configuration
from clickhouse_http.errors import ClickHouseError, error_of
from clickhouse_http.sessions import Sessions, session_seconds
from clickhouse_http.statements import read_statement

FORMATS = {"JSON", "Native", "CSV", "TabSeparated", "Null"}
USERS = '<a><users><u><password from_env="NO_SUCH_VARIABLE"/></u></users></a>'


@pytest.mark.parametrize(
    ("body", "text", "data"),
    [
        (b"INSERT INTO t FORMAT CSV\n1,2\n", b"INSERT INTO t FORMAT CSV", b"1,2\n"),
        (b"INSERT INTO t FORMAT CSV 1,2", b"INSERT INTO t FORMAT CSV", b"1,2"),
        (b"insert into format format CSV\r\n\n1", b"insert into format format CSV", b"\n1"),
        (b"INSERT INTO a.format (format) FORMAT Native\n\0;\n\n", b"INSERT INTO a.format (format) FORMAT Native", b"\0;\n\n"),
        (b"INSERT INTO t /* FORMAT x */ FORMAT CSV", b"INSERT INTO t /* FORMAT x */ FORMAT CSV", b""),
        (b"INSERT INTO t VALUES ('FORMAT CSV 1');", b"INSERT INTO t VALUES ('FORMAT CSV 1')", None),
        (b"INSERT INTO t SELECT 1 AS format FORMAT CSV", b"INSERT INTO t SELECT 1 AS format FORMAT CSV", None),
        (b"SELECT ';' AS x; -- the end ; \n ;", b"SELECT ';' AS x", None),
        (b"SELECT $a$;$a$, `;`, \";\", 'it\\'s;' /* ; */ # ;\n", None, None),
    ],
)
def test_statements_are_taken_apart(body: bytes, text: bytes | None, data: bytes | None) -> None:
    found = read_statement(body, FORMATS)
    assert (found.text, found.data) == (body if text is None else text, data)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"SELECT 1; SELECT 2", "SYNTAX_ERROR"),
        (b"INSERT INTO t VALUES (1); DROP TABLE t", "SYNTAX_ERROR"),
        (b"INSERT INTO t SELECT a FROM input('a Int8') FORMAT CSV\n1", "NOT_IMPLEMENTED"),
        (b"SELECT 1 INTO /* */ OUTFILE 'x'", "INTO_OUTFILE_NOT_ALLOWED"),
    ],
)
def test_what_is_no_single_statement_is_refused(body: bytes, name: str) -> None:
    with pytest.raises(ClickHouseError) as caught:
        read_statement(body, FORMATS)
    assert caught.value.name == name


def test_errors_of_the_engine_are_read() -> None:
    error = error_of("Code: 60. DB::Exception: Table (a) is gone. (UNKNOWN_TABLE)")
    assert (error.code, error.name, error.text, error.status) == (60, "UNKNOWN_TABLE", "Table (a) is gone.", 404)
    assert error.told("1.2") == "Code: 60. DB::Exception: Table (a) is gone. (UNKNOWN_TABLE) (version 1.2)\n"
    assert error_of("what").name == "UNKNOWN_EXCEPTION"


@pytest.mark.parametrize(
    ("config", "users", "words"),
    [
        ("<a", USERS, "is no XML"),
        ("<a><http_port>x</http_port></a>", USERS, "invalid literal"),
        ("<a/>", "<a><users><u/></users></a>", "neither a password"),
        ("<a/>", "<a><users><u><password>x</password><profile>p</profile></u></users></a>", "which is not described"),
        ("<a/>", USERS, "no variable NO_SUCH_VARIABLE"),
    ],
)
def test_bad_configurations_are_told(tmp_path: Path, config: str, users: str, words: str) -> None:
    (tmp_path / "config.xml").write_text(config)
    (tmp_path / "users.xml").write_text(users)
    with pytest.raises(ConfigurationError, match=words):
        read_configuration(tmp_path / "config.xml")
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_configuration(tmp_path / "missing.xml")


def test_sessions_end_when_nobody_takes_them() -> None:
    closed = []
    now = 100.0

    class Connection:
        def close(self) -> None:
            closed.append(self)

    sessions = Sessions(lambda: now)
    made: Any = Connection()
    assert sessions.take("chat", "s", lambda: made, must_exist=False) is made
    now = 1000.0
    sessions.drop_ended()
    assert not closed, "it was taken"
    sessions.give_back("chat", "s", 60)
    now = 1059.0
    assert sessions.take("chat", "s", lambda: None, must_exist=True) is made
    sessions.give_back("chat", "s", 60)
    with pytest.raises(ClickHouseError, match="not found"):
        sessions.take("other", "s", lambda: made, must_exist=True)
    now = 1119.0
    sessions.drop_ended()
    assert closed == [made]
    assert (session_seconds(""), session_seconds("5")) == (60, 5)
