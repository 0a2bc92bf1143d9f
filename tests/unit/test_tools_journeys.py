"""The script around the journeys: after a first failure it tells of no second one that is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.project import ROOT


def journeys(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    words = [str(ROOT / "tools" / "journeys"), str(folder), "journeys", str(folder), *command]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of results with what an earlier run left."""
    for name in ("output.xml", "log.html", "secrets.fingerprints.jsonl"):
        (tmp_path / name).write_text("of an earlier run")
    return tmp_path


def test_a_run_that_could_not_be_started_is_one_failure(folder: Path) -> None:
    done = journeys(folder, "sh", "-c", "echo 'no namespace for you' >&2; exit 1")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["no namespace for you", "journeys failed (exit code 1)"]
    assert [step.name for step in (folder / "steps").iterdir()] == ["journeys"]


@pytest.mark.parametrize(
    ("word", "code", "steps"),
    [("Fail", 1, {"journeys", "journeys-coverage"}), ("No Operation", 1, {"journeys", "journeys-secrets", "journeys-coverage"})],
)
def test_only_a_run_that_passed_must_have_issued_credentials(folder: Path, word: str, code: int, steps: set[str]) -> None:
    (folder / "suite.robot").write_text(f"*** Test Cases ***\nOne\n    {word}\n")
    done = journeys(folder, sys.executable, "-m", "robot", "--outputdir", str(folder), str(folder / "suite.robot"))
    assert done.returncode == code, done.stdout + done.stderr
    assert {step.name for step in (folder / "steps").iterdir()} == steps
