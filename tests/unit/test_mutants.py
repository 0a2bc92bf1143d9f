"""Mutants are real changes, drawn the same way each time, and their score counts what it says."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from mutants import measure, platform, targets
from mutants.operators import mutations
from mutants.reached import Reached, statements
from mutants.score import Mark, Result, interval, load, marks, save, summary, verdict

ROOT = Path(__file__).resolve().parents[2]


def kinds(text: str, suffix: str = ".py") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for change in mutations(text, suffix):
        found.setdefault(change.kind, []).append(change.applied(text))
    return found


def test_python_is_changed_at_its_syntax() -> None:
    found = kinds("if a < 1 and b:\n    f(x, y)\n")
    assert "if (a <= 1) and b:\n    f(x, y)\n" in found["boundary moved"]
    assert "if not (a < 1 and b):\n    f(x, y)\n" in found["condition negated"]
    assert found["condition widened"] == ["if (a < 1 or b):\n    f(x, y)\n"]
    assert set(found["clause dropped"]) == {"if (b):\n    f(x, y)\n", "if (a < 1):\n    f(x, y)\n"}
    assert found["call dropped"] == ["if a < 1 and b:\n    pass\n"]
    assert found["arguments swapped"] == ["if a < 1 and b:\n    f(y, x)\n"]
    assert found["constant changed"] == ["if a < 2 and b:\n    f(x, y)\n"]
    assert "arguments swapped" not in kinds("a = max(x, y)\n"), "the larger of two is the same either way round"


def test_statements_lose_clauses() -> None:
    found = kinds('Q = "SELECT * FROM m WHERE id = $1 AND user_id = $2 FOR UPDATE"\n')["clause of a statement dropped"]
    assert 'Q = "SELECT * FROM m WHERE id = $1 FOR UPDATE"\n' in found
    assert 'Q = "SELECT * FROM m WHERE id = $1 AND user_id = $2"\n' in found


def test_words_for_people_stay() -> None:
    quiet = '"""It is < 1."""\nx: int | None\nraise ValueError(f"{a < 1}")\nlog.info("a", 1)\n'
    assert kinds(quiet) == {}


def test_a_violation_that_is_not_told_is_a_mutant() -> None:
    assert kinds('findings.violated("x", at)\n') == {"call dropped": ["pass\n"]}


@pytest.mark.parametrize(
    ("suffix", "text", "changed"),
    [
        (".js", "if (a === b && c) await d();\n", "if (a !== b && c) await d();\n"),
        (".js", "await d();\n", "d();\n"),
        (".template", "  add_header X-Frame-Options DENY;\n  root /x;\n", "\n  root /x;\n"),
    ],
)
def test_other_sources_are_changed_at_their_tokens(suffix: str, text: str, changed: str) -> None:
    assert changed in [found for group in kinds(text, suffix).values() for found in group]


def test_remarks_in_javascript_stay() -> None:
    assert mutations("// a === b\n", ".js") == []


def test_mutants_of_all_sources_can_be_read() -> None:
    # Some of them, since there are thousands.
    for path in [*(path for path, _ in targets.files(ROOT)), *platform.files(ROOT)]:
        text = path.read_text(encoding="utf-8")
        for change in mutations(text, path.suffix)[::97]:
            assert change.applied(text) != text
            if path.suffix == ".py":
                ast.parse(change.applied(text))


def result(*, killed: bool = False, before: str = "a < b") -> Result:
    return Result("libraries/x.py", 7, "boundary moved", before, "a <= b", killed)


def test_the_score_leaves_out_what_nobody_could_see() -> None:
    known = {("libraries/x.py", "c < d", "a <= b"): Mark("libraries/x.py", "c < d", "a <= b", "equivalent", "never equal")}
    results = [result(killed=True), result(), result(before="c < d")]
    assert [verdict(one, known) for one in results] == ["killed", "gap", "equivalent"]
    assert "1 of    2 killed: 50%" in summary(results, known)[0]
    assert "1 equivalent" in summary(results, known)[0]


def test_the_interval_is_wilsons() -> None:
    low, high = interval(80, 100)
    assert (round(low, 3), round(high, 3)) == (0.711, 0.867)
    assert interval(0, 0) == (0.0, 1.0)


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    results = [result(killed=True), result(before="<script>")]
    save(results, tmp_path, "judges-1", {})
    assert load(tmp_path / "judges-1.json") == results
    assert load(tmp_path / "other.json") == []
    page = (tmp_path / "judges-1.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


def test_what_was_looked_at_has_a_verdict_and_a_reason() -> None:
    for mark in marks(ROOT / "tests" / "mutants" / "looked_at.yaml").values():
        assert mark.verdict in {"equivalent", "cosmetic", "gap"}
        assert len(mark.reason) > 10


REACHED = Reached(
    {"01::cheap": 1.0, "01::dear": 9.0, "02::other": 2.0, "02::page": 5.0},
    {
        "auth/a.py": {1: frozenset(), 2: frozenset({"01::cheap", "01::dear"}), 3: frozenset({"02::other"})},
        "frontend/www/js/a.js": {1: frozenset({"02::page"}), 3: frozenset()},
    },
)


def test_tests_that_run_a_line_are_known() -> None:
    assert REACHED.tests("auth/a.py", [2, 3]) == {"01::cheap", "01::dear", "02::other"}
    assert REACHED.tests("auth/a.py", [9]) is None
    # What only a service's start runs may matter to all that the file does.
    assert REACHED.tests("auth/a.py", [1]) == {"01::cheap", "01::dear", "02::other"}
    assert REACHED.tests("frontend/nginx.conf.template", [1]) == REACHED.seconds.keys()
    assert REACHED.tests("frontend/www/js/a.js", [1]) == {"02::page"}
    assert REACHED.tests("frontend/www/js/a.js", [3]) is None
    assert REACHED.tests("frontend/www/js/a.js", []) == {"02::page"}


def test_what_was_measured_is_kept(tmp_path: Path) -> None:
    REACHED.save(tmp_path / "reached.json")
    assert Reached.load(tmp_path / "reached.json") == REACHED


def test_tests_come_by_suite_and_cost_and_within_the_budget() -> None:
    assert REACHED.order(REACHED.seconds, 100) == ["01::cheap", "01::dear", "02::other", "02::page"]
    assert REACHED.order(REACHED.seconds, 10) == ["01::cheap", "02::other"]
    assert REACHED.order(REACHED.seconds, 100, likely={"02::page"}) == ["01::cheap", "01::dear", "02::page", "02::other"]
    assert REACHED.order(["01::dear"], 1) == ["01::dear"]


def test_a_statement_is_all_of_its_lines_and_of_one_with_a_body_those_before() -> None:
    found = statements("x = (\n    1,\n)\nif (\n    x\n):\n    y = 1\n")
    assert {line: (lines[0], lines[-1]) for line, lines in found.items()} == {
        **dict.fromkeys((1, 2, 3), (1, 3)),
        **dict.fromkeys((4, 5, 6), (4, 6)),
        7: (7, 7),
    }


def test_the_block_of_a_line_of_the_page_is_the_innermost() -> None:
    text = "a(() => {\n  if (b) {\n    c();\n  }\n  d();\n});\ne();\n"
    assert platform.block(text, 3, [1, 2]) == [2]
    assert platform.block(text, 5, [1, 2]) == [1]
    assert platform.block(text, 7, [1, 2]) == []


def test_the_page_can_be_measured(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docker", tmp_path / "docker")
    blocks = measure.instrument(tmp_path / "docker", tmp_path)
    assert len(blocks) > 300
    for file, line in blocks[::40]:
        assert (tmp_path / "docker" / file).read_text(encoding="utf-8").splitlines()[line - 1].endswith(");")


def test_a_measuring_run_that_came_to_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "docker").symlink_to(ROOT / "docker")  # no suites
    (tmp_path / "folder").mkdir()
    with pytest.raises(RuntimeError, match="Robot ended with 252"):
        measure.measured(tmp_path, tmp_path / "folder")


OUTPUT = """<robot><suite name="S" source="/s/02.robot">
<test name="T"><status status="FAIL">{message}</status></test>
</suite></robot>"""


@pytest.mark.parametrize(
    ("message", "killed"),
    [
        ("exactly-once violated: m1 must", True),
        ("INVALID: the machine was too busy", False),
        ("Test timeout 5 seconds exceeded.", False),
    ],
)
def test_what_was_late_or_no_verdict_kills_nothing(tmp_path: Path, message: str, killed: bool) -> None:
    output = tmp_path / "output.xml"
    output.write_text(OUTPUT.format(message=message), encoding="utf-8")
    said = platform.judged("", output)
    assert said is not None
    assert said.killed == killed
    assert said.by == f"02::T: {message}"


def test_a_module_that_does_otherwise_is_noticed_and_the_same_is_not(tmp_path: Path) -> None:
    tests = ["tests/unit/test_core_texts.py"]
    path = ROOT / "libraries" / "realstack" / "core" / "json_path.py"
    text = path.read_text(encoding="utf-8")
    assert not targets.noticed(ROOT, tests, path, text, tmp_path / "same")
    assert targets.noticed(ROOT, tests, path, text.replace("if not rest:", "if rest:", 1), tmp_path / "other")
