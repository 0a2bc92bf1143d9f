"""Keywords that run a load."""

from __future__ import annotations

import concurrent.futures
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.keywords.waiting import seconds, wait
from realstack.core.lateness import Late
from realstack.core.loop import background
from realstack.core.ownership import Owned
from realstack.core.template import Values, names
from realstack.core.waiting import Deadline, poll
from realstack.load import report
from realstack.load.cluster import Cluster, Tls
from realstack.load.crew import LOOPBACK, Crew, Reach
from realstack.load.keywords.scripts import Scripts
from realstack.load.plan import Limits, Plan, Script
from realstack.load.processes import LocalWorkers
from realstack.load.results import Results
from realstack.load.scenario import Call
from realstack.load.schedule import Arrivals, Schedule
from realstack.monitor.sampler import sampler
from realstack.secrets import secrets

P = ParamSpec("P")
R = TypeVar("R")

STOPPING = 15.0
"""Seconds that a load may take to end once it was told to."""

USERS_EACH = 250
"""Users for whom one more worker is worth its start, where nobody has said how many there are to be."""


def arguments_of(other: Callable[P, object]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Let a keyword take the arguments of another one, which tells them."""

    def take(function: Callable[..., R]) -> Callable[P, R]:
        function.__wrapped__ = other  # type: ignore[attr-defined] # what `inspect` looks for
        return function

    return take


@dataclass(frozen=True, slots=True)
class _Workers:
    executor: Executor
    count: int | None = None
    credentials: bool = True
    without_lost: bool = False

    @property
    def may_know(self) -> bool:
        """Whether users' credentials may go there."""
        return self.credentials or not isinstance(self.executor, Cluster) or self.executor.reach.host == LOOPBACK

    def among(self, users: int) -> int:
        """How many of them so many users are divided among: as many as were asked for, or as are worth it."""
        needed = -(-users // USERS_EACH)
        if self.count is not None:
            return self.count
        return min(needed, _cores()) if isinstance(self.executor, LocalWorkers) else needed


class Running:
    """Runs one load at a time, and has the results of the last.

    Args:
        scripts: What users can follow.
    """

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._running: Crew | None = None
        self._future: concurrent.futures.Future[Results] | None = None
        self._results: Results | None = None
        self._name = ""
        self._owned: Owned[Crew] = Owned("load", "Start Load")
        self._local = LocalWorkers()
        self._workers: Owned[_Workers] = Owned("load workers", "Use Load Workers")

    @property
    def _where(self) -> _Workers:
        return self._workers.get() if self._workers.items() else _Workers(self._local)

    def warm(self) -> None:
        """Start a worker, so that the first load finds it ready."""
        self._local.warm()

    def close(self) -> None:
        """End all workers that were started here."""
        self._local.shutdown()

    def finished(self) -> Results:
        """The results of the load that is over.

        Raises:
            StackError: There are none, or it still runs.
        """
        if self._results is None:
            remedy = "Use [Wait For Load] or [Stop Load] first." if self._running else "Use [Run Load] first."
            raise StackError(explain("results of a load", "there are none yet", remedy=remedy))
        return self._results

    def latest(self) -> Results:
        """The results of the load that runs, or is over; errors as in `finished`."""
        return self._running.results if self._running is not None else self.finished()

    def release(self, owner: str, *, below: bool) -> None:
        """Stop the load that a test or suite has left running, and let its users leave."""
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
        for workers in self._workers.release(owner, below=below):
            if isinstance(workers.executor, Cluster):
                workers.executor.shutdown()

    @keyword(tags=["load"])
    def use_load_workers(
        self,
        workers: int | str | Executor,
        *,
        credentials: bool = False,
        without_lost: bool = False,
        ca: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        """Says where the users of loads are from now on, until the end of the test, or of the suite when said in its setup.

        Without it they are in processes of this machine: one, and one more for each 250 users, up to one for each core.

        Args:
            workers: How many processes of this machine, among which the users are divided however few they are; or the address
                of a [Dask](https://distributed.dask.org) scheduler, whose workers take one part each; or an executor (Python's
                `concurrent.futures.Executor`) with processes of this machine.
            credentials: Whether users' Secrets may travel to workers of other machines: the scheduler, its workers and this
                process trust each other. At ``tcp://`` they also talk in the clear, and belong in a network of their own.
            without_lost: Whether a load goes on without the users of a worker that is lost on the way, with a warning that names
                them, as long as there are others. Otherwise it is ``INVALID``.
            ca: PEM file of the cluster's authority, for a scheduler at ``tls://``. Without it Dask's own configuration
                ([distributed.comm.tls](https://distributed.dask.org/en/stable/tls.html)) says what is trusted.
            certificate: PEM file with this process's certificate of that authority; it may hold the key, too.
            key: PEM file with the key, where it is one of its own.

        Raises:
            StackError: There is no scheduler, it has no workers, or they have another version of this package or of Python.

        ```robotframework
        Use Load Workers    2    without_lost=True
        Use Load Workers    tcp://10.0.0.5:8786
        Use Load Workers    tls://10.0.0.5:8786    credentials=True    ca=ca.pem    certificate=me.pem    key=me.key
        ```
        """
        if isinstance(workers, str) and workers.isdecimal():  # a cell of a table
            workers = int(workers)
        count: int | None = None
        if isinstance(workers, int):
            if workers < 1:
                raise StackError(explain("at least one worker", f"{workers}"))
            count, workers = workers, self._local
        elif isinstance(workers, str):
            workers = Cluster(workers, Tls(ca, certificate, key) if ca or certificate else None)
            count = workers.count
        self._workers.add(_Workers(workers, count, credentials, without_lost), current_owner())

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
        """Starts a load and goes on, to let something happen meanwhile. One load runs at a time.

        It belongs to the test, or to the suite when started in its setup, and is stopped at the end of it at the latest.

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

        ```robotframework
        Start Load    question    users=${USERS}    rate=20    duration=30 s
        Cut Link    frontend    drop    for=2 s
        Wait For Load
        ```
        """
        schedule = Schedule(
            times=times,
            spread=seconds(spread),
            every=seconds(every),
            rate=rate,
            rate_end=rate_end,
            duration=seconds(duration),
            least=least,
            arrivals=arrivals,
            seed=seed,
        )
        found = self._scripts.get(script)
        limits = Limits(seconds(most_lag), seconds(drain))
        people = _people(users, found, _reveal if self._where.may_know else _keep_here)
        self._start(Plan(found, people, schedule, limits, recorded=recorded, stay=stay))

    @keyword(tags=["load"])
    @arguments_of(start_load)
    def run_load(self, script: str, **plan: Any) -> None:
        """Lets users follow a script, and waits until all are done: [Start Load] and [Wait For Load] in one.

        Takes the arguments of [Start Load].

        Raises:
            StackFailure: Users could not be prepared.
            InvalidRun: The generator itself was too slow.

        ```robotframework
        Run Load    question    users=${USERS}    times=5    every=2 s    spread=1 s
        Run Load    question    users=${USERS}    rate=50    duration=10 s    arrivals=poisson
        ```
        """
        self.start_load(script, **plan)
        self.wait_for_load()

    @keyword(tags=["load"])
    def wait_for_load(self, *, progress: timedelta | None = None) -> None:
        """Waits until the load is over, and shows its results.

        Args:
            progress: How often to tell on the console how far it is, how many users are lost, and how long it still takes.

        Raises:
            StackFailure: Users could not be prepared.
            InvalidRun: The generator itself was too slow.

        ```robotframework
        Start Load    question    users=${USERS}    duration=4 h    every=10 s    recorded=False
        Wait For Load    progress=1 min
        ```
        """
        future, running = self._under_way()
        pause = seconds(progress) if progress else None
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
        """Waits until so many iterations went well, to let something happen in the middle of a load.

        Args:
            count: How many.
            timeout: How long to wait.

        Raises:
            StackFailure: They did not in that time, or the load was over before.

        ```robotframework
        Wait Until Load Has Done    50    timeout=20 s
        ```
        """
        _, running = self._under_way()

        async def look() -> int:
            return running.results.done

        deadline = Deadline(seconds(timeout))
        held, done = wait(poll(look, lambda seen: seen >= count or running.over, deadline), deadline.seconds)
        if done < count:
            seen = f"{done} of {running.results.planned}{'' if held else f' after {deadline.seconds:g} s'}"
            over = ", and the load is over" if running.over else ""
            evidence = running.results.told_errors()
            raise Late(explain(f"{count} iterations of {self._name!r} went well", seen + over, evidence=evidence))

    @keyword(tags=["load"])
    def stop_load(self) -> None:
        """Lets iterations that have begun end, begins no more, and shows the results.

        Raises:
            InvalidRun: The generator itself was too slow.

        ```robotframework
        Start Load    question    users=${USERS}    times=1000
        Wait Until Load Has Done    50
        Stop Load
        ```
        """
        _, running = self._under_way()
        background.loop.call_soon_threadsafe(running.stop)
        self.wait_for_load()

    @keyword(tags=["load"])
    def let_users_leave(self) -> None:
        """Closes the connections of users who stayed after their load, and forgets their cookies.

        ```robotframework
        Run Load    question    users=${USERS}    stay=True
        Let Users Leave
        ```
        """
        for _, running in self._owned.by_age():
            if running.over:
                self._dismiss(running)

    def _start(self, plan: Plan) -> None:
        if self._running is not None:
            raise StackError(f"The load {self._name!r} is still running. Use [Wait For Load] or [Stop Load] first.")
        where = self._where
        reach = where.executor.reach if isinstance(where.executor, Cluster) else Reach()
        workers = where.among(plan.count)
        running = Crew(plan, where.executor, workers, sampler.count, reach=reach, without_lost=where.without_lost)
        self._running, self._name, self._results = running, plan.script.name, None
        self._future = background.spawn(running.run())
        self._owned.add(running, current_owner())

    def _under_way(self) -> tuple[concurrent.futures.Future[Results], Crew]:
        if self._running is None or self._future is None:
            raise StackError("No load is running. Use [Start Load] first.")
        return self._future, self._running

    def _end_at_once(self, running: Crew, future: concurrent.futures.Future[Results]) -> None:
        broken = future.done()
        future.cancel()
        self._results = None if broken else running.results
        self._forget(running)
        self._dismiss(running)
        if self._results is not None:
            self._show()

    def _dismiss(self, running: Crew) -> None:
        self._owned.drop(running)
        background.run(running.leave(), STOPPING)

    def _forget(self, running: Crew) -> None:
        if not running.plan.stay:
            self._owned.drop(running)
        if self._running is running:
            self._running = self._future = None

    def _show(self) -> None:
        assert self._results is not None
        for lost in self._results.lost:
            logger.warn(
                f"The load {self._name!r} went on without some of its users: from then on, what it did and counted is the "
                f"others' work.\n{lost}"
            )
        logger.info(report.summary(self._name, self._results))
        logger.info(report.table(self._results) + report.picture(self._name, self._results), html=True)

    def _progress(self, running: Crew) -> str:
        results = running.results
        left = max(0.0, running.plan.schedule.end(results.users) - running.clock.now)
        at = time.strftime("%H:%M:%S")
        errors = sum(results.errors.values())
        done = f"{results.done} iterations" if running.plan.schedule.closed else f"{results.done} of {results.planned} iterations"
        lost = f", {running.lost_users} of {results.users} users lost" if running.lost_users else ""
        return f"  {at}  load '{self._name}': {done} done, {errors} errors{lost}, {timedelta(seconds=round(left))} left"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _people(
    users: Mapping[str, Mapping[str, Any]] | Sequence[Mapping[str, Any]], script: Script, reveal: Callable[[Any], Any]
) -> dict[str, Mapping[str, Any]]:
    """Each user's values, as far as the script needs them."""
    listed = list(users.values()) if isinstance(users, Mapping) else users if isinstance(users, (list, tuple)) else [users]
    others = [one for one in listed if not isinstance(one, Mapping)]
    if others:
        remedy = "Say users=${{ {'ann': {'topic': 'tea'}} }}, or a list of dictionaries that have a name each."
        raise StackError(explain("users as dictionaries of their values", f"a {type(others[0]).__name__}", remedy=remedy))
    if isinstance(users, Mapping):
        people = {str(name): values for name, values in users.items()}
    else:
        people = {str(values.get("name", "")): values for values in users}
        if "" in people:
            raise StackError(explain("users with a name each", "one without", remedy="Give each a value 'name'."))
        if len(people) != len(users):
            raise StackError(explain("users with a name each, all different", f"{len(users)} users with {len(people)} names"))
    if any(isinstance(step, Call) for step in (*script.setup, *script.steps)):  # a function may ask for any of them
        return {name: Values(values, reveal).all() for name, values in people.items()}
    needed = names(script)
    return {name: Values(values, reveal).only(needed) for name, values in people.items()}


def _reveal(value: Any) -> Any:
    return secrets.remember(str(value.value), "value of a user of the load", lasting=True) if isinstance(value, Secret) else value


def _keep_here(value: Any) -> Any:
    if isinstance(value, Secret):
        wanted = "workers of other machines are trusted with the users' credentials"
        raise StackError(explain(wanted, "nobody said so", remedy="Say credentials=True in [Use Load Workers], if they are."))
    return value
