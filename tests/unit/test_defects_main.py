"""What `make defects` chooses, says and leaves, also when it is stopped on its way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from defects import __main__ as defects
from defects.catalog import Defect
from defects.outcome import Outcome, Verdict
from support.robot_run import INTERRUPTED


class RunnerThatIsStopped:
    """Ends the first run with a verdict; then somebody presses Ctrl-C."""

    verdict: Verdict = "clean"

    def __init__(self, *_arguments: object) -> None:
        pass

    async def run(self, chosen: list[Defect], tell: Callable[[Outcome], None]) -> None:
        tell(Outcome(chosen[0], self.verdict, 7.0))
        raise KeyboardInterrupt


class RunnerThatEnds(RunnerThatIsStopped):
    """Ends every run with the same verdict, the last one first."""

    async def run(self, chosen: list[Defect], tell: Callable[[Outcome], None]) -> None:
        for defect in reversed(chosen):
            tell(Outcome(defect, self.verdict, 7.0, witness="seen"))


def names(folder: Path) -> list[str]:
    return [outcome["defect"]["name"] for outcome in json.loads((folder / "defects.json").read_text(encoding="utf-8"))]


def test_ctrl_c_keeps_the_report_of_what_was_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(defects, "Runner", RunnerThatIsStopped)
    assert defects.main(["--only", "state-is-never-compared", "--results", str(tmp_path)]) == INTERRUPTED
    assert names(tmp_path) == ["clean-01_login_refusals"]
    said = capsys.readouterr().out
    assert "Stopped: 1 of 2 runs have not been judged." in said
    assert said.splitlines()[-1] == "1 passed, 0 failed"


@pytest.mark.parametrize(("verdict", "code"), [("killed", 0), ("survivor", 0), ("missed", 1), ("error", 1)])
def test_one_run_that_is_not_as_it_should_be_fails_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: Verdict, code: int
) -> None:
    monkeypatch.setattr(defects, "Runner", RunnerThatEnds)
    monkeypatch.setattr(RunnerThatEnds, "verdict", verdict)
    assert defects.main(["--only", "state-is-never-compared", "--results", str(tmp_path)]) == code
    assert names(tmp_path) == ["clean-01_login_refusals", "state-is-never-compared"]


def test_a_name_that_nothing_has_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert defects.main(["--only", "no-such-bug", "--results", str(tmp_path)]) == 2
    assert "No bug, journey or law matches 'no-such-bug'." in capsys.readouterr().err
