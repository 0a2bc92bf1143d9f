"""Keywords that read what proves the kernel's faults."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import InvalidRun, StackError, explain
from realstack.core.keywords.assertions import verify
from realstack.core.keywords.waiting import seconds, wait
from realstack.core.table import html_table
from realstack.core.waiting import Deadline, poll
from realstack.faults.kernel import Fault
from realstack.faults.keywords.arguments import DirectionName
from realstack.faults.keywords.link_faults import LinkFaults
from realstack.faults.receipt import Receipt

LONGEST_FACT = 400
"""Characters of a fact that the log shows."""


class Receipts:
    """Reads receipts of faults.

    Args:
        faults: What is done to links.
    """

    def __init__(self, faults: LinkFaults) -> None:
        self._faults = faults

    @keyword(tags=["kernel", "receipt", "getter"])
    def get_link_receipt(self, link: str) -> dict[str, Any]:
        """Returns the receipt of a link's latest fault as a dictionary; one in force is read from the kernel now.

        Times ending in ``_at`` are seconds on the monotonic clock, as in the history.

        ```robotframework
        ${receipt} =    Get Link Receipt    frontend
        Log    Hit were ${receipt}[packets_to_service] packets.
        ```
        """
        return self._faults.look(self._faults.latest(link)).facts()

    @keyword(tags=["kernel", "receipt", "getter"])
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

        def check(receipt: Receipt) -> int:
            return verify(receipt.hit(direction).packets, assertion_operator, assertion_expected, what, message)

        return self._retry(link, check, timeout)

    @keyword(tags=["kernel", "receipt", "getter"])
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
        """Returns how many bytes, headers included, a link's latest fault has hit, and asserts. See [Get Dropped Packets].

        ```robotframework
        Get Dropped Bytes    frontend    >    1 kB    direction=to-service
        ```
        """
        what = f"Bytes of link '{link}' that were dropped ({direction})"

        def check(receipt: Receipt) -> int:
            seen = receipt.hit(direction).bytes
            return verify(seen, assertion_operator, assertion_expected, what, message, unit="B")

        return self._retry(link, check, timeout)

    def _retry(self, link: str, check: Callable[[Receipt], int], timeout: timedelta) -> int:
        fault = self._faults.latest(link)

        def holds(receipt: Receipt) -> bool:
            try:
                check(receipt)
            except AssertionError:
                return False
            return True

        looking = poll(lambda: self._faults.kernel.look(fault), holds, Deadline(seconds(timeout)), pause=0.05)
        return check(wait(looking, seconds(timeout))[1])

    @keyword(tags=["kernel", "receipt", "getter"])
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

        ```robotframework
        Get Outage Time    frontend    <    2 s
        ```
        """
        lasted = self._faults.look(self._faults.latest(link)).lasted
        if lasted is None:
            raise StackError(_in_force(link))
        what = f"Outage of link '{link}' in seconds"
        return verify(round(lasted, 6), assertion_operator, assertion_expected, what, message, unit="s")

    @keyword(tags=["kernel", "receipt"])
    def receipt_should_show_drops(self, link: str, *, at_least: int = 1, direction: DirectionName = "both") -> None:
        """Makes the test INVALID unless a link's latest fault has hit at least so many packets.

        No receipt, no pass: a fault that met nobody proves nothing about the platform.

        ```robotframework
        Receipt Should Show Drops    frontend    at_least=5    direction=to-service
        ```
        """
        fault = self._faults.latest(link)
        _demand_hits(fault, self._faults.look(fault), at_least, direction)

    @keyword(tags=["kernel", "receipt"])
    def receipt_should_prove_outage(self, link: str, *, at_least: int = 1, direction: DirectionName = "both") -> None:
        """Makes the test INVALID unless everything proves that a link's latest fault was there and is over.

        That is: packets were hit, or connections reset; it has ended; and probes connected before it, failed during it and
        connected after it.

        ```robotframework
        Cut Link    frontend    drop    for=1.5 s
        Wait Until Link Is Healed    frontend
        Receipt Should Prove Outage    frontend    at_least=5
        ```
        """
        fault = self._faults.latest(link)
        receipt = self._faults.look(fault)
        if receipt.ended_at is None:
            raise StackError(_in_force(link))
        if not receipt.reset_connections:
            _demand_hits(fault, receipt, at_least, direction)
        doubt = receipt.doubt()
        if doubt is not None:
            raise InvalidRun(doubt)
        logger.info(str(receipt))

    @keyword(tags=["kernel", "receipt"])
    def log_receipts(self) -> None:
        """Writes the receipts of all faults of the test so far to the log, as a table.

        ```robotframework
        [Teardown]    Log Receipts
        ```
        """
        receipts = [self._faults.look(fault).facts() for fault in self._faults]
        if not receipts:
            logger.info("No link was cut")
            return
        told = [{name.replace("_", " "): value for name, value in facts.items()} for facts in receipts]
        logger.info(html_table(list(told[0]), told, longest_cell=LONGEST_FACT), html=True)


def _demand_hits(fault: Fault, receipt: Receipt, at_least: int, direction: str) -> None:
    if receipt.lost:
        raise InvalidRun(explain(f"link '{receipt.link}' broken until it was healed", f"rules were gone before: {receipt.lost}"))
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


def _in_force(link: str) -> str:
    return f"The fault of link '{link}' is still in force. Use [Heal Link] or [Wait Until Link Is Healed] first."
