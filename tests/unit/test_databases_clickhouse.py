"""ClickHouse: what goes in comes out, whatever it is made of; errors explain themselves."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import ssl
import subprocess
import urllib.request
from collections.abc import Coroutine, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from realstack.core.errors import StackError
from realstack.core.loop import BackgroundLoop
from realstack.databases.clickhouse import ClickHouseSession, ClickHouseTarget
from realstack.databases.clickhouse_parameters import bind, type_of
from realstack.databases.errors import SessionLost, StatementRefused, StoreUnreachable
from realstack.databases.places import without_end
from support import servers
from support.waiting import until

T = TypeVar("T")
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


class Client:
    """A session on a loop of its own, for synchronous tests."""

    def __init__(self, server: servers.ClickHouse, *, seconds: float = 5, **changes: Any) -> None:
        self.loop = BackgroundLoop("test-clickhouse")
        facts = {"url": server.url, "user": server.user, "password": server.password, "database": server.database, **changes}
        self.session = ClickHouseSession("events", ClickHouseTarget(**facts), "tests", statement_timeout=seconds)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(coroutine, 20)

    def value(self, statement: str, *parameters: Any) -> Any:
        (record,) = self.run(self.session.fetch(statement, list(parameters))).records
        (value,) = record.values()
        return value


@pytest.fixture(scope="module")
def client(clickhouse_server: servers.ClickHouse) -> Iterator[Client]:
    client = Client(clickhouse_server)
    client.run(client.session.open())
    yield client
    client.run(client.session.close())
    client.loop.stop()


@settings(deadline=None, max_examples=150)
@given(text=ANY_TEXT)
@example("it's")
@example("\\'; DROP TABLE users; --")
@example("\\")
@example("$1 ${x} $2")
@example("\0\b\f\n\r\t")
@example("'; SELECT '")
@example('🦜 ü /* -- */ `x` "y"')
def test_text_survives(client: Client, text: str) -> None:
    assert client.value("SELECT $1 AS x", text) == text
    assert client.value("SELECT length($1) AS x", text) == len(text.encode())


@settings(deadline=None, max_examples=60)
@given(values=st.lists(ANY_TEXT, min_size=1, max_size=5))
def test_arrays_of_text_survive(client: Client, values: list[str]) -> None:
    assert client.value("SELECT $1 AS x", values) == values


@pytest.mark.parametrize(
    "number", [0, 1, -1, 2**63 - 1, -(2**63), 2**64 - 1, -(2**127), 2**127 - 1, 2**128 - 1, -(2**255), 2**256 - 1]
)
def test_integers_survive(client: Client, number: int) -> None:
    assert client.value("SELECT $1 AS x", number) == number


def test_a_number_is_a_value_and_no_text(client: Client) -> None:
    (record,) = client.run(client.session.fetch("SELECT 5-$1 AS x, 2 AS y", [-3])).records
    assert record == {"x": 8, "y": 2}


@settings(deadline=None, max_examples=60)
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_floats_survive(client: Client, number: float) -> None:
    # Servers before 26.9 read some numbers one unit in the last place apart.
    assert client.value("SELECT toFloat64($1) AS x", number) == pytest.approx(number, rel=1e-15, abs=1e-307)


@pytest.mark.parametrize(
    "number", ["1.25", "12345678901234.5678", "-0.0001", "1E-7", "1234567890123456789012345678901234567890.123456789", "NaN"]
)
def test_decimals_are_exact(client: Client, number: str) -> None:
    found = client.value("SELECT $1 AS x", Decimal(number))
    assert math.isnan(found) if number == "NaN" else found == Decimal(number)


def test_decimals_of_the_server_are_exact(client: Client) -> None:
    assert client.value("SELECT toDecimal64('12345678901234.5678', 4) AS x") == Decimal("12345678901234.5678")


def test_odd_numbers_survive(client: Client) -> None:
    assert math.isnan(client.value("SELECT $1 AS x", math.nan))
    assert client.value("SELECT $1 AS x", math.inf) == math.inf
    assert client.value("SELECT $1 AS x", -math.inf) == -math.inf


def test_other_types_survive(client: Client) -> None:
    moment = datetime(2030, 1, 31, 12, microsecond=123456, tzinfo=UTC)
    assert client.value("SELECT $1 AS x", None) is None
    assert client.value("SELECT $1 AS x", True) is True
    assert client.value("SELECT $1 AS x", b"\x00\x27\x5c") == "\0'\\"
    assert client.value("SELECT hex($1) AS x", b"\xff\x00") == "FF00"
    assert client.value("SELECT $1 AS x", date(2030, 1, 31)) == date(2030, 1, 31)
    assert client.value("SELECT $1 AS x", moment) == moment
    assert client.value("SELECT toUnixTimestamp($1) AS x", moment) == 1896091200
    assert client.value("SELECT $1 AS x", [moment, None]) == [moment, None]
    assert client.value("SELECT $1 AS x", [[1, None], []]) == [[1, None], []]
    assert client.value("SELECT $1 AS x", [Decimal("1.5"), 2, 10**20]) == [Decimal("1.5"), 2, 10**20]
    assert client.value("SELECT 2 IN $1 AS x", (1, 2)) == 1
    assert client.value("SELECT 'b' IN $1 AS x", {"a", "b"}) == 1
    assert client.value("SELECT 1 IN $1 AS x", ()) == 0
    assert client.value("SELECT toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0') AS x") == "61f0c404-5cb3-11e7-907b-a6006ad3dba0"
    assert client.value("SELECT {x:UInt8} + 1 AS x", {"x": 5}) == 6


@pytest.mark.parametrize(
    ("sql", "seen"),
    [
        ("toFloat32(0.1)", 0.1),
        ("[toFloat32(0.1), NULL]", [0.1, None]),
        ("unhex('FF00')", b"\xff\x00"),
        ("'FF00'", "FF00"),
        ("['a', unhex('FF')]", ["a", b"\xff"]),
        ("toFixedString('DE', 4)", "DE"),
        ("CAST('DE' AS LowCardinality(Nullable(FixedString(2))))", "DE"),
        ("toFixedString(unhex('FF'), 2)", b"\xff\x00"),
        ("map('a', toFloat32(1.1))", {"a": 1.1}),
        ("map(unhex('61FF'), 1)", {"a\\xff": 1}),
        ("CAST((toFloat32(0.1), 'x') AS Tuple(a Float32, b FixedString(2)))", {"a": 0.1, "b": "x"}),
        ("CAST([(1, unhex('FF'))] AS Nested(x UInt8, y String))", [{"x": 1, "y": b"\xff"}]),
        ('CAST(\'{"a": {"b": ["ü", null]}}\' AS JSON)', {"a": {"b": ["ü", None]}}),
        ("CAST('ü' AS Dynamic)", "ü"),
        ("toDateTime64('2030-01-31 12:00:00.123456789', 9, 'UTC')", "2030-01-31 12:00:00.123456789"),
        ("toDateTime64('1900-01-01 00:00:00.00000001', 8, 'UTC')", "1900-01-01 00:00:00.00000001"),
        (
            "[toDateTime64('2030-01-31 13:00:00.5', 9, 'Europe/Berlin'), NULL]",
            [datetime(2030, 1, 31, 12, microsecond=500000, tzinfo=UTC), None],
        ),
        ("toDateTime64('2030-01-31 12:00:00.5', 3, 'UTC')", datetime(2030, 1, 31, 12, microsecond=500000, tzinfo=UTC)),
        ("toIPv6('::ffff:1.2.3.4')", "::ffff:1.2.3.4"),
    ],
)
def test_values_are_those_that_the_server_writes(client: Client, sql: str, seen: Any) -> None:
    assert client.value(f"SELECT {sql} AS x") == seen


def test_statements_that_are_no_queries_give_no_rows(client: Client) -> None:
    for statement in ("CREATE TEMPORARY TABLE none (x Int64)", "INSERT INTO none VALUES (1)", "SELECT x FROM none WHERE x = 2"):
        assert client.run(client.session.fetch(statement)).records == []
    assert client.value("SELECT x FROM none") == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "a object"),
        (datetime(2030, 1, 1), "a datetime without an offset"),
        (2**256, "at most 256 bits"),
        (Decimal("1e80"), "at most 76 digits"),
        ([1, "a"], "a int, a str"),
    ],
)
def test_values_without_a_type_are_refused(value: Any, words: str) -> None:
    with pytest.raises(StackError, match=words):
        type_of([value])


@pytest.mark.parametrize(
    ("statement", "parameters", "bound"),
    [
        ("SELECT $1, $2, $1", ["a", 2], "SELECT {p1:String}, {p2:Int64}, {p1:String}"),
        ("SELECT '$1', \"$1\", `$1`, $1", [1], "SELECT '$1', \"$1\", `$1`, {p1:Int64}"),
        ("SELECT 'it''s $1', 'a\\'$1', $1", [1], "SELECT 'it''s $1', 'a\\'$1', {p1:Int64}"),
        ("SELECT $1 -- $2\n, 1 /* $3 */", [1], "SELECT {p1:Int64} -- $2\n, 1 /* $3 */"),
        ("SELECT $10", list(range(10)), None),
        ("SELECT $2", ["$1"], None),
        ("SELECT 1", [1], None),
        ("SELECT $1", [], None),
    ],
)
def test_places_are_found_where_they_are_places(statement: str, parameters: list[Any], bound: str | None) -> None:
    if bound is None:
        with pytest.raises(StackError, match="of the statement"):
            bind(statement, parameters)
    else:
        assert bind(statement, parameters)[0] == bound


@pytest.mark.parametrize(
    ("statement", "bare"),
    [
        ("SELECT 1; -- done", "SELECT 1"),
        ("SELECT 1 -- done; really\n;;", "SELECT 1 -- done; really\n"),
        ("SELECT ';'", "SELECT ';'"),
        ("SELECT 1; SELECT 2;", "SELECT 1; SELECT 2"),
    ],
)
def test_the_end_of_a_statement_is_found(statement: str, bare: str) -> None:
    assert without_end(statement, backslashes=True) == bare
    assert without_end(statement, backslashes=False) == bare


def test_sql_is_the_servers_to_read(client: Client) -> None:
    found = client.run(client.session.fetch("SELECT 1 AS format -- format x\nORDER BY format DESC;"))
    assert found.records == [{"format": 1}]
    with pytest.raises(StatementRefused, match="Syntax error"):
        client.run(client.session.fetch("SELECT 1 FORMAT TabSeparated"))
    with pytest.raises(StackError, match="several are called x"):
        client.run(client.session.fetch("SELECT x, x FROM (SELECT 2 AS x)"))


def test_an_answer_without_rows_has_its_columns(client: Client) -> None:
    found = client.run(client.session.fetch("SELECT $1 AS x, 2 AS y WHERE 1 = 0;  -- none", ["text"]))
    assert (found.columns, found.count) == (["x", "y"], 0)
    twice = "SELECT x, x FROM (SELECT 2 AS x WHERE 1 = 0)"
    with pytest.raises(StackError, match="several are called x"):
        client.run(client.session.fetch(twice))


def test_settings_and_temporary_tables_stay(client: Client) -> None:
    client.run(client.session.execute("SET max_block_size = 7"))
    client.run(client.session.execute("CREATE TEMPORARY TABLE mine (x Int64)"))
    client.run(client.session.execute("INSERT INTO mine VALUES ($1)", [5]))
    assert client.value("SELECT x + toInt64(getSetting('max_block_size')) AS x FROM mine") == 12


def ended_by_the_server(server: servers.ClickHouse, one: Client) -> None:
    """What a server that is started anew has done to all its sessions."""
    assert one.session._client is not None
    name = one.session._client.get_client_setting("session_id")
    account = {"X-ClickHouse-User": server.user, "X-ClickHouse-Key": server.password}
    query = f"{server.url}/?session_id={name}&close_session=1"
    request = urllib.request.Request(query, data=b"SELECT 1", headers=account)  # noqa: S310 - own loopback server
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - own loopback server


@pytest.mark.parametrize("by", ["fetch", "execute"])
@pytest.mark.parametrize(
    ("statement", "lost"),
    [("SET max_block_size = 7", "settings max_block_size"), ("CREATE TEMPORARY TABLE mine (x Int64)", "temporary tables mine")],
)
def test_a_session_that_held_something_is_not_continued(
    clickhouse_server: servers.ClickHouse, statement: str, lost: str, by: str
) -> None:
    one = Client(clickhouse_server)
    one.run(one.session.open())
    try:
        one.run(getattr(one.session, by)(statement))
        assert one.value("SELECT 1 AS x") == 1
        ended_by_the_server(clickhouse_server, one)
        with pytest.raises(SessionLost, match=f"knows it no longer, and lost with it is: {lost}\n"):
            one.run(getattr(one.session, by)("SELECT 1 AS x"))
        assert one.value("SELECT 1 AS x") == 1
    finally:
        one.run(one.session.close())
        one.loop.stop()


def test_a_session_that_held_nothing_goes_on(clickhouse_server: servers.ClickHouse) -> None:
    one = Client(clickhouse_server)
    one.run(one.session.open())
    try:
        for statement in ("CREATE TABLE kept (x Int64) ENGINE = Memory", "INSERT INTO kept VALUES (1)", "SET max_block_size = 7"):
            one.run(one.session.execute(statement))
        one.run(one.session.execute("SET max_block_size = DEFAULT"))
        ended_by_the_server(clickhouse_server, one)
        assert one.value("SELECT x FROM kept") == 1
    finally:
        one.run(one.session.execute("DROP TABLE IF EXISTS kept"))
        one.run(one.session.close())
        one.loop.stop()


def test_refused_statement_says_why(client: Client) -> None:
    with pytest.raises(StatementRefused, match=r"(?s)nothing.*\(UNKNOWN_TABLE\).*SELECT \* FROM nothing") as caught:
        client.run(client.session.fetch("SELECT * FROM nothing"))
    assert caught.value.code == "60"


def test_error_in_the_middle_of_an_answer_is_an_error(client: Client) -> None:
    with pytest.raises((StatementRefused, StoreUnreachable), match="throw"):
        client.run(client.session.fetch("SELECT throwIf(number = 900000, 'throw') FROM numbers(1000000)"))


def test_a_statement_that_takes_too_long_is_ended(clickhouse_server: servers.ClickHouse) -> None:
    hasty = Client(clickhouse_server, seconds=1)
    hasty.run(hasty.session.open())
    with pytest.raises(StoreUnreachable, match="within 1 s"):
        hasty.run(hasty.session.fetch("SELECT sleepEachRow(1) FROM numbers(20) SETTINGS max_block_size = 1"))
    hasty.run(hasty.session.close())
    hasty.loop.stop()


def test_a_paused_server_is_told_and_asked_again(clickhouse_server: servers.ClickHouse) -> None:
    hasty = Client(clickhouse_server, seconds=0.3)
    hasty.run(hasty.session.open())
    os.kill(clickhouse_server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnreachable, match="is not paused"):
            hasty.run(hasty.session.fetch("SELECT 1 AS x"))
    finally:
        os.kill(clickhouse_server.pid, signal.SIGCONT)

    def answered() -> bool:
        try:
            return hasty.value("SELECT 1 AS x") == 1
        except StoreUnreachable:  # the statement that was given up is still in its turn
            return False

    until(answered)
    hasty.run(hasty.session.close())
    hasty.loop.stop()


def test_an_account_that_only_reads_opens(tmp_path: Path) -> None:
    reader = "<tester><password>{password}</password><networks><ip>127.0.0.1</ip></networks><profile>reading</profile></tester>"
    profiles = "<profiles><default/><reading><readonly>1</readonly></reading></profiles>"
    users = f"<clickhouse>{profiles}<quotas><default/></quotas><users>{reader}</users></clickhouse>"
    with servers.clickhouse(tmp_path, users=users, database=False) as server:
        other = Client(server, database="default")
        other.run(other.session.open())
        assert other.value("SELECT 1 AS x") == 1
        with pytest.raises(StatementRefused, match="readonly") as caught:
            other.run(other.session.execute("CREATE TABLE x (a Int8) ENGINE = MergeTree ORDER BY a"))
        assert caught.value.code == "164"
        other.run(other.session.close())
        other.loop.stop()


@pytest.mark.parametrize("kind", ["DateTime", "DateTime64(3)", "Nullable(DateTime64(6))", "Array(DateTime64(3))"])
@pytest.mark.parametrize("moment", [datetime(2030, 1, 31, 12, tzinfo=UTC), datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)])
def test_a_moment_for_a_place_of_ones_own_is_the_same_in_any_zone(
    clickhouse_server: servers.ClickHouse, kind: str, moment: datetime
) -> None:
    """Where the type names no zone, the server reads a time as that of its own."""
    client = Client(clickhouse_server)
    try:
        client.run(client.session.open())
        client.run(client.session.execute("SET session_timezone = 'Asia/Kolkata'"))
        seen = client.value(f"SELECT {{at:{kind}}} AS x", {"at": [moment] if kind.startswith("Array") else moment})
        assert seen == ([moment] if kind.startswith("Array") else moment)
        assert client.value("SELECT {at:String} AS x", {"at": moment}).startswith(f"{moment:%Y-%m-%d %H:%M:%S}")
    finally:
        client.run(client.session.close())
        client.loop.stop()


@pytest.mark.parametrize(
    "value",
    [
        date(9999, 12, 31),
        date.min,
        datetime(1899, 12, 31, tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_a_time_that_clickhouse_has_not_does_not_become_another_one(value: date) -> None:
    """By itself the server makes 2299-12-31 of 9999-12-31."""
    for one in (value, [value], (value, "x")):
        with pytest.raises(StackError, match="a time of the years 1900 to 2299"):
            bind("SELECT $1 AS x", [one])


def test_https_is_checked_against_a_ca_of_ones_own(clickhouse_server: servers.ClickHouse, tmp_path: Path) -> None:
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run(
        ["openssl", "req", "-x509", *options, "-keyout", key, "-out", certificate, *subject], check=True, capture_output=True
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    trusting = Client(clickhouse_server)
    distrusting = Client(clickhouse_server)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(clickhouse_server.host, clickhouse_server.port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer), return_exceptions=True)

    proxy = trusting.run(_serve(carry, context))
    url = f"https://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    account = (clickhouse_server.user, clickhouse_server.password, clickhouse_server.database)
    for client, ca in ((trusting, str(certificate)), (distrusting, None)):
        client.session = ClickHouseSession("events", ClickHouseTarget(url, *account, ca), "tests", statement_timeout=5)
    trusting.run(trusting.session.open())
    assert trusting.value("SELECT 1 AS x") == 1
    with pytest.raises(StoreUnreachable, match="certificate"):
        distrusting.run(distrusting.session.open())
    missing = ClickHouseTarget(url, *account, str(tmp_path / "missing.pem"))
    with pytest.raises(StackError, match="Check ca="):
        distrusting.run(ClickHouseSession("events", missing, "tests", statement_timeout=5).open())
    trusting.run(trusting.session.close())
    proxy.close()
    for client in (trusting, distrusting):
        client.loop.stop()


async def _serve(carry: Any, context: ssl.SSLContext) -> asyncio.Server:
    return await asyncio.start_server(carry, "127.0.0.1", 0, ssl=context)


def test_proxies_of_the_environment_are_not_asked(clickhouse_server: servers.ClickHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{servers.free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    direct = Client(clickhouse_server)
    direct.run(direct.session.open())
    direct.run(direct.session.close())
    direct.loop.stop()


def test_wrong_password_is_neither_accepted_nor_shown(clickhouse_server: servers.ClickHouse) -> None:
    other = Client(clickhouse_server, password="not-the-password-at-all")
    with pytest.raises(StatementRefused, match="to accept the account") as caught:
        other.run(other.session.open())
    other.loop.stop()
    assert "not-the-password-at-all" not in str(caught.value)
    assert "not-the-password-at-all" not in repr(other.session.target)


def test_nobody_listening_is_told(clickhouse_server: servers.ClickHouse) -> None:
    other = Client(clickhouse_server, url=f"http://127.0.0.1:{servers.free_port()}")
    with pytest.raises(StoreUnreachable, match="an answer of ClickHouse 'events'"):
        other.run(other.session.open())
    other.loop.stop()


def test_loop_is_free_while_a_statement_runs(client: Client) -> None:
    async def both() -> int:
        slow = asyncio.ensure_future(client.session.fetch("SELECT sleep(0.3) AS x"))
        turns = 0
        while not slow.done():
            await asyncio.wait([slow], timeout=0.01)  # without a pause it would take the processor from the server
            turns += 1
        await slow
        return turns

    assert client.run(both()) > 1


def test_statements_of_one_session_take_turns(client: Client) -> None:
    async def both() -> list[Any]:
        found = await asyncio.gather(*(client.session.fetch(f"SELECT sleep(0.1) + {number} AS x") for number in range(3)))
        return [rows.records[0]["x"] for rows in found]

    assert client.run(both()) == [0, 1, 2]


@pytest.mark.parametrize(
    "given",
    [
        {"a": 1, "b": None},
        {"it's": "x'y\\\n\t\""},
        {"a": {"b": [1, 2]}},
        {"at": datetime(2030, 1, 31, 12, tzinfo=UTC), "then": datetime(2030, 1, 31, tzinfo=UTC)},
        {"d": Decimal("1.10")},
        {"b": True},
        {"x": b"\xff"},
        {},
        [{"a": 1}, {"b": 2**40}],
    ],
)
def test_dictionaries_are_maps(client: Client, given: Any) -> None:
    assert client.value("SELECT $1 AS x", given) == given
    assert client.value(f"SELECT {{m:{type_of([given])}}} AS x", {"m": given}) == given


def test_dictionaries_are_json_where_the_place_says_so(client: Client) -> None:
    given = {"a": {"b": [1, "it's"]}}
    assert client.value("SELECT {m:JSON} AS x", {"m": given}) == given
    assert client.value("SELECT JSONExtractString({m:String}, 'a', 'b', 2) AS x", {"m": given}) == "it's"
    with pytest.raises(StackError, match="a place of the type String"):
        client.value("SELECT {m:String} AS x", {"m": {"a": b"x"}})


@pytest.mark.parametrize(
    ("given", "seen"),
    [({None: 1}, "None among them"), ({"a": 1, "b": "x"}, "a int, a str"), ({"a": datetime(2030, 1, 1)}, "offset")],
)
def test_a_map_that_there_is_none_of_is_refused(given: dict[Any, Any], seen: str) -> None:
    with pytest.raises(StackError, match=seen):
        bind("SELECT $1", [given])


@pytest.mark.parametrize("place", ["{m:DateTime}", "{m:DateTime64(6)}", "{m:Array(DateTime64(6))}", "$1"])
def test_a_moment_without_an_offset_is_taken_for_none_of_any_zone(place: str) -> None:
    """It was taken in the machine's."""
    moment = datetime(2030, 1, 1, 12)
    parameter = moment if place == "$1" else {"m": [moment] if "Array" in place else moment}
    with pytest.raises(StackError, match="offset"):
        bind(f"SELECT {place}", [parameter])
