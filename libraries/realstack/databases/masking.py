"""Which values are secret, and how they are shown.

Secrets are known by the name of their column, key or field. A value that is computed from one
(``SELECT left(token_hash, 4) AS start``) has lost that name and is shown.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from realstack.secrets.names import HIDDEN, CredentialNames, concealed
from realstack.secrets.redaction import redact_text

_LITERAL = re.compile(r"'(?:[^']|'')*'")
_LONGEST_SHOWN_LITERAL = 40
_AFTER_SECRET_WORD = re.compile(r"(?i)(password\s*=?\s*)'(?:[^']|'')*'")
_KEY = re.compile(r"\((?P<columns>.*?)\)=\(.*\)", re.DOTALL)
_VALUES = re.compile(r"\(.*\)", re.DOTALL)
_digest_key = secrets.token_bytes(16)


class Masking:
    """Knows the secret names of a run.

    Args:
        more_names: Names or shell patterns of secret columns, keys and fields besides the usual ones (see
            `realstack.secrets.names`).
    """

    def __init__(self, more_names: str | Iterable[str] = ()) -> None:
        self._names = CredentialNames(more_names)

    def is_secret(self, name: str) -> bool:
        """Whether values under that name are secret."""
        return name in self._names

    def apply(self, name: str, value: Any, hide: Callable[[Any], Any]) -> Any:
        """The value with everything secret in it replaced by what `hide` makes of it; numbers, moments and null stay."""
        if self.is_secret(name):
            return concealed(value, hide)
        if isinstance(value, Mapping):
            return {key: self.apply(str(key), item, hide) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.apply("", item, hide) for item in value]
        return value

    def row(self, row: Mapping[str, Any], hide: Callable[[Any], Any]) -> dict[str, Any]:
        """A copy of a row with its secret values replaced."""
        return {name: self.apply(name, value, hide) for name, value in row.items()}

    def holds_secret(self, value: Any) -> bool:
        """Whether an object or a list has a secret in it, under whatever name within."""
        found: list[Any] = []
        self.apply("", value, found.append)
        return bool(found)

    def detail(self, text: str, *, whole_row: bool = False) -> str:
        """What PostgreSQL tells of a violation, without secret values; whatever language it tells it in.

        Args:
            text: Has ``(columns)=(values)``, where a column may be an expression (``lower(token)``), or a row.
            whole_row: Whether they are values of all columns, none of which is named.
        """

        def replace(match: re.Match[str]) -> str:
            columns = match["columns"]
            return f"({columns})=({HIDDEN})" if any(map(self.is_secret, re.findall(r"\w+", columns))) else match[0]

        return redact_text(_VALUES.sub(f"({HIDDEN})", text) if whole_row else _KEY.sub(replace, text))


def hidden(_value: Any) -> str:
    """Show nothing of a secret."""
    return HIDDEN


def digest(value: Any) -> str:
    """Something that is equal for equal secrets of this process and tells nothing else about them."""
    return f"<hidden {hashlib.blake2b(repr(value).encode(), key=_digest_key, digest_size=6).hexdigest()}>"


def scrub_statement(text: str) -> str:
    """An SQL statement of somebody else, without literals that could be credentials."""
    text = _AFTER_SECRET_WORD.sub(rf"\1'{HIDDEN}'", text)
    shown = _LITERAL.sub(lambda match: match[0] if len(match[0]) <= _LONGEST_SHOWN_LITERAL else f"'{HIDDEN}'", text)
    return redact_text(shown)
