"""What a run came to, read from its output.xml."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree

_LAW = re.compile(r"(?P<violations>\d+) violations?$")
_JOURNEY = re.compile(r"\d\d")

BUSY = "INVALID: the machine was too busy"
"""What the message of a test begins with that is no verdict, because others used the machine."""


class Verdict(StrEnum):
    """How a test ended. INVALID is neither a pass nor a verdict on the platform."""

    PASSED = "passed"
    FAILED = "failed"
    INVALID = "INVALID"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Test:
    """One test.

    Attributes:
        id: Robot's id, by which log.html has it.
        suite: Name of the suite that holds it.
        name: Its name.
        verdict: How it ended.
        seconds: How long it took.
        message: Why it did not pass.
        laws: What was judged: the law's id, and what was counted.
    """

    id: str
    suite: str
    name: str
    verdict: Verdict
    seconds: float
    message: str
    laws: dict[str, str]

    @property
    def reason(self) -> str:
        """Why it did not pass in one line, without the figures of a busy machine: equal reasons are counted together."""
        return BUSY if self.message.startswith(BUSY) else self.message.strip().split("\n", maxsplit=1)[0] or "no message"


@dataclass
class Journey:
    """The tests of one journey, whose suites' names begin with the same number."""

    name: str
    tests: list[Test] = field(default_factory=list)

    def count(self, verdict: Verdict) -> int:
        """How many tests ended so."""
        return sum(test.verdict is verdict for test in self.tests)

    @property
    def verdict(self) -> Verdict:
        """The worst of its tests."""
        order = (Verdict.FAILED, Verdict.INVALID, Verdict.PASSED, Verdict.SKIPPED)
        return next(verdict for verdict in order if self.count(verdict))

    @property
    def slowest(self) -> Test:
        """Its longest test."""
        return max(self.tests, key=lambda test: test.seconds)

    @property
    def laws(self) -> dict[str, tuple[int, int]]:
        """In how many tests each law was judged, and how many violations were found."""
        found: dict[str, tuple[int, int]] = {}
        for test in self.tests:
            for law, tally in test.laws.items():
                match = _LAW.search(tally)
                if match:
                    judged, violations = found.get(law, (0, 0))
                    found[law] = judged + 1, violations + int(match["violations"])
        return dict(sorted(found.items()))


@dataclass
class Run:
    """A whole run.

    Attributes:
        journeys: By their suites' order.
        facts: The top suite's metadata: platform, services and versions.
    """

    journeys: list[Journey]
    facts: dict[str, str]

    @property
    def tests(self) -> list[Test]:
        """All tests."""
        return [test for journey in self.journeys for test in journey.tests]

    def count(self, verdict: Verdict) -> int:
        """How many tests ended so."""
        return sum(test.verdict is verdict for test in self.tests)

    @property
    def only_too_busy(self) -> bool:
        """Whether tests failed, and each of them because the machine was too busy."""
        failed = [test for test in self.tests if test.verdict in (Verdict.FAILED, Verdict.INVALID)]
        return bool(failed) and all(test.message.startswith(BUSY) for test in failed)

    def reasons(self, verdict: Verdict) -> list[tuple[str, int]]:
        """Why tests ended so, the commonest reason first."""
        return Counter(test.reason for test in self.tests if test.verdict is verdict).most_common()


def read(output: Path) -> Run:
    """Read a run.

    Raises:
        OSError: There is no such file.
        xml.etree.ElementTree.ParseError: It is not whole.
    """
    journeys: dict[str, Journey] = {}
    facts: dict[str, str] = {}
    suites: list[str] = []
    for event, element in ElementTree.iterparse(output, events=("start", "end")):  # noqa: S314 -- written by our own run
        if event == "start" and element.tag == "suite" and element.get("source"):
            suites.append(element.get("name", ""))
        elif event == "end" and element.tag == "suite" and element.get("source"):
            suites.pop()
            if not suites:
                facts = dict(_metadata(element))
        elif event == "end" and element.tag == "test":
            test = _test(element, suites[-1])
            number = _JOURNEY.match(test.suite)
            key = number[0] if number else test.suite
            journey = journeys.setdefault(key, Journey(test.suite))
            journey.tests.append(test)
            # A journey of several suites is called after the one with its scenario from start to end.
            if any(tag.text == "critical" for tag in element.findall("tag")):
                journey.name = test.suite
            element.clear()
        elif event == "end" and element.tag == "kw":
            element.clear()
    return Run(list(journeys.values()), facts)


def _test(element: ElementTree.Element, suite: str) -> Test:
    status = element.find("status")
    attributes = {} if status is None else status.attrib
    message = "" if status is None else status.text or ""
    verdict = {"PASS": Verdict.PASSED, "SKIP": Verdict.SKIPPED}.get(attributes.get("status", ""), Verdict.FAILED)
    if verdict is Verdict.FAILED and message.startswith("INVALID"):
        verdict = Verdict.INVALID
    laws = {name: tally for name, tally in _metadata(element) if _LAW.search(tally)}
    return Test(
        element.get("id", ""), suite, element.get("name", ""), verdict, float(attributes.get("elapsed", 0)), message, laws
    )


def _metadata(element: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for meta in element.findall("meta"):
        yield meta.get("name", ""), meta.text or ""
