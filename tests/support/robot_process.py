"""Runs of Robot Framework that tests watch, interrupt and kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from realstack.lease.marker import MARKER

SUITES = Path(__file__).resolve().parents[1] / "keywords" / "platform" / "_runs"
SECONDS = 30.0
"""How long a run may take to its end."""


class RobotProcess:
    """A run of one suite, whose console the test reads.

    Args:
        suite: Name of a suite in `SUITES`.
        results: Where its output.xml and log.html go.
        temp: Where it keeps its data; runs with the same folder know of each other.
        before: What stands before its command, such as `taskset` with its options.
    """

    def __init__(self, suite: str, results: Path, temp: Path, before: tuple[str, ...] = ()) -> None:
        self.results = results
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "robot", "--outputdir", str(results), str(SUITES / f"{suite}.robot")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # It is a run of its own, also where the tests are started by one.
            env={name: value for name, value in os.environ.items() if name != MARKER} | {"TMPDIR": str(temp)},
            start_new_session=True,
        )

    def until(self, words: str) -> str:
        """What the console says up to some words."""
        assert self.process.stdout is not None
        said = ""
        while words not in said:
            line = self.process.stdout.readline()
            assert line, said
            said += line
        return said

    def end(self) -> str:
        """Wait for its end; what the console said since it was last read."""
        said, _ = self.process.communicate(timeout=SECONDS)
        return said

    def kill(self) -> None:
        """End it at once."""
        with self.process:
            self.process.kill()
