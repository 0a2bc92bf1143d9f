"""Folders for temporary files of this process and of what it starts.

They are removed when their user says so. Where the process holds a lease they are removed also when it is killed.

Nothing of one system only: also runs that take no lease import this.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from realstack.core.errors import StackError, explain

NAME = re.compile(r"realstack-[a-z]+\.[a-z0-9_]{8}")
"""What such a folder is called, in the system's folder for temporary files: for what, and a part by chance."""

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
    folder = Path(tempfile.mkdtemp(prefix=f"realstack-{use}."))
    with _guard:
        _folders[folder] = _hold(folder) if _hold else _nothing
    return folder


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it; files that are gone already are no error.

    Raises:
        StackError: Something in it can't be removed.
    """
    shutil.rmtree(folder, onerror=_gone_already)
    with _guard:
        take_back = _folders.pop(folder, _nothing)
    take_back()


def hold_all(hold: Hold) -> None:
    """From now on these folders are removed when the process is killed: a lease has begun."""
    global _hold  # noqa: PLW0603 -- one process, one lease
    with _guard:
        _hold = hold
        for folder in _folders:
            _folders[folder] = hold(folder)


def let_go() -> None:
    """The lease ends in good order, and the process goes on, with its folders."""
    global _hold  # noqa: PLW0603 -- one process, one lease
    with _guard:
        _hold = None
        for folder, take_back in _folders.items():
            take_back()
            _folders[folder] = _nothing


def _gone_already(_function: Callable[..., Any], path: str, error: Any) -> None:
    if not isinstance(error[1], FileNotFoundError):
        raise StackError(explain("the temporary files removed", f"{path}: {error[1]}")) from error[1]
