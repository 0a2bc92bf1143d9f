"""The critical tests of the journeys, in one run on the embedded platform: what a first look at a platform takes."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from robot.api import ExecutionResult, ResultVisitor
from robot.result import TestCase

from support.project import ROOT
from support.robot_run import robot

from .measure import Figure, figure


class _Times(ResultVisitor):  # type: ignore[misc]
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    def visit_test(self, test: TestCase) -> None:
        journey = test.parent.name
        self.seconds[journey] = self.seconds.get(journey, 0.0) + test.elapsed_time.total_seconds()
        if not test.passed:
            self.failed.append(f"{journey} / {test.name}: {test.message}")


def measure(folder: Path) -> list[Figure]:
    """Run them, and read how long each took.

    Raises:
        RuntimeError: One failed, so that its time means nothing.
    """
    output = folder / "journeys"
    began = time.monotonic()
    subprocess.run([*robot(output), "--include", "critical", "suites"], cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    took = time.monotonic() - began
    times = _Times()
    ExecutionResult(output / "output.xml").visit(times)
    if times.failed or not times.seconds:
        raise RuntimeError("\n".join(times.failed or ["no test ran"]))
    return [
        *(figure("critical test", journey, seconds, "s") for journey, seconds in sorted(times.seconds.items())),
        figure("all", "with the platform's start and end", took, "s"),
    ]
