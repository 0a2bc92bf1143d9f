"""Keywords that see who waits for a service."""

from __future__ import annotations

from datetime import timedelta

from robot.api import logger
from robot.api.deco import keyword

from realstack.core import tcp
from realstack.core.errors import InvalidRun, explain
from realstack.core.waiting import Deadline, wait_until
from realstack.platform.driver import Driver, Operation
from realstack.platform.running import running
from realstack.recording.events import Note
from realstack.recording.recorder import recorder

_LOOK_AGAIN = 0.01


class Waiting:
    """Requests in front of a service that stands still."""

    @keyword(tags=["look"])
    def wait_until_requests_wait(
        self, service: str, *, by: str | None = None, count: int = 1, timeout: timedelta = timedelta(seconds=5)
    ) -> int:
        """Waits until requests have come to a paused service, over as many connections: the receipt that others stand still, too.

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
        # Only a driver whose services' sockets are this kernel's own can break links, or see into the sockets.
        driver.demand(Operation.FAULTS, service)
        name = driver.one(service)
        deadline = Deadline(timeout)
        enough, found = wait_until(lambda: _waiting(driver, name, by), lambda seen: len(seen) >= count, deadline, _LOOK_AGAIN)
        if not enough:
            whose = f" of {by}" if by else ""
            expected = f"requests{whose} that wait for {name} over {count} connection(s), within {deadline.seconds:g} s"
            raise InvalidRun(explain(expected, f"{len(found)}", remedy="[Pause Service] keeps it from reading."))
        told = ", ".join(f"{one.unread} bytes from port {one.peer_port}" for one in found)
        recorder.record(Note(name, what="requests wait", facts={"connections": len(found)}))
        logger.info(f"Requests wait for {name} over {len(found)} connection(s), after {deadline.elapsed:.3f} s: {told}.")
        return len(found)


def _waiting(driver: Driver, service: str, by: str | None) -> list[tcp.TcpSocket]:
    network = driver.network(service)
    if network is not None:
        found = tcp.unread(network.port, network.pid)
        return found if by is None else [one for one in found if str(one.peer_address) in _addresses(driver, by)]
    found = tcp.unread(next(endpoint.port for endpoint in driver.endpoints() if endpoint.service == service))
    if by is None:
        return found
    ports = tcp.ports_of(pid for name in driver.resolve(by) for pid in driver.pids(name))
    return [one for one in found if one.peer_port in ports]


def _addresses(driver: Driver, name: str) -> set[str]:
    """Where those are who have networks of their own: nobody else comes from there."""
    networks = [driver.network(service) for service in driver.resolve(name)]
    return {address for network in networks if network is not None for address in network.addresses}
