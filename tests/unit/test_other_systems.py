"""Platform and Monitor where there is no Linux: what needs it says so, and a platform that runs already can be tested."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.project import ROOT

ELSEWHERE = """
import asyncio, builtins, http.server, io, os, pathlib, subprocess, sys, threading
import robot
for name in ("fcntl", "resource", "termios", "pwd"):
    sys.modules[name] = None
for name in ("pidfd_open", "sched_getaffinity"):
    delattr(os, name)
sys.platform = "darwin"

def without_proc(function):
    def guarded(path, *rest, **more):
        if str(path).startswith("/proc"):
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return function(path, *rest, **more)
    return guarded

builtins.open, os.listdir, os.readlink = without_proc(open), without_proc(os.listdir), without_proc(os.readlink)
io.open = builtins.open

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
threading.Thread(target=server.serve_forever, daemon=True).start()
variables = [f"PORT:{server.server_port}", f"ROOT:{sys.argv[1]}"]
quiet = dict(output=None, log=None, report=None, console="dotted")
code = robot.run(sys.argv[2], variable=variables, outputdir=sys.argv[3], **quiet)

from realstack.core.errors import StackError
from realstack.core.figures import load
from realstack.platform.create import create
root = pathlib.Path(sys.argv[1]) / "resources"
for driver in ("embedded", "compose"):
    try:
        create(root / "adapters" / "reference" / f"{driver}.yaml", load("fast", root / "profiles"), pathlib.Path(sys.argv[3]))
    except StackError as error:
        print(error)
sys.exit(code)
"""

SUITE = """
*** Settings ***
Library    realstack.Platform
Library    realstack.Monitor

*** Variables ***
${PLATFORMS}    ${ROOT}/resources/adapters/reference
${PROFILE}      ${ROOT}/resources/profiles/fast.yaml

*** Test Cases ***
A Platform That Runs Already Is Found
    VAR    &{services}    frontend=http://127.0.0.1:${PORT}
    VAR    &{config}    services=${services}
    Start Platform    ${PLATFORMS}/external.yaml    profile=${PROFILE}    config=${config}
    Service Should Be Healthy    frontend
    Get Service Url    frontend    ==    http://127.0.0.1:${PORT}
    Run Keyword And Expect Error    *robot --exclude needs-kill suites/*    Kill Service    frontend
    Run Keyword And Expect Error    Expected: Linux, for watching processes*    Watch Services
    Stop Platform

Numbers Can Be Watched And Processes Can Not
    ${seven}    Evaluate    lambda: 7
    Watch Gauge    answers    ${seven}
    Start Monitoring    interval=10 ms
    Get Usage    answers    gauge    ==    7
    Run Keyword And Expect Error    Expected: Linux, for watching processes*Seen: this is darwin*    Watch Process    me    1
"""


def test_somewhere_without_proc_and_fcntl(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text(ELSEWHERE)
    (tmp_path / "suite.robot").write_text(SUITE)
    words = [sys.executable, "elsewhere.py", str(ROOT), "suite.robot", str(tmp_path)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for driver in ("embedded", "compose"):
        assert f"The driver '{driver}' needs Linux; this is darwin." in done.stdout
