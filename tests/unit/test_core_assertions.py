"""Assertions of getters: what can't be compared is a failure that says so, and no operator takes a value for another one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from assertionengine import AssertionOperator
from robot import run
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure
from realstack.core.keywords.assertions import AS_TEXT, EVALUATING, verify
from support import servers

SEEN: list[Any] = [
    *(5, 1.5, float("nan"), True, None, "10", "text", b"x", [1, 2], [], {"a": 1}, Decimal("1.5")),
    *(date(2030, 1, 1), datetime(2030, 1, 1, tzinfo=UTC), timedelta(5)),
]
EXPECTED: list[Any] = ["5", "text", "", "nan", "none", "2030-01-01", "[1]", 5, None, [1], {"a": 1}, datetime(2030, 1, 1)]


def holds(seen: Any, operator: str, expected: Any) -> bool:
    try:
        verify(seen, AssertionOperator[operator], expected, "it")
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("operator", sorted(set(AssertionOperator) - EVALUATING, key=str), ids=str)
def test_whatever_is_compared_holds_or_fails(operator: AssertionOperator) -> None:
    for seen, expected in product(SEEN, EXPECTED):
        try:
            verify(seen, operator, expected, "it")
        except AssertionError as error:
            assert "it" in str(error)  # noqa: PT017 - most of them hold or fail, whichever it is
        except StackError as error:
            assert operator in AS_TEXT, error  # noqa: PT017


@pytest.mark.parametrize(
    ("seen", "operator", "expected", "wanted"),
    [
        ("10", ">", "9", True),
        ("10", "<", "9", False),
        ("10", "<", 9, False),
        ("9007199254740993", ">", "9007199254740992", True),
        ("b", ">", "a", True),
        (float("nan"), "==", "NaN", True),
        (float("nan"), "!=", "NaN", False),
        (Decimal("NaN"), "==", "nan", True),
        (float("nan"), "==", "5", False),
        (float("nan"), "!=", "5", True),
        ([5, 6], "contains", "5", True),
        ([5, 6], "not contains", "5", False),
        ([5, 6], "not contains", "7", True),
        (["5"], "contains", "5", True),
        ([date(2030, 1, 31)], "not contains", "2030-01-31", False),
        ({"a": 1}, "contains", "a", True),
        (None, "contains", "on", False),
        (None, "not contains", "on", True),
        (None, "matches", "None", False),
        (500, "starts", "5", True),
        ("500", "contains", 5, True),
        ("text\n", "ends", "text", False),
        ("text\n", "ends", "text\n", True),
        ("a\ntext", "ends", "text", True),
        ([True, "b"], "contains", "true", True),
        ([None], "contains", "null", True),
        ([["a"]], "not contains", "a", True),
        ((0.5,), "not contains", "0.50", False),
        (0.25, "starts", "0.", True),
        (b"ab", "contains", "ab", True),
        (401, "starts", "2", False),
    ],
)
def test_nothing_is_taken_for_something_else(seen: Any, operator: str, expected: Any, wanted: bool) -> None:
    assert holds(seen, operator, expected) is wanted


def test_what_is_no_regular_expression_is_told() -> None:
    with pytest.raises(StackError, match="a regular expression to look for in the name"):
        verify("x", AssertionOperator["matches"], "(", "the name")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ('no {"a": 1} in it', 'no {"a": 1} in it'),
        ("{order}", "{order}"),
        ("{", "{"),
        ("{value} is not {expected}", "'x' is not 'y'"),
    ],
)
def test_a_message_with_braces_is_a_message(message: str, told: str) -> None:
    with pytest.raises(AssertionError) as caught:
        verify("x", AssertionOperator["=="], "y", "it", message)
    assert str(caught.value) == told


def test_looking_into_a_number_gives_the_number() -> None:
    assert verify(500, AssertionOperator["contains"], "5", "it") == 500


def verify_word(seen: Any, operator: str, expected: Any) -> Any:
    return verify(seen, AssertionOperator[operator], expected, "it")


@pytest.mark.parametrize(
    ("seen", "operator", "expected"),
    [(None, ">", "5"), ("abc", ">", 5), (5, "<", "many"), (5, "<=", None), ({"a": 1}, ">", "a"), (["a"], "matches", "a")],
)
def test_what_has_no_order_is_told(seen: Any, operator: str, expected: Any) -> None:
    with pytest.raises(StackFailure, match=rf"Expected: it .*\nSeen: .* \({type(seen).__name__}\)"):
        verify_word(seen, operator, expected)


@pytest.mark.parametrize(("value", "expected"), [("word", Secret("word")), (Secret("word"), Secret("word")), (5, Secret("5"))])
def test_secrets_are_compared_by_their_values(value: Any, expected: Any) -> None:
    assert verify_word(value, "==", expected) is value
    with pytest.raises(StackFailure, match="the same value"):
        verify_word(value, "!=", expected)


def test_secret_that_differs_is_not_told() -> None:
    with pytest.raises(StackFailure) as failed:
        verify_word(Secret("one-of-them"), "==", Secret("another-one"))
    assert "one-of-them" not in str(failed.value)
    assert "another-one" not in str(failed.value)
    assert verify_word("one-of-them", "!=", Secret("another-one")) == "one-of-them"
    with pytest.raises(StackError, match="== or !="):
        verify_word("one-of-them", "contains", Secret("one"))


SUITE = r"""*** Settings ***
Library    realstack.Files
Library    realstack.NetworkFault
Library    realstack.Databases

*** Test Cases ***
What Is Made Of A Value Is Returned As It Is
    ${hash}    Get Sha256    ${CURDIR}/made.robot    matches    ^(?P<first>.)
    Length Should Be    ${hash}[first]    1
    ${words}    Get Sha256    ${CURDIR}/made.robot    then    ['a', value]
    Length Should Be    ${words}    2
    Open Proxy Link    wire    127.0.0.1    ${1}
    ${told}    Get Proxy Connections    wire    then    f'{value} of them'
    Should Be Equal    ${told}    0 of them
    Open Postgres Session    db    %{MADE_DSN}
    ${many}    Query    SELECT generate_series(1, 3) AS n    then    len(value)
    Should Be Equal    ${many}    ${3}
    ${n}    Get Row    SELECT 1 AS n    then    value['n'] + 1
    Should Be Equal    ${n}    ${2}
    ${sum}    Get Column    SELECT generate_series(1, 3) AS n    then    sum(value)
    Should Be Equal    ${sum}    ${6}
    ${part}    Get Value    SELECT 'a-b'    matches    (.)-(.)
    Should Be Equal    ${part}[1]    b
"""


def test_what_an_operator_makes_of_a_value_is_returned_as_it_is(
    tmp_path: Path, postgres_server: servers.Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MADE_DSN", postgres_server.dsn)
    (tmp_path / "made.robot").write_text(SUITE)
    failed = run(str(tmp_path / "made.robot"), outputdir=str(tmp_path), console="none", report=None, log=None)
    assert failed == 0, (tmp_path / "output.xml").read_text()[-3000:]


def test_empty_text_may_match() -> None:
    for pattern in ("^$", ".*", "a?"):
        assert verify("", AssertionOperator["matches"], pattern, "It") == ""
    assert verify("", AssertionOperator["matches"], "(a)?", "It") == (None,)
    with pytest.raises(AssertionError):
        verify("", AssertionOperator["matches"], ".", "It")


@pytest.mark.parametrize("operator", ["==", "!=", "<", ">", "<=", ">="])
def test_moment_without_an_offset_is_compared_with_none_that_has_one(operator: str) -> None:
    """It differed from each, so that ``!=`` held whatever was seen."""
    moment = datetime(2030, 1, 1)
    for seen, expected in ((moment, moment.replace(tzinfo=UTC)), (moment.replace(tzinfo=UTC), moment)):
        with pytest.raises(StackFailure, match=r"Remedy: .* without an offset"):
            verify(seen, AssertionOperator[operator], expected, "it")
    assert holds(moment, operator, moment) is (operator in {"==", "<=", ">="})
    assert holds(moment.replace(tzinfo=UTC), operator, "2030-01-01 00:00") is (operator in {"==", "<=", ">="})
