"""`python -m glance.judged FOLDER [--strict]`: what the run whose results lie in a folder judged, and what never happened.

Writes coverage.html beside output.xml. A run is whole when every test of the suites passed; a strict one that is whole is INVALID
where a cell is empty that must not be. Of every other run is shown what it has.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from xml.etree import ElementTree

from robot.api import TestSuite

from realstack.core.errors import StackError

from . import coverage, coverage_page, run

ROOT = Path(__file__).resolve().parents[2]
SUITES = ROOT / "suites"
MOST_TOLD = 12
"""Empty cells that the console names."""


def main(folder: Path, *, strict: bool) -> int:
    """Write the page; returns 1 where it can't be made, or a whole and strict run left cells empty that must not be."""
    try:
        found = run.read(folder / "output.xml")
        texts = runpy.run_path(str(ROOT / "resources" / "texts.py"))["TEXTS"]
        judged = coverage.read((folder / "histories").glob("*.jsonl"), texts)
        wanted = coverage.declared(SUITES / "coverage.yaml")
    except (OSError, ElementTree.ParseError, StackError) as error:
        print(f"What was judged can't be told: {error}", file=sys.stderr)
        return 1
    whole = is_whole(found, SUITES)
    names = {journey.name[:2]: journey.name for journey in found.journeys}
    (folder / "coverage.html").write_text(coverage_page.html(judged, wanted, names, whole=whole), encoding="utf-8")
    empty = judged.empty(wanted) if whole else []
    if empty:
        told = [f"  {cell}" for cell in empty[:MOST_TOLD]]
        told += [f"  and {len(empty) - MOST_TOLD} more"] if len(empty) > MOST_TOLD else []
        told.insert(0, f"INVALID: nothing was judged where a whole run must have judged something, in {len(empty)} cells:")
        print("\n".join([*told, f"All: {folder / 'coverage.html'}"]))
    return 1 if empty and strict else 0


def is_whole(found: run.Run, suites: Path) -> bool:
    """Whether every test of the suites passed."""
    passed = {(test.suite, test.name) for test in found.tests if test.verdict is run.Verdict.PASSED}
    return {(test.parent.name, test.name) for test in TestSuite.from_file_system(suites).all_tests} <= passed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), strict="--strict" in sys.argv[2:]))
