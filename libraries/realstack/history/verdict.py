"""What a law says of a history."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """A verdict is one of three; only `HOLDS` is a pass."""

    HOLDS = "holds"
    VIOLATED = "violated"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Witness:
    """One violation, told from the events that show it.

    Attributes:
        text: ``<who> <did or did not>, which must …, because …; however …``.
        at: Seconds on the history's clock at which the violation shows.
        events: Positions in the history of the events that prove it; fewer are better.
        tabs: The tabs that it is about.
        retryable: Whether judging again later may find it kept (something is missing), or never (something happened).
    """

    text: str
    at: float
    events: tuple[int, ...] = ()
    tabs: tuple[str, ...] = ()
    retryable: bool = False


@dataclass(slots=True)
class Findings:
    """What a checker collects.

    Attributes:
        counts: What was looked at, by name, in the order to tell it.
        witnesses: Every violation found.
        lacking: Why the evidence can't carry a verdict, one sentence each.
    """

    counts: dict[str, int] = field(default_factory=dict)
    witnesses: list[Witness] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)

    def violated(
        self, text: str, at: float, events: tuple[int, ...] = (), tabs: tuple[str, ...] = (), *, retryable: bool = False
    ) -> None:
        """Add a violation."""
        self.witnesses.append(Witness(text, at, events, tabs, retryable))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a law says of a history.

    Attributes:
        law: The law's id.
        sentence: The law.
        outcome: Holds, violated or invalid.
        counts: What was looked at, by name.
        witnesses: All violations, the smallest first.
        lacking: Why the evidence can't carry a verdict.
    """

    law: str
    sentence: str
    outcome: Outcome
    counts: dict[str, int]
    witnesses: tuple[Witness, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def smallest(self) -> Witness | None:
        """The violation that needs the fewest events to be seen; of equals the earliest."""
        return self.witnesses[0] if self.witnesses else None

    @property
    def retryable(self) -> bool:
        """Whether waiting could still turn this verdict into a pass."""
        if self.outcome is Outcome.INVALID:
            return True
        return self.outcome is Outcome.VIOLATED and all(witness.retryable for witness in self.witnesses)

    @property
    def tally(self) -> str:
        """The counts in words: ``214 messages, 3 tabs, 0 violations``."""
        told = [f"{number} {_noun(number, name)}" for name, number in self.counts.items()]
        return ", ".join([*told, f"{len(self.witnesses)} {_noun(len(self.witnesses), 'violations')}"])

    def headline(self) -> str:
        """One line for the console and the log."""
        if self.outcome is Outcome.HOLDS:
            return f"{self.law}: {self.tally}"
        if self.outcome is Outcome.VIOLATED and self.smallest is not None:
            return f"{self.law} violated: {self.smallest.text}"
        return f"INVALID: {self.law}: {' '.join(self.lacking)}"

    def explanation(self, waited: str = "") -> str:
        """The text of the error of a law that does not hold: begins with its id, or with ``INVALID:`` and its id.

        Args:
            waited: How long was waited for what is missing, if it was.
        """
        patience = (
            f" Waited {waited} for what is missing." if waited and self.outcome is Outcome.VIOLATED and self.retryable else ""
        )
        lines = [self.headline(), f"Law: {self.sentence}", f"Judged: {self.tally}.{patience}"]
        if self.outcome is Outcome.VIOLATED and len(self.witnesses) > 1:
            lines.append("Also: " + "\n      ".join(witness.text for witness in self.witnesses[1:4]))
            if len(self.witnesses) > 4:
                lines.append(f"      … and {len(self.witnesses) - 4} more.")
        if self.outcome is Outcome.VIOLATED and self.lacking:
            lines.append("Evidence was short, too: " + " ".join(self.lacking))
        if self.outcome is Outcome.INVALID:
            lines.append("No verdict is possible on so little; this is neither a pass nor a failure of the platform.")
        return "\n".join(lines)


def settle(law: str, sentence: str, findings: Findings) -> Verdict:
    """Turn findings into a verdict: a violation outweighs thin evidence, thin evidence outweighs a pass."""
    outcome = Outcome.VIOLATED if findings.witnesses else Outcome.INVALID if findings.lacking else Outcome.HOLDS
    witnesses = tuple(sorted(findings.witnesses, key=lambda witness: (len(witness.events) or 99, witness.at)))
    return Verdict(law, sentence, outcome, dict(findings.counts), witnesses, tuple(findings.lacking))


def _noun(number: int, plural: str) -> str:
    if number != 1:
        return plural
    if plural.endswith("ies"):
        return plural[:-3] + "y"
    return plural[:-1] if plural.endswith("s") else plural
