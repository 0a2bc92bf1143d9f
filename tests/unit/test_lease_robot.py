"""Ends of Robot Framework itself: interrupted once, twice, terminated, killed. Nothing is left after any of them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from realstack.lease import procfs

SUITE = Path(__file__).resolve().parents[1] / "keywords" / "platform" / "_runs" / "waits.robot"
GONE_SECONDS = 5.0


class RobotRun:
    """A run of Robot Framework that waits to be ended."""

    def __init__(self, temp: Path) -> None:
        self.temp = temp
        self.process = subprocess.Popen(
            [sys.executable, "-m", "robot", "--outputdir", str(temp / "results"), str(SUITE)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(temp)},
            start_new_session=True,
        )
        assert self.process.stdout is not None
        said = ""
        while "ready" not in said:
            line = self.process.stdout.readline().decode()
            assert line, said
            said += line
        (self.folder,) = [
            path for path in (temp / f"realstack-{os.geteuid()}").iterdir() if re.fullmatch("[0-9a-f]{12}", path.name)
        ]

    def left(self) -> list[object]:
        found: list[object] = [*procfs.of_run(self.folder.name, str(self.folder))]
        found += [self.folder] if self.folder.exists() else []
        return found

    def until_gone(self) -> None:
        self.process.wait(GONE_SECONDS)
        end = time.monotonic() + GONE_SECONDS
        while self.left() and time.monotonic() < end:
            time.sleep(0.02)
        assert self.left() == []

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def run() -> Iterator[RobotRun]:
    # pytest's own folders can't be entered by the account that PostgreSQL runs as under root.
    with tempfile.TemporaryDirectory() as temp:
        Path(temp).chmod(0o711)
        robot = RobotRun(Path(temp))
        yield robot
        robot.end()


def test_the_runs_own_processes_bear_its_marker(run):
    names = [process.name for process in procfs.of_run(run.folder.name, str(run.folder))]
    assert {"redis-server", "postgres", "sleep"} <= set(names)


def test_interrupted_once(run):
    run.process.send_signal(signal.SIGINT)
    run.until_gone()
    assert (run.temp / "results" / "log.html").exists(), "an interrupted run still writes its log"


def test_interrupted_twice(run):
    run.process.send_signal(signal.SIGINT)
    run.process.send_signal(signal.SIGINT)
    run.until_gone()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_ended_from_outside(run, number):
    run.process.send_signal(number)
    run.until_gone()
    assert (run.temp / "results" / "services" / "redis.log").stat().st_size > 0, "services' logs are kept"
