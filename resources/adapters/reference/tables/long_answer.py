"""Variable file: a question whose answer takes a second and a half to be said, and that answer, computed here."""

from __future__ import annotations

from math import isqrt

_HIGHEST = 20_000
_PRIMES = [n for n in range(2, _HIGHEST + 1) if all(n % divisor for divisor in range(2, isqrt(n) + 1))]

LONG_QUESTION = f"list the primes up to {_HIGHEST}"
LONG_ANSWER = f"Primes up to {_HIGHEST} = {len(_PRIMES)}: {', '.join(map(str, _PRIMES))}"
