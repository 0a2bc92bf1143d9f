"""Assertions of getters: the AssertionEngine's operators, with texts of a table read as the type of what is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from assertionengine import AssertionOperator, verify_assertion

from realstack.core.errors import StackError, explain
from realstack.core.likeness import like
from realstack.core.quantities import byte_size, duration

Unit = Literal["", "s", "B"]
"""What a number counts: seconds (``500 ms`` may be expected) or bytes (``4 KiB`` may be)."""

EVALUATING = frozenset({AssertionOperator["validate"], AssertionOperator["then"]})
"""Operators whose expected value is a Python expression."""
AS_TEXT = frozenset(AssertionOperator[name] for name in ("contains", "not contains", "starts", "ends", "matches"))
"""Operators that look into texts, and at lists only where they look for an item."""

_UNITS: dict[str, Callable[[object, str], float]] = {"s": duration, "B": byte_size}


def verify(
    value: Any,
    operator: AssertionOperator | None,
    expected: Any,
    what: str,
    message: str | None = None,
    *,
    unit: Unit = "",
    read: Callable[[Any, Any], Any] = like,
) -> Any:
    """Return a value; given an operator, assert about it first.

    Args:
        value: What is seen.
        operator: How to compare; None asserts nothing.
        expected: By what; a text is read as the type of what is seen (see `realstack.core.likeness`).
        what: What is compared, for the failure's text.
        message: The failure's own text.
        unit: What a number counts.
        read: Reads an expected text as the type of a value.

    Raises:
        AssertionError: It does not hold.
        StackError: An expectation without an operator, or one that has no such unit.
    """
    if operator is None:
        if expected not in (None, ""):
            raise StackError(
                explain(
                    f"an assertion operator before what {what} is expected to be",
                    f"only {expected!r}",
                    remedy="Write ==, >=, contains … before it.",
                )
            )
        return value
    if operator not in EVALUATING and expected is not None:
        expected = _UNITS[unit](expected, what) if unit else expected if operator in AS_TEXT else read(value, expected)
    return verify_assertion(value, operator, expected, what, message)
