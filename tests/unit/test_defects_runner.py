"""Runs of planted bugs follow each other closely, and never disturb each other's tests."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from defects import runner
from defects.catalog import Defect
from defects.outcome import Outcome
from support.waiting import until

TESTS = Path(__file__).resolve().parents[1]
SUITE = """
*** Settings ***
Library         OperatingSystem
Suite Setup     Append To File    {diary}    ${{PLATFORM_SOURCES}} setup${{\\n}}

*** Test Cases ***
Bug Is Found
    Append To File    {diary}    ${{PLATFORM_SOURCES}} begins${{\\n}}
    ${{text}} =    Get File    ${{PLATFORM_SOURCES}}/app.txt
    IF    'hangs' in $text    Evaluate    threading.Event().wait()    modules=threading
    IF    'bug' in $text    Fail    no-entry violated: it came in
    Append To File    {diary}    ${{PLATFORM_SOURCES}} ends${{\\n}}
"""

RUN_THAT_HANGS = """
import asyncio
from pathlib import Path
from defects.catalog import Defect
from defects.runner import Runner

defect = Defect("a", "app.txt", "good", "hangs", "j", "no-entry", "", "")
asyncio.run(Runner(Path.cwd(), Path("results"), 1).run([defect], print))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "app.txt").write_text("good\n", encoding="utf-8")
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "j.robot").write_text(SUITE.format(diary=tmp_path / "diary"), encoding="utf-8")
    return tmp_path


def planted(name: str, text: str, test: str = "") -> Defect:
    return Defect(name, "app.txt", "good", text, "j", "no-entry", "", test)


def run(project: Path, *defects: Defect, parallel: int = 1) -> dict[str, Outcome]:
    told: list[Outcome] = []
    asyncio.run(runner.Runner(project, project / "results", parallel).run(list(defects), told.append))
    return {outcome.defect.name: outcome for outcome in told}


def test_runs_follow_each_other_and_tests_have_the_machine_for_themselves(project: Path) -> None:
    outcomes = run(project, planted("a", "bug"), planted("b", "fine"), planted("c", "bug"))
    assert {name: outcome.verdict for name, outcome in outcomes.items()} == {"a": "killed", "b": "missed", "c": "killed"}
    diary = [line.split() for line in (project / "diary").read_text(encoding="utf-8").splitlines()]
    # Each run is through before the next one's setup: the copies' folders come one after the other.
    assert [word for _, word in diary] == ["setup", "begins", "setup", "begins", "ends", "setup", "begins"]
    folders = [folder for folder, _ in diary]
    assert [folders.count(folder) for folder in dict.fromkeys(folders)] == [2, 3, 2]
    assert folders == sorted(folders, key=list(dict.fromkeys(folders)).index)
    assert not any(Path(folder).exists() for folder in folders)


def test_each_try_has_a_copy_and_a_log_of_its_own(project: Path) -> None:
    left = project / "results" / "a" / "log.html"
    left.parent.mkdir(parents=True)
    left.write_text("of an earlier run", encoding="utf-8")
    told: list[Outcome] = []
    asyncio.run(runner.Runner(project, project / "results", 1).run([planted("a", "bug"), planted("b", "fine")], told.append, 2))
    assert sorted((one.defect.name, one.number, one.log, one.verdict) for one in told) == [
        ("a", 1, "a/1", "killed"),
        ("a", 2, "a/2", "killed"),
        ("b", 1, "b/1", "missed"),
        ("b", 2, "b/2", "missed"),
    ]
    assert all((project / "results" / one.log / "output.xml").is_file() for one in told)
    assert not left.exists()
    folders = [line.split()[0] for line in (project / "diary").read_text(encoding="utf-8").splitlines()]
    assert len(set(folders)) == 4


def test_what_comes_too_late_is_not_begun(project: Path) -> None:
    began = time.monotonic()
    told: list[Outcome] = []
    late = runner.Runner(project, project / "results", 1, until=began)
    asyncio.run(late.run([planted("a", "bug"), planted("b", "bug")], told.append))
    assert told == []
    assert not (project / "diary").exists()
    assert not list((project / "results").iterdir())


def test_run_that_hangs_or_holds_no_test_does_not_hold_up_the_next(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "RUN_LIMIT", 8.0)
    hanging, empty, last = planted("a", "hangs"), planted("b", "bug", test="No Such*"), planted("c", "bug")
    outcomes = run(project, hanging, empty, Defect("gone", "app.txt", "nowhere", "x", "j", "no-entry", ""), last)
    assert {name: outcome.verdict for name, outcome in outcomes.items()} == {
        "a": "missed",
        "b": "error",
        "gone": "error",
        "c": "killed",
    }
    assert "did not end within 8 s" in outcomes["a"].witness


def test_run_ends_in_good_order_when_its_runner_is_killed(project: Path) -> None:
    environment = os.environ | {"PYTHONPATH": f"{TESTS.parent / 'libraries'}:{TESTS}"}
    running = subprocess.Popen([sys.executable, "-c", RUN_THAT_HANGS], cwd=project, env=environment)
    diary, output = project / "diary", project / "results" / "a" / "output.xml"
    with running:
        until(lambda: diary.exists() and "begins" in diary.read_text(encoding="utf-8"), "the run's test", 30)
        running.kill()
    until(lambda: "</robot>" in output.read_text(encoding="utf-8"), "the end of the run's output", 30)
