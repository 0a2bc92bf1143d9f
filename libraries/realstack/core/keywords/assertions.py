"""Assertions of getters: the AssertionEngine's operators, with texts of a table read as the type of what is seen.

Where texts are to be in an order and spell numbers, it is the order of the numbers. What can't be compared at all fails.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar, cast

from assertionengine import AssertionOperator, verify_assertion
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.likeness import like
from realstack.core.quantities import byte_size, duration, number

T = TypeVar("T")

Unit = Literal["", "s", "B"]
"""What a number counts: seconds (``500 ms`` may be expected) or bytes (``4 KiB`` may be)."""

EVALUATING = frozenset({AssertionOperator["validate"], AssertionOperator["then"]})
"""Operators whose expected value is a Python expression."""
AS_TEXT = frozenset(AssertionOperator[name] for name in ("contains", "not contains", "starts", "ends", "matches"))
"""Operators that look into texts, and at lists only where they look for an item."""

_SAME = {AssertionOperator["=="]: True, AssertionOperator["!="]: False}
_IN_ORDER = frozenset(AssertionOperator[name] for name in ("<", ">", "<=", ">="))

_COMPARING = _IN_ORDER | _SAME.keys()
_OF_OFFSETS = "Nobody knows when a time without an offset is: give it one. A datetime of this machine's gets it by .astimezone()."

_UNITS: dict[str, Callable[[object, str], float]] = {"s": duration, "B": byte_size}


def verify(
    value: T,
    operator: AssertionOperator | None,
    expected: Any,
    what: str,
    message: str | None = None,
    *,
    unit: Unit = "",
    read: Callable[[Any, Any], Any] = like,
) -> T:
    """Return a value; given an operator, assert about it first.

    Whoever calls it gives what it returns to the test as it is: ``then`` makes something else of a value, ``matches`` with groups
    gives these.

    Args:
        value: What is seen.
        operator: How to compare; None asserts nothing.
        expected: By what; a text is read as the type of what is seen (see `realstack.core.likeness`).
        what: What is compared, for the failure's text.
        message: The failure's own text.
        unit: What a number counts.
        read: Reads an expected text as the type of a value.

    A Secret is compared by its value, which no failure tells.

    Raises:
        AssertionError: It does not hold, or it is nothing that the operator could compare.
        StackError: An expectation without an operator, one that has no such unit, or one that is no regular expression.
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
    if operator in EVALUATING:
        return cast("T", verify_assertion(value, operator, expected, what, _whole(message)))
    if isinstance(expected, Secret) or isinstance(value, Secret):
        return cast("T", _verify_secret(value, operator, expected, what, message))
    if operator in AS_TEXT:
        if isinstance(value, (list, tuple)):
            # Items are read as they are where whole lists are compared.
            items = (item for item in value if not isinstance(item, (list, tuple, dict)))
            expected = next((item for item in items if read(item, expected) == item), expected)
        return cast("T", _verify_text(value, operator, expected, what, message))
    if expected is not None:
        expected = _UNITS[unit](expected, what) if unit else read(value, expected)
    if operator in _SAME and _is_nan(value) and _is_nan(expected):
        # By its own rule it equals nothing; who expects it means just this.
        if _SAME[operator]:
            return value
        raise _failure(value, operator, expected, what, message)
    if operator in _COMPARING and {_lacks_offset(value), _lacks_offset(expected)} == {True, False}:
        raise _failure(value, operator, expected, what, message, remedy=_OF_OFFSETS)
    left, right = (_numbers(value, expected) if operator in _IN_ORDER else None) or (value, expected)
    try:
        verify_assertion(left, operator, right, what, _whole(message))
    except (TypeError, ArithmeticError):
        raise _failure(value, operator, expected, what, message) from None
    return value


def _verify_secret(value: Any, operator: AssertionOperator, expected: Any, what: str, message: str | None) -> Any:
    if operator not in _SAME:
        raise StackError(explain(f"== or != where {what} is compared with a Secret", operator.name))
    seen, wanted = (one.value if isinstance(one, Secret) else one for one in (value, expected))
    if (seen == like(seen, wanted)) is not _SAME[operator]:
        told = "another value" if _SAME[operator] else "the same value"
        raise StackFailure(message or explain(f"{what} {operator.value} a Secret that is not shown", told))
    return value


def _verify_text(value: Any, operator: AssertionOperator, expected: Any, what: str, message: str | None) -> Any:
    """Look into a text, or into a list or an object for an item; what is something else is looked at as it is written."""
    if value is None:
        # Nothing has nothing in it, and no `on` as its name has.
        if operator is AssertionOperator["not contains"]:
            return value
        raise _failure(value, operator, expected, what, message)
    looked_at = value if isinstance(value, (str, list, tuple, set, frozenset, dict)) else str(value)
    wanted = str(expected) if isinstance(looked_at, str) else expected
    try:
        if operator is AssertionOperator["matches"] and looked_at == "" and _is_found_in_nothing(wanted):
            return value
        found = verify_assertion(looked_at, operator, wanted, what, _whole(message))
    except re.error as error:
        raise StackError(explain(f"a regular expression to look for in {what}", str(error))) from None
    except TypeError:
        raise _failure(value, operator, expected, what, message) from None
    if operator is AssertionOperator["ends"] and not str(looked_at).endswith(wanted):  # but for a line's end
        raise _failure(value, operator, expected, what, message)
    return found if operator is AssertionOperator["matches"] else value


def _is_found_in_nothing(pattern: str) -> bool:
    """Whether an empty text matches, which the AssertionEngine takes for what it does not find, unless there are groups."""
    found = re.compile(pattern)
    return not found.groups and found.search("") is not None


def _is_nan(value: Any) -> bool:
    return value.is_nan() if isinstance(value, Decimal) else isinstance(value, float) and math.isnan(value)


def _lacks_offset(value: Any) -> bool | None:
    """Whether a moment has no offset, so that nobody knows when it is; None of what is no moment."""
    return value.tzinfo is None if isinstance(value, datetime) else None


def _numbers(value: Any, expected: Any) -> tuple[int | float, int | float] | None:
    """Both as numbers, where one of them is a text that spells one: as texts 10 comes before 9."""
    if not isinstance(value, str):
        return None
    try:
        return number(value), number(expected)
    except StackError:
        return None


def _failure(
    value: Any, operator: AssertionOperator, expected: Any, what: str, message: str | None, *, remedy: str = ""
) -> StackFailure:
    seen = f"{value!r} ({type(value).__name__})"
    told = operator.name if operator in AS_TEXT else operator.value
    return StackFailure(message or explain(f"{what} {told} {expected!r} ({type(expected).__name__})", seen, remedy=remedy))


def _whole(message: str | None) -> str | None:
    """A message that may have braces in it, as JSON has, which are no places for the values."""
    if not message:
        return message
    try:
        message.format(value="", value_type="", expected="", expected_type="")
    except (LookupError, ValueError, AttributeError):
        return message.replace("{", "{{").replace("}", "}}")
    return message
