"""What a repetition says while it goes on and when it ends."""

import json
import sys
from pathlib import Path

import pytest

from repeat import __main__ as repeat
from repeat import report
from repeat.statistics import TestRecord, wilson_upper
from support.robot_run import INTERRUPTED

GOOD = TestRecord("04 / Two Outages", [3.0, 4.0])
BAD = TestRecord("03 / One User <Floods>", [2.0, 2.5], [(2, "INVALID: the generator was late & lost")])


def repetition() -> report.Repetition:
    return report.Repetition(3, 7, "half", done=2, records={BAD.name: BAD, GOOD.name: GOOD})


def test_a_failed_run_names_its_tests_at_once() -> None:
    assert report.console_line(repetition(), 1, 290.4) == "[  1/3] passed (290 s)"
    assert report.console_line(repetition(), 2, 301.0).splitlines() == [
        "[  2/3] 1 failed beside a busy core (301 s)",
        "          03 / One User <Floods>: INVALID: the generator was late & lost",
    ]


def test_a_run_without_a_result_is_broken_and_counts_as_a_failure() -> None:
    broken = repetition()
    broken.broken.append(3)
    assert report.console_line(broken, 3, 900.0) == "[  3/3] broken (900 s)"
    assert (broken.passes, broken.failures) == (3, 2)


@pytest.mark.parametrize(("busy", "beside"), [("half", [False, True, False, True]), ("all", [True] * 4), ("none", [False] * 4)])
def test_runs_beside_a_busy_core(busy: str, beside: list[bool]) -> None:
    assert [report.Repetition(4, 7, busy).has_busy_core(number) for number in (1, 2, 3, 4)] == beside


def test_slowest_tests_come_first() -> None:
    assert report.slowest(repetition()) == [
        "3.5 s, at worst 4.0 s: 04 / Two Outages",
        "2.2 s, at worst 2.5 s: 03 / One User <Floods>",
    ]


def test_report_holds_times_failures_and_bounds(tmp_path: Path) -> None:
    report.write(repetition(), tmp_path / "new")
    facts = json.loads((tmp_path / "new" / "repeat.json").read_text(encoding="utf-8"))
    assert (facts["seed"], facts["done"], facts["runs"], facts["broken"]) == (7, 2, 3, [])
    first, second = facts["tests"]
    assert (first["name"], first["median"], first["worst"], first["failures"]) == (BAD.name, 2.25, 2.5, [[2, BAD.failures[0][1]]])
    assert (first["bound"], second["bound"]) == (wilson_upper(1, 2), wilson_upper(0, 2))
    page = (tmp_path / "new" / "index.html").read_text(encoding="utf-8")
    assert "2 of 3 runs" in page
    assert "One User &lt;Floods&gt;" in page
    assert "late &amp; lost" in page


def test_what_robot_left_of_an_earlier_run_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = tmp_path / "run-01"
    earlier.mkdir()
    (earlier / "output.xml").write_text("<robot/>", encoding="utf-8")
    monkeypatch.setattr(repeat, "robot", lambda output: ["false"])
    assert repeat.main(["1", "--results", str(tmp_path)]) == 1
    assert json.loads((tmp_path / "repeat.json").read_text(encoding="utf-8"))["broken"] == [1]


def test_half_a_result_is_a_broken_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half = "import pathlib, sys; pathlib.Path(sys.argv[1], 'output.xml').write_text('<robot><suite>')"
    monkeypatch.setattr(repeat, "robot", lambda output: [sys.executable, "-c", half, str(output)])
    assert repeat.main(["1", "--results", str(tmp_path)]) == 1
    assert json.loads((tmp_path / "repeat.json").read_text(encoding="utf-8"))["broken"] == [1]


def test_ctrl_c_keeps_the_report_of_the_runs_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(seed: int, output: Path, chosen: list[str]) -> None:
        if output.name == "run-02":
            raise KeyboardInterrupt

    monkeypatch.setattr(repeat, "_run", stopped)
    assert repeat.main(["3", "--results", str(tmp_path), "--busy", "none"]) == INTERRUPTED
    assert json.loads((tmp_path / "repeat.json").read_text(encoding="utf-8"))["done"] == 1
    assert "Stopped in run 2; only the runs before it count." in capsys.readouterr().out


def test_tags_and_suites_choose_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(repeat, "_run", lambda seed, output, chosen: asked.append(chosen))
    repeat.main(["1", "--results", str(tmp_path), "--busy", "none", "--include", "critical", "--suite", "03*", "--suite", "10*"])
    assert asked == [["--include", "critical", "--suite", "03*", "--suite", "10*"]]
