"""The HTTP interface as an ASGI app."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from chat_common.logs import Log
from clickhouse_http.bodies import decoded, encoded
from clickhouse_http.configuration import Account, Configuration
from clickhouse_http.engine import Answer, Connection, Engine
from clickhouse_http.errors import ClickHouseError
from clickhouse_http.requests import Asked, Table, authenticated, read_query, tables_of
from clickhouse_http.sessions import Sessions, session_seconds
from clickhouse_http.statements import Statement, read_statement

log = Log("clickhouse")

DEFAULT_FORMAT: Final = "TabSeparated"
_DISPLAY_NAME: Final = {"X-ClickHouse-Server-Display-Name": "chDB"}
"""Where a server has the name of its machine; by this one it is told apart."""

SWEEP_SECONDS: Final = 5.0
_READ_ONLY_METHODS: Final = ("GET", "HEAD")
_COUNTED: Final = (
    "read_rows",
    "read_bytes",
    "written_rows",
    "written_bytes",
    "total_rows_to_read",
    "result_rows",
    "result_bytes",
)
_LARGEST_PART: Final = 1 << 30
_CONTENT_TYPES: Final = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
}


@dataclass(frozen=True)
class _Query:
    """One query, ready for a thread of its own."""

    statement: Statement
    format: str
    database: str
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    tables: list[Table]
    reads_only: bool


class Interface:
    """Answers requests with what the engine says.

    Args:
        engine: The engine.
        configuration: Accounts and defaults.
    """

    def __init__(self, engine: Engine, configuration: Configuration) -> None:
        self._engine = engine
        self._configuration = configuration
        self._sessions = Sessions()
        self._threads = ThreadPoolExecutor(configuration.connections, "query")

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """End sessions that nobody takes, and in the end all."""
        sweeper = asyncio.create_task(self._sweep())
        try:
            yield
        finally:
            sweeper.cancel()
            self._threads.shutdown(cancel_futures=True)
            self._sessions.close()
            self._engine.close()

    async def answer(self, request: Request) -> Response:
        """Answer a request that carries a statement, or none."""
        asked = read_query(request.scope["query_string"])
        query_id = asked.get("query_id") or str(uuid.uuid4())
        headers = {
            "X-ClickHouse-Query-Id": query_id,
            **_DISPLAY_NAME,
            "X-ClickHouse-Timezone": self._configuration.timezone,
        }
        try:
            return await self._answer(request, asked, headers)
        except ClickHouseError as error:
            log.warning("query_refused", code=error.code, name=error.name, query_id=query_id)
            headers["X-ClickHouse-Exception-Code"] = str(error.code)
            return PlainTextResponse(error.told(self._engine.version), error.status, headers)

    async def _answer(self, request: Request, asked: Asked, headers: dict[str, str]) -> Response:
        body, asked, tables = await _content(request, asked)
        if request.method in _READ_ONLY_METHODS and not body and not asked.values and not asked.settings:
            return PlainTextResponse("Ok.\n", 200, headers)
        address = request.client.host if request.client else ""
        account = authenticated(request.headers, asked, address, self._configuration)
        for name in ("compress", "decompress"):
            if asked.flag(name):
                raise ClickHouseError(48, "NOT_IMPLEMENTED", f"Parameter '{name}': use the headers of HTTP for encodings.")
        statement = read_statement(body, self._engine.formats)
        default_format = asked.get("default_format") or request.headers.get("x-clickhouse-format") or DEFAULT_FORMAT
        query = _Query(
            statement,
            default_format,
            asked.get("database") or request.headers.get("x-clickhouse-database", ""),
            asked.settings,
            asked.parameters,
            tables,
            request.method in _READ_ONLY_METHODS,
        )
        began = time.monotonic_ns()
        found = await self._run(account, asked, query)
        named = statement.format or default_format
        headers["X-ClickHouse-Format"] = named
        headers["X-ClickHouse-Summary"] = _summary(found, time.monotonic_ns() - began)
        headers["Content-Type"] = _CONTENT_TYPES.get(named, "text/plain; charset=UTF-8")
        content = found.body
        if asked.settings.get("enable_http_compression", "") == "1":
            content, encoding = encoded(content, request.headers.get("accept-encoding", ""))
            if encoding:
                headers["Content-Encoding"] = encoding
        return Response(content, 200, headers)

    async def _run(self, account: Account, asked: Asked, query: _Query) -> Answer:
        loop = asyncio.get_running_loop()
        name = asked.get("session_id")
        if not name:
            return await loop.run_in_executor(self._threads, self._run_alone, account, query)
        seconds = session_seconds(asked.get("session_timeout"))
        connection = self._sessions.take(
            account.name, name, lambda: self._connect(account), must_exist=asked.flag("session_check")
        )
        running = loop.run_in_executor(self._threads, self._run_in_session, connection, query)

        def give_back(_done: object) -> None:
            if asked.flag("close_session"):
                self._sessions.drop(account.name, name)
            else:
                self._sessions.give_back(account.name, name, seconds)

        # A client that is gone does not end its query: the session is taken until the query has ended.
        running.add_done_callback(give_back)
        return await asyncio.shield(running)

    def _connect(self, account: Account, database: str = "", settings: Mapping[str, str] | None = None) -> Connection:
        """A connection of an account; nothing of `readonly` can be changed once it is set, so that it comes last."""
        first = {name: value for name, value in account.profile.items() if name != "readonly"}
        reads_only = account.profile.get("readonly", "0")
        changes = settings or {}
        database = database or self._configuration.database
        if reads_only == "0":
            return self._engine.connect(database, {**first, **changes})
        connection = self._engine.connect(database, {**first, "readonly": reads_only})
        try:
            connection.set(changes)
        except BaseException:
            connection.close()
            raise
        return connection

    def _run_alone(self, account: Account, query: _Query) -> Answer:
        with self._connect(account, query.database, query.settings) as connection:
            if query.reads_only and account.profile.get("readonly", "0") == "0":
                connection.set({"readonly": "2"})
            return _run_on(connection, query)

    def _run_in_session(self, connection: Connection, query: _Query) -> Answer:
        if query.reads_only and query.statement.writes:
            raise ClickHouseError(164, "READONLY", "Cannot execute query in readonly mode: the request is a GET.")
        connection.lend(query.settings, query.database, query.statement.keyword)
        return _run_on(connection, query)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._sessions.drop_ended()


def make_app(engine: Engine, configuration: Configuration) -> Starlette:
    """The app over an engine."""
    interface = Interface(engine, configuration)
    return Starlette(
        routes=[
            Route("/", interface.answer, methods=["GET", "POST"]),
            Route("/query", interface.answer, methods=["GET", "POST"]),
            Route("/ping", _fine, methods=["GET"]),
            Route("/replicas_status", _fine, methods=["GET"]),
        ],
        lifespan=interface.lifespan,
    )


async def _fine(_request: Request) -> Response:
    return PlainTextResponse("Ok.\n", headers=_DISPLAY_NAME)


async def _content(request: Request, asked: Asked) -> tuple[bytes, Asked, list[Table]]:
    """The statement with its data, the parameters of URL and form, and the tables that came along."""
    tables: list[Table] = []
    body = b""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_part_size=_LARGEST_PART) as form:
            files = {name: await value.read() for name, value in form.items() if isinstance(value, UploadFile)}
            asked = asked.with_fields({name: value for name, value in form.items() if isinstance(value, str)})
        tables, asked = tables_of(asked, files)
    else:
        body = decoded(await request.body(), request.headers.get("content-encoding", "").lower())
    query = asked.get("query").encode()
    return (query + b"\n" + body if query and body else query or body), asked, tables


def _run_on(connection: Connection, query: _Query) -> Answer:
    for table in query.tables:
        connection.make_temporary(table.name, table.structure, table.format, table.data)
    return connection.run(query.statement, query.format, query.parameters)


def _summary(found: Answer, nanoseconds: int) -> str:
    counted = {name: str(found.progress.get(name, 0)) for name in _COUNTED}
    return json.dumps(counted | {"elapsed_ns": str(nanoseconds)}, separators=(",", ":"))
