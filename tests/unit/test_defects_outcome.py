"""Planting: an entry applies exactly once; judging: only the named law is a kill."""

import json
import runpy
from pathlib import Path

import pytest

from defects.catalog import CatalogError, Defect, clean
from defects.outcome import Outcome, Verdict, judge, tries, violated_laws
from defects.report import console_line, summary, to_repair, write


def defect(**changes: str) -> Defect:
    facts = {
        "name": "silent-tab",
        "file": "backend/hub.py",
        "find": "for tab in tabs:",
        "replace": "for tab in tabs[:1]:",
        "journey": "02_tabs",
        "law": "acked-is-kept",
        "story": "A registry with one entry a user.",
    }
    return Defect(**{**facts, **changes})


def sources(folder: Path, text: str) -> Path:
    (folder / "backend").mkdir()
    (folder / "backend" / "hub.py").write_text(text)
    return folder


def output(folder: Path, *tests: tuple[str, str]) -> Path:
    times = 'start="2026-01-01T00:00:00" elapsed="1"'
    body = "".join(
        f'<test id="s1-t{number}" name="Test {number}"><status status="{status}" {times}>{text}</status></test>'
        for number, (status, text) in enumerate(tests, start=1)
    )
    path = folder / "output.xml"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><robot generator="Robot 7.5" schemaversion="5"><suite id="s1" name="S">'
        f'{body}<status status="FAIL" start="2026-01-01T00:00:00" elapsed="1"/></suite><errors></errors></robot>'
    )
    return path


def test_a_platform_that_does_not_start_is_an_error_with_its_reason(tmp_path: Path) -> None:
    path = output(tmp_path, ("FAIL", "Test execution stopped due to a fatal error."))
    setup = (
        '<kw name="Prepare" type="SETUP"><status status="FAIL" start="2026-01-01T00:00:00" elapsed="1">'
        "Expected: backend-1 becomes healthy.</status></kw>"
    )
    path.write_text(path.read_text().replace('name="S">', f'name="S">{setup}'))
    outcome = judge(defect(), path, 1.0)
    assert outcome.verdict == "error"
    assert outcome.witness == "The journey could not begin: Expected: backend-1 becomes healthy."


def test_plant_replaces_the_one_place(tmp_path: Path) -> None:
    defect().plant(sources(tmp_path, "a\nfor tab in tabs:\n    pass\n"))
    assert "tabs[:1]" in (tmp_path / "backend" / "hub.py").read_text()


@pytest.mark.parametrize("text", ["nothing here", "for tab in tabs:\nfor tab in tabs:"])
def test_an_entry_that_does_not_apply_once_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(CatalogError, match="expected once"):
        defect().plant(sources(tmp_path, text))


def test_an_entry_whose_file_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="does not exist any more"):
        defect().plant(tmp_path)


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        ("acked-is-kept violated: tab 3 never received m-17", "killed"),
        ("2 laws failed:\n\nsame-order violated: x\n\nacked-is-kept violated: y", "killed"),
        ("exactly-once violated: m-17 twice", "missed"),
        ("Test timeout 5 seconds exceeded.", "missed"),
        ("INVALID: acked-is-kept had nothing to judge", "missed"),
        ("acked-is-kept", "missed"),
    ],
)
def test_only_the_named_law_kills(tmp_path: Path, message: str, verdict: str) -> None:
    assert judge(defect(), output(tmp_path, ("PASS", ""), ("FAIL", message)), 1.0).verdict == verdict


def test_a_pass_is_a_miss_and_an_admitted_one_a_survivor(tmp_path: Path) -> None:
    path = output(tmp_path, ("PASS", ""))
    assert judge(defect(), path, 1.0).verdict == "missed"
    assert judge(defect(survives="needs a second data centre"), path, 1.0).verdict == "survivor"


def test_without_a_bug_every_test_has_to_pass(tmp_path: Path) -> None:
    tried = [defect(test="Three Tabs*"), defect(test="Any*"), defect(journey="03_ten_users", test="Ten*")]
    run = clean("02_tabs", tried)
    assert run.test.splitlines() == ["Any*", "Three Tabs*"]
    assert clean("02_tabs", [*tried, defect()]).test == "", "one of the bugs is tried with all tests"
    run.plant(tmp_path)
    assert judge(run, output(tmp_path, ("PASS", ""), ("PASS", "")), 1.0).verdict == "clean"
    outcome = judge(run, output(tmp_path, ("PASS", ""), ("FAIL", "acked-is-kept violated: m-17")), 1.0)
    assert outcome.verdict == "error"
    assert outcome.witness == "Without any bug, 1 of 2 tests failed: Test 2: acked-is-kept violated: m-17"


def test_a_fault_that_is_off_has_to_be_told_by_every_test(tmp_path: Path) -> None:
    off = defect(file="libraries/fault.py", law="INVALID")
    told = ("FAIL", "INVALID: The outage is none.")
    outcome = judge(off, output(tmp_path, told, told), 1.0)
    assert (outcome.verdict, outcome.witness) == ("killed", "The outage is none.")
    outcome = judge(off, output(tmp_path, told, ("PASS", "")), 1.0)
    assert (outcome.verdict, outcome.witness) == ("missed", "1 of 2 tests passed. ")
    outcome = judge(off, output(tmp_path, told, ("FAIL", "Test timeout 5 seconds exceeded.")), 1.0)
    assert (outcome.verdict, outcome.witness) == ("missed", "Test 2: Test timeout 5 seconds exceeded.")


def test_no_result_and_no_test_are_errors(tmp_path: Path) -> None:
    assert judge(defect(), tmp_path / "output.xml", 1.0).verdict == "error"
    assert judge(defect(), output(tmp_path), 1.0).verdict == "error"


def test_violated_laws_are_read_with_their_witness() -> None:
    assert violated_laws("no-entry violated: a forged token opened /ws\nmore") == {"no-entry": "a forged token opened /ws"}


def test_report_escapes_what_came_from_outside(tmp_path: Path) -> None:
    path = output(tmp_path, ("FAIL", "acked-is-kept violated: &lt;script&gt;alert(1)&lt;/script&gt;"))
    outcomes = [judge(defect(), path, 1.0)]
    write(outcomes, tmp_path / "report")
    html = (tmp_path / "report" / "index.html").read_text()
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html
    assert "1 killed" in summary(outcomes)


def tried(*verdicts: Verdict, name: str = "silent-tab") -> list[Outcome]:
    """The outcomes of tries, the last one first."""
    outcomes = [
        Outcome(defect(name=name), verdict, float(number), witness=f"{verdict} {number}", number=number, log=f"{name}/{number}")
        for number, verdict in enumerate(verdicts, start=1)
    ]
    return outcomes[::-1]


def test_tries_are_told_by_the_first_bad_one() -> None:
    all_good, some_bad = tries([*tried("killed", "killed"), *tried("killed", "error", "missed", "killed", name="other")])
    assert (all_good.good, all_good.telling.number, all_good.seconds) == (2, 1, 1.5)
    assert [outcome.number for outcome in some_bad.outcomes] == [1, 2, 3, 4]
    assert (some_bad.good, some_bad.telling.witness, some_bad.seconds) == (2, "error 2", 2.5)


def test_a_bug_that_was_tried_once_is_told_as_ever() -> None:
    (outcome,) = tried("missed")
    line = console_line(outcome, [outcome], 3)
    assert line == "[  1/3] missed   02_tabs            acked-is-kept        silent-tab (1.0 s)\n          missed 1"
    assert summary([outcome]).endswith("without a bug 0 journeys passed")
    assert to_repair([outcome]) == ["missed: 02_tabs: silent-tab: missed 1"]


def test_a_bug_counts_once_however_often_it_was_tried() -> None:
    outcomes = [*tried("killed", "missed", "killed"), *tried("killed", "killed", "killed", name="other")]
    assert summary(outcomes) == (
        "2 planted bugs: 1 killed by the named law, 1 missed, 0 admitted survivors, 0 errors; without a bug 0 journeys passed. "
        "Each counts once, by its worst try; 5 of 6 tries were good"
    )
    assert to_repair(outcomes) == ["missed (2 of 3 were good): 02_tabs: silent-tab: try 2: missed 2"]
    assert console_line(outcomes[0], outcomes[:2], 6, times=3).startswith("[  2/6] killed   1/2 of 3 02_tabs ")


def test_report_lists_every_try(tmp_path: Path) -> None:
    (tmp_path / "silent-tab" / "2").mkdir(parents=True)
    (tmp_path / "silent-tab" / "2" / "log.html").touch()
    write(tried("killed", "missed", "killed"), tmp_path)
    html = (tmp_path / "index.html").read_text()
    assert "2 of 3 tries were good" in html
    assert '<a href="silent-tab/2/log.html">02_tabs</a>' in html
    assert '<a href="silent-tab/2/log.html">try 2</a>: missed, 2.0 s. missed 2' in html
    assert "try 3: killed, 3.0 s" in html
    (entry,) = json.loads((tmp_path / "defects.json").read_text())
    assert (entry["verdict"], entry["witness"], entry["good"], entry["tries"]) == ("missed", "missed 2", 2, 3)
    assert [one["verdict"] for one in entry["outcomes"]] == ["killed", "missed", "killed"]
    summary_of = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "summary.py"))["planted_bugs"]
    assert summary_of(tmp_path / "defects.json").failed == ["silent-tab: missed (2 of 3 tries were good): missed 2"]
    write(tried("killed"), tmp_path)
    assert summary_of(tmp_path / "defects.json").passed == 1
    assert "tries" not in (tmp_path / "index.html").read_text()
