"""ClickHouse's engine behind its HTTP interface, asked over real HTTP: what the server would say, it says."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx
import lz4.frame
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

from support import servers
from support.waiting import until

PASSWORD = "p/ä+ß: w"
CONFIG = """<clickhouse>
  <listen_host>127.0.0.1</listen_host><http_port>{port}</http_port><path>data/</path><timezone>{timezone}</timezone>
</clickhouse>
"""
USERS = f"""<clickhouse>
  <profiles><default/><reading><readonly>1</readonly><max_threads>1</max_threads></reading></profiles>
  <users>
    <default remove="remove"/>
    <chat><password>{PASSWORD}</password><networks><ip>::/0</ip></networks></chat>
    <reader><password from_env="READER"/><networks><ip>127.0.0.1</ip></networks><profile>reading</profile></reader>
    <elsewhere><password>{PASSWORD}</password><networks><ip>10.0.0.0/8</ip></networks></elsewhere>
  </users>
</clickhouse>
"""


class Server:
    """One process of the service, over a folder that outlives it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "config.xml").write_text(CONFIG.format(port=self.port, timezone="UTC").replace("data/", str(folder / "data")))
        (folder / "users.xml").write_text(USERS)

    def start(self) -> None:
        sources = [str(servers.SOURCES / "common"), str(servers.SOURCES / "stores")]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "clickhouse_http", f"--config-file={self.folder / 'config.xml'}"],
            cwd=self.folder,
            env={"PYTHONPATH": ":".join(sources), "PATH": "/usr/bin:/bin", "READER": PASSWORD},
            stdout=(self.folder / "log").open("ab"),
            stderr=subprocess.STDOUT,
        )
        until(self.answers, "an answer to /ping", 30)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/ping", trust_env=False).text == "Ok.\n"
        except httpx.TransportError:
            return False

    def end(self, sign: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(sign)
        return self.process.wait(30)

    def ask(
        self, statement: str | bytes, *, method: str = "POST", headers: dict[str, str | bytes] | None = None, **query: Any
    ) -> httpx.Response:
        account = {"X-ClickHouse-User": "chat", "X-ClickHouse-Key": PASSWORD.encode()}
        sent = [
            (name.encode(), value if isinstance(value, bytes) else value.encode())
            for name, value in (account if headers is None else headers).items()
        ]
        with httpx.Client(trust_env=False, timeout=30) as client:
            return client.request(method, self.url, content=statement, params=query, headers=sent)

    @contextmanager
    def client(self, user: str = "chat", **options: Any) -> Iterator[Client]:
        client = clickhouse_connect.get_client(
            host="127.0.0.1", port=self.port, username=user, password=PASSWORD, autogenerate_session_id=False, **options
        )
        try:
            yield client
        finally:
            client.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("clickhouse"))
    server.start()
    yield server
    server.end(signal.SIGTERM)


@pytest.fixture
def table(server: Server) -> Iterator[str]:
    server.ask("CREATE TABLE rows (a Int64, b String) ENGINE = MergeTree ORDER BY a").raise_for_status()
    yield "rows"
    server.ask("DROP TABLE rows SYNC").raise_for_status()


def refused(answer: httpx.Response) -> tuple[int, str | None]:
    """Status and number of a refusal, whose text must tell the same number."""
    code = answer.headers.get("X-ClickHouse-Exception-Code")
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert "(version " in answer.text
    return answer.status_code, code


# Requests and answers


def test_answers_as_the_server_does(server: Server) -> None:
    answer = server.ask("SELECT 1 AS one, 'a\tb' AS two", query_id="mine")
    assert answer.text == "1\ta\\tb\n"
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"
    assert answer.headers["X-ClickHouse-Format"] == "TabSeparated"
    assert answer.headers["X-ClickHouse-Timezone"] == "UTC"
    assert int(json.loads(answer.headers["X-ClickHouse-Summary"])["read_rows"]) == 1
    assert server.ask("", method="GET", headers={}).text == "Ok.\n"
    assert server.ask("SELECT timezone()").text == "UTC\n"


@pytest.mark.parametrize(
    ("statement", "query", "named"),
    [
        ("SELECT 1 AS x FORMAT JSON", {}, "JSON"),
        ("SELECT 1 AS x", {"default_format": "JSONEachRow"}, "JSONEachRow"),
        ("SELECT 1 AS x FORMAT CSV SETTINGS max_threads = 1", {"default_format": "JSON"}, "CSV"),
        ("SELECT 'FORMAT JSON' AS format -- FORMAT CSV\nORDER BY format DESC", {}, "TabSeparated"),
    ],
)
def test_formats_are_told(server: Server, statement: str, query: dict[str, str], named: str) -> None:
    answer = server.ask(statement, **query)
    assert (answer.status_code, answer.headers["X-ClickHouse-Format"]) == (200, named), answer.text


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("selec", 400, "62"),
        ("SELECT 1; SELECT 2", 400, "62"),
        ("SELECT * FROM nothing", 404, "60"),
        ("SELECT * FROM nowhere.nothing", 404, "81"),
        ("SELECT nothing", 404, "47"),
        ("SELECT no_such_function()", 404, "46"),
        ("SELECT 1 FORMAT Nothing", 404, "73"),
        ("SELECT throwIf(1, 'thrown')", 500, "395"),
        (b"SELECT throwIf(1, '\xff')", 500, "395"),
        ("SELECT sleep(3) SETTINGS max_execution_time = 0.1", 408, "159"),
        ("SELECT 1 INTO OUTFILE 'here'", 500, "144"),
        ("INSERT INTO rows FROM INFILE '/etc/passwd' FORMAT CSV", 404, "78"),
        ("CREATE USER somebody IDENTIFIED BY 'x'", 403, "497"),
        ("", 400, "62"),
    ],
)
def test_refuses_as_the_server_does(server: Server, statement: str | bytes, status: int, code: str) -> None:
    assert refused(server.ask(statement)) == (status, code)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"database": "nowhere"}, 404, "81"),
        ({"no_such_setting": "1"}, 404, "115"),
        ({"max_threads": "many"}, 400, "27"),
        ({"max_threads=1, readonly": "1"}, 404, "115"),
        ({"session_id": "new", "session_check": "1"}, 500, "372"),
        ({"session_id": "new", "session_timeout": "99999"}, 500, "374"),
        ({"compress": "1"}, 501, "48"),
    ],
)
def test_refuses_what_a_request_asks(server: Server, query: dict[str, str], status: int, code: str) -> None:
    assert refused(server.ask("SELECT 1", **query)) == (status, code)


def test_values_are_bound_and_never_read_as_sql(server: Server) -> None:
    answer = server.ask("SELECT {x:Int64} - {y:Int64}, {t:String}", param_x="5", param_y="-3", param_t="'; DROP --\\n")
    assert answer.text == "8\t\\'; DROP --\\n\n"
    assert server.ask("SELECT hex({t:String})", param_t="\\xff\\0").text == "FF00\n"
    assert refused(server.ask("SELECT {x:Int64}"))[1] == "456"


def test_get_reads_only(server: Server, table: str) -> None:
    assert server.ask("", method="GET", query="SELECT 7").text == "7\n"
    write = f"INSERT INTO {table} VALUES (1, 'x')"
    assert refused(server.ask("", method="GET", query=write))[1] == "164"
    assert refused(server.ask("", method="GET", query=write, session_id="get"))[1] == "164"
    assert server.ask(f"SELECT count() FROM {table}").text == "0\n"


# Data


@pytest.mark.parametrize("split", [True, False])
def test_data_are_never_statements(server: Server, table: str, split: bool) -> None:
    data = '{"a": 1, "b": "x;\\ny"}\n\n{"a": 2, "b": "\\n\\n; DROP TABLE rows"}\n'
    statement = f"INSERT INTO {table} SETTINGS async_insert = 0 FORMAT JSONEachRow"
    answer = server.ask(data, query=statement) if split else server.ask(f"{statement}\n{data}")
    assert answer.status_code == 200, answer.text
    assert (
        server.ask(f"SELECT b FROM {table} ORDER BY a FORMAT JSONCompactEachRow").text
        == '["x;\\ny"]\n["\\n\\n; DROP TABLE rows"]\n'
    )


def test_binary_data_come_through(server: Server, table: str) -> None:
    rows = b"".join(number.to_bytes(8, "little") + b"\x03\n\n;" for number in (1, 10, 2570))
    server.ask(f"INSERT INTO {table} FORMAT RowBinary\n".encode() + rows).raise_for_status()
    assert server.ask(f"SELECT * FROM {table} ORDER BY a FORMAT RowBinary").content == rows


def test_values_in_the_statement(server: Server, table: str) -> None:
    server.ask(f"INSERT INTO {table} (b, a) VALUES ('x;\\n', 1), ({{t:String}}, 2);\n", param_t="y").raise_for_status()
    assert refused(server.ask(f"INSERT INTO {table} VALUES (3, 'z'); DROP TABLE {table}"))[1] == "62"
    assert server.ask(f"SELECT count(), max(b) FROM {table}").text == "2\ty\n"


def test_bad_data_insert_nothing(server: Server, table: str) -> None:
    assert refused(server.ask(f'INSERT INTO {table} FORMAT JSONEachRow {{"a": 1}}\n{{"a": "x"}}'))[1] == "27"
    assert server.ask(f"SELECT count() FROM {table}").text == "0\n"


def test_data_that_came_are_held_no_longer_than_their_statement(server: Server, table: str) -> None:
    assert server.ask(f"INSERT INTO {table} FORMAT TSV\n1\tx\n").text == ""
    assert refused(server.ask(f"INSERT INTO {table} FORMAT TSV\none\tx\n"))[0] == 400
    assert server.process is not None
    held = []
    for descriptor in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # the engine's own come and go
            held.append(str(descriptor.readlink()))
    assert [name for name in held if "clickhouse-data" in name] == []


def test_bodies_are_encoded_both_ways(server: Server, table: str) -> None:
    account = {"X-ClickHouse-User": "chat", "X-ClickHouse-Key": PASSWORD.encode()}
    data = b"1,a\n2,b\n"
    for name, body in (("gzip", gzip.compress(data)), ("lz4", lz4.frame.compress(data))):
        answer = server.ask(body, headers=account | {"Content-Encoding": name}, query=f"INSERT INTO {table} FORMAT CSV")
        assert answer.status_code == 200, answer.text
    assert server.ask(f"SELECT count() FROM {table}").text == "4\n"
    long = server.ask("SELECT repeat('x', 5000)", headers=account | {"Accept-Encoding": "gzip"}, enable_http_compression="1")
    assert (long.headers["Content-Encoding"], len(long.text)) == ("gzip", 5001)
    assert refused(server.ask(b"x", headers=account | {"Content-Encoding": "gzip"}))[1] == "432"
    assert refused(server.ask(b"x", headers=account | {"Content-Encoding": "odd"})) == (501, "48")


# Accounts


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, {}),
        ({"X-ClickHouse-User": "chat"}, {}),
        ({"X-ClickHouse-User": "chat", "X-ClickHouse-Key": "wrong"}, {}),
        ({"X-ClickHouse-User": "nobody", "X-ClickHouse-Key": "x"}, {}),
        ({"X-ClickHouse-User": "elsewhere", "X-ClickHouse-Key": PASSWORD.encode()}, {}),
        ({"Authorization": "Basic !"}, {}),
        ({"Authorization": "Bearer x"}, {}),
        ({"X-ClickHouse-User": "chat", "X-ClickHouse-Key": PASSWORD.encode()}, {"user": "chat", "password": PASSWORD}),
    ],
)
def test_strangers_are_refused(server: Server, headers: dict[str, str | bytes], query: dict[str, str]) -> None:
    answer = server.ask("SELECT 1", headers=headers, **query)
    assert refused(answer) == (403, "516")
    assert PASSWORD not in answer.text


def test_accounts_are_told_in_each_way(server: Server) -> None:
    with httpx.Client(trust_env=False) as client:
        basic = client.post(server.url, content="SELECT 1", auth=httpx.BasicAuth("chat", PASSWORD))
    assert basic.text == "1\n"
    assert server.ask("SELECT 1", headers={}, user="chat", password=PASSWORD).text == "1\n"
    assert server.ask("SELECT 1").text == "1\n"


def test_a_reader_reads_and_changes_nothing(server: Server, table: str) -> None:
    account: dict[str, str | bytes] = {"X-ClickHouse-User": "reader", "X-ClickHouse-Key": PASSWORD.encode()}
    assert server.ask("SELECT getSetting('max_threads')", headers=account).text == "1\n"
    for statement in (f"INSERT INTO {table} VALUES (1, 'x')", f"DROP TABLE {table}", "SET readonly = 0"):
        assert refused(server.ask(statement, headers=account)) == (500, "164")
    assert refused(server.ask("SELECT 1", headers=account, max_threads="2")) == (500, "164")


# Sessions


def test_a_session_keeps_what_it_made(server: Server) -> None:
    def ask(statement: str, **query: str) -> str:
        return server.ask(statement, session_id="keeps", **query).text

    assert ask("CREATE TEMPORARY TABLE kept (x Int64)") == ""
    assert ask("INSERT INTO kept VALUES (7)") == ""
    assert ask("SET max_block_size = 5") == ""
    assert ask("SELECT x, getSetting('max_block_size') FROM kept") == "7\t5\n"
    # What a request brings is its own.
    assert ask("SELECT getSetting('max_block_size'), currentDatabase()", max_block_size="6", database="system") == "6\tsystem\n"
    assert ask("SELECT getSetting('max_block_size'), currentDatabase()") == "5\tdefault\n"
    assert ask("USE system", database="default") == ""
    assert ask("SELECT currentDatabase()") == "system\n"
    assert refused(server.ask("SELECT * FROM kept")) == (404, "60")
    for odd in ({"database": "nowhere"}, {"no_such_setting": "1"}) * 2:
        assert refused(server.ask("SELECT 1", session_id="keeps", **odd))[0] == 404
    assert ask("SELECT x FROM kept", close_session="1") == "7\n"
    assert refused(server.ask("SELECT * FROM kept", session_id="keeps")) == (404, "60")


def test_a_refusal_in_the_middle_leaves_nothing_to_the_next_answer(server: Server) -> None:
    breaks = "SELECT 7, sleepEachRow(0.01), throwIf(number = 5) FROM numbers(10) SETTINGS max_block_size = 1"
    assert refused(server.ask(breaks, session_id="breaks"))[1] == "395"
    assert refused(server.ask("SELECT nothing", session_id="breaks"))[1] == "47"
    assert server.ask("SELECT 3", session_id="breaks").text == "3\n"


def test_a_session_has_one_request_at_a_time(server: Server) -> None:
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(server.ask, "SELECT sleep(2), 'slow'", session_id="one")
        until(lambda: "slow" in server.ask("SELECT query FROM system.processes WHERE query NOT LIKE '%processes%'").text)
        assert refused(server.ask("SELECT 1", session_id="one")) == (500, "373")
        assert slow.result().text == "0\tslow\n"
    assert server.ask("SELECT 1", session_id="one").text == "1\n"


def test_queries_run_side_by_side(server: Server) -> None:
    with ThreadPoolExecutor() as pool:
        slow = [pool.submit(server.ask, "SELECT sleep(3)") for _ in range(4)]
        until(lambda: server.ask("SELECT count() FROM system.processes WHERE query LIKE 'SELECT sleep%'").text == "4\n")
        assert [query.result().text for query in slow] == ["0\n"] * 4


# clickhouse-connect as client


def test_clickhouse_connect_reads_and_writes(server: Server, table: str) -> None:
    with server.client(session_id="connect") as client:
        assert client.server_version.startswith("26.")
        client.insert(table, [[number, "x;\n\n" * 50] for number in range(5000)], column_names=["a", "b"])
        found = client.query(f"SELECT * FROM {table} ORDER BY a")
        assert (found.row_count, found.result_rows[4999]) == (5000, (4999, "x;\n\n" * 50))
        values = {"d": Decimal("12345678901234.5678"), "u": 2**255, "t": "a'b\\\t\n", "l": ["a", "b'"]}
        bound = client.query("SELECT {d:Decimal(18,4)}, {u:UInt256}, {t:String}, {l:Array(String)}", parameters=values)
        assert bound.result_rows == [tuple(values.values())]
        many = {f"p{number}": "x" * 500 for number in range(100)}
        sums = " + ".join(f"length({{p{number}:String}})" for number in range(100))
        assert client.query(f"SELECT {sums}", parameters=many).result_rows == [(50000,)]
        external = ExternalData(file_name="brought", data=b"1,a\n2,b\n", fmt="CSV", structure="a Int32, b String")
        assert client.query("SELECT b FROM brought WHERE a = 2", external_data=external).result_rows == [("b",)]


def test_clickhouse_connect_is_told_errors(server: Server) -> None:
    with server.client() as client, pytest.raises(DatabaseError) as caught:
        client.query("SELECT * FROM nothing")
    assert (caught.value.code, caught.value.name) == (60, "UNKNOWN_TABLE")
    with server.client("reader") as client:
        assert client.query("SELECT 1 AS x").result_rows == [(1,)]


# Living and dying


def test_data_outlive_a_kill(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.start()
    server.ask("CREATE DATABASE events").raise_for_status()
    server.ask("CREATE TABLE events.kept (a Int64) ENGINE = MergeTree ORDER BY a").raise_for_status()
    server.ask("INSERT INTO events.kept FORMAT CSV\n1\n2\n").raise_for_status()
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    server.start()
    assert server.ask("SELECT sum(a) FROM kept", database="events").text == "3\n"
    assert server.end(signal.SIGTERM) == 0
    server.start()
    assert server.ask("SELECT sum(a) FROM kept", database="events").text == "3\n"
    assert server.end(signal.SIGTERM) == 0


def test_its_log_holds_neither_statements_nor_passwords(server: Server) -> None:
    server.ask("SELECT 'in the statement'")
    server.ask("SELECT nothing", password=PASSWORD, user="chat", headers={})
    log = (server.folder / "log").read_text()
    assert '"event":"query_refused"' in log
    assert "in the statement" not in log
    assert PASSWORD not in log
