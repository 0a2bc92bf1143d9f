"""A run at a glance: what is counted, and that nothing from a test can break the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from glance import __main__ as command
from glance.run import Verdict, read
from glance.views import console, html, markdown

OUTPUT = """<robot><suite id="s1" name="Suites" source="/suites">
<suite id="s1-s1" name="01 Login" source="/suites/01_login.robot">
<test id="s1-s1-t1" name="Signs In"><kw name="x"><msg>INVALID</msg><status status="FAIL" elapsed="9"/></kw>
<meta name="no-entry">2 refused entries, 0 violations</meta><meta name="note">free text</meta>
<status status="PASS" elapsed="1.5"/></test>
</suite>
<suite id="s1-s2" name="01 Login Refusals" source="/suites/01_login_refusals.robot">
<test id="s1-s2-t1" name="Is &lt;b&gt; Refused"><meta name="no-entry">1 refused entry, 1 violation</meta>
<status status="FAIL" elapsed="2.5">no-entry violated: &lt;script&gt;alert(1)&lt;/script&gt; | x
more</status></test>
</suite>
<suite id="s1-s3" name="02 Doors" source="/suites/02_doors.robot">
<test id="s1-s3-t0" name="D"><status status="PASS" elapsed="1"/></test>
</suite>
<suite id="s1-s3" name="02 Tabs" source="/suites/02_tabs.robot">
<test id="s1-s3-t1" name="A"><tag>critical</tag>
<status status="FAIL" elapsed="1">INVALID: the machine was too busy</status></test>
<test id="s1-s3-t2" name="B"><status status="FAIL" elapsed="1">INVALID: the machine was too busy</status></test>
<test id="s1-s3-t3" name="C"><status status="SKIP" elapsed="0">The platform has no replicas.</status></test>
</suite>
<meta name="redis">7.0.15, PID 1</meta>
</suite></robot>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "output.xml").write_text(OUTPUT)
    return tmp_path


def test_tests_are_counted_by_journey(folder: Path) -> None:
    run = read(folder / "output.xml")
    assert [journey.name for journey in run.journeys] == ["01 Login", "02 Tabs"]
    assert {verdict: run.count(verdict) for verdict in Verdict} == {
        Verdict.PASSED: 2,
        Verdict.FAILED: 1,
        Verdict.INVALID: 2,
        Verdict.SKIPPED: 1,
    }
    login, tabs = run.journeys
    assert (login.verdict, tabs.verdict) == (Verdict.FAILED, Verdict.INVALID)
    assert login.laws == {"no-entry": (2, 1)}
    assert login.slowest.name == "Is <b> Refused"
    assert run.facts == {"redis": "7.0.15, PID 1"}


def test_equal_reasons_are_told_once(folder: Path) -> None:
    told = console(read(folder / "output.xml"), "log.html", "index.html")
    assert "6 tests of 2 journeys: 2 passed, 1 failed, 2 INVALID, 1 skipped" in told
    assert "    2 INVALID: INVALID: the machine was too busy" in told
    assert "    1 skipped: The platform has no replicas." in told


def test_what_tests_say_stays_text(folder: Path) -> None:
    run = read(folder / "output.xml")
    shown = html(run)
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert 'href="log.html#s1-s2-t1"' in shown
    assert "\\| x" in markdown(run)


def test_the_command_writes_both_views(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(folder) == 0
    assert (folder / "index.html").exists()
    assert (folder / "summary.md").exists()
    assert str(folder / "index.html") in capsys.readouterr().out


def test_half_an_output_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "output.xml").write_text(OUTPUT[:200])
    assert command.main(folder) == 1
    assert "can't be read" in capsys.readouterr().err


def test_a_machine_that_was_too_busy_has_an_exit_code_of_its_own(folder: Path) -> None:
    busy = OUTPUT.replace("no-entry violated:", "INVALID: the machine was too busy: 0.1 of 2 cores,")
    (folder / "output.xml").write_text(busy)
    assert command.main(folder) == command.TOO_BUSY
    assert read(folder / "output.xml").reasons(Verdict.INVALID) == [("INVALID: the machine was too busy", 3)]
