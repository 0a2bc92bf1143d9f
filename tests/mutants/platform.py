"""Mutants of the reference platform: the journeys must notice them.

A mutant is planted as the bugs of the catalog are. Journeys are run one after the other, those first that killed mutants of the
same file before, until one fails; which law it is that notices does not matter here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from defects.catalog import Defect
from defects.outcome import Outcome
from defects.runner import Runner

SOURCES = ("auth/*/*.py", "backend/*/*.py", "agent/*/**/*.py", "common/*/*.py", "frontend/**/*.js", "frontend/*.template")
"""Files of `docker/` that are changed."""


def files(root: Path) -> list[Path]:
    """The platform's sources."""
    found = {path for pattern in SOURCES for path in (root / "docker").glob(pattern)}
    return sorted(path for path in found if not {"node_modules", "__pycache__", "tests"} & set(path.parts))


@dataclass
class Journeys:
    """The suites in the order in which they are tried.

    Attributes:
        names: All of them.
        killed: How many mutants each killed, by file.
    """

    names: list[str]
    killed: dict[str, Counter[str]] = field(default_factory=dict)

    def order(self, file: str) -> list[str]:
        """Those first that killed most of this file's mutants, then most of all."""
        own = self.killed.get(file, Counter())
        all_of_them = sum(self.killed.values(), Counter[str]())
        return sorted(self.names, key=lambda name: (-own[name], -all_of_them[name], self.names.index(name)))

    def note(self, file: str, name: str) -> None:
        """One killed a mutant of a file."""
        self.killed.setdefault(file, Counter())[name] += 1


def planted(file: str, text: str, changed: str) -> Defect:
    """A mutant as a bug to plant: the whole file is another."""
    return Defect("mutant", file, text, changed, "", "any", "")


async def noticed(root: Path, results: Path, mutant: Defect, journeys: Journeys) -> str:
    """The journey that fails on a changed platform; empty when all pass."""
    for name in journeys.order(mutant.file):
        outcomes: list[Outcome] = []
        await Runner(root, results, 1).run([replace(mutant, journey=name)], outcomes.append)
        (outcome,) = outcomes
        # A platform that does not even start is noticed as well.
        if outcome.failed or outcome.verdict == "error":
            journeys.note(mutant.file, name)
            return f"{name}: {', '.join(outcome.failed[:2]) or outcome.witness[:100]}"
    return ""
