"""Two runs of Robot Framework at the same time on the cores of one: their tests take turns."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from robot.api import ExecutionResult

from realstack.lease import actions
from realstack.lease.turns import Turns
from support.loopback import serve
from support.robot_process import RobotProcess
from support.waiting import until_nothing_left

TWO_CORES = ",".join(str(core) for core in sorted(os.sched_getaffinity(0))[:2])
RUNS = f"realstack-{os.geteuid()}"
"""Folder of the data folders of this user's runs, in that for temporary files."""
GONE_SECONDS = 5.0
"""Nothing of a killed run is left so long after its end."""

Start = Callable[..., RobotProcess]


@pytest.fixture
def temp() -> Iterator[Path]:
    """Where the runs of a test keep their data."""
    # pytest's own folders can't be entered by the account that PostgreSQL runs as under root.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def start(temp: Path) -> Iterator[Start]:
    """Starts a run on two cores at most, by the name of its results' folder and its suite's."""
    runs: list[RobotProcess] = []

    def run(name: str, suite: str = "turns") -> RobotProcess:
        runs.append(RobotProcess(suite, temp / name, temp, ("taskset", "--cpu-list", TWO_CORES)))
        return runs[-1]

    yield run
    for one in runs:
        one.kill()
    until_nothing_left(lambda: list((temp / RUNS).iterdir()), GONE_SECONDS)


@contextlib.contextmanager
def turn_of_somebody(temp: Path) -> Iterator[None]:
    """Meanwhile somebody else has all cores."""
    busy = temp / RUNS / "busy"
    busy.mkdir(parents=True)
    lock = os.open(busy / actions.LOCK_FILE, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert Turns(busy, len(os.sched_getaffinity(0)), "results of somebody else").ask() == []
        yield
    finally:
        shutil.rmtree(busy)
        os.close(lock)


def spans(robot: RobotProcess) -> list[tuple[datetime, datetime]]:
    tests = ExecutionResult(str(robot.results / "output.xml")).suite.all_tests
    return [(test.start_time, test.end_time) for test in tests]


def test_tests_of_two_runs_do_not_overlap(temp, start):
    with turn_of_somebody(temp):  # until both are there and want it
        runs = [start("one"), start("other")]
        for run in runs:
            run.until("tests take turns")
    said = [run.end() for run in runs]
    assert [run.process.returncode for run in runs] == [0, 0], said
    ordered = sorted(span for run in runs for span in spans(run))
    assert len(ordered) == 6
    overlaps = [(one, other) for one, other in itertools.pairwise(ordered) if other[0] < one[1]]
    assert overlaps == []
    waited = [ExecutionResult(str(run.results / "output.xml")).suite.metadata.get("Waited for other runs") for run in runs]
    assert all(waited), "the log tells that a run waited"


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


def test_a_platform_that_runs_elsewhere_waits_for_nobody(tmp_path, monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    serve(server)
    monkeypatch.setenv("ELSEWHERE", f"http://127.0.0.1:{server.server_port}")
    try:
        with turn_of_somebody(tmp_path):
            run = RobotProcess("elsewhere", tmp_path / "results", tmp_path)
            try:
                assert "1 test, 1 passed, 0 failed" in run.end()
            finally:
                run.kill()
    finally:
        server.shutdown()
        server.server_close()
