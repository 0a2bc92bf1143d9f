"""Assertions of getters: the AssertionEngine's operators, with texts of a table read as the type of what is seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from assertionengine import AssertionOperator, verify_assertion
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.likeness import like
from realstack.core.quantities import byte_size, duration

Unit = Literal["", "s", "B"]
"""What a number counts: seconds (``500 ms`` may be expected) or bytes (``4 KiB`` may be)."""

EVALUATING = frozenset({AssertionOperator["validate"], AssertionOperator["then"]})
"""Operators whose expected value is a Python expression."""
AS_TEXT = frozenset(AssertionOperator[name] for name in ("contains", "not contains", "starts", "ends", "matches"))
"""Operators that look into texts, and at lists only where they look for an item."""
OF_PATTERNS = AssertionOperator["matches"]
"""The operator whose expected value is a regular expression."""
EQUAL, DIFFERENT = AssertionOperator["=="], AssertionOperator["!="]

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

    Text operators look at a number, or at nothing, as the text that it is written as. A Secret is compared by its value, which no
    failure tells.

    Raises:
        AssertionError: It does not hold, or what is seen can't be compared so.
        StackError: An expectation without an operator, one that has no such unit, or no regular expression where one is.
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
    if message:
        message = _own(message, value, expected)
    if operator in EVALUATING:
        return verify_assertion(value, operator, expected, what, message)
    if isinstance(expected, Secret) or isinstance(value, Secret):
        return _of_secrets(value, operator, expected, what, message)
    subject = value
    if operator in AS_TEXT:
        subject, expected = _as_text(value, expected, what, operator)
    elif expected is not None:
        expected = _UNITS[unit](expected, what) if unit else read(value, expected)
    try:
        found = verify_assertion(subject, operator, expected, what, message)
    except TypeError:
        wanted, seen = (f"{one!r} ({type(one).__name__})" for one in (expected, value))
        raise StackFailure(explain(f"{what} {operator.name} {wanted}", f"{seen}, which can't be compared so")) from None
    return found if subject is value else value


def _as_text(value: Any, expected: Any, what: str, operator: AssertionOperator) -> tuple[Any, Any]:
    """What a text operator looks at, and for what: of a list for an item, read as the type of those that are there."""
    if operator is OF_PATTERNS and isinstance(expected, str):
        try:
            re.compile(expected)
        except re.error as error:
            raise StackError(explain(f"a regular expression that {what} matches", f"{expected!r}: {error}")) from None
    if isinstance(value, list | tuple):
        items = (item for item in value if not isinstance(item, list | tuple | Mapping) and like(item, expected) == item)
        return value, next(items, expected)
    if isinstance(value, Mapping):
        return value, expected
    return value if isinstance(value, str) else str(value), expected if isinstance(expected, str) else str(expected)


def _of_secrets(value: Any, operator: AssertionOperator, expected: Any, what: str, message: str | None) -> Any:
    if operator not in (EQUAL, DIFFERENT):
        raise StackError(explain(f"== or != where {what} is compared with a Secret", operator.name))
    seen, wanted = (one.value if isinstance(one, Secret) else one for one in (value, expected))
    if (seen == like(seen, wanted)) is not (operator is EQUAL):
        told = "another value" if operator is EQUAL else "the same value"
        raise StackFailure(message or explain(f"{what} {operator.value} a Secret that is not shown", told))
    return value


def _own(message: str, value: Any, expected: Any) -> str:
    """A failure's own text: one with braces that are no placeholders of the AssertionEngine stands as it is written."""
    try:
        message.format(value=value, value_type="", expected=expected, expected_type="")
    except (LookupError, ValueError, AttributeError):
        return message.replace("{", "{{").replace("}", "}}")
    return message
