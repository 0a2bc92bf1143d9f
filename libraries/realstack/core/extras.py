"""What a library needs for some of its work only, and how to get it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from realstack.core.errors import StackError, explain


@contextmanager
def needed(purpose: str, extra: str) -> Iterator[None]:
    """Say what to install where an import inside fails, because only this work needs it.

    Args:
        purpose: What for, such as ``to send HTTP requests``.
        extra: Of this package; installs what is imported.

    Raises:
        StackError: It is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "realstack":
            raise
        raise StackError(
            explain(
                f"what it takes {purpose} is installed",
                f"there is no module '{error.name}'",
                remedy=f"pip install 'robotframework-realstack[{extra}]'",
            )
        ) from None
