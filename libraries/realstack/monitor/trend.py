"""A robust slope with a distribution-free confidence interval, in plain Python.

The slope is the median of all pairwise slopes (Theil 1950; Sen 1968), its interval the one that Kendall's S
gives (Sen 1968; ties: Kendall 1975), widened by the lag-1 autocorrelation of the residuals in the
manner of an effective sample size (von Storch 1995). Values may be split into strata between which no slopes are
taken: so a single jump between two strata does not count as slope (Hirsch, Slack and Smith 1982).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist, median

MOST_AUTOCORRELATION = 0.7
"""Above this, autocorrelation can't be told from trend in the few blocks there are."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A slope and its confidence interval, in the values' unit per unit of x."""

    slope: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """How far the interval reaches from the slope at its wider side: a smaller slope can't be told from none."""
        return max(self.high - self.slope, self.slope - self.low)


def trend(strata: Sequence[Sequence[tuple[float, float]]], confidence: float = 0.99) -> Trend | None:
    """The slope of points (x, y) in one or more strata; None where fewer than 4 points share a stratum.

    Args:
        strata: Points by stratum, each by rising x.
        confidence: Two-sided confidence of the interval, below 1.
    """
    usable = [list(points) for points in strata if len(points) >= 4]
    slopes = sorted(slope for points in usable for slope in _pair_slopes(points))
    if not slopes:
        return None
    middle = median(slopes)
    residuals = [[y - middle * x for x, y in points] for points in usable]
    variance = sum(_variance_of_s([y for _, y in points]) for points in usable)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(variance * _inflation(residuals))
    count = len(slopes)
    lower = math.floor((count - reach) / 2)
    upper = math.ceil((count + reach) / 2)
    low = slopes[lower] if lower >= 0 else -math.inf
    high = slopes[upper] if upper < count else math.inf
    return Trend(middle, min(low, middle), max(high, middle))


def _pair_slopes(points: Sequence[tuple[float, float]]) -> list[float]:
    return [(y2 - y1) / (x2 - x1) for position, (x1, y1) in enumerate(points) for x2, y2 in points[position + 1 :] if x2 > x1]


def _variance_of_s(values: Sequence[float]) -> float:
    """The variance of Kendall's S. Ties carry no order, yet the interval must not shrink for them: all stay counted."""
    n = len(values)
    tied = sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values() if t > 1)
    untied = n * (n - 1) * (2 * n + 5)
    return max(untied - tied, untied / 4) / 18


def _inflation(residuals: Sequence[Sequence[float]]) -> float:
    """By how much autocorrelation widens the variance of S: 1 for none, (1+r)/(1-r) for a lag-1 correlation of r."""
    numerator = denominator = 0.0
    count = 0
    for values in residuals:
        centre = sum(values) / len(values)
        centred = [value - centre for value in values]
        numerator += sum(a * b for a, b in pairwise(centred))
        denominator += sum(value * value for value in centred)
        count += len(values)
    if denominator <= 0:
        return 1.0
    # The estimate from few values is biased towards -1/n (Kendall 1954); undo that, then allow only widening.
    raw = numerator / denominator
    corrected = (raw * count + 1) / (count - 4) if count > 8 else raw
    bounded = min(max(corrected, 0.0), MOST_AUTOCORRELATION)
    return (1 + bounded) / (1 - bounded)


def find_step(points: Sequence[tuple[float, float]], least_gain: float = 0.5) -> tuple[int, float] | None:
    """The one jump that explains points much better than a slope alone does.

    Args:
        points: Points (x, y) by rising x.
        least_gain: The step must leave less than this share of the summed absolute residuals.

    Returns:
        The position of the first point after the jump, and the jump's height; None where no jump explains much.
    """
    if len(points) < 10:
        return None
    plain = _spread([list(points)])
    cost, cut = min((_spread([list(points[:cut]), list(points[cut:])]), cut) for cut in range(4, len(points) - 3))
    if plain <= 0 or cost > least_gain * plain:
        return None
    slope = _common_slope([points[:cut], points[cut:]])
    left = median(y - slope * x for x, y in points[:cut])
    right = median(y - slope * x for x, y in points[cut:])
    return cut, right - left


def _common_slope(strata: Sequence[Sequence[tuple[float, float]]]) -> float:
    return median(slope for points in strata for slope in _pair_slopes(points))


def _spread(strata: Sequence[Sequence[tuple[float, float]]]) -> float:
    """Summed absolute residuals of one common slope with an own level for each stratum."""
    slope = _common_slope(strata)
    total = 0.0
    for points in strata:
        residuals = [y - slope * x for x, y in points]
        level = median(residuals)
        total += sum(abs(residual - level) for residual in residuals)
    return total
