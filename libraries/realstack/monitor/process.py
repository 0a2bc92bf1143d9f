"""What processes use, read from ``/proc`` (proc(5)).

Memory is proportional set size from ``smaps_rollup``: pages that several processes share are counted in parts, so
that the services' sums add up. All sizes are KiB.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from realstack.errors import StackError, explain
from realstack.monitor.accepted import SocketTables

TICKS = os.sysconf("SC_CLK_TCK")
"""Units of processor time in a second."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What processes use together.

    Attributes:
        pss: Proportional set size, KiB.
        memory: The part of it that only a leak or work makes grow: anonymous pages, swapped ones included, KiB.
        cpu_seconds: Processor time since the processes began, in user and system mode.
        descriptors: Open file descriptors.
        files: Those of them that are no sockets: files, pipes and the like.
        sockets: Those of them that are sockets.
        clients: TCP connections that others opened to the processes and that are not closed on this side.
        threads: Threads.
        processes: Processes.
    """

    pss: float
    memory: float
    cpu_seconds: float
    descriptors: int
    files: int
    sockets: int
    clients: int
    threads: int
    processes: int


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


def usage(pids: Iterable[int], tables: SocketTables | None = None) -> Usage | None:
    """What processes use together; those that ended meanwhile are left out. None where none is left.

    Args:
        pids: The processes.
        tables: Shared by what is looked at together, so that the system's tables are read once.

    Raises:
        StackError: The system does not let this process look at one of them.
    """
    total = _One()
    inodes: set[bytes] = set()
    first = 0
    for pid in pids:
        one = _usage_of(pid, inodes)
        if one is not None:
            first = first or pid
            total.add(one)
    if not total.processes:
        return None
    clients = (tables or SocketTables()).of(first).accepted(inodes) if inodes else 0
    return Usage(
        total.pss,
        total.memory,
        total.cpu,
        total.descriptors,
        total.descriptors - total.sockets,
        total.sockets,
        clients,
        total.threads,
        total.processes,
    )


@dataclass(slots=True)
class _One:
    pss: float = 0.0
    memory: float = 0.0
    cpu: float = 0.0
    descriptors: int = 0
    sockets: int = 0
    threads: int = 0
    processes: int = 0

    def add(self, other: _One) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    fields = _stat(pid)
    return fields is not None and fields[0] not in ("Z", "X")


def _usage_of(pid: int, inodes: set[bytes]) -> _One | None:
    fields = _stat(pid)
    if fields is None or fields[0] in ("Z", "X"):
        return None
    try:
        pss, memory = _memory(pid)
        descriptors, sockets = _descriptors(pid, inodes)
    except (FileNotFoundError, ProcessLookupError):
        # It ended between two looks.
        return None
    except PermissionError as error:
        raise StackError(
            explain(
                f"to read what process {pid} uses",
                f"the system refuses {error.filename}",
                remedy="Run as root, or as the user that the process belongs to.",
            )
        ) from error
    cpu = (int(fields[11]) + int(fields[12])) / TICKS
    return _One(pss, memory, cpu, descriptors, sockets, int(fields[17]), 1)


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
            elif line.startswith((b"Pss_Anon:", b"SwapPss:")):
                memory += float(line.split()[1])
    return pss, memory


def _descriptors(pid: int, inodes: set[bytes]) -> tuple[int, int]:
    """How many descriptors a process has, and how many of them are sockets, whose inodes are added to the set."""
    folder = f"/proc/{pid}/fd"
    names = os.listdir(folder)
    sockets = 0
    for name in names:
        try:
            target = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            # Closed between two looks; it was there when they were counted.
            continue
        if target.startswith("socket:["):
            sockets += 1
            inodes.add(target[8:-1].encode())
    return len(names), sockets
