"""`python -m mutants judges|platform`: change sources at random, and see whether tests or journeys notice.

The sample is drawn by a seed; a run with the same seed goes on where the last one stopped. Exit code 0 when every survivor has
been looked at (`tests/mutants/looked_at.yaml`) and is no gap, 1 when there are gaps, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.robot_run import INTERRUPTED

from . import platform, targets
from .operators import Mutation, mutations
from .score import Result, load, marks, save, summary, verdict

ROOT = Path(__file__).resolve().parents[2]
LOOKED_AT = Path(__file__).with_name("looked_at.yaml")
LONGEST = 160


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file."""

    path: Path
    text: str
    mutation: Mutation

    @property
    def file(self) -> str:
        """The file, relative to the repository."""
        return str(self.path.relative_to(ROOT))

    @property
    def changed(self) -> str:
        """What the file holds then."""
        return self.mutation.applied(self.text)

    def result(self, *, killed: bool, by: str, seconds: float) -> Result:
        """What became of it."""
        line = self.mutation.line(self.text)
        end = self.text.count("\n", 0, self.mutation.end) + 1
        more = self.changed.count("\n") - self.text.count("\n")
        before = " ".join(" ".join(self.text.splitlines()[line - 1 : end]).split())
        after = " ".join(" ".join(self.changed.splitlines()[line - 1 : end + more]).split())
        return Result(self.file, line, self.mutation.kind, before[:LONGEST], after[:LONGEST], killed, by, round(seconds, 1))


def main() -> int:
    """Draw mutants, try them, tell the score."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("what", choices=["judges", "platform"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, default=50, help="mutants to try")
    parser.add_argument("--minutes", type=float, default=60.0, help="no mutant is begun later than that")
    parser.add_argument("--only", default="", help="only files whose path contains this")
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "mutants")
    options = parser.parse_args()
    known = marks(LOOKED_AT)
    name = f"{options.what}-{options.seed}"
    results = load(options.results / f"{name}.json")
    began = time.monotonic()
    interrupted = False
    try:
        for result in _tried(options, len(results), began):
            results.append(result)
            save(results, options.results, name, known)
            word = verdict(result, known)
            print(f"[{len(results):>3}/{options.number}] {word:10} {result}", flush=True)
    except KeyboardInterrupt:
        interrupted = True
    print("\n".join(["", *summary(results, known), f"Page: {options.results / f'{name}.html'}"]))
    if interrupted:
        return INTERRUPTED
    return 1 if any(verdict(result, known) == "gap" for result in results) else 0


def _tried(options: argparse.Namespace, done: int, began: float) -> Iterator[Result]:
    paths = [path for path, _ in targets.files(ROOT)] if options.what == "judges" else platform.files(ROOT)
    sites = [
        Mutant(path, text, mutation)
        for path in paths
        if options.only in str(path)
        for text in [path.read_text(encoding="utf-8")]
        for mutation in mutations(text, path.suffix)
    ]
    random.Random(options.seed).shuffle(sites)
    journeys = platform.Journeys(sorted(path.stem for path in (ROOT / "suites").glob("[0-9]*.robot")))
    judges = dict(targets.files(ROOT))
    for mutant in sites[done : options.number]:
        if time.monotonic() - began > options.minutes * 60:
            return
        at = time.monotonic()
        if options.what == "judges":
            with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
                killed, by = targets.noticed(ROOT, judges[mutant.path], mutant.path, mutant.changed, Path(folder)), ""
        else:
            file = str(mutant.path.relative_to(ROOT / "docker"))
            log = options.results / "runs"
            planted = platform.planted(file, mutant.text, mutant.changed)
            by = asyncio.run(platform.noticed(ROOT, log, planted, journeys))
            killed = bool(by)
        yield mutant.result(killed=killed, by=by, seconds=time.monotonic() - at)


if __name__ == "__main__":
    raise SystemExit(main())
