"""Arguments of keywords, as stores are to get them."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator, Mapping
from typing import Any, TypeVar

from robot.api.types import Secret

from realstack.core.errors import StackError
from realstack.secrets import HIDDEN, secrets

T = TypeVar("T")

SHORTEST_TAKEN_OUT = 4
"""A shorter one would be told by the holes in the text."""

SHORTEST_REMEMBERED = 12
"""Shorter passwords are mostly words, which a log may hold for other reasons."""


def parameter_list(parameters: Any) -> list[Any]:
    """The parameters of a statement: a list or tuple is many, everything else one; secrets are unwrapped."""
    many = list(parameters) if isinstance(parameters, (list, tuple)) else [parameters]
    return [_revealed(value) for value in many]


async def without_secrets(asked: Coroutine[Any, Any, T], parameters: Any) -> T:
    """What is asked of a store; of its errors, which may quote parameters, those that are Secrets are taken out."""
    try:
        return await asked
    except StackError as error:
        text = str(error)
        for one in sorted(set(_secrets_in(parameters)), key=len, reverse=True):
            text = text.replace(one, HIDDEN)
        error.args = (text,)
        raise


def _revealed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _revealed(item) for name, item in value.items()}
    if type(value) in {list, tuple}:
        return type(value)(map(_revealed, value))
    return value.value if isinstance(value, Secret) else value


def _secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, Secret) and len(value.value) >= SHORTEST_TAKEN_OUT:
        yield value.value
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ():
        yield from _secrets_in(item)


def unwrap(value: str | Secret | None) -> str | None:
    """The text of a secret."""
    return value.value if isinstance(value, Secret) else value


def remember(password: str | None, what: str) -> None:
    """Have a password kept out of every log."""
    if password and len(password) >= SHORTEST_REMEMBERED:
        secrets.remember(password, what, lasting=True)
