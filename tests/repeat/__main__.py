"""`python -m repeat N`: run the journeys N times in shuffled order, by default every second time with one core kept busy.

Exit code 0 when no test failed in any run; 1 otherwise, and 130 after Ctrl-C. Report: `results/repeat/index.html` and
`repeat.json`, written anew after each run.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from robot.api import ExecutionResult, ResultVisitor
from robot.errors import DataError
from robot.result import Result, TestCase

from support.robot_run import INTERRUPTED, end_like_ctrl_c, robot

from . import report
from .statistics import TestRecord

ROOT = Path(__file__).resolve().parents[2]
RUN_LIMIT = 900.0
"""Seconds after which a run counts as hung and is ended."""


class _Collector(ResultVisitor):  # type: ignore[misc]
    def __init__(self, records: dict[str, TestRecord], run: int) -> None:
        self._records = records
        self._run = run

    def visit_test(self, test: TestCase) -> None:
        name = f"{test.parent.name} / {test.name}"
        record = self._records.setdefault(name, TestRecord(name))
        record.seconds.append(test.elapsed_time.total_seconds())
        if not test.passed:
            record.failures.append((self._run, (test.message or "no message").splitlines()[0]))


def _spin(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of a terminal's processes; this one's parent ends it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
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


def _run(seed: int, output: Path, chosen: list[str]) -> Result | None:
    command = [*robot(output), "--randomize", f"all:{seed}", *chosen, str(ROOT / "suites")]
    output.mkdir(parents=True, exist_ok=True)
    with (output / "console.txt").open("wb") as console:
        try:
            subprocess.run(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=console, stderr=console, timeout=RUN_LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            return None
    try:
        return ExecutionResult(output / "output.xml")
    except DataError:  # Robot died on its way: there is none, or half of one
        return None


def _repeat(repetition: report.Repetition, chosen: list[str], results: Path) -> None:
    for earlier in results.glob("run-*"):
        shutil.rmtree(earlier)
    for number in range(1, repetition.runs + 1):
        started = time.monotonic()
        output = results / f"run-{number:02}"
        with busy_core(repetition.has_busy_core(number)):
            result = _run(repetition.seed + number, output, chosen)
        if result is None:
            repetition.broken.append(number)
        else:
            result.visit(_Collector(repetition.records, number))
        repetition.done = number
        report.write(repetition, results)
        print(report.console_line(repetition, number, time.monotonic() - started), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run, count, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m repeat", description=__doc__)
    parser.add_argument("runs", type=int)
    parser.add_argument("--include", action="append", default=[], help="only tests with this tag")
    parser.add_argument("--suite", action="append", default=[], help="only tests of this suite, such as '03*'")
    parser.add_argument("--busy", choices=report.BUSY, default="half", help="which runs have a busy core beside them")
    parser.add_argument("--seed", type=int, default=None, help="seed of the shuffling; printed, so that a run can be repeated")
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "repeat")
    options = parser.parse_args(arguments)
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    chosen = [word for name in ("include", "suite") for value in getattr(options, name) for word in (f"--{name}", value)]
    repetition = report.Repetition(options.runs, seed, options.busy)
    beside = f"{report.BUSY[options.busy]} beside a busy core"
    print(f"Running the journeys {options.runs} times, seed {seed}, {beside}.", flush=True)
    interrupted = False
    try:
        _repeat(repetition, chosen, options.results)
    except KeyboardInterrupt:
        interrupted = True
        print(f"Stopped in run {repetition.done + 1}; only the runs before it count.")
    if repetition.done:
        print("\n".join(["Slowest tests, median of their runs:", *report.slowest(repetition)]))
        print(f"Report: {options.results / 'index.html'}")
    print(f"{repetition.passes} passed, {repetition.failures} failed")
    if interrupted:
        return INTERRUPTED
    return 1 if repetition.failures or not repetition.records else 0


if __name__ == "__main__":
    end_like_ctrl_c()
    raise SystemExit(main())
