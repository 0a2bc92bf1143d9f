"""Streams that are no WebSockets: an HTTP request whose answer goes on and on, as Server-Sent Events or as lines of JSON.

The answer is read by `answer`, as refusals of WebSockets are; what is in it by `framing`.
"""

from __future__ import annotations

import asyncio
import base64
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol
from urllib.parse import quote, unquote, urlsplit

import brotli
import h11
from websockets.exceptions import InvalidMessage

from realstack.core.errors import StackError, explain
from realstack.core.inflating import Inflating
from realstack.core.json_text import json_text
from realstack.websocket.answer import Answer, NoHttp
from realstack.websocket.framing import EventFraming, Framing, LineFraming, TooLarge, Unfinished
from realstack.websocket.http_wire import Broken, HttpWire
from realstack.websocket.wire import BODY_PATIENCE, NoUpgrade

ACCEPT = {"sse": "text/event-stream", "jsonl": "application/x-ndjson, application/jsonl, */*;q=0.5"}
"""What is asked for, by transport."""


class Decompression(Protocol):
    """What makes a stream of one that comes compressed."""

    @property
    def finished(self) -> bool:
        """Whether nothing more is missing of what came."""

    def __call__(self, data: bytes) -> bytes:
        """What there is of the stream by now."""


class _Identity:
    finished = True

    def __call__(self, data: bytes) -> bytes:
        return data


class _Inflated:
    def __init__(self, wbits: int) -> None:
        self._machine = Inflating(wbits)

    @property
    def finished(self) -> bool:
        return self._machine.finished

    def __call__(self, data: bytes) -> bytes:
        return self._machine.decompress(data)


class _Undeflated:
    """Reads zlib's format, which is meant (RFC 9110, 8.4.1.2), and the bare one, which some send; the first two bytes tell."""

    def __init__(self) -> None:
        self._begun = b""
        self._machine: Inflating | None = None

    @property
    def finished(self) -> bool:
        return not self._begun if self._machine is None else self._machine.finished

    def __call__(self, data: bytes) -> bytes:
        if self._machine is None:
            self._begun += data
            if len(self._begun) < 2:
                return b""
            by_zlib = self._begun[0] & 15 == zlib.DEFLATED and int.from_bytes(self._begun[:2], "big") % 31 == 0
            self._machine, data = Inflating(zlib.MAX_WBITS if by_zlib else -zlib.MAX_WBITS), self._begun
        return self._machine.decompress(data)


class _Unbrotli:
    def __init__(self) -> None:
        self._machine = brotli.Decompressor()
        self._begun = False

    @property
    def finished(self) -> bool:
        return bool(self._machine.is_finished()) or not self._begun

    def __call__(self, data: bytes) -> bytes:
        self._begun = self._begun or bool(data)
        return bytes(self._machine.process(data))


_DECOMPRESSED: dict[str, Callable[[], Decompression]] = {
    "identity": _Identity,
    "gzip": lambda: _Inflated(31),
    "x-gzip": lambda: _Inflated(31),
    "deflate": _Undeflated,
    "br": _Unbrotli,
}


class StreamAnswer(Answer):
    """The answer to the request for a stream.

    Args:
        transport: ``sse`` or ``jsonl``.

    Attributes:
        parts: What came of the stream and was not read yet, as it came.
    """

    def __init__(self, transport: str) -> None:
        super().__init__()
        self.parts: deque[bytes] = deque()
        self._transport = transport

    @property
    def agreed(self) -> bool:
        """Whether the status says that there is a stream."""
        return self.status == 200 or (self._transport == "jsonl" and 200 < self.status < 300 and self.status not in (204, 205))

    @property
    def unfit(self) -> str:
        """What in an answer that agrees is not what was asked for; empty where all is."""
        kind = self.named("content-type")
        if self._transport == "sse" and kind.partition(";")[0].strip().lower() != "text/event-stream":
            return f"Content-Type: {kind}" if kind else "no Content-Type"
        unknown = [coding for coding in self.codings if coding not in _DECOMPRESSED]
        return f"Content-Encoding: {', '.join(unknown)}" if unknown else ""

    @property
    def accepted(self) -> bool:
        """Whether this is the stream."""
        return self.agreed and not self.unfit

    def decompression(self) -> list[Decompression]:
        """What makes the stream of what comes, each of what the one before it made."""
        return [_DECOMPRESSED[coding]() for coding in reversed(self.codings)]

    def take(self, data: bytes) -> None:
        """Take a part of the body: all of a stream, the beginning of a refusal."""
        if self.accepted:
            self.parts.append(data)
        else:
            super().take(data)


class Stream(HttpWire, asyncio.Protocol):
    """A client's socket that has asked for a stream.

    Args:
        transport: ``sse`` or ``jsonl``.
        request: What to ask.
        max_size: Bytes of the largest message that is accepted.
        last_id: Which event it is to go on behind.

    Attributes:
        framing: What the stream is made of.
    """

    answer: StreamAnswer
    transport: asyncio.Transport

    def __init__(self, transport: Literal["sse", "jsonl"], request: bytes, max_size: int, last_id: str = "") -> None:
        super().__init__()
        self.answer = StreamAnswer(transport)
        self.framing: Framing = (
            EventFraming(self._give, max_size, last_id) if transport == "sse" else LineFraming(self._give, max_size)
        )
        self._request = request
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._decompression: list[Decompression] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def shake_hands(self) -> None:
        """Wait for the answer's head.

        Raises:
            NoUpgrade: The server refuses, or answers with something else.
            InvalidMessage: It speaks no HTTP.
        """
        await self._answered

    def _tcp(self) -> asyncio.Transport:
        return self.transport

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived; no data means that no more will."""
        if self.over:
            return
        try:
            self.answer.feed(data)
        except NoHttp as error:
            self._refuse(InvalidMessage(str(error)))
            return
        if self.answer.accepted:
            self._read_on()
        elif self.answer.complete:
            self._refuse(NoUpgrade(self.answer, self.answer.unfit if self.answer.agreed else ""))
        elif self.answer.status and self._timer is None:
            refused = NoUpgrade(self.answer, self.answer.unfit if self.answer.agreed else "")
            self._timer = asyncio.get_running_loop().call_later(BODY_PATIENCE, self._refuse, refused)

    def eof_received(self) -> None:
        """Take the end of what the server sends."""
        self.data_received(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        if exc is not None and not self.over and self.answer.accepted:
            self._end("nobody", exc)
        if isinstance(exc, OSError) and not self._answered.done():
            self._refuse(exc)
        self.data_received(b"")

    def _read_on(self) -> None:
        if not self._answered.done():
            self._answered.set_result(None)
        if self._decompression is None:
            self._decompression = self.answer.decompression()
        try:
            while self.answer.parts:
                part = self.answer.parts.popleft()
                for decompress in self._decompression:
                    part = decompress(part)
                self.framing.feed(part)
            if self.answer.complete and not self.answer.cut:
                self._finish()
        except Unfinished as error:
            self._end("server", error)
        except TooLarge as error:
            self._end("client", error)
        except (zlib.error, brotli.error) as error:
            self._end("client", Broken(f"what came is no Content-Encoding {self.answer.named('content-encoding')}: {error}"))
        if self.answer.complete:
            self._end("nobody" if self.answer.cut else "server", Broken(self.answer.cut) if self.answer.cut else None)

    def _finish(self) -> None:
        if not all(one.finished for one in self._decompression or ()):
            raise Unfinished(f"what came ends in the middle of its Content-Encoding {self.answer.named('content-encoding')}")
        self.framing.end()

    def _refuse(self, error: Exception) -> None:
        if not self._answered.done():
            self._answered.set_exception(error)
        self._end("server")


def written(body: Any) -> tuple[str, bytes | None]:
    """The Content-Type and the bytes of a request's body; nothing where there is none.

    Args:
        body: A text or bytes, sent as they are, or else what is sent as JSON.

    Raises:
        StackError: It is nothing that can be sent.
    """
    if body is None:
        return "", None
    if isinstance(body, bytes):
        return "application/octet-stream", body
    try:
        if not isinstance(body, str):
            return "application/json", json_text(body).encode()
        return "application/json" if body.lstrip().startswith(("{", "[")) else "text/plain; charset=utf-8", body.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise StackError(
            explain("a body= that is a value of JSON, a text or bytes", f"{type(body).__name__}: {type(error).__name__}")
        ) from None


_PLAIN = "/%:@!$&'()*+,;=~?"
"""What may stand in a path or a query as it is, besides letters and digits (RFC 3986, 3.3 and 3.4)."""


def request_for(url: str, method: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """An HTTP request, with one line for each header.

    Args:
        url: ``http://`` or ``https://``; its user and password are sent as ``Authorization``.
        method: ``GET``, ``POST``, …
        headers: They replace those that the request has by itself, whatever the case of their names.
        body: What is sent behind them.

    Raises:
        ValueError: They make no valid request.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    sent = {"Host": host if host.isascii() else host.encode("idna").decode("ascii"), "Cache-Control": "no-cache"}
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        sent["Authorization"] = f"Basic {base64.b64encode(credentials.encode()).decode()}"
    if body is not None:
        sent["Content-Length"] = str(len(body))
    given = {name.lower() for name in headers}
    sent = {name: value for name, value in sent.items() if name.lower() not in given} | dict(headers)
    target = quote(parts.path or "/", safe=_PLAIN) + (f"?{quote(parts.query, safe=_PLAIN)}" if parts.query else "")
    lines = [(name.encode("ascii"), value.strip().encode("latin-1")) for name, value in sent.items()]
    connection = h11.Connection(h11.CLIENT)
    try:
        request = h11.Request(method=method.upper(), target=target, headers=lines)
        return b"".join(connection.send(event) or b"" for event in (request, h11.Data(data=body or b""), h11.EndOfMessage()))
    except h11.LocalProtocolError as error:
        raise ValueError(f"no valid HTTP request: {error}") from None
