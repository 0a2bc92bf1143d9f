"""No resource takes another one's variable: all that a run imports share one space of names, and one import wins in silence."""

from __future__ import annotations

import runpy
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from robot.api import Token, get_model, get_resource_model, parsing

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "resources"
REFERENCE = SHARED / "adapters" / "reference"
PARTS = SHARED / "adapters" / "parts"
"""What adapters may share. Variables of it are there to be given other values."""


def _plain(name: str) -> str:
    return name.lower().replace(" ", "").replace("_", "")


def in_sections(path: Path) -> Iterator[str]:
    """Names that stand in a file's section of variables."""
    for section in (get_model if path.suffix == ".robot" else get_resource_model)(path).sections:
        if isinstance(section, parsing.VariableSection):
            for statement in section.body:
                name = statement.get_token(Token.VARIABLE)
                if name is not None:
                    yield name.value.rstrip(" =")[2:-1]


def in_variable_file(path: Path) -> Iterator[str]:
    """Names that Robot takes from a file of variables: all public ones of a module, but for its imports and its code."""
    if path.suffix == ".yaml":
        yield from yaml.safe_load(path.read_text(encoding="utf-8"))
        return
    for name, value in runpy.run_path(str(path)).items():
        made_elsewhere = isinstance(value, ModuleType) or callable(value) or type(value).__module__ in ("__future__", "datetime")
        if not name.startswith("_") and not made_elsewhere:
            yield name


def imported(paths: Iterator[Path] | list[Path]) -> dict[str, set[str]]:
    """Who gives each name: files with sections of variables, and the files of variables that they import."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        for name in in_sections(path):
            found[_plain(name)].add(str(path.relative_to(ROOT)))
        for section in (get_model if path.suffix == ".robot" else get_resource_model)(path).sections:
            for statement in section.body if isinstance(section, parsing.SettingSection) else ():
                file = statement.get_value(Token.NAME) if statement.type == Token.VARIABLES else None
                if file is not None and (path.parent / file).is_file():
                    for name in in_variable_file(path.parent / file):
                        found[_plain(name)].add(str((path.parent / file).relative_to(ROOT)))
    return found


@pytest.mark.parametrize("provider", sorted((REFERENCE / "providers").glob("*.resource")), ids=lambda path: path.stem)
def test_each_name_is_given_by_one_file(provider: Path) -> None:
    files = [*SHARED.glob("*.resource"), *REFERENCE.glob("*.resource"), provider, *(ROOT / "suites").glob("*.robot")]
    twice = {name: sorted(by) for name, by in imported(files).items() if len(by) > 1}
    assert twice.keys() <= OVERRIDDEN, twice


OVERRIDDEN = {"loginfield", "consentbutton"}
"""What the pages of a provider with forms are called, unless the provider says otherwise."""


def test_names_are_found_where_robot_finds_them(tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text("import re\n_hidden = 1\nREADERS = {}\ndef helper():\n    pass\n", encoding="utf-8")
    (tmp_path / "words.yaml").write_text("READERS: 24\n", encoding="utf-8")
    (tmp_path / "words.resource").write_text("*** Variables ***\n${READERS at once} =    24\n@{LIST}    a\n", encoding="utf-8")
    assert list(in_variable_file(tmp_path / "words.py")) == ["READERS"]
    assert list(in_variable_file(tmp_path / "words.yaml")) == ["READERS"]
    assert list(in_sections(tmp_path / "words.resource")) == ["READERS at once", "LIST"]
