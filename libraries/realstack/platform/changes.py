"""What a test or suite does to services, and bringing them back at its end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from realstack.core.errors import StackFailure
from realstack.platform.driver import Driver, State

RESTORE_SECONDS = 20.0
"""How long a service that is brought back may take to become healthy."""


@dataclass
class Scope:
    """A suite or test that is under way.

    Attributes:
        name: Its full name.
        before: How each service that was touched in it stood before.
    """

    name: str
    before: dict[str, State] = field(default_factory=dict)


class Changes:
    """The scopes under way, outermost first."""

    def __init__(self) -> None:
        self._scopes: list[Scope] = []

    def begin(self, name: str) -> None:
        """A suite or test begins."""
        self._scopes.append(Scope(name))

    def touch(self, driver: Driver, service: str) -> None:
        """Note how a service stands, before something is done to it in the innermost scope."""
        if self._scopes:
            self._scopes[-1].before.setdefault(service, driver.state(service))

    async def end(self, driver: Driver | None) -> tuple[list[str], list[str]]:
        """End the innermost scope: what it touched stands as before, and is healthy if it ran.

        Returns:
            The services that were brought back, and what did not go well, a sentence each.
        """
        # Without a scope: the library was imported by a keyword, after the suite began.
        scope = self._scopes.pop() if self._scopes else Scope("")
        if driver is None:
            return [], []
        names = [name for name in driver.services() if name in scope.before]  # in the order of their needs
        wanted = {name: scope.before[name] for name in names}
        changed = [name for name in names if driver.state(name) != wanted[name]]
        results = await asyncio.gather(
            *(bring_back(driver, name, wanted[name], changed=name in changed) for name in names), return_exceptions=True
        )
        problems = [str(result) for result in results if isinstance(result, Exception)]
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, Exception):
                raise result
        return changed, problems


async def bring_back(driver: Driver, service: str, wanted: State, *, changed: bool = True) -> None:
    """Let a service stand as it did.

    Raises:
        StackFailure: It does not become healthy.
    """
    if changed:
        now = driver.state(service)
        if now.paused and not wanted.paused:
            await driver.resume_service(service)
        if now.settings != wanted.settings:
            driver.set_settings(service, wanted.settings)
            if now.running and wanted.running:
                await _stop(driver, service)
        now = driver.state(service)
        if wanted.running and not now.running:
            await driver.start_service(service)
        elif now.running and not wanted.running:
            await _stop(driver, service)
        if wanted.paused and not driver.state(service).paused:
            await driver.pause_service(service)
    if wanted.running and not wanted.paused:
        await driver.wait_healthy(service, RESTORE_SECONDS)


async def _stop(driver: Driver, service: str) -> None:
    try:
        await driver.stop_service(service)
    except StackFailure:
        # It took too long and was killed: what counts here is that it starts again. A test that wants to
        # know how it stops says so with [Stop Service].
        if driver.state(service).running:
            raise
