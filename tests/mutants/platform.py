"""Mutants of the reference platform: the journeys must notice them.

A mutant is planted as the bugs of the catalog are. The tests that run its line are run on one platform, until one fails; which
law it is that notices does not matter here. What only came late, or was no verdict (`INVALID`), does not count.
"""

from __future__ import annotations

import fnmatch
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from robot.api import ExecutionResult, ResultVisitor
from robot.result import TestCase
from robot.result import TestSuite as RunSuite
from robot.running import TestSuite

from defects import catalog
from defects.catalog import Defect
from defects.runner import Runner

from .reached import Reached, statements

SOURCES = ("auth/*/*.py", "backend/*/*.py", "agent/*/**/*.py", "common/*/*.py", "frontend/**/*.js", "frontend/*.template")
"""Files of `docker/` that are changed."""
REACHED = "reached-platform.json"
"""Which tests run which lines, in the folder of results."""
BUDGET = 60.0
"""Seconds of tests on a platform without a bug, of all that run a mutant's line."""
NO_VERDICT = ("INVALID", "Test timeout", "Failure occurred and exit-on-failure")
"""What messages of tests begin with that say nothing of a mutant: late on a busy machine, or not run any more."""
NAME = "mutant"


def files(root: Path) -> list[Path]:
    """The platform's sources."""
    found = {path for pattern in SOURCES for path in (root / "docker").glob(pattern)}
    return sorted(path for path in found if not {"node_modules", "__pycache__", "tests"} & set(path.parts))


def block(text: str, line: int, firsts: Iterable[int]) -> list[int]:
    """The innermost block of a JavaScript text that a line is in, by the line that begins it, told by the indentation."""
    lines = text.splitlines()

    def indent(number: int) -> int:
        return len(lines[number - 1]) - len(lines[number - 1].lstrip())

    around = [first for first in firsts if first < line and indent(first) < indent(line)]
    inside = [first for first in around if all(indent(n) > indent(first) for n in range(first + 1, line) if lines[n - 1].strip())]
    return [max(inside)] if inside else []


def lines(file: str, text: str, line: int, reached: Reached) -> list[int]:
    """The lines that tell whether a line was run."""
    if file.endswith(".py"):
        return list(statements(text).get(line, range(line, line + 1)))
    return block(text, line, reached.lines.get(file, {}))


@dataclass(frozen=True, slots=True)
class Said:
    """What tests said about a mutant.

    Attributes:
        killed: Whether one failed for a reason of its own.
        by: Which, and what it said first; of one that only came late, this as well.
    """

    killed: bool
    by: str


class Journeys:
    """Runs journeys against mutants, one after the other.

    Args:
        root: The repository's root.
        results: Folder for the runs' logs.
        reached: Which tests run what.
    """

    def __init__(self, root: Path, results: Path, reached: Reached) -> None:
        self._results = results
        self._reached = reached
        self._order = results / "tests.json"
        self._bugs = catalog.load(root / "tests" / "defects" / "catalog", root / "suites")
        suites = TestSuite.from_file_system(root / "suites")
        self._critical = {f"{test.source.stem}::{test.name}" for test in suites.all_tests if "critical" in test.tags}
        modifier = f"{Path(__file__).with_name('chosen.py')}:{self._order}"
        self.runner = Runner(root, results, 1, ["--prerunmodifier", modifier, "--exitonfailure"])

    def _named(self, file: str, tests: Iterable[str]) -> set[str]:
        """Tests that the catalog names for bugs of the same file."""
        bugs = [bug for bug in self._bugs if bug.file == file and bug.test]
        return {
            test
            for bug in bugs
            for test in tests
            if any(fnmatch.fnmatch(test, f"{bug.journey}::{pattern}") for pattern in bug.test.splitlines())
        }

    async def noticed(self, file: str, text: str, changed: str, tests: frozenset[str]) -> Said:
        """Run the tests that run the changed line, as many as the budget allows, until one fails."""
        mutant = Defect(NAME, file, text, changed, "", "any", "")
        late = ""
        left = self._reached.order(tests, BUDGET, self._critical | self._named(file, tests))
        while left:
            self._results.mkdir(parents=True, exist_ok=True)
            self._order.write_text(json.dumps(left), encoding="utf-8")
            shutil.rmtree(self._results / NAME, ignore_errors=True)
            outcome = await self.runner.plant(mutant, Path(NAME))
            said = judged(outcome.witness, self._results / NAME / "output.xml")
            if said is None or said.killed:
                return said or Said(killed=False, by=late)
            late = said.by
            left = left[left.index(late.partition(": ")[0]) + 1 :]
        return Said(killed=False, by=late)


class _Verdict(ResultVisitor):  # type: ignore[misc]
    def __init__(self) -> None:
        self.said: Said | None = None

    def start_suite(self, suite: RunSuite) -> None:
        if suite.has_setup and suite.setup.failed and self.said is None:
            # A platform that does not even start is noticed as well.
            self.said = Said(killed=True, by=f"{suite.name}: {_first_line(suite.setup.message or suite.message)}")

    def visit_test(self, test: TestCase) -> None:
        if test.failed and (self.said is None or not self.said.killed):
            name = f"{test.parent.source.stem}::{test.name}"
            reason = test.message.removeprefix("Several failures occurred:\n\n1) ")
            if not reason.startswith(NO_VERDICT):
                self.said = Said(killed=True, by=f"{name}: {_first_line(reason)}")
            elif not reason.startswith(NO_VERDICT[-1]):
                self.said = Said(killed=False, by=f"{name}: {_first_line(reason)}")


def _first_line(message: str) -> str:
    return (message.strip().splitlines() or ["no message"])[0][:160]


def judged(witness: str, output: Path) -> Said | None:
    """What a run says of a mutant; None where all its tests passed.

    Args:
        witness: What is known of a run that wrote nothing.
        output: What it wrote.
    """
    if not output.is_file():
        return Said(killed=True, by=f"no verdict: {witness[:160]}")
    verdict = _Verdict()
    ExecutionResult(output).visit(verdict)
    return verdict.said
