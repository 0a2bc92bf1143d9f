"""Does repeating the same work make something grow? The verdict of the law no-growth.

A *slope* is judged for memory: kibibytes per operation, against a budget. A *count* is judged exactly:
descriptors, sockets, sessions and threads must be back where they were.

How a slope is judged:

1. Samples taken in the warm-up (by default the first third of the operations) are left out: pools fill, caches warm,
   allocators take their first arenas. Of threads, connections and sessions what was there before the work began is no growth,
   also where it was let go of and taken again meanwhile.
2. The rest is cut into at most 24 blocks of equally many operations; each gives one point, the median of its samples. So a
   garbage collector's saw-tooth and single outliers drop out, and most of the autocorrelation does.
3. The slope over operations and its 99 % interval come from `realstack.monitor.trend`.
4. One jump (a cache that filled, a pool that grew) is told apart from a slope: where a single step explains the series much
   better, the slope is taken within the parts before and after it. Growth that died out (none in the last half) is none.
5. Where no slope can be told, but all that lies between the lowest and the highest value, and a lump besides, is less than a
   leak of the budget would have been, there is none. Where the whole rise, less a lump and the largest step, is more than that,
   there is one: what an allocator has in store makes a leak look like a slope, a pause and a slope.
6. **Steady**: the interval lies below the budget. **Grows**: it lies above zero and reaches the budget. **Unknown** (the law's
   INVALID): it can't tell a leak of the budget's size from none, or one large step may or may not be a leak.

What makes 4 KiB a connection visible within 5 s:

- Measured is anonymous memory (``Anonymous`` + ``Swap`` of ``/proc/<pid>/smaps_rollup``), not the resident set: file pages
  that other processes map or drop add noise of megabytes. It is exact to a page (4 KiB).
- What counts is operations, not seconds: 1000 connections leak 4 MiB, which stands a hundred times above the noise of ±40 KiB
  that quiet CPython services show. The interval shrinks with the 1.5th power of the number of blocks.
- Allocators take memory in lumps (CPython: arenas of 1 MiB; glibc: 132 KiB and more), and what an unused lump swallows can't
  be seen. So a lump, spread over the judged operations, bounds the detection limit: 1 MiB over 640 operations is 1.6 KiB each.
- Sample at like moments: operations interleaved evenly, so that no point stands for more work in flight than another.

Error rates, from the simulation in ``tests/unit/test_monitor_leak.py`` (1000 operations, 250 samples, budget 4 KiB, noise of
40 KiB; white, autocorrelated, with saw-tooth, warm-up, step, drop, outliers and arena lumps; seeded): of series without a leak
at most 2 % are called growing; of series that leak the budget at most 2 % are called steady. What is not certain is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

from realstack.core.quantities import byte_size, number
from realstack.monitor.trend import Trend, find_step, trend

BLOCKS = 24
LEAST_BLOCKS = 8
WARMUP_SHARE = 1 / 3
CONFIDENCE = 0.99
SPARE = 0.2
"""The share of a budget by which the detection limit should lie below it."""


class Growth(StrEnum):
    """What a series shows."""

    GROWS = "grows"
    STEADY = "steady"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Series:
    """Something measured while the same work was done again and again.

    Attributes:
        name: What was measured, such as ``backend-1 memory``.
        operations: How many operations were done at each sample; never falls.
        values: What was measured at each sample, in `unit`.
        unit: Such as ``KiB`` or ``descriptors``.
        operation: What one operation is, in the singular.
        budget: The growth per operation from which on it counts, in `unit`.
        warmup: Operations at the start that are left out; None for the first third.
        lump: The least amount in which the value can grow, in `unit`; 0 for exact values.
        exact: Whether it is a count that must come back to its first value.
    """

    name: str
    operations: Sequence[int]
    values: Sequence[float]
    unit: str = "KiB"
    operation: str = "operation"
    budget: float = 4.0
    warmup: int | None = None
    lump: float = 0.0
    exact: bool = False

    def to_json(self) -> dict[str, Any]:
        """The series as plain JSON values."""
        return {
            "name": self.name,
            "operations": list(self.operations),
            "values": [round(value, 3) for value in self.values],
            "unit": self.unit,
            "operation": self.operation,
            "budget": self.budget,
            "warmup": self.warmup,
            "lump": self.lump,
            "exact": self.exact,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Series:
        """The series from what `to_json` made."""
        return cls(
            str(data["name"]),
            [int(value) for value in data["operations"]],
            [float(value) for value in data["values"]],
            str(data.get("unit", "KiB")),
            str(data.get("operation", "operation")),
            float(data.get("budget", 4.0)),
            None if data.get("warmup") is None else int(data["warmup"]),
            float(data.get("lump", 0.0)),
            bool(data.get("exact", False)),
        )


@dataclass(frozen=True, slots=True)
class GrowthVerdict:
    """What a series shows, with the figures it rests on (per operation, in the series' unit).

    Attributes:
        outcome: Grows, steady or unknown.
        sentence: The verdict in one sentence, with its figures.
        slope: The robust slope; None where there was too little to fit one.
        low: Lower end of its interval.
        high: Upper end of its interval.
        limit: The smallest leak that would have been seen.
        judged: Operations that the verdict rests on.
    """

    outcome: Growth
    sentence: str
    slope: float | None = None
    low: float = -math.inf
    high: float = math.inf
    limit: float = math.inf
    judged: int = 0


def judge_count(series: Series) -> GrowthVerdict:
    """Judge a count: its last value must be its first.

    One that is lower can't be judged, because what was let go of may hide what was left; unless nothing is left at all.
    """
    if len(series.values) < 2:
        return GrowthVerdict(Growth.UNKNOWN, f"{series.name} was read {len(series.values)} time(s): read it before and after.")
    before, after = series.values[0], series.values[-1]
    done = series.operations[-1] - series.operations[0]
    work = f"{done} {plural(series.operation, done)}"
    facts = f"{series.name} went from {before:g} to {after:g} {series.unit} over {work}"
    if after > before:
        share = f" ({(after - before) / done:.3g} for each {series.operation})" if done else ""
        text = (
            f"{series.name} grew: it must be back at {before:g} {series.unit}, because that was there before the work began; "
            "however, "
            f"after {work} it is {after:g}{share}."
        )
        return GrowthVerdict(Growth.GROWS, text, slope=(after - before) / done if done else None, judged=done)
    if 0 < after < before:
        return GrowthVerdict(
            Growth.UNKNOWN, f"{facts}: something was still going on when it was first read. Read it once all is quiet."
        )
    if done <= 0:
        return GrowthVerdict(Growth.UNKNOWN, f"{series.name} was judged over no work at all: count the operations.")
    return GrowthVerdict(Growth.STEADY, f"{facts}.", slope=0.0, low=0.0, high=0.0, limit=1.0 / done, judged=done)


def judge_growth(series: Series) -> GrowthVerdict:
    """Judge a measured series against its budget per operation; see this module's introduction."""
    points = blocks(series)
    if len(points) < LEAST_BLOCKS:
        return GrowthVerdict(
            Growth.UNKNOWN,
            f"{series.name} gives {len(points)} points after the warm-up, at least {LEAST_BLOCKS} are needed: "
            f"do more {plural(series.operation, 2)}, or sample more often.",
        )
    verdict = _judge_slope(series, points)
    return _judge_rise(series, points, verdict) if verdict.outcome is Growth.UNKNOWN else verdict


def _judge_slope(series: Series, points: list[tuple[float, float]]) -> GrowthVerdict:
    span = points[-1][0] - points[0][0]
    whole = _classify(series, _fitted([points]), span)
    step = find_step(points)
    if step is not None:
        return _judge_with_step(series, points, step, whole)
    if whole.outcome is Growth.GROWS and _died_out(series, points):
        return _retold(whole, Growth.STEADY, f"{_figures(series, whole)}; the growth died out in the first half.")
    return whole


def _judge_rise(series: Series, points: list[tuple[float, float]], unknown: GrowthVerdict) -> GrowthVerdict:
    """Where no slope can be told: whether all that was gained is less than a leak of the budget would be, or the rise more.

    What an unused lump may have swallowed is counted as gained. What a lump or the largest step may have brought is none of the
    rise.
    """
    span = points[-1][0] - points[0][0]
    step = find_step(points)
    height = max(0.0, step[1]) if step is not None else 0.0
    risen = points[-1][1] - points[0][1] - series.lump - height
    if risen >= series.budget * span and not _died_out(series, points):
        text = (
            f"{series.name} grows: it must stay under {series.budget:g} {series.unit} per {series.operation}, because that is "
            f"its budget; however, over {span:.0f} {plural(series.operation, span)} it rose by {risen:.0f} {series.unit} more "
            f"than one lump{f' and one step of {height:.0f}' if height else ''}, {risen / span:.2f} each."
        )
        return GrowthVerdict(Growth.GROWS, text, unknown.slope, unknown.low, unknown.high, unknown.limit, round(span))
    gained = max(value for _, value in points) - min(value for _, value in points) + series.lump
    if gained >= series.budget * span:
        return unknown
    text = (
        f"{series.name}: between its lowest and its highest, with what a lump may hide, lie {gained:.0f} {series.unit} over "
        f"{span:.0f} {plural(series.operation, span)}, where a leak of the budget would have been {series.budget * span:.0f}; "
        f"the smallest leak it could have seen is {gained / span:.2f}."
    )
    return GrowthVerdict(Growth.STEADY, text, unknown.slope, unknown.low, unknown.high, gained / span, round(span))


def read_budget(given: str | float) -> float:
    """The growth for one operation, in the metric's own unit: a number of it, or a size such as ``4 KiB``, which becomes KiB.

    Raises:
        StackError: It is neither.
    """
    if isinstance(given, str) and given.rstrip()[-1:].isalpha():
        return byte_size(given, "the budget") / 1024
    return float(number(given, "the budget"))


def operations_needed(lump: float, budget: float, warmup: float | None = None) -> int:
    """How many operations must be done for a leak of the budget to be told from none, with a fifth to spare.

    Args:
        lump: The least amount in which the value can grow.
        budget: The growth per operation that must be seen, in the same unit.
        warmup: Operations at the start that are left out, or below 1 the share of them; None for the first third.
    """
    judged = lump / (budget * (1 - SPARE))
    left_out = WARMUP_SHARE if warmup is None else warmup
    return math.ceil(judged / (1 - left_out) if left_out < 1 else judged + left_out)


def blocks(series: Series) -> list[tuple[float, float]]:
    """The points that a series is judged by: (operations, median value) of each block after the warm-up."""
    if not series.operations:
        return []
    first, last = series.operations[0], series.operations[-1]
    start = first + (series.warmup if series.warmup is not None else (last - first) * WARMUP_SHARE)
    kept = [(n, v) for n, v in zip(series.operations, series.values, strict=True) if n >= start]
    if len(kept) < 2 or kept[-1][0] <= kept[0][0]:
        return []
    width = (kept[-1][0] - kept[0][0]) / BLOCKS
    groups: dict[int, list[tuple[int, float]]] = {}
    for n, v in kept:
        groups.setdefault(min(int((n - kept[0][0]) / width), BLOCKS - 1), []).append((n, v))
    return [(median(n for n, _ in group), median(v for _, v in group)) for _, group in sorted(groups.items())]


def _fitted(parts: Sequence[Sequence[tuple[float, float]]]) -> Trend:
    """The trend of parts that have four points each, at least."""
    found = trend(parts, CONFIDENCE)
    assert found is not None
    return found


def _classify(series: Series, found: Trend, span: float) -> GrowthVerdict:
    limit = max(found.half_width, series.lump / span)
    draft = GrowthVerdict(Growth.UNKNOWN, "", found.slope, found.low, found.high, limit, round(span))
    budget = series.budget
    if found.low >= budget:
        outcome = Growth.GROWS
    elif limit > budget:
        outcome = Growth.UNKNOWN
    elif found.high < budget:
        outcome = Growth.STEADY
    else:
        outcome = Growth.GROWS if found.low > 0 else Growth.UNKNOWN
    return _retold(draft, outcome, _sentence(series, draft, outcome))


def _judge_with_step(
    series: Series, points: list[tuple[float, float]], step: tuple[int, float], whole: GrowthVerdict
) -> GrowthVerdict:
    cut, height = step
    span = points[-1][0] - points[0][0]
    parts = _classify(series, _fitted([points[:cut], points[cut:]]), span)
    told = f"one step of {height:+.0f} {series.unit} at {plural(series.operation, 1)} {points[cut][0]:.0f}"
    if parts.outcome is Growth.GROWS:
        return _retold(parts, Growth.GROWS, parts.sentence.rstrip(".") + f", besides {told}.")
    small = height / span < series.budget
    if parts.outcome is Growth.STEADY and small:
        return _retold(parts, Growth.STEADY, f"{_figures(series, parts)}, besides {told}.")
    if whole.outcome is Growth.STEADY and small:
        # The parts are too short to tell, but even with the step in it the whole stays under the budget.
        return _retold(whole, Growth.STEADY, f"{_figures(series, whole)}, {told} included.")
    if height > 0 and (parts.outcome is Growth.STEADY or whole.outcome is Growth.GROWS):
        text = (
            f"{series.name} grew by {told}, which may be a leak in lumps or something that happens once: "
            f"do more {plural(series.operation, 2)}."
        )
        return _retold(parts, Growth.UNKNOWN, text)
    return parts


def _died_out(series: Series, points: list[tuple[float, float]]) -> bool:
    """Whether the last half shows no growth any more: neither a slope nor a rise of half the budget."""
    half = points[len(points) // 2 :]
    length = half[-1][0] - half[0][0]
    rise = half[-1][1] - half[0][1]
    late = _fitted([half])
    return late.high < series.budget and late.low <= 0 and rise < series.budget / 2 * length


def _retold(verdict: GrowthVerdict, outcome: Growth, sentence: str) -> GrowthVerdict:
    return GrowthVerdict(outcome, sentence, verdict.slope, verdict.low, verdict.high, verdict.limit, verdict.judged)


def _figures(series: Series, verdict: GrowthVerdict) -> str:
    slope = 0.0 if verdict.slope is None else verdict.slope
    return (
        f"{series.name}: {slope:+.2f} {series.unit} per {series.operation} (99 % within {verdict.low:+.2f} and "
        f"{verdict.high:+.2f}) over "
        f"{verdict.judged} {plural(series.operation, verdict.judged)}; the smallest leak it could have seen is "
        f"{verdict.limit:.2f}"
    )


def _sentence(series: Series, verdict: GrowthVerdict, outcome: Growth) -> str:
    facts = _figures(series, verdict)
    if outcome is Growth.STEADY:
        return f"{facts}."
    if outcome is Growth.GROWS:
        return (
            f"{series.name} grows: it must stay under {series.budget:g} {series.unit} per {series.operation}, because that "
            "is its budget; "
            f"however, {facts.removeprefix(series.name + ': ')}."
        )
    return (
        f"{facts}, and the budget is {series.budget:g}: too coarse to tell a leak from none. Do more "
        f"{plural(series.operation, 2)}, or measure "
        "in a quieter place."
    )


def plural(noun: str, number: float) -> str:
    """The noun for that many of it."""
    if number == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
