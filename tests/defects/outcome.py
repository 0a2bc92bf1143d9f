"""What a journey said about a planted bug, read from its output.xml."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from robot.api import ExecutionResult, ResultVisitor
from robot.result import TestCase, TestSuite

from .catalog import INVALID, Defect

Verdict = Literal["killed", "missed", "survivor", "clean", "error"]

GOOD: frozenset[Verdict] = frozenset({"killed", "survivor", "clean"})
"""Verdicts that are as they should be."""

LONGEST_REASON = 600
"""Characters of the reason why a journey could not begin."""

_VIOLATED = re.compile(r"(?:^|\n)(?:\d+\)\s*)?([a-z]+(?:-[a-z]+)*) violated: (.*)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A bug and what became of it.

    Attributes:
        defect: The bug.
        verdict: ``killed`` by the named law; ``missed`` (passed, or failed otherwise); ``survivor``, a miss that the
            catalog admits; ``clean``: the platform without a bug passed; ``error``: the bug could not be planted, the run
            itself broke, or the platform without a bug failed.
        seconds: How long its run took, from the start of its platform on.
        laws: Every law that failed, by id.
        witness: The named law's own words, or what was seen instead.
        failed: Failed tests, by name.
        number: Which of its tries it was, from 1 on.
        log: Folder of its log, relative to that of the report.
    """

    defect: Defect
    verdict: Verdict
    seconds: float
    laws: tuple[str, ...] = ()
    witness: str = ""
    failed: tuple[str, ...] = ()
    number: int = 1
    log: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it is as it should be."""
        return self.verdict in GOOD


@dataclass(frozen=True, slots=True)
class Tries:
    """A bug and what became of it each time.

    Attributes:
        defect: The bug.
        outcomes: One for each try that was judged, in order; at least one.
    """

    defect: Defect
    outcomes: tuple[Outcome, ...]

    @property
    def good(self) -> int:
        """How many tries ended as they should."""
        return sum(outcome.is_good for outcome in self.outcomes)

    @property
    def telling(self) -> Outcome:
        """The try that speaks for all: the first that was not as it should be, or the first of all."""
        return next((outcome for outcome in self.outcomes if not outcome.is_good), self.outcomes[0])

    @property
    def seconds(self) -> float:
        """How long a try took on average."""
        return sum(outcome.seconds for outcome in self.outcomes) / len(self.outcomes)


def tries(outcomes: Iterable[Outcome]) -> list[Tries]:
    """Outcomes by bug, in the order in which the bugs come."""
    of: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        of.setdefault(outcome.defect.name, []).append(outcome)
    return [Tries(some[0].defect, tuple(sorted(some, key=lambda one: one.number))) for some in of.values()]


class _Failures(ResultVisitor):  # type: ignore[misc]
    def __init__(self) -> None:
        self.tests: list[TestCase] = []
        self.count = 0
        self.no_start = ""

    def start_suite(self, suite: TestSuite) -> None:
        if suite.has_setup and suite.setup.failed and not self.no_start:
            self.no_start = suite.setup.message or suite.message

    def visit_test(self, test: TestCase) -> None:
        self.count += 1
        if test.failed:
            self.tests.append(test)


def violated_laws(message: str) -> dict[str, str]:
    """The laws that a test's message names as violated, with the first line of each witness."""
    return {law: text.strip() for law, text in _VIOLATED.findall(message)}


def judge(defect: Defect, output: Path, seconds: float) -> Outcome:
    """Read a run's output.xml and say whether the named law caught the bug."""
    if not output.is_file():
        return Outcome(defect, "error", seconds, witness="The run wrote no output.xml.")
    failures = _Failures()
    ExecutionResult(output).visit(failures)
    if not failures.count:
        return Outcome(defect, "error", seconds, witness="The run held no test.")
    if failures.no_start:
        reason = " ".join(failures.no_start.split())[:LONGEST_REASON]
        return Outcome(defect, "error", seconds, witness=f"The journey could not begin: {reason}")
    if defect.is_clean:
        return _without_a_bug(defect, failures, seconds)
    return (_fault_off if defect.is_fault_off else _planted)(defect, failures, seconds)


def _without_a_bug(defect: Defect, failures: _Failures, seconds: float) -> Outcome:
    if not failures.tests:
        return Outcome(defect, "clean", seconds)
    first = failures.tests[0]
    line = (first.message.splitlines() or ["no message"])[0]
    seen = f"Without any bug, {len(failures.tests)} of {failures.count} tests failed: {first.name}: {line}"
    return Outcome(defect, "error", seconds, witness=seen, failed=tuple(test.name for test in failures.tests))


def _planted(defect: Defect, failures: _Failures, seconds: float) -> Outcome:
    laws: dict[str, str] = {}
    for test in failures.tests:
        laws.update(violated_laws(test.message))
    names = tuple(test.name for test in failures.tests)
    if defect.law in laws:
        return Outcome(defect, "killed", seconds, tuple(laws), laws[defect.law], names)
    if not names:
        seen = f"All {failures.count} tests passed."
    elif laws:
        seen = f"Other laws failed: {', '.join(laws)}."
    else:
        seen = f"{names[0]}: {failures.tests[0].message.splitlines()[0] if failures.tests[0].message else 'no message'}"
    return Outcome(defect, "survivor" if defect.survives else "missed", seconds, tuple(laws), seen, names)


def _fault_off(defect: Defect, failures: _Failures, seconds: float) -> Outcome:
    """A fault that does nothing is caught when every test that leans on it says so."""
    names = tuple(test.name for test in failures.tests)
    first_lines = [(test.name, (test.message.splitlines() or ["no message"])[0]) for test in failures.tests]
    other = [f"{name}: {line}" for name, line in first_lines if not line.startswith(INVALID)]
    if other or len(names) < failures.count:
        passed = f"{failures.count - len(names)} of {failures.count} tests passed. " if len(names) < failures.count else ""
        return Outcome(defect, "missed", seconds, witness=passed + " ".join(other[:1]), failed=names)
    return Outcome(defect, "killed", seconds, (INVALID,), first_lines[0][1].removeprefix(f"{INVALID}: "), names)
