"""Nothing from outside makes Robot's output malformed, or loses log.html: tried with one run that logs all of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from robot.api import ExecutionResult

from realstack.history.export import load, write
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import FrameIn
from realstack.recording.recorder import Recording

SUITE = """
*** Settings ***
Library    realstack.WebSocket
Library    {root}/tests/support/WebSocketServer.py

*** Test Cases ***
Everything Is Shown
    ${{url}} =    Server URL
    Open Connection    ${{url}}/echo    tab
    FOR    ${{hostile}}    IN    @{{HOSTILE}}
        Send Frame    ${{hostile}}
        ${{frame}} =    Wait For Frame    timeout=20 s
        Log    ${{frame}}
        Log    ${{frame}}[text]
        TRY
            Wait For Frame    nothing    timeout=1 ms
        EXCEPT    AS    ${{error}}
            Log    ${{error}}
        END
        Run Keyword And Continue On Failure    No Frame Should Arrive    echo    within=1 ms
    END
    Log Frames
    Get Frames
"""

VARIABLES = r"""
import json
ODD = "".join(map(chr, range(32))) + "\x7f\x80\x9f\u2028\ufffe\uffff" + "\ud83d" + "\udc00"
ANSI = "\x1b[31mred\x1b[0m\x1b]0;title\x07"
TEXTS = [ODD, ANSI, "<script>alert(1)</script><!--]]>", "&amp;&#0;", "\ud83d" * 100, "x" * 10_000_000]
HOSTILE = [json.dumps({"type": "echo", "text": text}) for text in TEXTS]
"""


def test_no_text_from_outside_breaks_the_output(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    (tmp_path / "hostile.robot").write_text(SUITE.format(root=root))
    (tmp_path / "hostile.py").write_text(VARIABLES)
    run = subprocess.run(
        [
            *(sys.executable, "-m", "robot", "--outputdir", tmp_path, "--console", "none"),
            *(
                "--pythonpath",
                root / "libraries",
                "--pythonpath",
                root / "tests/support",
                "--variablefile",
                tmp_path / "hostile.py",
            ),
            tmp_path / "hostile.robot",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert ExecutionResult(tmp_path / "output.xml").statistics.total.passed == 1
    assert "<script>alert(1)" not in (tmp_path / "log.html").read_text(encoding="utf-8")
    assert "\\ud83d" in (tmp_path / "output.xml").read_text(encoding="utf-8")


def test_a_history_with_half_surrogates_is_written_and_read(tmp_path: Path) -> None:
    frame = FrameIn("tab1", {"type": "x", "text": "\ud83d"}, 1, "json", 20)
    write(tmp_path / "history.jsonl", Recording("suite.test"), Vocabulary({}), [frame])
    assert load(tmp_path / "history.jsonl").events[0].data == frame.data
