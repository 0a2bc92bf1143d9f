"""What only a whole Robot run shows: its own time limits, its violent end, and users without any privilege."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from realstack.core import programs
from realstack.core.waiting import Deadline
from realstack.faults.nft import Table

ROOT = Path(__file__).parents[2]

HEAD = f"""
*** Settings ***
Library    realstack.NetworkFault
Library    {ROOT}/tests/support/EchoServer.py

"""

TIMEOUTS = """
*** Test Cases ***
Waits Too Long
    [Timeout]    600ms
    ${port} =    Echo Server Port
    Define Link    echo    127.0.0.1    ${port}
    Cut Link    echo
    Wait Until Link Is Healed    echo    timeout=1h

Waits For A Hit Too Long
    [Timeout]    300ms
    ${port} =    Echo Server Port
    Open Proxy Link    wire    127.0.0.1    ${port}
    Cut At Bytes    wire    never
    Wait Until Toxic Hits    wire    timeout=1h

Goes On
    ${port} =    Echo Server Port
    Define Link    echo    127.0.0.1    ${port}
    Link Should Work    echo
"""

KILLED = """
*** Test Cases ***
Is Killed While The Link Is Cut
    ${port} =    Echo Server Port
    Define Link    echo    127.0.0.1    ${port}
    Cut Link    echo    max=10min
    ${run} =    Evaluate    realstack.lease.lease.current_lease().run_id    modules=realstack.lease.lease
    Evaluate    pathlib.Path($MARK).write_text($run)    modules=pathlib
    Wait Until Link Is Healed    echo    timeout=1h
"""

WITHOUT_PRIVILEGE = """
*** Test Cases ***
May Not
    ${port} =    Echo Server Port
    Define Link    echo    127.0.0.1    ${port}
    Run Keyword And Expect Error
    ...    *CAP_NET_ADMIN*Operation not permitted*Remedy: Run as root, or*unshare --user --map-current-user --net --keep-caps*
    ...    Cut Link    echo
    Link Should Work    echo
"""

OWN_NAMESPACE = """
*** Test Cases ***
May
    ${port} =    Echo Server Port
    Define Link    echo    127.0.0.1    ${port}
    Connect Client
    Cut Link    echo
    Client Should Hear Nothing    x
    Heal Link    echo
    Receipt Should Prove Outage    echo
"""


def command(folder: Path, suite: str, *options: str) -> list[str]:
    (folder / "suite.robot").write_text(HEAD + suite)
    return [sys.executable, "-m", "robot", "--outputdir", str(folder / "out"), *options, str(folder / "suite.robot")]


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def tables() -> set[str]:
    listed = subprocess.run(
        [programs.program("nft", "nftables"), "list", "tables"], capture_output=True, text=True, check=True
    ).stdout
    return {line.split()[-1] for line in listed.splitlines()}


def test_time_limits_of_robot_interrupt_and_everything_is_undone(tmp_path: Path) -> None:
    done = run(command(tmp_path, TIMEOUTS))
    assert done.returncode == 2, done.stdout
    assert "Test timeout 600 milliseconds exceeded." in done.stdout
    assert "Test timeout 300 milliseconds exceeded." in done.stdout
    assert "could not be undone" not in done.stdout + done.stderr


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_leaves_no_table(tmp_path: Path, end: signal.Signals) -> None:
    mark = tmp_path / "mark"
    words = command(tmp_path, KILLED, "--variable", f"MARK:{mark}")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as robot:
        wait_for(lambda: mark.exists() and mark.read_text())
        mine = f"realstack_{mark.read_text()}"
        assert mine in tables()
        robot.send_signal(end)
        robot.wait(20)
    wait_for(lambda: mine not in tables())


def wait_for(holds: object) -> None:
    deadline = Deadline(15)
    while not holds():  # type: ignore[operator]
        assert not deadline.passed
        time.sleep(0.02)


def test_without_the_right_the_error_says_what_to_do(tmp_path: Path) -> None:
    """Even root has no right to change the packet filter without this capability."""
    words = command(tmp_path, WITHOUT_PRIVILEGE)
    if os.geteuid() == 0:
        words = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", *words]
    done = run(words)
    assert done.returncode == 0, done.stdout + done.stderr


def test_in_a_namespace_of_its_own(tmp_path: Path) -> None:
    inside = " ".join(command(tmp_path, OWN_NAMESPACE))
    words = [
        programs.program("unshare", "util-linux"),
        "--user",
        "--map-current-user",
        "--net",
        "--keep-caps",
        "sh",
        "-c",
        f"{programs.program('ip', 'iproute2')} link set lo up && exec {inside}",
    ]
    done = run(words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not Table("realstack_own").exists()
