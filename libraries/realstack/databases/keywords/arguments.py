"""Arguments of keywords, as stores are to get them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robot.api.types import Secret

from realstack.secrets import secrets

SHORTEST_REMEMBERED = 12
"""Shorter passwords are mostly words, which a log may hold for other reasons."""


def parameter_list(parameters: Any) -> list[Any]:
    """The parameters of a statement: a list or tuple is many, everything else one; secrets are unwrapped."""
    many = list(parameters) if isinstance(parameters, (list, tuple)) else [parameters]
    return [_revealed(value) for value in many]


def _revealed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _revealed(item) for name, item in value.items()}
    return value.value if isinstance(value, Secret) else value


def unwrap(value: str | Secret | None) -> str | None:
    """The text of a secret."""
    return value.value if isinstance(value, Secret) else value


def remember(password: str | None, what: str) -> None:
    """Have a password kept out of every log."""
    if password and len(password) >= SHORTEST_REMEMBERED:
        secrets.remember(password, what, lasting=True)
