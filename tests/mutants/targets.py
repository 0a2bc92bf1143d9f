"""What is changed, and who must notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

LIMIT = 300.0
"""Seconds after which unit tests that still run count as having noticed: a change that makes them hang is seen."""


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
    Judge(("monitor/leak.py", "monitor/trend.py"), ("test_monitor_leak.py",)),
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


def noticed(root: Path, judge: Judge, file: Path, text: str, folder: Path) -> bool:
    """Run the judge's unit tests against a copy of the package in which one file is another.

    Args:
        root: The repository's root.
        judge: Whose tests are run.
        file: The changed file.
        text: What it holds.
        folder: An empty folder for the copy.
    """
    copy = folder / "realstack"
    shutil.copytree(root / "libraries" / "realstack", copy)
    changed = copy / file.relative_to(root / "libraries" / "realstack")
    changed.write_text(text, encoding="utf-8")
    tests = [str(path) for pattern in judge.tests for path in sorted((root / "tests" / "unit").glob(pattern))]
    # The project's own list puts its `libraries` first, whatever PYTHONPATH says.
    places = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]["pythonpath"]
    path = " ".join(str(folder if place == "libraries" else root / place) for place in places)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-o", f"pythonpath={path}", *tests]
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=LIMIT,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0
