"""A small HTTP/1.1 server on the background loop, made of h11 and asyncio streams."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import h11

from realstack.core.errors import StackError, explain

LARGEST_BODY = 1 << 20
IDLE = 75.0
"""Seconds that an idle connection is kept."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request, read to its end.

    Attributes:
        method: HTTP method.
        path: Without the query.
        query: By name; of a name that comes twice, the last value.
        headers: By lower-case name.
        form: The body's fields, when it is a URL-encoded form.
        raw_query: The query as it came.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] = field(repr=False)
    raw_query: str = field(default="", repr=False)

    @property
    def authorization(self) -> tuple[str, str]:
        """Scheme, in small letters as it has no case (RFC 9110, 11.1), and credentials; empty where there are none."""
        scheme, _, credentials = self.headers.get("authorization", "").strip().partition(" ")
        return scheme.lower(), credentials.strip()


@dataclass(frozen=True, slots=True)
class Response:
    """A response.

    Attributes:
        status: HTTP status code.
        body: Its bytes.
        content_type: Its type.
        headers: Further headers.
        abort: Cut the connection with a reset instead of answering.
        delay: Seconds to wait first.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    abort: bool = False
    delay: float = 0.0


Handler = Callable[[Request], Awaitable[Response]]


class HttpServer:
    """Serves one handler.

    Args:
        handler: Answers requests; must not raise.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen, and return the address; port 0 takes a free one.

        Raises:
            StackError: The address can't be listened on.
        """
        try:
            self._server = await asyncio.start_server(self._serve, host, port)
        except (OSError, OverflowError) as error:  # a port that there is none of is the latter
            raise StackError(
                explain(
                    f"{host}:{port} is free to listen on", str(error), remedy="Close what holds it, or start with another port."
                )
            ) from error
        address = self._server.sockets[0].getsockname()
        return address[0], address[1]

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._converse(h11.Connection(h11.SERVER), reader, writer)
        except (ConnectionError, h11.ProtocolError, TimeoutError):
            pass  # the client went away or does not speak HTTP: nothing to answer
        except asyncio.CancelledError:
            pass  # the server closes; a stream handler's cancellation has nobody to be told to
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(self, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await self._read(http, reader)
            if request is None:
                return
            response = await self._handler(request)
            if response.delay:
                await asyncio.sleep(response.delay)
            if response.abort:
                _reset(writer)
                return
            head = [
                ("Content-Type", response.content_type),
                ("Content-Length", str(len(response.body))),
                ("Cache-Control", "no-store"),
                *response.headers.items(),
            ]
            known = response.status in HTTPStatus._value2member_map_
            reason = HTTPStatus(response.status).phrase.encode() if known else b""
            for event in (
                h11.Response(status_code=response.status, headers=head, reason=reason),
                h11.Data(response.body),
                h11.EndOfMessage(),
            ):
                writer.write(http.send(event) or b"")
            await writer.drain()
            if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
                return
            http.start_next_cycle()

    @staticmethod
    async def _read(http: h11.Connection, reader: asyncio.StreamReader) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        async with asyncio.timeout(IDLE):
            while True:
                event = http.next_event()
                if event is h11.NEED_DATA:
                    http.receive_data(await reader.read(65536))
                elif isinstance(event, h11.Request):
                    head = event
                elif isinstance(event, h11.Data):
                    body += event.data
                    if len(body) > LARGEST_BODY:
                        return None
                elif isinstance(event, h11.EndOfMessage) and head is not None:
                    return _request(head, bytes(body))
                else:
                    return None


def _request(head: h11.Request, body: bytes) -> Request:
    target = urlsplit(head.target.decode("ascii", errors="replace"))
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in head.headers}
    form: dict[str, str] = {}
    if headers.get("content-type", "").strip().lower().startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))
    query = dict(parse_qsl(target.query, keep_blank_values=True))
    return Request(head.method.decode(), target.path, query, headers, form, target.query)


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # already gone
        writer.transport.abort()
