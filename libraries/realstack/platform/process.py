"""One service's process over its lives: started, stopped, killed, paused, resumed."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from realstack.core import procfs
from realstack.core.errors import InvalidRun, StackFailure, explain
from realstack.core.waiting import Deadline, poll
from realstack.platform.driver import Receipt
from realstack.platform.service import Service

if TYPE_CHECKING:
    from realstack.lease.lease import Child, Lease

SIGNAL_SECONDS = 3.0
"""How long the kernel may take to stop or end a whole tree of processes."""

_PAUSE = 0.005


class ServiceProcess:
    """The process of one service.

    Args:
        service: What is run.
        lease: Who starts and, in the end, reaps it.

    Attributes:
        child: The running process, or the last one; None before the first start.
        paused: Whether a pause is in force.
        expected_down: Whether a test (or the run's end) took it down.
    """

    def __init__(self, service: Service, lease: Lease) -> None:
        self.service = service
        self.child: Child | None = None
        self.paused = False
        self.expected_down = False
        self.started_at = 0.0
        self._lease = lease

    @property
    def alive(self) -> bool:
        """Whether its process runs, paused or not."""
        return self.child is not None and self.child.alive

    @property
    def pid(self) -> int | None:
        """Its process number while it runs."""
        return self.child.pid if self.child is not None and self.child.alive else None

    def pids(self) -> list[int]:
        """Its process and all descendants."""
        return [process.pid for process in procfs.tree(self.child.identity)] if self.child is not None else []

    def start(self) -> Child:
        """Start it; the call returns when the process exists, healthy or not."""
        command = self.service.command()
        self.expected_down = False
        self.paused = False
        self.started_at = time.monotonic()
        self.child = self._lease.spawn(
            command.argv,
            env=command.env,
            cwd=command.cwd,
            log=self.service.log,
            user=command.user,
            end_signal=self.service.end_signal,
        )
        return self.child

    async def ended(self) -> int:
        """Wait for the end of its process; returns the exit code, negative for a signal."""
        assert self.child is not None
        # Shielded: whoever gives up waiting must not take the answer away from others.
        return await asyncio.shield(asyncio.wrap_future(self.child.ended))

    async def stop(self) -> Receipt:
        """Ask it to end in good order.

        Raises:
            StackFailure: It did not within its time; it has been killed then.
        """
        child = self._running("stopped")
        began = time.monotonic()
        pids = tuple(self.pids())
        self.expected_down = True
        procfs.send(child.identity, self.service.stop_signal)
        if self.paused:
            self._let_go_on()
            self.paused = False
        try:
            async with asyncio.timeout(self.service.stop_seconds):
                code = await self.ended()
        except TimeoutError as error:
            receipt = await self.kill()
            raise StackFailure(
                explain(
                    f"{self.service.name} stops within {self.service.stop_seconds:g} s of {self.service.stop_signal.name}.",
                    f"It went on and was killed: {receipt}.",
                    evidence=f"its log: {self.service.log}",
                )
            ) from error
        return Receipt(self.service.name, "stopped", pids, "gone", code, began, time.monotonic() - began)

    async def kill(self) -> Receipt:
        """End it and all its descendants with `SIGKILL`.

        The tree is stopped first, so that no process can start another one while the list is worked off.
        """
        self._running("killed")
        began = time.monotonic()
        self.expected_down = True
        # What can't be stopped in time (it waits for a disk) starts nothing, either, and is killed as it is.
        await self._stands_still()
        killed = [process.identity for process in self._tree()]
        for identity in killed:
            procfs.send(identity, signal.SIGKILL)
        await self._until(lambda: not any(map(procfs.is_alive, killed)), "ends after SIGKILL")
        async with asyncio.timeout(SIGNAL_SECONDS):
            code = await self.ended()
        self.paused = False
        pids = tuple(identity.pid for identity in killed)
        return Receipt(self.service.name, "killed", pids, "gone", code, began, time.monotonic() - began)

    async def pause(self) -> Receipt:
        """Stop all its processes (`SIGSTOP`): they keep their sockets, and do nothing."""
        self._running("paused")
        began = time.monotonic()
        self.paused = True
        if not await self._stands_still():
            raise self._disobeyed("stands still after SIGSTOP")
        pids = tuple(self.pids())
        return Receipt(self.service.name, "paused", pids, "state T", None, began, time.monotonic() - began)

    async def resume(self) -> Receipt:
        """Let it go on after a pause."""
        self._running("resumed")
        began = time.monotonic()
        self._let_go_on()
        await self._until(lambda: all(process.state != "T" for process in self._tree()), "goes on after SIGCONT")
        self.paused = False
        pids = tuple(self.pids())
        return Receipt(self.service.name, "resumed", pids, "running", None, began, time.monotonic() - began)

    def reload(self) -> Receipt:
        """Let its own process read its files again (`SIGHUP`)."""
        child = self._running("reloaded")
        began = time.monotonic()
        procfs.send(child.identity, signal.SIGHUP)
        return Receipt(self.service.name, "reloaded", (child.pid,), "signalled", None, began, time.monotonic() - began)

    def _running(self, what: str) -> Child:
        if self.child is None or not self.child.alive:
            raise StackFailure(
                explain(
                    f"{self.service.name} runs, so that it can be {what}.",
                    "It does not." if self.child is None else f"Its process {self.child.pid} has ended.",
                    evidence=f"its log: {self.service.log}",
                    remedy="Start it first.",
                )
            )
        return self.child

    def _tree(self) -> list[procfs.ProcessStat]:
        return procfs.tree(self.child.identity) if self.child is not None else []

    def _let_go_on(self) -> None:
        for process in self._tree():
            procfs.send(process.identity, signal.SIGCONT)

    async def _stands_still(self) -> bool:
        """Stop the whole tree (`SIGSTOP`), also what a process starts before its own stop has reached it.

        Returns:
            Whether all of it stood still in time.
        """
        stopped: set[procfs.ProcessId] = set()

        async def look() -> bool:
            nonlocal stopped
            tree = self._tree()
            before, stopped = stopped, {process.identity for process in tree if process.state == "T"}
            for process in tree:
                if process.identity not in stopped:
                    procfs.send(process.identity, signal.SIGSTOP)
            # A look takes a while and may miss a child that is started meanwhile. Those that stood still at the look before
            # have no child that this one has not seen.
            return before == stopped and len(stopped) == len(tree)

        return (await poll(look, bool, Deadline(SIGNAL_SECONDS), pause=_PAUSE))[0]

    async def _until(self, holds: Callable[[], bool], what: str) -> None:
        async def look() -> bool:
            return holds()

        held, _ = await poll(look, bool, Deadline(SIGNAL_SECONDS), pause=_PAUSE)
        if not held:
            raise self._disobeyed(what)

    def _disobeyed(self, what: str) -> InvalidRun:
        states = ", ".join(f"{process.name} {process.pid}: {process.state}" for process in self._tree())
        return InvalidRun(explain(f"{self.service.name} {what}.", f"After {SIGNAL_SECONDS:g} s: {states}."))
