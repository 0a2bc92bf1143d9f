"""Ending a run: its processes, what they left in the kernel, its registered actions, its data folder.

The reaper does it when the run is over; the run does it when its reaper was killed; a later run does it when both were.
Standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from realstack.core import procfs
from realstack.lease import actions, marker

GENTLE_SECONDS = 1.0
"""How long servers that have something to tidy up (PostgreSQL's shared memory) get before they are killed."""

KILL_SECONDS = 3.0
"""How long killed processes may take to be gone; one that is stuck in the kernel is reported."""

FOLDERS_SECONDS = 3.0
"""How long folders that are filled or made anew while they are removed are removed again."""

STILL_SECONDS = 0.3
"""How long nothing of a run that is over may come back before it counts as gone: a process that was just being started when
the run was killed bears the marker, and can be found by it, only when that start is done."""

_PAUSE = 0.01
_LOOK_AGAIN = 0.05


def _collect_children() -> None:
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return
        except ChildProcessError:
            return


def end_run(
    run_id: str,
    folder: str,
    to_do: Iterable[actions.Action],
    gentle: Iterable[tuple[procfs.ProcessId, signal.Signals]] = (),
    *,
    own_children: bool = False,
    exclude: Collection[int] = (),
    still: float = 0.0,
) -> list[str]:
    """End all processes of a run, then undo what it registered, then delete its data folder.

    Args:
        run_id: The run's id.
        folder: Its data folder.
        to_do: Its clean-up actions.
        gentle: Servers that are asked with a signal first, and get a second for it.
        own_children: Whether all descendants of the calling process are the run's (in the reaper they are).
        exclude: Processes that are never ended.
        still: How long nothing of the run may come back before it counts as gone, seconds; what does is ended and removed, too.

    Returns:
        What could not be done, a sentence each; empty when nothing of the run is left.
    """
    spared = {os.getpid(), *exclude}
    seen: set[procfs.ProcessId] = set()

    def living() -> list[procfs.ProcessStat]:
        if own_children:
            _collect_children()
        found = {process.pid: process for process in marker.of_run(run_id, folder, spared)}
        if own_children:
            found |= {
                process.pid: process
                for process in procfs.descendants([os.getpid()])
                if process.alive and process.pid not in spared
            }
        # Who is dying loses its environment and its working folder first, and may still write with what is left of it.
        dying = (procfs.stat(process.pid) for process in seen if process.pid not in found)
        found |= {process.pid: process for process in dying if process and process.alive and process.identity in seen}
        seen.update(process.identity for process in found.values())
        return list(found.values())

    to_do = list(to_do)
    folders = [*filter(actions.removes_a_folder, to_do), actions.remove_tree(folder)]  # it holds the list, so it is the last
    problems = _end_processes(living, gentle)
    for postmaster_pid in Path(folder).glob("*/data/postmaster.pid"):
        problems += _perform([actions.remove_shared_memory(str(postmaster_pid))], run_id, folder)
    problems += _perform([action for action in to_do if action not in folders], run_id, folder)
    until = time.monotonic() + FOLDERS_SECONDS
    left = _perform(folders, run_id, folder)
    still_at = time.monotonic() + still
    while time.monotonic() < min(still_at, until):
        time.sleep(_LOOK_AGAIN)
        if living() or any(os.path.lexists(action["path"]) for action in folders):
            left = _end_processes(living) + _perform(folders, run_id, folder)
            still_at = time.monotonic() + still
    return problems + left


def _end_processes(
    living: Callable[[], list[procfs.ProcessStat]], gentle: Iterable[tuple[procfs.ProcessId, signal.Signals]] = ()
) -> list[str]:
    asked = [process for process, number in gentle if number != signal.SIGKILL and procfs.send(process, number)]
    for process in asked:
        procfs.send(process, signal.SIGCONT)  # a paused server can't hear
    spared = set(asked)
    gentle_until = time.monotonic() + GENTLE_SECONDS
    until = gentle_until + KILL_SECONDS
    while left := living():
        now = time.monotonic()
        if now > until:
            names = ", ".join(f"{process.name} (PID {process.pid}, state {process.state})" for process in left)
            return [f"{len(left)} processes did not end: {names}"]
        if now > gentle_until:
            spared.clear()
        spared = {process for process in spared if procfs.is_alive(process)}
        with_children = spared | {child.identity for child in procfs.descendants([process.pid for process in spared])}
        for identity in {process.identity for process in left} - with_children:
            procfs.send(identity, signal.SIGKILL)
        time.sleep(_PAUSE)
    return []


def _perform(to_do: Iterable[actions.Action], run_id: str, folder: str) -> list[str]:
    problems: list[str] = []
    for action in to_do:
        try:
            actions.perform(action, run_id, folder)
        except actions.ActionFailed as error:
            problems.append(str(error))
    return problems


def recorded(folder: Path) -> list[actions.Action]:
    """What a run has written down to be undone; nothing where it was killed before it wrote."""
    try:
        record = json.loads((folder / actions.LEASE_FILE).read_text(encoding="utf-8"))
        return [dict(action) for action in record["actions"]]
    except (OSError, ValueError, KeyError, TypeError):  # the folder's name is the run's id
        return []


def sweep(runs: Path) -> list[str]:
    """End what earlier runs left behind because their reaper was killed too.

    A folder counts as left behind when nobody holds its lock; folders of living runs are not touched.

    Args:
        runs: The folder that holds the data folders of all runs of this user.

    Returns:
        A sentence for each run that was swept up, and for each thing that could not be done.
    """
    told: list[str] = []
    for folder, lock in _left_behind(runs):
        try:
            problems = _sweep_one(folder)
        finally:
            os.close(lock)
        told.append(f"swept up the left-over run {folder.name}")
        told += [f"run {folder.name}: {problem}" for problem in problems]
    return told


def lock_runs(runs: Path) -> int:
    """Lock the folder of all runs for a moment, so that a folder being made can't look like one left behind.

    Returns:
        A descriptor; closing it unlocks.
    """
    handle = os.open(runs, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def is_held(folder: Path) -> bool:
    """Whether the run that a data folder belongs to, or its reaper, lives."""
    try:
        lock = _lock(folder)
    except FileNotFoundError:
        return False
    if lock is not None:
        os.close(lock)
    return lock is None


def _lock(folder: Path) -> int | None:
    """Lock a run's data folder; None when the run or its reaper lives.

    Raises:
        FileNotFoundError, NotADirectoryError: It is none, or is just being deleted.
    """
    handle = os.open(folder / actions.LOCK_FILE, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _left_behind(runs: Path) -> list[tuple[Path, int]]:
    if not runs.is_dir():
        return []
    found: list[tuple[Path, int]] = []
    all_runs = lock_runs(runs)
    try:
        for folder in sorted(runs.iterdir()):
            try:
                lock = _lock(folder)
            except NotADirectoryError:
                continue
            except FileNotFoundError:  # it is just being deleted, or who did so was killed before the very last step
                with contextlib.suppress(OSError):
                    folder.rmdir()
                continue
            if lock is not None:
                found.append((folder, lock))
    finally:
        os.close(all_runs)
    return found


def _sweep_one(folder: Path) -> list[str]:
    return end_run(folder.name, str(folder), recorded(folder))
