"""What the keywords of the NetworkFault library share: links, faults, proxies, and whose they are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, TypeVar

from robot.api import logger

from realstack.core.errors import StackError, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.loop import background
from realstack.core.ownership import Ownership
from realstack.faults.kernel import Fault, KernelFaults
from realstack.faults.links import LinkBook
from realstack.faults.nft import Table
from realstack.faults.proxy import ProxyLink
from realstack.faults.toxics import Way
from realstack.lease.actions import delete_nft_table
from realstack.lease.lease import current_lease
from realstack.platform.driver import Operation
from realstack.platform.running import running_or_none

T = TypeVar("T")

MARGIN = 10.0
"""Seconds that the loop may take beyond an operation's own deadline before the keyword gives up on it."""

DirectionName = Literal["both", "to-service", "from-service"]
OneWay = Literal["to-service", "from-service"]

Undo = Callable[[], Awaitable[object]]


def platform_endpoints(name: str) -> list[tuple[str, int]] | None:
    """Hosts and ports of a service, or of all replicas of a group, of the platform that runs; None for another name."""
    driver = running_or_none()
    if driver is None:
        return None
    try:
        services = driver.resolve(name)
    except StackError:  # the platform has no service of that name: it may still be a defined link
        return None
    if Operation.FAULTS not in driver.can:
        return []
    return [(one.host, one.port) for one in driver.endpoints() if one.service in services]


class State:
    """Links and what is done to them.

    Args:
        allowed: ``host:port`` of addresses that may be hit besides those of the platform.
    """

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        self._book = LinkBook(platform_endpoints, [_address(text) for text in allowed])
        self._kernel: KernelFaults | None = None
        self._faults: dict[str, list[Fault]] = {}
        self._proxies: dict[str, ProxyLink] = {}
        self._undo: Ownership[Undo] = Ownership()

    def _wait(self, coroutine: Coroutine[Any, Any, T], limit: float = 0.0) -> T:
        return background.run(coroutine, limit + MARGIN)

    @property
    def _kernel_faults(self) -> KernelFaults:
        """The run's table, which its reaper learns of before it is made."""
        if self._kernel is None:
            lease = current_lease()
            self._kernel = KernelFaults(Table(f"realstack_{lease.run_id}"), lambda name: lease.on_end(delete_nft_table(name)))
        return self._kernel

    def _own(self, undo: Undo) -> None:
        """Have something undone when the running test, or suite, ends."""
        self._undo.add(current_owner(), undo)

    def _fault(self, link: str) -> Fault:
        """The latest fault of a link, in force or over."""
        faults = self._faults.get(link)
        if not faults:
            known = ", ".join(name for name, some in self._faults.items() if some) or "none"
            raise StackError(f"Link '{link}' was not cut in this test. Links that were: {known}. Use [Cut Link] first.")
        return faults[-1]

    def _proxy(self, name: str) -> ProxyLink:
        proxy = self._proxies.get(name)
        if proxy is None:
            known = ", ".join(self._proxies) or "none"
            raise StackError(f"There is no proxy link '{name}'. Open are: {known}. Use [Open Proxy Link] first.")
        return proxy

    def _release(self, owner: str, *, below: bool) -> None:
        """Undo what a test or suite has done, newest first; what can't be undone is told and never changes a verdict."""
        undos = self._undo.release(owner, below=below)
        if not undos:
            return

        async def undo_all() -> list[BaseException]:
            failures: list[BaseException] = []
            for undo in undos:
                results = await asyncio.gather(undo(), return_exceptions=True)
                failures += [result for result in results if isinstance(result, BaseException)]
            return failures

        for failure in self._wait(undo_all(), 10):
            logger.error(f"A fault could not be undone at the end of '{owner}': {failure}")

    def _run(self, function: Callable[[], T]) -> T:
        """Run a function on the loop, where the proxies live."""

        async def on_loop() -> T:
            return function()

        return self._wait(on_loop())


def ways(direction: str) -> list[Way]:
    """The directions that ``both``, ``to-service`` or ``from-service`` means."""
    return [way for way in Way if direction in ("both", way.value)]


def seconds(time: timedelta) -> float:
    """Seconds of a time that keywords take; negative ones are refused."""
    if time < timedelta(0):
        raise StackError(f"A time can't be negative: {time.total_seconds():g} s")
    return time.total_seconds()


def lasting(named: Mapping[str, timedelta]) -> timedelta | None:
    """The value of ``for=``, which no Python argument can be called."""
    wrong = [name for name in named if name != "for"]
    if wrong:
        raise StackError(
            f"Got unexpected named arguments: {', '.join(wrong)}. Only 'for' is there besides those that are documented."
        )
    return named.get("for")


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise StackError(
            explain("an address as host:port", f"'{text}'", remedy="Library    NetworkFault    allowed=10.0.0.5:443")
        )
    return host.strip("[]"), int(port)
