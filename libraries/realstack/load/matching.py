"""Conditions whose values are templates: understood once, filled for each wait."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from realstack.core.template import Values
from realstack.websocket import Match
from realstack.websocket.match import Condition


def filled(conditions: Sequence[str], values: Values, type_path: str = "type") -> Match:
    """The match that conditions mean for a user.

    Raises:
        StackError: A placeholder has no value.
        ValueError: A condition can't be understood.
    """
    return Match(tuple(condition for text in conditions for condition in _filled(text, values, type_path)))


def _filled(text: str, values: Values, type_path: str) -> tuple[Condition, ...]:
    if "{" not in text:
        return _understood(text, type_path)
    if "{" in text.partition("=")[0]:  # the path is a template, too
        return _understood(values.text(text), type_path)
    return tuple(Condition(one.path, one.operator, values.text(one.expected)) for one in _understood(text, type_path))


@lru_cache(maxsize=4096)
def _understood(text: str, type_path: str) -> tuple[Condition, ...]:
    return Match.of(text, type_path=type_path).conditions
