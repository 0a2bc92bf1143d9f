"""Keywords that do to services what operations people fear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.loop import background
from realstack.platform.changes import Changes
from realstack.platform.driver import Driver, Operation, Receipt
from realstack.platform.keywords.health import Health
from realstack.platform.running import running


class Control:
    """Stopping, killing, pausing, restarting.

    Args:
        changes: What is brought back at the end of a test or suite.
        health: Waits for a service's health.
    """

    def __init__(self, changes: Changes, health: Health) -> None:
        self._changes = changes
        self._health = health

    @keyword(tags=["control"])
    def stop_service(self, service: str) -> None:
        """Asks a service, or all replicas of a group, to stop (`SIGTERM`), and waits until they have.

        Args:
            service: Service or group.

        Raises:
            StackFailure: It does not stop within its time; it has been killed then.

        ```robotframework
        Stop Service    clickhouse
        Service Should Be Down    clickhouse
        ```
        """
        self._control(service, Operation.RESTART, lambda driver, name: driver.stop_service(name))

    @keyword(tags=["control"])
    def kill_service(self, service: str) -> None:
        """Ends a service, or all replicas of a group, and all their processes at once (`SIGKILL`).

        Logs as receipt the processes that are gone.

        Args:
            service: Service or group.

        ```robotframework
        Kill Service    backend-1
        Service Should Be Down    backend-1
        ```
        """
        self._control(service, Operation.KILL, lambda driver, name: driver.kill_service(name))

    @keyword(tags=["control"])
    def pause_service(self, service: str) -> None:
        """Lets all processes of a service, or of a group's replicas, stand still (`SIGSTOP`).

        Connections stay open, and nothing answers.
        Logs as receipt the processes in state `T`.

        Args:
            service: Service or group.

        ```robotframework
        Pause Service    redis
        Wait Until Requests Wait    redis    by=backend
        Resume Service    redis
        ```
        """
        self._control(service, Operation.PAUSE, lambda driver, name: driver.pause_service(name))

    @keyword(tags=["control"])
    def resume_service(self, service: str) -> None:
        """Lets a paused service, or all replicas of a group, go on (`SIGCONT`).

        Args:
            service: Service or group.

        ```robotframework
        Pause Service    agent
        Resume Service    agent
        ```
        """
        self._control(service, Operation.PAUSE, lambda driver, name: driver.resume_service(name))

    @keyword(tags=["control"])
    def reload_service(self, service: str) -> None:
        """Lets a service read its files again while it runs (`SIGHUP`): its signing keys, for example.

        Returns at once; [Wait For Log Line] tells when it has.

        Args:
            service: Service or group.

        Raises:
            StackError: It is none that does.

        ```robotframework
        ${now} =    Mark Logs
        Reload Service    auth
        Wait For Log Line    auth    signing_keys_loaded    since=${now}
        ```
        """
        self._control(service, Operation.RELOAD, lambda driver, name: driver.reload_service(name))

    @keyword(tags=["control"])
    def start_service(self, service: str, *, wait: bool = False) -> None:
        """Starts a service, or all replicas of a group, that were stopped or killed.

        Args:
            service: Service or group.
            wait: Whether to wait until it is healthy; see [Wait Until Service Is Healthy] for a wait with a deadline.

        ```robotframework
        Kill Service    backend
        Start Service    backend    wait=True
        ```
        """
        self._control(service, Operation.RESTART, lambda driver, name: driver.start_service(name))
        if wait:
            self._health.wait_until_service_is_healthy(service)

    @keyword(tags=["control"])
    def restart_service(self, service: str, **settings: str | Secret) -> None:
        """Stops a service in good order, starts it, and waits until it is healthy.

        Args:
            service: Service or group; replicas are restarted at the same time.
            settings: Environment variables to change; their values may be Secrets. They hold until
                the end of the test (in a suite's setup: of the suite).

        ```robotframework
        Restart Service    auth    AUTH_ACCESS_TOKEN_TTL=2
        ```
        """

        changes = {name: str(value.value) if isinstance(value, Secret) else value for name, value in settings.items()}

        async def anew(driver: Driver, name: str) -> Receipt:
            state = driver.state(name)
            driver.set_settings(name, {**state.settings, **changes})
            if state.running:
                await driver.stop_service(name)
            receipt = await driver.start_service(name)
            await driver.wait_healthy(name, 30)
            return receipt

        self._control(service, Operation.RESTART, anew)

    def _control(self, service: str, operation: Operation, act: Callable[[Driver, str], Coroutine[Any, Any, Receipt]]) -> None:
        driver = running()
        names = driver.resolve(service)
        driver.demand(operation, service)
        for name in names:
            self._changes.touch(driver, name)

        async def all_at_once() -> list[Receipt]:
            return list(await asyncio.gather(*(act(driver, name) for name in names)))

        for receipt in background.run(all_at_once()):
            logger.info(f"Receipt: {receipt}")
