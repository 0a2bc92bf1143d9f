"""Paths into JSON values: ``payload.items[0].id``, ``runs[*].state``, ``payload['a.b']``, ``$`` for the whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

Step = str | int


class _Every:
    def __repr__(self) -> str:
        return "*"


EVERY: Final = _Every()
"""The step ``[*]``: each item of an array, or each value of an object."""

Path = tuple[Step | _Every, ...]

_STEP = re.compile(
    r"""\.?(?P<name>[^.\[\]'"\s]+)            # a name
      | \[(?P<index>-?\d+)\]                  # [0], [-1]
      | \[(?P<every>\*)\]                     # [*]
      | \[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]  # ['any.name']
    """,
    re.VERBOSE,
)


def parse_path(text: str) -> Path:
    """Parse a path; a leading ``$`` or ``$.`` may be left out.

    Raises:
        ValueError: The text is no path; says where it goes wrong.
    """
    rest = text.strip()
    position = 2 if rest.startswith("$.") else 1 if rest.startswith("$") else 0
    if not rest:
        raise ValueError("A path can't be empty; '$' is the whole frame")
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


def show_path(path: Path) -> str:
    """The path as it is written; ``$`` for the whole value."""
    text = ""
    for step in path:
        if isinstance(step, str):
            plain = re.fullmatch(r"[^.\[\]'\"\s]+", step)
            text += (f".{step}" if text else step) if plain else f"['{step}']"
        else:
            text += f"[{step!r}]"
    return text or "$"


def resolve(value: Any, path: Path) -> list[Any]:
    """All values that a path leads to: none, one, or several behind ``[*]``."""
    found = [value]
    for step in path:
        found = [item for parent in found for item in _children(parent, step)]
        if not found:
            break
    return found


def _children(parent: Any, step: Step | _Every) -> list[Any]:
    if isinstance(step, _Every):
        if isinstance(parent, list):
            return list(parent)
        return list(parent.values()) if isinstance(parent, Mapping) else []
    if isinstance(step, int):
        return [parent[step]] if isinstance(parent, list) and -len(parent) <= step < len(parent) else []
    if isinstance(parent, Mapping) and step in parent:
        return [parent[step]]
    return []
