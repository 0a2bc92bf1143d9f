"""Arguments that several keywords of the NetworkFault library take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from realstack.core.errors import StackError
from realstack.faults.toxics import Way

DirectionName = Literal["both", "to-service", "from-service"]
OneWay = Literal["to-service", "from-service"]


def ways(direction: str) -> list[Way]:
    """The directions that ``both``, ``to-service`` or ``from-service`` means."""
    return [way for way in Way if direction in ("both", way.value)]


def lasting(named: Mapping[str, timedelta]) -> timedelta | None:
    """The value of ``for=``, which no Python argument can be called."""
    wrong = [name for name in named if name != "for"]
    if wrong:
        raise StackError(
            f"Got unexpected named arguments: {', '.join(wrong)}. Only 'for' is there besides those that are documented."
        )
    return named.get("for")
