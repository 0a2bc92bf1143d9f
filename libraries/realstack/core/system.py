"""What only some systems have."""

from __future__ import annotations

import sys

from realstack.core.errors import StackError, explain


def is_linux() -> bool:
    """Whether this is Linux."""
    return sys.platform.startswith("linux")


def demand_linux(what: str) -> None:
    """Make sure that this is Linux.

    Args:
        what: What needs it, such as ``watching processes``.

    Raises:
        StackError: It is another system.
    """
    if not is_linux():
        raise StackError(explain(f"Linux, for {what} reads /proc", f"this is {sys.platform}", remedy="Run it on Linux."))
