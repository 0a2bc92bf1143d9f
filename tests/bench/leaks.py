"""The leak verdict beside two common ones on the same made-up series: first against last, and a line of least squares. False
alarms over 200 clean runs, and the smallest leak that 95 of 100 runs find."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import NormalDist, mean

from realstack.monitor.leak import Growth, Series, judge_growth

from .measure import Figure, figure

CLEAN, LEAKING, FOUND = 200, 100, 0.95
LENGTHS = {"5 s": (1000, 250), "60 s": (12_000, 3000)}
"""Operations, and samples."""
SIZES = (0.0625, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""KiB for each operation."""
BUDGET, NOISE = 4.0, 40.0
Judge = Callable[[Sequence[int], Sequence[float], float], bool]
"""Whether a series with a leak of a size, which somebody looks for, is called leaking."""


def made_up(dice: random.Random, leak: float, length: tuple[int, int]) -> tuple[list[int], list[float]]:
    """Memory of a service: what it leaks, noise that goes on for a while, a saw-tooth, a warm-up, at times a drop or a peak."""
    operations, samples = length
    carried, dropped = 0.0, dice.random() < 0.3
    at, values = [], []
    for number in range(samples):
        done = operations * number // (samples - 1)
        carried = 0.8 * carried + 0.6 * dice.gauss(0, NOISE)
        value = 30_000 + leak * done + carried + (done % 37) * 6 + 3000 * (1 - math.exp(-done / operations * 8))
        value -= 4000 if dropped and done > operations / 2 else 0
        value += dice.uniform(500, 5000) if dice.random() < 0.02 else 0
        at.append(done)
        values.append(value)
    return at, values


def ours(operations: Sequence[int], values: Sequence[float], size: float) -> bool:
    """By Monitor."""
    return judge_growth(Series("memory", operations, values, budget=size)).outcome is Growth.GROWS


def first_against_last(operations: Sequence[int], values: Sequence[float], size: float) -> bool:
    """More at the end than at the beginning, by half of what the leak would add."""
    return values[-1] - values[0] > size * (operations[-1] - operations[0]) / 2


def least_squares(operations: Sequence[int], values: Sequence[float], size: float) -> bool:
    """A straight line through all points that rises, with 99 % confidence as if the noise were independent."""
    middle, level = mean(operations), mean(values)
    spread = sum((x - middle) ** 2 for x in operations)
    slope = sum((x - middle) * (y - level) for x, y in zip(operations, values, strict=True)) / spread
    left = sum((y - level - slope * (x - middle)) ** 2 for x, y in zip(operations, values, strict=True))
    error = math.sqrt(left / (len(values) - 2) / spread)
    return slope - NormalDist().inv_cdf(0.99) * error > 0


def _warm(judge: Judge) -> Judge:
    """Without the first third, as Monitor does by itself."""
    return lambda operations, values, size: judge(operations[len(operations) // 3 :], values[len(values) // 3 :], size)


JUDGES: dict[str, Judge] = {
    "Monitor": ours,
    "first against last": _warm(first_against_last),
    "least squares": _warm(least_squares),
}


def measure(folder: Path) -> list[Figure]:
    """False alarms and smallest leaks, and what a verdict takes."""
    figures: list[Figure] = []
    for length, shape in LENGTHS.items():
        dice = random.Random(7)
        clean = [made_up(dice, 0.0, shape) for _ in range(CLEAN)]
        for name, judge in JUDGES.items():
            began = time.process_time()
            alarms = sum(judge(*series, BUDGET) for series in clean)
            taken = (time.process_time() - began) / CLEAN * 1000
            figures.append(figure(f"{length}, false alarms of {CLEAN}", name, alarms, "runs"))
            figures.append(figure(f"{length}, smallest leak found", name, _smallest(judge, shape), "KiB"))
            figures.append(figure(f"{length}, a verdict", name, taken, "ms"))
    return sorted(figures, key=lambda one: one.group)


def _smallest(judge: Judge, shape: tuple[int, int]) -> float:
    found = math.inf
    for size in reversed(SIZES):
        dice = random.Random(8)
        seen = sum(judge(*made_up(dice, size, shape), size) for _ in range(LEAKING))
        if seen < FOUND * LEAKING:
            break
        found = size
    return found
