"""Credentials in what is sent and received: remembered by the names of their fields, and wrapped before a test gets them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from realstack.secrets import HIDDEN, secrets

_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")

BODY_SHOWN = 400
"""Characters of a body that an error shows."""

BINARY_TYPES = ("image/", "audio/", "video/", "application/pdf", "application/zip", "application/octet-stream")
"""How content types begin whose bodies are neither read as text nor shown."""


def masked(text: str) -> str:
    """A text without credentials, and without a token that nobody was given, in the text of an error, say."""
    return _JWT.sub(HIDDEN, secrets.scrub(text))


def shown_body(content_type: str, body: bytes) -> str:
    """The start of a body, without credentials; of one that is no text, its size."""
    if content_type.startswith(BINARY_TYPES):
        return f"{len(body)} bytes"
    text = masked(" ".join(body.decode("utf-8", errors="replace").split()))
    return (text if len(text) <= BODY_SHOWN else f"{text[:BODY_SHOWN]}… ({len(text)} characters)") or "empty"


def wrapped(value: Any, wrap: Callable[[str], Any], name: str = "") -> Any:
    """A copy of a JSON value in which every credential has gone through ``wrap``: by field name, or because it is known."""
    if isinstance(value, Mapping):
        return {key: wrapped(inner, wrap, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [wrapped(inner, wrap, name) for inner in value]
    if isinstance(value, str) and (name in secrets.names or secrets.find(value)):
        return wrap(value)
    return value


def remember_json(value: Any, what: str, name: str = "") -> None:
    """Remember every credential in a JSON value, by the names of its members."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            remember_json(inner, what, str(key))
    elif isinstance(value, list):
        for inner in value:
            remember_json(inner, what, name)
    elif isinstance(value, str) and name in secrets.names:
        secrets.remember(value, f"{name}, {what}")


def remember_body(content_type: str, body: bytes, what: str) -> None:
    """Remember every credential in a body that says that it is JSON; one that is none has no members."""
    if "json" not in content_type:
        return
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    remember_json(value, what)


def remember_pairs(pairs: Iterable[tuple[str, Any]], what: str) -> None:
    """Remember every credential among the fields of a form or a query."""
    for name, value in pairs:
        if name in secrets.parameters and isinstance(value, str):
            secrets.remember(value, f"{name}, {what}")


def remember_headers(headers: Mapping[str, str]) -> None:
    """Remember every credential among the headers of a request."""
    for name, value in headers.items():
        if name.lower() == "authorization":
            secrets.remember(value.partition(" ")[2] or value, "Authorization header")
        elif name.lower() == "cookie":
            for pair in value.split(";"):
                cookie, _, held = pair.strip().partition("=")
                if secrets.names.cookie(cookie, held, http_only=True):
                    secrets.remember(held, f"cookie {cookie} of a Cookie header")
        elif name in secrets.names:
            secrets.remember(value, f"{name} header")
