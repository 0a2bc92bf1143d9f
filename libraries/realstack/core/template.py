"""Texts with placeholders that a user's own values fill.

``{name}`` is a value of the user, ``{uuid}`` a new UUID at each use, ``{now}`` the time in RFC 3339, ``{n}`` the number of the
iteration, ``{user}`` the user's name. ``{name:b64url}`` encodes a value as base64url without padding, as a token
in a subprotocol is. ``{{`` and ``}}`` are braces. A text that is one placeholder and nothing else becomes the value itself.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from realstack.core.errors import StackError, explain

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.]*)(?::(\w+))?\}")
_MAPPINGS = (dict, Mapping)
_Part = str | tuple[str, str | None]
"""A piece of text, or the name of a value and its form."""


@lru_cache(maxsize=4096)
def _parts(template: str) -> tuple[_Part, ...]:
    parts: list[_Part] = []
    end = 0
    for found in _PLACEHOLDER.finditer(template):
        parts.append(template[end : found.start()])
        parts.append(found[0][0] if found[0] in {"{{", "}}"} else (found[1], found[2]))
        end = found.end()
    parts.append(template[end:])
    return tuple(part for part in parts if part) or ("",)


def names(template: Any) -> set[str]:
    """The names of the values that a template needs, nested as it may be, also in dataclasses."""
    if isinstance(template, str):
        return {part[0] for part in _parts(template) if not isinstance(part, str)}
    if is_dataclass(template):
        return names([getattr(template, one.name) for one in fields(template)])
    if isinstance(template, Mapping):
        return names([*template.keys(), *template.values()])
    return set().union(*map(names, template)) if isinstance(template, list | tuple) else set()


_dice = random.Random()  # noqa: S311 - seeded by the system; ids are to be unique, not secret


def new_uuid() -> str:
    """A random UUID (RFC 9562, 5.4); `uuid.uuid4` takes three times as long, and a load needs one for each message."""
    number = _dice.getrandbits(128) & ~(0xF000C << 60) | 0x40008 << 60
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Values:
    """A user's values, for filling templates.

    Args:
        given: By name; nested mappings and attributes are reached by dots.
        reveal: Turns a wrapped credential into its text when it is put into a template.
    """

    def __init__(self, given: Mapping[str, Any], reveal: Callable[[Any], Any] = lambda value: value) -> None:
        self.own: dict[str, Any] = dict(given)
        self._reveal = reveal

    def besides(self, given: Mapping[str, Any]) -> Values:
        """These values and others, which count more."""
        return Values({**self.own, **given}, self._reveal)

    def fill(self, template: Any) -> Any:
        """A copy of a template, nested as it may be, with every placeholder filled.

        Raises:
            StackError: A placeholder has no value; the text tells which there are.
        """
        if isinstance(template, str):
            parts = _parts(template)
            if len(parts) == 1:
                part = parts[0]
                return part if isinstance(part, str) else self._value(*part)
            return "".join([part if isinstance(part, str) else str(self._value(*part)) for part in parts])
        if isinstance(template, _MAPPINGS):  # users of a load fill some for each message, and a dict is told apart at once
            return {str(self.fill(name)): self.fill(inner) for name, inner in template.items()}
        if isinstance(template, list | tuple):
            return [self.fill(inner) for inner in template]
        return template

    def text(self, template: str) -> str:
        """A filled template, as a text."""
        return str(self.fill(template))

    def value(self, name: str) -> Any:
        """A value by its name, as in templates.

        Raises:
            StackError: There is none.
        """
        return self._value(name, None)

    def all(self) -> dict[str, Any]:
        """All values, with what was wrapped in them revealed."""
        return {name: self._plain(value) for name, value in self.own.items()}

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._plain(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._plain(inner) for inner in value]
        return self._reveal(value)

    def only(self, names: Iterable[str]) -> dict[str, Any]:
        """What names with dots lead to, as nested dictionaries of plain values; names that lead nowhere are left out."""
        told: dict[str, Any] = {}
        whole = ""
        for name in sorted(names):  # a value comes before what is in it
            if whole and name.startswith(f"{whole}."):
                continue
            try:
                found = self._own(name)
            except StackError:  # a step keeps it later, or the script is wrong, which is told by who needs the value
                continue
            value = self._reveal(found)
            *folders, last = name.split(".")
            inner = told
            for folder in folders:
                inner = inner.setdefault(folder, {})
            inner[last] = value
            whole = name
        return told

    def _value(self, name: str, form: str | None) -> Any:
        if name == "uuid":
            value: Any = new_uuid()
        elif name == "now":
            value = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        else:
            value = self._reveal(self._own(name))
        if form is None:
            return value
        if form != "b64url":
            raise StackError(explain(f"{{{name}}} or {{{name}:b64url}}", f"{{{name}:{form}}}"))
        return base64.urlsafe_b64encode(str(value).encode()).rstrip(b"=").decode()

    def _own(self, name: str) -> Any:
        if name in self.own:
            return self.own[name]
        value: Any = self.own
        for part in name.split("."):
            if isinstance(value, Mapping) and part in value:
                value = value[part]
            elif not isinstance(value, Mapping) and not part.startswith("_") and hasattr(value, part):
                value = getattr(value, part)
            else:
                known = ", ".join(sorted(map(str, self.own))) or "none"
                raise StackError(
                    explain(f"the user has a value {name!r}", f"it has {known}, and uuid and now", remedy="Correct the script.")
                )
        return value
