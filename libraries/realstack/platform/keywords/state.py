"""What keywords of the Platform library, and its listener, tell each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from realstack.platform.adapter import WANTS
from realstack.platform.driver import LogMark
from realstack.platform.known import KnownViolation

NEEDS = "needs-"
"""What tags begin with that say what a test needs of who runs the platform."""


@dataclass
class KnownTests:
    """The tests of this run.

    Attributes:
        needs: Their tags that say what they need or want, and how many tests have each; None before Robot has told of any test.
        last: The last of them; None where there is none.
        lacking: Why there is not what tests with a tag need; such tests are skipped.
        known: Faults that the platform is known to have.
    """

    needs: Counter[str] | None = None
    last: Any = None
    lacking: Mapping[str, str] = field(default_factory=dict)
    known: Sequence[KnownViolation] = ()

    def are(self, tests: list[Any]) -> None:
        """Note which there are; what `--exclude` left out is not among them."""
        self.needs = Counter(tag for test in tests for tag in test.tags if tag.startswith((NEEDS, WANTS)))
        self.last = tests[-1] if tests else None  # none with --runemptysuite

    def need(self, part: str) -> bool:
        """Whether one that is not skipped needs something; anything may be needed as long as nobody knows."""
        tag = f"{NEEDS}{part}"
        return tag not in self.lacking and (self.needs is None or tag in self.needs)

    def unknown(self, capabilities: Iterable[str]) -> list[str]:
        """Tags that want something else than one of some capabilities."""
        known = {f"{WANTS}{name}" for name in capabilities}
        return sorted(tag for tag in self.needs or () if tag.startswith(WANTS) and tag not in known)

    def most(self, what: str) -> int:
        """The greatest number of their tags `needs-N-what`; none counts as 0."""
        numbers = [re.fullmatch(rf"{NEEDS}(\d+)-{re.escape(what)}", tag) for tag in self.needs or ()]
        return max((int(found[1]) for found in numbers if found), default=0)

    def kinds(self, what: str) -> list[str]:
        """What their tags `needs-what-kind` end with."""
        beginning = f"{NEEDS}{what}-"
        return sorted(tag.removeprefix(beginning) for tag in self.needs or () if tag.startswith(beginning))

    def why_not(self, tags: Iterable[str]) -> str:
        """Why a test with these tags can't be run here; nothing where it can."""
        return "\n".join(reason for tag, reason in self.lacking.items() if tag in tags)


@dataclass
class LogMarks:
    """Moments in the services' logs.

    Attributes:
        test: The running test's beginning; empty between tests.
        evidence: The same, kept when the test ends: whether the listener that ends it or the one that shows evidence is asked
            first, nobody knows.
    """

    test: LogMark = field(default_factory=dict)
    evidence: LogMark = field(default_factory=dict)
