"""Robot listener of a measured run: tells which test runs."""

from __future__ import annotations

import json
import time
from pathlib import Path

from robot import result, running


class listener:  # noqa: N801 -- Robot takes the class that is named like its file
    """Writes the running test's name into a file for the services, and when tests began and ended into another one.

    Args:
        folder: Where the files are.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, folder: str) -> None:
        self._test = Path(folder, "test")
        self._times = Path(folder, "times.jsonl")
        self._tell("")

    def start_test(self, data: running.TestCase, _result: result.TestCase) -> None:
        """A test begins."""
        self._tell(f"{data.parent.source.stem}::{data.name}")

    def end_test(self, _data: running.TestCase, _result: result.TestCase) -> None:
        """What services do until the next one begins is still this test's; what a page tells is not."""
        self._note("")

    def start_suite(self, _data: running.TestSuite, _result: result.TestSuite) -> None:
        """What is prepared for a suite is no test's."""
        self._tell("")

    def _tell(self, name: str) -> None:
        beside = self._test.with_suffix(".new")
        beside.write_text(name, encoding="utf-8")
        beside.replace(self._test)
        self._note(name)

    def _note(self, name: str) -> None:
        with self._times.open("a", encoding="utf-8") as times:
            times.write(json.dumps([time.time(), name]) + "\n")
