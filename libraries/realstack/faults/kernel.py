"""Faults that the kernel itself makes: nftables rules that hit one link and expire by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Collection, Container
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.waiting import Deadline, poll
from realstack.faults import sockets
from realstack.faults.links import Link, Place
from realstack.faults.namespaces import Namespace, NamespaceGone
from realstack.faults.nft import Count, NoSuchThing, Table
from realstack.faults.probe import Probe, probe, probe_socket
from realstack.faults.receipt import Receipt
from realstack.faults.rules import Rules
from realstack.recording.events import FaultBegun, FaultEnded
from realstack.recording.recorder import recorder

LONGEST = 600.0
"""Seconds that a kernel fault may last at most."""

DEFAULT_LIMIT = 30.0
"""Seconds after which a fault expires that nobody healed."""

PROBE_SECONDS = 0.25
"""How long a probe waits for an answer."""

RECOVERY_SECONDS = 1.0
"""How long the probe after a fault keeps trying."""


class Kind(Enum):
    """What happens to packets."""

    DROP = "drop"
    REJECT = "reject"
    RESET = "reset"
    STALL = "stall"


class Direction(Enum):
    """Which packets are hit."""

    BOTH = "both"
    TO_SERVICE = "to-service"
    FROM_SERVICE = "from-service"


class Connections(Enum):
    """Which connections are hit."""

    ALL = "all"
    NEW = "new"
    ESTABLISHED = "established"


@dataclass(frozen=True)
class Plan:
    """A fault as it is wished for.

    Attributes:
        link: What to break.
        kind: How. ``STALL`` drops the packets of the connections that exist now, so that they stand still and go on when healed.
        direction: Which way.
        connections: Which connections. ``ESTABLISHED`` means those that exist when the fault begins.
        seconds: It ends by itself after this time.
        client_ports: Only connections from these ports of this process's network.
        spared_ports: No connections from these ports of it.
        probing: Whether to probe before, during and after. Faults of existing connections alone can't be probed.
    """

    link: Link
    kind: Kind = Kind.DROP
    direction: Direction = Direction.BOTH
    connections: Connections = Connections.ALL
    seconds: float = DEFAULT_LIMIT
    client_ports: frozenset[int] = frozenset()
    spared_ports: frozenset[int] = frozenset()
    probing: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= LONGEST:
            raise StackError(f"A fault lasts more than 0 s and at most {LONGEST:g} s, not {self.seconds:g} s")
        if self.kind is Kind.STALL and self.connections is Connections.NEW:
            raise StackError("New connections can't be stalled, only those that exist. Use kind=drop for new ones.")
        if self.client_ports & self.spared_ports:
            raise StackError(f"Ports can't be hit and spared at once: {sorted(self.client_ports & self.spared_ports)}")
        wrong = [port for port in self.client_ports | self.spared_ports if not 0 < port < 65536]
        if wrong:
            raise StackError(f"Not TCP ports: {wrong}")

    @property
    def hits_existing_only(self) -> bool:
        """Whether it hits only the connections that exist when it begins."""
        return self.kind is Kind.STALL or self.connections is Connections.ESTABLISHED

    @property
    def probed(self) -> bool:
        """Whether probes can tell anything about it."""
        return self.probing and not self.hits_existing_only

    def __str__(self) -> str:
        parts = [self.kind.value, self.direction.value]
        if self.connections is not Connections.ALL:
            parts.append(f"{self.connections.value} connections only")
        if self.client_ports:
            parts.append(f"from ports {', '.join(map(str, sorted(self.client_ports)))}")
        if self.spared_ports:
            parts.append(f"sparing ports {', '.join(map(str, sorted(self.spared_ports)))}")
        return f"{', '.join(parts)}, for at most {self.seconds:g} s"


@dataclass(eq=False)
class Part:
    """What a fault is in one network.

    Attributes:
        table: The run's table there.
        rules: The fault's rules in it.
        hit: What its counters told last: to the service, from it, and of probes.
    """

    table: Table
    rules: Rules
    hit: tuple[Count, Count, Count] = (Count(), Count(), Count())


@dataclass(eq=False)
class Fault:
    """A fault in force, or one that is over.

    Attributes:
        plan: What was wished for.
        parts: The same in each network through which packets of the link pass.
        receipt: What proves it.
        over: Set when it has ended and its receipt is complete.
    """

    plan: Plan
    parts: list[Part]
    receipt: Receipt
    over: asyncio.Event = field(default_factory=asyncio.Event)
    ending: asyncio.Lock = field(default_factory=asyncio.Lock)
    during: asyncio.Task[Probe] | None = None
    timer: asyncio.Task[None] | None = None

    @property
    def number(self) -> int:
        """Its number among the run's."""
        return self.parts[0].rules.number


class KernelFaults:
    """Makes and ends the faults of one run. All coroutines belong to one event loop.

    Args:
        table: The run's table; there is one of the same name in each network of a container's own whose link is broken.
        guard: Called once, before the table is first made: lets the run's reaper know of it.
    """

    def __init__(self, table: Table, guard: Callable[[str], object] = lambda _name: None) -> None:
        self.table = table
        self._guard = guard
        self._guarded = False
        self._inside: dict[Namespace, Table] = {}
        self._numbers = itertools.count(1)
        self._active: dict[int, Fault] = {}
        self._change = asyncio.Lock()

    async def start(self, plan: Plan) -> Fault:
        """Put a fault in force.

        Raises:
            StackFailure: The link does not work as it is, so that a fault would prove nothing.
            StackError: The machine can't do it, or there is no connection to hit.
        """
        target = plan.link.targets[0]
        # A busy service ends the first probe's connection when the fault is in force already: nobody lost that packet.
        probe_ports: list[int] = []
        before = None
        if plan.probed:
            first = probe_socket(target)
            probe_ports.append(first.getsockname()[1])
            before = await probe(target, PROBE_SECONDS, first)
        if before is not None and not before.connected:
            raise StackFailure(
                explain(
                    f"a working link {plan.link} to break",
                    f"a probe was {before}",
                    remedy="Wait for the service's health first, or say probe=False to break the link all the same.",
                )
            )
        number = next(self._numbers)
        existing: frozenset[sockets.TcpConnection] = frozenset()
        if plan.hits_existing_only or plan.kind is Kind.RESET:
            existing = await self._existing(plan, {*plan.spared_ports, *probe_ports})
        probing = probe_socket(target) if plan.probed else None
        if probing is not None:
            probe_ports.append(probing.getsockname()[1])
        parts = [
            Part(self._table(place), Rules(self.table.name, number, place, _verdict(plan), plan.direction.value))
            for place in plan.link.places(plan.client_ports)
        ]
        transactions = [
            (
                part.table,
                part.rules.install(
                    seconds=plan.seconds,
                    only=existing if plan.hits_existing_only else None,
                    handshakes_only=plan.connections is Connections.NEW,
                    # Ports mean clients in this process's network, and so does the probe's.
                    client_ports=plan.client_ports,
                    spared_ports=plan.spared_ports if part.table is self.table else (),
                    probe_ports=probe_ports if part.table is self.table else (),
                ),
            )
            for part in parts
        ]
        fault = Fault(plan, parts, Receipt(plan.link.name, str(plan), time.monotonic(), before=before))
        # From here on it counts as active: an interruption must not lose it.
        self._active[number] = fault
        try:
            await self._put(transactions)
            fault.receipt.started_at = time.monotonic()
            if probing is not None:
                patience = min(PROBE_SECONDS, plan.seconds / 2)
                fault.during = asyncio.get_running_loop().create_task(probe(target, patience, probing))
            fault.receipt.aimed_connections = len(existing)
            fault.timer = asyncio.get_running_loop().create_task(self._expire(fault))
            if plan.kind is Kind.RESET and plan.connections is not Connections.NEW:
                # What a busy service keeps of a probe's connection is nobody's that the fault is to end.
                spared = {*plan.spared_ports, *probe_ports}
                killed = await asyncio.to_thread(sockets.kill, plan.link, client_ports=plan.client_ports, spared_ports=spared)
                fault.receipt.reset_connections = len(killed)
        except BaseException:
            if probing is not None:
                probing.close()
            await asyncio.shield(self.heal(fault, probing=False))
            raise
        facts = {"way_round": plan.hits_existing_only}
        recorder.record(FaultBegun(plan.link.name, str(plan), facts=facts, at=fault.receipt.started_at))
        return fault

    async def _existing(self, plan: Plan, spared: Collection[int]) -> frozenset[sockets.TcpConnection]:
        found = await asyncio.to_thread(sockets.connections, plan.link, client_ports=plan.client_ports, spared_ports=spared)
        if not found and plan.hits_existing_only:
            raise StackError(
                explain(
                    f"connections of link {plan.link} to hit",
                    "there are none" + (f" from ports {sorted(plan.client_ports)}" if plan.client_ports else ""),
                    remedy="Open the connection before the fault, or hit new ones too (connections=all).",
                )
            )
        return found

    def _table(self, place: Place) -> Table:
        if place.namespace is None:
            return self.table
        return self._inside.setdefault(place.namespace, Table(self.table.name, place.namespace))

    async def _put(self, transactions: list[tuple[Table, list[str]]]) -> None:
        async with self._change:
            if not self._guarded:
                # Those in containers' networks need no guard: they go with the containers, which the run's lease removes.
                await asyncio.to_thread(self._guard, self.table.name)
                self._guarded = True
            for table, lines in transactions:
                await _undisturbed(table.apply, [f"add table inet {table.name}", *lines])

    async def _expire(self, fault: Fault) -> None:
        end = fault.receipt.started_at + fault.plan.seconds
        await asyncio.sleep(max(0.0, end - time.monotonic()))
        await self._end(fault, "expired", end, fault.plan.probed)

    async def heal(self, fault: Fault, *, probing: bool = True) -> Receipt:
        """End a fault and complete its receipt; one that is over stays as it is."""
        if fault.timer is not None and not fault.ending.locked():
            fault.timer.cancel()
        await self._end(fault, "healed", None, probing and fault.plan.probed)
        return fault.receipt

    async def _end(self, fault: Fault, how: str, when: float | None, probing: bool) -> None:
        async with fault.ending:
            if fault.over.is_set():
                return
            await self._finish_probe(fault)
            await _undisturbed(self._withdraw, fault)
            fault.receipt.ended_at = time.monotonic() if when is None else when
            fault.receipt.ended_by = how
            self._active.pop(fault.number, None)
            if probing:
                fault.receipt.after = await _probe_until_connected(fault.plan.link)
            async with self._change:
                used = {part.table for other in self._active.values() for part in other.parts}
                await _undisturbed(self._clear, fault, used)
            assert fault.receipt.ended_at is not None
            lost = {"proven": False, "lost": fault.receipt.lost} if fault.receipt.lost else None
            facts, at = fault.receipt.facts(), fault.receipt.ended_at
            recorder.record(FaultEnded(fault.plan.link.name, receipt=lost, facts=facts, at=at))
            fault.over.set()

    def _withdraw(self, fault: Fault) -> None:
        """Take the rules out first and count then, so that no packet is hit uncounted."""
        for part in fault.parts:
            try:
                with contextlib.suppress(NoSuchThing):  # an interrupted start never put them in, an interrupted end took them out
                    part.table.apply(part.rules.withdraw())
            except NamespaceGone as gone:
                fault.receipt.lost = str(gone)
        self._count(fault)

    def _count(self, fault: Fault) -> None:
        for part in fault.parts:
            try:
                counters = part.table.counters()
            except NamespaceGone as gone:
                fault.receipt.lost = str(gone)
                continue
            names = (part.rules.counter_to, part.rules.counter_from, part.rules.counter_probe)
            to_service, from_service, probes = (counters.get(name, Count()) for name in names)
            part.hit = (to_service, from_service, probes)
        receipt, told = fault.receipt, [part.hit for part in fault.parts]
        receipt.to_service, receipt.from_service, receipt.probe_packets = (
            sum(counts, Count()) for counts in zip(*told, strict=True)
        )

    def _clear(self, fault: Fault, used: Container[Table]) -> None:
        """Take what is left of a fault out of the kernel; a table that no other fault uses goes as a whole."""
        for part in fault.parts:
            with contextlib.suppress(NoSuchThing, NamespaceGone):
                if part.table in used:
                    part.table.apply(part.rules.remove_rest())
                else:
                    part.table.delete()

    async def _finish_probe(self, fault: Fault) -> None:
        if fault.during is None:
            return
        if not fault.during.done():
            # It still waits in vain and the fault is about to end: that it has not connected by now is its result.
            fault.during.cancel()
            await asyncio.wait([fault.during])
        since = fault.receipt.started_at
        ended = fault.during.cancelled() or fault.during.exception() is not None
        fault.receipt.during = Probe("silent", time.monotonic() - since, since) if ended else fault.during.result()

    async def look(self, fault: Fault) -> Receipt:
        """The receipt as it stands: the counters of a fault in force are read from the kernel now."""
        if not fault.over.is_set():
            async with fault.ending:
                if not fault.over.is_set():
                    await asyncio.to_thread(self._count, fault)
                    if fault.during is not None and fault.during.done() and fault.during.exception() is None:
                        fault.receipt.during = fault.during.result()
        return fault.receipt

    async def heal_all(self) -> None:
        """End all faults at once."""
        await asyncio.gather(*(self.heal(fault, probing=False) for fault in list(self._active.values())))


async def _undisturbed(function: Callable[..., None], *arguments: object) -> None:
    """Run a blocking change in a thread; an interruption waits until it is done, so that what was done is known."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


async def _probe_until_connected(link: Link) -> Probe:
    target = link.targets[0]
    _, seen = await poll(lambda: probe(target, PROBE_SECONDS), lambda one: one.connected, Deadline(RECOVERY_SECONDS))
    return seen


def _verdict(plan: Plan) -> Literal["drop", "reject", "reset"]:
    if plan.kind is Kind.REJECT:
        return "reject"
    return "reset" if plan.kind is Kind.RESET else "drop"
