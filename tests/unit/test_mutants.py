"""Mutants are real changes, drawn the same way each time, and their score counts what it says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mutants import platform, targets
from mutants.operators import mutations
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


def test_statements_lose_clauses() -> None:
    found = kinds('Q = "SELECT * FROM m WHERE id = $1 AND user_id = $2 FOR UPDATE"\n')["clause of a statement dropped"]
    assert 'Q = "SELECT * FROM m WHERE id = $1 FOR UPDATE"\n' in found
    assert 'Q = "SELECT * FROM m WHERE id = $1 AND user_id = $2"\n' in found


def test_words_for_people_stay() -> None:
    quiet = '"""It is < 1."""\nx: int | None\nraise ValueError(f"{a < 1}")\nlog.info("a", 1)\n'
    assert {kind for kind in kinds(quiet) if kind != "call dropped"} == set()


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


def test_journeys_that_killed_before_come_first() -> None:
    journeys = platform.Journeys(["01", "02", "03"])
    journeys.note("a.py", "03")
    journeys.note("b.py", "02")
    assert journeys.order("a.py") == ["03", "02", "01"]
    assert journeys.order("c.py") == ["02", "03", "01"]


def test_a_module_that_does_otherwise_is_noticed_and_the_same_is_not(tmp_path: Path) -> None:
    judge = targets.Judge(("core/json_path.py",), ("test_core_texts.py",))
    path = ROOT / "libraries" / "realstack" / "core" / "json_path.py"
    text = path.read_text(encoding="utf-8")
    assert not targets.noticed(ROOT, judge, path, text, tmp_path / "same")
    assert targets.noticed(ROOT, judge, path, text.replace("if not rest:", "if rest:", 1), tmp_path / "other")
