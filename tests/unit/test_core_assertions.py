"""Assertions of getters, whatever is seen and whatever it is compared with."""

from __future__ import annotations

from typing import Any

import pytest
from assertionengine import AssertionOperator
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure
from realstack.core.keywords.assertions import verify


def asserted(value: Any, operator: str, expected: Any, message: str | None = None, **more: Any) -> Any:
    return verify(value, AssertionOperator[operator], expected, "It", message, **more)


@pytest.mark.parametrize(
    ("value", "operator", "expected"),
    [
        ([5, 6], "contains", "5"),
        ([True, "b"], "contains", "true"),
        ([None], "contains", "null"),
        (["a", 5], "not contains", "6"),
        ([["a"]], "not contains", "a"),
        (5, "contains", "5"),
        (0.25, "starts", "0."),
        (None, "not contains", "openid"),
        (0.5, "contains", "5"),
        (b"ab", "contains", "ab"),
        ("a5", "ends", 5),
    ],
)
def test_text_operators_look_at_what_is_no_text_too(value: Any, operator: str, expected: Any) -> None:
    assert asserted(value, operator, expected) is value


@pytest.mark.parametrize(
    ("value", "operator", "expected"),
    [
        ([5, 6], "not contains", "5"),
        ([True], "not contains", "True"),
        ((0.5,), "not contains", "0.50"),
        (None, "contains", "openid"),
        (None, "matches", "^o"),
        (401, "starts", "2"),
    ],
)
def test_text_operators_fail_where_they_do_not_hold(value: Any, operator: str, expected: str) -> None:
    with pytest.raises(AssertionError, match=f"It .*{expected[-1]}"):
        asserted(value, operator, expected)


@pytest.mark.parametrize(
    ("value", "operator", "expected"),
    [(None, ">", "5"), ("abc", ">", 5), (5, "<", "many"), (5, "<=", None), ({"a": 1}, ">", "a"), (["a"], "matches", "a")],
)
def test_what_has_no_order_is_told(value: Any, operator: str, expected: Any) -> None:
    with pytest.raises(StackFailure, match=r"Expected: It (?s:.*)Seen: .*can't be compared so"):
        asserted(value, operator, expected)


def test_what_is_no_regular_expression_is_told() -> None:
    with pytest.raises(StackError, match="a regular expression that It matches"):
        asserted("abc", "matches", "a(")


@pytest.mark.parametrize("message", ['{"a": 1} was asked for', "no {id} here", "{0}", "half a { brace", "{}"])
def test_message_with_braces_is_told_as_it_is(message: str) -> None:
    with pytest.raises(AssertionError) as failed:
        asserted("a", "==", "b", message)
    assert str(failed.value) == message


def test_message_may_have_placeholders() -> None:
    with pytest.raises(AssertionError, match=r"^'a' \(str\) is not 'b'$"):
        asserted("a", "==", "b", "{value} ({value_type}) is not {expected}")


@pytest.mark.parametrize(("value", "expected"), [("word", Secret("word")), (Secret("word"), Secret("word")), (5, Secret("5"))])
def test_secrets_are_compared_by_their_values(value: Any, expected: Any) -> None:
    assert asserted(value, "==", expected) is value
    with pytest.raises(StackFailure, match="the same value"):
        asserted(value, "!=", expected)


def test_secret_that_differs_is_not_told() -> None:
    with pytest.raises(StackFailure) as failed:
        asserted(Secret("one-of-them"), "==", Secret("another-one"))
    assert "one-of-them" not in str(failed.value)
    assert "another-one" not in str(failed.value)
    assert asserted("one-of-them", "!=", Secret("another-one")) == "one-of-them"
    with pytest.raises(StackError, match="== or !="):
        asserted("one-of-them", "contains", Secret("one"))
