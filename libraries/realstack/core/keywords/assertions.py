"""Assertions of getters, with cells of a table in mind: ``5`` is a number and ``500 ms`` a time."""

from __future__ import annotations

from typing import Any

from assertionengine import AssertionOperator, verify_assertion
from robot.utils import timestr_to_secs

_EVALUATING = (AssertionOperator["validate"], AssertionOperator["then"])


def verify_number(value: float, operator: AssertionOperator | None, expected: Any, what: str, message: str | None) -> Any:
    """Check a number; a text that spells one is taken as such.

    Raises:
        AssertionError: It does not hold.
        ValueError: The expected value is no number.
    """
    if operator is not None and operator not in _EVALUATING and isinstance(expected, str):
        try:
            expected = int(expected)
        except ValueError:
            try:
                expected = float(expected)
            except ValueError:
                raise ValueError(f"{what} is a number; it can't be compared with '{expected}'") from None
    return verify_assertion(value, operator, expected, what, message)


def verify_seconds(value: float, operator: AssertionOperator | None, expected: Any, what: str, message: str | None) -> Any:
    """Check a time in seconds; the expected one may be written ``0.5``, ``500 ms`` or be a timedelta."""
    if operator is not None and operator not in _EVALUATING and expected is not None:
        expected = timestr_to_secs(expected, round_to=None)
    return verify_assertion(value, operator, expected, what, message)


def verify_text(value: str, operator: AssertionOperator | None, expected: Any, what: str, message: str | None) -> Any:
    """Check a text."""
    return verify_assertion(value, operator, expected, what, message)


def verify_list(value: list[Any], operator: AssertionOperator | None, expected: Any, what: str, message: str | None) -> Any:
    """Check a list; a comma-separated text is taken as one where lists are compared."""
    if operator in (AssertionOperator["=="], AssertionOperator["!="]) and isinstance(expected, str):
        expected = [part.strip() for part in expected.split(",") if part.strip()]
    return verify_assertion(value, operator, expected, what, message)
