"""Robot modifier and listener of the runs with mutants: which tests are run, in which order; see `reached.py`."""

from __future__ import annotations

import json
from pathlib import Path

from robot.api import SuiteVisitor
from robot.running import TestSuite


class chosen(SuiteVisitor):  # type: ignore[misc]  # noqa: N801 -- Robot takes the class that is named like its file
    """Keeps some tests, and brings them into an order.

    Args:
        path: A file with the tests' names, `suite::test`, as JSON; those of one suite stand together.
    """

    def __init__(self, path: str) -> None:
        self._order = {name: number for number, name in enumerate(json.loads(Path(path).read_text(encoding="utf-8")))}

    def start_suite(self, suite: TestSuite) -> None:
        """Drop what is not among them, and sort the rest."""
        if suite.source is not None and suite.source.is_file():
            names = {test.name: f"{suite.source.stem}::{test.name}" for test in suite.tests}
            kept = [test for test in suite.tests if names[test.name] in self._order]
            suite.tests = sorted(kept, key=lambda test: self._order[names[test.name]])
        else:
            suite.suites = sorted(suite.suites, key=self._first)

    def end_suite(self, suite: TestSuite) -> None:
        """Drop suites without a test."""
        suite.suites = [one for one in suite.suites if one.test_count]

    def _first(self, suite: TestSuite) -> int:
        return min((self._order.get(f"{suite.source.stem}::{test.name}", len(self._order)) for test in suite.tests), default=0)
