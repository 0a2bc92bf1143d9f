"""What processes use, read from ``/proc`` (proc(5)).

`pss` is the proportional set size of ``smaps_rollup``: pages that several processes share are counted in parts, so that the
services' sums add up. `memory` is for judging growth: anonymous pages in full, whoever else maps them, since a child that is
forked for a moment would otherwise make its parent shrink. All sizes are KiB.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from realstack.core.errors import StackError, explain
from realstack.monitor.accepted import SocketTables

TICKS = os.sysconf("SC_CLK_TCK")
"""Units of processor time in a second."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What processes use together.

    Attributes:
        pss: Proportional set size, KiB.
        memory: What only a leak or work makes grow: anonymous pages, swapped ones included, KiB.
        cpu_seconds: Processor time since the processes began, in user and system mode.
        threads: Threads.
        processes: Processes.
    """

    pss: float
    memory: float
    cpu_seconds: float
    threads: int
    processes: int


@dataclass(frozen=True, slots=True)
class Descriptors:
    """What processes hold open together.

    Attributes:
        descriptors: Open file descriptors.
        files: Those of them that are no sockets: files, pipes and the like.
        sockets: Those of them that are sockets.
        clients: TCP connections that others opened to the processes and that are not closed on this side.
    """

    descriptors: int
    files: int
    sockets: int
    clients: int


def children_by_parent() -> dict[int, list[int]]:
    """All processes of the machine by their parent's number."""
    children: dict[int, list[int]] = defaultdict(list)
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = _stat(int(name))
            if fields is not None:
                children[int(fields[1])].append(int(name))
    return children


def tree(roots: Iterable[int], children: dict[int, list[int]]) -> list[int]:
    """Processes and all their descendants, each once."""
    found: list[int] = []
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.append(pid)
            waiting.extend(children.get(pid, ()))
    return found


def usage(pids: Iterable[int]) -> Usage | None:
    """What processes use together; those that ended meanwhile are left out. None where none is left.

    Raises:
        StackError: The system does not let this process look at one of them.
    """
    found = [one for pid in pids if (one := _usage_of(pid)) is not None]
    if not found:
        return None
    return Usage(
        sum(one.pss for one in found),
        sum(one.memory for one in found),
        sum(one.cpu_seconds for one in found),
        sum(one.threads for one in found),
        len(found),
    )


def descriptors(pids: Iterable[int], tables: SocketTables | None = None) -> Descriptors | None:
    """What processes hold open together; None where none of them is left.

    Args:
        pids: The processes.
        tables: Shared by what is looked at together, so that the system's tables are read once.

    Raises:
        StackError: The system does not let this process look at one of them.
    """
    total = sockets = 0
    inodes: set[bytes] = set()
    first = 0
    for pid in pids:
        try:
            held, of_sockets = _descriptors(pid)
        except (FileNotFoundError, ProcessLookupError):
            # It ended between two looks.
            continue
        except PermissionError as error:
            raise _refused(pid, error) from error
        first = first or pid
        total, sockets = total + held, sockets + len(of_sockets)
        inodes.update(of_sockets)
    if not first:
        return None
    clients = (tables or SocketTables()).of(first).accepted(inodes)
    return Descriptors(total, total - sockets, sockets, clients)


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    fields = _stat(pid)
    return fields is not None and fields[0] not in ("Z", "X")


def age(pid: int) -> float:
    """Seconds since a process began; 0 where it is gone."""
    fields = _stat(pid)
    return 0.0 if fields is None else max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / TICKS)


def _usage_of(pid: int) -> Usage | None:
    fields = _stat(pid)
    if fields is None or fields[0] in ("Z", "X"):
        return None
    try:
        pss, memory = _memory(pid)
    except (FileNotFoundError, ProcessLookupError):
        # It ended between two looks.
        return None
    except PermissionError as error:
        raise _refused(pid, error) from error
    cpu = (int(fields[11]) + int(fields[12])) / TICKS
    return Usage(pss, memory, cpu, int(fields[17]), 1)


def _refused(pid: int, error: PermissionError) -> StackError:
    return StackError(
        explain(
            f"to read what process {pid} uses",
            f"the system refuses {error.filename}",
            remedy="Run as root, or as the user that the process belongs to.",
        )
    )


def _stat(pid: int) -> list[str] | None:
    """The fields of ``/proc/<pid>/stat`` from the state on (the name before it may hold anything); None where it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            content = file.read().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return content.rpartition(")")[2].split()


def _memory(pid: int) -> tuple[float, float]:
    pss = memory = 0.0
    with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
        for line in file:
            if line.startswith(b"Pss:"):
                pss = float(line.split()[1])
            elif line.startswith((b"Anonymous:", b"Swap:")):
                memory += float(line.split()[1])
    return pss, memory


def _descriptors(pid: int) -> tuple[int, list[bytes]]:
    """How many descriptors a process has, and the inodes of those that are sockets."""
    folder = f"/proc/{pid}/fd"
    names = os.listdir(folder)
    inodes = []
    for name in names:
        try:
            target = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            # Closed between two looks; it was there when they were counted.
            continue
        if target.startswith("socket:["):
            inodes.append(target[8:-1].encode())
    return len(names), inodes
