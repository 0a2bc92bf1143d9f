"""Samples on disk, judged again: ``python -m realstack.monitor judge file.jsonl --operation act --budget '4 KiB'``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from realstack.core.errors import StackError, explain
from realstack.monitor.journal import read
from realstack.monitor.leak import WARMUP_SHARE, Growth, judge_growth, read_budget
from realstack.monitor.sampler import METRICS, series

EXIT_USAGE = 64
_EXIT = {Growth.GROWS: 1, Growth.UNKNOWN: 2, Growth.STEADY: 0}
"""The worst first."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns 0 when nothing grows, 1 when something does, 2 when nothing does but it can't be told of all."""
    parser = argparse.ArgumentParser(prog="python -m realstack.monitor", description="Judge written samples again.")
    commands = parser.add_subparsers(dest="command", required=True)
    judging = commands.add_parser("judge", help="whether something grew with the work done")
    judging.add_argument("files", nargs="+", type=Path, help="samples in JSON lines")
    judging.add_argument("--operation", default="", help="the work that it is told for; what was done most unless given")
    judging.add_argument("--budget", default="4 KiB", help="the growth for one operation from which on it counts")
    judging.add_argument("--metric", default="memory", choices=[*METRICS, "gauge"], help="what to judge")
    judging.add_argument(
        "--warmup", type=float, default=WARMUP_SHARE, help="share of the operations that is left out at the start"
    )
    judging.add_argument("--service", action="append", default=[], help="only this one; may be repeated")
    chosen = parser.parse_args(arguments)
    try:
        told = {_judge(path, chosen) for path in chosen.files}
    except StackError as error:
        print(error)
        return EXIT_USAGE
    return next(code for code in _EXIT.values() if code in told)


def _judge(path: Path, chosen: argparse.Namespace) -> int:
    kept = read(path)
    done = kept.samples[-1].operations
    print(f"{path}: {kept.told}")
    operation = chosen.operation or max(done, key=lambda name: done[name], default="")
    if not done.get(operation):
        there = ", ".join(done) or "none"
        raise StackError(explain(f"work counted as {operation!r}" if operation else "some work", f"counted is: {there}"))
    known = dict.fromkeys(name for sample in kept.samples for name, metric in sample.values if metric == chosen.metric)
    if not known:
        raise StackError(explain(f"samples of {chosen.metric}", "there is none"))
    warmup, budget = int(chosen.warmup * done[operation]), read_budget(chosen.budget)
    outcomes = set()
    for name in chosen.service or known:
        verdict = judge_growth(series(kept.samples, name, chosen.metric, operation, budget=budget, warmup=warmup))
        outcomes.add(verdict.outcome)
        print(f"  {verdict.outcome.value}: {verdict.sentence}")
    return next(code for outcome, code in _EXIT.items() if outcome in outcomes)
