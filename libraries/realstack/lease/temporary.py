"""Folders for temporary files of this process and of what it starts.

They are removed when their user says so. Where the process holds a lease they are removed also when it is killed.

Nothing of one system only: also runs that take no lease import this.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from realstack.core.errors import StackError, explain

NAME = re.compile(r"realstack-[a-z]+\.[a-z0-9_]{8}")
"""What such a folder is called, in the system's folder for temporary files: for what, and a part by chance."""

REMOVAL_SECONDS = 2.0
"""How long others may go on writing into a folder that is being removed."""

_PAUSE = 0.01

Hold = Callable[[Path], Callable[[], None]]
"""Sees to a folder's removal when the process is killed; what it returns takes that back."""

_folders: dict[Path, Callable[[], None]] = {}
_hold: Hold | None = None
_guard = threading.Lock()


def _nothing() -> None:
    """There is nothing to take back of a folder that no lease holds."""


def new_folder(use: str) -> Path:
    """Make a folder that only this user can enter.

    Args:
        use: What it is for, in small letters.
    """
    folder = Path(tempfile.gettempdir()) / f"realstack-{use}.{secrets.token_hex(4)}"
    with _guard:
        # Held before it is there: the process may be killed between the two.
        take_back = _hold(folder) if _hold else _nothing
        try:
            folder.mkdir(mode=0o700)
        except OSError:  # there is no room, or somebody else's folder of this name
            take_back()
            raise
        _folders[folder] = take_back
    return folder


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it; files that are gone already are no error.

    Raises:
        StackError: Something in it can't be removed.
    """
    if problems := remove_tree(folder):
        raise StackError(explain("the temporary files removed", problems[0]))
    with _guard:
        take_back = _folders.pop(folder, _nothing)
    take_back()


def remove_tree(folder: Path, last: Sequence[str] = ()) -> list[str]:
    """Remove a folder with all that is in it, also where somebody still writes into it.

    Who is being killed may end what it has begun: a file made where all files were just removed. Then it is all done again.

    Args:
        folder: The folder; one that is gone already is no problem.
        last: Files in it by which others know what it is: they are there until nothing else is, whatever happens midway.

    Returns:
        What can't be removed, and why; empty when the folder is gone.
    """
    until = time.monotonic() + REMOVAL_SECONDS
    while True:
        errors = _remove_once(folder, last)
        filled_again = all(error.errno == errno.ENOTEMPTY for _, error in errors)
        if not errors or not filled_again or time.monotonic() > until:
            return [f"{path}: {error}" for path, error in errors]
        time.sleep(_PAUSE)


def _remove_once(folder: Path, last: Sequence[str]) -> list[tuple[str, OSError]]:
    errors: list[tuple[str, OSError]] = []

    def note(_function: Callable[..., Any], path: str, info: Any) -> None:
        if not isinstance(info[1], FileNotFoundError):
            errors.append((path, info[1]))

    def take(path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            note(os.unlink, str(path), (type(error), error, None))

    for inner in _all_but(folder, last):
        if inner.is_dir() and not inner.is_symlink():
            shutil.rmtree(inner, onerror=note)
        else:
            take(inner)
    if not errors:
        for name in last:
            take(folder / name)
        shutil.rmtree(folder, onerror=note)
    return errors


def _all_but(folder: Path, last: Sequence[str]) -> list[Path]:
    """What is to be removed before those; nothing where there are none, since all goes at once then."""
    try:
        return [inner for inner in folder.iterdir() if inner.name not in last] if last else []
    except FileNotFoundError:
        return []


def hold_all(hold: Hold) -> None:
    """From now on these folders are removed when the process is killed: a lease has begun."""
    global _hold  # noqa: PLW0603 -- one process, one lease
    with _guard:
        _hold = hold
        for folder in _folders:
            _folders[folder] = hold(folder)


def let_go() -> None:
    """The lease ends in good order, and the process goes on, with its folders: nothing is taken back any more."""
    global _hold  # noqa: PLW0603 -- one process, one lease
    with _guard:
        _hold = None
        for folder in _folders:
            _folders[folder] = _nothing
