"""What can't be brought back at a suite's end is told, although Robot has written the suite's tests already."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from robot.api import ExecutionResult

from support.project import ROOT

DRIVER = """
import time
from realstack.core.errors import StackFailure
from realstack.platform.driver import Operation, Receipt, State
from realstack.platform.external import ExternalDriver

class Sulky(ExternalDriver):
    name = "sulky"
    can = frozenset({Operation.KILL, Operation.RESTART})
    down = False

    def services(self):
        return ["redis"]

    def group_of(self, service):
        return service

    def state(self, service):
        return State(running=not self.down, paused=False, settings={})

    async def start(self, report, only=None):
        pass

    async def kill_service(self, service):
        self.down = True
        return Receipt(service, "killed", (), "gone", -9, time.monotonic(), 0.0)

    async def start_service(self, service):
        raise StackFailure("redis sulks.")

def create(setup):
    return Sulky({}, {})
"""
TOP = """
*** Settings ***
Library           realstack.Platform
Suite Setup       Start Platform    ${CURDIR}/sulky.yaml    profile=${ROOT}/resources/profiles/fast.yaml
Suite Teardown    Stop Platform
"""
INNER = """
*** Settings ***
Library           realstack.Platform
Suite Setup       Kill Service    redis

*** Test Cases ***
Passes
    No Operation
"""


def test_it_is_told_by_exit_code_errors_and_the_suites_message(tmp_path: Path) -> None:
    facts = tmp_path / "site" / "sulky-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: sulky\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[realstack.drivers]\nsulky = sulky_driver:create\n")
    (tmp_path / "site" / "sulky_driver.py").write_text(DRIVER)
    suites = tmp_path / "suites"
    suites.mkdir()
    (suites / "sulky.yaml").write_text("driver: sulky\n")
    (suites / "__init__.robot").write_text(TOP)
    (suites / "inner.robot").write_text(INNER)
    words = [sys.executable, "-m", "robot", "--outputdir", str(tmp_path), "--variable", f"ROOT:{ROOT}", str(suites)]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
    told = "A service could not be brought back: redis sulks."
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"[ ERROR ] Suites.Inner: {told}" in done.stderr
    result = ExecutionResult(tmp_path / "output.xml")
    (inner,) = result.suite.suites
    assert told in inner.message
    assert [message.message for message in result.errors] == [f"Suites.Inner: {told}"]
