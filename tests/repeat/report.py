"""What repeated runs showed: on the console while they go on, as JSON and as a page."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path

from pages import page, table

from .statistics import TestRecord

BUSY = {"half": "every second run", "all": "all of them", "none": "none of them"}
SLOWEST = 5
"""Tests that the console names at the end."""


@dataclass(slots=True)
class Repetition:
    """Runs of the same journeys, as far as they came.

    Attributes:
        runs: How many were asked for.
        seed: Of the shuffling; run number n takes `seed + n`.
        busy: Which runs had a busy core beside them: a key of `BUSY`.
        done: How many ended.
        records: Results by test.
        broken: Numbers of the runs that ended without a result.
    """

    runs: int
    seed: int
    busy: str
    done: int = 0
    records: dict[str, TestRecord] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)

    @property
    def failures(self) -> int:
        """Tests that failed in any run, and runs without a result."""
        return sum(len(record.failures) for record in self.records.values()) + len(self.broken)

    @property
    def passes(self) -> int:
        """Tests that passed, counted in each run."""
        return sum(len(record.seconds) - len(record.failures) for record in self.records.values())

    def has_busy_core(self, number: int) -> bool:
        """Whether this run has a busy core beside it."""
        return self.busy == "all" or (self.busy == "half" and number % 2 == 0)


def console_line(repetition: Repetition, number: int, seconds: float) -> str:
    """A run's line on the console, and one below it for each test that failed."""
    failed = [
        f"          {name}: {text}"
        for name, record in sorted(repetition.records.items())
        for run, text in record.failures
        if run == number
    ]
    state = "broken" if number in repetition.broken else f"{len(failed)} failed" if failed else "passed"
    beside = " beside a busy core" if repetition.has_busy_core(number) else ""
    return "\n".join([f"[{number:>3}/{repetition.runs}] {state}{beside} ({seconds:.0f} s)", *failed])


def slowest(repetition: Repetition) -> list[str]:
    """The tests that came nearest to their limit, one line each."""
    ordered = sorted(repetition.records.values(), key=lambda record: record.worst, reverse=True)
    return [f"{record.median:.1f} s, at worst {record.worst:.1f} s: {record.name}" for record in ordered[:SLOWEST]]


def write(repetition: Repetition, folder: Path) -> None:
    """Write `index.html` and `repeat.json` into a folder, with all runs that ended until now.

    Each test of `repeat.json` has its name, the seconds of each run, failures as pairs of run and message, median and worst
    in seconds, and the upper bound of its failure rate from 0 to 1.
    """
    ordered = sorted(repetition.records.values(), key=lambda record: record.name)
    folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "seed": repetition.seed,
        "runs": repetition.runs,
        "done": repetition.done,
        "busy": repetition.busy,
        "broken": repetition.broken,
        "tests": [_facts(record) for record in ordered],
    }
    (folder / "repeat.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")
    introduction = (
        f"{repetition.done} of {repetition.runs} runs in shuffled order, {BUSY[repetition.busy]} beside a busy core; "
        f"seed {repetition.seed}. The bound is the upper end of the 95 % Wilson interval of a test's failure rate."
    )
    hung = f"<p>Runs that ended without a result: {', '.join(map(str, repetition.broken))}.</p>" if repetition.broken else ""
    headings = ["Test", "#Failures", "#Median", "#Worst", "#Rate below", "Seen"]
    body = hung + table(headings, [_row(record) for record in ordered])
    (folder / "index.html").write_text(page("Repeated journeys", introduction, body), encoding="utf-8")


def _facts(record: TestRecord) -> dict[str, object]:
    return asdict(record) | {"median": record.median, "worst": record.worst, "bound": record.bound}


def _row(record: TestRecord) -> str:
    seen = "; ".join(f"run {number}: {text}" for number, text in record.failures[:3])
    numbers = (
        f"{len(record.failures)} of {len(record.seconds)}",
        f"{record.median:.2f} s",
        f"{record.worst:.2f} s",
        f"{record.bound:.1%}",
    )
    cells = "".join(f'<td class="number">{text}</td>' for text in numbers)
    return f"<tr><td>{escape(record.name)}</td>{cells}<td>{escape(seen)}</td></tr>"
