"""What a run judged: laws by journey, fault and kind of data, and which cells must not be empty."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import CHAT, Story

from glance import coverage, coverage_page, judged
from glance.coverage import Cell, Coverage
from realstack.core.errors import StackError
from realstack.history.export import judgement, write
from realstack.history.laws import LAWS, judge
from realstack.recording.events import FaultBegun, ServiceChanged
from realstack.recording.recorder import Recording

TEXTS = [{"text": "Ταχίστη αλώπηξ", "kind": "scripts"}]


def told(folder: Path, name: str, story: Story, *laws: str) -> Path:
    """A history as a test leaves it, judged by some laws at its end."""
    recording = Recording(name)
    recording.began = 0.0
    for event in story.events:
        recording.add(event)
    for law in laws:
        recording.add(judgement(judge(law, story.history()), len(story.events), {}, at=story.now))
    path = folder / f"{len(list(folder.iterdir()))}.jsonl"
    write(path, recording, CHAT)
    return path


def said(text: str = "Hello", story: Story | None = None) -> Story:
    story = (story or Story()).tabs("ann", "one")
    return story.send("one", "m", text).ack("one", "m", 1).deliver("one", "m", 1, text=text)


def read(*files: Path) -> Coverage:
    return coverage.read(files, TEXTS)


def test_a_verdict_stands_under_its_journey_its_faults_and_its_data(tmp_path: Path) -> None:
    story = said("Ταχίστη αλώπηξ", Story().add("fault-on", "frontend", {"what": "drop, both, for at most 5 s"}))
    found = read(told(tmp_path, "Suites.04 Network.A Link", story, "from-somebody"))
    for cell in (
        Cell("from-somebody", "04", "link to frontend: drop, both", "texts: scripts"),
        Cell("from-somebody"),
        Cell(fault="link to frontend: drop, both"),
        Cell(),
    ):
        assert [one.test for one in found.of(cell)] == ["Suites.04 Network.A Link"], cell
    elsewhere = [Cell("exactly-once"), Cell(journey="03"), Cell(fault=coverage.NO_FAULT), Cell(data="texts: plain")]
    assert found.empty(elsewhere) == elsewhere


def test_what_comes_after_a_verdict_is_not_what_it_judged(tmp_path: Path) -> None:
    story = said()
    path = told(tmp_path, "Suites.02 Tabs.Two", story, "from-somebody")
    story.send("one", "m2", "Ταχίστη αλώπηξ").add("service", "redis", {"what": "killed"})
    later = told(tmp_path, "Suites.02 Tabs.Two", story, "exactly-once")
    found = read(path, later)
    assert found.empty([Cell("from-somebody", fault=coverage.NO_FAULT), Cell("exactly-once", fault="redis killed")]) == []
    assert found.of(Cell("from-somebody", data="texts: scripts")) == []
    assert coverage.looked_at(found.of(Cell("from-somebody")))["sent messages"] == 1


def test_an_invalid_verdict_judged_nothing(tmp_path: Path) -> None:
    assert read(told(tmp_path, "Suites.02 Tabs.None", Story().tabs("ann", "one"), "from-somebody")).judgements == []


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (ServiceChanged("backend-2", "killed", at=0.0), "backend killed"),
        (ServiceChanged("backend-2", "started", at=0.0), None),
        (FaultBegun("backend-1", "reset, both, for at most 30 s", at=0.0), "link to backend: reset, both"),
        (FaultBegun("wire", "latency to-service", at=0.0), "latency to-service"),
        (FaultBegun("lock workspace step", "lock", at=0.0), "lock"),
    ],
)
def test_faults_are_told_as_kinds(event: FaultBegun | ServiceChanged, name: str | None) -> None:
    assert coverage.fault(event) == name


def test_an_entry_means_all_combinations(tmp_path: Path) -> None:
    file = tmp_path / "coverage.yaml"
    file.write_text("- {laws: [converges, no-entry], faults: lock, journeys: ['01', '02']}\n- {laws: converges}\n")
    cells = coverage.declared(file)
    assert set(cells) == {
        Cell("converges"),
        *(Cell(law, journey, "lock") for law in ("converges", "no-entry") for journey in ("01", "02")),
    }
    assert str(cells[0]) == "converges × 01 × lock"


@pytest.mark.parametrize("entry", ["{laws: convergence}", "{law: converges}", "{}", "lock"])
def test_an_entry_that_means_nothing_is_explained(tmp_path: Path, entry: str) -> None:
    file = tmp_path / "coverage.yaml"
    file.write_text(f"- {entry}\n")
    with pytest.raises(StackError, match=r"coverage\.yaml"):
        coverage.declared(file)


def test_what_the_project_declares_is_of_laws_there_are() -> None:
    cells = coverage.declared(judged.SUITES / "coverage.yaml")
    assert {cell.law for cell in cells if cell.law} == set(LAWS), "each law must be judged somewhere"


def test_the_page_shows_what_is_empty_and_stays_text(tmp_path: Path) -> None:
    story = said().add("fault-on", "x", {"what": "<script>alert(1)</script>"})
    found = read(told(tmp_path, "Suites.02 Tabs.<b>", story, "from-somebody"))
    must = [Cell("from-somebody", journey="02"), Cell("converges", fault="lock")]
    page = coverage_page.html(found, must, {"02": "02 Tabs"}, whole=True)
    assert "<script>" not in page
    assert "<b>" not in page
    assert "1 of 2 cells that must not be empty have facts" in page
    assert "<li>converges × lock</li>" in page
    assert 'class="empty" title="converges × lock">0<' in page
    finer = coverage_page.html(found, [Cell("from-somebody", "02", "no fault", "texts: plain")], {}, whole=True)
    assert 'class="judged must" style="--much:10" title="from-somebody × 02:' in finer, "it lies in what must not be empty"
    partial = coverage_page.html(found, must, {}, whole=False)
    assert "Empty, and must not be" not in partial


OUTPUT = """<robot><suite id="s1" name="Suites" source="/s"><suite id="s1-s1" name="02 Tabs" source="/s/02_tabs.robot">
<test id="s1-s1-t1" name="Two"><status status="{}" elapsed="1"/></test></suite></suite></robot>"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole run of suites that have one test, which never judged what it must."""
    suites, folder = tmp_path / "suites", tmp_path / "results"
    suites.mkdir()
    (suites / "02_tabs.robot").write_text("*** Test Cases ***\nTwo\n    No Operation\n")
    (suites / "coverage.yaml").write_text("- {laws: converges}\n")
    (folder / "histories").mkdir(parents=True)
    told(folder / "histories", "Suites.02 Tabs.Two", said(), "from-somebody")
    (folder / "output.xml").write_text(OUTPUT.format("PASS"))
    monkeypatch.setattr(judged, "SUITES", suites)
    return folder


def test_a_whole_and_strict_run_that_left_a_cell_empty_is_invalid(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged.main(run, strict=True) == 1
    assert judged.main(run, strict=False) == 0
    out = capsys.readouterr().out
    assert out.count("INVALID: nothing was judged where a whole run must have judged something, in 1 cells:\n  converges\n") == 2
    assert "converges" in (run / "coverage.html").read_text()


@pytest.mark.parametrize("output", [OUTPUT.format("SKIP"), OUTPUT.format("FAIL"), OUTPUT.replace("Two", "Another")])
def test_a_run_that_is_not_whole_shows_what_it_has(run: Path, capsys: pytest.CaptureFixture[str], output: str) -> None:
    (run / "output.xml").write_text(output)
    assert judged.main(run, strict=True) == 0
    assert capsys.readouterr().out == ""


def test_without_results_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged.main(tmp_path, strict=False) == 1
    assert "can't be told" in capsys.readouterr().err
