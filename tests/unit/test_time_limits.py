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


def test_it_says_where_it_was_and_which_steps_took_how_long(tmp_path: Path) -> None:
    (tmp_path / "limits.robot").write_text(SUITE)
    command = [sys.executable, "-m", "robot", "--output", "NONE", "--log", "NONE", "--report", "NONE", "limits.robot"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert (
        "Test timeout 600 milliseconds exceeded.\nIt was in: Wait For An Answer > Look Once More > Evaluate\nSteps: Prepare 0."
        in said
    )
    assert said.count("It was in:") == 1
    assert "for another reason\n" in said
