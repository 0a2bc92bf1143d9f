"""Statistics of lists of numbers in a sentence: `mean and standard deviation of 3, 5 and 8`; and prime numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

from chat_agent.analyst.arithmetic import CannotCompute, number, root, written


def primes(highest: int) -> list[int]:
    """All primes up to a number, by the sieve of Eratosthenes."""
    prime = [False, False] + [True] * (highest - 1)
    for divisor in range(2, int(highest**0.5) + 1):
        if prime[divisor]:
            prime[divisor * divisor :: divisor] = [False] * len(range(divisor * divisor, highest + 1, divisor))
    return [candidate for candidate, is_prime in enumerate(prime) if is_prime]


def mean(values: list[Fraction]) -> Fraction:
    """Arithmetic mean."""
    return sum(values, Fraction(0)) / len(values)


def median(values: list[Fraction]) -> Fraction:
    """Middle value, or the mean of the two middle ones."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def population_variance(values: list[Fraction]) -> Fraction:
    """Mean of the squared distances from the mean."""
    middle = mean(values)
    return sum(((value - middle) ** 2 for value in values), Fraction(0)) / len(values)


def variance(values: list[Fraction]) -> Fraction:
    """Sample variance, with n − 1."""
    if len(values) < 2:
        raise CannotCompute("a sample's variance needs at least two numbers")
    return population_variance(values) * len(values) / (len(values) - 1)


def mode(values: list[Fraction]) -> Fraction:
    """Most frequent value; of several the smallest."""
    counts = Counter(values)
    most = max(counts.values())
    return min(value for value, count in counts.items() if count == most)


def product(values: list[Fraction]) -> Fraction:
    """Product of all values."""
    result = Fraction(1)
    for value in values:
        result *= value
        if result.numerator.bit_length() > 4096:
            raise CannotCompute("the number is too large")
    return result


# The longer names come first, so that they are found first.
MEASURES: dict[str, tuple[str, Callable[[list[Fraction]], Fraction]]] = {
    "population standard deviation": ("population standard deviation", lambda values: root(population_variance(values))),
    "population variance": ("population variance", population_variance),
    "standard deviation": ("standard deviation", lambda values: root(variance(values))),
    "stdev": ("standard deviation", lambda values: root(variance(values))),
    "variance": ("variance", variance),
    "average": ("mean", mean),
    "mean": ("mean", mean),
    "median": ("median", median),
    "mode": ("mode", mode),
    "sum": ("sum", lambda values: sum(values, Fraction(0))),
    "total": ("sum", lambda values: sum(values, Fraction(0))),
    "product": ("product", product),
    "minimum": ("min", min),
    "min": ("min", min),
    "smallest": ("min", min),
    "maximum": ("max", max),
    "max": ("max", max),
    "largest": ("max", max),
    "range": ("range", lambda values: max(values) - min(values)),
    "count": ("count", lambda values: Fraction(len(values))),
}

# Of a text without line ends and with one blank at a time; more names than there are, one behind the other, are not a question.
_NAME = "|".join(name.replace(" ", r"\s+") for name in MEASURES)
_NUMBER = r"[-+−]?(?:\d+(?:\.\d+)?|\.\d+)"
_BETWEEN = r"(?:\s*[,;]\s*(?:and\s+)?|\s+and\s+|\s+)"
STATISTICS = re.compile(
    rf"(?P<names>(?:{_NAME})(?:(?:\s*,\s*(?:and\s+)?(?:the\s+)?|\s*/\s*|\s+and\s+(?:the\s+)?)(?:{_NAME})){{0,{len(MEASURES)}}})"
    rf"\s+(?:of|for|from)\s+(?:the\s+)?(?:numbers\s+|values\s+)?:?\s*[\[(]?\s*"
    rf"(?P<numbers>{_NUMBER}(?:{_BETWEEN}{_NUMBER})*)(?![\w*/^%+])",
    re.IGNORECASE,
)


def describe(names: str, numbers: str) -> list[tuple[str, str]]:
    """Compute the measures that a sentence names.

    Args:
        names: Such as `mean and median`.
        numbers: Such as `3, 5 and 8`.

    Returns:
        Name and written value of each, in the order of the sentence.

    Raises:
        CannotCompute: A measure has no value for these numbers, or one of them is beyond the limits.
    """
    values = [number(item.replace("−", "-")) for item in re.findall(_NUMBER, numbers)]
    wanted = dict(MEASURES[" ".join(match[0].lower().split())] for match in re.finditer(_NAME, names, re.IGNORECASE))
    return [(name, written(compute(values))) for name, compute in wanted.items()]
