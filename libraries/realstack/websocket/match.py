"""Telling which frame is meant: ``type=message``, ``payload.text*=Hello``, ``seq>=5``, a part of the JSON, a predicate."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.core.json_path import Hex, JsonPath, parse
from realstack.websocket.frames import Frame

Predicate = Callable[[Frame], bool]
Part = str | Mapping[str, Any] | Predicate

_OPERATORS = {
    "=": "is",
    "!=": "is not",
    "*=": "contains",
    "^=": "starts with",
    "$=": "ends with",
    "~=": "matches",
    ">=": "is at least",
    "<=": "is at most",
    ">": "is more than",
    "<": "is less than",
    "exists": "exists",
    "missing": "is missing",
}
_EXPRESSION = re.compile(
    r"(?P<path>(?:\[\*\]|[^=<>!~*^\s])+?)\s*(?P<operator>!=|\*=|\^=|\$=|~=|>=|<=|==|=|>|<)\s*(?P<value>.*)", re.DOTALL
)
_PRESENCE = re.compile(r"(?P<path>\S+)\s+(?P<operator>exists|missing)")
_TYPE_NAME = re.compile(r"[\w.:/-]+")
_SUFFIXES = "!*^$~><"
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,6})?")
_WORDS = {"true": True, "false": False, "null": None, "none": None}


@dataclass(frozen=True)
class Condition:
    """One thing that must hold of a frame's data.

    Attributes:
        path: Where to look.
        operator: One of ``= != *= ^= $= ~= >= <= > < exists missing``.
        expected: What to compare with. A text also equals the number, truth or null that is spelled so,
            since cells of a table are texts; any other type must be the same.
    """

    path: JsonPath
    operator: str
    expected: Any = None

    def __str__(self) -> str:
        if self.operator in ("exists", "missing"):
            return f"{self.path} {self.operator}"
        return f"{self.path}{self.operator}{_show(self.expected)}"

    def holds(self, data: Any) -> bool:
        """Whether any of the values at the path fulfils it; for ``!=`` all must differ, and a missing one does."""
        found = self.path.all(data)
        if self.operator == "exists":
            return bool(found)
        if self.operator == "missing":
            return not found
        if self.operator == "!=":
            return not any(_compare(value, "=", self.expected) for value in found)
        return any(_compare(value, self.operator, self.expected) for value in found)

    def explain(self, data: Any) -> str:
        """One line: the condition, and what the frame has instead when it does not hold."""
        if self.holds(data):
            return f"+ {self}"
        found = self.path.all(data)
        wanted = "" if self.operator in ("exists", "missing") else f" {_show(self.expected)}"
        seen = f"was {', '.join(_show(value) for value in found[:3])}" if found else "the frame has no such field"
        return f"- {self.path} {_OPERATORS[self.operator]}{wanted}, but {seen}"


class Match:
    """Which frame is meant; all its conditions must hold.

    Args:
        conditions: What must hold of the data.
        predicates: Functions of the `Frame` that must return true.

    Attributes:
        errors: What predicates raised instead; see `check`.
    """

    def __init__(self, conditions: tuple[Condition, ...] = (), predicates: tuple[Predicate, ...] = ()) -> None:
        self.conditions = conditions
        self.predicates = predicates
        self.errors: list[str] = []

    @classmethod
    def of(cls, *parts: Part, type_path: str = "type", **fields: Any) -> Match:
        """Build a match from what a table or a program says.

        Args:
            parts: Expressions (``seq>5``, ``payload.text*=Hello``, ``run_id exists``), bare type names
                (``message_accepted``), dictionaries that the frame must contain, predicates of `Frame`.
            type_path: Where a frame says its type.
            fields: Paths with their values; a path may end in the first letter of an operator, so that ``seq>=5``
                arrives here as ``{"seq>": "5"}``.

        Raises:
            ValueError: A text can't be understood.
            TypeError: A part is no text, dictionary or function.
        """
        conditions: list[Condition] = []
        predicates: list[Predicate] = []
        for part in parts:
            if isinstance(part, Mapping):
                conditions += _contained(part, ())
            elif isinstance(part, str):
                conditions.append(_parse(part, type_path))
            elif callable(part):
                predicates.append(part)
            else:
                raise TypeError(f"A match is a text, a dictionary or a function, not {part!r}")
        conditions += [_field(name, value) for name, value in fields.items()]
        return cls(tuple(conditions), tuple(predicates))

    def __call__(self, frame: Frame) -> bool:
        # Each wait asks each frame: most of them differ in the first condition, the type.
        for condition in self.conditions:
            if not condition.holds(frame.data):
                return False
        return all(self._holds(predicate, frame) for predicate in self.predicates)

    def _holds(self, predicate: Predicate, frame: Frame) -> bool:
        try:
            return bool(predicate(frame))
        except Exception as error:  # a predicate is the user's code: the connection that asks it goes on whatever it does
            self.errors.append(f"{_name(predicate)} raised {type(error).__name__}: {error}, at #{frame.number}: {frame.brief()}")
            return False

    def check(self) -> None:
        """Make sure that every predicate could be asked.

        Raises:
            StackError: One raised something, so that nobody knows whether a frame matches.
        """
        if self.errors:
            error = self.errors[0]
            self.errors.clear()
            raise StackError(
                explain(
                    "predicates that tell of every message whether it matches",
                    error,
                    remedy="Put conditions before it, such as a type: a predicate is only asked where they hold.",
                )
            )

    def __str__(self) -> str:
        return "  ".join([*map(str, self.conditions), *map(_name, self.predicates)]) or "any frame"

    def score(self, frame: Frame) -> int:
        """How many of the conditions hold: the nearest frame has the most."""
        return sum(condition.holds(frame.data) for condition in self.conditions)

    def explain(self, frame: Frame) -> list[str]:
        """A line for each condition, ``+`` where it holds and ``-`` where it does not."""
        lines = [condition.explain(frame.data) for condition in self.conditions]
        for predicate in self.predicates:
            lines.append(f"{'+' if self._holds(predicate, frame) else '-'} {_name(predicate)}")
        return lines


def _name(predicate: Predicate) -> str:
    return f"{getattr(predicate, '__name__', 'predicate')}()"


def _parse(text: str, type_path: str) -> Condition:
    presence = _PRESENCE.fullmatch(text.strip())
    if presence:
        return Condition(parse(presence["path"]), presence["operator"])
    expression = _EXPRESSION.fullmatch(text.strip())
    if expression:
        operator = "=" if expression["operator"] == "==" else expression["operator"]
        return _checked(Condition(parse(expression["path"]), operator, expression["value"]))
    if _TYPE_NAME.fullmatch(text.strip()):
        return Condition(parse(type_path), "=", text.strip())
    raise ValueError(
        f"'{text}' is no match. Write a frame's type (hello), path=value (payload.text=Hello), "
        f"another operator (!= *= ^= $= ~= >= <= > <), or 'path exists' or 'path missing'"
    )


def _field(name: str, value: Any) -> Condition:
    operator = "="
    if len(name) > 1 and name[-1] in _SUFFIXES:
        name, operator = name[:-1], f"{name[-1]}="
    elif isinstance(value, str) and value.startswith("="):
        value = value[1:]  # written as path==value
    return _checked(Condition(parse(name), operator, value))


def _checked(condition: Condition) -> Condition:
    if condition.operator == "~=":
        try:
            re.compile(str(condition.expected))
        except re.error as error:
            raise ValueError(f"'{condition.expected}' is not a regular expression: {error}") from error
    return condition


def _contained(part: Mapping[str, Any], names: tuple[str, ...]) -> list[Condition]:
    if not part and names:
        return [Condition(JsonPath((names,)), "=", {})]
    conditions: list[Condition] = []
    for name, value in part.items():
        inner = (*names, name)
        deeper = isinstance(value, Mapping) and value
        conditions += _contained(value, inner) if deeper else [Condition(JsonPath((inner,)), "=", value)]
    return conditions


def _equal(actual: Any, expected: Any) -> bool:
    if isinstance(expected, str) and not isinstance(actual, str):
        return _spelled(actual, expected)
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return all(name in actual and _equal(actual[name], value) for name, value in expected.items())
    if isinstance(expected, (list, tuple)) and isinstance(actual, list):
        return len(actual) == len(expected) and all(map(_equal, actual, expected))
    if isinstance(actual, bool) is not isinstance(expected, bool):
        return False  # Python holds that True == 1; JSON does not
    return bool((_as_written(actual) if isinstance(expected, Decimal) else actual) == expected)


def _spelled(actual: Any, text: str) -> bool:
    """Whether a text from a table spells this number, truth, null, array or object."""
    try:
        return actual == text.encode() if isinstance(actual, bytes) else _equal(actual, _meant(text))
    except (ValueError, RecursionError):
        return False


@lru_cache(maxsize=1024)
def _meant(text: str) -> Any:
    """The value that a text of a table spells.

    Raises:
        ValueError: It is no JSON value, so that it spells nothing but itself.
    """
    word = text.strip().lower()
    return _WORDS[word] if word in _WORDS else json.loads(text)


def _compare(actual: Any, operator: str, expected: Any) -> bool:
    if type(actual) is Hex and isinstance(expected, str):
        expected = "".join(expected.lower().split())
    if operator == "=":
        return _equal(actual, expected)
    if operator in (">", "<", ">=", "<="):
        return _ordered(actual, operator, expected)
    if operator == "*=" and isinstance(actual, list):
        return any(_equal(item, expected) for item in actual)
    return isinstance(actual, str) and _TEXT_TESTS[operator](actual, str(expected))


_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "*=": lambda actual, text: text in actual,
    "^=": str.startswith,
    "$=": str.endswith,
    "~=": lambda actual, pattern: re.search(pattern, actual) is not None,
}


def _ordered(actual: Any, operator: str, expected: Any) -> bool:
    """Numbers with numbers, and texts (such as times in RFC 3339) with texts that spell no number."""
    if isinstance(actual, bool) or isinstance(expected, bool):
        return False
    number = _number(expected)
    left: Any = _as_written(actual) if isinstance(number, Decimal) else actual
    right: Any = str(expected) if number is None else number
    if not isinstance(actual, (int, float, str)) or isinstance(actual, str) is not (number is None):
        return False
    try:
        return bool({">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[operator])
    except ArithmeticError:  # what is no number (NaN) is in no order
        return False


def _as_written(actual: Any) -> Any:
    """A float as the decimal number that was written: none is 0.1 itself."""
    return Decimal(repr(actual)) if isinstance(actual, float) else actual


def _number(value: Any) -> int | float | Decimal | None:
    """The number that is meant, exactly: no float is near each integer."""
    if isinstance(value, (int, float, Decimal)):
        return value
    return Decimal(value.strip()) if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) else None


def _show(value: Any) -> str:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    try:
        text = value if isinstance(value, str) and value and not value.isspace() else json.dumps(value, ensure_ascii=False)
    except TypeError:  # not a JSON value: its Python form is the next best
        text = repr(value)
    return text if len(text) <= 200 else f"{text[:199]}…"


ANY = Match()
"""Matches every frame."""
