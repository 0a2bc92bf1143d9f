"""What `make defects` chooses, says and leaves, also when it is stopped on its way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from defects import __main__ as defects
from defects.catalog import Defect, load
from defects.outcome import Outcome, Verdict
from support.robot_run import INTERRUPTED

TESTS = Path(__file__).resolve().parents[1]


class RunnerThatIsStopped:
    """Ends the first run with a verdict; then somebody presses Ctrl-C."""

    verdict: Verdict = "clean"

    def __init__(self, *_arguments: object, until: float) -> None:
        self.until = until

    async def run(self, chosen: list[Defect], tell: Callable[[Outcome], None], times: int) -> None:
        for number in range(1, times + 1):
            tell(Outcome(chosen[0], self.verdict, 7.0, number=number))
        raise KeyboardInterrupt


class RunnerThatEnds(RunnerThatIsStopped):
    """Ends every run with the same verdict, the last one first, but those that are named as exceptions."""

    exceptions: ClassVar[dict[tuple[str, int], Verdict]] = {}

    async def run(self, chosen: list[Defect], tell: Callable[[Outcome], None], times: int) -> None:
        for defect in reversed(chosen):
            for number in range(times, 0, -1):
                verdict = self.exceptions.get((defect.name, number), self.verdict)
                tell(Outcome(defect, verdict, 7.0, witness=f"seen {number}", number=number))


class RunnerWithTimeForThree(RunnerThatIsStopped):
    """Has no time for more, and tells when the last one may begin and what was to come."""

    told: ClassVar[list[tuple[float, list[str]]]] = []

    async def run(self, chosen: list[Defect], tell: Callable[[Outcome], None], _times: int) -> None:
        self.told.append((self.until, [defect.name for defect in chosen]))
        for defect in chosen[:3]:
            tell(Outcome(defect, "clean" if defect.is_clean else "killed", 7.0))


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


def test_each_is_tried_so_often_and_one_bad_try_fails_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(defects, "Runner", RunnerThatEnds)
    monkeypatch.setattr(RunnerThatEnds, "verdict", "killed")
    options = ["--only", "state-is-never-compared", "--times", "20", "--results", str(tmp_path)]
    assert defects.main(options) == 0
    said = capsys.readouterr().out
    assert said.startswith("Planting 1 bugs, 20 times each, ")
    assert "[ 20/40] killed   20/20 of 20" in said
    assert said.splitlines()[-1] == "40 passed, 0 failed"

    monkeypatch.setattr(RunnerThatEnds, "exceptions", {("state-is-never-compared", 7): "missed"})
    assert defects.main(options) == 1
    said = capsys.readouterr().out
    # The last try comes first here: the 14th that is through is number 7, and then 13 of 14 were good.
    assert "[ 14/40] missed   13/14 of 20 01_login_refusals" in said
    assert "missed (19 of 20 were good): 01_login_refusals: state-is-never-compared: try 7: seen 7" in said
    assert "Each counts once, by its worst try; 39 of 40 tries were good, in" in said
    assert said.splitlines()[-1] == "39 passed, 1 failed"
    assert names(tmp_path) == ["clean-01_login_refusals", "state-is-never-compared"]


@pytest.mark.parametrize("times", ["0", "-1", "often"])
def test_how_often_is_a_number_from_one_on(times: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        defects.main(["--times", times])
    assert "--times" in capsys.readouterr().err


def test_what_there_is_no_time_for_is_named_and_fails_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(defects, "Runner", RunnerWithTimeForThree)
    monkeypatch.setattr(RunnerWithTimeForThree, "told", [])
    for seed in ("1", "1", "2"):
        options = ["--only", "01_login_refusals", "--minutes", "7", "--seed", seed, "--results", str(tmp_path / seed)]
        began = time.monotonic()
        assert defects.main(options) == 0
        assert began + 420 <= RunnerWithTimeForThree.told[-1][0] <= time.monotonic() + 420
    (_, first), (_, again), (_, other) = RunnerWithTimeForThree.told
    assert first == again != other
    assert sorted(first) == sorted(other)
    assert first[0] == other[0] == "clean-01_login_refusals", "the journey without a bug comes before its first one"
    said = capsys.readouterr().out.splitlines()
    told = next(line for line in said if "seed 2" in line)
    assert told.startswith(f"There was no time for {len(other) - 3} of {len(other)} (in 7 minutes, in the order of seed 2)")
    assert all(name in told for name in other[3:])
    assert not any(f" {name}" in told for name in other[:3])
    assert said[-1] == "3 passed, 0 failed"
    assert sorted(json.loads((tmp_path / "2" / "untried.json").read_text(encoding="utf-8"))) == sorted(other[3:])
    # The report keeps the catalog's order, whatever the order of the runs.
    whole = [bug.name for bug in load(TESTS / "defects" / "catalog", TESTS.parent / "suites") if bug.name in other[:3]]
    assert names(tmp_path / "2") == [first[0], *whole]


def test_stopped_tries_are_no_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(defects, "Runner", RunnerThatIsStopped)
    assert defects.main(["--only", "state-is-never-compared", "--times", "3", "--results", str(tmp_path)]) == INTERRUPTED
    assert "Stopped: 3 of 6 runs have not been judged." in capsys.readouterr().out


def test_a_name_that_nothing_has_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert defects.main(["--only", "no-such-bug", "--results", str(tmp_path)]) == 2
    assert "No bug, journey or law matches 'no-such-bug'." in capsys.readouterr().err
    assert defects.main(["--only", "silent-replica-stays", "--results", str(tmp_path)]) == 2
    assert "Do you mean silent-replica-stays-in-the-round" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("only", "meant"),
    [
        ("*", ["ours"]),
        ("01_login", ["ours"]),
        ("reference", ["ours"]),
        ("chainlit", ["theirs"]),
        ("theirs,ours", ["ours", "theirs"]),
    ],
)
def test_bugs_of_another_platform_are_tried_when_they_are_asked_for(only: str, meant: list[str]) -> None:
    ours = Defect("ours", "a", "b", "c", "01_login", "no-entry", "story")
    theirs = Defect("theirs", "a", "b", "c", "01_login", "no-entry", "story", platform="chainlit")
    assert [defect.name for defect in (ours, theirs) if defects._matches(defect, only)] == meant
    assert [run.name for run in defects._with_clean_runs([ours, theirs])] == [
        "clean-01_login",
        "ours",
        "clean-chainlit-01_login",
        "theirs",
    ]
