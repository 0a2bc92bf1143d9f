"""What a load has measured: latencies in HDR histograms, errors by kind, and how late the generator itself was."""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hdrh.histogram import HdrHistogram

from realstack.core.errors import InvalidRun, StackError, explain
from realstack.secrets import secrets

HIGHEST = 3_600_000_000
"""Largest latency in microseconds: an hour."""

DIGITS = 3
"""Significant digits of a latency: 0.1 %."""

FIRST_WORD = "first word"
LONGEST_GAP = "longest gap"
"""What stands behind a measure's name for the figures of an answer that comes in pieces; the measure itself is its end."""

PERCENT = 100.0

MOST_POINTS = 4096
"""Points of a plot; when there are more, neighbours are joined and the worse one stays."""

MOST_ERRORS = 500
"""Errors that are kept with their text; all are counted."""

MOST_KEPT = 200
"""Iterations of a user whose values are kept."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An iteration that did not do what its script says.

    Attributes:
        kind: ``refused`` ``closed`` ``timeout`` ``rejected`` ``wrong`` ``http`` ``sign-in`` ``unsent`` or ``script``.
        user: Whose.
        iteration: Its number, from 1.
        step: Which step, in words.
        text: What was expected and seen, without credentials.
        at: Planned time of the iteration, in seconds after the start.
    """

    kind: str
    user: str
    iteration: int
    step: str
    text: str
    at: float

    def __str__(self) -> str:
        return f"{self.kind}: {self.user}, iteration {self.iteration}, {self.step}: {self.text}"


class Series:
    """Latencies of one measure: an exact-enough histogram and points for a plot.

    Attributes:
        missing: How often it failed before there was one. Each counts as longer than all others: who leaves them out is told
            the better figures the more users get nothing.
    """

    def __init__(self) -> None:
        self.missing = 0
        self._histogram: Any = HdrHistogram(1, HIGHEST, DIGITS)
        # The histogram would visit all of its buckets, a tenth of a second's work.
        self._sum = 0.0
        self.points: list[tuple[float, float]] = []
        self._stride = 1
        self._pending = 0
        self._worst = (0.0, 0.0)

    def add(self, at: float, seconds: float) -> None:
        """Add a latency of an iteration planned at a time."""
        self._histogram.record_value(min(HIGHEST, max(1, round(seconds * 1e6))))
        self._sum += seconds
        if not self._pending or seconds > self._worst[1]:
            self._worst = (at, seconds)
        self._pending += 1
        if self._pending < self._stride:
            return
        self.points.append(self._worst)
        self._pending = 0
        if len(self.points) >= MOST_POINTS:
            self.points = [max(self.points[index : index + 2], key=lambda point: point[1]) for index in range(0, MOST_POINTS, 2)]
            self._stride *= 2

    @property
    def count(self) -> int:
        """How many."""
        return int(self._histogram.get_total_count())

    def percentile(self, percent: float) -> float:
        """The latency in seconds that so many percent did not exceed; infinite where so many never had one."""
        count = self.count
        share = percent * (count + self.missing) / count if count else math.inf
        if self.missing and share > PERCENT:
            return math.inf
        return float(self._histogram.get_value_at_percentile(min(share, PERCENT))) / 1e6

    @property
    def worst(self) -> float:
        """The longest, in seconds; infinite where one never came."""
        if self.missing:
            return math.inf
        return float(self._histogram.get_max_value()) / 1e6 if self.count else 0.0

    @property
    def mean(self) -> float:
        """The mean of those that came, in seconds."""
        return self._sum / self.count if self.count else 0.0


@dataclass(slots=True)
class Results:
    """Everything that a load has measured; written on the background loop, read from Robot's thread.

    Attributes:
        users: How many users.
        planned: Iterations that were planned.
        begun: Iterations that began.
        done: Iterations that went well.
        seconds: From the start to the end, once it is over.
        lag: How late the generator itself was: sends that a free user made after their time, and the loop's own delays.
        most_lag: The 99th percentile of that which is still acceptable, in seconds.
        workers: Where the users were, in words; empty where they were in this process.
        lost: Workers that were lost while the load went on without their users, in words.
        counted: Pieces of work that steps have counted.
        counts: Who else is told of each.
    """

    users: int
    planned: int
    most_lag: float
    begun: int = 0
    done: int = 0
    sent: int = 0
    seconds: float = 0.0
    lag: Series = field(default_factory=Series)
    measures: dict[str, Series] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    workers: str = ""
    lost: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    counts: Callable[[str], object] | None = None
    kept: dict[str, deque[dict[str, Any]]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=MOST_KEPT)))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def measure(self, name: str, at: float, seconds: float) -> None:
        """Add a latency."""
        with self.lock:
            series = self.measures.get(name)
            if series is None:
                series = self.measures[name] = Series()
            series.add(at, seconds)

    def miss(self, name: str) -> None:
        """Count a latency that was to be measured and never came."""
        with self.lock:
            self.measures.setdefault(name, Series()).missing += 1

    def late(self, at: float, seconds: float) -> None:
        """Add a lateness of the generator."""
        with self.lock:
            self.lag.add(at, seconds)

    def count(self, operation: str) -> None:
        """Count a piece of work."""
        self.counted[operation] += 1
        if self.counts is not None:
            self.counts(operation)

    def fail(self, failure: Failure) -> None:
        """Count an error, and keep it while there is room."""
        with self.lock:
            self.errors[failure.kind] += 1
            if len(self.failures) < MOST_ERRORS:
                self.failures.append(failure)

    def keep(self, user: str, values: Mapping[str, Any]) -> None:
        """Keep the values of a user's iteration."""
        with self.lock:
            self.kept[user].append(dict(values))

    def series(self, measure: str | None) -> Series:
        """The latencies of a measure, or of the only one.

        Raises:
            StackError: There is no such measure, or no latency in it.
        """
        with self.lock:
            measured = {name: series for name, series in self.measures.items() if series.count}
            names = ", ".join(measured) or "none"
            if measure is None and len(measured) == 1:
                return next(iter(measured.values()))
            if measure is None or measure not in measured:
                told = f"measure {measure!r} has at least one latency" if measure else "one measure, or the name of one"
                raise StackError(
                    explain(
                        told,
                        f"measured were {names}",
                        evidence=self.told_errors(),
                        remedy="Steps that wait are measured where they say measure=…, the pieces of answers by pieces=….",
                    )
                )
            return measured[measure]

    def told_errors(self, most: int = 5) -> str:
        """The errors by kind, and the first of them."""
        if not self.errors:
            return "no errors"
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.errors.most_common())
        lines = [f"- {failure}" for failure in self.failures[:most]]
        total = sum(self.errors.values())
        more = [f"- and {total - most} more"] if total > most else []
        return secrets.scrub("\n".join([kinds, *lines, *more]))

    def check_generator(self) -> None:
        """Refuse a verdict when the generator itself was too slow.

        Raises:
            InvalidRun: It was.
        """
        with self.lock:
            p99 = self.lag.percentile(99) if self.lag.count else 0.0
            worst = self.lag.worst
        if p99 > self.most_lag:
            raise InvalidRun(
                explain(
                    f"the load generator is on time: 99 % of its lags at most {self.most_lag * 1000:.0f} ms",
                    f"{p99 * 1000:.0f} ms (worst {worst * 1000:.0f} ms)",
                    remedy="The machine is too busy for this load: use fewer users, a lower rate, or a machine of its own.",
                )
            )
