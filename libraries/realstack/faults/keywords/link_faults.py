"""The kernel's faults of links, in force and over."""

from __future__ import annotations

from collections.abc import Iterator

from realstack.core.errors import StackError
from realstack.core.keywords.waiting import wait
from realstack.core.system import demand_linux
from realstack.faults.kernel import Fault, KernelFaults, Plan
from realstack.faults.keywords.undoing import Undoing
from realstack.faults.links import ANYWHERE
from realstack.faults.nft import Table
from realstack.faults.receipt import Receipt


class LinkFaults:
    """The kernel's faults by link, until the end of the test or suite that made them.

    Args:
        undoing: What is undone then.
    """

    def __init__(self, undoing: Undoing) -> None:
        self._undoing = undoing
        self._kernel: KernelFaults | None = None
        self._faults: dict[str, list[Fault]] = {}

    @property
    def kernel(self) -> KernelFaults:
        """What makes and ends faults in the run's own table, which its reaper learns of before it is made.

        Raises:
            StackError: The kernel is none that can do it.
        """
        if self._kernel is None:
            demand_linux("breaking links", ANYWHERE)
            from realstack.lease.actions import delete_nft_table  # noqa: PLC0415 -- leases are Linux's alone
            from realstack.lease.lease import current_lease  # noqa: PLC0415

            lease = current_lease()
            self._kernel = KernelFaults(Table(f"realstack_{lease.run_id}"), lambda name: lease.on_end(delete_nft_table(name)))
        return self._kernel

    def start(self, plan: Plan) -> Fault:
        """Put a fault in force; it ends with the running test or suite at the latest."""
        kernel, link = self.kernel, plan.link.name
        fault = wait(kernel.start(plan))
        self._faults.setdefault(link, []).append(fault)

        async def undo() -> None:
            await kernel.heal(fault, probing=False)
            self._faults[link].remove(fault)

        self._undoing.add(undo)
        return fault

    def latest(self, link: str) -> Fault:
        """The latest fault of a link, in force or over.

        Raises:
            StackError: The link was not cut.
        """
        faults = self._faults.get(link)
        if not faults:
            known = ", ".join(name for name, some in self._faults.items() if some) or "none"
            raise StackError(f"Link '{link}' was not cut in this test. Links that were: {known}. Use [Cut Link] first.")
        return faults[-1]

    def of(self, link: str) -> list[Fault]:
        """All faults of a link, the oldest first."""
        return list(self._faults.get(link, []))

    def __iter__(self) -> Iterator[Fault]:
        return iter([fault for faults in self._faults.values() for fault in faults])

    def look(self, fault: Fault) -> Receipt:
        """The receipt as it stands; of a fault in force it is read from the kernel now."""
        return wait(self.kernel.look(fault))
