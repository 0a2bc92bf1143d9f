"""What only some systems have."""

from __future__ import annotations

import os
import sys

from realstack.core.errors import StackError, explain


def is_linux() -> bool:
    """Whether this is Linux."""
    return sys.platform.startswith("linux")


def demand_linux(what: str, remedy: str = "Run it on Linux.") -> None:
    """Make sure that this is Linux, and that it tells about processes and sockets.

    Args:
        what: What needs it, such as ``watching processes``.
        remedy: What to do elsewhere.

    Raises:
        StackError: It is another system, or has no ``/proc``.
    """
    if not is_linux() or not os.path.isdir("/proc/self"):
        seen = f"this is {sys.platform}{', without /proc' if is_linux() else ''}"
        raise StackError(explain(f"Linux, for {what} reads /proc", seen, remedy=remedy))
