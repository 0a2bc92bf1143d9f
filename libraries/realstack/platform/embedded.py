"""The platform as processes on this machine: several stacks side by side, each on its own ports and data."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from realstack.deadline import Deadline
from realstack.errors import StackError, StackFailure, explain
from realstack.lease.lease import Lease
from realstack.platform.apps import Agent, Auth, Backend, Frontend, Provider
from realstack.platform.postgres import PostgreSQL
from realstack.platform.process import ServiceProcess
from realstack.platform.service import NotReady, Stack
from realstack.platform.stores import ClickHouse, Redis

START_SECONDS = 30.0
"""How long one service may take to become healthy; a machine under load is slow, not broken."""

STORES = ("postgres-auth", "postgres-backend", "redis", "clickhouse")
_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Started:
    """A service that came up.

    Attributes:
        service: Its name.
        version: What it says it is.
        pid: Its process.
        port: Its port.
        prepared: Seconds for making its data.
        took: Seconds from its start until it was healthy.
        at: Seconds since the whole start began.
    """

    service: str
    version: str
    pid: int
    port: int
    prepared: float
    took: float
    at: float

    def __str__(self) -> str:
        return f"{self.service:<17} {self.took:6.2f} s   {self.version}, PID {self.pid}, port {self.port}"


def describe(stack: Stack) -> None:
    """Describe all services of the reference platform; nothing is started."""
    PostgreSQL(stack, "postgres-auth", "postgres", database="auth")
    PostgreSQL(stack, "postgres-backend", "postgres", database="backend")
    Redis(stack, "redis")
    ClickHouse(stack, "clickhouse")
    Provider(stack, "idp")
    Auth(stack, "auth")
    for number in (1, 2):
        Backend(stack, f"backend-{number}", "backend")
    for number in (1, 2):
        Agent(stack, f"agent-{number}", "agent")
    Frontend(stack, "frontend")


class EmbeddedDriver:
    """Runs the reference platform on this machine.

    Args:
        stack: Its services.
        lease: What they hang on.
    """

    def __init__(self, stack: Stack, lease: Lease) -> None:
        self.stack = stack
        self.lease = lease
        self.processes = {name: ServiceProcess(service, lease) for name, service in stack.services.items()}

    async def start(self, report: Callable[[Started], None], only: Collection[str] | None = None) -> None:
        """Start the services at the same time, each as soon as those that it needs are healthy.

        Args:
            report: Called for every service that came up.
            only: These services; all when not given.

        Raises:
            StackFailure: A service ended or did not become healthy; the text has the end of its log.
        """
        began = time.monotonic()
        names = [name for name in self.stack.services if only is None or name in only]
        healthy = {name: asyncio.Event() for name in names}
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(self._bring_up(name, healthy, report, began))

    async def _bring_up(
        self, name: str, healthy: dict[str, asyncio.Event], report: Callable[[Started], None], began: float
    ) -> None:
        service, process = self.stack[name], self.processes[name]
        before = time.monotonic()
        await asyncio.to_thread(service.prepare)
        prepared = time.monotonic() - before
        for needed in service.needs:
            if needed in healthy:
                await healthy[needed].wait()
        await asyncio.to_thread(process.start)
        await self.wait_healthy(name)
        took = time.monotonic() - process.started_at
        healthy[name].set()
        version = await service.version()
        report(Started(name, version, process.pid or 0, service.port, prepared, took, time.monotonic() - began))

    async def wait_healthy(self, name: str, seconds: float = START_SECONDS) -> None:
        """Wait until a service answers by its own protocol.

        Raises:
            StackFailure: It ended, or did not answer as it should in time.
        """
        service, process = self.stack[name], self.processes[name]
        deadline = Deadline(seconds)
        while True:
            try:
                await service.probe()
                return
            except (NotReady, OSError) as error:
                problem = str(error) or type(error).__name__
            if not process.alive:
                code = process.child.ended.result(1) if process.child is not None else None
                raise StackFailure(self._failed(name, f"It ended with exit code {code}."))
            if deadline.passed:
                raise StackFailure(self._failed(name, f"After {seconds:g} s: {problem}."))
            await asyncio.sleep(_PAUSE)

    def _failed(self, name: str, seen: str) -> str:
        log = self.stack[name].log
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:] if log.exists() else ["(none)"]
        evidence = f"the end of its log '{log}':\n" + self.stack.credentials.mask("\n".join(lines))
        return explain(f"{name} becomes healthy.", seen, evidence=evidence)

    def resolve(self, name: str) -> list[str]:
        """The services that a name means: a group's replicas, or the one of that name."""
        if name in self.stack.services:
            return [name]
        group = [service.name for service in self.stack.services.values() if service.group == name]
        if group:
            return group
        groups = sorted({service.group for service in self.stack.services.values()})
        raise StackError(f"There is no service '{name}'. Services are: {', '.join(self.stack.services)}; groups: {', '.join(groups)}.")
