"""Tests that need what can't be had here, or want what the platform has not, are skipped with the reason."""

from __future__ import annotations

import http.server
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.loopback import serve

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


WANTING = """
*** Settings ***
Library           realstack.Platform
Variables         realstack.adapter    ${CURDIR}/../adapters    mine
Suite Setup       Start Platform    ${ADAPTER}    profile=${CURDIR}/../profile.yaml    strict=True
Suite Teardown    Stop Platform

*** Test Cases ***
Wants What There Is
    [Tags]    wants-tea
    Get Service Url    page

Wants What There Is Not
    [Tags]    wants-%s
    Fail    This must not run.
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
        serve(server)
        (tmp_path / "suite").mkdir()
        service = f"services:\n  page: http://127.0.0.1:{server.server_port}\n"
        (tmp_path / "suite" / "platform.yaml").write_text(f"driver: external\n{service}")
        (tmp_path / "profile.yaml").write_text("cores: 0\n")
        (tmp_path / "suite" / "suite.robot").write_text(SUITE)
        mine = tmp_path / "adapters" / "mine"
        mine.mkdir(parents=True)
        capabilities = "capabilities: {tea: true, coffee: The machine is broken.}\n"
        (mine / "platform.yaml").write_text(f"driver: external\n{capabilities}{service}")
        (mine.parent / "capabilities.yaml").write_text("tea: There is tea.\ncoffee: There is coffee.\nmilk: There is milk.\n")
        yield tmp_path
        server.shutdown()


def run(folder: Path, *options: str, suite: str = "suite/suite.robot") -> str:
    quiet = ("--output", "NONE", "--log", "NONE", "--report", "NONE")
    command = [sys.executable, "-m", "robot", *quiet, *options, suite]
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


def run_wanting(folder: Path, what: str) -> str:
    (folder / "suite" / "suite.robot").write_text(WANTING % what)
    return run(folder)


def test_what_the_platform_has_not_is_skipped_with_the_adapters_reason(folder: Path) -> None:
    said = run_wanting(folder, "coffee")
    assert "2 tests, 1 passed, 0 failed, 1 skipped" in said
    assert "Skipping 1 tests tagged wants-coffee: mine: The machine is broken." in said


def test_of_what_an_adapter_says_nothing_it_has_not(folder: Path) -> None:
    assert "platform.yaml does not say whether it has 'milk' (There is milk.)" in run_wanting(folder, "milk")


def test_without_a_described_page_tests_that_open_one_are_skipped(folder: Path) -> None:
    """Nor is a browser looked for, or prepared."""
    suite = WANTING.replace("wants-%s", "needs-browser") + (
        "\nWants No Page\n    ${page} =    Get Whether Any Test Needs    browser\n    Should Not Be True    ${page}\n"
    )
    (folder / "suite" / "suite.robot").write_text(suite.replace("strict=True", "strict=True    needs=browser"))
    said = run(folder)
    assert "3 tests, 2 passed, 0 failed, 1 skipped" in said
    assert "Skipping 1 tests tagged needs-browser: mine: it has no page.yaml" in said


def test_a_capability_that_nobody_knows_is_refused_with_those_that_are_known(folder: Path) -> None:
    said = run_wanting(folder, "tee")
    assert "2 tests, 0 passed, 2 failed" in said
    assert "tests want capabilities that are known: tea, coffee, milk." in said
    assert "Tags of this run: wants-tee." in said


def test_a_suite_of_which_nothing_runs_is_not_prepared(folder: Path) -> None:
    """Its setup would ask for what can't be had as well."""
    (folder / "suite" / "__init__.robot").write_text(WANTING.partition("*** Test")[0])
    (folder / "suite" / "coffee.robot").write_text(
        "*** Settings ***\nLibrary    realstack.Platform\nSuite Setup    Fail    No coffee\n"
        "*** Test Cases ***\nCoffee\n    [Tags]    wants-coffee\n    No Operation\n"
    )
    (folder / "suite" / "suite.robot").unlink()
    assert "1 test, 0 passed, 0 failed, 1 skipped" in run(folder, suite="suite")
