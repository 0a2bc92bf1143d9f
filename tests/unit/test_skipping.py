"""Tests that need what can't be had here are skipped with the reason; in a strict run they fail."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

SUITE = """
*** Settings ***
Library           realstack.Platform
Suite Setup       Start Platform    ${CURDIR}/platform.yaml    profile=${CURDIR}/../profile.yaml    strict=${STRICT}
Suite Teardown    Stop Platform
Test Teardown     Log To Console    torn down

*** Variables ***
${STRICT}    ${False}

*** Test Cases ***
Needs Nothing
    Get Service Url    page

Kills
    [Tags]    needs-kill
    Kill Service    page

Kills In Rows
    [Tags]    needs-kill    needs-logs
    [Template]    Kill Service
    page
    page
"""


class Ok(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A suite for a platform that runs elsewhere: its driver has no hold of the services."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ok) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "suite").mkdir()
        service = f"services:\n  page: http://127.0.0.1:{server.server_port}\n"
        (tmp_path / "suite" / "platform.yaml").write_text(f"driver: external\n{service}")
        (tmp_path / "profile.yaml").write_text("cores: 0\n")
        (tmp_path / "suite" / "suite.robot").write_text(SUITE)
        yield tmp_path
        server.shutdown()


def run(folder: Path, *options: str) -> str:
    quiet = ("--output", "NONE", "--log", "NONE", "--report", "NONE")
    command = [sys.executable, "-m", "robot", *quiet, *options, "suite/suite.robot"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60).stdout


def test_they_are_skipped_with_the_reason(folder: Path) -> None:
    said = run(folder)
    assert "3 tests, 1 passed, 0 failed, 2 skipped" in said
    assert "Skipping 2 tests tagged needs-kill: The platform driver 'external' can't kill it" in said
    assert said.count("torn down") == 1, "what is skipped is not torn down"
    assert "The platform driver 'external' can't read its log" in said, "each reason is told"


def test_in_a_strict_run_they_fail(folder: Path) -> None:
    said = run(folder, "--variable", "STRICT:True")
    assert "3 tests, 1 passed, 2 failed" in said
    assert "robot --exclude needs-kill suites/" in said
    assert "Skipping" not in said
