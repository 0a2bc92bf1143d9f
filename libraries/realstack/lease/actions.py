"""What must be undone when a run ends, as data: the reaper, the run itself and a later run can all do it.

Only these few kinds exist, each checked before it is done: a list of what to delete that lies in a file must
not be able to delete anything else. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from realstack.core import programs
from realstack.core.errors import StackError
from realstack.lease import temporary

Action = dict[str, str]
"""An action as JSON: ``{"kind": …}`` and its fields, all strings."""

COMMAND_SECONDS = 3.0
"""How long one clean-up command may take."""

COMPOSE_SECONDS = 60.0
"""How long removing a Compose project may take: 5 s on a quiet machine, several times as long on a busy one."""

LOCK_FILE = "lease.lock"
"""In the data folder; locked as long as the run or its reaper lives."""

LEASE_FILE = "lease.json"
"""In the data folder: the run's id and its actions, for a later run that finds the folder left behind."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
_IPC_RMID = 0


class ActionFailed(RuntimeError):
    """An action could not be done; the text says which one, why, and what to do by hand."""


def delete_nft_table(name: str, family: str = "inet") -> Action:
    """Delete one nftables table. Its name must hold the run's id, so that no other table can be meant."""
    return {"kind": "nft-table", "family": family, "name": name}


def compose_down(project: str) -> Action:
    """Remove the containers, networks and volumes of one Docker Compose project, which are known by their labels."""
    return {"kind": "compose-down", "project": project}


def remove_tree(path: str) -> Action:
    """Remove a folder inside the run's data folder, or that folder itself."""
    return {"kind": "remove-tree", "path": path}


def remove_temporary_folder(path: str) -> Action:
    """Remove a folder of `realstack.lease.temporary`, known by its name, its place and its owner."""
    return {"kind": "temporary-folder", "path": path}


def waits_for_the_process(action: Action) -> bool:
    """Whether it is done when the run's process has ended, and not before: a lease may end in good order long before."""
    return action.get("kind") == "temporary-folder"


def removes_a_folder(action: Action) -> bool:
    """Whether what it undoes is a folder, which may be made anew by who is not quite dead yet."""
    return action.get("kind") in ("remove-tree", "temporary-folder")


def remove_shared_memory(postmaster_pid: str) -> Action:
    """Remove the System V segment of a PostgreSQL server that could not remove it itself.

    Args:
        postmaster_pid: Path of the server's `postmaster.pid`, whose seventh line names the segment.
    """
    return {"kind": "shared-memory", "path": postmaster_pid}


def perform(action: Action, run_id: str, folder: str) -> None:
    """Do one action; done twice, it does nothing the second time.

    Raises:
        ActionFailed: It could not be done, or it is none of those that are allowed.
    """
    kind = action.get("kind", "")
    if kind == "nft-table":
        _delete_nft_table(action, run_id)
    elif kind == "compose-down":
        _compose_down(action, run_id)
    elif kind == "remove-tree":
        _remove_tree(action["path"], folder)
    elif kind == "temporary-folder":
        _remove(_own_temporary_folder(action["path"]))
    elif kind == "shared-memory":
        _remove_shared_memory(action["path"], folder)
    else:
        raise ActionFailed(
            f"'{kind}' is no known clean-up action; known are: nft-table, compose-down, remove-tree, temporary-folder, "
            "shared-memory."
        )


def _inside(path: str, folder: str) -> str:
    real, top = os.path.realpath(path), os.path.realpath(folder)
    if real != top and not real.startswith(top + "/"):
        raise ActionFailed(f"'{path}' lies outside the run's folder '{folder}' and is left alone.")
    return real


def _own_name(name: str, run_id: str) -> str:
    if not _NAME.fullmatch(name) or run_id not in name:
        raise ActionFailed(f"'{name}' does not bear the run's id '{run_id}' and is left alone.")
    return name


def _program(name: str, package: str) -> str:
    try:
        return programs.program(name, package)
    except StackError as error:
        raise ActionFailed(str(error)) from error


def _run(argv: list[str], by_hand: str, seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ActionFailed(f"{error}. Do it by hand: {by_hand}") from error


def _delete_nft_table(action: Action, run_id: str) -> None:
    name = _own_name(action["name"], run_id)
    family = action["family"]
    if family not in ("inet", "ip", "ip6"):
        raise ActionFailed(f"'{family}' is no nftables family of this project.")
    argv = [_program("nft", "nftables"), "delete", "table", family, name]
    done = _run(argv, " ".join(argv))
    if done.returncode != 0 and "No such file or directory" not in done.stderr:
        raise ActionFailed(f"{done.stderr.strip()}. Do it by hand: {' '.join(argv)}")


def _compose_down(action: Action, run_id: str) -> None:
    project = _own_name(action["project"], run_id)
    # Without the compose file: it asks for variables that nobody knows any more, and Compose needs only the labels.
    argv = [_program("docker", "docker.io"), "compose", "-p", project, "down", "--volumes", "--timeout", "0"]
    done = _run(argv, " ".join(argv), seconds=COMPOSE_SECONDS)
    if done.returncode != 0:
        raise ActionFailed(f"{done.stderr.strip()[-500:]}. Do it by hand: {' '.join(argv)}")


def _own_temporary_folder(path: str) -> str:
    there = Path(path)
    if not temporary.NAME.fullmatch(there.name) or there.parent != Path(tempfile.gettempdir()):
        raise ActionFailed(f"'{path}' is no folder for temporary files of a run and is left alone.")
    if there.is_symlink() or (there.exists() and there.stat().st_uid != os.geteuid()):
        raise ActionFailed(f"'{path}' belongs to somebody else and is left alone.")
    return path


def _remove_tree(path: str, folder: str) -> None:
    real = _inside(path, folder)
    # A later run must know the folder again where who removes it is killed midway.
    _remove(real, (LEASE_FILE, LOCK_FILE) if real == os.path.realpath(folder) else ())


def _remove(real: str, last: Sequence[str] = ()) -> None:
    if problems := temporary.remove_tree(Path(real), last):
        raise ActionFailed(f"{problems[0]} ({len(problems)} such). Do it by hand: rm -r {real}")


def _remove_shared_memory(path: str, folder: str) -> None:
    try:
        with open(_inside(path, folder), encoding="ascii") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:  # the server ended in good order and took the segment with it
        return
    key_and_id = lines[6].split() if len(lines) > 6 else []
    # Numbers are used again after a reboot: only a segment with this key that nobody is attached to is the server's.
    if len(key_and_id) == 2 and _segment_is_orphan(int(key_and_id[0]), int(key_and_id[1])):
        ctypes.CDLL(None, use_errno=True).shmctl(int(key_and_id[1]), _IPC_RMID, None)


def _segment_is_orphan(key: int, segment: int) -> bool:
    with open("/proc/sysvipc/shm", encoding="ascii") as file:
        columns = file.readline().split()
        for line in file:
            row = dict(zip(columns, map(int, line.split()), strict=False))
            if row["key"] == key and row["shmid"] == segment:
                return row["nattch"] == 0
    return False
