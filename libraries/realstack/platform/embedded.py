"""The platform as processes on this machine: several stacks side by side, each on its own ports and data."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.lateness import Late
from realstack.core.waiting import Deadline, poll
from realstack.platform import checks, logs
from realstack.platform.config import Setup
from realstack.platform.driver import Death, Driver, Endpoint, LogLine, LogMark, Operation, Receipt, Started, State
from realstack.platform.plugin import Plugin
from realstack.platform.plugin import load as load_plugin
from realstack.platform.ports import PortLocks
from realstack.platform.process import ServiceProcess
from realstack.platform.service import NotReady, Service, Stack
from realstack.recording.events import ServiceChanged
from realstack.recording.recorder import recorder
from realstack.secrets import secrets

if TYPE_CHECKING:
    from realstack.lease.lease import Child, Lease

START_SECONDS = 30.0
"""How long one service may take to become healthy; a machine under load is slow, not broken."""

LAST_LINES = 20
"""How much of its log is shown of a service that failed."""

SHORTEST_LOOK = 0.05
"""Seconds that a look at a service's health gets even when there is no time left."""

_PAUSE = 0.02

_FOLDERS_OF_THIS_RUN: set[Path] = set()


def create(setup: Setup) -> Driver:
    """Make the driver of a platform's file; nothing is started yet.

    Raises:
        StackError: Something is not in place; the text lists all of it with the remedies.
    """
    checks.demand(checks.check_linux("embedded"))
    from realstack.lease.lease import current_lease  # noqa: PLC0415 -- what only Linux has

    file = setup.file.name
    sources = setup.path("sources", ".")
    if not sources.is_dir():
        raise StackError(explain(f"'sources' in {file} is the folder of the platform's sources.", f"There is no '{sources}'."))
    plugin = _plugin(setup, sources)
    checks.demand([*checks.check_embedded(setup.needs), *plugin.check(sources), *checks.check_folders([setup.logs])])
    fixed = {name: _port(name, value, file) for name, value in setup.section("ports").items()}
    settings = setup.environments()
    ports = PortLocks()
    try:
        for port in fixed.values():
            ports.take(port)
    except StackError:
        ports.release()
        raise
    _begin_logs(setup.logs)
    lease = current_lease(setup.logs / "reaper.log")
    stack = Stack(
        lease.folder,
        setup.logs,
        ports,
        sources,
        setup.path("cache", ".cache"),
        shared_folders=plugin.SHARED_FOLDERS,
        fixed_ports=fixed,
        settings=settings,
        content=setup.content,
    )
    try:
        plugin.describe(stack)
        _known_names(stack.services, {service.group for service in stack.services.values()}, {**fixed, **settings}, file)
    except StackError:
        ports.release()
        lease.close()
        raise
    return EmbeddedDriver(stack, lease, plugin)


def _plugin(setup: Setup, sources: Path) -> Plugin:
    """What tells which services there are: the file itself, or a package in the sources."""
    if "processes" in setup.content:
        from realstack.platform.described import Described  # noqa: PLC0415 -- what only Linux has

        return Described(setup.section("processes"), setup.file.name)
    return load_plugin(sources / str(setup.content.get("plugin") or "embedded"))


class EmbeddedDriver(Driver):
    """Runs a platform on this machine.

    Args:
        stack: Its services.
        lease: What they hang on.
        plugin: What described them.
    """

    name = "embedded"
    can = frozenset(Operation)

    def __init__(self, stack: Stack, lease: Lease, plugin: Plugin) -> None:
        self.stack = stack
        self.plugin = plugin
        self.lease = lease
        self._processes = {name: ServiceProcess(service, lease) for name, service in stack.services.items()}
        self._prepared: set[str] = set()
        # Logs of an earlier run into the same folder stay; this run's begin here.
        self._log_begin = {name: logs.size(service.log) for name, service in stack.services.items()}
        self._deaths: list[Death] = []
        self._guard = threading.Lock()
        lease.on_exit(self._note_exit)

    def services(self) -> list[str]:
        return list(self.stack.services)

    def stores(self) -> list[str]:
        """The services that hold data."""
        return [name for name, service in self.stack.services.items() if service.store]

    def group_of(self, service: str) -> str:
        return self.stack[service].group

    async def start(self, report: Callable[[Started], None], only: Collection[str] | None = None) -> None:
        """Start the services at the same time, each as soon as those that it needs are healthy and there is a core for it."""
        began = time.monotonic()
        # More than there are cores would make the longest start longer still, and then leave a core with nothing to do.
        cores = asyncio.Semaphore(max(2, len(os.sched_getaffinity(0))))
        names = [name for name in self.stack.services if only is None or name in only]
        healthy = {name: asyncio.Event() for name in names}
        tasks = [asyncio.create_task(self._bring_up(name, healthy, cores, report, began)) for name in names]
        try:
            for done in asyncio.as_completed(tasks):
                await done
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _bring_up(
        self,
        name: str,
        healthy: Mapping[str, asyncio.Event],
        cores: asyncio.Semaphore,
        report: Callable[[Started], None],
        began: float,
    ) -> None:
        service, process = self.stack[name], self._processes[name]
        before = time.monotonic()
        await self._prepare(service)
        prepared = time.monotonic() - before
        for needed in service.needs:
            if needed in healthy:
                await healthy[needed].wait()
        async with cores if service.busy_start else contextlib.nullcontext():
            await self.start_service(name)
            await self.wait_healthy(name, START_SECONDS)
        now = time.monotonic()
        healthy[name].set()
        version = await service.version()
        endpoint = Endpoint(name, service.host, service.port)
        report(Started(name, version, process.pid, endpoint, prepared, now - process.started_at, now - began))

    async def _prepare(self, service: Service) -> None:
        if service.name not in self._prepared:
            await asyncio.to_thread(service.prepare)
            self._prepared.add(service.name)

    async def end(self) -> list[str]:
        """Stop the services in good order, those in front first, and end the lease."""
        for process in self._processes.values():
            process.expected_down = True
        told: list[str] = []
        stores = self.stores()
        for wave in ([name for name in self.stack.services if name not in stores], stores):
            running = [self._processes[name] for name in wave if self._processes[name].alive]
            results = await asyncio.gather(*(process.stop() for process in running), return_exceptions=True)
            told += [str(result) for result in results if isinstance(result, BaseException)]
        told += await asyncio.to_thread(self.lease.close)
        self.stack.ports.release()
        return told

    def url(self, service: str) -> str:
        return self.stack[service].url

    def credential_url(self, service: str) -> str:
        return self.stack[service].credential_url

    def credential(self, name: str) -> str:
        return self.stack.credentials[name]

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint(name, service.host, service.port) for name, service in self.stack.services.items()]

    async def problem(self, service: str) -> str | None:
        try:
            await self.stack[service].probe()
        except (NotReady, OSError) as error:
            return str(error) or type(error).__name__
        return None

    async def _problem_within(self, service: str, seconds: float) -> str | None:
        try:
            async with asyncio.timeout(seconds):
                return await self.problem(service)
        except TimeoutError:
            return "it does not answer"

    async def wait_healthy(self, service: str, seconds: float = START_SECONDS) -> None:
        process = self._processes[service]
        deadline = Deadline(seconds)

        async def look() -> tuple[str | None, bool]:
            problem = await self._problem_within(service, max(deadline.left, SHORTEST_LOOK))
            return problem, process.alive

        _, (problem, alive) = await poll(look, lambda seen: seen[0] is None or not seen[1], deadline, _PAUSE)
        if problem is None:
            return
        if not alive:
            code = "never started" if process.child is None else f"ended with exit code {await process.ended()}"
            self._forget_death(service)  # it is told here
            raise StackFailure(self._failed(service, f"Its process {code}."))
        raise Late(self._failed(service, f"After {seconds:g} s: {problem}."))

    def _failed(self, name: str, seen: str) -> str:
        path = self.stack[name].log
        tail = logs.last_lines(path, self._log_begin[name], LAST_LINES, secrets.scrub)
        return explain(f"{name} becomes healthy.", seen, evidence=f"the end of its log ({path}):\n{tail}")

    async def version(self, service: str) -> str:
        try:
            return await self.stack[service].version()
        except (NotReady, OSError) as error:
            raise StackFailure(explain(f"{service} tells its version.", str(error) or type(error).__name__)) from error

    def pids(self, service: str) -> list[int]:
        return self._processes[service].pids()

    def state(self, service: str) -> State:
        process = self._processes[service]
        return State(process.alive, process.paused, dict(self.stack[service].settings))

    def set_settings(self, service: str, settings: Mapping[str, str]) -> None:
        self.stack[service].settings = dict(settings)

    async def start_service(self, service: str) -> Receipt:
        process = self._processes[service]
        if process.alive:
            raise StackError(f"{service} runs already (PID {process.pid}). Use [Restart Service] to start it anew.")
        await self._prepare(self.stack[service])
        began = time.monotonic()
        child = await asyncio.to_thread(process.start)
        return self._record(Receipt(service, "started", (child.pid,), "running", None, began, time.monotonic() - began))

    async def stop_service(self, service: str) -> Receipt:
        return self._record(await self._processes[service].stop())

    async def kill_service(self, service: str) -> Receipt:
        return self._record(await self._processes[service].kill())

    async def pause_service(self, service: str) -> Receipt:
        return self._record(await self._processes[service].pause())

    async def resume_service(self, service: str) -> Receipt:
        return self._record(await self._processes[service].resume())

    async def reload_service(self, service: str) -> Receipt:
        if not self.stack[service].reloads:
            able = ", ".join(name for name, one in self.stack.services.items() if one.reloads)
            raise StackError(explain(f"a service that reads its files again while it runs: {able}", f"'{service}'"))
        return self._record(self._processes[service].reload())

    def _record(self, receipt: Receipt) -> Receipt:
        at = receipt.began + receipt.took
        recorder.record(ServiceChanged(receipt.service, receipt.what, list(receipt.pids), receipt.seen, receipt.exit_code, at=at))
        return receipt

    def _note_exit(self, child: Child, code: int) -> None:
        for name, process in self._processes.items():
            if process.child is child and not process.expected_down:
                at = time.monotonic()
                tail = logs.last_lines(self.stack[name].log, self._log_begin[name], LAST_LINES, secrets.scrub)
                recorder.record(ServiceChanged(name, "died", [child.pid], exit_code=code, at=at))
                with self._guard:
                    self._deaths.append(Death(name, child.pid, code, at, tail))

    def _forget_death(self, service: str) -> None:
        with self._guard:
            self._deaths = [death for death in self._deaths if death.service != service]

    async def shared_folder(self, name: str) -> Path:
        return self.stack.shared_folder(name)

    async def deaths(self) -> list[Death]:
        for process in self._processes.values():
            if process.child is not None and not process.child.alive and not process.expected_down:
                await process.ended()  # which is told after the death has been noted
        with self._guard:
            found, self._deaths = self._deaths, []
        return found

    def mark_logs(self) -> LogMark:
        return {name: logs.size(service.log) for name, service in self.stack.services.items()}

    async def log(self, service: str, since: LogMark | None = None) -> list[LogLine]:
        begin = (since or self._log_begin).get(service, 0)
        return list(logs.lines(service, logs.read(self.stack[service].log, begin), secrets.scrub))


def _begin_logs(folder: Path) -> None:
    """Make the folder for the services' logs. Logs of an earlier run go; a further platform of this run adds to its own."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder not in _FOLDERS_OF_THIS_RUN:
        _FOLDERS_OF_THIS_RUN.add(folder)
        for log in folder.glob("*.log"):
            log.unlink()


def _port(name: str, value: object, file: str) -> int:
    if isinstance(value, int) and 0 < value < 65536:
        return value
    raise StackError(explain(f"'ports: {name}' in {file} is a number from 1 to 65535.", f"It is {value!r}."))


def _known_names(services: Collection[str], groups: Collection[str], named: Collection[str], file: str) -> None:
    unknown = sorted(set(named) - set(services) - set(groups))
    if unknown:
        raise StackError(
            explain(
                f"{file} names services of the platform: {', '.join(services)}.",
                f"It names {', '.join(unknown)}.",
                remedy="Correct the name, or delete the entry.",
            )
        )
