"""What is changed, and who must notice."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
from coverage import CoverageData

from .reached import Reached

REACHED = "reached-judges.json"
"""Which unit tests run which lines, in the folder of results."""
LIMIT = 120
"""Seconds of a core after which unit tests that still run count as having noticed: a change that makes them hang is seen."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Modules that judge, and the unit tests that must notice when they judge otherwise.

    Attributes:
        sources: Patterns of their files, relative to `libraries/realstack`.
        tests: Patterns of the tests' files, relative to `tests/unit`.
    """

    sources: tuple[str, ...]
    tests: tuple[str, ...]


JUDGES = (
    Judge(
        ("history/laws/*.py", "history/domain.py", "history/items.py", "history/known.py", "history/floors.py"),
        ("test_history_*.py",),
    ),
    Judge(("monitor/leak.py", "monitor/trend.py"), ("test_monitor_leak*.py",)),
    Judge(("websocket/match.py",), ("test_websocket_match.py",)),
)


def files(root: Path) -> list[tuple[Path, Judge]]:
    """The judges' files with their tests."""
    package = root / "libraries" / "realstack"
    return [
        (path, judge)
        for judge in JUDGES
        for pattern in judge.sources
        for path in sorted(package.glob(pattern))
        if path.name not in ("__init__.py", "registry.py")
    ]


def measured(root: Path, folder: Path) -> Reached:
    """Run the judges' unit tests once, and see which of them run which lines.

    Args:
        root: The repository's root.
        folder: An empty folder.
    """
    package = root / "libraries" / "realstack"
    included = ",".join(f"{package}/{pattern}" for judge in JUDGES for pattern in judge.sources)
    settings = f"[run]\ndata_file = {folder}/lines\ninclude = {included}\n"
    (folder / "settings").write_text(settings, encoding="utf-8")
    tests = [test for judge in JUDGES for test in _tests(root, judge)]
    subprocess.run(
        [
            *(sys.executable, "-m", "coverage", "run", f"--rcfile={folder}/settings"),
            *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "mutants.context", f"--junitxml={folder}/times.xml", *tests),
        ],
        cwd=root,
        check=True,
        env={**os.environ, "PYTHONPATH": str(root / "tests")},
        stdout=subprocess.DEVNULL,
    )
    seconds: dict[str, float] = defaultdict(float)
    for case in ElementTree.parse(folder / "times.xml").iter("testcase"):  # noqa: S314 -- pytest's own
        name = f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name'].partition('[')[0]}"
        seconds[name] += float(case.attrib["time"])
    data = CoverageData(str(folder / "lines"))
    data.read()
    lines = {
        str(Path(file).relative_to(root)): {
            line: frozenset(filter(None, contexts)) for line, contexts in data.contexts_by_lineno(file).items()
        }
        for file in data.measured_files()
    }
    return Reached(dict(seconds), lines)


def _tests(root: Path, judge: Judge) -> list[str]:
    return [str(path) for pattern in judge.tests for path in sorted((root / "tests" / "unit").glob(pattern))]


def noticed(root: Path, tests: Sequence[str], file: Path, text: str, folder: Path) -> bool:
    """Run unit tests against a copy of the package in which one file is another, until one fails.

    Args:
        root: The repository's root.
        tests: Which, as pytest calls them, in their order.
        file: The changed file.
        text: What it holds.
        folder: An empty folder for the copy.
    """
    copy = folder / "realstack"
    shutil.copytree(root / "libraries" / "realstack", copy)
    changed = copy / file.relative_to(root / "libraries" / "realstack")
    changed.write_text(text, encoding="utf-8")
    # The project's own list puts its `libraries` first, whatever PYTHONPATH says.
    places = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]["pythonpath"]
    path = " ".join(str(folder if place == "libraries" else root / place) for place in places)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-o", f"pythonpath={path}", *tests]
    done = subprocess.run(
        command,
        cwd=root,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT)),
    )
    if done.returncode in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
        msg = f"There are no such tests any more: {', '.join(tests)}. Delete {REACHED}, so that it is measured again."
        raise RuntimeError(msg)
    return done.returncode != 0
