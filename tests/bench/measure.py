"""Contenders that take turns, and what they took: the median of all rounds, and between which values they lay."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Contender = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        group: What it belongs to, such as ``round trip``.
        name: Whose it is.
        value: The median of all rounds.
        unit: Such as ``ms``.
        low: The least of all rounds.
        high: The most.
        ratio: To the group's first contender, the median of the rounds' ratios; None where there is nothing to compare with.
    """

    group: str
    name: str
    value: float
    unit: str
    low: float
    high: float
    ratio: float | None = None


def figure(group: str, name: str, values: float | Sequence[float], unit: str = "ms", ratio: float | None = None) -> Figure:
    """A figure of one round, or of several."""
    rounds = [values] if isinstance(values, float | int) else values
    return Figure(group, name, median(rounds), unit, min(rounds), max(rounds), ratio)


async def compare(
    group: str,
    contenders: Mapping[str, Contender],
    *,
    operations: int,
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Figure]:
    """Let contenders take turns; the first one is what the others are compared with.

    Args:
        group: Name of the comparison.
        contenders: Each does `operations` operations when called.
        operations: By which the time of a call is divided.
        rounds: How often each is called, after one call that does not count.
        clock: What it is measured by; the processor's, `time.process_time`, where nothing is waited for.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, work in contenders.items():
            began = clock()
            await work()
            if number:
                taken[name].append((clock() - began) / operations * 1000)
    return ratios(group, taken)


def ratios(group: str, taken: Mapping[str, Sequence[float]], unit: str = "ms") -> list[Figure]:
    """The figures of contenders who took turns, with the medians of the rounds' ratios to the first one.

    Args:
        group: Name of the comparison.
        taken: Of each contender in each round.
        unit: Of what was taken.
    """
    first = next(iter(taken.values()))
    return [
        figure(group, name, values, unit, None if values is first else median(a / b for a, b in zip(values, first, strict=True)))
        for name, values in taken.items()
    ]


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * percent / 100))]
