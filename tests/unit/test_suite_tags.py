"""Tests carry the tags of what they need and want, so that where it can't be had exactly those are left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
from robot.api import get_model, get_resource_model, parsing
from robot.parsing.model.statements import Statement

from realstack.platform.adapter import WANTS, find, known_capabilities
from realstack.platform.driver import Operation
from support.project import ADAPTERS

ROOT = Path(__file__).resolve().parents[2]
PROVIDER = find("reference", ADAPTERS, default="reference").provider
RESOURCES = [
    path
    for path in sorted((ROOT / "resources").rglob("*.resource"))
    if path.parent.name != "providers" or path.stem == PROVIDER  # of several providers one is imported
]
SUITES = sorted((ROOT / "suites").glob("*_*.robot"))
BROWSER = "needs-browser"
NEEDS = {
    "newcontext": BROWSER,
    "stopservice": Operation.RESTART.value,
    "startservice": Operation.RESTART.value,
    "restartservice": Operation.RESTART.value,
    "killservice": Operation.KILL.value,
    "pauseservice": Operation.PAUSE.value,
    "reloadservice": Operation.RELOAD.value,
    "cutlink": Operation.FAULTS.value,
    "waituntilrequestswait": Operation.FAULTS.value,
    "marklogs": Operation.LOGS.value,
    "getservicelog": Operation.LOGS.value,
    "waitforlogline": Operation.LOGS.value,
    "watchservices": Operation.PROCESSES.value,
    "getsharedfolder": Operation.FOLDERS.value,
}
"""Keywords of libraries, and what they ask of who runs the platform."""
WHERE_IT_IS_NEEDED = {"warmupthebrowser"}
"""Keywords that look themselves whether any test needs it."""
CASES = re.compile(r"\$\w+ == '([^']*)'(?: or (?=\$)|$)")
"""A condition that compares arguments with words: its branch is for those who are given one of them."""

Words = dict[frozenset[str], set[str]]
"""Names and arguments of a test or keyword, by the words of which one must be given for them to be reached; none for most."""
ALWAYS: frozenset[str] = frozenset()


class _Words(parsing.ModelVisitor):  # type: ignore[misc]
    """Every name and argument of each test and keyword; an argument may name a keyword (`Run Keyword And Return Status`)."""

    def __init__(self) -> None:
        self.tests: list[str] = []
        self.words: dict[str, Words] = {}
        self.tags: dict[str, set[str]] = {}
        self.shared: set[str] = set()
        self.setup: set[str] = set()
        self.template = ""

    def visit_TestTags(self, node: parsing.TestTags) -> None:  # noqa: N802 -- the visitor's interface
        self.shared |= set(node.values)

    def visit_SuiteSetup(self, node: Statement) -> None:  # noqa: N802
        self.setup |= _tokens(node)

    def visit_TestTemplate(self, node: Statement) -> None:  # noqa: N802
        self.template = _plain(node.value)

    def visit_TestCase(self, node: parsing.TestCase) -> None:  # noqa: N802
        self._take(node)
        self.tests.append(node.name)
        if not any(statement.type == parsing.Token.TEMPLATE for statement in node.body):
            self.words[node.name].setdefault(ALWAYS, set()).add(self.template)

    def visit_Keyword(self, node: parsing.Keyword) -> None:  # noqa: N802
        self._take(node)

    def _take(self, node: parsing.TestCase | parsing.Keyword) -> None:
        inner = _Statements()
        inner.visit(node)
        self.words[node.name], self.tags[node.name] = inner.words, inner.tags


class _Statements(parsing.ModelVisitor):  # type: ignore[misc]
    def __init__(self) -> None:
        self.words: Words = {}
        self.tags: set[str] = set()
        self._case = ALWAYS

    def visit_If(self, node: parsing.If) -> None:  # noqa: N802
        before = self._case
        self._case = _case(node.condition or "") or before
        for statement in (node.header, *node.body):
            self.visit(statement)
        self._case = before
        if node.orelse is not None:
            self.visit(node.orelse)

    def visit_Statement(self, node: Statement) -> None:  # noqa: N802
        if isinstance(node, parsing.Tags):
            self.tags |= set(node.values)
        else:
            self.words.setdefault(self._case, set()).update(_tokens(node))


def _case(condition: str) -> frozenset[str]:
    compared = CASES.sub("", condition)
    return frozenset(_plain(word) for word in CASES.findall(condition)) if not compared else ALWAYS


def _plain(name: str) -> str:
    return name.casefold().replace(" ", "").replace("_", "").rsplit(".", 1)[-1]


def _tokens(statement: Statement) -> set[str]:
    return {
        _plain(token.value)
        for token in statement.data_tokens
        if token.type in (parsing.Token.NAME, parsing.Token.KEYWORD, parsing.Token.ARGUMENT)
    }


@cache
def _read(path: Path) -> _Words:
    words = _Words()
    words.visit(get_resource_model(path) if path.suffix == ".resource" else get_model(path))
    return words


class _Project:
    """What a suite may call: the keywords of all resources and its own."""

    def __init__(self, suite: Path) -> None:
        self._keywords: dict[str, Words] = {}
        self._wants: dict[str, set[str]] = {}
        for path in [*RESOURCES, suite]:
            read = _read(path)
            self._keywords.update({_plain(name): words for name, words in read.words.items()})
            self._wants.update({_plain(name): wanted(tags) for name, tags in read.tags.items() if name not in read.tests})

    def needs(self, *begun: Words) -> set[str]:
        """The tags of all that a test with these words may come to do."""
        reached: set[str] = set()
        waiting = [case for words in begun for case in words.items()]
        while True:
            open_cases = [case for case in waiting if not case[0] or case[0] & reached]
            if not open_cases:
                needed = {NEEDS[word] for word in reached if word in NEEDS}
                return needed.union(*(self._wants[word] for word in reached if word in self._wants))
            waiting = [case for case in waiting if case not in open_cases]
            for _, words in open_cases:
                for word in words - reached - WHERE_IT_IS_NEEDED:
                    waiting += self._keywords.get(word, {}).items()
                reached |= words - WHERE_IT_IS_NEEDED


def wanted(tags: Iterable[str]) -> set[str]:
    return {tag for tag in tags if tag.startswith(WANTS)}


def needs_of_tests(suite: Path) -> Iterator[tuple[str, set[str], set[str]]]:
    """Each test's name, its tags, and the tags of what it and its suite's setup do."""
    read, project = _read(suite), _Project(suite)
    for name in read.tests:
        yield name, _tags(read.tags[name], read.shared), project.needs(read.words[name], {ALWAYS: read.setup})


def _tags(own: set[str], shared: set[str]) -> set[str]:
    """A test's tags; one that begins with a minus takes shared ones away."""
    away = [tag[1:] for tag in own if tag.startswith("-")]
    return {tag for tag in own | shared if not tag.startswith("-") and not any(fnmatch(tag, pattern) for pattern in away)}


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.stem)
def test_tests_carry_the_tags_of_what_they_do(suite: Path) -> None:
    missing = [f"{name}: {', '.join(sorted(needs - tags))}" for name, tags, needs in needs_of_tests(suite) if needs - tags]
    assert not missing, "\n".join(missing)


def test_no_test_asks_for_a_browser_in_vain() -> None:
    idle = [
        f"{suite.stem}: {name}"
        for suite in SUITES
        for name, tags, needs in needs_of_tests(suite)
        if BROWSER in tags and BROWSER not in needs
    ]
    assert not idle, "\n".join(idle)


def test_every_capability_is_wanted_and_only_those_are() -> None:
    known = {f"{WANTS}{name}" for name in known_capabilities(ADAPTERS)}
    assert {tag for suite in SUITES for _, tags, _ in needs_of_tests(suite) for tag in wanted(tags)} == known
    assert {tag for path in RESOURCES for tags in _read(path).tags.values() for tag in wanted(tags)} == known


def test_no_test_wants_a_capability_in_vain() -> None:
    """It would be skipped on a platform where it could run."""
    idle = [
        f"{suite.stem}: {name}: {', '.join(sorted(idle))}"
        for suite in SUITES
        for name, tags, needs in needs_of_tests(suite)
        if (idle := wanted(tags) - needs)
    ]
    assert not idle, "\n".join(idle)


def test_every_tag_of_a_need_is_told_to_who_points_the_suites_at_a_platform() -> None:
    told = (ROOT / "resources" / "adapters" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{tag}`" in told for tag in {*NEEDS.values(), *(operation.value for operation in Operation)})
    assert {*NEEDS.values()} == {BROWSER, *(operation.value for operation in Operation)}


def test_a_branch_is_reached_by_who_is_given_its_word() -> None:
    assert _case("$fault == 'link reset'") == {"linkreset"}
    assert _case("$step == 'event' or $fault == 'time-out'") == {"event", "time-out"}
    assert _case("$step == 'event' and $late") == _case("$number > 3") == ALWAYS
