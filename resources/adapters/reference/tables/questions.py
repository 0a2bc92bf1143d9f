"""Variable file: many different questions for the analyst, each with the answer that is right.

The answers are worked out here with exact fractions, independently of the platform. `{canary}` stands for the asking
user's token, which some answers repeat: an answer to somebody else's question shows whose it was.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction

COUNT = 64
"""How many questions there are, all different."""

Question = dict[str, str]


def _told(value: Fraction | float | Decimal) -> str:
    """A number as the analyst writes it: rounded half to even to six decimals, without trailing zeros."""
    exact = Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else Decimal(value)
    text = f"{exact.quantize(Decimal('0.000001')):f}"
    return text.rstrip("0").rstrip(".")


def _numbers(n: int) -> list[Fraction]:
    return [Fraction(value) for value in (n, 3 * n + 1, 5 * n + 2, 7 * n + 12, 2)]


def _list(numbers: list[Fraction]) -> str:
    return ", ".join(str(number) for number in numbers)


def _arithmetic(n: int) -> Question:
    term = f"{17 + n} * ({23 + 3 * n} + 4) - {n}"
    return {"query": f"What is {term}?", "expected": f"{term} = {(17 + n) * (27 + 3 * n) - n}"}


def _deviation(n: int) -> Question:
    numbers = _numbers(n)
    with localcontext() as context:
        context.prec = 40
        variance = statistics.variance(numbers)
        deviation = (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()
        mean = _told(statistics.mean(numbers))
        text = _list(numbers)
        expected = f"mean of {text} = {mean}\nstandard deviation of {text} = {_told(deviation)}"
    return {"query": f"What is the mean and standard deviation of {text}?", "expected": expected}


def _keywords(n: int) -> Question:
    words = f"pump{n} {{canary}} pump{n} {{canary}} motor valve pump{n}"
    return {"query": f"top 2 keywords of: {words}", "expected": f"Keywords: pump{n} (3), {{canary}} (3)"}


def _summary(n: int) -> Question:
    text = f"Report {n} of {{canary}} is late"
    return {"query": text, "expected": f"Summary: {text}"}


def _sentence(n: int) -> Question:
    said = f"Pump {n} of {{canary}} stopped."
    return {"query": f"summarize in 1 sentence: {said} Then valve {n} closed.", "expected": f"Summary: {said}"}


def _mixed(n: int) -> Question:
    numbers = _numbers(n)
    percent = f"15% of {80 * n}"
    expected = f"{percent} = {12 * n}\nmax of {_list(numbers)} = {max(numbers)}"
    return {"query": f"What is {percent}, and what is the max of {_list(numbers)}?", "expected": expected}


def _roots(n: int) -> Question:
    term = f"sqrt({n * n}) + 2^{n % 20 + 5} % {n + 7}"
    return {"query": f"What is {term}?", "expected": f"{term} = {n + 2 ** (n % 20 + 5) % (n + 7)}"}


def _median(n: int) -> Question:
    numbers = _numbers(n)
    text = _list(numbers)
    expected = f"median of {text} = {statistics.median(numbers)}\nvariance of {text} = {_told(statistics.variance(numbers))}"
    return {"query": f"What is the median and variance of {text}?", "expected": expected}


def _search(n: int) -> Question:
    return {
        "query": f'search my files for "report {n} of {{canary}}"',
        "expected": f"Found passages for report {n} of {{canary}} = 0",
    }


_KINDS: tuple[Callable[[int], Question], ...] = (
    _arithmetic,
    _summary,
    _deviation,
    _keywords,
    _mixed,
    _search,
    _median,
    _sentence,
    _roots,
)

QUESTIONS = [_KINDS[n % len(_KINDS)](n + 1) for n in range(COUNT)]
"""As dictionaries with `query` and `expected`, of all kinds in turn."""

SEARCHES = [_search(n + 1) for n in range(COUNT)]
"""Questions that need the store of file pages while they are answered."""

SUMS = [_arithmetic(n + 1) for n in range(COUNT)]
"""Questions that need no store while they are answered."""
