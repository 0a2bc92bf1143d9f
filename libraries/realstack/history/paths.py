"""Dotted paths into JSON documents, as vocabularies use them.

``payload.message_id`` walks objects, ``items.0.id`` walks lists, and ``message_id | payload.message_id``
takes the first path that leads somewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def read(document: Any, path: str) -> Any:
    """The value at a path, or None where the path leads nowhere (or to a JSON null).

    Args:
        document: A parsed JSON value.
        path: Names and list positions joined by dots; alternatives joined by ``|``.
    """
    for alternative in path.split("|"):
        found = _walk(document, alternative.strip())
        if found is not None:
            return found
    return None


def _walk(document: Any, path: str) -> Any:
    value = document
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, Sequence) and not isinstance(value, str) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
