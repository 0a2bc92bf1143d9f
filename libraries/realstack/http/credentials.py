"""Credentials in what is sent and received: remembered by the names of their fields, and wrapped before a test gets them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from realstack.core.charsets import decoded, told_charset
from realstack.core.nesting import DEEPEST, too_deep
from realstack.secrets import secrets
from realstack.secrets.parts import password_of
from realstack.secrets.redaction import redact_text

_FORM = re.compile(rb"[\w.%+*-]+=[!-;=?-~]*\s*")
"""Fields of a form: names and values without a blank, a mark of HTML, or anything beyond ASCII."""

BODY_SHOWN = 400
"""Characters of a body that an error shows."""

BINARY_TYPES = ("image/", "audio/", "video/", "application/pdf", "application/zip", "application/octet-stream")
"""How content types begin whose bodies are neither read as text nor shown."""


def masked(text: str) -> str:
    """A text without credentials, and without a token that nobody was given, in the text of an error, say."""
    return redact_text(secrets.scrub(text))


def shown_body(content_type: str, body: bytes) -> str:
    """The start of a body, without credentials; of one that is no text, its size."""
    if content_type.lower().startswith(BINARY_TYPES):
        return f"{len(body)} bytes"
    text = masked(" ".join(decoded(body, content_type).split()))
    return (text if len(text) <= BODY_SHOWN else f"{text[:BODY_SHOWN]}… ({len(text)} characters)") or "empty"


def read_json(content_type: str, body: bytes, **how: Any) -> Any:
    """A body as JSON, in the charset that it names.

    Args:
        content_type: What it says that it is.
        body: Its bytes.
        how: As `json.loads` takes it.

    Raises:
        ValueError: It is none, or nobody can look through it.
    """
    charset = told_charset(content_type)
    try:
        value = json.loads(body if charset in (None, "utf-8") else decoded(body, content_type), **how)
        if not too_deep(value):
            return value
    except RecursionError:  # deeper still
        pass
    raise ValueError(f"nested more than {DEEPEST} levels deep")


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
    """Remember every credential in a body that is JSON or the fields of a form, whatever it says that it is.

    Token endpoints of some providers answer either as ``text/html`` or ``text/plain``.
    """
    if content_type.lower().startswith(BINARY_TYPES):
        return
    if decoded(body[:64], content_type).lstrip().startswith(("{", "[")):
        try:
            remember_json(read_json(content_type, body), what)
        except ValueError:
            return  # what is no JSON has no members
    elif _FORM.fullmatch(body):
        remember_pairs(parse_qsl(body.decode("ascii"), keep_blank_values=True), what)


def remember_pairs(pairs: Iterable[tuple[str, Any]], what: str) -> None:
    """Remember every credential among the fields of a form or a query."""
    for name, value in pairs:
        if name in secrets.parameters and isinstance(value, str):
            secrets.remember(value, f"{name}, {what}")


def remember_headers(headers: Mapping[str, str]) -> None:
    """Remember every credential among the headers of a request."""
    for name, value in headers.items():
        if name.lower() == "authorization":
            for part in (value.partition(" ")[2] or value, password_of(value)):
                secrets.remember(part, "Authorization header")
        elif name.lower() == "cookie":
            for cookie, held in secrets.names.in_cookies(value):
                secrets.remember(held, f"cookie {cookie} of a Cookie header")
        elif name in secrets.names:
            secrets.remember(value, f"{name} header")
