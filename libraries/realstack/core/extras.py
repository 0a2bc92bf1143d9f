"""What a library needs for some of its work only, and how to get it."""

from __future__ import annotations

from realstack.core.errors import StackError, explain


def not_installed(error: ModuleNotFoundError, purpose: str, extra: str) -> StackError:
    """The error to raise where a module is missing that only this work needs.

    Args:
        error: What Python says.
        purpose: What for, such as ``to send HTTP requests``.
        extra: Of this package; installs the module.
    """
    return StackError(
        explain(
            f"what it takes {purpose} is installed",
            f"there is no module '{error.name}'",
            remedy=f"pip install 'robotframework-realstack[{extra}]'",
        )
    )
