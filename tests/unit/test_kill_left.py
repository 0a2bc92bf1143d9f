"""What is left of a run that was killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kill import left
from kill.left import Traces
from realstack.lease.lease import runs_folder
from realstack.lease.marker import MARKER
from support.waiting import until

RUN = "0123456789ab"
PARENT = "import subprocess, sys; subprocess.run(['sleep', '60'])"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A process with a child and a data folder, which stands for Robot Framework."""
    monkeypatch.setattr(left, "_tables", list)
    process = subprocess.Popen([sys.executable, "-S", "-c", PARENT], env={**os.environ, MARKER: RUN}, start_new_session=True)
    folder = tmp_path / runs_folder().name / RUN
    folder.mkdir(parents=True)
    (folder / "lease.json").write_text(json.dumps({"run": RUN, "owner": process.pid}))
    yield process
    with contextlib.suppress(ProcessLookupError):  # the test has ended all of them, and somebody collected the child
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_what_a_dead_run_has_left_is_named_until_it_is_gone(run: subprocess.Popen[bytes], tmp_path: Path) -> None:
    traces = Traces(run.pid, tmp_path)

    def child() -> int:
        traces.look()
        return next((process.pid for process in traces.processes), 0)

    until(lambda: bool(child()), "the child")
    pid = child()
    run.kill()
    run.wait()
    folder = tmp_path / runs_folder().name / RUN
    profile = tmp_path / "profile-of-a-browser"
    profile.mkdir()
    until(lambda: traces.left() == [f"process {pid} (sleep)", str(folder), str(profile)], "the child and the files")
    os.kill(pid, signal.SIGKILL)
    profile.rmdir()
    (folder / "lease.json").unlink()
    folder.rmdir()
    until(lambda: not traces.left(), "the end of everything")


def test_a_process_that_nobody_saw_in_time_is_known_by_its_mark(run: subprocess.Popen[bytes], tmp_path: Path) -> None:
    traces = Traces(run.pid, tmp_path)
    traces.look()
    traces.processes.clear()
    assert any(f"process {run.pid} " in told for told in traces.left())


def test_kernel_tables_are_those_that_bear_the_runs_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left, "_tables", lambda: [f"table inet realstack_{RUN}", "table inet filter"])
    assert Traces(1, tmp_path, folder=tmp_path / RUN).left() == [f"table inet realstack_{RUN} of the kernel"]
