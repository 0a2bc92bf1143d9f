"""What Linux tells about processes in ``/proc`` (proc(5)): the one place that reads it, and signals that can't hit a stranger.

A process is always known by its number *and* its start time, because numbers are used again. Standard library only: the reaper
starts with nothing else, within a few hundredths of a second.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

PROC = "/proc"

LONGEST_STAT = 4096
"""Bytes that no `/proc/PID/stat` has: some fifty numbers and a name of 64 bytes at most."""


class ProcessId(NamedTuple):
    """A process that can't be mistaken for another one.

    Attributes:
        pid: Its number.
        started: Its start in clock ticks since boot (`/proc/PID/stat`, field 22).
    """

    pid: int
    started: int


class ProcessStat(NamedTuple):
    """The fields of `/proc/PID/stat` that are needed here.

    Attributes:
        pid: Number of the process.
        name: Its short name.
        state: One letter: R running, S sleeping, D in the kernel, T stopped, Z ended but not yet collected.
        parent: Number of its parent.
        terminal: Its controlling terminal; 0 without one.
        cpu: Processor time in user and system mode, clock ticks.
        reaped: The same of its children that have ended, theirs included, and that it has waited for.
        threads: How many it has.
        started: Clock ticks since boot.
    """

    pid: int
    name: str
    state: str
    parent: int
    terminal: int
    cpu: int
    reaped: int
    threads: int
    started: int

    @property
    def identity(self) -> ProcessId:
        """The number with its start time."""
        return ProcessId(self.pid, self.started)

    @property
    def alive(self) -> bool:
        """Whether it runs, or a part of it; one that has ended but is not yet collected does not.

        A process is shown as ended as soon as its first thread has ended; the others may still make a file.
        """
        return self.state not in "ZX" or self.threads > 1

    @property
    def cpu_seconds(self) -> float:
        """Processor time since it began, seconds."""
        return self.cpu / clock_ticks()

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - self.started / clock_ticks())


class Memory(NamedTuple):
    """A process's memory (`/proc/PID/smaps_rollup`), KiB.

    Attributes:
        pss: Proportional set size: pages that several processes share are counted in parts.
        anonymous: Pages that are no file's, in full, swapped ones included.
    """

    pss: float
    anonymous: float


class Descriptors(NamedTuple):
    """What a process holds open.

    Attributes:
        total: How many descriptors.
        sockets: The inodes of those that are sockets.
    """

    total: int
    sockets: tuple[int, ...]


def clock_ticks() -> int:
    """Units of processor time in a second."""
    return os.sysconf("SC_CLK_TCK")


def boot() -> str:
    """Id of this boot of the machine, since which starts of processes are counted; empty where the system tells none."""
    try:
        with open(f"{PROC}/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def stat(pid: int) -> ProcessStat | None:
    """Read a process's state; ``None`` when there is no such process."""
    try:
        # Without a file object, which would take half of the time: whole tables are read again and again.
        file = os.open(f"{PROC}/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):  # the latter where it ends while it is looked for
        return None
    try:
        text = os.read(file, LONGEST_STAT)
    except ProcessLookupError:
        return None
    finally:
        os.close(file)
    # The name stands in brackets and may itself hold blanks and brackets.
    head, _, tail = text.rpartition(b")")
    fields = tail.split(None, 20)
    return ProcessStat(
        pid=pid,
        name=head.partition(b"(")[2].decode(errors="replace"),
        state=fields[0].decode("ascii"),
        parent=int(fields[1]),
        terminal=int(fields[4]),
        cpu=int(fields[11]) + int(fields[12]),
        reaped=int(fields[13]) + int(fields[14]),
        threads=int(fields[17]),
        started=int(fields[19]),
    )


def all_processes() -> Iterator[ProcessStat]:
    """Every process that can be seen, ended ones (state Z) included."""
    for entry in os.listdir(PROC):
        if entry.isdigit():
            try:
                found = stat(int(entry))
            except PermissionError:  # another user's, where /proc is mounted with hidepid=1
                continue
            if found is not None:
                yield found


def is_alive(process: ProcessId) -> bool:
    """Whether exactly this process still runs; one that has ended but is not yet collected does not."""
    found = stat(process.pid)
    return found is not None and found.started == process.started and found.alive


def descendants(roots: Collection[int], processes: Iterable[ProcessStat] | None = None) -> list[ProcessStat]:
    """All children, grandchildren … of the given processes, parents before children, the roots not among them."""
    children: dict[int, list[ProcessStat]] = {}
    for process in all_processes() if processes is None else processes:
        children.setdefault(process.parent, []).append(process)
    found: list[ProcessStat] = []
    seen = set(roots)
    queue = list(roots)
    while queue:
        for child in children.get(queue.pop(0), ()):
            if child.pid not in seen:
                seen.add(child.pid)
                found.append(child)
                queue.append(child.pid)
    return found


def tree(root: ProcessId) -> list[ProcessStat]:
    """A living process and all its descendants; empty when it has ended."""
    processes = list(all_processes())
    top = [process for process in processes if process.identity == root and process.alive]
    return top + [child for child in descendants([root.pid], processes) if child.alive] if top else []


def has_variable(pid: int, name: str, value: str) -> bool:
    """Whether a process was started with an environment variable of this value; not where that can't be seen."""
    try:
        with open(f"{PROC}/{pid}/environ", "rb") as file:
            return f"{name}={value}".encode() in file.read().split(b"\0")
    except OSError:  # gone, or another user's
        return False


def works_in(pid: int, folder: str) -> bool:
    """Whether a process's working folder is this one, or is inside of it; not where that can't be seen."""
    try:
        where = os.readlink(f"{PROC}/{pid}/cwd").removesuffix(" (deleted)")
    except OSError:  # gone, a kernel thread, or another user's
        return False
    return where == folder or where.startswith(folder + "/")


def memory(pid: int) -> Memory:
    """A process's memory.

    Raises:
        FileNotFoundError, ProcessLookupError: It has ended.
        PermissionError: It is another user's.
    """
    pss = anonymous = 0.0
    with open(f"{PROC}/{pid}/smaps_rollup", "rb") as file:
        for line in file:
            if line.startswith(b"Pss:"):
                pss = float(line.split()[1])
            elif line.startswith((b"Anonymous:", b"Swap:")):
                anonymous += float(line.split()[1])
    return Memory(pss, anonymous)


def descriptors(pid: int) -> Descriptors:
    """What a process holds open.

    Raises:
        FileNotFoundError, ProcessLookupError: It has ended.
        PermissionError: It is another user's.
    """
    folder = f"{PROC}/{pid}/fd"
    targets = []
    for name in os.listdir(folder):
        # What is closed between two looks is not counted at all: nothing tells any more whether it was a socket or a file.
        with contextlib.suppress(FileNotFoundError):
            targets.append(os.readlink(f"{folder}/{name}"))
    inodes = (int(target[8:-1]) for target in targets if target.startswith("socket:["))
    return Descriptors(len(targets), tuple(inodes))


def sockets_of(pids: Iterable[int]) -> dict[int, int]:
    """The processes that hold sockets open, by the sockets' inodes; without those that have ended or can't be looked at."""
    found: dict[int, int] = {}
    for pid in pids:
        try:
            found.update(dict.fromkeys(descriptors(pid).sockets, pid))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def capabilities() -> int:
    """What this process may do beyond an ordinary user's rights, a bit for each capability (capabilities(7), effective set)."""
    with open(f"{PROC}/self/status", encoding="utf-8", errors="replace") as file:
        return next((int(line.split()[1], 16) for line in file if line.startswith("CapEff:")), 0)


def network_namespace(pid: int) -> str | None:
    """What tells a process's network from others, such as ``net:[4026531840]``; None where it has ended."""
    try:
        return os.readlink(f"{PROC}/{pid}/ns/net")
    except (FileNotFoundError, ProcessLookupError):
        return None


def send(process: ProcessId, number: signal.Signals) -> bool:
    """Send a signal to exactly this process.

    The process is held by a file descriptor before its start time is compared, so its number can't come to mean another
    process in between.

    Returns:
        Whether the process was there to get the signal.

    Raises:
        PermissionError: The process belongs to another user.
    """
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        found = stat(process.pid)
        if found is None or found.started != process.started:
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True
