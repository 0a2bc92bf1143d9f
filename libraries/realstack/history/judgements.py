"""What was judged in a test."""

from __future__ import annotations

from dataclasses import dataclass

from realstack.history.verdict import Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and over how many of the recorded events it was made."""

    verdict: Verdict
    upto: int


class Judgements:
    """The verdicts of a test by law: of a law that was judged several times the worst, which is what a test's metadata tells."""

    def __init__(self) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self.evidence: set[int] = set()

    def add(self, verdict: Verdict) -> None:
        """Keep a verdict, and what shows that the law does not hold."""
        earlier = self.verdicts.get(verdict.law)
        if earlier is None or earlier.outcome is not Outcome.VIOLATED:
            self.verdicts[verdict.law] = verdict
        if verdict.smallest is not None:
            self.evidence.update(verdict.smallest.events)

    def clear(self) -> None:
        """Forget all: another test begins."""
        self.verdicts.clear()
        self.evidence.clear()

    @property
    def first_violation(self) -> float | None:
        """When the first of the smallest witnesses shows, in seconds on the history's clock."""
        return min((verdict.smallest.at for verdict in self.verdicts.values() if verdict.smallest is not None), default=None)
