"""Exact arithmetic on expressions that come from users: a parser of its own, bounded in length, depth and size of numbers.

Grammar, from weak to strong: `+ -`, then `* / % of`, then sign, then `^` (right to left), then numbers, parentheses, `sqrt(…)`,
`abs(…)` and a number with `%` behind it. So `-2^2` is −4 and `2^3^2` is 512.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction

LENGTH_LIMIT = 1000
DEPTH_LIMIT = 60
# Numerators and denominators may have this many bits.
BITS_LIMIT = 2048
EXPONENT_LIMIT = 1024

_NUMBER = r"\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_TOKEN = re.compile(rf"\s*(?:({_NUMBER})|(sqrt|abs|of)\b|(\*\*|[-+*/%^()]))", re.IGNORECASE)
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "²": "^2", "³": "^3"})


class CannotCompute(ValueError):
    """The expression has no value that can be given; the text says why."""


class NotAnExpression(ValueError):
    """The text is no arithmetic expression."""


def evaluate(text: str) -> Fraction:
    """Compute an expression.

    Args:
        text: Such as `17 * (23 + 4) - 9`; `×`, `÷` and `**` are understood.

    Returns:
        The exact value; of a square root that is not exact, the nearest one with 15 digits.

    Raises:
        NotAnExpression: It is none.
        CannotCompute: Division by zero, root of a negative number, or numbers beyond the limits.
    """
    parser = _Parser(tokens(text))
    value = parser.total()
    if parser.rest:
        raise NotAnExpression(text)
    return value


def tokens(text: str) -> list[str]:
    """Split an expression; raises NotAnExpression at anything that belongs to none."""
    text = text.translate(_SIGNS).strip()
    if not text or len(text) > LENGTH_LIMIT:
        raise NotAnExpression(text[:50])
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            if not text[place:].strip():
                break
            raise NotAnExpression(text)
        found.append((match[1] or match[2] or match[3]).lower().replace(",", "").replace("**", "^"))
        place = match.end()
    return found


class _Parser:
    def __init__(self, items: list[str]) -> None:
        self._items = items
        self._place = 0
        self._depth = 0

    @property
    def rest(self) -> list[str]:
        return self._items[self._place :]

    def _next(self) -> str:
        return self._items[self._place] if self._place < len(self._items) else ""

    def _take(self, *wanted: str) -> str:
        item = self._next()
        if item and item in wanted:
            self._place += 1
            return item
        return ""

    def total(self) -> Fraction:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise CannotCompute("the expression is nested too deeply")
        value = self._product()
        while sign := self._take("+", "-"):
            other = self._product()
            value = _bounded(value + other if sign == "+" else value - other)
        self._depth -= 1
        return value

    def _product(self) -> Fraction:
        value = self._signed()
        while sign := self._take("*", "/", "%", "of"):
            value = _bounded(_OPERATIONS[sign](value, self._signed()))
        return value

    def _signed(self) -> Fraction:
        sign = 1
        while mark := self._take("-", "+"):
            sign = -sign if mark == "-" else sign
        return sign * self._power()

    def _power(self) -> Fraction:
        base = self._percent()
        # The exponents are gathered first, because powers bind from right to left.
        exponents = []
        while self._take("^"):
            negative = False
            while mark := self._take("-", "+"):
                negative ^= mark == "-"
            value = self._percent()
            exponents.append(-value if negative else value)
        if not exponents:
            return base
        exponent = exponents.pop()
        while exponents:
            exponent = power(exponents.pop(), exponent)
        return power(base, exponent)

    def _percent(self) -> Fraction:
        value = self._atom()
        # `15% of 80` and `8 + 5%` mean hundredths; `17 % 5` means the rest of a division.
        following = self._items[self._place + 1] if self._place + 1 < len(self._items) else ""
        if self._next() == "%" and following in ("", ")", "+", "-", "*", "/", "of", "^"):
            self._place += 1
            return value / 100
        return value

    def _atom(self) -> Fraction:
        item = self._next()
        if self._take("("):
            value = self.total()
            if not self._take(")"):
                raise NotAnExpression("a parenthesis is not closed")
            return value
        if name := self._take("sqrt", "abs"):
            if self._next() != "(":
                raise NotAnExpression(f"{name} needs parentheses")
            value = self._atom()
            return abs(value) if name == "abs" else root(value)
        if item[:1].isdigit() or item[:1] == ".":
            self._place += 1
            return number(item)
        raise NotAnExpression("a number is missing")


def _divide(left: Fraction, right: Fraction) -> Fraction:
    if right == 0:
        raise CannotCompute("division by zero")
    return left / right


def _remainder(left: Fraction, right: Fraction) -> Fraction:
    if right == 0:
        raise CannotCompute("division by zero")
    return left % right


_OPERATIONS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "*": lambda left, right: left * right,
    "of": lambda left, right: left * right,
    "/": _divide,
    "%": _remainder,
}


def number(text: str) -> Fraction:
    """Read a number, such as `-1.5`; of any length, but within bounds.

    Raises:
        CannotCompute: It is too large.
    """
    if len(text) > LENGTH_LIMIT:
        raise CannotCompute("the number is too large")
    return _bounded(Fraction(text))


def power(base: Fraction, exponent: Fraction) -> Fraction:
    """Raise to a power, if the result stays within bounds."""
    if base == 0 and exponent < 0:
        raise CannotCompute("division by zero")
    if exponent.denominator == 2 and abs(exponent.numerator) <= EXPONENT_LIMIT:
        return power(root(base), Fraction(exponent.numerator))
    if exponent.denominator != 1:
        raise CannotCompute("only whole and half powers can be computed")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if abs(exponent) > EXPONENT_LIMIT or bits * abs(exponent) > 2 * BITS_LIMIT:
        if base in (0, 1, -1):
            return base**2 if exponent % 2 == 0 else base
        raise CannotCompute("the number is too large")
    return _bounded(Fraction(base) ** int(exponent))


def root(value: Fraction) -> Fraction:
    """Square root: exact where there is an exact one."""
    if value < 0:
        raise CannotCompute("square root of a negative number")
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    try:
        return Fraction(repr(math.sqrt(value)))
    except OverflowError as error:
        raise CannotCompute("the number is too large") from error


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS_LIMIT:
        raise CannotCompute("the number is too large")
    return value


def written(value: Fraction) -> str:
    """Write a number: whole ones in full, others rounded half to even to six decimals, or to six digits where that would be 0.

    `450`, `5.333333`, `0.5`, `-2`, `1.23457e-9`.
    """
    if value.denominator == 1:
        return str(value.numerator)
    # A fraction whose power of ten can be cleared keeps its digits; float would lose them.
    scaled = round(value * 1_000_000)
    if scaled == 0:
        mantissa, _, exponent = f"{float(value):.5e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    whole, decimals = divmod(abs(scaled), 1_000_000)
    text = f"{whole}.{decimals:06d}".rstrip("0").rstrip(".")
    return f"-{text}" if scaled < 0 else text
