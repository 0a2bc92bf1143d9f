"""Which planted bugs a change concerns: those whose tests go another way than before, however far from the test the change is.

A row that comes later can end a test before the law of an older bug is asked, or take the bug's cause away: the bug is missed
from then on, and nothing tells it but to plant it again.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from robot.api import Token, get_model
from robot.api.parsing import Comment, Documentation, File, Keyword, Tags, TestCase
from robot.utils import normalize

from .catalog import CatalogError, Defect

PARTS = ("suites", "resources", "tests/defects/catalog", "docker", "examples", "libraries")
"""What is looked at of a project."""
_VARIABLE = re.compile(r"[$@&%]\{?([A-Za-z_]\w*)")
_FUNCTION = re.compile(r"^(?:async )?function (\w+).*?^\}", re.MULTILINE | re.DOTALL)
_NOT_WORDS = {Token.SEPARATOR, Token.EOL, Token.EOS, Token.COMMENT, Token.CONTINUATION}


def unpack(project: Path, commit: str, folder: Path) -> None:
    """Lay down the project as it was at a commit, as far as it is looked at.

    Raises:
        CatalogError: There is no such commit, or no git.
    """
    try:
        command = ["git", "-C", str(project), "archive", commit, "--", *(part for part in PARTS if (project / part).exists())]
        archive = subprocess.run(command, capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise CatalogError("What changed since a commit is asked of git, which is not installed.") from None
    except subprocess.CalledProcessError as error:
        raise CatalogError(f"git knows no project of '{commit}': {error.stderr.decode(errors='replace').strip()}") from None
    folder.mkdir(exist_ok=True)
    subprocess.run(["tar", "--extract", "--directory", str(folder)], input=archive, check=True)


def concerned(before: Path, now: Path, defects: Iterable[Defect]) -> list[Defect]:
    """The bugs that a change concerns.

    That is: their entry is new or another one, the planted file has changed, or what their tests do has: keywords, variables and
    functions of pages that they get to by any way. What stands in YAML, and the libraries, concern all tests, and are not looked
    at.

    Args:
        before: The project as it was.
        now: The project as it is.
        defects: Bugs of its catalog.
    """
    entries = [{entry["name"]: entry for entry in _entries(folder / "tests/defects/catalog")} for folder in (before, now)]
    was, has_become = Words(before), Words(now)

    def is_concerned(defect: Defect) -> bool:
        planted = Path(defect.file) if defect.is_fault_off else Path(defect.sources, defect.file)
        return (
            entries[0].get(defect.name) != entries[1].get(defect.name)
            or _text(before / planted) != _text(now / planted)
            or was.of_tests(defect.journey, defect.test) != has_become.of_tests(defect.journey, defect.test)
        )

    return [defect for defect in defects if is_concerned(defect)]


def _entries(catalog: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(catalog.glob("*.yaml")):
        yield from yaml.safe_load(path.read_text(encoding="utf-8")) or []


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


class Words:
    """What the tests of a project are made of: keywords, variables and functions, by their names.

    Args:
        project: Its folder.
    """

    def __init__(self, project: Path) -> None:
        self._project = project
        self.of_tests = cache(self._of_tests)

    def _of_tests(self, journey: str, patterns: str) -> frozenset[tuple[str, ...]]:
        """All that some tests of a journey do, whichever way they come to it.

        Args:
            journey: Suite name without ending.
            patterns: Names of tests as an entry of the catalog has them, a line each; empty for all.
        """
        path = self._project / "suites" / f"{journey}.robot"
        if not path.is_file():
            return frozenset()
        model = get_model(path)
        wanted = [_normal(pattern) for pattern in patterns.splitlines()] or ["*"]
        pieces = [tuple(_words(item)) for item in _settings(model)]
        for test in (item for section in model.sections for item in section.body if isinstance(item, TestCase)):
            if any(fnmatchcase(_normal(test.name), pattern) for pattern in wanted):
                pieces.append((test.name, *_words(test)))
        return self._with_all_that_they_name(pieces)

    def _with_all_that_they_name(self, pieces: list[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
        found = set(pieces)
        while pieces:
            for name in _names(pieces.pop()):
                for piece in self._known.get(name, ()):
                    if piece not in found:
                        found.add(piece)
                        pieces.append(piece)
        return frozenset(found)

    @cached_property
    def _known(self) -> dict[str, list[tuple[str, ...]]]:
        """Each word of the project by its name; where adapters have one of the same name, all of them."""
        known: dict[str, list[tuple[str, ...]]] = {}
        files = [path for folder in ("suites", "resources") for path in sorted((self._project / folder).rglob("*"))]
        for path in files:
            for name, piece in _defined(path):
                known.setdefault(_normal(name), []).append(piece)
        return known


def _defined(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    if path.suffix in {".robot", ".resource"}:
        for section in get_model(path).sections:
            for item in section.body:
                if isinstance(item, Keyword):
                    yield item.name, tuple(_words(item))
                elif name := getattr(item, "get_value", lambda _kind: None)(Token.VARIABLE):
                    yield name.strip("$@&{}= "), tuple(_words(item))
    elif path.suffix == ".py":
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for name in ast.walk(node):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    yield name.id, (ast.unparse(node),)
    elif path.suffix == ".js":
        for function in _FUNCTION.finditer(path.read_text(encoding="utf-8")):
            yield function[1], (function[0],)


def _settings(model: File) -> Iterator[Any]:
    for section in model.sections:
        for item in section.body:
            if getattr(item, "type", "") in Token.SETTING_TOKENS and not isinstance(item, Documentation):
                yield item


def _words(item: Any) -> Iterator[str]:
    """All that stands in a part of a file but what it says for readers."""
    if isinstance(item, (Documentation, Comment, Tags)):
        return
    for part in (*getattr(item, "body", ()), *(getattr(item, name, None) for name in ("header", "end", "orelse", "next"))):
        if part is not None:
            yield from _words(part)
    for token in getattr(item, "tokens", ()):
        if token.type not in _NOT_WORDS:
            yield token.value


def _names(piece: tuple[str, ...]) -> Iterator[str]:
    for word in piece:
        yield _normal(word)
        for variable in _VARIABLE.findall(word):
            yield _normal(variable)


def _normal(name: str) -> str:
    return normalize(name, ignore="_")
