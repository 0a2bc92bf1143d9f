"""The house keeps its own rules: layers, lengths, words, pins, documentation.

Rules of style for Robot files are robocop's (pyproject.toml); here is what no linter knows.
"""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from robot.api import get_model, get_resource_model
from robot.api.parsing import Keyword, LibraryImport, ResourceImport, Token, Variable
from robot.libdocpkg import LibraryDocumentation

import realstack

ROOT = Path(__file__).resolve().parents[2]
ASIDE = {Token.DOCUMENTATION, Token.TAGS, Token.TEST_TAGS, Token.COMMENT, Token.RESOURCE, Token.LIBRARY, Token.VARIABLES}
LONGEST_SUITE = 150
CODE = ("libraries", "docker", "tests", "tools", "suites", "resources", ".github", ".ci")

# Not `text=…`: what a page shows are the users' own words, and `text` is a common name of an argument.
SELECTOR = re.compile(r"(?i)(^|[=\s])(css|xpath|id|role|data-testid)=[^\s$]|^//|>>|\[data-|:nth-child|:has-text")
_STATEMENTS = r"\b(SELECT\s.+\sFROM|INSERT INTO|UPDATE\s\S+\sSET|DELETE FROM|ALTER TABLE|CREATE TABLE)\b"
# In capitals or in small letters; titles such as "Select The First From Many" are names.
_SMALL = re.sub(r"[A-Z]{2,}", lambda word: word[0].lower(), _STATEMENTS)
SQL = re.compile(f"(?s){_STATEMENTS}|{_SMALL}")
ROUTE = re.compile(r"(^|[\s=}])/(api|auth|ws|internal|health|\.well-known)(/|$|\?)")
PYTHON = re.compile(r"\$\{\{")
SECRET_NAME = re.compile(r"(?i)(^|_)(password|token|secret|cookie|dsn|verifier|authorization|api_?key|credential)s?$")
MACHINE = re.compile(r"/(work|farm)/[\w.]|/\.lib\w*|https?://(deb|files|registry|pypi)\.|/home/\w+/")


def files(*patterns: str, below: Iterable[str] = CODE) -> list[Path]:
    """The project's own files that match one of some patterns, by path."""
    found = {path for folder in below for pattern in patterns for path in (ROOT / folder).rglob(pattern)}
    return sorted(path for path in found if not {"__pycache__", "node_modules", ".venv"} & set(path.parts))


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


PYTHON_FILES = files("*.py")
PACKAGE = ROOT / "libraries" / "realstack"
SUITES = files("*.robot", below=["suites"])
RESOURCES = files("*.resource", below=["resources"])
REQUIREMENTS = [ROOT / "requirements.txt", *files("requirements*.txt", below=["docker", "tests"])]
LIBRARIES = sorted(set(realstack.__all__) - {"__version__"})


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[tuple[str, bool]]:
    """Every module that a file imports, and whether it does so inside of a function."""
    module = tree(path)
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inner = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in inner) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", id(node) in inner


def cells(path: Path, *kinds: str) -> Iterator[tuple[int, str]]:
    """Names and arguments in a Robot file (or only tokens of some kinds) with their line; documentation and tags aside."""
    model = get_resource_model(path) if path.suffix == ".resource" else get_model(path)
    for section in model.sections:
        for statement in _statements(section):
            if statement.type not in ASIDE:
                yield from ((token.lineno, token.value) for token in statement.data_tokens if not kinds or token.type in kinds)


def _statements(block: Any) -> Iterator[Any]:
    for item in getattr(block, "body", []):
        if hasattr(item, "data_tokens"):
            yield item
        else:
            header = getattr(item, "header", None)
            if header is not None:
                yield header
            yield from _statements(item)


def frame_types() -> set[str]:
    """The platform's own words for frames, from the vocabulary; single words are words of everybody."""
    vocabulary = yaml.safe_load((ROOT / "resources" / "adapters" / "reference" / "vocabulary.yaml").read_text())
    rules = [*vocabulary["frames"]["out"], *vocabulary["frames"]["in"]]
    kinds: set[str] = set()
    for rule in rules:
        named = rule["when"].get("type", [])
        kinds.update(named if isinstance(named, list) else [named])
    return {kind for kind in kinds if "_" in kind}


# Layers


@pytest.mark.parametrize("suite", SUITES, ids=short)
def test_suites_speak_the_users_words(suite: Path) -> None:
    kinds = re.compile(rf"\b({'|'.join(map(re.escape, sorted(frame_types())))})\b")
    facts = {"a selector": SELECTOR, "SQL": SQL, "a route": ROUTE, "a frame type": kinds, "Python": PYTHON}
    found = [
        f"{short(suite)}:{line}: {what}: {value}"
        for line, value in cells(suite)
        for what, pattern in facts.items()
        if pattern.search(value)
    ]
    assert not found, "Move these into a resource:\n" + "\n".join(found)


@pytest.mark.parametrize("suite", SUITES, ids=short)
def test_suites_know_only_resources(suite: Path) -> None:
    settings = [item for section in get_model(suite).sections for item in section.body]
    assert not [item.name for item in settings if isinstance(item, LibraryImport)], "a suite imports resources, not libraries"
    names = [item.name for item in settings if isinstance(item, ResourceImport)]
    assert all(name.startswith("../resources/") for name in names), names


def test_sql_stands_in_the_resources_of_stores() -> None:
    others = [
        path for path in RESOURCES if path.stem not in {"stores", "store_ages", "store_faults", "states", "ledger", "refreshes"}
    ]
    assert not [f"{short(path)}:{line}: {value}" for path in others for line, value in cells(path) if SQL.search(value)]


def is_keyword_layer(path: Path) -> bool:
    """Whether a module may know Robot Framework: a library's class, its keywords, a plugin of another, a modifier of runs."""
    inside = path.relative_to(PACKAGE)
    return path.name in {"library.py", "untimed.py"} or "keywords" in inside.parts or inside.parts[0] == "browser"


def test_engines_know_nothing_of_robot() -> None:
    of_robot = {"robot", "assertionengine", "Browser", "RequestsLibrary", "robotlibcore"}
    engine = [path for path in files("*.py", below=["libraries"]) if not is_keyword_layer(path)]
    found = [f"{short(path)}: {name}" for path in engine for name, _ in imported(path) if name.split(".")[0] in of_robot]
    assert not found, f"only keyword libraries import Robot: {found}"


def test_nothing_below_the_roof_imports_it() -> None:
    roof = {"history", "contract", "draft", "__main__.py"}
    below = [path for path in files("*.py", below=["libraries"]) if path.relative_to(PACKAGE).parts[0] not in roof]
    found = [f"{short(path)}: {name}" for path in below for name, _ in imported(path) if name.startswith("realstack.history")]
    assert not found, f"judging stands on recording, nothing stands on judging: {found}"


def names_and_texts(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name and every text in code; documentation aside, whose examples may be of anything."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    # A text that stands alone documents the name before it.
    documentation |= {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield line, node.value
        for kind in ("id", "attr", "arg", "name"):
            if isinstance(name := getattr(node, kind, None), str):
                yield line, name


def test_only_the_roof_knows_chats() -> None:
    words = re.compile(rf"(?i)(^|[\W_])({'|'.join(['chat', 'canary', 'thread_id', *sorted(frame_types())])})s?($|[\W_])")
    roof = {"history", "contract", "draft", "__main__.py"}
    below = [path for path in files("*.py", below=["libraries"]) if path.relative_to(PACKAGE).parts[0] not in roof]
    found = [
        f"{short(path)}:{line}: {text}" for path in below for line, text in names_and_texts(tree(path)) if words.search(text)
    ]
    assert not found, "These are one kind of platform's words:\n" + "\n".join(found)


def test_platform_and_libraries_share_no_code() -> None:
    services = {folder.name for folder in (ROOT / "docker").glob("*/*") if (folder / "__init__.py").exists()}
    of_docker = [
        f"{short(path)}: {name}"
        for path in files("*.py", below=["libraries"])
        for name, _ in imported(path)
        if name.split(".")[0] in services
    ]
    plugin = ROOT / "docker" / "embedded"
    of_libraries = [
        f"{short(path)}: {name}"
        for path in files("*.py", below=["docker"])
        if plugin not in path.parents
        for name, _ in imported(path)
        if name.split(".")[0] == "realstack"
    ]
    assert not of_docker + of_libraries


# Lengths


def test_suites_are_short() -> None:
    lengths = {short(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SUITES}
    assert not {path: lines for path, lines in lengths.items() if lines > LONGEST_SUITE}


# Words


def test_nothing_that_is_logged_is_named_like_a_secret() -> None:
    found = [
        f"{short(path)}:{line}: {name}"
        for path in files("*.py", below=["libraries", "docker"])
        for line, name in logged_names(tree(path))
        if SECRET_NAME.search(name)
    ]
    assert not found, "These go into a log:\n" + "\n".join(found)


def logged_names(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Names and attributes whose values are put into a call of ``print`` or of a logger, as they are or in a text."""
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or not _is_logging(node.func):
            continue
        for argument in [*node.args, *(named.value for named in node.keywords)]:
            parts = [part.value for part in ast.walk(argument) if isinstance(part, ast.FormattedValue)]
            for value in [argument, *parts]:
                if isinstance(value, ast.Name):
                    yield value.lineno, value.id
                elif isinstance(value, ast.Attribute):
                    yield value.lineno, value.attr


def _is_logging(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in {"print", "told"}
    levels = {"trace", "debug", "info", "warn", "warning", "error", "exception", "critical", "console", "write"}
    return (
        isinstance(function, ast.Attribute)
        and function.attr in levels
        and isinstance(function.value, ast.Name)
        and function.value.id in {"logger", "log", "LOG", "logging"}
    )


def test_no_error_is_swallowed_whole() -> None:
    found = [
        f"{short(path)}:{handler.lineno}"
        for path in PYTHON_FILES
        for handler in ast.walk(tree(path))
        if isinstance(handler, ast.ExceptHandler)
        and (handler.type is None or (isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"}))
        and all(isinstance(item, ast.Pass) for item in handler.body)
    ]
    assert not found, found


def test_the_runs_process_never_forks() -> None:
    """gRPC's threads, which Browser brings into Robot's process, abort a forked child at times; without these it is a vfork."""
    found = [
        f"{short(path)}:{call.lineno}: {keyword.arg}="
        for path in files("*.py", below=["libraries"])
        if path.name != "reaper.py"  # a process of its own, with one thread
        for call in ast.walk(tree(path))
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith(("subprocess.", "asyncio.create_subprocess"))
        for keyword in call.keywords
        if keyword.arg in {"preexec_fn", "user", "group", "extra_groups"}
    ]
    assert not found, "\n".join(found)


def test_project_speaks_of_itself_alone() -> None:
    kinds = ("py", "robot", "resource", "yaml", "yml", "md", "js", "css", "html", "toml", "txt", "sh", "conf")
    here = [ROOT / "Makefile", ROOT / ".ci" / "run", *ROOT.glob("*.md"), *ROOT.glob("*.txt"), *ROOT.glob("*.toml")]
    texts = [*files(*(f"*.{kind}" for kind in kinds)), *here]
    found = [
        f"{short(path)}:{number}: {line.strip()[:100]}"
        for path in texts
        if path.is_file() and path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE.search(line)
    ]
    assert not found, "Paths of a machine or hosts of a registry:\n" + "\n".join(found)


def test_nothing_sleeps_or_tries_blindly() -> None:
    banned = {"sleep", "builtin.sleep", "wait until keyword succeeds", "skip", "skip if", "pass execution", "pass execution if"}
    found = [
        f"{short(path)}:{line}: {value}"
        for path in [*SUITES, *RESOURCES, *files("*.robot", "*.resource", below=["tests/keywords"])]
        for line, value in cells(path, Token.KEYWORD, Token.NAME)
        if value.lower() in banned
    ]
    assert not found, "\n".join(found)


def test_every_word_of_the_resources_is_said() -> None:
    """Who points the suites at another platform adapts the resources: what nobody says there is work for nothing."""

    def plain(text: str) -> str:
        return text.lower().replace("_", " ")

    told = "\n".join(plain(path.read_text(encoding="utf-8")) for path in files("*.robot", "*.resource", "*.py", "*.yaml", "*.js"))

    def said_again(words: str) -> bool:
        """Whether whole words stand twice at least. Texts are searched as texts: a pattern takes a hundred times as long."""
        found, place = 0, told.find(words)
        while place >= 0 and found < 2:
            found += (
                not told[max(place - 1, 0) : place].isalnum() and not told[place + len(words) : place + len(words) + 1].isalnum()
            )
            place = told.find(words, place + 1)
        return found >= 2

    unsaid = []
    for path in RESOURCES:
        for item in (item for section in get_resource_model(path).sections for item in section.body):
            name = getattr(item, "name", None) if isinstance(item, Keyword | Variable) else None
            bare = re.sub(r"^[$@&]\{|\}.*", "", name or "")
            if bare and "$" not in bare and not said_again(plain(bare)):
                unsaid.append(f"{short(path)}:{item.lineno}: {name}")
    assert not unsaid, "\n".join(unsaid)


# Pins


@pytest.mark.parametrize("path", REQUIREMENTS, ids=short)
def test_requirements_are_pinned_and_explained(path: Path) -> None:
    lines = [
        line.strip()
        for line in path.read_text().splitlines()
        if line.strip() and not line.lstrip().startswith(("#", "-r", "-e ."))
    ]
    loose = [line for line in lines if not re.match(r"^[A-Za-z0-9_.\-]+(\[[\w,]+\])?==\S+", line)]
    silent = [line for line in lines if "#" not in line]
    assert not loose, f"not pinned: {loose}"
    assert not silent, f"what for? {silent}"


def test_pins_agree() -> None:
    pins: dict[str, set[str]] = {}
    for path in REQUIREMENTS:
        for name, version in re.findall(r"(?m)^([A-Za-z0-9_.\-]+)(?:\[[\w,]+\])?==([^\s#]+)", path.read_text()):
            pins.setdefault(name.lower().replace("_", "-"), set()).add(version)
    assert {name: versions for name, versions in pins.items() if len(versions) > 1} == {}


# Documentation


@cache
def documented(library: str) -> Any:
    return LibraryDocumentation(f"realstack.{library}")


@pytest.mark.parametrize("library", LIBRARIES)
def test_library_is_introduced(library: str) -> None:
    assert len(documented(library).doc.split()) > 80, f"{library} needs an introduction: what for, how, an example"


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_keyword_is_documented(library: str) -> None:
    keywords = documented(library).keywords
    assert keywords
    silent = [keyword.name for keyword in keywords if len(keyword.doc.split()) < 4]
    assert not silent, f"{library}: {silent}"


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_keyword_has_a_tag_and_an_example(library: str) -> None:
    keywords = documented(library).keywords
    lacking = [keyword.name for keyword in keywords if not keyword.tags or "```robotframework\n" not in keyword.doc]
    assert not lacking, f"{library}: {lacking}"


@pytest.mark.parametrize("library", LIBRARIES)
def test_keywords_are_told_in_the_third_person(library: str) -> None:
    """As in the resources ("Opens a tab …"): a keyword's page says what it does, the reader is not told to do it."""
    told = {keyword.name: keyword.doc.split()[0] for keyword in documented(library).keywords}
    assert not {name: word for name, word in told.items() if not re.fullmatch(r"[A-Z][a-z]+s", word)}


@pytest.mark.parametrize("library", LIBRARIES)
def test_links_lead_somewhere(library: str) -> None:
    documentation = documented(library)
    known = {keyword.name for keyword in documentation.keywords} | {"Introduction", "Importing", "Keywords", "Data types", "Tags"}
    headings = set(re.findall(r"(?m)^\s*#+ (.+?)\s*$", documentation.doc))
    types = {item.name for item in documentation.type_docs}
    texts = [documentation.doc, *(keyword.doc for keyword in documentation.keywords)]
    links = {link for text in texts for link in re.findall(r"(?<![`\w$@&%\]])\[([A-Z][\w' ]+)\](?![(\[`\w])", _prose(text))}
    # Robot's names know no case.
    there = {name.casefold() for name in known | headings | types}
    dead = sorted(link for link in links if link.casefold() not in there)
    assert not dead, f"{library}: {dead}"


def _prose(text: str) -> str:
    """Documentation without its examples and code."""
    return re.sub(r"(?s)```.*?```|``.*?``|`[^`]*`", "", text)


def test_pages_of_all_keywords_can_be_built(tmp_path: Path) -> None:
    docs = runpy.run_path(str(ROOT / "tools" / "docs.py"))
    pages = docs["build"](tmp_path)
    assert len(pages) == len(LIBRARIES) + len(RESOURCES)
    index = (tmp_path / "index.html").read_text()
    for page in pages:
        assert f'href="{page.name}"' in index
        # What is left of Markdown was not understood as such.
        raw = re.findall(r'"(?:doc|shortdoc)": ?"[^"]*(?:\\n#+ |```)[^"]*"', page.read_text())
        assert not raw, f"{page.name}: {raw[0][:200]}"


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library_has_acceptance_tests(library: str) -> None:
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", library).lower()
    folders = {snake, snake.replace("_", ""), snake.split("_")[-1], snake.split("_")[0]}
    there = [folder for folder in folders if list((ROOT / "tests" / "keywords" / folder).glob("*.robot"))]
    assert there, f"no suite in tests/keywords/{snake}"


# The rules themselves


@pytest.mark.parametrize(
    ("pattern", "caught", "free"),
    [
        (
            SELECTOR,
            ["css=.send", "id=login", "//button", 'role=button[name="Send"]', "a >> b"],
            ["page 1", "= 450", "tab=1", "id=${id}"],
        ),
        (
            SQL,
            ["SELECT id FROM users", "update users set a = 1", "INSERT INTO t"],
            ["Select The First From Many", "Update Profile"],
        ),
        (ROUTE, ["/api/threads", "${URL}/ws", "/auth/me", "/ws?x"], ["and/or", "/apiary", "an api"]),
        (MACHINE, ["/work/" + "main/x", "https://pypi" + ".org", "/home/" + "me/x"], ["home/page", "a.library", "workshop"]),
        (SECRET_NAME, ["password", "access_token", "client_secret", "dsn"], ["tokens_used", "secretary", "password_field"]),
    ],
    ids=["selector", "sql", "route", "machine", "secret"],
)
def test_rules_catch_what_they_are_for(pattern: re.Pattern[str], caught: list[str], free: list[str]) -> None:
    assert [text for text in caught if not pattern.search(text)] == []
    assert [text for text in free if pattern.search(text)] == []


def test_logged_names_are_seen_in_texts_and_as_they_are() -> None:
    module = ast.parse("logger.info(f'{a.token} {len(b)}')\nprint(password)\nlogger.warn('x', cookie)\nother.info(c)")
    assert sorted(name for _, name in logged_names(module)) == ["cookie", "password", "token"]
