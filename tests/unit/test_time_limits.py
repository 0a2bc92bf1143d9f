"""A test that its time limit ended says what it was doing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SUITE = """
*** Settings ***
Library    realstack.Platform

*** Test Cases ***
Ends In Time
    No Operation

Waits In Vain
    [Timeout]    600 ms
    Prepare
    Wait For An Answer

Fails At Once
    Fail    for another reason

*** Keywords ***
Prepare
    Evaluate    time.sleep(0.15)

Wait For An Answer
    FOR    ${number}    IN RANGE    2
        Look Once More
    END

Look Once More
    Evaluate    time.sleep(30)
"""

WAITS = """
*** Settings ***
Library    realstack.Platform
Library    realstack.History

*** Test Cases ***
Waits In Vain
    [Timeout]    1 s
    Floor Should Be Met    sends    at_least=1    within=1 h
    [Teardown]    Run Keyword And Expect Error    *    Floor Should Be Met    acks    at_least=1    within=1 s

Fails At Once
    [Timeout]    1 s
    Fail    for another reason
"""


def run(suite: str, folder: Path) -> str:
    """What Robot Framework says of a suite."""
    (folder / "limits.robot").write_text(suite)
    command = [sys.executable, "-m", "robot", "--output", "NONE", "--log", "NONE", "--report", "NONE", "limits.robot"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_it_says_where_it_was_and_which_steps_took_how_long(tmp_path: Path) -> None:
    said = run(SUITE, tmp_path)
    assert (
        "Test timeout 600 milliseconds exceeded.\nIt was in: Wait For An Answer > Look Once More > Evaluate\nSteps: Prepare 0."
        in said
    )
    assert said.count("It was in:") == 1
    assert "for another reason\n" in said


def test_a_wait_says_what_did_not_come_before_the_test_is_over(tmp_path: Path) -> None:
    said = run(WAITS, tmp_path)
    assert "INVALID: Expected: at least 1 sends" in said
    assert "It waited no longer, because its time of 1 second was nearly over.\nIt was in: Floor Should Be Met" in said
    assert said.count("It waited no longer") == 1
    assert "exceeded" not in said
