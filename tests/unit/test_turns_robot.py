"""Two runs of Robot Framework at the same time on the cores of one: their tests take turns."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from robot.api import ExecutionResult

from realstack.lease import procfs

SUITES = Path(__file__).resolve().parents[1] / "keywords" / "platform" / "_runs"
TWO_CORES = ",".join(str(core) for core in sorted(os.sched_getaffinity(0))[:2])
SECONDS = 30.0
"""How long a run may take."""
GONE_SECONDS = 5.0
"""Nothing of a killed run is left so long after its end."""


class Robot:
    """A run on two cores at most, which shares its folder of runs with those of the same test."""

    def __init__(self, temp: Path, name: str, suite: str) -> None:
        self.results = temp / name
        self.process = subprocess.Popen(
            [
                *("taskset", "--cpu-list", TWO_CORES),
                *(sys.executable, "-m", "robot", "--outputdir", str(self.results), str(SUITES / f"{suite}.robot")),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A run that is started by a run takes no turns of its own.
            env={name: value for name, value in os.environ.items() if name != procfs.MARKER} | {"TMPDIR": str(temp)},
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
        """Wait for its end; what the console said."""
        said, _ = self.process.communicate(timeout=SECONDS)
        return said


Start = Callable[..., Robot]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a run, by the name of its results' folder and its suite's."""
    runs: list[Robot] = []
    # pytest's own folders can't be entered by the account that PostgreSQL runs as under root.
    with tempfile.TemporaryDirectory() as temp:
        Path(temp).chmod(0o711)

        def run(name: str, suite: str = "turns") -> Robot:
            runs.append(Robot(Path(temp), name, suite))
            return runs[-1]

        yield run
        for one in runs:
            with one.process:
                one.process.kill()
        _until_empty(Path(temp) / f"realstack-{os.geteuid()}")


def _until_empty(folder: Path) -> None:
    """The reapers of killed runs are at work."""
    end = time.monotonic() + GONE_SECONDS
    while left := list(folder.iterdir()):
        assert time.monotonic() < end, left
        time.sleep(0.02)


def spans(robot: Robot) -> list[tuple[datetime, datetime]]:
    tests = ExecutionResult(str(robot.results / "output.xml")).suite.all_tests
    return [(test.start_time, test.end_time) for test in tests]


def test_tests_of_two_runs_do_not_overlap(start):
    runs = [start("one"), start("other")]
    said = [run.end() for run in runs]
    assert [run.process.returncode for run in runs] == [0, 0], said
    ordered = sorted(span for run in runs for span in spans(run))
    assert len(ordered) == 6
    overlaps = [(one, other) for one, other in itertools.pairwise(ordered) if other[0] < one[1]]
    assert overlaps == []
    waited = [ExecutionResult(str(run.results / "output.xml")).suite.metadata.get("Waited for other runs") for run in runs]
    assert any(waited), "the log tells that a run waited"


def test_who_waits_says_so_and_hears_an_interrupt(start):
    busy = start("busy", "waits")
    busy.until("ready")
    waits = start("waits")
    said = waits.until("Other runs need the same cores, so that tests take turns")
    assert f"process {busy.process.pid}, with results in {busy.results}." in said
    waits.process.send_signal(signal.SIGINT)
    assert "Execution terminated by signal" in waits.end()
    assert busy.process.poll() is None, "whom it waited for is still at work"
    busy.process.send_signal(signal.SIGINT)
    busy.end()


def test_who_waits_goes_on_when_the_other_is_killed(start):
    busy = start("busy", "waits")
    busy.until("ready")
    waits = start("waits")
    waits.until("tests take turns")
    busy.process.kill()
    busy.end()
    assert "3 tests, 3 passed, 0 failed" in waits.end()
