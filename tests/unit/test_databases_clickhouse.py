"""ClickHouse: what goes in comes out, whatever it is made of; errors explain themselves."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from realstack.core.errors import StackError
from realstack.core.loop import BackgroundLoop
from realstack.databases.clickhouse import ClickHouseSession, ClickHouseTarget
from realstack.databases.clickhouse_literals import bind, literal
from realstack.databases.errors import StatementRefused, StoreUnreachable
from support import servers

T = TypeVar("T")
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


class Client:
    """A session on a loop of its own, for synchronous tests."""

    def __init__(self, server: servers.ClickHouse, **changes: Any) -> None:
        self.loop = BackgroundLoop("test-clickhouse")
        facts = {"url": server.url, "user": server.user, "password": server.password, "database": server.database, **changes}
        self.session = ClickHouseSession("events", ClickHouseTarget(**facts), "tests", statement_timeout=5)

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


@pytest.mark.parametrize("number", [0, 1, -1, 2**63 - 1, -(2**63) + 1, 2**64 - 1])
def test_integers_survive(client: Client, number: int) -> None:
    assert client.value("SELECT $1 AS x", number) == number


@settings(deadline=None, max_examples=60)
@given(number=st.floats(allow_nan=False, allow_infinity=False, min_value=1e-200, max_value=1e200))
def test_floats_survive(client: Client, number: float) -> None:
    # Old servers read and write some numbers one unit in the last place apart.
    assert client.value("SELECT toFloat64($1) AS x", number) == pytest.approx(number, rel=1e-15)


def test_odd_numbers_survive(client: Client) -> None:
    assert math.isnan(client.value("SELECT $1 AS x", math.nan))
    assert client.value("SELECT $1 AS x", math.inf) == math.inf
    assert client.value("SELECT $1 AS x", -math.inf) == -math.inf
    assert client.value("SELECT toFloat64($1) AS x", Decimal("1.25")) == 1.25


def test_other_types_survive(client: Client) -> None:
    assert client.value("SELECT $1 AS x", None) is None
    assert client.value("SELECT $1 AS x", True) == 1
    assert client.value("SELECT $1 AS x", b"\x00\x27\x5c") == "\0'\\"
    assert client.value("SELECT toString($1) AS x", date(2030, 1, 31)) == "2030-01-31"
    assert client.value("SELECT toUnixTimestamp($1) AS x", datetime(2030, 1, 31, 12, tzinfo=UTC)) == 1896091200
    assert client.value("SELECT 2 IN $1 AS x", (1, 2)) == 1
    assert client.value("SELECT 'b' IN $1 AS x", {"a", "b"}) == 1
    assert client.value("SELECT toUInt64(18446744073709551615) AS x") == 18446744073709551615


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": 1}, "a value that can be written as a ClickHouse literal"),
        (object(), "a value that can be written as a ClickHouse literal"),
        ((), "at least one value for IN"),
        (datetime(2030, 1, 1), "a time with its offset"),
        (datetime(2030, 1, 1, microsecond=5, tzinfo=UTC), "a time of whole seconds"),
    ],
)
def test_inexact_values_are_refused(value: Any, words: str) -> None:
    with pytest.raises(StackError, match=words):
        literal(value)


@pytest.mark.parametrize(
    ("statement", "parameters", "bound"),
    [
        ("SELECT $1, $2, $1", ["a", 2], "SELECT 'a', 2, 'a'"),
        ("SELECT '$1', \"$1\", `$1`, $1", [1], "SELECT '$1', \"$1\", `$1`, 1"),
        ("SELECT 'it''s $1', 'a\\'$1', $1", [1], "SELECT 'it''s $1', 'a\\'$1', 1"),
        ("SELECT $1 -- $2\n, 1 /* $3 */", [1], "SELECT 1 -- $2\n, 1 /* $3 */"),
        ("SELECT $10", list(range(10)), None),
        ("SELECT $2", ["$1"], None),
        ("SELECT 1", [1], None),
    ],
)
def test_places_are_found_where_they_are_places(statement: str, parameters: list[Any], bound: str | None) -> None:
    if bound is None:
        with pytest.raises(StackError, match="of the statement"):
            bind(statement, parameters)
    else:
        assert bind(statement, parameters) == bound


def test_values_are_not_looked_into_for_places() -> None:
    assert bind("SELECT $1, $2", ["$2", "x"]) == "SELECT '$2', 'x'"


def test_refused_statement_says_why(client: Client) -> None:
    with pytest.raises(StatementRefused, match=r"(?s)Table events.nothing doesn't exist.*SELECT \* FROM nothing") as caught:
        client.run(client.session.fetch("SELECT * FROM nothing"))
    assert caught.value.code == "60"


def test_error_in_the_middle_of_an_answer_is_an_error(client: Client) -> None:
    with pytest.raises((StatementRefused, StoreUnreachable), match="throw"):
        client.run(client.session.fetch("SELECT throwIf(number = 900000, 'throw') FROM numbers(1000000)"))


def test_own_format_is_refused(client: Client) -> None:
    with pytest.raises(StackError, match="a statement without FORMAT"):
        client.run(client.session.fetch("SELECT 1 FORMAT TabSeparated"))


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
    async def both() -> float:
        slow = asyncio.ensure_future(client.session.fetch("SELECT sleep(0.3) AS x"))
        await client.session.fetch("SELECT 1 AS x")
        assert not slow.done()
        await slow
        return 0.0

    client.run(both())
