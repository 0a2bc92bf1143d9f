"""What processes use together.

`pss` is the proportional set size: pages that several processes share are counted in parts, so that the services' sums add up.
`memory` is for judging growth: anonymous pages in full, whoever else maps them, since a child that is forked for a moment would
otherwise make its parent shrink. All sizes are KiB.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from realstack.core import procfs, tcp
from realstack.core.errors import StackError, explain


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


def descriptors(pids: Iterable[int], tables: tcp.Tables | None = None) -> Descriptors | None:
    """What processes hold open together; None where none of them is left.

    Args:
        pids: The processes.
        tables: Shared by what is looked at together, so that the system's tables are read once.

    Raises:
        StackError: The system does not let this process look at one of them.
    """
    total = sockets = 0
    inodes: set[int] = set()
    first = 0
    for pid in pids:
        try:
            held = procfs.descriptors(pid)
        except (FileNotFoundError, ProcessLookupError):  # it ended between two looks
            continue
        except PermissionError as error:
            raise _refused(pid, error) from error
        first = first or pid
        total, sockets = total + held.total, sockets + len(held.sockets)
        inodes.update(held.sockets)
    if not first:
        return None
    clients = tcp.accepted((tables or tcp.Tables()).of(first), inodes)
    return Descriptors(total, total - sockets, sockets, clients)


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    return identity(pid) is not None


def identity(pid: int) -> procfs.ProcessId | None:
    """The process with its start, which none that gets its number later has; None where it is gone or a zombie."""
    found = procfs.stat(pid)
    return found.identity if found is not None and found.alive else None


def _usage_of(pid: int) -> Usage | None:
    found = procfs.stat(pid)
    if found is None or not found.alive:
        return None
    try:
        memory = procfs.memory(pid)
    except (FileNotFoundError, ProcessLookupError) as error:
        if identity(pid) == found.identity:  # sandboxes and small kernels have no such file
            raise _untold(pid, error) from error
        return None  # it ended between two looks
    except PermissionError as error:
        raise _refused(pid, error) from error
    return Usage(memory.pss, memory.anonymous, found.cpu_seconds, found.threads, 1)


def _unread(pid: int, seen: str, remedy: str) -> StackError:
    return StackError(explain(f"to read what process {pid} uses", seen, remedy=remedy))


def _untold(pid: int, error: OSError) -> StackError:
    return _unread(
        pid,
        f"it runs, and the system has no {error.filename or 'smaps_rollup'}",
        "The kernel needs CONFIG_PROC_PAGE_MONITOR (Linux 4.14 or newer); sandboxes such as gVisor have it not.",
    )


def _refused(pid: int, error: PermissionError) -> StackError:
    return _unread(pid, f"the system refuses {error.filename}", "Run as root, or as the user that the process belongs to.")
