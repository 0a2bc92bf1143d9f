"""Keywords that run a load, and the listener that ends one which a test has left running."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.loop import background
from realstack.core.ownership import Ownership
from realstack.core.waiting import Deadline, poll
from realstack.load import report
from realstack.load.engine import Limits, Load, Script
from realstack.load.results import Results
from realstack.load.schedule import Arrivals, Schedule
from realstack.load.template import Values
from realstack.secrets import secrets

STOPPING = 15.0
"""Seconds that a load may take to end once it was told to."""


class RunKeywords:
    """One load at a time, and the results of the last."""

    def __init__(self) -> None:
        self._running: Load | None = None
        self._future: concurrent.futures.Future[Results] | None = None
        self._results: Results | None = None
        self._name = ""
        self._owned: Ownership[Load] = Ownership()

    def script(self, name: str) -> Script:
        """The script of that name."""
        raise NotImplementedError

    def end_test(self, data: Any, result: Any) -> None:
        """Stop a load that the test has left running."""
        self._end_owned(result.full_name, below=False)

    def end_suite(self, data: Any, result: Any) -> None:
        """Stop a load that the suite has left running."""
        self._end_owned(result.full_name, below=True)

    @keyword(tags=["load"])
    def run_load(
        self,
        script: str,
        *,
        users: Mapping[str, Mapping[str, Any]] | Sequence[Mapping[str, Any]],
        times: int = 1,
        spread: timedelta = timedelta(),
        every: timedelta = timedelta(),
        rate: float | None = None,
        rate_end: float | None = None,
        duration: timedelta = timedelta(),
        least: int = 0,
        arrivals: Arrivals = "constant",
        seed: int = 1,
        most_lag: timedelta = timedelta(milliseconds=100),
        drain: timedelta = timedelta(seconds=10),
        recorded: bool = True,
        stay: bool = False,
    ) -> None:
        """Let users follow a script, and wait until all are done: [Start Load] and [Wait For Load] in one.

        Args:
            script: Name of the script.
            users: Each user's values: a dictionary by name, or a list of dictionaries with a ``name`` each.
            times: Iterations of each user.
            spread: Time over which the users' first iterations are spread; without it all begin at the same moment.
            every: Time between the iterations of a user.
            rate: Iterations a second of all users together, instead of ``times``.
            rate_end: Rate at the end of the duration: a ramp.
            duration: How long iterations arrive, for a rate. Without a rate: how long every user does one iteration after the
                other, ``every`` apart at least.
            least: Iterations of all users together: with a duration and no rate they go on until so many have begun.
            arrivals: Evenly spaced, or ``poisson``: at random.
            seed: Of the random arrivals.
            most_lag: What 99 % of the generator's own lags may be.
            drain: How long after the last planned time, or after the duration, iterations may still begin.
            recorded: Whether frames go to the test's recording, for the laws; not for hours of load.
            stay: Whether users keep their connections after their last iteration, until [Let Users Leave] or the end of the test:
                laws judge what is open.

        Raises:
            StackFailure: Users could not be prepared.
            InvalidRun: The generator itself was too slow.
        """
        self.start_load(
            script,
            users=users,
            times=times,
            spread=spread,
            every=every,
            rate=rate,
            rate_end=rate_end,
            duration=duration,
            least=least,
            arrivals=arrivals,
            seed=seed,
            most_lag=most_lag,
            drain=drain,
            recorded=recorded,
            stay=stay,
        )
        self.wait_for_load()

    @keyword(tags=["load"])
    def start_load(
        self,
        script: str,
        *,
        users: Mapping[str, Mapping[str, Any]] | Sequence[Mapping[str, Any]],
        times: int = 1,
        spread: timedelta = timedelta(),
        every: timedelta = timedelta(),
        rate: float | None = None,
        rate_end: float | None = None,
        duration: timedelta = timedelta(),
        least: int = 0,
        arrivals: Arrivals = "constant",
        seed: int = 1,
        most_lag: timedelta = timedelta(milliseconds=100),
        drain: timedelta = timedelta(seconds=10),
        recorded: bool = True,
        stay: bool = False,
    ) -> None:
        """Start a load and go on, to let something happen meanwhile. One load runs at a time.

        It belongs to the test, or to the suite when started in its setup, and is stopped at the end of it at the latest.

        Args:
            script: As in [Run Load], like all that follow.
            users: Each user's values.
            times: Iterations of each user.
            spread: Of the first iterations.
            every: Between iterations.
            rate: Iterations a second.
            rate_end: For a ramp.
            duration: For a rate.
            least: Beyond the duration.
            arrivals: ``constant`` or ``poisson``.
            seed: Of random arrivals.
            most_lag: Of the generator.
            drain: After the last planned time.
            recorded: For the laws.
            stay: Until the end.
        """
        schedule = Schedule(
            times=times,
            spread=spread.total_seconds(),
            every=every.total_seconds(),
            rate=rate,
            rate_end=rate_end,
            duration=duration.total_seconds(),
            least=least,
            arrivals=arrivals,
            seed=seed,
        )
        self._start(
            script, users, schedule, Limits(most_lag.total_seconds(), drain.total_seconds()), recorded=recorded, stay=stay
        )

    @keyword(tags=["load"])
    def wait_for_load(self, *, progress: timedelta | None = None) -> None:
        """Wait until the load is over, and show its results.

        Args:
            progress: How often to tell on the console how far it is, and how long it still takes.

        Raises:
            StackFailure: Users could not be prepared.
            InvalidRun: The generator itself was too slow.
        """
        future, running = self._under_way()
        pause = progress.total_seconds() if progress else None
        while True:
            try:
                self._results = future.result(pause)
            except concurrent.futures.TimeoutError:
                if future.done():
                    raise
                logger.console(self._progress(running))
                continue
            except BaseException:
                # A time-out or Ctrl-C ends the load, but what it has measured so far is worth looking at.
                self._end_at_once(running, future)
                raise
            break
        self._forget(running)
        self._show()
        self._results.check_generator()

    @keyword(tags=["load"])
    def wait_until_load_has_done(self, count: int, *, timeout: timedelta = timedelta(seconds=5)) -> None:
        """Wait until so many iterations went well, to let something happen in the middle of a load.

        Args:
            count: How many.
            timeout: How long to wait.

        Raises:
            StackFailure: They did not in that time, or the load was over before.
        """
        _, running = self._under_way()

        async def look() -> int:
            return running.results.done

        deadline = Deadline(timeout)
        held, done = background.run(poll(look, lambda seen: seen >= count or running.over, deadline))
        if done < count:
            seen = f"{done} of {running.results.planned}{'' if held else f' after {deadline.seconds:g} s'}"
            over = ", and the load is over" if running.over else ""
            evidence = running.results.told_errors()
            raise StackFailure(explain(f"{count} iterations of {self._name!r} went well", seen + over, evidence=evidence))

    @keyword(tags=["load"])
    def stop_load(self) -> None:
        """Let iterations that have begun end, begin no more, and show the results.

        Raises:
            InvalidRun: The generator itself was too slow.
        """
        _, running = self._under_way()
        background.loop.call_soon_threadsafe(running.stop)
        self.wait_for_load()

    @keyword(tags=["load"])
    def let_users_leave(self) -> None:
        """Close the connections of users who stayed after their load, and forget their cookies."""
        for running in self._owned.all():
            if running.over:
                self._dismiss(running)

    def _start(
        self,
        script: str,
        users: Mapping[str, Mapping[str, Any]] | Sequence[Mapping[str, Any]],
        schedule: Schedule,
        limits: Limits,
        *,
        recorded: bool,
        stay: bool,
    ) -> None:
        if self._running is not None:
            raise StackError(f"The load {self._name!r} is still running. Use [Wait For Load] or [Stop Load] first.")
        people = {name: Values(values, _reveal) for name, values in _people(users).items()}
        running = Load(self.script(script), people, schedule, limits, recorded=recorded, stay=stay)
        self._running, self._name, self._results = running, script, None
        self._future = background.spawn(running.run())
        self._owned.add(current_owner(), running)

    def _under_way(self) -> tuple[concurrent.futures.Future[Results], Load]:
        if self._running is None or self._future is None:
            raise StackError("No load is running. Use [Start Load] first.")
        return self._future, self._running

    def _end_at_once(self, running: Load, future: concurrent.futures.Future[Results]) -> None:
        broken = future.done()
        future.cancel()
        self._results = None if broken else running.results
        self._forget(running)
        self._dismiss(running)
        if self._results is not None:
            self._show()

    def _dismiss(self, running: Load) -> None:
        self._owned.drop(running)
        background.run(running.leave(), STOPPING)

    def _forget(self, running: Load) -> None:
        if not running.stays:
            self._owned.drop(running)
        if self._running is running:
            self._running = self._future = None

    def _end_owned(self, owner: str, *, below: bool) -> None:
        for running in self._owned.release(owner, below=below):
            future = self._future if running is self._running else None
            background.loop.call_soon_threadsafe(running.stop)
            if future is not None:
                try:
                    future.result(STOPPING)
                except (AssertionError, RuntimeError, TimeoutError) as error:
                    future.cancel()
                    logger.warn(
                        f"The load {self._name!r}, left running by {owner}, did not end well: {secrets.scrub(str(error))}"
                    )
            self._forget(running)
            self._dismiss(running)

    def _show(self) -> None:
        assert self._results is not None
        logger.info(report.summary(self._name, self._results))
        logger.info(report.table(self._results) + report.picture(self._name, self._results), html=True)

    def _progress(self, running: Load) -> str:
        results = running.results
        left = max(0.0, running.schedule.end(results.users) - running.clock.now)
        at = time.strftime("%H:%M:%S")
        errors = sum(results.errors.values())
        done = f"{results.done} iterations" if running.schedule.closed else f"{results.done} of {results.planned} iterations"
        return f"  {at}  load '{self._name}': {done} done, {errors} errors, {timedelta(seconds=round(left))} left"


def _people(users: Mapping[str, Mapping[str, Any]] | Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    if isinstance(users, Mapping):
        return {str(name): values for name, values in users.items()}
    people = {str(values.get("name", "")): values for values in users}
    if "" in people or len(people) != len(users):
        raise StackError(explain("users with a name each, all different", f"{len(users)} users with {len(people)} names"))
    return people


def _reveal(value: Any) -> Any:
    return secrets.remember(str(value.value), "value of a user of the load", lasting=True) if isinstance(value, Secret) else value
