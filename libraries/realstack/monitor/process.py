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
        sockets: Those of them that are sockets.
        threads: Threads.
        processes: Processes.
    """

    pss: float
    memory: float
    cpu_seconds: float
    descriptors: int
    sockets: int
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


def usage(pids: Iterable[int]) -> Usage | None:
    """What processes use together; those that ended meanwhile are left out. None where none is left.

    Raises:
        StackError: The system does not let this process look at one of them.
    """
    total = [0.0] * 7
    for pid in pids:
        one = _usage_of(pid)
        if one is not None:
            total = [a + b for a, b in zip(total, one, strict=True)]
    pss, memory, cpu, descriptors, sockets, threads, processes = total
    if not processes:
        return None
    return Usage(pss, memory, cpu, int(descriptors), int(sockets), int(threads), int(processes))


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    fields = _stat(pid)
    return fields is not None and fields[0] not in ("Z", "X")


def _usage_of(pid: int) -> tuple[float, float, float, float, float, float, float] | None:
    fields = _stat(pid)
    if fields is None or fields[0] in ("Z", "X"):
        return None
    try:
        pss, memory = _memory(pid)
        descriptors, sockets = _descriptors(pid)
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
    return pss, memory, cpu, descriptors, sockets, int(fields[17]), 1


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


def _descriptors(pid: int) -> tuple[int, int]:
    folder = f"/proc/{pid}/fd"
    names = os.listdir(folder)
    sockets = 0
    for name in names:
        try:
            sockets += os.readlink(f"{folder}/{name}").startswith("socket:")
        except FileNotFoundError:
            # Closed between two looks; it was there when they were counted.
            continue
    return len(names), sockets
