"""What only a whole Robot run shows: no credential in its output, and Robot's own time limits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-that-nobody-may-see-" + "q5" * 20
FRESH = "another-one-" + "z8" * 20

HEAD = f"""
*** Settings ***
Library    realstack.WebSocket
Library    {ROOT}/tests/support/WebSocketServer.py
Suite Setup    Server URL

"""

SECRETS = """
*** Test Cases ***
Use Credentials Everywhere
    ${url} =    Server URL
    VAR    ${token: Secret}    ${{robot.api.types.Secret($TOKEN_VALUE.get())}}
    VAR    ${fresh: Secret}    ${{robot.api.types.Secret($FRESH_VALUE.get())}}
    ${credential} =    Get Token Subprotocol    ${token}
    VAR    @{offer}    jwt-auth    ${credential}
    ${headers} =    Create Dictionary    Authorization=${token}
    Open Connection    ${url}/headers    tab    subprotocols=${offer}    headers=${headers}
    Wait For Frame    headers
    Send Json    type=auth_refresh    payload.token=${fresh}
    ${frame} =    Wait For Frame    auth_refresh
    Send Json    type=chat    text=${fresh}
    ${frame} =    Wait For Frame    chat
    Send Frame    ${token}
    Wait For Frame
    Get Frames    direction=both
    Log Frames
    TRY
        Wait For Frame    nothing    timeout=10ms
    EXCEPT    AS    ${error}
        Log    ${error}
    END
    TRY
        Open Connection    ${url}/status/401    other    subprotocols=${offer}    headers=${headers}
    EXCEPT    AS    ${error}
        Log    ${error}
    END
    Close Connection    4000    bye    alias=tab
"""

TIMEOUT = """
*** Test Cases ***
Waits Too Long
    [Timeout]    300ms
    ${url} =    Server URL
    Open Connection    ${url}/echo    tab
    Send Json    type=first
    Wait For Frames    2    type exists    timeout=1h

Goes On
    Get Connections    ==    ${EMPTY}
    Server Should Have Connections    0

Keyword Waits Too Long
    ${url} =    Server URL
    Open Connection    ${url}/echo    tab
    Send Json    type=first
    Wait Briefly
    [Teardown]    Wait For Frame    first

*** Keywords ***
Wait Briefly
    [Timeout]    200ms
    Wait For Frames    2    type exists    timeout=1h
"""

BROKEN_PROMISE = """
*** Test Cases ***
Promises And Forgets
    ${url} =    Server URL
    Open Connection    ${url}/echo    tab
    Promise To Wait For Frame    answer    timeout=1h
"""


class Run:
    """A Robot run in a process of its own."""

    def __init__(self, folder: Path, suite: str, *options: str) -> None:
        (folder / "suite.robot").write_text(HEAD + suite)
        (folder / "values.py").write_text(
            "class Value:\n    def __init__(self, value): self._value = value\n    def get(self): return self._value\n"
            f"TOKEN_VALUE, FRESH_VALUE = Value('{TOKEN}'), Value('{FRESH}')\n"
        )
        command = [sys.executable, "-m", "robot", "--outputdir", str(folder / "out"), "--variablefile", str(folder / "values.py")]
        command += [*options, str(folder / "suite.robot")]
        self.done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.output = (folder / "out" / "output.xml").read_text()

    @property
    def console(self) -> str:
        return self.done.stdout + self.done.stderr


def test_no_credential_is_in_the_output_at_trace(tmp_path: Path) -> None:
    run = Run(tmp_path, SECRETS, "--loglevel", "TRACE")
    assert run.done.returncode == 0, run.console
    assert "chat" in run.output
    for place in (run.output, run.console):
        assert TOKEN not in place
        assert FRESH not in place


def test_time_limits_of_robot_interrupt_waits_and_leave_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path, TIMEOUT)
    assert run.done.returncode == 2, run.console
    assert "Test timeout 300 milliseconds exceeded." in run.console
    assert "Keyword timeout 200 milliseconds exceeded." in run.console
    assert "Teardown failed" not in run.console, "the interrupted wait gave back the frame that it had"


def test_a_forgotten_promise_is_cancelled_with_a_warning(tmp_path: Path) -> None:
    run = Run(tmp_path, BROKEN_PROMISE)
    assert run.done.returncode == 0, run.console
    assert "Nobody waited for the promise of a frame with" in run.console
