"""The platform that this process tests, for every library that must know where it is."""

from __future__ import annotations

from realstack.core.errors import StackError
from realstack.platform.driver import Driver

_driver: Driver | None = None


def running() -> Driver:
    """The driver of the platform under test.

    Raises:
        StackError: None was started.
    """
    if _driver is None:
        raise StackError("The platform is not running. Use [Start Platform] first, or import resources/platform.resource.")
    return _driver


def running_or_none() -> Driver | None:
    """The driver of the platform under test, if one was started."""
    return _driver


def set_running(driver: Driver | None) -> None:
    """Say which platform is under test from now on."""
    global _driver  # noqa: PLW0603 -- one process tests one platform
    _driver = driver
