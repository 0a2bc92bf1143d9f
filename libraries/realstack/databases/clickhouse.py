"""A session of a ClickHouse server over its HTTP interface; suits version 18.16 as well as today's."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from realstack.core.errors import StackError, explain
from realstack.databases.clickhouse_literals import bind
from realstack.databases.errors import StatementRefused, StoreUnreachable
from realstack.databases.table import shorten
from realstack.databases.values import Rows
from realstack.secrets import HIDDEN

for _name in ("httpx", "httpcore"):
    # Their DEBUG lines hold headers, and the headers hold the password.
    logging.getLogger(_name).setLevel(logging.WARNING)

CONNECT_SECONDS = 3.0
GRACE_SECONDS = 0.5
_CODE = re.compile(r"Code: (\d+)")
_OWN_FORMAT = re.compile(r"(?is)\bFORMAT\s+\w+\s*$")
_INTEGER = re.compile(r"^U?Int\d+$")
_UNKNOWN_ACCOUNT = {"192", "193", "516"}
_NO_ANSWER_IN_TIME = "159"


@dataclass(frozen=True)
class ClickHouseTarget:
    """Where a ClickHouse server is and who asks; the account travels in headers, never in the URL."""

    url: str
    user: str
    password: str = field(repr=False)
    database: str


class ClickHouseSession:
    """A client of one ClickHouse server.

    Args:
        name: What errors call it.
        target: Server, account, database.
        user_agent: What the server's log shows it as.
        statement_timeout: Seconds that a statement may take.
    """

    kind = "ClickHouse"

    def __init__(self, name: str, target: ClickHouseTarget, user_agent: str, *, statement_timeout: float) -> None:
        self.name = name
        self.target = target
        self.statement_timeout = statement_timeout
        self._user_agent = user_agent
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Connect, and see that the server accepts the account.

        Raises:
            StoreUnreachable: No server answers there.
            StatementRefused: It refuses the account or the database.
        """
        self._client = httpx.AsyncClient(
            base_url=self.target.url,
            headers={
                "X-ClickHouse-User": self.target.user,
                "X-ClickHouse-Key": self.target.password,
                "User-Agent": self._user_agent,
            },
            timeout=httpx.Timeout(self.statement_timeout + GRACE_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        )
        try:
            await self.fetch("SELECT 1 AS one")
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @property
    def answer_seconds(self) -> float:
        """Seconds after which a statement must have ended one way or another."""
        return self.statement_timeout + CONNECT_SECONDS + 2 * GRACE_SECONDS

    async def fetch(self, statement: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run a statement that gives rows.

        Raises:
            StatementRefused: The server refused it; `code` is its error number.
            StoreUnreachable: No whole answer came in time.
        """
        statement = statement.strip().rstrip(";").rstrip()
        if _OWN_FORMAT.search(statement):
            raise StackError(
                explain(
                    "a statement without FORMAT", shorten(statement, 300), remedy="Leave FORMAT out: the keyword adds its own."
                )
            )
        answer = await self._send(f"{bind(statement, parameters)}\nFORMAT JSONCompact", statement)
        try:
            found = json.loads(answer)
        except ValueError:
            raise StackError(
                explain("rows", f"{shorten(answer, 200)!r}", evidence=shorten(statement, 300), remedy="Use [Execute] for it.")
            ) from None
        columns = [str(column["name"]) for column in found["meta"]]
        types = [str(column["type"]) for column in found["meta"]]
        records = [
            {name: _value(value, kind) for name, kind, value in zip(columns, types, row, strict=True)} for row in found["data"]
        ]
        return Rows(columns, records)

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement for its effect; returns 0, since ClickHouse doesn't tell how many rows it touched."""
        await self._send(bind(statement.strip().rstrip(";"), parameters), statement)
        return 0

    async def version(self) -> str:
        """Version of the server, such as ``18.16.1``."""
        return str((await self.fetch("SELECT version() AS version")).records[0]["version"])

    async def _send(self, body: str, statement: str) -> str:
        assert self._client is not None, "the session is closed"
        settings = {
            "database": self.target.database,
            "max_execution_time": str(max(1, round(self.statement_timeout))),
            # With it an error comes as a status, never in the middle of a good answer.
            "wait_end_of_query": "1",
            "output_format_json_quote_64bit_integers": "0",
            "output_format_json_quote_denormals": "1",
        }
        evidence = shorten(statement, 500)
        try:
            answer = await self._client.post("/", content=body.encode(), params=settings)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise StoreUnreachable(
                explain(
                    f"an answer of ClickHouse '{self.name}' within {self.statement_timeout:g} s",
                    f"{type(error).__name__}: {str(error) or 'silence'}",
                    evidence=evidence,
                    remedy="Check that the server runs and is not paused or cut off.",
                )
            ) from None
        if answer.status_code == 200:
            return answer.text
        raise self._refused(answer.text, evidence)

    def _refused(self, text: str, evidence: str) -> StatementRefused | StoreUnreachable:
        found = _CODE.search(text)
        code = found[1] if found else ""
        if self.target.password:
            text = text.replace(self.target.password, HIDDEN)
        if code in _UNKNOWN_ACCOUNT:
            return StatementRefused(explain(f"ClickHouse '{self.name}' to accept the account", shorten(text, 300)), code)
        if code == _NO_ANSWER_IN_TIME:
            return StoreUnreachable(
                explain(
                    f"an answer of ClickHouse '{self.name}' within {self.statement_timeout:g} s",
                    shorten(text, 300),
                    evidence=evidence,
                )
            )
        return StatementRefused(
            explain(f"ClickHouse '{self.name}' to carry out a statement", shorten(text, 500), evidence=evidence), code
        )


def _value(value: Any, kind: str) -> Any:
    """A value of the answer by ClickHouse's own type: numbers are numbers even where the server quotes them."""
    if kind.startswith("Nullable("):
        kind = kind[len("Nullable(") : -1]
    if kind.startswith("LowCardinality("):
        kind = kind[len("LowCardinality(") : -1]
    if isinstance(value, str) and _INTEGER.match(kind):
        return int(value)
    if isinstance(value, str) and kind.startswith("Float"):
        return float(value)
    if isinstance(value, list) and kind.startswith("Array("):
        return [_value(item, kind[len("Array(") : -1]) for item in value]
    return value
