"""Runs a script for many users at their planned times, on the background loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from realstack.core.errors import StackFailure, explain
from realstack.core.template import Values, new_uuid
from realstack.load.actor import Actor, Clock, StepFailed, Stop
from realstack.load.plan import Plan
from realstack.load.results import Results
from realstack.load.steps import Step
from realstack.secrets import secrets

LEAD = 0.05
"""Seconds between readiness and the first planned time, so that all users wait for the same barrier."""

PROBE = 0.02
"""Seconds between two looks at how late the loop wakes up."""

AT_ONCE = 25
"""Users whose preparation runs at the same time."""


class Load:
    """A load under way.

    Args:
        plan: What it is to be.
        counts: Is told of each piece of work that steps count.
        results: What is told; of its own unless given.

    Attributes:
        over: Whether the last iteration has ended.

    Raises:
        StackError: It is out of bounds.
    """

    def __init__(self, plan: Plan, counts: Callable[[str], object] | None = None, results: Results | None = None) -> None:
        plan.check()
        self.plan = plan
        self.results = results or Results(plan.count, plan.schedule.count(plan.count), plan.limits.most_lag, counts=counts)
        self.clock = Clock()
        self.over = False
        self._actors: list[Actor] = []
        self._stop = Stop()

    async def run(self, ready: Callable[[list[str]], Awaitable[float]] | None = None) -> Results:
        """Prepare all users, let them all go at their times, and let them leave, unless they are to stay.

        Args:
            ready: Is told who could not be prepared, and says when to begin; where not given, all must be ready, and begin then.

        Raises:
            StackFailure: Some could not be prepared.
            StackError: The script is wrong.
        """
        plan = self.plan
        self._actors = actors = [
            Actor(
                name,
                Values(values),
                plan.script.base_url,
                self.clock,
                self.results,
                stop=self._stop,
                recorded=plan.recorded,
                ca=plan.script.ca,
            )
            for name, values in plan.people.items()
        ]
        stay = False
        try:
            problems = await self._prepare(actors)
            if ready is None:
                check_ready(plan, problems)
            self.clock.start(await ready(problems) if ready else time.monotonic() + LEAD)
            async with asyncio.TaskGroup() as tasks:
                probe = tasks.create_task(self._probe())
                if plan.schedule.closed:
                    ways = [self._repeat(actor, number) for number, actor in zip(plan.numbers, actors, strict=True)]
                else:
                    times = plan.schedule.deal(plan.count, plan.numbers)
                    ways = [self._follow(actor, own) for actor, own in zip(actors, times, strict=True)]
                users = [tasks.create_task(way) for way in ways]
                await asyncio.gather(*users)
                probe.cancel()
            stay = plan.stay
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
        self._stop.ask()

    async def _prepare(self, actors: Sequence[Actor]) -> list[str]:
        gate = asyncio.Semaphore(max(1, AT_ONCE * len(actors) // self.plan.count))
        problems: list[str] = []

        async def prepare(actor: Actor) -> None:
            async with gate:
                try:
                    await _each(self.plan.script.setup, actor)
                except StepFailed as failure:
                    problems.append(f"- {actor.name}: {secrets.scrub(str(failure))}")

        async with asyncio.TaskGroup() as tasks:
            for actor in actors:
                tasks.create_task(prepare(actor))
        return problems

    async def _follow(self, actor: Actor, times: Iterator[float]) -> None:
        iteration = 0
        for planned in times:
            await actor.wait_until(planned)
            if actor.stop.asked:
                break
            iteration += 1
            if self.clock.now > self.plan.end:
                actor.awaited = _measures(self.plan.script.steps)
                actor.failed(
                    "unsent",
                    "the iteration",
                    f"not begun {self.plan.limits.drain:g} s after the last planned time",
                    iteration,
                    planned,
                )
                continue
            await self._iterate(actor, iteration, planned)

    async def _repeat(self, actor: Actor, number: int) -> None:
        """One iteration after the other, until the time is over."""
        schedule = self.plan.schedule
        planned = schedule.spread * number / self.plan.count
        iteration = 0
        while planned < schedule.duration or self._too_few(planned):
            await actor.wait_until(planned)
            if actor.stop.asked:
                break
            iteration += 1
            self.results.planned += 1
            await self._iterate(actor, iteration, planned)
            planned = max(self.clock.now, planned + schedule.every)

    def _too_few(self, planned: float) -> bool:
        """Whether more must be begun although the time is over."""
        return self.results.begun < self.plan.schedule.least and planned < self.plan.end

    async def _iterate(self, actor: Actor, iteration: int, planned: float) -> None:
        actor.planned = planned
        actor.kept = {}
        actor.values.own.update(n=iteration, id=new_uuid())
        self.results.begun += 1
        script = self.plan.script
        steps = [*script.setup, *script.steps] if actor.broken else script.steps
        actor.awaited = _measures(steps)
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


def _measures(steps: Iterable[Step]) -> set[str]:
    return {name for step in steps if (name := getattr(step, "measure", None))}


def check_ready(plan: Plan, problems: Sequence[str]) -> None:
    """Refuse to begin without some of the users.

    Args:
        plan: Of the load.
        problems: Who could not be prepared, and why.

    Raises:
        StackFailure: There are some.
    """
    if problems:
        wanted, seen = f"all {plan.count} users of {plan.script.name!r} are ready", f"{len(problems)} are not"
        raise StackFailure(explain(wanted, seen, evidence="\n".join(problems[:5])))


async def _each(steps: Sequence[Step], actor: Actor) -> None:
    for step in steps:
        await step.run(actor)
