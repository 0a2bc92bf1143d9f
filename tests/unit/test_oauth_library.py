"""The library as Robot runs it: what is taken for a credential, and what happens to one that is logged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from robot.api import ExecutionResult

from support.loopback import serve

INTERACTION = "kJ3xQ0pLwZ8vB1nM5tRyA7cD"
SESSION = "sess-4fQ8zLw0Pn2VbXk6TtRr"


class _Shop(BaseHTTPRequestHandler):
    """A provider that puts its interaction's id into the path, and a shop that remembers where a visitor comes from."""

    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/" else 200)
        if self.path == "/":
            self.send_header("Location", f"/interaction/{INTERACTION}")
            self.send_header("Set-Cookie", f"_interaction={INTERACTION}; Path=/; HttpOnly")
            self.send_header("Set-Cookie", "campaign=summer-sale; Path=/")
            self.send_header("Set-Cookie", f"session={SESSION}; Path=/")
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def shop() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Shop)
    serve(server)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run(folder: Path, shop: str, steps: list[list[str]], *settings: str) -> tuple[int, str, str]:
    """Run one test with some steps at TRACE; returns its exit code, what it printed, and its output.xml."""
    lines = ["*** Settings ***", "    ".join(["Library", "realstack.OAuth", *settings]), "*** Test Cases ***", "Visit"]
    lines += ["    " + "    ".join(step) for step in [["Open Session", shop], ["${answer}", "Send Request", "GET", "/"], *steps]]
    suite = folder / "visit.robot"
    suite.write_text("\n".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "robot", "--loglevel", "TRACE", "--outputdir", str(folder), str(suite)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stdout + ended.stderr, (folder / "output.xml").read_text(encoding="utf-8")


def test_what_the_library_says_itself_fails_no_test(tmp_path: Path, shop: str) -> None:
    steps = [
        ["Send Request", "GET", "${answer.location}"],
        ["${end}", "Sign In With Forms", "/", "fields=${{ {'name': 'x'} }}", f"end_at={shop}/interaction"],
        ["Run Keyword And Expect Error", "*answers 404*", "Send Request", "GET", "${answer.location}", "status=404"],
        ["Log", "${end}"],
    ]
    code, printed, output = run(tmp_path, shop, steps)
    assert code == 0, printed
    assert INTERACTION not in output
    assert "/interaction/&lt;hidden&gt;" in output


def test_cookie_that_says_where_somebody_comes_from_is_no_credential(tmp_path: Path, shop: str) -> None:
    steps = [["Send Request", "GET", "/products/summer-sale"], ["Get Cookie", "campaign"], ["Log", "summer-sale is on"]]
    code, printed, _ = run(tmp_path, shop, steps)
    assert code == 0, printed


def test_test_that_logs_a_credential_fails_and_is_told_where(tmp_path: Path, shop: str) -> None:
    code, printed, output = run(tmp_path, shop, [["Log", f"it is {SESSION}, so there"]])
    assert code == 1
    assert "(cookie session of 127.0.0.1" in printed
    assert "in a message at INFO of BuiltIn.Log: it is <hidden>, so there" in printed
    assert SESSION not in output


@pytest.mark.parametrize(
    ("settings", "fails", "shown"),
    [
        (["guard=mask"], False, False),
        (["guard=off"], False, True),
        (["credential_names=!session, !_interaction"], False, True),
        (["credential_names=ticket"], True, False),
    ],
)
def test_guard_and_names_are_told_at_import(tmp_path: Path, shop: str, settings: list[str], fails: bool, shown: bool) -> None:
    code, printed, output = run(tmp_path, shop, [["Log", f"it is {SESSION}"]], *settings)
    assert (code == 1) is fails, printed
    assert (SESSION in output) is shown


def test_name_that_is_brought_in_counts(tmp_path: Path, shop: str) -> None:
    code, printed, output = run(tmp_path, shop, [["Log", "it is the summer-sale"]], "credential_names=campaign")
    assert code == 1, printed
    assert "the summer-sale" not in output


def test_no_text_from_outside_breaks_the_output(tmp_path: Path, shop: str) -> None:
    steps = [["${text}", "Evaluate", "json.loads(r'\"x \\\\ud83d\"')", "modules=json"], ["Log", "${text}"], ["Fail", "${text}"]]
    code, printed, output = run(tmp_path, shop, steps)
    assert code == 1, printed
    assert "x \\ud83d" in output
    assert ExecutionResult(output).suite.statistics.failed == 1
