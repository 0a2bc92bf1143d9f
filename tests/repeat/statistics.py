"""What N runs say about a test: its failures, its times, and how often it may still fail."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field

Z_95 = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""


def wilson_upper(failures: int, runs: int, z: float = Z_95) -> float:
    """Upper end of `wilson`'s interval of a failure rate."""
    return wilson(failures, runs, z)[1]


def wilson(failures: int, runs: int, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of a rate.

    Args:
        failures: Runs that failed.
        runs: Runs in all, at least one.
        z: Standard normal quantile; 1.96 is the two-sided 95 % interval.

    Returns:
        Rates from 0 to 1. Source: Wilson (1927), JASA 22, 209-212.
    """
    if runs < 1 or not 0 <= failures <= runs:
        raise ValueError(f"Expected 0 <= failures <= runs and at least one run, got {failures} of {runs}.")
    rate = failures / runs
    centre = rate + z * z / (2 * runs)
    spread = z * math.sqrt(rate * (1 - rate) / runs + z * z / (4 * runs * runs))
    return max(0.0, (centre - spread) / (1 + z * z / runs)), min(1.0, (centre + spread) / (1 + z * z / runs))


@dataclass(slots=True)
class TestRecord:
    """A test's results over all runs.

    Attributes:
        name: Suite and test.
        seconds: Elapsed time of each run.
        failures: First line of each failure's message, with the run's number.
    """

    __test__ = False  # not a test class of pytest's

    name: str
    seconds: list[float] = field(default_factory=list)
    failures: list[tuple[int, str]] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Median elapsed time in seconds."""
        return statistics.median(self.seconds)

    @property
    def worst(self) -> float:
        """Longest elapsed time in seconds."""
        return max(self.seconds)

    @property
    def bound(self) -> float:
        """Upper 95 % bound of the failure rate."""
        return wilson_upper(len(self.failures), len(self.seconds))
