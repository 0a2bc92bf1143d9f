"""A platform that somebody else runs: its addresses are given, and nothing can be done to it but use it.

Processes of this machine can be looked at, where files tell their numbers.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NoReturn

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.lateness import Late
from realstack.core.waiting import Deadline, poll
from realstack.platform import checks
from realstack.platform.config import Setup
from realstack.platform.driver import Death, Driver, Endpoint, LogLine, LogMark, Operation, Receipt, Started, State
from realstack.platform.remote import RemoteService, remote_service
from realstack.platform.service import NotReady
from realstack.secrets import secrets

PATIENCE = 10.0
"""Seconds that a service of a running platform may take until it is healthy."""


def create(setup: Setup) -> Driver:
    """Make the driver of a platform's file.

    Raises:
        StackError: An address or a credential is missing; the text says how it is given.
    """
    checks.demand(checks.check_external(setup.needs))
    file = setup.file.name
    services = {name: remote_service(name, entry, os.environ, file) for name, entry in setup.section("services").items()}
    if not services:
        raise StackError(
            explain(
                "the addresses of the external platform's services are given.",
                "None are.",
                remedy="robot --variable PLATFORM:external --variablefile mine.yaml suites/; "
                "resources/adapters/reference/external.yaml shows what stands in mine.yaml.",
            )
        )
    credentials: dict[str, str] = {}
    for name, variable in setup.section("credentials").items():
        if not os.environ.get(str(variable)):
            raise StackError(explain(f"environment variable {variable} holds the credential '{name}'.", "It is not set."))
        credentials[name] = secrets.remember(os.environ[str(variable)], f"credential '{name}' of the platform", lasting=True)
    for service in services.values():
        if service.password:
            secrets.remember(service.password, f"password of {service.name}", lasting=True)
    return ExternalDriver(services, credentials)


class ExternalDriver(Driver):
    """Knows where the services are.

    Args:
        services: The services by name.
        credentials: Further credentials by name, such as `idp-scim`.
    """

    name = "external"
    can: frozenset[Operation] = frozenset()
    runs_here = False

    def __init__(self, services: Mapping[str, RemoteService], credentials: Mapping[str, str]) -> None:
        self._services = dict(services)
        self._credentials = dict(credentials)
        if any(service.pid_file for service in services.values()):
            self.can |= {Operation.PROCESSES}

    def refusal(self, operation: Operation) -> str:
        if operation is Operation.PROCESSES:
            return "No service of the external platform has a 'pid_file': nobody says which processes are its own."
        return super().refusal(operation)

    def services(self) -> list[str]:
        return list(self._services)

    def group_of(self, service: str) -> str:
        return self._services[service].group

    async def start(self, report: Callable[[Started], None], only: Collection[str] | None = None) -> None:
        """Wait until each service is healthy; there is nothing to start."""

        async def find(service: RemoteService) -> None:
            began = time.monotonic()
            await self.wait_healthy(service.name, PATIENCE)
            took = time.monotonic() - began
            report(Started(service.name, await service.version(), None, service.endpoint, 0.0, took, took))

        wanted = [service for name, service in self._services.items() if only is None or name in only]
        results = await asyncio.gather(*map(find, wanted), return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        if len(failures) > 1 and all(isinstance(failure, StackFailure) for failure in failures):
            raise StackFailure("\n\n".join(map(str, failures)))
        if failures:
            raise failures[0]

    async def end(self) -> list[str]:
        return []

    def url(self, service: str) -> str:
        return self._services[service].url

    def credential_url(self, service: str) -> str:
        return self._services[service].credential_url

    def credential(self, name: str) -> str:
        if name not in self._credentials:
            known = ", ".join(self._credentials) or "none"
            raise StackError(
                explain(
                    f"the platform's file names a credential '{name}'.",
                    f"It names {known}.",
                    remedy=f"credentials: {{{name}: VARIABLE}}",
                )
            )
        return self._credentials[name]

    def endpoints(self) -> list[Endpoint]:
        """None: nobody's links may be broken but the run's own."""
        return []

    async def problem(self, service: str) -> str | None:
        try:
            await self._services[service].probe()
        except (NotReady, OSError) as error:
            return str(error) or type(error).__name__
        return None

    async def wait_healthy(self, service: str, seconds: float) -> None:
        healthy, problem = await poll(lambda: self.problem(service), lambda seen: seen is None, Deadline(seconds), pause=0.1)
        if not healthy:
            raise Late(explain(f"{service} at {self.url(service)} is healthy.", f"After {seconds:g} s: {problem}."))

    async def version(self, service: str) -> str:
        try:
            return await self._services[service].version()
        except (NotReady, OSError) as error:
            raise StackFailure(explain(f"{service} tells its version.", str(error) or type(error).__name__)) from error

    def _refuse(self, operation: Operation, service: str) -> NoReturn:
        self.demand(operation, service)
        raise AssertionError(operation)

    def pids(self, service: str) -> list[int]:
        self.demand(Operation.PROCESSES, service)
        return [self._services[service].pid()]

    def state(self, service: str) -> State:
        return State(running=True, paused=False, settings={})

    def set_settings(self, service: str, settings: Mapping[str, str]) -> None:
        self._refuse(Operation.RESTART, service)

    async def start_service(self, service: str) -> Receipt:
        self._refuse(Operation.RESTART, service)

    async def stop_service(self, service: str) -> Receipt:
        self._refuse(Operation.RESTART, service)

    async def kill_service(self, service: str) -> Receipt:
        self._refuse(Operation.KILL, service)

    async def pause_service(self, service: str) -> Receipt:
        self._refuse(Operation.PAUSE, service)

    async def resume_service(self, service: str) -> Receipt:
        self._refuse(Operation.PAUSE, service)

    async def reload_service(self, service: str) -> Receipt:
        self._refuse(Operation.RELOAD, service)

    async def shared_folder(self, name: str) -> Path:
        self._refuse(Operation.FOLDERS, name)

    async def deaths(self) -> list[Death]:
        return []

    def mark_logs(self) -> LogMark:
        self._refuse(Operation.LOGS, "all services")

    async def log(self, service: str, since: LogMark | None = None) -> list[LogLine]:
        self._refuse(Operation.LOGS, service)
