"""Keywords that ask services for their health, by their own protocols."""

from __future__ import annotations

from datetime import timedelta

from robot.api.deco import keyword

from realstack.core.errors import StackFailure, explain
from realstack.core.loop import background
from realstack.core.waiting import Deadline
from realstack.platform.running import running


class Health:
    """Health, before and after a fault."""

    @keyword(tags=["health"])
    def wait_until_service_is_healthy(self, service: str, timeout: timedelta = timedelta(seconds=10)) -> None:
        """Waits until a service, or every replica of a group, answers by its own protocol that it can work.

        Args:
            service: Service or group.
            timeout: How long to wait, such as `500 ms`.

        Raises:
            StackFailure: It does not in time; the text has what it said last, and the end of its log.

        ```robotframework
        Start Service    backend
        Wait Until Service Is Healthy    backend    timeout=5 s
        ```
        """
        driver = running()
        deadline = Deadline(timeout)
        for name in driver.resolve(service):
            background.run(driver.wait_healthy(name, deadline.left))

    @keyword(tags=["health"])
    def service_should_be_healthy(self, service: str) -> None:
        """Makes sure that a service, or every replica of a group, answers by its own protocol that it can work; it is asked once.

        Args:
            service: Service or group.

        Raises:
            StackFailure: It does not; the text has what it said.

        ```robotframework
        Service Should Be Healthy    backend
        ```
        """
        driver = running()
        for name in driver.resolve(service):
            problem = background.run(driver.problem(name))
            if problem is not None:
                raise StackFailure(
                    explain(f"{name} is healthy.", problem, remedy="[Wait Until Service Is Healthy] gives it time.")
                )

    @keyword(tags=["health"])
    def service_should_be_down(self, service: str) -> None:
        """Makes sure that a service, or every replica of a group, has no process and does not answer.

        Args:
            service: Service or group.

        Raises:
            StackFailure: It has one, or something answers in its place.

        ```robotframework
        Kill Service    redis
        Service Should Be Down    redis
        ```
        """
        driver = running()
        for name in driver.resolve(service):
            if pids := driver.pids(name):
                raise StackFailure(explain(f"{name} is down.", f"Its processes run: {', '.join(map(str, pids))}."))
            if background.run(driver.problem(name)) is None:
                raise StackFailure(explain(f"{name} is down.", f"Something answers at {driver.url(name)} as if it were healthy."))
