"""Measures once which tests of the journeys reach what of the platform: a run of all of them against a copy that writes it down.

Python processes note lines (`measuring/sitecustomize.py`, with coverage.py), the page notes the blocks that it runs
(`measuring/reached.js`), which it tells the frontend. All of it costs time, so that tests may be late: no verdict matters here.
"""

from __future__ import annotations

import bisect
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from coverage import CoverageData
from robot.api import ExecutionResult, ResultVisitor
from robot.result import TestCase

from support.robot_run import robot

from .reached import Reached

MEASURING = Path(__file__).with_name("measuring")
NOT_TO_THE_END = 250
"""Robot's exit codes above it don't count failures: somebody stopped the run, or it could not begin."""
_BLOCK = re.compile(r"^(?!\s*(?:switch\b|\} while\b|//|\*)).*(?:\)|=>|\b(?:else|try|finally|catch|do)) \{$")
_PAGE = Path("frontend", "www", "js")


def measured(root: Path, folder: Path) -> Reached:
    """Run all journeys.

    Args:
        root: The repository's root.
        folder: An empty folder.

    Raises:
        RuntimeError: The run ended early.
    """
    docker, notes = folder / "docker", folder / "notes"
    shutil.copytree(root / "docker", docker)
    notes.mkdir()
    blocks = instrument(docker, notes)
    for path in (folder, notes):
        path.chmod(0o777)  # services may run as another user
    done = subprocess.run(
        [
            *robot(folder / "output"),
            *("--variable", f"PLATFORM_SOURCES:{docker}", "--listener", f"{MEASURING / 'listener.py'}:{notes}"),
            str(root / "suites"),
        ],
        cwd=root,
        check=False,
        stdout=sys.stderr,
    )
    if done.returncode > NOT_TO_THE_END:
        msg = f"Robot ended with {done.returncode}, so that not all tests ran: it is not known what they reach. Run it again."
        raise RuntimeError(msg)
    seconds = _Seconds()
    ExecutionResult(folder / "output" / "output.xml").visit(seconds)
    return Reached(seconds.of, {**_of_services(docker, notes), **_of_page(notes, blocks)})


def instrument(docker: Path, notes: Path) -> list[tuple[str, int]]:
    """Let a copy of the platform write down what it runs.

    Returns:
        Blocks of the page: files and the lines that begin them, by the number that the page tells.
    """
    shutil.copy(MEASURING / "sitecustomize.py", docker / "common")
    (docker / "common" / "folder").write_text(str(notes), encoding="utf-8")
    blocks: list[tuple[str, int]] = []
    for path in sorted((docker / _PAGE).rglob("*.js")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            if _BLOCK.match(line):
                lines[number - 1] = f"{line} reached({len(blocks)});"
                blocks.append((str(path.relative_to(docker)), number))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    shutil.copy(MEASURING / "reached.js", docker / _PAGE)
    told = f"location = /reached {{ access_log {notes}/page.log reached; return 204; }}"
    _replace(docker / "frontend" / "www" / "index.html", "<head>", '<head><script src="/js/reached.js"></script>')
    _replace(
        docker / "frontend" / "nginx.conf.template", "    server {\n", f"log_format reached '$msec $args';\nserver {{\n{told}\n"
    )
    return blocks


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times, expected once"
    path.write_text(text.replace(old, new), encoding="utf-8")


def _of_services(docker: Path, notes: Path) -> dict[str, dict[int, frozenset[str]]]:
    found: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in notes.glob("lines.*"):
        data = CoverageData(str(path))
        data.read()
        for file in data.measured_files():
            for line, tests in data.contexts_by_lineno(file).items():
                found[str(Path(file).relative_to(docker))][line].update(filter(None, tests))
    return {file: {line: frozenset(tests) for line, tests in of.items()} for file, of in found.items()}


def _of_page(notes: Path, blocks: list[tuple[str, int]]) -> dict[str, dict[int, frozenset[str]]]:
    found: dict[str, dict[int, set[str]]] = defaultdict(dict)
    for file, line in blocks:
        found[file][line] = set()
    times = [json.loads(line) for line in (notes / "times.jsonl").read_text(encoding="utf-8").splitlines()]
    began = [at for at, _ in times]
    for line in (notes / "page.log").read_text(encoding="utf-8").splitlines():
        at, _, numbers = line.partition(" ")
        _, test = times[bisect.bisect(began, float(at)) - 1]
        for file, first in (blocks[int(number)] for number in numbers.split(",") if test):
            found[file][first].add(test)
    return {file: {line: frozenset(tests) for line, tests in of.items()} for file, of in found.items()}


class _Seconds(ResultVisitor):  # type: ignore[misc]
    def __init__(self) -> None:
        self.of: dict[str, float] = {}

    def visit_test(self, test: TestCase) -> None:
        self.of[f"{test.parent.source.stem}::{test.name}"] = round(test.elapsed_time.total_seconds(), 2)
