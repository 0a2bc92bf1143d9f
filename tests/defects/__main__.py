"""`python -m defects`: plant every bug of the catalog and demand that its law catches it.

Exit code 0 when every bug is killed by the named law or listed as a survivor, and every journey passes without one, each time
that it is tried; 1 otherwise, and 130 after Ctrl-C. The report is written anew after each run. Where there is no time for all,
they come in an order by chance, and those that were left out are named.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import fnmatch
import json
import math
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from support.robot_run import INTERRUPTED, end_like_ctrl_c

from . import catalog, report, since
from .outcome import Outcome
from .runner import Runner

ROOT = Path(__file__).resolve().parents[2]
UNTRIED = "untried.json"
"""Names of what there was no time for, in the folder of results."""


def main(arguments: list[str] | None = None) -> int:
    """Run the catalog, or a part of it, and write the report."""
    options = _options(arguments)
    try:
        defects = catalog.load(ROOT / "tests" / "defects" / "catalog", ROOT / "suites")
        known = [defect for defect in defects if _matches(defect, options.only)]
        meant = _concerned_since(options.since, known) if options.since else known
    except catalog.CatalogError as error:
        print(error, file=sys.stderr)
        return 2
    if not known:
        names = {name for defect in defects for name in _names(defect)}
        near = difflib.get_close_matches(options.only, sorted(names), n=5, cutoff=0.5)
        print(
            f"No bug, journey or law matches '{options.only}'."
            + (f" Do you mean {' or '.join(near)}?" if near else "")
            + f" All {len(defects)} are in tests/defects/catalog; several are separated by commas.",
            file=sys.stderr,
        )
        return 2
    if not meant:
        print(f"Of {len(known)} bugs none is concerned by what changed since {options.since}.\n0 passed, 0 failed")
        return 0
    chosen = _with_clean_runs(meant)
    runs, until = chosen, math.inf
    started = time.monotonic()
    if options.minutes is not None:
        runs = _with_clean_runs(random.Random(options.seed).sample(meant, len(meant)))
        until = started + options.minutes * 60
    (options.results / UNTRIED).unlink(missing_ok=True)
    done: list[Outcome] = []
    total = len(chosen) * options.times

    def tell(outcome: Outcome) -> None:
        done.append(outcome)
        done.sort(key=lambda one: (chosen.index(one.defect), one.number))
        report.write(done, options.results)
        print(report.console_line(outcome, done, total, options.times), flush=True)

    bugs = sum(not defect.is_clean for defect in chosen)
    each = f", {options.times} times each" if options.times > 1 else ""
    print(
        f"Planting {bugs} bugs{each}, {options.parallel} platforms at a time; each journey passes without one first.", flush=True
    )
    interrupted = False
    try:
        asyncio.run(Runner(ROOT, options.results, options.parallel, until=until).run(runs, tell, options.times))
    except KeyboardInterrupt:
        interrupted = True
        print(f"Stopped: {total - len(done)} of {total} runs have not been judged.")
    print("\n".join(["", *report.to_repair(done), ""]))
    print(f"{report.summary(done)}, in {time.monotonic() - started:.0f} s. Report: {options.results / 'index.html'}")
    if not interrupted and len(done) < total:
        print(_left_out(chosen, done, options))
    kept = sum(outcome.is_good for outcome in done)
    print(f"{kept} passed, {len(done) - kept} failed")
    if interrupted:
        return INTERRUPTED
    return 0 if kept == len(done) else 1


def _concerned_since(commit: str, defects: list[catalog.Defect]) -> list[catalog.Defect]:
    with tempfile.TemporaryDirectory() as folder:
        since.unpack(ROOT, commit, Path(folder))
        return since.concerned(Path(folder), ROOT, defects)


def _left_out(chosen: list[catalog.Defect], done: list[Outcome], options: argparse.Namespace) -> str:
    """Note what there was no time for, and tell it."""
    tried = Counter(outcome.defect.name for outcome in done)
    names = [defect.name for defect in chosen if tried[defect.name] < options.times]
    (options.results / UNTRIED).write_text(json.dumps(names), encoding="utf-8")
    how = f"in {options.minutes:g} minutes, in the order of seed {options.seed}"
    return f"There was no time for {len(names)} of {len(chosen)} ({how}): {', '.join(names)}"


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m defects", description=__doc__)
    parser.add_argument("--only", default="*", help="names of bugs, journeys, laws or platforms; comma separated, with * and ?")
    parser.add_argument("--since", help="only those that a change since this commit concerns (`since.py`)")
    parser.add_argument(
        "--parallel",
        type=int,
        default=max(1, len(os.sched_getaffinity(0)) // 2),
        help="platforms at the same time: each wants two cores",
    )
    parser.add_argument("--times", type=_count, default=1, help="how often each bug, and each journey without one, is tried")
    parser.add_argument("--minutes", type=float, help="no run is begun later than that; what is left out is told")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="of the order where there are minutes")
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "defects")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"Expected: how often, at least once.\nSeen: {text}.")
    return count


def _with_clean_runs(chosen: list[catalog.Defect]) -> list[catalog.Defect]:
    """Before each journey's first bug the platform without one."""
    runs: list[catalog.Defect] = []
    for defect in chosen:
        if not any(run.run == defect.run for run in runs):
            runs.append(catalog.clean(defect.journey, chosen, defect.platform))
        runs.append(defect)
    return runs


def _matches(defect: catalog.Defect, patterns: str) -> bool:
    """Whether a bug is meant; one of another platform, which has to be installed first, by its name or its platform's."""
    wanted = [pattern.strip() for pattern in patterns.split(",")]
    return any(fnmatch.fnmatch(name, one) for name in _names(defect) for one in wanted if one != "*" or not defect.platform)


def _names(defect: catalog.Defect) -> tuple[str, ...]:
    return (defect.name, defect.platform) if defect.platform else (defect.name, defect.journey, defect.law, "reference")


if __name__ == "__main__":
    end_like_ctrl_c()
    raise SystemExit(main())
