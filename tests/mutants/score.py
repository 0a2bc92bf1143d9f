"""What became of mutants: kept in a file, so that a run can go on, and told as a score with its interval."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

import yaml

from pages import page, table
from repeat.statistics import wilson

EXCUSED = ("equivalent", "cosmetic")
"""Verdicts of survivors that are no gaps: nothing that anybody could see differs, or only words for people."""


@dataclass(frozen=True, slots=True)
class Result:
    """One mutant and what became of it.

    Attributes:
        file: The changed file, relative to the repository.
        line: The changed line.
        kind: What was done.
        before: The line, as it was.
        after: The line or lines, as they were then.
        killed: Whether a test noticed.
        by: Which, where that is known.
        seconds: How long it took.
    """

    file: str
    line: int
    kind: str
    before: str
    after: str
    killed: bool
    by: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line} {self.kind} ({self.seconds} s)"
        return f"{where} {self.by}" if self.killed else f"{where}\n          {self.before}\n       -> {self.after}"


@dataclass(frozen=True, slots=True)
class Mark:
    """A survivor that somebody looked at: `verdict` is ``equivalent``, ``cosmetic`` or ``gap``."""

    file: str
    before: str
    after: str
    verdict: str
    reason: str


def marks(path: Path) -> dict[tuple[str, str, str], Mark]:
    """The survivors that were looked at, by file, line as it was and line as it became."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or [] if path.is_file() else []
    found = [Mark(**entry) for entry in entries]
    return {(mark.file, mark.before, mark.after): mark for mark in found}


def verdict(result: Result, known: dict[tuple[str, str, str], Mark]) -> str:
    """``killed``, or what a survivor is: a gap until somebody has said otherwise."""
    if result.killed:
        return "killed"
    mark = known.get((result.file, result.before, result.after))
    return mark.verdict if mark is not None else "gap"


def interval(killed: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; all that is possible where nothing was tried."""
    return wilson(killed, total) if total else (0.0, 1.0)


def summary(results: Sequence[Result], known: dict[tuple[str, str, str], Mark]) -> list[str]:
    """The score, and the score by folder and by kind of change."""
    lines = [_score("all", results, known)]
    for name, of in (("by folder", _folder), ("by kind", lambda result: result.kind)):
        lines.append(f"{name}:")
        for group in sorted({of(result) for result in results}):
            lines.append("  " + _score(group, [result for result in results if of(result) == group], known))
    return lines


def _folder(result: Result) -> str:
    return str(Path(result.file).parent)


def _score(name: str, results: Iterable[Result], known: dict[tuple[str, str, str], Mark]) -> str:
    count = Counter(verdict(result, known) for result in results)
    judged = count["killed"] + count["gap"]
    low, high = interval(count["killed"], judged)
    excused = ", ".join(f"{count[word]} {word}" for word in EXCUSED if count[word])
    share = f"{count['killed'] / judged:.0%} ({low:.0%} to {high:.0%})" if judged else "none judged"
    return f"{name:44} {count['killed']:4} of {judged:4} killed: {share}{f'; {excused}' if excused else ''}"


def load(path: Path) -> list[Result]:
    """Results of an earlier run with the same seed."""
    return [Result(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))] if path.is_file() else []


def save(results: Sequence[Result], folder: Path, name: str, known: dict[tuple[str, str, str], Mark]) -> None:
    """Write the results, and the page of survivors."""
    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps([asdict(result) for result in results], indent=1, ensure_ascii=False)
    (folder / f"{name}.json").write_text(told, encoding="utf-8")
    told_rows = (
        [verdict(result, known), f"{result.file}:{result.line}", result.kind, result.before, result.after, _reason(result, known)]
        for result in results
        if not result.killed
    )
    rows = [f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in told_rows]
    score = f"<pre>{escape(chr(10).join(summary(results, known)))}</pre>"
    body = score + table(["verdict", "where", "kind", "was", "became", "reason"], rows)
    (folder / f"{name}.html").write_text(page(f"Mutants: {name}", "Changes that no test noticed.", body), encoding="utf-8")


def _reason(result: Result, known: dict[tuple[str, str, str], Mark]) -> str:
    mark = known.get((result.file, result.before, result.after))
    return mark.reason if mark is not None else ""
