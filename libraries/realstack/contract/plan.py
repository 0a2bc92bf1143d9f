"""Which tests will run on a platform, and which are skipped for want of what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

from realstack.browser.description import Description
from realstack.platform.adapter import NO_PAGE, PAGES, WANTS, Adapter

_HEADINGS = re.compile(
    r"^(?:(?:Parent suite setup|Setup|Teardown|Also parent suite setup) failed:\s*|Several failures occurred:\s*)+"
)
"""What Robot Framework says before what went wrong."""
_NUMBERS = re.compile(r"(?:^|\n\n)\d+\) ")
"""What it has before each of several things that went wrong."""
_GUESS = re.compile(r" Did you try using keyword .*$")
"""What it guesses where a name has a dot or a longer word in it."""
_UNKNOWN = re.compile(r"No keyword with name '(.+?)' found")
_KEYWORD = re.compile(r"(?m)^(?![*#\s])(.+?)[ \t]*$")
PAGE = "page"
"""What stands for a page among the capabilities that a platform may lack."""
OF_PAGES = ("Page Should Have", "Get Selector")
"""Keywords that can't do without an element of the page; its name comes first, then the values that are asked for."""
OPTIONS = {"at_least", "exactly", "visible", "timeout"}
"""Their arguments that are no values."""


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """A test as a dry run tells of it.

    Attributes:
        journey: The number and name of its suite's file, without what stands behind them: ``02 Tabs``.
        name: The test.
        tags: Its tags.
        problems: What the dry run says of it: keywords that there are not, arguments that they do not take; none when it is fine.
        elements: The elements of the page that it can't do without, and of these the values, as ``element.value``.
        of_pages: What is wrong with how its suite makes a browser ready: no problem of a platform without a page.
    """

    journey: str
    name: str
    tags: tuple[str, ...]
    problems: tuple[str, ...] = ()
    elements: frozenset[str] = frozenset()
    of_pages: frozenset[str] = frozenset()

    @property
    def wants(self) -> tuple[str, ...]:
        """The capabilities that it asks for, and whether it opens a page."""
        wanted = tuple(tag.removeprefix(WANTS) for tag in self.tags if tag.startswith(WANTS))
        return (*wanted, PAGE) if PAGES in self.tags else wanted


@dataclass(slots=True)
class Journey:
    """One journey's tests on a platform: those that will run, and those that are skipped, with the capabilities they lack."""

    name: str
    runs: list[PlannedTest] = field(default_factory=list)
    skipped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    wants: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Plan:
    """All journeys on a platform.

    Attributes:
        adapter: The platform.
        journeys: Each with its tests.
        problems: What is wrong with keywords, and the tests with it.
        unwritten: Files without which no test can run, and that are not there.
        examples: Where the other adapter has keywords, by their names in small letters.
        undescribed: Elements of the page, or ``element.value``, that its description lacks, and the tests that need them.
    """

    adapter: Adapter
    journeys: list[Journey] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)
    undescribed: dict[str, list[str]] = field(default_factory=dict)
    unwritten: list[str] = field(default_factory=list)
    examples: dict[str, Path] = field(default_factory=dict)

    def can_come_through(self, tag: str) -> bool:
        """Whether any of the tests of that tag that will run has all that it calls."""
        tried = [test for journey in self.journeys for test in journey.runs if tag in test.tags]
        return not self.unwritten and any(not test.problems for test in tried)

    def example_of(self, problem: str) -> Path | None:
        """Where another adapter has the keyword that is missing, if that is the problem and one has it."""
        unknown = _UNKNOWN.search(problem)
        return self.examples.get(unknown[1].casefold()) if unknown else None

    @property
    def missing(self) -> dict[str, str]:
        """Capabilities that the platform lacks, each with the reason."""
        lacking = {name: reason for name, reason in self.adapter.capabilities.items() if reason}
        return lacking | ({PAGE: NO_PAGE} if self.adapter.pageless else {})


def keywords_in(folder: Path) -> dict[str, Path]:
    """The keywords of an adapter, by their names in small letters: the file that has each."""
    return {
        name.casefold(): file
        for file in sorted(folder.rglob("*.resource"))
        for name in _KEYWORD.findall(file.read_text(encoding="utf-8").partition("*** Keywords ***")[2])
    }


def read(output: Path) -> list[PlannedTest]:
    """The tests of a dry run's output."""
    return list(_tests(ElementTree.parse(output).getroot().find("suite"), ()))  # noqa: S314 - Robot wrote it just now


def _tests(
    suite: ElementTree.Element | None, above: tuple[str, ...], of_pages: frozenset[str] = frozenset()
) -> Iterator[PlannedTest]:
    if suite is None:
        return
    names = (*above, suite.get("name", ""))
    for setup in suite.findall("kw[@type='SETUP']"):
        of_pages |= frozenset(_problems_under(setup, PAGES))
    for test in suite.findall("test"):
        status = test.find("status")
        failed = status is not None and status.get("status") == "FAIL"
        said = (status.text or "" if status is not None else "").strip()
        tags = tuple(tag.text or "" for tag in test.findall("tag"))
        elements = frozenset(_elements(test))
        journey, wrong = names[min(1, len(names) - 1)], problems(said) if failed else ()
        yield PlannedTest(journey, test.get("name", ""), tags, wrong, elements, of_pages)
    for inner in suite.findall("suite"):
        yield from _tests(inner, names, of_pages)


def _problems_under(setup: ElementTree.Element, tag: str) -> Iterator[str]:
    """What is wrong with keywords of that tag, or with what they call."""
    for keyword in setup.iter("kw"):
        status = keyword.find("status")
        if status is not None and status.get("status") == "FAIL" and tag in (one.text for one in keyword.findall("tag")):
            yield from problems(status.text or "")


def problems(said: str) -> tuple[str, ...]:
    """Each thing that Robot found wrong with a test, once, in one line."""
    parts = (_HEADINGS.sub("", part.strip()) for part in _NUMBERS.split(_HEADINGS.sub("", said)))
    lines = (_GUESS.sub("", ", ".join(line.strip() for line in part.splitlines() if line.strip())) for part in parts)
    return tuple(dict.fromkeys(line.replace(":,", ":") for line in lines if line))


def _elements(test: ElementTree.Element) -> Iterator[str]:
    for keyword in test.iter("kw"):
        if keyword.get("name") not in OF_PAGES:
            continue
        element, *others = [argument.text or "" for argument in keyword.findall("arg")] or [""]
        yield element
        for name, is_named, _ in (other.partition("=") for other in others):
            if is_named and name not in OPTIONS:
                yield f"{element}.{name}"


def make(adapter: Adapter, tests: list[PlannedTest], page: Description | None = None) -> Plan:
    """Sort tests by journey, into those that run and those that don't.

    Args:
        adapter: The platform.
        tests: All of them.
        page: The description of its page.
    """
    needed = (adapter.vocabulary, adapter.resource)
    plan = Plan(adapter, unwritten=[file.name for file in needed if not file.is_file()])
    journeys: dict[str, Journey] = {}
    for planned in tests:
        test = planned
        if PAGE in plan.missing:
            test = replace(planned, problems=tuple(one for one in planned.problems if one not in planned.of_pages))
        number = re.match(r"\d+", test.journey)
        key = number[0] if number else test.journey
        journey = journeys.setdefault(key, Journey(test.journey))
        if "critical" in test.tags:
            journey.name = test.journey
        journey.wants.update(test.wants)
        lacks = tuple(name for name in test.wants if name in plan.missing)
        if lacks:
            journey.skipped[test.name] = lacks
        else:
            journey.runs.append(test)
            for problem in test.problems:
                plan.problems.setdefault(problem, []).append(test.name)
            for gap in {page.gap(element) for element in test.elements} - {""} if page is not None else ():
                plan.undescribed.setdefault(gap, []).append(test.name)
    plan.journeys = list(journeys.values())
    return plan
