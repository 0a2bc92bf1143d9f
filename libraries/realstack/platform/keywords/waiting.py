"""Keywords that see who waits for a service."""

from __future__ import annotations

import time
from datetime import timedelta

from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import InvalidRun, explain
from realstack.core.waiting import Deadline
from realstack.platform.driver import Operation
from realstack.platform.keywords.state import State
from realstack.platform.running import running
from realstack.platform.unread import Unread, client_ports, unread
from realstack.recording.recorder import recorder

_LOOK_AGAIN = 0.01


class Waiting(State):
    """Requests in front of a service that stands still."""

    @keyword(tags=["look"])
    def wait_until_requests_wait(
        self, service: str, *, by: str | None = None, count: int = 1, timeout: timedelta = timedelta(seconds=5)
    ) -> int:
        """Wait until requests have come to a paused service, over as many connections: the receipt that others stand still, too.

        The kernel itself tells them: bytes that arrived and were not read. With [Pause Service] and [Resume Service] this makes
        'midway' and races certain: everybody has asked, and nobody has an answer.

        Args:
            service: Who is waited for.
            by: Who waits: a service or group; anybody by default.
            count: Over how many connections.
            timeout: How long to wait for them.

        Returns:
            Over how many connections requests wait.

        Raises:
            InvalidRun: They did not come.

        ```robotframework
        Pause Service    redis
        Send From Each Tab    ${user}    ${thread}    @{tabs}
        Wait Until Requests Wait    redis    by=backend    count=5
        Resume Service    redis
        ```
        """
        driver = running()
        # Only a driver whose services listen on this machine's own sockets can break links, or see into the sockets.
        driver.demand(Operation.FAULTS, service)
        name = driver.one(service)
        port = next(endpoint.port for endpoint in driver.endpoints() if endpoint.service == name)
        deadline = Deadline(timeout)
        while len(found := self._waiting(port, by)) < count:
            if deadline.passed:
                whose = f" of {by}" if by else ""
                expected = f"requests{whose} that wait for {name} over {count} connection(s), within {deadline.seconds:g} s"
                raise InvalidRun(explain(expected, f"{len(found)}", remedy="[Pause Service] keeps it from reading."))
            time.sleep(_LOOK_AGAIN)
        told = ", ".join(f"{one.size} bytes from port {one.client_port}" for one in found)
        recorder.record("note", name, {"what": "requests wait", "connections": len(found)})
        logger.info(f"Requests wait for {name} over {len(found)} connection(s), after {deadline.elapsed:.3f} s: {told}.")
        return len(found)

    @staticmethod
    def _waiting(port: int, by: str | None) -> list[Unread]:
        found = unread(port)
        if by is None:
            return found
        driver = running()
        ports = client_ports(pid for name in driver.resolve(by) for pid in driver.pids(name))
        return [one for one in found if one.client_port in ports]
