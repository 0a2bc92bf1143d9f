"""Planting: an entry applies exactly once; judging: only the named law is a kill."""

from pathlib import Path

import pytest

from defects.catalog import CatalogError, Defect, clean
from defects.outcome import judge, violated_laws
from defects.report import summary, write


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
