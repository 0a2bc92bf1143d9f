"""Paths into JSON values: the one dialect of conditions, scripts and vocabularies.

``payload.items[0].id`` names fields and items, ``[-1]`` the last item, ``[*]`` every item of an array or value of an object,
``payload['a.b']`` any name. A leading ``$`` or ``$.`` is the whole value. Of an array ``items.0`` is the item, too.
Of bytes, which codecs may put into values, ``length`` is how many they are and ``hex`` what they are, in hexadecimal digits.
Alternatives are joined by ``|``: the first that leads to something other than null is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

Step = str | int


class Hex(str):
    """Bytes in hexadecimal digits; who compares it leaves blanks and capitals of the other aside."""

    __slots__ = ()


class _Every:
    def __repr__(self) -> str:
        return "*"


EVERY: Final = _Every()
"""The step ``[*]``."""

Steps = tuple[Step | _Every, ...]

_STEP = re.compile(
    r"""\.?(?P<name>[^.\[\]'"\s|]+)           # a name
      | \[(?P<index>-?\d+)\]                  # [0], [-1]
      | \[(?P<every>\*)\]                     # [*]
      | \[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]  # ['any.name']
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A parsed path; texts become one by `parse`.

    Attributes:
        alternatives: The steps of each alternative.
    """

    alternatives: tuple[Steps, ...]

    def all(self, value: Any) -> list[Any]:
        """All values that the path leads to: none, one, or several behind ``[*]``; nulls of the only alternative included."""
        *others, last = self.alternatives
        for steps in others:
            found = _walk(value, steps)
            if any(item is not None for item in found):
                return found
        return _walk(value, last)

    def first(self, value: Any) -> Any:
        """The first value that the path leads to; None where it leads nowhere or to a null."""
        for steps in self.alternatives:
            found = value
            for position, step in enumerate(steps):
                # Histories read every frame by paths: names of an object, the usual case, are looked up on the spot.
                if type(found) is dict and type(step) is str:
                    found = found.get(step)
                    if found is None:
                        break
                else:
                    found = next((item for item in _walk(found, steps[position:]) if item is not None), None)
                    break
            if found is not None:
                return found
        return None

    def replaced(self, value: Any, new: Any) -> Any:
        """A copy of a value in which what `first` finds is another; the value itself where it finds nothing.

        Only objects and arrays on the way are copied.
        """
        for steps in self.alternatives:
            if JsonPath((steps,)).first(value) is not None:
                return _replaced(value, steps, new)
        return value

    def __str__(self) -> str:
        return " | ".join(map(_show, self.alternatives))


@lru_cache(maxsize=4096)
def parse(text: str) -> JsonPath:
    """Parse a path.

    Raises:
        ValueError: The text is no path; says where it goes wrong.
    """
    return JsonPath(tuple(_parse(part, text) for part in _split(text)))


def _split(text: str) -> list[str]:
    """Alternatives; a bar inside of quotes is part of a name."""
    return re.findall(r"""((?:\[(?:'[^']*'|"[^"]*")\]|[^|])*)\|""", f"{text}|") if "|" in text else [text]


def _parse(part: str, text: str) -> Steps:
    rest = part.strip()
    if not rest:
        raise ValueError(f"'{text}' is not a path: an alternative is empty; '$' is the whole value")
    position = 2 if rest.startswith("$.") else 1 if rest.startswith("$") else 0
    steps: list[Step | _Every] = []
    while position < len(rest):
        found = _STEP.match(rest, position)
        if found is None:
            raise ValueError(
                f"'{text}' is not a path: '{rest[position:]}' is no step. Steps are .name, [0], [-1], [*] and ['any name']"
            )
        if found["every"]:
            steps.append(EVERY)
        elif found["index"] is not None:
            steps.append(int(found["index"]))
        else:
            steps.append(found["name"] if found["name"] is not None else found["quoted"])
        position = found.end()
    return tuple(steps)


def _show(steps: Steps) -> str:
    text = ""
    for step in steps:
        if isinstance(step, str):
            # A leading $ is the whole value, not a name.
            plain = re.fullmatch(r"[^.\[\]'\"\s|]+", step) and (text or not step.startswith("$"))
            text += (f".{step}" if text else step) if plain else f"['{step}']"
        else:
            text += f"[{step!r}]"
    return text or "$"


def _walk(value: Any, steps: Steps) -> list[Any]:
    for position, step in enumerate(steps):
        # Waits ask every frame by paths: names of an object, the usual case, are looked up on the spot.
        if type(value) is dict and type(step) is str:
            if step not in value:
                return []
            value = value[step]
        else:
            return _spread([value], steps[position:])
    return [value]


def _spread(found: list[Any], steps: Steps) -> list[Any]:
    for step in steps:
        found = [item for parent in found for item in _children(parent, step)]
        if not found:
            break
    return found


def _replaced(value: Any, steps: Steps, new: Any) -> Any:
    if not steps:
        return new
    step, rest = steps[0], steps[1:]
    if isinstance(value, Mapping):
        names = list(value) if isinstance(step, _Every) else [step]
        place = next(name for name in names if any(item is not None for item in _walk(value[name], rest)))
        return {**value, place: _replaced(value[place], rest, new)}
    indices = range(len(value)) if isinstance(step, _Every) else [int(step)]
    place = next(index for index in indices if any(item is not None for item in _walk(value[index], rest)))
    copy = list(value)
    copy[place] = _replaced(value[place], rest, new)
    return copy


def _children(parent: Any, step: Step | _Every) -> list[Any]:
    if isinstance(step, _Every):
        if isinstance(parent, (list, tuple)):
            return list(parent)
        return list(parent.values()) if isinstance(parent, Mapping) else []
    if isinstance(parent, Mapping):
        return [parent[step]] if isinstance(step, str) and step in parent else []
    if isinstance(parent, (list, tuple)):
        index = step if isinstance(step, int) else int(step) if step.isdecimal() and len(step) < 10 else None
        return [parent[index]] if index is not None and -len(parent) <= index < len(parent) else []
    if isinstance(parent, bytes) and step in ("length", "hex"):
        return [len(parent) if step == "length" else Hex(parent.hex())]
    return []
