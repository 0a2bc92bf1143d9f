"""ClickHouse over its HTTP interface."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from chat_common.errors import StoreUnavailable
from chat_common.settings import ClickHouseSettings
from chat_common.trace import carry_trace

_CODE = re.compile(r"Code: (\d+)")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class ClickHouseError(Exception):
    """ClickHouse refused a statement.

    Args:
        code: Its error code, 0 when it gave none.
        text: The beginning of what it said.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"ClickHouse refused the statement (code {code}): {text[:300]}")
        self.code = code


def literal(value: Any) -> str:
    """Write a value as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple | set | frozenset):
        return "(" + ", ".join(literal(item) for item in value) + ")"
    text = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\0")
    return f"'{text}'"


class ClickHouse:
    """Client of one ClickHouse server.

    Args:
        settings: Address and account.
        timeout: Seconds that a request may take, unless the call says otherwise.
    """

    def __init__(self, settings: ClickHouseSettings, *, timeout: float = 2.0) -> None:
        self.database = settings.database
        self._timeout = timeout
        self._client = httpx.AsyncClient(
            base_url=settings.url,
            # The account travels in headers: URLs end up in logs.
            headers={"X-ClickHouse-User": settings.user, "X-ClickHouse-Key": settings.password},
            timeout=timeout,
            trust_env=False,
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=2.0),
            event_hooks={"request": [carry_trace]},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ping(self) -> None:
        """Return when the server answers; for health routes."""
        await self._send("GET", "/ping", b"", {}, None)

    async def execute(self, sql: str, params: Mapping[str, Any] | None = None, *, seconds: float | None = None) -> str:
        """Run a statement and return its answer's text.

        Args:
            sql: The statement; `{name}` stands for a value of `params`, written as a literal.
            params: Values by name.
            seconds: Limit of this request.

        Raises:
            ClickHouseError: The server refused it.
            StoreUnavailable: No answer came; `outcome_unknown` says whether it may have been carried out.
        """
        return await self._send("POST", "/", self._bind(sql, params).encode(), self._settings(), seconds)

    async def query(
        self, sql: str, params: Mapping[str, Any] | None = None, *, seconds: float | None = None
    ) -> list[dict[str, Any]]:
        """Run a SELECT and return its rows by column name; 64-bit integers are Python integers."""
        text = await self.execute(f"{sql} FORMAT JSONEachRow", params, seconds=seconds)
        # A text in a row may hold what Unicode calls the end of a line, such as U+2028, which JSON leaves as it is.
        return [json.loads(line) for line in text.split("\n") if line]

    async def insert(self, table: str, rows: Iterable[Mapping[str, Any]], *, seconds: float | None = None) -> None:
        """Insert rows in one block: all of them or none.

        Args:
            table: Name, in the client's database.
            rows: Values by column name; columns that are left out take their default.
            seconds: Limit of this request.
        """
        lines = "\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
        if lines:
            body = f"INSERT INTO {self.database}.{table} FORMAT JSONEachRow\n{lines}\n".encode()
            await self._send("POST", "/", body, self._settings(), seconds)

    def _settings(self) -> dict[str, str]:
        # With wait_end_of_query an error comes as a status, never in the middle of a good answer.
        return {"wait_end_of_query": "1", "output_format_json_quote_64bit_integers": "0"}

    def _bind(self, sql: str, params: Mapping[str, Any] | None) -> str:
        if params is None:
            return sql

        def value(match: re.Match[str]) -> str:
            if match[1] not in params:
                raise KeyError(
                    f"The statement names {{{match[1]}}}, which has no value. Given are: {', '.join(params) or 'none'}."
                )
            return literal(params[match[1]])

        return _PLACEHOLDER.sub(value, sql)

    async def _send(self, method: str, path: str, body: bytes, query: dict[str, str], seconds: float | None) -> str:
        try:
            answer = await self._client.request(method, path, content=body, params=query, timeout=seconds or self._timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise StoreUnavailable("clickhouse", type(error).__name__) from error
        except httpx.HTTPError as error:
            raise StoreUnavailable("clickhouse", type(error).__name__, outcome_unknown=True) from error
        if answer.status_code != 200:
            found = _CODE.search(answer.text)
            raise ClickHouseError(int(found[1]) if found else 0, answer.text.strip())
        return answer.text
