"""How values are handed over between a test and the engine: Secrets in, Secrets out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robot.api import logger
from robot.api.types import Secret

from realstack.http.credentials import wrapped
from realstack.http.fields import lines, pairs
from realstack.secrets import secrets


def plain(value: str | Secret, what: str = "given by the test") -> str:
    """The text of a value that may be a Secret, remembered as a credential when it is one."""
    if isinstance(value, Secret):
        return secrets.remember(str(value.value), what)
    return value


def plain_url(value: str | Secret) -> str:
    """The text of a URL that may be a Secret. The code that it may carry is remembered where it is used, not the whole of it."""
    return str(value.value) if isinstance(value, Secret) else value


def plain_headers(values: Mapping[str, Any] | None, what: str) -> dict[str, str]:
    """Headers whose values may be Secrets, numbers or several; one for None is left out."""
    return lines(plain_json(values or {}, what))


def plain_pairs(values: Mapping[str, Any], what: str) -> list[tuple[str, str]]:
    """Fields of a form or a query whose values may be Secrets, numbers or several; one for None is left out."""
    return pairs(plain_json(values, what))


def plain_json(value: Any, what: str = "JSON member") -> Any:
    """A copy of a JSON value whose Secrets are what they are."""
    if isinstance(value, Secret):
        return plain(value, what)
    if isinstance(value, Mapping):
        return {str(name): plain_json(inner, what) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(inner, what) for inner in value]
    return value


def secret(value: str, what: str = "credential") -> Secret:
    """A Secret, remembered."""
    return Secret(secrets.remember(value, what))


def hidden(value: Any) -> Any:
    """A copy of a JSON value with every credential in it as a Secret."""
    return wrapped(value, Secret)


def told(text: str) -> None:
    """Say something in the log, without credentials: an address or an answer may hold one that no test could know of."""
    logger.info(secrets.scrub(text))
