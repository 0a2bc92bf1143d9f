"""Recordings of platforms with other ids: each UUID of one that was looked at becomes a number, wherever it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from realstack.draft.observations import Observations

LOOKED = Path(__file__).parents[1] / "unit" / "looked"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMED = re.compile(rf'"(\w+)":\s?"({_UUID.pattern})"')
TABLES = {"threadId": "threads", "thread_id": "threads", "userId": "users", "user_id": "users", "run_id": "runs"}
TABLES |= {"connection_id": "connections", "session_id": "sessions", "sessionId": "sessions"}
"""In which table things are numbered, by the fields that name them; the others are all messages."""

Number = Callable[[str, int], str]
"""The id of the n-th thing of a table, from 1, as JSON has it."""


def growing(_: str, place: int) -> str:
    """Each table begins with 1."""
    return str(place)


def snowflake(table: str, place: int) -> str:
    """A number of 18 digits; no two tables have the same."""
    return str(175_928_847_299_117_063 + place * 4_194_304 + len(table))


def in_quotes(number: Number) -> Number:
    """The same as a text."""
    return lambda table, place: f'"{number(table, place)}"'


def slug(table: str, place: int) -> str:
    """A letter and a number."""
    return f'"{table[0]}_{place}"'


MAPPINGS: dict[str, Number] = {
    "growing": growing,
    "snowflakes": snowflake,
    "digits": in_quotes(growing),
    "long digits": in_quotes(snowflake),
    "slugs": slug,
}


@cache
def looked_at(name: str) -> Observations:
    """What was seen of a platform."""
    return Observations.read(LOOKED / f"{name}.json")


@cache
def numbered(name: str, mapping: str) -> Observations:
    """The same, as if its ids were these."""
    plain = looked_at(name).plain
    ids = _ids(plain, MAPPINGS[mapping])

    def written(text: str) -> str:
        # In JSON a number stands without quotes; inside of a longer text, or in an address, it is digits.
        found = re.sub(rf'"({_UUID.pattern})"', lambda one: ids[one[1].lower()], text)
        return _UUID.sub(lambda one: ids[one[0].lower()].strip('"'), found)

    def mapped(told: Any) -> Any:
        if isinstance(told, str):
            return written(told)
        if isinstance(told, list):
            return list(map(mapped, told))
        return {key: mapped(one) for key, one in told.items()} if isinstance(told, dict) else told

    return Observations.of(mapped(plain))


def _ids(plain: dict[str, Any], number: Number) -> dict[str, str]:
    text = "\n".join([*(one["payload"] for one in plain["frames"]), *(one["response"] for one in plain["exchanges"])])
    tables = {identity.lower(): TABLES[name] for name, identity in _NAMED.findall(text) if name in TABLES}
    numbers = {table: count(1) for table in [*TABLES.values(), "messages"]}
    ids: dict[str, str] = {}
    for identity in _UUID.findall(text + json.dumps(plain)):
        table = tables.get(identity.lower(), "messages")
        if identity.lower() not in ids:
            ids[identity.lower()] = number(table, next(numbers[table]))
    return ids
