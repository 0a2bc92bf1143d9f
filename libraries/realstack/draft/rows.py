"""Looks for texts in stores: in every column of a PostgreSQL database that can hold one, in every key of a Redis server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

from realstack.core.errors import StackError, explain
from realstack.databases.masking import Masking
from realstack.databases.postgres import PostgresSession, PostgresTarget
from realstack.databases.redis_store import RedisSession, RedisTarget
from realstack.draft.observations import Found
from realstack.secrets.names import HIDDEN

SECONDS = 20.0
MOST_ROWS = 40
MOST_KEYS = 5000
LONGEST = 400
NAME = "realstack-draft"
MASKING = Masking()

_COLUMNS = """
SELECT table_schema AS schema, table_name AS "table", column_name AS "column" FROM information_schema.columns
WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_schema NOT LIKE 'pg_toast%'
AND data_type IN ('text', 'character varying', 'character', 'json', 'jsonb') ORDER BY 1, 2, ordinal_position
"""


@dataclass(frozen=True, slots=True)
class Store:
    """A store to look into.

    Attributes:
        name: What the platform's file is to call it.
        url: Its address without a password.
        user: The account.
        password: Its password.
    """

    name: str
    url: str
    user: str
    password: str = field(repr=False)

    @classmethod
    def of(cls, given: str, environment: Mapping[str, str]) -> Store:
        """Read ``name=postgresql://user@host/database``; the password stands in the environment, or in the URL.

        Raises:
            StackError: It is something else.
        """
        name, is_named, url = given.partition("=") if "://" not in given.partition("=")[0] else ("", "", given)
        parts = urlsplit(url if is_named else given)
        if parts.scheme not in ("postgresql", "postgres", "redis") or not parts.hostname:
            raise StackError(
                explain(
                    "a store as name=postgresql://user@host/database or name=redis://host",
                    parts._replace(netloc=parts.hostname or "").geturl(),
                    remedy="Others can't be looked into; describe what they hold by hand.",
                )
            )
        name = name or ("redis" if parts.scheme == "redis" else "postgres")
        scheme = "redis" if parts.scheme == "redis" else "postgresql"
        host = parts.hostname + (f":{parts.port}" if parts.port else "")
        password = parts.password or environment.get(password_variable(name), "")
        return cls(name, urlunsplit((scheme, host, parts.path, parts.query, "")), parts.username or "", password)

    @property
    def credential_url(self) -> str:
        """Its address with the account."""
        account = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@" if self.user or self.password else ""
        scheme, rest = self.url.split("://", 1)
        return f"{scheme}://{account}{rest}"


def password_variable(name: str) -> str:
    """The environment variable that holds the password of a store."""
    return "".join(one if one.isalnum() else "_" for one in name.upper()) + "_PASSWORD"


async def look_into(store: Store, texts: Sequence[str]) -> list[Found]:
    """Find texts in a store.

    Raises:
        StackError, StackFailure: It can't be reached, or refuses.
    """
    return await (_redis if store.url.startswith("redis") else _postgres)(store, texts)


async def _postgres(store: Store, texts: Sequence[str]) -> list[Found]:
    settings = {"default_transaction_read_only": "on"}
    session = PostgresSession(
        store.name, PostgresTarget(store.credential_url), NAME, statement_timeout=SECONDS, masking=MASKING, settings=settings
    )
    await session.open()
    try:
        found: list[Found] = []
        for place in (await session.fetch(_COLUMNS)).records:
            found += await _column(session, store.name, (place["schema"], place["table"], place["column"]), texts)
        return found
    finally:
        await session.close()


async def _column(session: PostgresSession, store: str, place: tuple[str, str, str], texts: Sequence[str]) -> list[Found]:
    schema, table, column = place
    # Names come from the database's own catalog; texts travel as parameters.
    where = f"{_name(schema)}.{_name(table)}"
    holds = f"SELECT * FROM {where} WHERE position($1 in {_name(column)}::text) > 0 LIMIT {MOST_ROWS}"  # noqa: S608
    name = table if schema == "public" else f"{schema}.{table}"
    found = []
    for number, text in enumerate(texts):
        for row in (await session.fetch(holds, [text])).records:
            shown = MASKING.row(row, lambda _: HIDDEN)
            found.append(Found(store, name, column, number, {key: _short(value) for key, value in shown.items()}))
    return found


async def _redis(store: Store, texts: Sequence[str]) -> list[Found]:
    session = RedisSession(store.name, RedisTarget(store.credential_url), NAME, timeout=SECONDS)
    await session.open()
    try:
        found = []
        for key in await session.keys("*", MOST_KEYS):
            held = json.dumps(await session.read(key, MOST_ROWS), ensure_ascii=False, default=str)
            found += [Found(store.name, key, "", n, {}) for n, text in enumerate(texts) if json.dumps(text)[1:-1] in held]
        return found
    finally:
        await session.close()


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _short(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
