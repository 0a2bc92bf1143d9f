"""Secrets, tables, values and comparisons: what needs no server."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realstack.core.errors import StackError
from realstack.core.table import html_table, text_table
from realstack.databases.masking import Masking, digest, hidden, scrub_statement
from realstack.databases.snapshot import Part, Snapshot, compare, ignored, numbered, split_alias
from realstack.databases.values import json_safe, like

masking = Masking("state_hash, browser_hash, nonce")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "token_hash",
        "refresh_token",
        "code_verifier",
        "client_secret",
        "STATE_HASH",
        "nonce",
        "user_password",
        "refreshToken",
        "apikey",
        "browser_hash",
    ],
)
def test_secret_names(name: str) -> None:
    assert masking.is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["id", "sha256", "name", "email", "seq", "state", "tokens_used_count", "keyword", "message_id", "token_type", "tokenType"],
)
def test_plain_names(name: str) -> None:
    assert not masking.is_secret(name)


def test_secrets_are_found_at_any_depth() -> None:
    row = {"id": 1, "data": {"list": [{"access_token": "s3cret"}], "has_token": True, "password": None}}
    assert masking.row(row, hidden) == {
        "id": 1,
        "data": {"list": [{"access_token": "<hidden>"}], "has_token": True, "password": None},
    }


@given(JSON)
def test_masking_changes_nothing_else(value: Any) -> None:
    class Nothing(Masking):
        def is_secret(self, name: str) -> bool:
            return False

    assert Nothing().apply("x", value, hidden) == value


def test_digests_tell_equal_from_different_and_nothing_else() -> None:
    assert digest("secret") == digest("secret") != digest("other")
    assert "secret" not in digest("secret")


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SELECT 'short'", "SELECT 'short'"),
        (f"SELECT '{'x' * 41}'", "SELECT '<hidden>'"),
        ("ALTER ROLE a PASSWORD 'x''y'", "ALTER ROLE a PASSWORD '<hidden>'"),
        ("SELECT 'it''s'", "SELECT 'it''s'"),
    ],
)
def test_statements_are_scrubbed(statement: str, shown: str) -> None:
    assert scrub_statement(statement) == shown


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Key (id)=(5) already exists.", "Key (id)=(5) already exists."),
        ("Schlüssel »(token)=(a) b)« existiert bereits.", "Schlüssel »(token)=(<hidden>)« existiert bereits."),
        ('Key (token)=(a) is) not present in table "t".', 'Key (token)=(<hidden>) not present in table "t".'),
        ("Key (lower(token), id)=(a, 1) already exists.", "Key (lower(token), id)=(<hidden>) already exists."),
    ],
)
def test_values_of_secret_columns_are_taken_out_of_details(told: str, shown: str) -> None:
    assert masking.detail(told) == shown


def test_a_row_is_taken_out_of_a_detail_in_any_language() -> None:
    assert masking.detail("Fehlgeschlagene Zeile enthält (1, a)\nb, null).", whole_row=True).endswith("enthält (<hidden>).")


def test_tables_are_escaped_and_bounded() -> None:
    rows = [{"<b>": "<script>alert(1)</script>", "n": None, "long": "x" * 500} for _ in range(60)]
    html = html_table(["<b>", "n", "long"], rows, "a <caption>")
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "a &lt;caption&gt; · the first 50 of 60 rows" in html
    assert html.count("<tr>") == 51
    assert 'title="500 characters"' in html
    assert "<i" in html
    assert text_table(["n", "long"], rows, most_rows=2).endswith("… and 58 more")


@pytest.mark.parametrize(
    ("seen", "written", "read"),
    [
        (2, "2", 2),
        (2, "2.5", 2.5),
        (2.5, "2.5", 2.5),
        (True, "true", True),
        (True, "no", False),
        (Decimal("1.5"), "1.5", Decimal("1.5")),
        (datetime(2030, 1, 1, tzinfo=UTC), "2030-01-01T00:00:00+00:00", datetime(2030, 1, 1, tzinfo=UTC)),
        ("2", "2", "2"),
        (2, "two", "two"),
        (None, "x", "x"),
        (2, 2.0, 2.0),
    ],
)
def test_expectations_are_read_like_what_is_seen(seen: Any, written: Any, read: Any) -> None:
    assert like(seen, written) == read


def test_json_safe_holds_what_json_can() -> None:
    value = {"t": datetime(2030, 1, 1, tzinfo=UTC), "b": b"\x01", "d": Decimal("1.5"), "s": {1}}
    assert json_safe(value) == {"t": "2030-01-01T00:00:00+00:00", "b": "01", "d": "1.5", "s": [1]}


def snapshot(name: str, rows: dict[str, dict[str, Any]], part: str = "db:t") -> Snapshot:
    return Snapshot(name, 0.0, {part: Part(part, ("a", "b"), rows)})


def test_differences_name_what_changed() -> None:
    before = snapshot("before", {"1": {"a": 1, "b": 1}, "2": {"a": 2, "b": 2}})
    after = snapshot("after", {"1": {"a": 1, "b": 9}, "3": {"a": 3, "b": 3}})
    found = [(one.what, one.key, one.column, one.before, one.after) for one in compare(before, after)]
    assert found == [
        ("removed", "2", "", {"a": 2, "b": 2}, None),
        ("added", "3", "", None, {"a": 3, "b": 3}),
        ("changed", "1", "b", 1, 9),
    ]
    assert [one.what for one in compare(before, after, ["b"])] == ["removed", "added"]
    assert compare(before, before) == []


def test_rows_without_a_key_are_told_apart_by_what_counts() -> None:
    def keyless(name: str, *rows: dict[str, Any]) -> Snapshot:
        return Snapshot(name, 0.0, {"db:t": Part("db:t", ("a", "at"), numbered((str(row), row) for row in rows), keyed=False)})

    before = keyless("before", {"a": 1, "at": 1}, {"a": 1, "at": 2}, {"a": 2, "at": 3})
    after = keyless("after", {"a": 2, "at": 9}, {"a": 1, "at": 8}, {"a": 1, "at": 7})
    assert len(compare(before, after)) == 6
    assert compare(before, after, ["at"]) == []
    less = keyless("less", {"a": 1, "at": 8}, {"a": 2, "at": 9})
    assert [(one.what, one.before) for one in compare(before, less, ["db:t.at"])] == [("removed", {"a": 1})]


@pytest.mark.parametrize("keyed", [True, False])
def test_what_is_no_number_has_not_changed(keyed: bool) -> None:
    def taken(value: Any) -> Snapshot:
        return Snapshot("s", 0.0, {"t": Part("t", ("id", "x"), {"1": {"id": 1, "x": value}}, keyed)})

    assert compare(taken(float("nan")), taken(float("nan"))) == []
    assert compare(taken([float("nan")]), taken([float("nan")])) == []
    assert [one.column for one in compare(taken(float("nan")), taken(0.0))] == ["x"]
    assert [one.column for one in compare(taken("1"), taken(1))] == ["x"]


def test_different_parts_can_not_be_compared() -> None:
    with pytest.raises(StackError, match="two snapshots of the same tables"):
        compare(snapshot("a", {}), snapshot("b", {}, part="db:other"))


@pytest.mark.parametrize(
    ("pattern", "counts"), [("b", True), ("db:t.b", True), ("*_at", False), ("db:*.b", True), ("other.b", False)]
)
def test_columns_are_ignored_by_pattern(pattern: str, counts: bool) -> None:
    assert ignored("db:t", "b", [pattern]) is counts


@pytest.mark.parametrize("spec", ["users", ":users", "db:", ""])
def test_specs_need_an_alias(spec: str) -> None:
    with pytest.raises(StackError, match="alias:table"):
        split_alias(spec)
