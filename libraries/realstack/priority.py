"""What measures a platform must not wait for it when there are too few cores for all."""

from __future__ import annotations

import contextlib
import os


def be_nice(value: int) -> None:
    """Set the nice value of the thread that calls this; without the right to that it goes on as it is.

    Args:
        value: From -20, which goes first, to 19.
    """
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, value)
