"""The mark that every process of a run bears, and the processes that bear it.

Standard library only, and nothing of one system only: also runs that take no lease import this.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection

from realstack.core import procfs

MARKER = "REALSTACK_RUN"
"""Environment variable that every process of a run bears; its value is the run's id."""

_inherited = os.environ.get(MARKER)
_marked: str | None = None
_guard = threading.Lock()


def mark_this_process() -> str:
    """Give this process its run's id before there is a lease, so that all children that it starts from now on bear the marker.

    What a run starts by itself, such as the browser's server, is ended with it too.

    Returns:
        The id of the lease that is taken, or will be taken next.
    """
    global _marked  # noqa: PLW0603 -- one process, one run
    with _guard:
        if _marked is None or os.environ.get(MARKER) != _marked:
            _marked = os.urandom(6).hex()
            os.environ[MARKER] = _marked
        return _marked


def unmark_this_process(run_id: str) -> None:
    """Take the mark of a run away that has ended; another one stays."""
    global _marked  # noqa: PLW0603 -- one process, one run
    with _guard:
        if _marked == run_id:
            _marked = None
            os.environ.pop(MARKER, None)


def started_by_a_run() -> bool:
    """Whether this process was started, over however many others, by a run that has a lease of its own."""
    return _inherited is not None


def of_run(run_id: str, folder: str, exclude: Collection[int] = ()) -> list[procfs.ProcessStat]:
    """The living processes that bear a run's marker, or work in its data folder, with all their descendants.

    Servers that change their title (PostgreSQL's and nginx's children) overwrite the memory that `/proc` shows as
    their environment, so the working directory counts too; but never for a process with a terminal,
    which is somebody's shell that looks into the folder.
    """
    processes = [process for process in procfs.all_processes() if process.pid not in exclude and process.alive]
    own = [
        process
        for process in processes
        if procfs.has_variable(process.pid, MARKER, run_id) or (process.terminal == 0 and procfs.works_in(process.pid, folder))
    ]
    known = {process.pid for process in own}
    descended = procfs.descendants(list(known), processes)
    return own + [child for child in descended if child.pid not in known and child.pid not in exclude]
