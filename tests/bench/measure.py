"""Contenders that take turns, and the table of what they took."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from statistics import median

Contender = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        group: What it belongs to, such as ``round trip``.
        name: Who took the time.
        milliseconds: The median of all rounds, for one operation.
        ratio: To the group's first contender, the median of the rounds' ratios; None where there is nothing to compare with.
    """

    group: str
    name: str
    milliseconds: float
    ratio: float | None = None


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


def ratios(group: str, taken: Mapping[str, list[float]]) -> list[Figure]:
    """The medians, and the medians of the rounds' ratios to the first contender.

    Args:
        group: Name of the comparison.
        taken: Milliseconds of each contender in each round.
    """
    first = next(iter(taken.values()))
    return [
        Figure(group, name, median(times), None if times is first else median(a / b for a, b in zip(times, first, strict=True)))
        for name, times in taken.items()
    ]


def table(figures: list[Figure]) -> str:
    """The figures in columns, for the console."""
    lines = [f"{'':<26} {'':<34} {'ms':>10} {'ratio':>8}"]
    group = ""
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        shown = "" if figure.group == group else figure.group
        lines.append(f"{shown:<26} {figure.name:<34} {figure.milliseconds:>10.3f} {ratio:>8}".rstrip())
        group = figure.group
    return "\n".join(lines)
