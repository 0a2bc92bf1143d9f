"""Runs a script for many users at their planned times, on the background loop."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from realstack.core.errors import StackError, StackFailure, explain
from realstack.load.actor import Actor, Clock, StepFailed
from realstack.load.results import Results
from realstack.load.schedule import Schedule
from realstack.load.steps import Step
from realstack.load.template import Values
from realstack.secrets import secrets

LEAD = 0.05
"""Seconds between readiness and the first planned time, so that all users wait for the same barrier."""

PROBE = 0.02
"""Seconds between two looks at how late the loop wakes up."""

AT_ONCE = 25
"""Users whose preparation runs at the same time."""


@dataclass(slots=True)
class Script:
    """What each user does.

    Attributes:
        name: Its name.
        setup: Steps before the start, once; again when a connection was lost.
        steps: Steps of an iteration.
        base_url: Where relative URLs of HTTP steps start; may be a template.
    """

    name: str
    setup: list[Step] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    base_url: str = ""


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


class Load:
    """A load under way.

    Args:
        script: What each user does.
        people: Name of each user to its values.
        schedule: When.
        limits: How long things may take.
        recorded: Whether frames and requests go to the test's recording.
        stay: Whether users keep their connections after their last iteration, until `leave`.

    Attributes:
        over: Whether the last iteration has ended.
        stays: Whether users keep their connections then.

    Raises:
        StackError: It is out of bounds.
    """

    def __init__(
        self,
        script: Script,
        people: Mapping[str, Values],
        schedule: Schedule,
        limits: Limits | None = None,
        *,
        recorded: bool = True,
        stay: bool = False,
    ) -> None:
        limits = limits or Limits()
        schedule.check(len(people))
        if not script.steps:
            remedy = "Add some, such as [Let Script Send]."
            raise StackError(explain(f"the script {script.name!r} has steps", "it has none", remedy=remedy))
        self.script = script
        self.schedule = schedule
        self.results = Results(len(people), schedule.count(len(people)), limits.most_lag)
        self.clock = Clock()
        self.over = False
        self._limits = limits
        self._people = people
        self._recorded = recorded
        self.stays = stay
        self._actors: list[Actor] = []
        # Made here and not in run(): a load may be stopped before the loop has come to begin it.
        self._stop = asyncio.Event()

    @property
    def end(self) -> float:
        """Seconds after the start until which iterations may begin."""
        return self.schedule.end(self.results.users) + self._limits.drain

    async def run(self) -> Results:
        """Prepare all users, let them all go at their times, and let them leave, unless they are to stay.

        Raises:
            StackFailure: Some could not be prepared.
            StackError: The script is wrong.
        """
        self._actors = actors = [
            Actor(name, values, self.script.base_url, self.clock, self.results, recorded=self._recorded)
            for name, values in self._people.items()
        ]
        for actor in actors:
            actor.stop = self._stop
        stay = False
        try:
            await self._prepare(actors)
            self.clock.start(time.monotonic() + LEAD)
            async with asyncio.TaskGroup() as tasks:
                probe = tasks.create_task(self._probe())
                users = [tasks.create_task(self._follow(actor, number)) for number, actor in enumerate(actors)]
                await asyncio.gather(*users)
                probe.cancel()
            stay = self.stays
        except BaseExceptionGroup as group:
            # Only a script that is wrong, or a fault in here, gets this far; the first tells enough.
            raise group.exceptions[0] from None
        finally:
            self.over = True
            self.results.seconds = self.clock.now
            if not stay:
                await self.leave()
        return self.results

    async def leave(self) -> None:
        """Close all users' connections and forget their cookies; repeatable."""
        await asyncio.gather(*(actor.leave() for actor in self._actors), return_exceptions=True)

    def stop(self) -> None:
        """Let running iterations end and begin no more. To be called on the loop."""
        self._stop.set()

    async def _prepare(self, actors: Sequence[Actor]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)
        problems: list[str] = []

        async def prepare(actor: Actor) -> None:
            async with gate:
                try:
                    await _each(self.script.setup, actor)
                except StepFailed as failure:
                    problems.append(f"- {actor.name}: {secrets.scrub(str(failure))}")

        async with asyncio.TaskGroup() as tasks:
            for actor in actors:
                tasks.create_task(prepare(actor))
        if problems:
            seen = f"{len(problems)} are not"
            raise StackFailure(
                explain(f"all {len(actors)} users of {self.script.name!r} are ready", seen, evidence="\n".join(problems[:5]))
            )

    async def _follow(self, actor: Actor, number: int) -> None:
        if self.schedule.closed:
            await self._repeat(actor, number)
            return
        iteration = 0
        for planned in self._times(number):
            await actor.wait_until(planned)
            if actor.stop.is_set():
                break
            iteration += 1
            if self.clock.now > self.end:
                actor.failed(
                    "unsent",
                    "the iteration",
                    f"not begun {self._limits.drain:g} s after the last planned time",
                    iteration,
                    planned,
                )
                continue
            await self._iterate(actor, iteration, planned)

    async def _repeat(self, actor: Actor, number: int) -> None:
        """One iteration after the other, until the time is over."""
        planned = self.schedule.spread * number / self.results.users
        iteration = 0
        while planned < self.schedule.duration or self._too_few(planned):
            await actor.wait_until(planned)
            if actor.stop.is_set():
                break
            iteration += 1
            self.results.planned += 1
            await self._iterate(actor, iteration, planned)
            planned = max(self.clock.now, planned + self.schedule.every)

    def _too_few(self, planned: float) -> bool:
        """Whether more must be begun although the time is over."""
        return self.results.begun < self.schedule.least and planned < self.end

    def _times(self, number: int) -> Iterator[float]:
        return self.schedule.of_user(number, self.results.users)

    async def _iterate(self, actor: Actor, iteration: int, planned: float) -> None:
        actor.planned = planned
        actor.kept = {}
        actor.values.own.update(n=iteration, id=str(uuid.uuid4()))
        self.results.begun += 1
        steps = [*self.script.setup, *self.script.steps] if actor.broken else self.script.steps
        step: Step | None = None
        try:
            for step in steps:
                await step.run(actor)
        except StepFailed as failure:
            actor.failed(failure.kind, str(step), secrets.scrub(str(failure)), iteration, planned)
        else:
            self.results.done += 1
        self.results.keep(actor.name, {"iteration": iteration, **actor.kept})

    async def _probe(self) -> None:
        """Notes how late the loop wakes up, since a busy loop makes everything look slow."""
        while True:
            planned = self.clock.now + PROBE
            await asyncio.sleep(PROBE)
            self.results.late(planned, max(0.0, self.clock.now - planned))


async def _each(steps: Sequence[Step], actor: Actor) -> None:
    for step in steps:
        await step.run(actor)
