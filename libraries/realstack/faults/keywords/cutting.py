"""Keywords that let the kernel break links."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Literal

from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import InvalidRun, StackFailure, explain
from realstack.core.keywords.waiting import seconds, wait
from realstack.core.lateness import Late
from realstack.core.system import demand_linux
from realstack.core.waiting import Deadline, poll
from realstack.faults import sockets
from realstack.faults.kernel import Connections, Direction, Kind, Plan
from realstack.faults.keywords.arguments import DirectionName, lasting
from realstack.faults.keywords.link_faults import LinkFaults
from realstack.faults.keywords.undoing import Undoing
from realstack.faults.links import ANYWHERE, LinkBook, Target
from realstack.faults.probe import Probe, probe
from realstack.recording.events import FaultBegun, FaultEnded
from realstack.recording.recorder import recorder


class Cutting:
    """Breaks links in the kernel, and heals them.

    Args:
        book: Which links there are.
        faults: What is done to them.
        undoing: What is undone at the end of a test.
    """

    def __init__(self, book: LinkBook, faults: LinkFaults, undoing: Undoing) -> None:
        self._book = book
        self._faults = faults
        self._undoing = undoing

    @keyword(tags=["kernel"])
    def define_link(self, name: str, host: str, port: int) -> None:
        """Names a link to something that is no service of the platform.

        It can be cut only if this very process or a child of it listens there, or if the address was allowed when the
        library was imported. The name is forgotten at the end of the test or suite.

        ```robotframework
        Define Link    mail    127.0.0.1    ${MAIL_PORT}
        Cut Link    mail    reject    for=2 s
        ```
        """
        self._book.define(name, host, port)

        async def forget() -> None:
            self._book.forget(name)

        self._undoing.add(forget)

    @keyword(tags=["kernel"])
    def cut_link(
        self,
        link: str,
        kind: Literal["drop", "reject", "reset", "stall"] = "drop",
        *,
        direction: DirectionName = "both",
        connections: Literal["all", "new", "established"] = "all",
        client_port: Sequence[int] | int = (),
        spare_port: Sequence[int] | int = (),
        max: timedelta = timedelta(seconds=30),
        probe: bool = True,
        **named: timedelta,
    ) -> None:
        """Breaks a link in the kernel and returns as soon as it is broken. See *Cutting* in the introduction.

        Args:
            link: Service or group of the platform, or a name given by [Define Link].
            kind: What happens to packets.
            direction: Which packets.
            connections: Which connections: ``all``, ``new`` (their opening packets), or those ``established`` now.
            client_port: Only connections from these client ports; see *Get Local Port* of the WebSocket library.
            spare_port: No connections from these client ports.
            max: The kernel ends the fault after this time, if nobody did before.
            probe: Whether to probe the link before, during and after. The link must work before.
            named: ``for=``: lets the link heal by itself after this time, to the millisecond.

        Raises:
            StackFailure: The link does not work before the fault.
            StackError: The link is not this run's to break, the user may not, or there is no connection to hit.

        ```robotframework
        Cut Link    frontend    drop    for=1.5s
        Cut Link    redis       reject    connections=new
        Cut Link    backend     direction=from-service    client_port=${port}
        ```
        """
        demand_linux("breaking links", ANYWHERE)
        duration = lasting(named)
        plan = Plan(
            self._book.get(link),
            Kind(kind),
            Direction(direction),
            Connections(connections),
            seconds(max if duration is None else duration),
            _ports(client_port),
            _ports(spare_port),
            probing=probe,
        )
        fault = self._faults.start(plan)
        hit = f", {fault.receipt.aimed_connections} connections" if fault.receipt.aimed_connections else ""
        logger.info(f"{plan.link} is cut: {plan}{hit}")

    @keyword(tags=["kernel"])
    def heal_link(self, link: str, *, not_before: timedelta = timedelta(0)) -> dict[str, Any]:
        """Ends all faults of a link that the kernel makes, and returns the latest one's receipt.

        TCP connections go on with their next retransmission, which comes the later the longer the fault was.

        Args:
            link: The link.
            not_before: How long the latest fault must have lasted; what is left of that is waited for. So an outage lasts as long
                as it should, and as long as a test needs to look at what it does.

        ```robotframework
        Cut Link     frontend    drop
        Page Should Say That It Is Offline
        Heal Link    frontend    not_before=5 s
        ```
        """
        latest, least = self._faults.latest(link), seconds(not_before)

        async def heal() -> None:
            await asyncio.sleep(latest.receipt.started_at + least - time.monotonic())
            await asyncio.gather(*(self._faults.kernel.heal(fault) for fault in self._faults.of(link)))

        wait(heal(), least)
        receipt = self._faults.latest(link).receipt
        logger.info(str(receipt))
        return receipt.facts()

    @keyword(tags=["kernel"])
    def wait_until_link_is_healed(self, link: str, *, timeout: timedelta = timedelta(seconds=30)) -> dict[str, Any]:
        """Waits until a link's latest fault has ended by itself and a probe has been made; returns its receipt.

        Raises:
            StackFailure: It goes on longer than that.

        ```robotframework
        Cut Link    frontend    drop    for=1.5 s
        ${receipt} =    Wait Until Link Is Healed    frontend
        ```
        """
        fault, deadline = self._faults.latest(link), Deadline(seconds(timeout))

        async def over() -> bool:
            try:
                async with asyncio.timeout(deadline.seconds):
                    await fault.over.wait()
            except TimeoutError:
                return fault.over.is_set()
            return True

        if not wait(over(), deadline.seconds):
            raise Late(
                explain(
                    f"the fault of link '{link}' over within {deadline.seconds:g} s",
                    f"it goes on: {fault.plan}",
                    remedy="Give it a shorter for=, wait longer, or use [Heal Link].",
                )
            )
        logger.info(str(fault.receipt))
        return fault.receipt.facts()

    @keyword(tags=["kernel"])
    def link_should_work(self, link: str, *, timeout: timedelta = timedelta(seconds=1)) -> None:
        """Fails unless TCP connections to the service can be made within a time, at each address of it.

        ```robotframework
        Link Should Work    frontend    timeout=2 s
        ```
        """
        for target in self._book.find(link).targets:
            seen = _probe(target, lambda one: one.connected, timeout)
            if not seen.connected:
                raise StackFailure(
                    explain(f"link '{link}' to work at {target} within {seconds(timeout):g} s", f"a probe was {seen}")
                )

    @keyword(tags=["kernel"])
    def link_should_be_cut(self, link: str) -> None:
        """Fails if a TCP connection to the service can be made, at any address of it.

        ```robotframework
        Cut Link    redis    drop
        Link Should Be Cut    redis
        ```
        """
        for target in self._book.find(link).targets:
            seen = _probe(target, lambda _one: True, timedelta(0))
            if seen.connected:
                raise StackFailure(explain(f"link '{link}' to be cut", f"a probe of {target} was {seen}"))

    @keyword(tags=["kernel"])
    def reset_connections(
        self, link: str, *, client_port: Sequence[int] | int = (), spare_port: Sequence[int] | int = (), at_least: int = 1
    ) -> int:
        """Ends the live TCP connections of a link with a reset to both ends; new ones can be made at once.

        Args:
            link: Service or group of the platform, or a name given by [Define Link].
            client_port: Only connections from these client ports.
            spare_port: No connections from these client ports.
            at_least: Connections that must have been there.

        Returns:
            How many connections were reset.

        Raises:
            InvalidRun: There were fewer: the fault did not happen.

        ```robotframework
        ${count} =    Reset Connections    frontend    at_least=2
        ```
        """
        demand_linux("breaking links", ANYWHERE)
        chosen = self._book.get(link)
        killed = sockets.kill(chosen, client_ports=_ports(client_port), spared_ports=_ports(spare_port))
        facts = {"reset_connections": len(killed)}
        recorder.record(FaultBegun(link, "connections reset", facts=facts))
        recorder.record(FaultEnded(link, "connections reset", facts=facts))
        if len(killed) < at_least:
            raise InvalidRun(
                explain(
                    f"at least {at_least} connections of link {chosen} to reset",
                    f"there were {len(killed)}",
                    remedy="Open the connections before, and look whether they run over this link.",
                )
            )
        return len(killed)


def _probe(target: Target, good: Callable[[Probe], bool], timeout: timedelta) -> Probe:
    async def look() -> Probe:
        return await probe(target, 0.25)

    return wait(poll(look, good, Deadline(seconds(timeout))), seconds(timeout))[1]


def _ports(ports: Sequence[int] | int) -> frozenset[int]:
    return frozenset([ports] if isinstance(ports, int) else ports)
