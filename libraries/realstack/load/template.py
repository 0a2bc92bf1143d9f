"""Texts with placeholders that a user's own values fill.

``{name}`` is a value of the user, ``{uuid}`` a new UUID at each use, ``{now}`` the time in RFC 3339, ``{n}`` the number of the
iteration, ``{user}`` the user's name. ``{name:b64url}`` encodes a value as base64url without padding, as a token
in a subprotocol is. ``{{`` and ``}}`` are braces. A text that is one placeholder and nothing else becomes the value itself.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from realstack.core.errors import StackError, explain

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.]*)(?::(\w+))?\}")
_SINGLE = re.compile(r"\{([A-Za-z_][\w.]*)(?::(\w+))?\}")


class Values:
    """A user's values, for filling templates.

    Args:
        given: By name; nested mappings and attributes are reached by dots.
        reveal: Turns a wrapped credential into its text when it is put into a template.
    """

    def __init__(self, given: Mapping[str, Any], reveal: Callable[[Any], Any] = lambda value: value) -> None:
        self.own: dict[str, Any] = dict(given)
        self._reveal = reveal

    def fill(self, template: Any) -> Any:
        """A copy of a template, nested as it may be, with every placeholder filled.

        Raises:
            StackError: A placeholder has no value; the text tells which there are.
        """
        if isinstance(template, Mapping):
            return {str(self.fill(name)): self.fill(inner) for name, inner in template.items()}
        if isinstance(template, list | tuple):
            return [self.fill(inner) for inner in template]
        if not isinstance(template, str):
            return template
        if single := _SINGLE.fullmatch(template):
            return self._value(single[1], single[2])
        return _PLACEHOLDER.sub(self._replaced, template)

    def text(self, template: str) -> str:
        """A filled template, as a text."""
        return str(self.fill(template))

    def _replaced(self, found: re.Match[str]) -> str:
        if found[0] in {"{{", "}}"}:
            return found[0][0]
        return str(self._value(found[1], found[2]))

    def _value(self, name: str, form: str | None) -> Any:
        if name == "uuid":
            value: Any = str(uuid.uuid4())
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
