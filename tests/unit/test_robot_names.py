"""Keywords are named after what they do, and values stay values: what robocop's rules of style don't know.

Acts are imperatives, checks contain *Should*, readings begin with *Get*, and what makes a thing is named by the thing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from robot.api import get_model, get_resource_model, parsing
from robot.api.parsing import Token
from robot.libdocpkg import LibraryDocumentation

import realstack

ROOT = Path(__file__).resolve().parents[2]
RESOURCES = sorted((ROOT / "resources").rglob("*.resource"))
SUITES = sorted((ROOT / "suites").glob("*.robot"))
KEYWORD_TESTS = sorted(path for kind in ("*.robot", "*.resource") for path in (ROOT / "tests" / "keywords").rglob(kind))
ROBOT_FILES = [*RESOURCES, *SUITES, *KEYWORD_TESTS]
LIBRARIES = [name for name in realstack.__all__ if name[0].isupper()]

_VERBS = """
abort accept add answer ask attach begin break carry change chat check choose close commit count create cut damage decode
define delete discard do downgrade end ensure exchange execute export fill follow forge forget give half halt heal hold inject
judge kill knock leave let limit log look lose make mark note open pause prepare press probe promise publish push query
reconnect record refresh refuse register release reload remember remove rename request reset restart restore resume revoke
rollback run say send set shift shorten show sign sleep slice slow stall start stop switch take tell terminate try type upgrade
upload use verify wait warm watch withdraw write
"""
IMPERATIVES = frozenset(_VERBS.split())
"""Verbs that keywords may begin with. A new one is added here by whoever needs it, which is the moment to think of its name."""
REMEDY = "an act begins with a verb (a new one is added to _VERBS), a reading with Get, a check contains Should"
OTHER_BEGINNINGS = frozenset({"a", "an", "get"})
HOUSE_WORDS = re.compile(r"(?i)(?<![a-z])(str(ik|uck)\w*|blow|liars?|lied|lying|mendable|luck)(?![a-z])")
"""Words that the field has others for: fault and inject or hit, misbehaving, retryable, jitter."""
EXPRESSIONS = {"evaluate", "shouldbetrue", "shouldnotbetrue", "setvariableif", "runkeywordif", "runkeywordunless"}
"""Keywords whose first argument Python evaluates."""
SPLICED = re.compile(r"(?<!\\)[$@&%]\{(?!\{)")
PYTHON = re.compile(r"[$@&]\{\{(.*?)\}\}(?!\})", re.DOTALL)
JAVASCRIPT = re.compile(r"=>|\bfunction\s*\(|(?<!\$)\b(document|window)\.\w+\s*[.(=\[]|\bquerySelector")
UNMASKED = re.compile(r"(?i)(RequestsLibrary\.)?(get|post|put|patch|delete|head|options|create (\w+ )*session)")
"""Keywords of RequestsLibrary that go past the sessions of Rest."""
KEYWORDS_OF_JAVASCRIPT = {"evaluatejavascript", "waitforfunction"}


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def plain(name: str) -> str:
    return name.casefold().replace(" ", "").replace("_", "").rsplit(".", 1)[-1]


def model(path: Path) -> parsing.File:
    return get_resource_model(path) if path.suffix == ".resource" else get_model(path)


class _Reader(parsing.ModelVisitor):  # type: ignore[misc]
    """The statements of a file, its keywords' names, and the values of its variables."""

    def __init__(self, path: Path) -> None:
        self.statements: list[parsing.Statement] = []
        self.keywords: list[str] = []
        self.values: list[tuple[int, str]] = []
        self.visit(model(path))

    def visit_Keyword(self, node: parsing.Keyword) -> None:  # noqa: N802 -- the visitor's interface
        self.keywords.append(node.name)
        self.generic_visit(node)

    def visit_Variable(self, node: parsing.Variable) -> None:  # noqa: N802
        self.values += [(node.lineno, value) for value in node.value]

    def visit_Statement(self, node: parsing.Statement) -> None:  # noqa: N802
        self.statements.append(node)


def cells(statement: parsing.Statement) -> list[str]:
    """The keyword's name and its arguments."""
    return [token.value for token in statement.data_tokens if token.type in (Token.KEYWORD, Token.NAME, Token.ARGUMENT)]


def expressions(statement: parsing.Statement) -> Iterator[str]:
    """What Python evaluates in a statement: conditions, arguments of `Evaluate` and its kind, inline expressions."""
    words = cells(statement)
    if isinstance(statement, parsing.IfHeader | parsing.ElseIfHeader | parsing.WhileHeader):
        yield statement.condition or ""
    elif isinstance(statement, parsing.KeywordCall) and plain(statement.keyword or "") in EXPRESSIONS and len(words) > 1:
        yield words[1]
    for word in words:
        yield from (found.group(1) for found in PYTHON.finditer(word))


@cache
@cache
def keywords_of(library: str) -> list[str]:
    """The names of a library's keywords, as Robot shows them."""
    return [keyword.name for keyword in LibraryDocumentation(f"realstack.{library}").keywords]


def well_named(name: str) -> bool:
    first = name.split(maxsplit=1)[0].casefold()
    return "Should" in name.split() or first in OTHER_BEGINNINGS or first in IMPERATIVES


@pytest.mark.parametrize("path", ROBOT_FILES, ids=short)
def test_keywords_are_named_after_what_they_do(path: Path) -> None:
    odd = [name for name in _Reader(path).keywords if not well_named(name)]
    assert not odd, "Acts are imperatives, checks contain Should, readings begin with Get, what makes a thing with A or An:\n" + (
        "\n".join(odd)
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_keywords_of_libraries_are_too(library: str) -> None:
    assert [name for name in keywords_of(library) if not well_named(name)] == [], REMEDY


def test_every_verb_is_used() -> None:
    names = [name for library in LIBRARIES for name in keywords_of(library)]
    names += [name for path in ROBOT_FILES for name in _Reader(path).keywords]
    used = {name.split(maxsplit=1)[0].casefold() for name in names}
    assert sorted(IMPERATIVES - used) == []


@pytest.mark.parametrize("path", [*RESOURCES, *SUITES], ids=short)
def test_the_fields_words_are_used(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [f"{number}: {line.strip()}" for number, line in enumerate(lines, 1) if HOUSE_WORDS.search(line)] == []


def test_python_uses_the_fields_words() -> None:
    found = [
        f"{short(path)}:{node.lineno}: {name}"
        for path in sorted((ROOT / "libraries").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _names(node)
        if HOUSE_WORDS.search(name.replace("_", " "))
    ]
    assert not found, "\n".join(found)


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.arg():
            return [node.arg]
        case ast.Name(ctx=ast.Store()):
            return [node.id]
        case ast.Attribute(ctx=ast.Store()):
            return [node.attr]
    return []


@pytest.mark.parametrize("path", [*RESOURCES, *SUITES], ids=short)
def test_no_keyword_is_called_by_a_variable(path: Path) -> None:
    read = _Reader(path)
    called = [
        f"{statement.lineno}: {words[0]}    {words[1] if len(words) > 1 else ''}"
        for statement in read.statements
        if isinstance(statement, parsing.KeywordCall) and (words := cells(statement))
        if "{" in words[0] or (plain(words[0]).startswith("runkeyword") and len(words) > 1 and "{" in words[1])
    ]
    assert not called, "Choose by IF what a word means; a keyword's name is no value:\n" + "\n".join(called)


def test_no_variable_holds_the_name_of_a_keyword() -> None:
    readers = {path: _Reader(path) for path in [*RESOURCES, *SUITES]}
    called = {token.value for read in readers.values() for one in read.statements for token in one.get_tokens(Token.KEYWORD)}
    # Of several words: `upload` is also a kind of work.
    names = {plain(name) for name in {*called, *(name for read in readers.values() for name in read.keywords)} if " " in name}
    found = [
        f"{short(path)}:{line}: {value}"
        for path, read in readers.items()
        for line, value in read.values
        if plain(value.rpartition("=")[2]) in names
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", ROBOT_FILES, ids=short)
def test_values_are_not_spliced_into_python(path: Path) -> None:
    found = [
        f"{statement.lineno}: {expression}"
        for statement in _Reader(path).statements
        for expression in expressions(statement)
        if SPLICED.search(expression) or "__import__" in expression
    ]
    assert not found, "Write $name, which is the value itself:\n" + "\n".join(found)


@pytest.mark.parametrize("path", ROBOT_FILES, ids=short)
def test_javascript_stands_in_files_of_its_own(path: Path) -> None:
    read = _Reader(path)
    words = [(statement.lineno, word) for statement in read.statements for word in cells(statement)]
    found = [
        f"{line}: {word}"
        for line, word in [*words, *read.values]
        if JAVASCRIPT.search(word) or plain(word) in KEYWORDS_OF_JAVASCRIPT
    ]
    assert not found, "Call Page Function calls a function of a file:\n" + "\n".join(found)


@pytest.mark.parametrize("path", [*RESOURCES, *SUITES], ids=short)
def test_rest_goes_through_sessions_that_mask(path: Path) -> None:
    """RequestsLibrary's own sessions, and its requests without one, write `Authorization` to the log."""
    called = [token for statement in _Reader(path).statements for token in statement.get_tokens(Token.KEYWORD, Token.NAME)]
    found = [f"{token.lineno}: {token.value}" for token in called if UNMASKED.fullmatch(token.value)]
    assert not found, "Use [Open Rest Session] and the keywords that end with On Session:\n" + "\n".join(found)


def test_rules_catch_what_they_are_for() -> None:
    good = ["Kill Redis", "Page Should Be Served", "Get Stored File", "A Signed In User", "An Odd File"]
    bad = ["Redis Is Gone", "Page Is Served", "Stored Messages", "The Same Again", "Names"]
    assert [name for name in [*good, *bad] if well_named(name)] == good
    assert all(SPLICED.search(text) for text in ["'${x}' in y", "@{list}[0]", "${x} > 3"])
    assert not any(SPLICED.search(text) for text in ["$x > 3", "f'{n} of {m}'", "{'a': $b}", "'\\${x}'"])
    assert all(
        UNMASKED.fullmatch(text) for text in ["GET", "Create Session", "create client cert session", "RequestsLibrary.Post"]
    )
    assert not any(UNMASKED.fullmatch(text) for text in ["GET On Session", "Get Session Cookies", "Open Rest Session"])
    assert all(JAVASCRIPT.search(text) for text in ["() => 1", "document.body.innerText", "function (a) {}"])
    assert not any(JAVASCRIPT.search(text) for text in ["=", ">=", "document.pdf", "$window.total_seconds()", "a function of"])
    assert all(HOUSE_WORDS.search(text) for text in ["Redis is struck", "the blow", "_strike", "mendable"])
    assert not any(HOUSE_WORDS.search(text) for text in ["what lies between", "blown", "a lucky number", "below"])
