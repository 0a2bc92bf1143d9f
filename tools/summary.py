"""Sum up the results of all steps: `N passed, N failed`, read from what the steps wrote.

A step with tests counts its tests; another counts as one. A step that ended badly without a failed test to show for it
counts as one failure, so that nothing that went wrong can look like success.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

LONGEST_MESSAGE = 300
"""Characters of a failure's message that are shown; the step's own report has all of it."""


@dataclass
class Tally:
    """What a step came to: how many passed, and what failed, each with its message."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)

    def add(self, name: str, good: bool, message: str | None = "") -> None:
        """Count one test."""
        if good:
            self.passed += 1
        else:
            self.failed.append(f"{name}: {' '.join((message or 'no message').split())[:LONGEST_MESSAGE]}")


def robot_tests(file: Path) -> Tally:
    """Tests of a Robot Framework output.xml; skipped ones count as failed, for none may be."""
    tally = Tally()
    for _, element in ElementTree.iterparse(file):  # noqa: S314 -- written by our own run
        if element.tag == "test":
            status = element.find("status")
            if status is not None:
                tally.add(element.get("name", ""), status.get("status") == "PASS", status.text)
            element.clear()
    return tally


def junit_tests(file: Path) -> Tally:
    """Tests of a JUnit file; skipped ones count as failed."""
    tally = Tally()
    for case in ElementTree.parse(file).getroot().iter("testcase"):  # noqa: S314 -- written by our own run
        bad = [child for child in case if child.tag in ("failure", "error", "skipped")]
        tally.add(f"{case.get('classname')}.{case.get('name')}", not bad, bad[0].get("message") if bad else "")
    return tally


def planted_bugs(file: Path) -> Tally:
    """Planted bugs that were caught (or are listed as survivors) and journeys that passed without one, and the others."""
    tally = Tally()
    for outcome in json.loads(file.read_text(encoding="utf-8")):
        verdict = outcome["verdict"]
        good = verdict in ("killed", "survivor", "clean")
        some = f" ({outcome['good']} of {outcome['tries']} tries were good)" if outcome["tries"] > 1 else ""
        tally.add(outcome["defect"]["name"], good, f"{verdict}{some}: {outcome['witness']}")
    return tally


SOURCES = {
    "package": (junit_tests, "package.xml"),
    "unit": (junit_tests, "unit.xml"),
    "keywords": (robot_tests, "keywords/output.xml"),
    "trace": (robot_tests, "trace/output.xml"),
    "critical": (robot_tests, "output.xml"),
    "journeys": (robot_tests, "output.xml"),
    "defects": (planted_bugs, "defects/defects.json"),
}
"""Steps that have tests, and where those are."""

UNTRIED = "defects/untried.json"


def tally_of(results: Path, step: str, code: int) -> Tally:
    """What one step came to."""
    ended = f"It ended with exit code {code}."
    if step not in SOURCES:
        return Tally(passed=int(code == 0), failed=[ended] if code else [])
    read, file = SOURCES[step]
    try:
        tally = read(results / file)
    except (OSError, ElementTree.ParseError, ValueError, KeyError) as error:
        return Tally(failed=[f"No result can be read ({error}). {ended}"])
    if code != 0 and not tally.failed:
        tally.failed.append(ended)
    if code == 0 and not tally.passed:
        tally.failed.append("It ran nothing, which proves nothing.")
    return tally


def not_tried(file: Path) -> list[str]:
    """Planted bugs that there was no time for; none where the file isn't there, as after Ctrl-C, which is told otherwise."""
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []


def main(results: Path) -> int:
    """Print a line for each step and each failure, and the sum as the last line."""
    passed, failures, untried = 0, [], []
    for note in sorted((results / "steps").glob("*"), key=lambda path: path.stat().st_mtime):
        code, seconds = map(int, note.read_text(encoding="ascii").split())
        tally = tally_of(results, note.name, code)
        print(f"  {note.name:<16} {tally.passed:5d} passed {len(tally.failed):5d} failed {seconds:6d} s")
        passed += tally.passed
        if note.name == "defects":
            untried = not_tried(results / UNTRIED)
        failures += [f"{note.name}: {failure}" for failure in tally.failed]
    if untried:
        print(f"No time for {len(untried)} planted bugs or clean journeys; `make defects` tries them: {', '.join(untried)}")
    print("\n".join([*failures, f"{passed} passed, {len(failures)} failed"]))
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "results")))
