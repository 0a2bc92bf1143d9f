"""Ends of Robot Framework itself: interrupted once, twice, terminated, killed. Nothing is left after any of them."""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from realstack.lease.marker import of_run
from support.robot_process import RobotProcess
from support.waiting import until_nothing_left

GONE_SECONDS = 5.0


class RobotRun(RobotProcess):
    """A run of Robot Framework that waits to be ended."""

    def __init__(self, temp: Path) -> None:
        super().__init__("waits", temp / "results", temp)
        self.until("ready")
        (self.folder,) = [
            path for path in (temp / f"realstack-{os.geteuid()}").iterdir() if re.fullmatch("[0-9a-f]{12}", path.name)
        ]

    def left(self) -> list[object]:
        found: list[object] = [*of_run(self.folder.name, str(self.folder))]
        found += [self.folder] if self.folder.exists() else []
        return found

    def until_gone(self) -> None:
        self.process.wait(GONE_SECONDS)
        until_nothing_left(self.left, GONE_SECONDS)


@pytest.fixture
def run() -> Iterator[RobotRun]:
    # pytest's own folders can't be entered by the account that PostgreSQL runs as under root.
    with tempfile.TemporaryDirectory() as temp:
        Path(temp).chmod(0o711)
        robot = RobotRun(Path(temp))
        yield robot
        robot.kill()
        # A store that still ends may write while its folder is being removed.
        until_nothing_left(robot.left, GONE_SECONDS)


def test_the_runs_own_processes_bear_its_marker(run):
    names = [process.name for process in of_run(run.folder.name, str(run.folder))]
    assert {"redis-server", "postgres", "sleep"} <= set(names)


def test_interrupted_once(run):
    run.process.send_signal(signal.SIGINT)
    run.until_gone()
    assert (run.results / "log.html").exists(), "an interrupted run still writes its log"


def test_interrupted_twice(run):
    run.process.send_signal(signal.SIGINT)
    run.process.send_signal(signal.SIGINT)
    run.until_gone()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_ended_from_outside(run, number):
    run.process.send_signal(number)
    run.until_gone()
    assert (run.results / "services" / "redis.log").stat().st_size > 0, "services' logs are kept"
