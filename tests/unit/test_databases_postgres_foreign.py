"""PostgreSQL: values that Python has no like of, what a session holds, poolers, connection URLs of others."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from assertionengine import AssertionOperator

from realstack.core.errors import StackError, StackFailure
from realstack.core.waiting import Deadline, poll
from realstack.databases.dsn import passwords_of, split_dsn
from realstack.databases.errors import SessionLost, StatementRefused
from realstack.databases.keywords.reading import Assertion, judge
from realstack.databases.library import Databases
from realstack.databases.masking import Masking
from realstack.databases.places import copies_over_connection
from realstack.databases.postgres import PostgresSession, PostgresTarget
from realstack.databases.values import shown
from support import servers

Work = Callable[[PostgresSession], Awaitable[None]]


def run(server: servers.Postgres, work: Work, dsn: str | None = None) -> None:
    async def with_session() -> None:
        target = PostgresTarget(dsn or server.dsn)
        one = PostgresSession("db", target, "realstack-foreign", statement_timeout=5, masking=Masking())
        await one.open()
        try:
            await work(one)
        finally:
            await one.close()

    asyncio.run(with_session())


@pytest.mark.parametrize(
    ("sql", "seen"),
    [
        ("'0044-03-15 BC'::date", "0044-03-15 BC"),
        ("'10000-01-01'::date", "10000-01-01"),
        ("'infinity'::date", "infinity"),
        ("'-infinity'::timestamp", "-infinity"),
        ("'infinity'::timestamptz", "infinity"),
        ("'0044-03-15 10:00:00.5+00 BC'::timestamptz", "0044-03-15 10:00:00.5+00 BC"),
        ("'294276-12-31 23:59:59'::timestamp", "294276-12-31 23:59:59"),
        ("'4713-01-01 00:00:00 BC'::timestamp", "4713-01-01 00:00:00 BC"),
        ("'24:00'::time", "24:00:00"),
        ("'2030-01-31'::date", date(2030, 1, 31)),
        ("ARRAY['infinity'::date, '2030-01-31']", ["infinity", date(2030, 1, 31)]),
        ("ROW('infinity'::date, '{\"a\": 1}'::jsonb)", ["infinity", {"a": 1}]),
        ("interval '1 month 2 days'", "1 mon 2 days"),
        ("interval '-1 year +2 days -03:00:00.5'", "-1 years +2 days -03:00:00.5"),
        ("interval '2 days 03:00:00'", timedelta(days=2, hours=3)),
        ("'12:00:00+02'::timetz", time(12, tzinfo=timezone(timedelta(hours=2)))),
        ("'12:00:00.5+00:53:28'::timetz", time(12, microsecond=500000, tzinfo=timezone(timedelta(minutes=53, seconds=28)))),
        ("'24:00:00-05:30'::timetz", "24:00:00-05:30"),
        ("ARRAY['24:00:00+00:00:01'::timetz, '00:00+02']", ["24:00:00+00:00:01", time(0, tzinfo=timezone(timedelta(hours=2)))]),
        ("daterange('2030-01-01', '2030-02-01')", "[2030-01-01,2030-02-01)"),
        ("int4range(1, NULL)", "[1,)"),
        ("'empty'::int4range", "empty"),
        ("point(1, 2.5)", "(1,2.5)"),
        ("box '(2,2),(0,0)'", "(2,2),(0,0)"),
        ("circle '<(1,2),3>'", "<(1,2),3>"),
        ("lseg '[(1,2),(3,4)]'", "[(1,2),(3,4)]"),
        ("B'0101'", "0101"),
        ("'0/16B6C50'::pg_lsn", "0/16B6C50"),
        ("'(1,2)'::tid", "(1,2)"),
        ("'10:20:10,14'::pg_snapshot", "10:20:10,14"),
        ("'r'::\"char\"", "r"),
        ("''::\"char\"", ""),
        ("ARRAY['r'::\"char\", '\\377']", ["r", "\\377"]),
        ("'::ffff:1.2.3.4'::inet::text::inet", "::ffff:1.2.3.4"),
        ("'::ffff:1.2.3.4/96'::inet", "::ffff:1.2.3.4/96"),
        ("'::ffff:10.0.0.0/104'::cidr", "::ffff:10.0.0.0/104"),
        (
            "ARRAY['::1.2.3.4'::inet, '::1', '::ffff:0:1.2.3.4', 'fe80::1/64']",
            ["::1.2.3.4", "::1", "::ffff:0:102:304", "fe80::1/64"],
        ),
        ("tstzrange('2030-01-01 10:00:00.5+02', NULL)", '["2030-01-01 08:00:00.5+00",)'),
        ("numrange(1.10, 1e20)", "[1.10,100000000000000000000)"),
        ("point 'NaN,-Infinity'", "(NaN,-Infinity)"),
    ],
)
def test_values_without_a_like_are_the_text_that_postgres_writes(postgres_server: servers.Postgres, sql: str, seen: Any) -> None:
    async def work(one: PostgresSession) -> None:
        (found,) = (await one.fetch(f"SELECT {sql} AS x, ({sql})::text AS told")).records
        assert found["x"] == seen
        if isinstance(seen, str):
            assert found["told"].removesuffix("/128") == seen

    run(postgres_server, work)


@pytest.mark.parametrize(
    ("sql", "seen"),
    [
        ("0.1::float4", 0.1),
        (
            "ARRAY[0.1::float4, 'NaN', '-Infinity', 3.4028235e38, 1e-45, '-0', 16777216]",
            "[0.1, nan, -inf, 3.4028235e+38, 1e-45, -0.0, 16777216.0]",
        ),
        ("ROW(1.1::float4)", [1.1]),
        ("'1.10'::jsonb", 1.1),
        ("'12345678901234567890.123456789'::jsonb", Decimal("12345678901234567890.123456789")),
        ("'[0.1000000000000000055, 1e400]'::json", [Decimal("0.1000000000000000055"), 10**400]),
        ("'{\"a\": 1e99999}'::json", {"a": Decimal("1e99999")}),
        ("'1e999999999999999999999'::json", math.inf),
        ("10::numeric ^ 5000", Decimal(10) ** 5000),
        ("('1' || repeat('0', 5000))::jsonb", Decimal(10) ** 5000),
    ],
)
def test_numbers_are_those_that_postgres_writes(postgres_server: servers.Postgres, sql: str, seen: Any) -> None:
    async def work(one: PostgresSession) -> None:
        (found,) = (await one.fetch(f"SELECT {sql} AS x")).records
        assert (str(found["x"]) if isinstance(seen, str) else found["x"]) == seen
        shown(found["x"])

    run(postgres_server, work)


@pytest.mark.parametrize(
    "sql",
    [
        *(f"ROW({one})" for one in ("'a b'::tsvector", "'int4'::regtype", "12.5::money", "'pg_class'::regclass")),
        "ARRAY[ROW(1, '08:00:2b:01:02:03'::macaddr)]",
        "ROW('5'::information_schema.cardinal_number)",
        "pg_class FROM pg_class WHERE oid = 1259",
    ],
)
def test_what_can_not_be_read_within_a_record_is_told_and_the_session_goes_on(
    postgres_server: servers.Postgres, sql: str
) -> None:
    """Bytes of it came as a text, or a bare error; what the session held was lost."""

    async def work(db: PostgresSession) -> None:
        await db.begin()
        with pytest.raises(StackError, match=r"to_jsonb"):
            await db.fetch(f"SELECT {sql}")
        assert (await db.fetch("SELECT ROW(1, E'\\t', 'x')::text AS x")).records == [{"x": '(1,"\t",x)'}]
        assert db.in_transaction

    run(postgres_server, work)


@pytest.mark.parametrize(
    ("kind", "given"), [("int", 1.5), ("bigint", Decimal("1.5")), ("smallint", float("inf")), ("oid", Decimal("NaN"))]
)
def test_a_number_that_is_not_whole_is_no_whole_number(postgres_server: servers.Postgres, kind: str, given: Any) -> None:
    async def work(one: PostgresSession) -> None:
        with pytest.raises(StackError, match=r"parameter \$1 to be"):
            await one.fetch(f"SELECT $1::{kind} AS x", [given])

    run(postgres_server, work)


@pytest.mark.parametrize("given", ["1e200000", "1e131072", "-1e-16384", Decimal("1e200000"), ["1e200000"]])
def test_a_decimal_that_is_none_of_postgres_does_not_become_another_one(postgres_server: servers.Postgres, given: Any) -> None:
    """The driver by itself makes 0 of it."""

    async def work(one: PostgresSession) -> None:
        with pytest.raises(StackError, match=r"parameter \$1 to be numeric"):
            await one.fetch(f"SELECT $1::numeric{'[]' if isinstance(given, list) else ''} AS x", [given])

    run(postgres_server, work)


@pytest.mark.parametrize("statement", ["", " ;; ", "-- nothing", "/* a /* b */ c */;"])
def test_nothing_is_done_without_a_word(postgres_server: servers.Postgres, statement: str) -> None:
    async def work(one: PostgresSession) -> None:
        assert await one.execute(statement) == 0
        assert (await one.fetch(statement)).records == []

    run(postgres_server, work)


@pytest.mark.parametrize("statement", ["SELECT 'x \ud83d' AS x", "SELECT 'a\0b' AS x"])
def test_a_statement_that_no_server_can_read_is_refused(postgres_server: servers.Postgres, statement: str) -> None:
    async def work(one: PostgresSession) -> None:
        for run_it in (one.fetch, one.execute):
            with pytest.raises(StackError, match="characters that UTF-8 and PostgreSQL have"):
                await run_it(statement)
        assert (await one.fetch("SELECT 1 AS x")).records == [{"x": 1}]

    run(postgres_server, work)


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        ("interval", "1 month 2 days", "1 mon 2 days"),
        ("interval", timedelta(days=1, seconds=-1), "23:59:59"),
        ("timetz", "12:00:00+02", "12:00:00+02"),
        ("daterange", "[2030-01-01,2030-02-01)", "[2030-01-01,2030-02-01)"),
        ("point", "(1,2)", "(1,2)"),
        ("int[]", "{1,2,3}", "{1,2,3}"),
        ("int4multirange", "{[1,3),[5,8)}", "{[1,3),[5,8)}"),
        ("interval[]", ["1 month", None], '{"1 mon",NULL}'),
        ("bytea", r"\xdeadbeef", r"\xdeadbeef"),
        ("date", "infinity", "infinity"),
        ("date", "0044-03-15 BC", "0044-03-15 BC"),
        ("timestamptz", "-infinity", "-infinity"),
        ("timestamptz", datetime(2030, 1, 31, 12, tzinfo=UTC), "2030-01-31 12:00:00+00"),
        ("timestamp", datetime(2030, 1, 31, 12), "2030-01-31 12:00:00"),
        ("time", time(1, 2, 3), "01:02:03"),
        ("timetz", time(1, 2, 3, tzinfo=timezone(timedelta(hours=-1, seconds=-1))), "01:02:03-01:00:01"),
        ("inet", "10.0.0.1", "10.0.0.1/32"),
        ("int", 2.0, "2"),
        ("numeric", 0.1, "0.1"),
        ("numeric[]", [0.1, None], "{0.1,NULL}"),
        ("float4", 0.1, "0.1"),
        ('"char"', "r", "r"),
        ("pg_lsn", "0/16B6C50", "0/16B6C50"),
        ("money", 12.5, "$12.50"),
        ("money[]", [Decimal("12.5"), "3"], "{$12.50,$3.00}"),
        ("int[]", [["1", 2], ["3", None]], "{{1,2},{3,NULL}}"),
        ("text[]", [["a"], [1]], "{{a},{1}}"),
        ("date[]", ["2030-01-31", "infinity", None], "{2030-01-31,infinity,NULL}"),
        ("date[]", [[date(2030, 1, 31)], ["0044-03-15 BC"]], '{{2030-01-31},{"0044-03-15 BC"}}'),
        ("interval[]", [timedelta(days=-1, hours=2), "1 month"], '{"-1 days +02:00:00","1 mon"}'),
        ("jsonb", {"a": [Decimal("12345678901234567890.5"), Decimal("1E+2")]}, '{"a": [12345678901234567890.5, 100]}'),
        ("json", Decimal("0.10"), "0.10"),
        ("numeric", "1e-16383", f"0.{'0' * 16382}1"),
    ],
)
def test_texts_are_read_as_their_place_by_the_server(postgres_server: servers.Postgres, kind: str, given: Any, told: str) -> None:
    async def work(one: PostgresSession) -> None:
        statement = f"SELECT ($1::{kind})::text AS x, E'it\\'s $1' AS quoted -- $1"
        (found,) = (await one.fetch(statement, [given])).records
        assert found == {"x": told, "quoted": "it's $1"}

    run(postgres_server, work)


@pytest.mark.parametrize("kind", ["interval", "daterange", "point", "int[]", "date", "timetz"])
def test_texts_that_the_server_refuses_are_not_told(postgres_server: servers.Postgres, kind: str) -> None:
    async def work(one: PostgresSession) -> None:
        with pytest.raises(StatementRefused) as caught:
            await one.fetch(f"SELECT $1::{kind} AS x", ['s3cret "value"'])
        assert "s3cret" not in str(caught.value)
        assert "value" not in str(caught.value)

    run(postgres_server, work)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("'10:30'::time", "10:30:00"),
        ("'12:00:00+02'::timetz", "12:00:00+02"),
        ("'12:00:00+00:53:28'::timetz", "12:00:00+00:53:28"),
        ("interval '2 days 03:00:00'", "2 days 03:00:00"),
        ("interval '90 minutes'", "1 h 30 min"),
        ("interval '1 month 2 days'", "1 month 2 days"),
        ("interval '1 month'", "P1M"),
        (r"'\xdeadbeef'::bytea", r"\xdeadbeef"),
        ("ARRAY[1, 2, NULL]", "{1,2,NULL}"),
        ("'{[1,3),[5,8)}'::int4multirange", "{[1,3),[5,8)}"),
        ("'{[2026-01-01 00:00,)}'::tsmultirange", '{["2026-01-01 00:00:00",)}'),
        ("'{}'::nummultirange", "{}"),
        ("ARRAY['[1', '3)']", "{[1,3)}"),
        ("ARRAY['[1,3)'::int4range]", '{"[1,3)"}'),
        ("ARRAY[1, 2]", "[1, 2]"),
        ("ARRAY['a', 'b c']", '{a,"b c"}'),
        ("ARRAY['2030-01-31'::date]", "{2030-01-31}"),
        ("'{\"a\": [1]}'::jsonb", '{"a": [1]}'),
        ("'infinity'::date", "infinity"),
        ("'[1,3)'::int4range", "[1,3)"),
        ("'{\"a\": 12345678901234567890.123456789}'::jsonb", '{"a": 12345678901234567890.123456789}'),
        ("'r'::\"char\"", "r"),
        ("0.1::float4", "0.1"),
    ],
)
def test_texts_are_read_as_what_is_seen(postgres_server: servers.Postgres, sql: str, expected: str) -> None:
    async def work(one: PostgresSession) -> None:
        seen = (await one.fetch(f"SELECT {sql} AS x")).records[0]["x"]
        judge(seen, "the value", Assertion(AssertionOperator["=="], expected))
        with pytest.raises(StackFailure):
            judge(seen, "the value", Assertion(AssertionOperator["=="], "something else"))

    run(postgres_server, work)


# COPY


@pytest.mark.parametrize(
    ("statement", "copies"),
    [
        ("COPY t FROM STDIN", "FROM STDIN"),
        ("SELECT 1; copy t(a, b)\nfrom /* here */ stdin with (format csv);", "FROM STDIN"),
        ("COPY t FROM '/tmp/stdin'", ""),
        ("/* one /* two */ one */ COPY t FROM STDIN", "FROM STDIN"),
        ("/* one /* two */ COPY t FROM STDIN */ SELECT 1", ""),
        ("COPY (SELECT 1 FROM stdin) TO STDOUT", "TO STDOUT"),
        ("copy t to stdout", "TO STDOUT"),
        ("COPY t TO PROGRAM 'cat > stdout'", ""),
        ("INSERT INTO t VALUES ('COPY t FROM STDIN') -- COPY t FROM STDIN", ""),
        ("SELECT copy FROM stdin", ""),
    ],
)
def test_copies_over_the_connection_are_known(statement: str, copies: str) -> None:
    assert copies_over_connection(statement) == copies


@pytest.mark.parametrize("way", ["FROM STDIN", "TO STDOUT"])
def test_copy_over_the_connection_is_refused_at_once_and_the_session_goes_on(postgres_server: servers.Postgres, way: str) -> None:
    async def work(one: PostgresSession) -> None:
        await one.execute("CREATE TEMP TABLE copied (a int)")
        with pytest.raises(StackError, match=f"COPY … {way}, whose rows go over the connection"):
            await asyncio.wait_for(one.execute(f"COPY copied {way}"), 1)
        with pytest.raises(StackError, match=f"COPY … {way}, whose rows go over the connection"):
            await asyncio.wait_for(one.fetch(f"COPY copied {way}"), 1)
        assert (await one.fetch("SELECT 1 AS x")).records == [{"x": 1}]

    run(postgres_server, work)


# What a session holds


async def kill(server: servers.Postgres, one: PostgresSession) -> None:
    """End a session from outside, and return when its process is gone."""
    other = await asyncpg.connect(server.dsn)
    try:
        pid = one.pid
        await other.execute(f"SELECT pg_terminate_backend({pid})")
        gone, _ = await poll(
            lambda: other.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid),
            lambda left: left == 0,
            Deadline(5),
        )
        assert gone
    finally:
        await other.close()


@pytest.mark.parametrize(
    ("statement", "lost"),
    [
        ("BEGIN", "the open transaction"),
        ("SET search_path = pg_catalog", "settings search_path"),
        ("SELECT pg_advisory_lock(7)", r"1 advisory lock\(s\)"),
        ("CREATE TEMP TABLE held (a int)", "temporary tables held"),
        ("LISTEN doorbell", "channels that it listened to doorbell"),
        ("SET ROLE pg_monitor", "role pg_monitor"),
    ],
)
@pytest.mark.parametrize("by", ["fetch", "execute"])
def test_a_session_that_held_something_is_not_continued(
    postgres_server: servers.Postgres, statement: str, lost: str, by: str
) -> None:
    async def work(one: PostgresSession) -> None:
        await one.execute(statement)
        await kill(postgres_server, one)
        with pytest.raises(SessionLost, match=rf"to go on as it was\nSeen: (?!Seen).*and lost with it is: .*{lost}"):
            await getattr(one, by)("SELECT 2 AS x")
        # It was told; a new session holds nothing.
        assert (await one.fetch("SELECT 2 AS x")).records == [{"x": 2}]
        assert not one.in_transaction

    run(postgres_server, work)


def test_a_session_that_held_nothing_goes_on(postgres_server: servers.Postgres) -> None:
    async def work(one: PostgresSession) -> None:
        await one.execute("SET search_path = pg_catalog")
        await one.execute("RESET search_path")
        await one.execute("BEGIN")
        await one.execute("SELECT 1; SELECT 2")
        await one.execute("COMMIT")
        await kill(postgres_server, one)
        assert (await one.fetch("SELECT 2 AS x")).records == [{"x": 2}]

    run(postgres_server, work)


def test_asking_what_is_held_does_not_set_what_a_transaction_sees(postgres_server: servers.Postgres) -> None:
    async def work(one: PostgresSession) -> None:
        await one.begin("repeatable read")
        other = await asyncpg.connect(postgres_server.dsn)
        try:
            await other.execute("CREATE TABLE IF NOT EXISTS seen_late (a int)")
            await other.execute("INSERT INTO seen_late VALUES (1)")
            assert (await one.fetch("SELECT count(*) > 0 AS x FROM seen_late")).records == [{"x": True}]
            await one.end("ROLLBACK")
        finally:
            await other.execute("DROP TABLE IF EXISTS seen_late")
            await other.close()

    run(postgres_server, work)


# Poolers, connection URLs


def test_settings_that_a_pooler_refuses_are_set_afterwards(
    postgres_server: servers.Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = asyncpg.connect

    async def pooler(dsn: str, *, server_settings: Any = None, statement_cache_size: int = 0, **options: Any) -> Any:
        for name in server_settings or ():
            if name.lower() not in {"application_name", "timezone", "datestyle", "client_encoding"}:
                raise asyncpg.ProtocolViolationError(f"unsupported startup parameter: {name}")
        assert statement_cache_size == 0
        connection = await connect(dsn, server_settings=server_settings, statement_cache_size=0, **options)
        # As pgbouncer does, when the connection that it gives has others.
        await connection.execute("SET timezone = 'UTC'; SET client_encoding = 'UTF8'")
        return connection

    monkeypatch.setattr(asyncpg, "connect", pooler)

    async def work(one: PostgresSession) -> None:
        rows = await one.fetch("SELECT current_setting('statement_timeout') AS x, current_setting('application_name') AS name")
        assert rows.records == [{"x": "5s", "name": "realstack-foreign"}]
        # They are the session's own, nothing that a test would miss.
        await kill(postgres_server, one)
        assert (await one.fetch("SELECT $1::int AS x", ["2"])).records == [{"x": 2}]
        await one.execute("SET search_path = pg_catalog")
        await kill(postgres_server, one)
        with pytest.raises(SessionLost, match="settings search_path\n"):
            await one.fetch("SELECT 1 AS x")
        # No statement has a name, which another session behind the pooler would not know.
        assert (await one.fetch("SELECT count(*) AS n FROM pg_prepared_statements")).records == [{"n": 0}]

    run(postgres_server, work)


def test_urls_of_other_clients_are_accepted(postgres_server: servers.Postgres) -> None:
    async def work(one: PostgresSession) -> None:
        assert one.answer_seconds == 5 + 10 + 2

    mark = "&" if "?" in postgres_server.dsn else "?"
    options = "connect_timeout=10&channel_binding=prefer&gssencmode=disable&keepalives=1&target_session_attrs=any"
    run(postgres_server, work, f"{postgres_server.dsn}{mark}{options}")


@pytest.mark.parametrize(
    ("dsn", "seen"),
    [
        (None, (None, 5)),
        ("postgresql://u:p@h/db", ("postgresql://u:p@h/db", 5)),
        ("postgresql://h/db?connect_timeout=0", ("postgresql://h/db", 5)),
        (
            "postgresql://h1,h2/db?sslmode=require&options=-c%20a%3Db&connect_timeout=2",
            ("postgresql://h1,h2/db?sslmode=require&options=-c%20a%3Db", 2),
        ),
        (" postgresql+asyncpg://u:p@h/db\n", ("postgresql://u:p@h/db", 5)),
        ("postgres+psycopg2://h/a+b://c", ("postgres://h/a+b://c", 5)),
        ("postgresql://h/db?schema=chat&pgbouncer=true&connection_limit=1", ("postgresql://h/db?search_path=chat", 5)),
        ("postgresql://h/db?client_encoding=LATIN1", ("postgresql://h/db", 5)),
    ],
)
def test_what_is_for_other_clients_does_not_go_to_the_server(dsn: str | None, seen: tuple[str | None, float]) -> None:
    assert split_dsn(dsn, 5) == seen


@pytest.mark.parametrize("option", ["channel_binding=require", "connect_timeout=soon"])
def test_what_can_not_be_kept_is_refused(option: str) -> None:
    with pytest.raises(StackError, match=option.partition("=")[0]):
        split_dsn(f"postgresql://h/db?{option}", 5)


PASSWORD = "Zq-Very%sSecret-0123"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgresql://app:pa%2Fss@db/x", ["pa/ss", "pa%2Fss"]),
        ("postgresql://app:pa/ss@db/x", ["pa/ss"]),
        ("redis://:pa#s@s@db:6379/0", ["pa#s@s"]),
        ("postgres://app:pass@[::1/db", ["pass"]),
        ("postgresql://db/x?user=app&password=pa%20ss&sslpassword=other", ["pa ss", "pa%20ss", "other"]),
        ("host=db password='pa ss' user=app", ["pa ss"]),
        ("jdbc:postgresql://db/x?password=pass", ["pass"]),
        ("http://db:8123/a@b", []),
        ("redis://db/0?x=1", []),
        (None, []),
    ],
)
def test_passwords_of_urls_are_known_also_of_those_that_can_not_be_read(url: str | None, found: list[str]) -> None:
    assert passwords_of(url) == found


@pytest.mark.parametrize("mark", ["/", "#", "?", "@[", ":"])
@pytest.mark.parametrize("kind", ["postgres", "redis", "clickhouse"])
def test_a_url_with_an_odd_password_is_refused_without_it(kind: str, mark: str) -> None:
    library, scheme = Databases(), {"postgres": "postgresql", "redis": "redis", "clickhouse": "http"}[kind]
    with pytest.raises(StackError) as caught:
        getattr(library, f"open_{kind}_session")("a", f"{scheme}://app:{PASSWORD % mark}@127.0.0.1:1/")
    assert "Secret" not in str(caught.value)
    assert "Very" not in str(caught.value)


def test_a_query_that_nothing_reads_is_refused() -> None:
    with pytest.raises(StackError, match="a URL without a query"):
        Databases().open_clickhouse_session("a", "http://127.0.0.1:1/?user=app&database=chat")


@pytest.mark.parametrize(
    ("kind", "given", "seen", "remedy"),
    [
        ("timestamptz", datetime(2030, 1, 31, 12), "a datetime without an offset", r"astimezone\(\)"),
        ("timestamptz", "2030-01-31T12:00", "a str without an offset", "2030-01-31T12:00:00Z"),
        ("timestamptz[]", [datetime(2030, 1, 31, 12)], "a list without an offset", r"astimezone\(\)"),
        ("tstzrange", (datetime(2030, 1, 31, 12), None), "a tuple", "PostgreSQL reads as tstzrange"),
        ("timestamp", datetime(2030, 1, 31, 12, tzinfo=UTC), "a datetime", "It has no zone"),
        ("timetz", time(12), "a time", "with its offset"),
        ("text", True, "a bool", "Give a text"),
        ("smallint", 70_000, "an int beyond what it holds", "reads as int2"),
        ("oid", -1, "an int beyond what it holds", "reads as oid"),
        ("date", datetime(2030, 1, 31, 12), "a datetime", "reads as date"),
    ],
)
def test_a_parameter_of_another_type_is_told_with_both_types(
    postgres_server: servers.Postgres, kind: str, given: Any, seen: str, remedy: str
) -> None:
    """A moment without an offset was taken in the machine's zone."""

    async def work(one: PostgresSession) -> None:
        with pytest.raises(StackError, match=rf"(?s)parameter \$1 to be \S+\nSeen: {seen}\n.*Remedy: .*{remedy}"):
            await one.fetch(f"SELECT $1::{kind} AS x", [given])
        assert (await one.fetch("SELECT 1 AS x")).records == [{"x": 1}]

    run(postgres_server, work)


def test_a_number_that_no_float_holds_is_refused(postgres_server: servers.Postgres) -> None:
    """It was infinite."""

    async def work(one: PostgresSession) -> None:
        with pytest.raises(StackError, match=r"parameter \$1 to be float8"):
            await one.fetch("SELECT $1::float8 AS x", ["1e400"])
        assert (await one.fetch("SELECT $1::float8 AS x", ["-Infinity"])).records == [{"x": -math.inf}]

    run(postgres_server, work)
