"""The sum at the end of `.ci/run`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SUMMARY = Path(__file__).resolve().parents[2] / "tools" / "summary.py"


def of_planted_bugs(folder: Path, verdicts: dict[str, str], untried: list[str] | None = None) -> tuple[int, list[str]]:
    (folder / "steps").mkdir()
    (folder / "steps" / "defects").write_text("0 7\n", encoding="ascii")
    (folder / "defects").mkdir()
    outcomes = [
        {"defect": {"name": name}, "verdict": verdict, "good": 1, "tries": 1, "witness": "as seen"}
        for name, verdict in verdicts.items()
    ]
    (folder / "defects" / "defects.json").write_text(json.dumps(outcomes), encoding="utf-8")
    if untried is not None:
        (folder / "defects" / "untried.json").write_text(json.dumps(untried), encoding="utf-8")
    ended = subprocess.run([sys.executable, str(SUMMARY), str(folder)], capture_output=True, text=True, check=False, timeout=30)
    return ended.returncode, ended.stdout.splitlines()


@pytest.mark.parametrize("untried", [None, []])
def test_it_counts_what_was_caught(tmp_path: Path, untried: list[str] | None) -> None:
    code, said = of_planted_bugs(tmp_path, {"a": "killed", "b": "missed", "c": "clean"}, untried)
    assert code == 1
    assert said[1:] == ["defects: b: missed: as seen", "2 passed, 1 failed"]


def test_what_there_was_no_time_for_is_told_and_is_no_failure(tmp_path: Path) -> None:
    code, said = of_planted_bugs(tmp_path, {"a": "killed"}, ["late-one", "later-one"])
    assert code == 0
    assert said[1:] == [
        "No time for 2 planted bugs or clean journeys; `make defects` tries them: late-one, later-one",
        "1 passed, 0 failed",
    ]
