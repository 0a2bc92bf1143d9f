"""Keywords that let the kernel break links, and read what proves it."""

from __future__ import annotations

import asyncio
import html
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import InvalidRun, StackError, StackFailure, explain
from realstack.core.keywords.assertions import verify_number, verify_seconds
from realstack.core.waiting import Deadline, poll
from realstack.faults import sockets
from realstack.faults.kernel import Connections, Direction, Fault, Kind, Plan
from realstack.faults.keywords.state import DirectionName, State, lasting, seconds
from realstack.faults.links import Target
from realstack.faults.probe import Probe, probe
from realstack.faults.receipt import Receipt
from realstack.recording.recorder import recorder


class Cutting(State):
    """Kernel keywords of the NetworkFault library."""

    @keyword
    def define_link(self, name: str, host: str, port: int) -> None:
        """Names a link to something that is no service of the platform.

        It can be cut only if this very process or a child of it listens there, or if the address was allowed when the
        library was imported. The name is forgotten at the end of the test or suite.
        """
        self._book.define(name, host, port)

        async def forget() -> None:
            self._book.forget(name)

        self._own(forget)

    @keyword
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
        faults = self._kernel_faults
        fault = self._wait(faults.start(plan))
        self._faults.setdefault(link, []).append(fault)

        async def undo() -> None:
            await faults.heal(fault, probing=False)
            self._faults[link].remove(fault)

        self._own(undo)
        hit = f", {fault.receipt.aimed_connections} connections" if fault.receipt.aimed_connections else ""
        logger.info(f"{plan.link} is cut: {plan}{hit}")

    @keyword
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
        latest = self._fault(link)
        faults = self._kernel_faults

        async def heal() -> None:
            await asyncio.sleep(latest.receipt.started_at + seconds(not_before) - time.monotonic())
            await asyncio.gather(*(faults.heal(fault) for fault in self._faults[link]))

        self._wait(heal(), seconds(not_before))
        receipt = self._fault(link).receipt
        logger.info(str(receipt))
        return receipt.facts()

    @keyword
    def wait_until_link_is_healed(self, link: str, *, timeout: timedelta = timedelta(seconds=30)) -> dict[str, Any]:
        """Waits until a link's latest fault has ended by itself and a probe has been made; returns its receipt.

        Raises:
            StackFailure: It goes on longer than that.
        """
        fault = self._fault(link)

        async def over() -> bool:
            try:
                async with asyncio.timeout(seconds(timeout)):
                    await fault.over.wait()
            except TimeoutError:
                return fault.over.is_set()
            return True

        if not self._wait(over(), seconds(timeout)):
            raise StackFailure(
                explain(
                    f"the fault of link '{link}' over within {seconds(timeout):g} s",
                    f"it goes on: {fault.plan}",
                    remedy="Give it a shorter for=, wait longer, or use [Heal Link].",
                )
            )
        logger.info(str(fault.receipt))
        return fault.receipt.facts()

    @keyword
    def link_should_work(self, link: str, *, timeout: timedelta = timedelta(seconds=1)) -> None:
        """Fails unless TCP connections to the service can be made within a time, at each address of it."""
        for target in self._book.get(link).targets:
            seen = self._probe(target, lambda one: one.connected, timeout)
            if not seen.connected:
                raise StackFailure(
                    explain(f"link '{link}' to work at {target} within {seconds(timeout):g} s", f"a probe was {seen}")
                )

    @keyword
    def link_should_be_cut(self, link: str) -> None:
        """Fails if a TCP connection to the service can be made, at any address of it."""
        for target in self._book.get(link).targets:
            seen = self._probe(target, lambda _one: True, timedelta(0))
            if seen.connected:
                raise StackFailure(explain(f"link '{link}' to be cut", f"a probe of {target} was {seen}"))

    def _probe(self, target: Target, good: Callable[[Probe], bool], timeout: timedelta) -> Probe:
        async def look() -> Probe:
            return await probe(target, 0.25)

        return self._wait(poll(look, good, Deadline(seconds(timeout))), seconds(timeout))[1]

    @keyword
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
        """
        chosen = self._book.get(link)
        killed = sockets.kill(chosen, client_ports=_ports(client_port), spared_ports=_ports(spare_port))
        recorder.record("fault-on", link, {"what": "connections reset", "reset_connections": len(killed)})
        recorder.record("fault-off", link, {"what": "connections reset", "reset_connections": len(killed)})
        if len(killed) < at_least:
            raise InvalidRun(
                explain(
                    f"at least {at_least} connections of link {chosen} to reset",
                    f"there were {len(killed)}",
                    remedy="Open the connections before, and look whether they run over this link.",
                )
            )
        return len(killed)

    def _look(self, link: str) -> Receipt:
        fault = self._fault(link)
        return self._wait(self._kernel_faults.look(fault))

    @keyword
    def get_link_receipt(self, link: str) -> dict[str, Any]:
        """Returns the receipt of a link's latest fault as a dictionary; one in force is read from the kernel now.

        Times ending in ``_at`` are seconds on the monotonic clock, as in the history.
        """
        return self._look(link).facts()

    @keyword
    def get_dropped_packets(
        self,
        link: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        direction: DirectionName = "both",
        timeout: timedelta = timedelta(0),
    ) -> int:
        """Returns how many packets a link's latest fault has hit, dropped or answered in the service's place, and asserts.

        The library's own probes do not count.

        Args:
            link: The link.
            assertion_operator: See the introduction.
            assertion_expected: See the introduction.
            message: Replaces the text of a failure.
            direction: Which packets.
            timeout: How long to look again while the assertion fails.

        ```robotframework
        Get Dropped Packets    frontend    >    0    timeout=2s
        ```
        """
        what = f"Packets of link '{link}' that were dropped ({direction})"

        def verify(receipt: Receipt) -> int:
            return int(verify_number(receipt.hit(direction).packets, assertion_operator, assertion_expected, what, message))

        return self._retry(link, verify, timeout)

    @keyword
    def get_dropped_bytes(
        self,
        link: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        direction: DirectionName = "both",
        timeout: timedelta = timedelta(0),
    ) -> int:
        """Returns how many bytes, headers included, a link's latest fault has hit, and asserts. See [Get Dropped Packets]."""
        what = f"Bytes of link '{link}' that were dropped ({direction})"

        def verify(receipt: Receipt) -> int:
            return int(verify_number(receipt.hit(direction).bytes, assertion_operator, assertion_expected, what, message))

        return self._retry(link, verify, timeout)

    def _retry(self, link: str, verify: Callable[[Receipt], int], timeout: timedelta) -> int:
        fault = self._fault(link)

        def holds(receipt: Receipt) -> bool:
            try:
                verify(receipt)
            except AssertionError:
                return False
            return True

        looking = poll(lambda: self._kernel_faults.look(fault), holds, Deadline(seconds(timeout)), pause=0.05)
        return verify(self._wait(looking, seconds(timeout))[1])

    @keyword
    def get_outage_time(
        self,
        link: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> float:
        """Returns the seconds that a link's latest fault lasted, and asserts.

        Raises:
            StackError: It is still in force.
        """
        lasted = self._look(link).lasted
        if lasted is None:
            raise StackError(
                f"The fault of link '{link}' is still in force. Use [Heal Link] or [Wait Until Link Is Healed] first."
            )
        what = f"Outage of link '{link}' in seconds"
        return float(verify_seconds(round(lasted, 6), assertion_operator, assertion_expected, what, message))

    @keyword
    def receipt_should_show_drops(self, link: str, *, at_least: int = 1, direction: DirectionName = "both") -> None:
        """Makes the test INVALID unless a link's latest fault has hit at least so many packets.

        No receipt, no pass: a fault that met nobody proves nothing about the platform.
        """
        self._demand_hits(self._fault(link), self._look(link), at_least, direction)

    @keyword
    def receipt_should_prove_outage(self, link: str, *, at_least: int = 1, direction: DirectionName = "both") -> None:
        """Makes the test INVALID unless everything proves that a link's latest fault was there and is over.

        That is: packets were hit, or connections reset; it has ended; and probes connected before it, failed during it and
        connected after it.
        """
        fault, receipt = self._fault(link), self._look(link)
        if receipt.ended_at is None:
            raise StackError(
                f"The fault of link '{link}' is still in force. Use [Heal Link] or [Wait Until Link Is Healed] first."
            )
        if not receipt.reset_connections:
            self._demand_hits(fault, receipt, at_least, direction)
        doubt = receipt.doubt()
        if doubt is not None:
            raise InvalidRun(doubt)
        logger.info(str(receipt))

    def _demand_hits(self, fault: Fault, receipt: Receipt, at_least: int, direction: str) -> None:
        seen = receipt.hit(direction).packets
        if seen < at_least:
            raise InvalidRun(
                explain(
                    f"at least {at_least} packets of link '{receipt.link}' hit ({direction})",
                    f"{seen} were hit",
                    evidence=str(receipt),
                    remedy=f"Nobody used {fault.plan.link} during the fault: send something while it lasts.",
                )
            )

    @keyword
    def log_receipts(self) -> None:
        """Writes the receipts of all faults of the test so far to the log, as a table."""
        receipts = [self._wait(self._kernel_faults.look(one)).facts() for faults in self._faults.values() for one in faults]
        if not receipts:
            logger.info("No link was cut")
            return
        head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in receipts[0])
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in facts.values()) + "</tr>" for facts in receipts
        )
        logger.info(f"<table><tr>{head}</tr>{rows}</table>", html=True)


def _cells(values: Iterable[object]) -> str:
    return "".join(f"<td>{html.escape(str(value))}</td>" for value in values)


def _in_force(link: str) -> str:
    return f"The fault of link '{link}' is still in force. Use [Heal Link] or [Wait Until Link Is Healed] first."


def _ports(ports: Sequence[int] | int) -> frozenset[int]:
    return frozenset([ports] if isinstance(ports, int) else ports)
