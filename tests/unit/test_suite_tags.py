"""Tests carry the tags of what they need, so that who can't give it leaves out exactly those."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
from robot.api import get_model, get_resource_model, parsing
from robot.parsing.model.statements import Statement, Variable

from realstack.platform.driver import Operation

ROOT = Path(__file__).resolve().parents[2]
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
WHERE_IT_IS_NEEDED = {"abrowserhasshownthepage"}
"""Keywords that look themselves whether any test needs it."""


class _Words(parsing.ModelVisitor):  # type: ignore[misc]
    """Every name and argument of each test and keyword: arguments are often names of keywords (`Run Keyword`, templates)."""

    def __init__(self) -> None:
        self.tests: list[str] = []
        self.words: dict[str, set[str]] = {}
        self.tags: dict[str, set[str]] = {}
        self.tables: dict[str, dict[str, str]] = {}
        self.shared: set[str] = set()
        self.setup: set[str] = set()
        self.template = ""

    def visit_TestTags(self, node: parsing.TestTags) -> None:  # noqa: N802 -- the visitor's interface
        self.shared |= set(node.values)

    def visit_SuiteSetup(self, node: Statement) -> None:  # noqa: N802
        self.setup |= _tokens(node)

    def visit_TestTemplate(self, node: Statement) -> None:  # noqa: N802
        self.template = _plain(node.value)

    def visit_Variable(self, node: Variable) -> None:  # noqa: N802
        if node.name.startswith("&"):
            pairs = (value.partition("=") for value in node.value)
            self.tables[_plain(node.name[1:])] = {_plain(key): _plain(value) for key, _, value in pairs}

    def visit_TestCase(self, node: parsing.TestCase) -> None:  # noqa: N802
        self._take(node)
        self.tests.append(node.name)
        if not any(statement.type == parsing.Token.TEMPLATE for statement in node.body):
            self.words[node.name] |= {self.template}

    def visit_Keyword(self, node: parsing.Keyword) -> None:  # noqa: N802
        self._take(node)

    def _take(self, node: parsing.TestCase | parsing.Keyword) -> None:
        inner = _Statements()
        inner.visit(node)
        self.words[node.name], self.tags[node.name] = inner.words, inner.tags


class _Statements(parsing.ModelVisitor):  # type: ignore[misc]
    def __init__(self) -> None:
        self.words: set[str] = set()
        self.tags: set[str] = set()

    def visit_Statement(self, node: Statement) -> None:  # noqa: N802
        if isinstance(node, parsing.Tags):
            self.tags |= set(node.values)
        else:
            self.words |= _tokens(node)


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
    """What a suite may call: the keywords of all resources and its own, and tables of keywords' names."""

    def __init__(self, suite: Path) -> None:
        self._keywords: dict[str, set[str]] = {}
        self._tables: dict[str, dict[str, str]] = {}
        for path in [*(ROOT / "resources").glob("*.resource"), suite]:
            read = _read(path)
            self._keywords.update({_plain(name): words for name, words in read.words.items()})
            self._tables.update(read.tables)

    def needs(self, words: set[str]) -> set[str]:
        """The tags of all that a test with these words may come to do."""
        needs, reached, seen = set(), list(words), set()
        while reached:
            word = reached.pop()
            if word in seen or word in WHERE_IT_IS_NEEDED:
                continue
            seen.add(word)
            if word in NEEDS:
                needs.add(NEEDS[word])
            reached += self._keywords.get(word, ())
            # `${TABLE}[${step}]`: what the table has for the test's own words.
            table = self._tables.get(word.partition("[")[0].removeprefix("$"), {})
            reached += (name for key, name in table.items() if key in words)
        return needs


def needs_of_tests(suite: Path) -> Iterator[tuple[str, set[str], set[str]]]:
    """Each test's name, its tags, and the tags of what it and its suite's setup do."""
    read, project = _read(suite), _Project(suite)
    for name in read.tests:
        yield name, _tags(read.tags[name], read.shared), project.needs(read.words[name] | read.setup)


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


def test_every_tag_of_a_need_is_told_to_who_points_the_suites_at_a_platform() -> None:
    told = (ROOT / "resources" / "platforms" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{tag}`" in told for tag in {*NEEDS.values(), *(operation.value for operation in Operation)})
    assert {*NEEDS.values()} == {BROWSER, *(operation.value for operation in Operation)}
