"""A dry run without time limits: it looks whether keywords are there and how they are called, however slow the machine is."""

from __future__ import annotations

from typing import Any

from robot.api import SuiteVisitor


class Untimed(SuiteVisitor):  # type: ignore[misc] # robot.api has no types here
    """Takes the time limits of tests away before they are run."""

    def start_test(self, test: Any) -> None:
        """Without a limit."""
        test.timeout = None
