"""`python -m repeat N`: run the journeys N times in shuffled order, by default every second time with one core kept busy.

Exit code 0 when no test failed in any run; 1 otherwise. Report: `results/repeat/index.html` and `repeat.json`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict
from html import escape
from pathlib import Path

from robot.api import ExecutionResult, ResultVisitor
from robot.result import TestCase

from pages import page, table
from support.robot_run import robot

from .statistics import TestRecord

ROOT = Path(__file__).resolve().parents[2]
BUSY = {"half": "every second run", "all": "all of them", "none": "none of them"}
RUN_LIMIT = 900.0
"""Seconds after which a run counts as hung and is ended."""


class _Collector(ResultVisitor):  # type: ignore[misc]
    def __init__(self, records: dict[str, TestRecord], run: int) -> None:
        self._records = records
        self._run = run
        self.failed = 0

    def visit_test(self, test: TestCase) -> None:
        name = f"{test.parent.name} / {test.name}"
        record = self._records.setdefault(name, TestRecord(name))
        record.seconds.append(test.elapsed_time.total_seconds())
        if not test.passed:
            self.failed += 1
            record.failures.append((self._run, (test.message or "no message").splitlines()[0]))


def _spin(parent: int) -> None:
    while os.getppid() == parent:
        for _ in range(1_000_000):
            pass


@contextlib.contextmanager
def busy_core(busy: bool) -> Iterator[None]:
    """Keep one core busy; the load ends with this process whatever happens to it."""
    if not busy:
        yield
        return
    spinner = multiprocessing.Process(target=_spin, args=(os.getpid(),), daemon=True)
    spinner.start()
    try:
        yield
    finally:
        spinner.terminate()
        spinner.join()


def _run(number: int, seed: int, output: Path, chosen: list[str]) -> bool:
    command = [*robot(output), "--randomize", f"all:{seed}", *chosen, str(ROOT / "suites")]
    output.mkdir(parents=True, exist_ok=True)
    with (output / "console.txt").open("wb") as console:
        try:
            subprocess.run(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=console, stderr=console, timeout=RUN_LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            return False
    return (output / "output.xml").is_file()


def main(arguments: list[str] | None = None) -> int:
    """Run, count, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m repeat", description=__doc__)
    parser.add_argument("runs", type=int)
    parser.add_argument("--include", action="append", default=[], help="only tests with this tag")
    parser.add_argument("--busy", choices=BUSY, default="half", help="which runs have a busy core beside them")
    parser.add_argument("--seed", type=int, default=None, help="seed of the shuffling; printed, so that a run can be repeated")
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "repeat")
    options = parser.parse_args(arguments)
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    chosen = [word for tag in options.include for word in ("--include", tag)]
    records: dict[str, TestRecord] = {}
    broken: list[int] = []
    print(f"Running the journeys {options.runs} times, seed {seed}, {BUSY[options.busy]} beside a busy core.", flush=True)
    for number in range(1, options.runs + 1):
        started = time.monotonic()
        busy = options.busy == "all" or (options.busy == "half" and number % 2 == 0)
        output = options.results / f"run-{number:02}"
        with busy_core(busy):
            ended = _run(number, seed + number, output, chosen)
        collector = _Collector(records, number)
        if ended:
            ExecutionResult(output / "output.xml").visit(collector)
        else:
            broken.append(number)
        state = "broken" if not ended else f"{collector.failed} failed" if collector.failed else "passed"
        print(
            f"[{number:>3}/{options.runs}] {state}{' beside a busy core' if busy else ''} ({time.monotonic() - started:.0f} s)",
            flush=True,
        )
    ordered = sorted(records.values(), key=lambda record: record.name)
    _report(ordered, broken, seed, f"{options.runs} runs in shuffled order, {BUSY[options.busy]}", options.results)
    failures = sum(len(record.failures) for record in ordered) + len(broken)
    print(f"Report: {options.results / 'index.html'}")
    print(f"{sum(len(record.seconds) for record in ordered) - failures + len(broken)} passed, {failures} failed")
    return 1 if failures or not ordered else 0


def _report(records: list[TestRecord], broken: list[int], seed: int, runs: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "repeat.json").write_text(
        json.dumps({"seed": seed, "runs": runs, "broken": broken, "tests": [asdict(record) for record in records]}, indent=2),
        encoding="utf-8",
    )
    introduction = (
        f"{runs} beside a busy core; seed {seed}. The bound is the upper end of the "
        "95 % Wilson interval of a test's failure rate."
    )
    hung = f"<p>Runs that ended without a result: {', '.join(map(str, broken))}.</p>" if broken else ""
    headings = ["Test", "#Failures", "#Median", "#Worst", "#Rate below", "Seen"]
    body = hung + table(headings, [_row(record) for record in records])
    (folder / "index.html").write_text(page("Repeated journeys", introduction, body), encoding="utf-8")


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


if __name__ == "__main__":
    raise SystemExit(main())
