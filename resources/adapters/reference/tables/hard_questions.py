"""Variable file: questions whose answers are easily got wrong, each with what its answer must hold.

The answers are worked out here, independently of the platform.
"""

from __future__ import annotations

from math import isqrt

Question = dict[str, str]


def _asked(name: str, query: str, expected: str) -> Question:
    return {"name": name, "query": query, "expected": expected}


def _computed(name: str, term: str, value: str | int) -> Question:
    return _asked(name, f"What is {term}?", f"{term} = {value}")


def _primes(highest: int) -> str:
    found = [n for n in range(2, highest + 1) if all(n % divisor for divisor in range(2, isqrt(n) + 1))]
    return f"Primes up to {highest} = {len(found)}: {', '.join(map(str, found)) or 'none'}"


HARD = [
    _asked("of nothing", "list the primes up to 1", _primes(1)),
    _asked("of a square", "list the primes up to 25", _primes(25)),
    _asked("of what was never said", 'search messages for "nobody said this"', "Found messages for nobody said this = 0"),
    _computed("of a single number", "median of 7", 7),
    _computed("that needs two numbers and has one", "range of 7", 0),
    _asked("that has no value", "What is the variance of 4?", "variance of 4: cannot be computed"),
    _computed("of an even count", "median of 4, 1, 3, 2", "2.5"),
    _computed("of equals", "mode of 3, 1, 3, 1", 1),
    _computed("of negative numbers", "median of -5, -1, -3", -3),
    _computed("of a negative remainder", "-7 % 3", -7 % 3),
    _computed("of a sign before a power", "-2^2", -(2**2)),
    _computed("beyond 2^53", "2^53 + 1", 2**53 + 1),
    _computed("of two hundred bits", "3^120 - 1", 3**120 - 1),
    _computed("that binary numbers miss", "0.1 + 0.2", "0.3"),
    _computed("of a third beyond 2^53", "10^20 / 3", f"{10**20 // 3}.333333"),
    _computed("of a third beyond 2^1024", "10^310 / 3", f"{10**310 // 3}.333333"),
    _computed("of a rest beyond 2^53", "(10^20 + 1) % 7", (10**20 + 1) % 7),
    _computed("of a percentage beyond 2^53", "0.1% of (10^20 + 10)", f"{10**17}.01"),
    _computed("of a mean beyond 2^53", f"mean of {10**20 + 1} and {10**20 + 2}", f"{10**20 + 1}.5"),
    _computed("of a sum beyond 2^53", f"sum of {10**20}, 0.25 and {10**20}", f"{2 * 10**20}.25"),
    _computed("of a product beyond 2^53", f"product of {10**10 + 1}, {10**10 + 1} and 0.5", f"{(10**10 + 1) ** 2 // 2}.5"),
    _computed("of a range beyond 2^53", f"range of {10**20 + 1} and {10**20}", 1),
    _computed("of a variance beyond 2^53", f"variance of {10**20 + 1} and {10**20}", "0.5"),
    _computed("of as many bits as may be", "2^1024 * 2^1023", 2**2047),
    _asked("of a bit more", "What is 2^1024 * 2^1023 + 2^1024 * 2^1023?", "+ 2^1024 * 2^1023: cannot be computed"),
    _computed("of an exact root beyond binary numbers", "sqrt((10^20 + 1)^2)", 10**20 + 1),
    _computed("of many parentheses", "+".join(61 * ["(1)"]), 61),
    _computed("as deep as may be", f"{59 * '('}1{59 * ')'} + 1", 2),
    _asked("a bit deeper", f"What is {60 * '('}1{60 * ')'} + 1?", "1: cannot be computed, the expression is nested too deeply"),
    _computed("as long as may be", f"10{499 * '+1'}", 509),
    _asked("a bit longer", f"What is 100{499 * '+1'}?", "Keywords: 1 (499), 100 (1)"),
    _asked("that is long", "list the primes up to 2000", _primes(2000)),
]
"""As dictionaries with `name`, `query` and `expected`; what is expected stands somewhere in the answer."""
