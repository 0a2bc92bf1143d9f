"""Taking credentials out of what was recorded, before anything is judged, shown or written.

Libraries must not record credentials at all; this is the second fence. Laws are judged over the redacted
history, so that judging a written history again sees the very same facts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from realstack.secrets.names import HIDDEN, concealed, is_credential_name

_SUSPECT = re.compile(r"eyJ|jwt\.|://|bearer", re.IGNORECASE)
"""What every credential of `_VALUES` has in it; texts without it, nearly all, are passed on as they are."""
_VALUES = (
    (re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"), HIDDEN),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}"), rf"\g<1>{HIDDEN}"),
    (re.compile(r"\bjwt\.[\w-]{16,}"), f"jwt.{HIDDEN}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+@"), rf"\g<1>{HIDDEN}@"),
)


def redact(value: Any) -> Any:
    """A copy of a JSON value with every credential replaced by ``<hidden>``.

    Credentials are known by the name of their field (`realstack.secrets.names`) and by their looks (signed JSON Web Tokens,
    ``Bearer …``, the password in a URL). Names whose value is a number, a truth or null are left alone: ``"has_token": true``
    tells nothing.
    """
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {str(name): redact(concealed(item) if is_credential_name(str(name)) else item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redact_text(str(value))


def redact_text(text: str) -> str:
    """The text with everything that looks like a credential replaced by ``<hidden>``."""
    if not _SUSPECT.search(text):
        return text
    for pattern, replacement in _VALUES:
        text = pattern.sub(replacement, text)
    return text
