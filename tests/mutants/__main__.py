"""`python -m mutants judges|platform`: change sources at random, and see whether tests or journeys notice.

The sample is drawn by a seed; a run with the same seed goes on where the last one stopped. Exit code 0 when every survivor has
been looked at (`tests/mutants/looked_at.yaml`) and is no gap, 1 when there are gaps, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from support.robot_run import INTERRUPTED, end_like_ctrl_c

from . import measure, platform, targets
from .operators import Mutation, mutations
from .reached import Reached, statements
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
    until = time.monotonic() + options.minutes * 60
    interrupted = False

    def tell(result: Result) -> None:
        results.append(result)
        save(results, options.results, name, known)
        print(f"[{len(results):>3}/{options.number}] {verdict(result, known):10} {result}", flush=True)

    try:
        if options.what == "judges":
            for result in _judges(options, len(results), until):
                tell(result)
        else:
            asyncio.run(_platform(options, len(results), until, tell))
    except KeyboardInterrupt:
        interrupted = True
    print("\n".join(["", *summary(results, known), f"Page: {options.results / f'{name}.html'}"]))
    if interrupted:
        return INTERRUPTED
    return 1 if any(verdict(result, known) == "gap" for result in results) else 0


def _sites(options: argparse.Namespace, paths: list[Path]) -> list[Mutant]:
    """All changes of these files, shuffled by the seed."""
    sites = [
        Mutant(path, text, mutation)
        for path in paths
        if options.only in str(path)
        for text in [path.read_text(encoding="utf-8")]
        for mutation in mutations(text, path.suffix)
    ]
    random.Random(options.seed).shuffle(sites)
    return sites


def _judges(options: argparse.Namespace, done: int, until: float) -> Iterator[Result]:
    judges = [path for path, _ in targets.files(ROOT)]
    reached = _known(options.results / targets.REACHED, judges, lambda folder: targets.measured(ROOT, folder))
    for mutant in _sites(options, judges)[done : options.number]:
        at = time.monotonic()
        if at > until:
            return
        lines = statements(mutant.text).get(mutant.mutation.line(mutant.text), ())
        tests = reached.cheapest(reached.tests(mutant.file, lines) or ())
        with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
            killed = bool(tests) and targets.noticed(ROOT, tests, mutant.path, mutant.changed, Path(folder))
        yield mutant.result(killed=killed, by="" if tests else "no test runs it", seconds=time.monotonic() - at)


def _known(kept: Path, sources: Iterable[Path], measure: Callable[[Path], Reached]) -> Reached:
    """Which tests run what, measured where the folder of results doesn't have it yet, for the sources as they are now."""
    content = hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(sources))).hexdigest()
    path = kept.with_stem(f"{kept.stem}-{content[:12]}")
    if not path.is_file():
        print("Once, it is measured which tests run which lines.", flush=True)
        with tempfile.TemporaryDirectory(prefix="reached-") as folder:
            reached = measure(Path(folder))
        path.parent.mkdir(parents=True, exist_ok=True)
        reached.save(path)
    return Reached.load(path)


async def _platform(options: argparse.Namespace, done: int, until: float, tell: Callable[[Result], None]) -> None:
    """Mutants of lines that some test runs."""
    sources = platform.files(ROOT)
    reached = _known(options.results / platform.REACHED, sources, lambda folder: measure.measured(ROOT, folder))
    journeys = platform.Journeys(ROOT, options.results / f"runs-{options.seed}", reached)
    left = options.number
    async with journeys.runner:
        for mutant in _sites(options, sources):
            file = str(mutant.path.relative_to(ROOT / "docker"))
            line = mutant.mutation.line(mutant.text)
            tests = reached.tests(file, platform.lines(file, mutant.text, line, reached))
            if tests is None:
                continue
            left -= 1
            if left < options.number - done:
                at = time.monotonic()
                if at > until:
                    return
                said = await journeys.noticed(file, mutant.text, mutant.changed, tests)
                tell(mutant.result(killed=said.killed, by=said.by, seconds=time.monotonic() - at))
            if not left:
                return


if __name__ == "__main__":
    end_like_ctrl_c()
    raise SystemExit(main())
