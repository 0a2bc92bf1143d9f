"""What `/proc` says about processes, and signals that can't hit a stranger.

Standard library only: the reaper starts with nothing else. A process is always known by its number *and* its
start time, because numbers are used again.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

MARKER = "REALSTACK_RUN"
"""Environment variable that every process of a run bears; its value is the run's id."""

PROC = "/proc"


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
        group: Number of its process group.
        session: Number of its session.
        terminal: Its controlling terminal; 0 without one.
        started: Clock ticks since boot.
    """

    pid: int
    name: str
    state: str
    parent: int
    group: int
    session: int
    terminal: int
    started: int

    @property
    def identity(self) -> ProcessId:
        """The number with its start time."""
        return ProcessId(self.pid, self.started)


def stat(pid: int) -> ProcessStat | None:
    """Read a process's state; ``None`` when there is no such process."""
    try:
        with open(f"{PROC}/{pid}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in brackets and may itself hold blanks and brackets.
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    name = head.partition("(")[2]
    return ProcessStat(pid, name, fields[0], int(fields[1]), int(fields[2]), int(fields[3]), int(fields[4]), int(fields[19]))


def all_processes() -> Iterator[ProcessStat]:
    """Every process that can be seen, ended ones (state Z) included."""
    for entry in os.listdir(PROC):
        if entry.isdigit():
            found = stat(int(entry))
            if found is not None:
                yield found


def is_alive(process: ProcessId) -> bool:
    """Whether exactly this process still runs; one that has ended but is not yet collected does not."""
    found = stat(process.pid)
    return found is not None and found.started == process.started and found.state not in "ZX"


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
    top = [process for process in processes if process.identity == root and process.state not in "ZX"]
    return top + [child for child in descendants([root.pid], processes) if child.state not in "ZX"] if top else []


def _bears_marker(pid: int, marker: bytes) -> bool:
    try:
        with open(f"{PROC}/{pid}/environ", "rb") as file:
            return marker in file.read().split(b"\0")
    except OSError:  # gone, or another user's: then it isn't one of this run that could be ended
        return False


def _works_in(pid: int, folder: str) -> bool:
    try:
        where = os.readlink(f"{PROC}/{pid}/cwd").removesuffix(" (deleted)")
    except OSError:  # gone, a kernel thread, or another user's
        return False
    return where == folder or where.startswith(folder + "/")


def of_run(run_id: str, folder: str, exclude: Collection[int] = ()) -> list[ProcessStat]:
    """The living processes that bear a run's marker, or work in its data folder, with all their descendants.

    Servers that change their title (PostgreSQL's and nginx's children) overwrite the memory that `/proc` shows as
    their environment, so the working directory counts too; but never for a process with a terminal,
    which is somebody's shell that looks into the folder.
    """
    marker = f"{MARKER}={run_id}".encode()
    processes = [process for process in all_processes() if process.pid not in exclude and process.state not in "ZX"]
    own = [
        process
        for process in processes
        if _bears_marker(process.pid, marker) or (process.terminal == 0 and _works_in(process.pid, folder))
    ]
    known = {process.pid for process in own}
    return own + [child for child in descendants(list(known), processes) if child.pid not in known and child.pid not in exclude]


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
