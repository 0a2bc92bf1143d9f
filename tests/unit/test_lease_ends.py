"""Whatever ends a run, nothing of it is left; tried with real runs that are really killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from realstack.core import procfs
from realstack.lease import actions, ending, marker
from realstack.lease.marker import of_run
from support.waiting import until, until_nothing_left

LIBRARIES = Path(__file__).resolve().parents[2] / "libraries"
GONE_SECONDS = 5.0
"""What the project promises: nothing is left so long after the end."""
PROCESSES = 10
"""So many has a run of these at least; more where a shell does not become its last command."""

OWNER = """
import atexit, json, os, subprocess, sys, time
sys.path.insert(0, {libraries!r})
from realstack.lease import temporary
from realstack.lease.lease import current_lease

def new_folder(use):
    folder = temporary.new_folder(use)
    (folder / "file").touch()
    atexit.register(temporary.remove, folder)
    return str(folder)

before = new_folder("files")
lease = current_lease()
folders = [before, new_folder("browser")]
environment = {{"PATH": os.environ["PATH"]}}

def spawn(*argv):
    return lease.spawn(argv, env=environment, cwd=lease.folder, log=lease.folder / "log.txt")

shell = "/bin/sh"
children = [
    spawn("sleep", "600"),
    spawn(shell, "-c", "trap '' TERM INT HUP; sleep 600; true"),
    spawn(shell, "-c", "setsid sh -c 'sleep 601 & sleep 602' & sleep 603"),      # a session of its own
    spawn(shell, "-c", "(setsid sleep 604 &) ; exit 0"),                           # its parent is gone
    spawn(shell, "-c", "exec env -i setsid sleep 605"),                            # bears no marker
]
own = subprocess.Popen(["sleep", "606"], start_new_session=True)                  # as the browser's server is
paused = spawn("sleep", "607")
os.kill(paused.pid, 19)
children[3].ended.result(5)
said = {{"run": lease.run_id, "folder": str(lease.folder), "reaper": lease.reaper_pid, "temporary": folders}}
print(json.dumps(said), flush=True)
{ending}
"""

WRITER = """
import os, sys, time
print("writing", flush=True)
while os.getppid() == int(sys.argv[2]) or time.monotonic() < end:
    if os.getppid() == int(sys.argv[2]):
        end = time.monotonic() + 1
    os.makedirs(sys.argv[1] + "/profile", exist_ok=True)
    with open(f"{sys.argv[1]}/profile/{time.monotonic_ns()}", "w"):
        pass
"""
"""Fills a folder, which it makes anew where it is missing, until a second after the run's end."""


class Run:
    """A run in a process of its own, whose end is tried."""

    def __init__(self, ending: str, temp: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER.format(libraries=str(LIBRARIES), ending=ending)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(temp)},
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read().decode() if self.process.stderr else ""
        said = json.loads(line)
        self.id: str = said["run"]
        self.folder = Path(said["folder"])
        self.reaper: int = said["reaper"]
        self.temporary = [Path(folder) for folder in said["temporary"]]

    def processes(self) -> list[procfs.ProcessStat]:
        return of_run(self.id, str(self.folder))

    def until_all_run(self) -> None:
        """The shells start their children when they get to it."""
        until(lambda: len(self.processes()) >= PROCESSES, "the run's processes")

    def left(self) -> list[object]:
        reaper = procfs.stat(self.reaper)
        folders = [folder for folder in (self.folder, *self.temporary) if folder.exists()]
        return [*self.processes(), *folders, *([reaper] if reaper is not None and reaper.alive else [])]

    def until_gone(self, seconds: float = GONE_SECONDS) -> None:
        until_nothing_left(self.left, seconds)

    def end(self) -> None:
        for process in self.processes():
            procfs.send(process.identity, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def start_run(tmp_path: Path) -> Iterator[object]:
    runs: list[Run] = []
    tmp_path.chmod(0o711)

    # Short sleeps: a signal that arrives just before a sleep begins is handled only at its end.
    def start(ending: str = "while True: time.sleep(0.05)") -> Run:
        run = Run(ending, tmp_path)
        runs.append(run)
        return run

    yield start
    for run in runs:
        run.end()


def test_everything_runs_before_the_end(start_run):
    run = start_run()
    run.until_all_run()
    assert run.folder.is_dir()
    assert all((folder / "file").exists() for folder in run.temporary)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV, signal.SIGHUP])
def test_a_signal_to_the_run(start_run, number):
    run = start_run()
    run.process.send_signal(number)
    run.process.wait(GONE_SECONDS)
    run.until_gone()


@pytest.mark.parametrize(
    "ending", ["", "sys.exit(3)", "os._exit(4)", "os.abort()", "raise SystemError('broken')", "lease.close()"]
)
def test_the_run_ends_by_itself(start_run, ending):
    run = start_run(ending)
    run.process.wait(GONE_SECONDS)
    run.until_gone()


@pytest.mark.parametrize("then", ["", "lease = current_lease();"], ids=["no-lease-again", "another-lease"])
def test_temporary_folders_outlive_a_lease_that_ends_in_good_order_and_go_with_the_process(start_run, then):
    run = start_run(f"lease.close(); {then} print('closed', flush=True); time.sleep(60)")
    assert run.process.stdout.readline() == b"closed\n"
    assert all((folder / "file").exists() for folder in run.temporary)
    run.process.kill()
    run.process.wait()
    run.until_gone()


def test_what_was_written_down_but_not_told_is_removed(start_run):
    # Killed between the two: the reaper reads what the run wrote.
    ending = """
late = folders[0][:-8] + "00000000"
os.mkdir(late)
lease._actions["late"] = {"kind": "temporary-folder", "path": late}
lease._write_record()
os._exit(0)
"""
    run = start_run(ending)
    run.process.wait(GONE_SECONDS)
    run.temporary.append(run.temporary[0].with_suffix(".00000000"))
    run.until_gone()


def test_a_folder_that_a_stranger_fills_again_is_removed_when_that_ends(start_run):
    ending = f"""
argv = ["env", "-i", sys.executable, "-S", "-c", {WRITER!r}, folders[1], str(os.getpid())]
writer = subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True)
writer.stdout.readline()
os._exit(0)
"""
    run = start_run(ending)
    run.process.wait(GONE_SECONDS)
    run.until_gone()


def test_a_process_that_has_lost_its_mark_because_it_is_dying_is_waited_for(tmp_path, monkeypatch):
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    marked = [[procfs.stat(process.pid)]]
    sent = []

    def send(identity, number):
        sent.append(identity)
        if len(sent) == 3:
            process.kill()
            process.wait()
        return True

    monkeypatch.setattr(marker, "of_run", lambda *_: marked.pop() if marked else [])
    monkeypatch.setattr(procfs, "send", send)
    try:
        assert not ending.end_run("0123456789ab", str(tmp_path / "data"), [])
        assert process.returncode is not None, "its end was not waited for"
    finally:
        process.kill()
        process.wait()


def test_a_process_whose_first_thread_has_ended_lives():
    second = "threading.Thread(target=time.sleep, args=(60,)).start()"
    script = f"import ctypes, threading, time; {second}; ctypes.CDLL(None).pthread_exit(0)"
    process = subprocess.Popen([sys.executable, "-S", "-c", script], start_new_session=True)
    try:
        until(lambda: procfs.stat(process.pid).state == "Z", "the end of its first thread")
        assert procfs.stat(process.pid).alive
        process.kill()
        until(lambda: not procfs.stat(process.pid).alive, "its end")
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("name", ["mine", "realstack-files.0", "realstack-files.abcdefgh/..", "below/realstack-files.abcdefgh"])
def test_nothing_else_is_taken_for_a_temporary_folder(name, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "realstack-files.abcdefgh").mkdir()
    path = tmp_path / name
    path.mkdir(parents=True, exist_ok=True)
    with pytest.raises(actions.ActionFailed, match="is left alone"):
        actions.perform(actions.remove_temporary_folder(str(path)), "0123456789ab", str(tmp_path))
    assert path.is_dir()


def test_a_link_in_the_place_of_a_temporary_folder_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "mine").mkdir()
    (tmp_path / "realstack-files.abcdefgh").symlink_to(tmp_path / "mine")
    with pytest.raises(actions.ActionFailed, match="belongs to somebody else"):
        actions.perform(
            actions.remove_temporary_folder(str(tmp_path / "realstack-files.abcdefgh")), "0123456789ab", str(tmp_path)
        )


def test_a_fork_that_outlives_the_run_keeps_nothing_alive(start_run):
    # A forked child holds the socket to the reaper open; the run's own process counts.
    run = start_run("pid = os.fork()\nif pid == 0:\n    time.sleep(3)\n    os._exit(0)\nos._exit(0)")
    run.process.wait(GONE_SECONDS)
    run.until_gone()


def test_a_killed_reaper_takes_its_services_along_and_the_run_sweeps_up(start_run):
    run = start_run("sys.stdin.read() if False else lease._lost.wait(10); lease.close()")
    os.kill(run.reaper, signal.SIGKILL)
    run.process.wait(GONE_SECONDS)
    run.until_gone()


def test_the_next_run_sweeps_up_when_both_were_killed(start_run):
    run = start_run()
    # The run first: were the reaper first, the run would notice and could still tidy up.
    os.kill(run.process.pid, signal.SIGSTOP)
    os.kill(run.reaper, signal.SIGKILL)
    run.process.kill()
    run.process.wait()
    assert all(folder.is_dir() for folder in (run.folder, *run.temporary))
    assert run.processes(), "nothing was left to sweep up"
    start_run("print(json.dumps(lease.swept), flush=True)")
    run.until_gone()


def test_two_runs_leave_each_other_alone(start_run):
    one, other = start_run(), start_run()
    other.until_all_run()
    one.process.kill()
    one.process.wait()
    one.until_gone()
    assert len(other.processes()) >= PROCESSES
    assert other.folder.is_dir()


def test_a_stranger_in_the_data_folder_is_spared(start_run):
    # Somebody's shell has a terminal; a process with one is never taken for a service.
    run = start_run()
    leader, follower = os.openpty()
    shell = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys, time, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); print(1, flush=True); time.sleep(60)",
        ],
        stdin=follower,
        stdout=subprocess.PIPE,
        start_new_session=True,
        cwd=run.folder,
    )
    try:
        assert shell.stdout is not None
        shell.stdout.readline()
        run.process.kill()
        run.process.wait()
        run.until_gone()
        assert shell.poll() is None
    finally:
        shell.kill()
        shell.communicate()
        os.close(leader)
        os.close(follower)


def test_a_folder_whose_removal_was_killed_before_the_last_step_is_swept_up(tmp_path):
    (tmp_path / "0123456789ab").mkdir()
    under_way = tmp_path / "0123456789cd"
    (under_way / "data").mkdir(parents=True)
    assert ending.sweep(tmp_path) == []
    assert [folder.name for folder in tmp_path.iterdir()] == [under_way.name], "somebody removes the other one just now"
