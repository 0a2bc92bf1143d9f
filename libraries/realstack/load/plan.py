"""What a load is to be, decided before it begins: who does what, when, and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.load.schedule import Schedule
from realstack.load.steps import Step
from realstack.recording.trace import trace


@dataclass(slots=True)
class Script:
    """What each user does.

    Attributes:
        name: Its name.
        setup: Steps before the start, once; again when a connection was lost.
        steps: Steps of an iteration.
        base_url: Where relative URLs of HTTP steps start; may be a template.
        ca: PEM file of the authority that users trust instead of the system's; empty for the latter.
    """

    name: str
    setup: list[Step] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    base_url: str = ""
    ca: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take.

    Attributes:
        most_lag: Seconds that 99 % of the generator's own lags may take; more makes the load INVALID.
        drain: Seconds after the last planned time, or after the duration of a closed model that has done too little, within
            which iterations may still begin.
    """

    most_lag: float = 0.1
    drain: float = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A load before it begins.

    Attributes:
        script: What each user does.
        people: Name of each user to its values.
        schedule: When.
        limits: How long things may take.
        recorded: Whether frames and requests go to the test's recording.
        stay: Whether users keep their connections after their last iteration, until they are told to leave.
        numbers: Of these users among all of the load, from 0.
        count: How many users the whole load has.
        workers: Among whom they are divided.
        trace: Of the test whose load it is.
    """

    script: Script
    people: Mapping[str, Mapping[str, Any]] = field(repr=False)  # values may be credentials
    schedule: Schedule = field(default_factory=Schedule)
    limits: Limits = field(default_factory=Limits)
    recorded: bool = True
    stay: bool = False
    numbers: Sequence[int] = ()
    count: int = 0
    workers: int = 1
    trace: str = field(default_factory=lambda: trace.id)

    def __post_init__(self) -> None:
        if not self.count:
            object.__setattr__(self, "count", len(self.people))
            object.__setattr__(self, "numbers", range(self.count))

    def parts(self, count: int) -> list[Plan]:
        """The load in so many parts, each with every so-manieth user."""
        people = list(self.people.items())
        made = []
        for numbers in (range(first, len(people), count) for first in range(count)):
            # A closed model goes on until all have done enough: each part until its own share is done.
            least = math.ceil(self.schedule.least * len(numbers) / len(people))
            own = {people[number][0]: people[number][1] for number in numbers}
            made.append(replace(self, people=own, numbers=numbers, workers=count, schedule=replace(self.schedule, least=least)))
        return made

    def check(self) -> None:
        """Refuse what is out of bounds.

        Raises:
            StackError: It is; the text tells what is possible.
        """
        self.schedule.check(self.count, self.workers)
        if not self.script.steps:
            remedy = "Add some, such as [Let Script Send]."
            raise StackError(explain(f"the script {self.script.name!r} has steps", "it has none", remedy=remedy))

    @property
    def end(self) -> float:
        """Seconds after the start until which iterations may begin."""
        return self.schedule.end(self.count) + self.limits.drain
