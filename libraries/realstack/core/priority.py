"""What measures a platform must not wait for it when there are too few cores for all."""

from __future__ import annotations

import contextlib
import os


def niceness(thread: int = 0) -> int:
    """A thread's nice value, from -20, which goes first, to 19; 0 where the system knows none.

    Args:
        thread: The system's number of the thread; 0 is the one that calls this.
    """
    return os.getpriority(os.PRIO_PROCESS, thread) if hasattr(os, "getpriority") else 0


def be_nice(value: int, thread: int = 0) -> None:
    """Set a thread's nice value; without the right to that, or where the system knows none, it goes on as it is.

    Args:
        value: From -20, which goes first, to 19.
        thread: The system's number of the thread; 0 is the one that calls this.
    """
    if not hasattr(os, "setpriority"):
        return
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, thread, value)
