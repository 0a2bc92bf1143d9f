"""Sum up the results of all steps: `N passed, N failed`, read from what the steps wrote.

A step with tests counts its tests; another counts as one. A step that ended badly without a failed test to show for it
counts as one failure, so that nothing that went wrong can look like success.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree


def robot_counts(file: Path) -> tuple[int, int]:
    """Passed and failed tests of a Robot Framework output.xml; skipped ones count as failed, for none may be."""
    for _, element in ElementTree.iterparse(file):  # noqa: S314 -- written by our own run
        if element.tag == "total":
            total = element.find("stat")
            if total is not None:
                return int(total.get("pass", 0)), int(total.get("fail", 0)) + int(total.get("skip", 0))
    return 0, 0


def junit_counts(file: Path) -> tuple[int, int]:
    """Passed and failed tests of a JUnit file; skipped ones count as failed."""
    passed = failed = 0
    for suite in ElementTree.parse(file).getroot().iter("testsuite"):  # noqa: S314 -- written by our own run
        tests, bad = int(suite.get("tests", 0)), sum(int(suite.get(kind, 0)) for kind in ("failures", "errors", "skipped"))
        passed, failed = passed + tests - bad, failed + bad
    return passed, failed


def defect_counts(file: Path) -> tuple[int, int]:
    """Planted bugs that were caught (or are listed as survivors) and journeys that passed without one, and the others."""
    outcomes = json.loads(file.read_text(encoding="utf-8"))
    outcomes = outcomes if isinstance(outcomes, list) else outcomes.get("outcomes", outcomes.get("defects", []))
    kept = sum(outcome["verdict"] in ("killed", "survivor", "clean") for outcome in outcomes)
    return kept, len(outcomes) - kept


def count(results: Path, step: str, code: int) -> tuple[int, int]:
    """Passed and failed tests of one step."""
    sources = {
        "unit": (junit_counts, results / "unit.xml"),
        "keywords": (robot_counts, results / "keywords" / "output.xml"),
        "trace": (robot_counts, results / "trace" / "output.xml"),
        "critical": (robot_counts, results / "output.xml"),
        "journeys": (robot_counts, results / "output.xml"),
        "defects": (defect_counts, results / "defects" / "defects.json"),
    }
    passed, failed = (0, 0) if step in sources else (int(code == 0), int(code != 0))
    if step in sources:
        read, file = sources[step]
        try:
            passed, failed = read(file)
        except (OSError, ElementTree.ParseError, ValueError, KeyError) as error:
            print(f"{step}: no result can be read ({error})")
        if code != 0 and failed == 0:
            failed = 1
        if code == 0 and passed == 0:
            failed += 1  # a step that ran nothing proves nothing
    return passed, failed


def main(results: Path) -> int:
    """Print a line for each step, and the sum as the last line."""
    all_passed = all_failed = 0
    for note in sorted((results / "steps").glob("*"), key=lambda path: path.stat().st_mtime):
        code, seconds = map(int, note.read_text(encoding="ascii").split())
        passed, failed = count(results, note.name, code)
        print(f"  {note.name:<16} {passed:5d} passed {failed:5d} failed {seconds:6d} s")
        all_passed, all_failed = all_passed + passed, all_failed + failed
    print(f"{all_passed} passed, {all_failed} failed")
    return 1 if all_failed or not all_passed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "results")))
