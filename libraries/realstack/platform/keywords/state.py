"""What keywords of the Platform library, and its listener, tell each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from realstack.platform.driver import LogMark

NEEDS = "needs-"
"""What tags begin with that say what a test needs."""


@dataclass
class KnownTests:
    """The tests of this run.

    Attributes:
        needs: Their tags that say what they need; None before Robot has told of any test.
        last: The last of them; None where there is none.
    """

    needs: frozenset[str] | None = None
    last: Any = None

    def are(self, tests: list[Any]) -> None:
        """Note which there are; what `--exclude` left out is not among them."""
        self.needs = frozenset(tag for test in tests for tag in test.tags if tag.startswith(NEEDS))
        self.last = tests[-1] if tests else None  # none with --runemptysuite

    def need(self, part: str) -> bool:
        """Whether one of them needs something; anything may be needed as long as nobody knows."""
        return self.needs is None or f"{NEEDS}{part}" in self.needs


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
