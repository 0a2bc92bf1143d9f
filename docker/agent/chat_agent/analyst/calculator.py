"""Finds what can be computed in a sentence: statistics first, then arithmetic in what is left of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from chat_agent.analyst.arithmetic import CannotCompute, NotAnExpression, evaluate, written
from chat_agent.analyst.numbers import STATISTICS, describe

CALCULATIONS_LIMIT = 20

_CANDIDATE = re.compile(r"(?:\b(?:sqrt|abs|of)\b|[\d.,()\s+\-*/%^×÷·−–²³])+", re.IGNORECASE)
_OPERATION = re.compile(r"[-+*/%^×÷·−–²³]|\b(?:sqrt|abs)\b", re.IGNORECASE)
_PIECE = re.compile(r"[,.]\s+")
# `of` at an edge belongs to the sentence. The end is matched from behind: searched for, it would be tried from every blank.
_BEGINNING = re.compile(r"(?:[\s,]|\bof\b)*", re.IGNORECASE)
_END_REVERSED = re.compile(r"(?:\s|\bfo\b)*", re.IGNORECASE)
_ASKING = re.compile(
    r"\b(?:what(?:['’]?s|\s+is|\s+are|\s+does|\s+do)?|calculate|compute|evaluate|how\s+much|solve|work\s+out|result\s+of|value\s+of)\b",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")
_FUNCTION = re.compile(r"\b(?:sqrt|abs|of|and)\b", re.IGNORECASE)
# A text with no more letters than this is an expression with a word around it.
BARE_LETTERS = 4
# Dates, versions and lists are no subtractions or products of anybody's.
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b|\b\d+(?:\.\d+){2,}\b")
# Nor are the numbers of a name, such as `order-12b` or `canary-3f`.
_NAME = re.compile(r"\b[^\W\d_]\w*(?:-\w+)+")


@dataclass(frozen=True)
class Calculation:
    """A computed value.

    Attributes:
        place: Where in the text it was asked for.
        tool: `calculator` or `statistics`.
        input: What was computed.
        results: One line for each value, such as `6 * 7 = 42`.
    """

    place: int
    tool: str
    input: str
    results: tuple[str, ...]


def calculations(text: str) -> list[Calculation]:
    """All that can be computed in a text, in the order of the text, at most `CALCULATIONS_LIMIT`."""
    # With one blank for many no pattern can divide a run of them among its optional parts.
    text = " ".join(text.split())
    found = []
    rest = _NAME.sub(_blank, _DATE.sub(_blank, text))
    for match in STATISTICS.finditer(text):
        found.append(_statistics(match))
        rest = rest[: match.start()] + " " + "#" * (len(match[0]) - 1) + rest[match.end() :]
    if _asked(text):
        found += islice(_arithmetic(rest), CALCULATIONS_LIMIT)
    return sorted(found, key=lambda item: item.place)[:CALCULATIONS_LIMIT]


def _asked(text: str) -> bool:
    # `3-4 people` is no question; a sentence must ask, or be hardly more than the expression.
    return bool(_ASKING.search(text)) or len(_LETTER.findall(_FUNCTION.sub("", text))) <= BARE_LETTERS


def _blank(match: re.Match[str]) -> str:
    return "#" * len(match[0])


def _statistics(match: re.Match[str]) -> Calculation:
    numbers = " ".join(match["numbers"].split())
    source = f"{' '.join(match['names'].lower().split())} of {numbers}"
    try:
        lines = tuple(f"{name} of {numbers} = {value}" for name, value in describe(match["names"], match["numbers"]))
    except CannotCompute as error:
        lines = (f"{source}: cannot be computed, {error}",)
    return Calculation(match.start(), "statistics", source, lines)


def _arithmetic(text: str) -> Iterator[Calculation]:
    for match in _CANDIDATE.finditer(text):
        place = match.start()
        for piece in _PIECE.split(match[0]):
            source = _without_edges(piece).rstrip(" ,.")
            if _OPERATION.search(source) and re.search(r"\d", source):
                result = _line(source)
                if result:
                    yield Calculation(place, "calculator", source, (result,))
            place += len(piece)


def _without_edges(piece: str) -> str:
    rest = _BEGINNING.sub("", piece, count=1)
    return _END_REVERSED.sub("", rest[::-1], count=1)[::-1]


def _line(source: str) -> str:
    try:
        return f"{source} = {written(evaluate(source))}"
    except CannotCompute as error:
        return f"{source}: cannot be computed, {error}"
    except NotAnExpression:
        return ""
