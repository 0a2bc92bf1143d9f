"""Variable file: what is brought to a door, with somebody's ids in the places where a table says `$thread`, `$file`, …"""

from __future__ import annotations

import json
import string
import uuid
from collections.abc import Callable, Mapping
from typing import Any

LIKE_AN_ID: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "with a blank": lambda one: f"{one} ",
    "without its end": lambda one: one[:-1],
}
"""How an id can be made to look like another one."""


def brought_along(line: Mapping[str, Any], things: Mapping[str, str], like: str = "as it is", own: str = "") -> dict[str, Any]:
    """A line of a table with ids in it.

    Args:
        line: The line.
        things: Ids by name. A key goes into a header, which has no blanks at its ends, and stays as it is.
        like: How ids are changed.
        own: A thread of whoever brings it, for `$own`, and in capitals for `$OWN`; `$new` is an id that nobody has, and so is
            `$NEW`, which is in capitals.
    """
    changed = {name: one if name == "key" else LIKE_AN_ID[like](one) for name, one in things.items()}
    ids = {"new": str(uuid.uuid4()), "NEW": str(uuid.uuid4()).upper(), "own": own, "OWN": own.upper(), **changed}
    filled = string.Template(json.dumps(dict(line))).substitute(ids)
    found: dict[str, Any] = json.loads(filled)
    return found
