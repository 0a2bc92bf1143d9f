"""Keywords that say what to watch, and count the work done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, explain
from realstack.core.file_names import file_name
from realstack.core.keywords.scope import current_owner, output_folder
from realstack.core.system import demand_linux
from realstack.monitor import process
from realstack.monitor.gauges import PostgresSessions, RedisChannels, RedisClients
from realstack.monitor.journal import Kept, read
from realstack.monitor.sampler import Sampler
from realstack.monitor.watched import Watched
from realstack.platform.driver import Driver
from realstack.platform.running import running


class Watching:
    """What is watched, from when on, and what is done meanwhile.

    Args:
        watched: What is watched.
        sampler: Takes the samples.
    """

    def __init__(self, watched: Watched, sampler: Sampler) -> None:
        self._watched = watched
        self._sampler = sampler

    @keyword(tags=["watching"])
    def watch_services(self, *services: str, every: timedelta = timedelta()) -> None:
        """Watches services of the platform under test, each with its child processes; all of them by default.

        A service that restarts is found again.

        Args:
            services: Services, or groups of replicas.
            every: Least time between two readings; for every sample unless given. Servers with many or large processes (a
                PostgreSQL with fifty sessions) cost ten times as much as others.

        ```robotframework
        Watch Services    backend    agent    auth
        Watch Services    postgres-auth    every=1 s
        ```
        """
        demand_linux("watching processes")
        driver = running()
        for name in services or driver.services():
            for service in driver.resolve(name):
                _main_process(driver, service)  # whoever can't look at processes says so now, not by silence
                self._watch(service, partial(_main_process, driver, service), every.total_seconds())

    @keyword(tags=["watching"])
    def watch_process(self, name: str, pid: int) -> None:
        """Watches a process and its descendants.

        Args:
            name: What it is called in plots and verdicts.
            pid: Its number.

        ```robotframework
        ${pid} =    Get Process Id    my server
        Watch Process    server    ${pid}
        ```
        """
        demand_linux("watching processes")
        if not process.alive(pid):
            raise StackError(explain(f"a running process {pid} to watch as {name}", "there is none"))
        process.usage([pid])
        self._watch(name, lambda: [pid])

    @keyword(tags=["watching"])
    def watch_gauge(self, name: str, gauge: Callable[[], Any]) -> None:
        """Watches a number that a Python function returns.

        Args:
            name: What it is called.
            gauge: Called for every sample, in the background; it must not log.

        ```robotframework
        ${length} =    Evaluate    lambda: len($QUEUE)
        Watch Gauge    queue    ${length}
        ```
        """
        if not callable(gauge):
            raise StackError(explain("a Python function that returns a number", f"a {type(gauge).__name__}"))
        self._watched.gauge(current_owner(), name, gauge)

    @keyword(tags=["watching"])
    def watch_postgresql_sessions(self, name: str, dsn: Secret, *, application: str = "") -> None:
        """Watches how many client sessions a PostgreSQL server has, without the watcher's own.

        Args:
            name: What it is called, such as ``backend-db sessions``.
            dsn: Where the server is.
            application: Count only sessions whose application name or user contains this.

        ```robotframework
        ${dsn} =    Get Credential Url    postgres-backend
        Watch PostgreSQL Sessions    backend-db sessions    ${dsn}    application=chat
        ```
        """
        self._watched.gauge(current_owner(), name, PostgresSessions(dsn.value, application))

    @keyword(tags=["watching"])
    def watch_redis_clients(self, name: str, url: Secret) -> None:
        """Watches how many clients a Redis server has, without the watcher's own.

        Args:
            name: What it is called, such as ``redis clients``.
            url: Where the server is.

        ```robotframework
        ${url} =    Get Credential Url    redis
        Watch Redis Clients    redis clients    ${url}
        ```
        """
        self._watched.gauge(current_owner(), name, RedisClients(url.value))

    @keyword(tags=["watching"])
    def watch_redis_channels(self, name: str, url: Secret) -> None:
        """Watches how many channels of a Redis server somebody listens to.

        A subscription that nobody ends shows here; in a service's memory it is too small to be seen.

        Args:
            name: What it is called, such as ``redis channels``.
            url: Where the server is.

        ```robotframework
        ${url} =    Get Credential Url    redis
        Watch Redis Channels    redis channels    ${url}
        ```
        """
        self._watched.gauge(current_owner(), name, RedisChannels(url.value))

    @keyword(tags=["watching"])
    def start_monitoring(self, interval: timedelta = timedelta(milliseconds=100), *, go_on_with: Path | None = None) -> None:
        """Begins to take samples in the background; they end with the test or suite that began them.

        Each is written at once into ``${OUTPUT DIR}/samples/<suite>.<test>.jsonl``, so that whatever ends a run leaves what it
        saw. `python -m realstack.monitor judge FILE` judges it again.

        Args:
            interval: Time between two samples, 5 ms to 1 h. One sample costs about a millisecond for each process watched;
                very long runs take fewer by themselves.
            go_on_with: Samples of an earlier run, of the same processes, that are the beginning of these: a file, or a folder of
                such files, in which this test's is looked for. Where it isn't in there, a warning says that it begins anew.

        Raises:
            StackError: The processes are no longer those of the earlier run, or others are watched than then.

        ```robotframework
        Watch Services    backend
        Start Monitoring    interval=50 ms
        Start Monitoring    interval=5 s    go_on_with=results/first/samples
        ```
        """
        if not self._sampler.watched:
            raise StackError("Nothing is watched yet. Use [Watch Services] or [Watch Process] first.")
        if not 0.005 <= interval.total_seconds() <= 3600:
            raise StackError(explain("an interval of 5 ms to 1 h", str(interval)))
        owner = current_owner()
        # Without the suites around it: a suite that is run alone is to find what it left when all were run.
        own = file_name(".".join(owner.rsplit(".", 2)[-2:]), "samples")
        earlier = _earlier(go_on_with, own) if go_on_with is not None else None
        folder = output_folder()
        self._watched.begin_sampling(owner, interval.total_seconds(), folder and folder / "samples" / own, earlier)
        if earlier is not None:
            logger.info(f"Goes on with {earlier.path}: {earlier.told}.")

    @keyword(tags=["watching"])
    def stop_monitoring(self) -> int:
        """Takes no more samples; those there stay until monitoring begins anew.

        Returns:
            How many there are.

        ```robotframework
        ${samples} =    Stop Monitoring
        ```
        """
        self._sampler.stop()
        count = len(self._sampler.samples())
        logger.info(f"{count} samples.")
        return count

    @keyword(tags=["work"])
    def count_operations(self, operation: str, number: int = 1) -> int:
        """Counts work that was done, so that growth can be told for each piece of it.

        Args:
            operation: What was done, in the singular: ``connection``, ``login``, ``upload``.
            number: How often.

        Returns:
            How often it was done since monitoring began.

        ```robotframework
        Open And Close Connections    100
        Count Operations    connection    100
        ```
        """
        if number < 0:
            raise StackError(explain("a number of operations of 0 or more", str(number)))
        return self._sampler.count(operation, number)

    def _watch(self, name: str, pids: Callable[[], list[int]], every: float = 0.0) -> None:
        self._watched.processes(current_owner(), name, pids, every)


def _earlier(given: Path, own: str) -> Kept | None:
    """The earlier samples of a file, or of this test's in a folder; None where there is none."""
    file = given / own if given.is_dir() else given
    if given.is_dir() and not file.exists():
        logger.warn(f"No samples to go on with: {given} has no {own}. They begin anew.")
        return None
    return read(file)


def _main_process(driver: Driver, service: str) -> list[int]:
    return driver.pids(service)[:1]
