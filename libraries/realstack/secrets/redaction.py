"""Taking credentials out of what was recorded, before anything is judged, shown or written.

Libraries must not record credentials at all; this is the second fence. Laws are judged over the redacted
history, so that judging a written history again sees the very same facts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from realstack.secrets.names import HIDDEN, concealed, is_credential_name
from realstack.secrets.parts import password_of

PLAIN = frozenset({type(None), bool, int, float})
"""Types of JSON whose values hold no text."""


def _without_password(found: re.Match[str]) -> str:
    return f"{found[1]}{HIDDEN}" if password_of(found[0]) else found[0]


LOOKS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # Signed or encrypted (RFC 7515, 3.1; RFC 7516, 3.1); some write a blank or a line's end behind the first brace.
    (re.compile(r"eyJ[\w-]{5,}\.(?:[\w-]*\.[\w-]{5,}\.[\w-]{5,}\.[\w-]{5,}|[\w-]{5,}\.[\w-]*)"), HIDDEN),
    (re.compile(r"\be(?:yA|wo|w0K)[\w-]{9,}\.[\w-]{9,}\.[\w-]{9,}"), HIDDEN),
    # Behind a scheme may be parameters instead (RFC 9110, 11.2): they tell what is wanted.
    (re.compile(r"(?i)\b(bearer\s+)(?![\w-]+=\")[\w.~+/=-]{8,}"), rf"\g<1>{HIDDEN}"),
    (re.compile(r"(?i)\b(basic\s+)[\w+/-]{6,}={0,2}"), _without_password),
    (re.compile(r"\bjwt\.[\w-]{16,}"), f"jwt.{HIDDEN}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/\"'<>]+@"), rf"\g<1>{HIDDEN}@"),
)
"""What credentials look like, and what stands in their place."""


def redact(value: Any) -> Any:
    """A JSON value with every credential replaced by ``<hidden>``: itself where none is in it, otherwise a copy.

    Credentials are known by the name of their field (`realstack.secrets.names`) and by their looks (JSON Web Tokens,
    ``Bearer …``, ``Basic …``, the password in a URL). Names whose value is a number, a truth or null are left alone:
    ``"has_token": true`` tells nothing.
    """
    # Every frame of a history goes through here: exact types are told apart quickly, and the rest behind them.
    kind = type(value)
    if kind is str:
        return redact_text(value)
    if kind in PLAIN:
        return value
    if kind is dict or isinstance(value, Mapping):
        return _redacted_object(value if kind is dict else dict(value))
    if isinstance(value, (list, tuple)):
        items = [redact(item) for item in value]
        same = kind is list and all(new is old for new, old in zip(items, value, strict=True))
        return value if same else items
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return value if isinstance(value, (bool, int, float)) else redact_text(str(value))


def _redacted_object(value: dict[Any, Any]) -> dict[str, Any]:
    """The object itself where nothing in it is hidden: histories hold a million of them."""
    told: dict[str, Any] | None = None
    for name, item in value.items():
        if type(name) is not str:
            return _redacted_object({str(other): item for other, item in value.items()})
        kind = type(item)
        if kind in PLAIN:
            continue
        shown = concealed(item) if _is_credential(name) else item
        shown = redact_text(shown) if type(shown) is str else redact(shown)
        if shown is not item:
            told = dict(value) if told is None else told
            told[name] = shown
    return value if told is None else told


_is_credential = lru_cache(maxsize=4096)(is_credential_name)


def _may_hold(text: str) -> bool:
    """Whether a text has what one of the patterns needs; nearly all have none of it.

    Each frame of each connection is asked. Python finds one character a hundred times as fast as several.
    """
    return (
        ("J" in text and "eyJ" in text)
        or ("." in text and ("eyA" in text or "ewo" in text or "ew0K" in text))
        or ("/" in text and "://" in text)
        or ("j" in text and "jwt." in text)
        or (("b" in text or "B" in text) and ("bearer" in (lowered := text.lower()) or "basic" in lowered))
    )


def redact_text(text: str) -> str:
    """The text with everything that looks like a credential replaced by ``<hidden>``."""
    if not _may_hold(text):
        return text
    for pattern, replacement in LOOKS:
        text = pattern.sub(replacement, text)
    return text
