"""Pictures of chosen tables and keys over several stores, and what differs between two of them.

Secret values enter a snapshot as digests, so that a difference can be seen and the value can't.
Rows are told apart by their primary key; where a table has none, whole rows are counted.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.core.table import shorten
from realstack.databases.clickhouse import ClickHouseSession
from realstack.databases.locks import quote_table
from realstack.databases.masking import Masking, digest
from realstack.databases.places import places, without_end
from realstack.databases.postgres import PostgresSession
from realstack.databases.redis_store import RedisSession
from realstack.databases.values import Rows, json_safe

_SELECT = re.compile(r"(?is)^\s*(SELECT|WITH)\b")
_WHERE = re.compile(r"(?is)\s+WHERE\s+")

_KEY_COLUMNS = """
SELECT a.attname AS name
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indrelid = to_regclass($1) AND i.indisprimary
ORDER BY array_position(i.indkey::int2[], a.attnum)
"""

SqlSession = PostgresSession | ClickHouseSession


@dataclass(frozen=True, slots=True)
class Part:
    """What one table, statement or pattern held.

    Attributes:
        label: What the test calls it, such as ``auth:users``.
        columns: Columns in order, those ignored left out; empty for keys.
        items: Rows by their key (text); a key's value is what is compared.
        keyed: Whether rows are told apart by key columns, and not by all that is in them.
    """

    label: str
    columns: tuple[str, ...]
    items: Mapping[str, Mapping[str, Any]]
    keyed: bool = True

    def without(self, ignore: Sequence[str]) -> Part:
        """The part without some columns: rows that only their values tell apart are told apart by the others then."""
        if self.keyed or not any(ignored(self.label, column, ignore) for column in self.columns):
            return self
        columns = tuple(column for column in self.columns if not ignored(self.label, column, ignore))
        rows = ({column: row[column] for column in columns if column in row} for row in self.items.values())
        return Part(self.label, columns, numbered((_text(row), row) for row in rows), keyed=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What chosen parts of the stores held at a moment.

    Attributes:
        at: Seconds on the monotonic clock when taking it began.
    """

    name: str
    at: float
    parts: Mapping[str, Part]

    @property
    def size(self) -> int:
        """How many rows and keys it holds."""
        return sum(len(part.items) for part in self.parts.values())


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs.

    Attributes:
        part: Label of the table or pattern.
        what: ``added``, ``removed`` or ``changed``.
        key: Which row or key.
        column: The column that changed; empty for whole rows.
        before: Value (or row) before; None when it was not there.
        after: Value (or row) after; None when it is not there.
    """

    part: str
    what: str
    key: str
    column: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Recipe:
    """What a snapshot is taken of.

    Attributes:
        tables: Label to ``alias:table``, ``alias:table WHERE condition`` or ``alias:SELECT …``.
        keys: ``alias:pattern`` of Redis keys.
        parameters: Values of ``$1 …`` in conditions and statements; each uses the first ones, as many as it names.
        ignore: Columns to leave out: ``column`` or ``label.column``, shell patterns allowed.
        key_columns: Label to the columns that tell its rows apart, where the primary key doesn't.
        limit: How many rows or keys a part may have.
    """

    tables: Mapping[str, str] = field(default_factory=dict)
    keys: Sequence[str] = ()
    parameters: Sequence[Any] = ()
    ignore: Sequence[str] = ()
    key_columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    limit: int = 10_000


def split_alias(spec: str) -> tuple[str, str]:
    """``alias:rest`` as a pair."""
    alias, colon, rest = spec.partition(":")
    if not colon or not alias.strip() or not rest.strip():
        raise StackError(
            explain(
                "alias:table, alias:SELECT … or alias:key-pattern",
                repr(spec),
                remedy="Put the session's alias in front, as in auth:users.",
            )
        )
    return alias.strip(), rest.strip()


async def take(name: str, recipe: Recipe, sessions: Mapping[str, Any], masking: Masking) -> Snapshot:
    """Read everything that a recipe names.

    Args:
        name: What the test calls the snapshot.
        recipe: What to read.
        sessions: Open sessions by alias, all that the recipe names.
        masking: Which columns and fields are secret.
    """
    strangers = sorted(set(recipe.key_columns) - set(recipe.tables))
    if strangers:
        raise StackError(
            explain(f"key columns of what is taken: {', '.join(recipe.tables) or 'no table'}", f"those of {', '.join(strangers)}")
        )
    at = time.monotonic()
    parts = {}
    for label, spec in recipe.tables.items():
        alias, source = split_alias(spec)
        parts[label] = await _table(label, source, sessions[alias], recipe, masking)
    for spec in recipe.keys:
        alias, pattern = split_alias(spec)
        parts[spec] = await _keys(spec, pattern, sessions[alias], recipe, masking)
    return Snapshot(name, at, parts)


def compare(before: Snapshot, after: Snapshot, ignore: Sequence[str] = ()) -> list[Difference]:
    """Everything that differs, by part and key; removed first, then added, then changed.

    Raises:
        StackError: The snapshots are not of the same parts.
    """
    if set(before.parts) != set(after.parts):
        raise StackError(
            explain(
                "two snapshots of the same tables and keys",
                f"'{before.name}' has {', '.join(sorted(before.parts))}; '{after.name}' has {', '.join(sorted(after.parts))}",
            )
        )
    found: list[Difference] = []
    for label, part in before.parts.items():
        old, new = part.without(ignore), after.parts[label].without(ignore)
        found.extend(Difference(label, "removed", key, "", dict(old.items[key]), None) for key in _missing(old, new))
        found.extend(Difference(label, "added", key, "", None, dict(new.items[key])) for key in _missing(new, old))
        for key in sorted(set(old.items) & set(new.items)):
            found.extend(_changes(label, key, old.items[key], new.items[key], ignore))
    return found


def ignored(label: str, column: str, patterns: Iterable[str]) -> bool:
    """Whether a column of a part is left out; patterns name ``column`` or ``label.column``."""
    return any(fnmatchcase(column, pattern) or fnmatchcase(f"{label}.{column}", pattern) for pattern in patterns)


def _missing(one: Part, other: Part) -> list[str]:
    return sorted(set(one.items) - set(other.items))


def _changes(label: str, key: str, old: Mapping[str, Any], new: Mapping[str, Any], ignore: Sequence[str]) -> list[Difference]:
    columns = [*old, *(column for column in new if column not in old)]
    return [
        Difference(label, "changed", key, column, old.get(column), new.get(column))
        for column in columns
        if not _same(old.get(column), new.get(column)) and not ignored(label, column, ignore)
    ]


def _same(old: Any, new: Any) -> bool:
    """Whether two values are equal, as they are written: what is no number (NaN) equals nothing, and yet has not changed."""
    return bool(old == new) or (type(old) is type(new) and json.dumps(old, default=str) == json.dumps(new, default=str))


async def _table(label: str, source: str, session: SqlSession, recipe: Recipe, masking: Masking) -> Part:
    if not isinstance(session, (PostgresSession, ClickHouseSession)):
        raise StackError(
            explain(f"an SQL session for '{label}'", f"'{session.name}' is a {session.kind} session", remedy="Use keys= for it.")
        )
    keys = list(recipe.key_columns.get(label, ()))
    if _SELECT.match(source):
        statement = without_end(source, backslashes=isinstance(session, ClickHouseSession))
    else:
        table, condition = [*_WHERE.split(source, maxsplit=1), ""][:2]
        statement = f"SELECT * FROM {quote_table(table)}" + (f" WHERE {condition}" if condition else "")  # noqa: S608 - a quoted name
        keys = keys or await _primary_key(session, table)
    found = places(statement, backslashes=isinstance(session, ClickHouseSession))
    used = max((int(place["number"]) for place in found), default=0)
    bounded = f"SELECT * FROM (\n{statement}\n) AS part LIMIT {recipe.limit + 1}"  # noqa: S608 - the test's own statement
    rows = await session.fetch(bounded, list(recipe.parameters)[:used])
    if rows.count > recipe.limit:
        raise StackError(
            explain(f"at most {recipe.limit} rows of '{label}'", "more", remedy="Narrow it with a WHERE, or raise limit.")
        )
    return _part(label, rows, keys, recipe.ignore, masking)


async def _primary_key(session: SqlSession, table: str) -> list[str]:
    if isinstance(session, ClickHouseSession):
        return []  # its primary key need not be unique
    return [str(row["name"]) for row in (await session.fetch(_KEY_COLUMNS, [quote_table(table)])).records]


def _part(label: str, rows: Rows, keys: Sequence[str], ignore: Sequence[str], masking: Masking) -> Part:
    absent = [key for key in keys if key not in rows.columns]
    if absent:
        raise StackError(
            explain(f"the key columns of '{label}' among its columns", f"no {', '.join(absent)} in {', '.join(rows.columns)}")
        )
    columns = tuple(column for column in rows.columns if not ignored(label, column, ignore))
    items: list[tuple[str, Mapping[str, Any]]] = []
    for record in rows.records:
        shown = masking.row(record, digest)
        row = {column: json_safe(shown[column]) for column in columns}
        items.append((_text({column: json_safe(shown[column]) for column in keys} if keys else row), row))
    twice = sorted(key for key, count in Counter(key for key, _ in items).items() if count > 1) if keys else []
    if twice:
        raise StackError(
            explain(
                f"the key columns of '{label}' ({', '.join(keys)}) to tell its rows apart",
                f"several rows have {shorten(twice[0], 100)}",
                remedy="Name more columns in key_columns; without any, whole rows are compared.",
            )
        )
    return Part(label, columns, numbered(items), keyed=bool(keys))


def numbered(items: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Mapping[str, Any]]:
    """Rows by their keys; the same row twice is two rows, and the second one is told apart by its number."""
    seen: Counter[str] = Counter()
    found: dict[str, Mapping[str, Any]] = {}
    for key, row in items:
        seen[key] += 1
        found[key if seen[key] == 1 else f"{key} #{seen[key]}"] = row
    return found


def _text(facts: Mapping[str, Any]) -> str:
    if len(facts) == 1:
        return str(next(iter(facts.values())))
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, default=str)


async def _keys(label: str, pattern: str, session: RedisSession, recipe: Recipe, masking: Masking) -> Part:
    if not isinstance(session, RedisSession):
        raise StackError(
            explain(
                f"a Redis session for '{label}'", f"'{session.name}' is a {session.kind} session", remedy="Use tables= for it."
            )
        )
    items: dict[str, Mapping[str, Any]] = {}
    for key in await session.keys(pattern, recipe.limit):
        value = await session.read(key, recipe.limit)
        if value is None:
            continue  # it expired between the scan and now: it is not there
        facts = {
            "value": json_safe(masking.apply(key.rsplit(":", 1)[-1], value, digest)),
            "expires": await session.seconds_to_live(key) >= 0,
        }
        items[key] = {column: fact for column, fact in facts.items() if not ignored(label, column, recipe.ignore)}
    return Part(label, ("value", "expires"), items)
