"""The HTTP answer to a handshake, to the request for a stream or to a poll, read as HTTP clients read answers (RFC 9112).

A server that refuses is often no WebSocket server at all, but a proxy or a web framework: its answer may come in HTTP/1.0, after
interim answers, with folded, repeated or very long headers, in chunks, compressed, or without an end. Whatever it is, its status
is told, and the beginning of its body.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

import brotli
import h11

from realstack.core.charsets import decoded
from realstack.http.cookies import parse_cookie

LONGEST_HEAD = 256 * 1024
"""Bytes of status line and headers that are read."""
MOST_BODY = 64 * 1024
"""Bytes of a refusal's body that are read, and characters of it that are kept."""

_STATUS = re.compile(rb"HTTP/1\.\d (\d{3})(?: ([^\r\n]*))?\r?\n")


class NoHttp(ValueError):
    """What came is no HTTP answer."""


class Answer:
    """An answer, fed with what arrives.

    Args:
        most: Bytes of its body that are read.

    Attributes:
        status: HTTP status; 0 until the headers have come.
        reason: Its reason phrase.
        headers: Name and value of each, as they came.
        body: What came of the body, as it came.
        complete: Whether no more is to be read.
        cut: What was wrong with the body, which ended for it before its end; empty where nothing was.
        rest: What came behind a 101: frames.
    """

    def __init__(self, most: int = MOST_BODY) -> None:
        self._most = most
        self.status = 0
        self.reason = ""
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.complete = False
        self.cut = ""
        self.rest = b""
        self._raw = bytearray()
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        # The parser wants to know what was asked: whose answer has a body, and may switch the protocol.
        asked = [("Host", "any"), ("Connection", "Upgrade"), ("Upgrade", "websocket")]
        self._http.send(h11.Request(method="GET", target="/", headers=asked))
        self._http.send(h11.EndOfMessage())

    @property
    def unread(self) -> str:
        """How what came begins where it is no whole head of an answer yet; empty where nothing came, or a head."""
        return "" if self.status or not self._raw else repr(bytes(self._raw[:60]))

    @property
    def upgraded(self) -> bool:
        """Whether the server agreed to speak WebSocket."""
        return self.status == 101

    def feed(self, data: bytes) -> None:
        """Read on; no data means that the stream has ended.

        Raises:
            NoHttp: It is no HTTP answer, or ended before there was one.
        """
        if self.complete:
            return
        if not self.status and len(self._raw) <= LONGEST_HEAD:
            self._raw += data
        try:
            self._http.receive_data(data)
            while not self.complete and self._read(self._http.next_event()):
                pass
        except h11.RemoteProtocolError as error:
            self._end(str(error) if data or self.status else "the connection ended within its head")

    def _read(self, event: object) -> bool:
        """Take one event; says whether there may be more."""
        if isinstance(event, (h11.InformationalResponse, h11.Response)):
            # Interim answers announce another one (RFC 9110, 15.2); 101 is none of them.
            if event.status_code >= 200 or event.status_code == 101:
                self._head(event.status_code, bytes(event.reason), [(bytes(n), bytes(v)) for n, v in event.headers.raw_items()])
            if self.upgraded:
                self.rest = self._http.trailing_data[0]
                self.complete = True
        elif isinstance(event, h11.Data):
            self.take(bytes(event.data))
        elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
            self.complete = True
        return isinstance(event, h11.Event)

    def take(self, data: bytes) -> None:
        """Take a part of the body, as it came: of a refusal the beginning will do."""
        self.body += data
        self.complete = len(self.body) >= self._most

    def _head(self, status: int, reason: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self.status, self.reason = status, reason.decode("latin-1")
        self.headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        self._raw.clear()

    def _end(self, problem: str) -> None:
        """Make do with what came before the answer went wrong."""
        self.complete = True
        self.cut = problem
        if self.status:
            return
        raw = bytes(self._raw)
        found = _STATUS.match(raw)
        if found is None or found[1].startswith(b"1"):
            if not raw:
                raise NoHttp("no HTTP answer: the connection ended before any byte of it")
            raise NoHttp(f"no valid HTTP answer ({problem}): it began with {raw[:60]!r}")
        head, _, body = raw[found.end() :].partition(b"\r\n\r\n" if b"\r\n\r\n" in raw else b"\n\n")
        lines = [line.partition(b":") for line in head.splitlines()]
        self._head(int(found[1]), found[2] or b"", [(name.strip(), value.strip()) for name, colon, value in lines if colon])
        self.body += body[: self._most]

    def text(self) -> str:
        """The beginning of the body as a text: decompressed, and read in its character set."""
        body = self.content()
        if body is None:
            return f"<{len(self.body)} bytes that can't be read as Content-Encoding: {self.named('content-encoding')}>"
        return decoded(body, self.named("content-type"))

    def content(self) -> bytes | None:
        """What came of the body, decompressed; None where that can't be done. It is no longer than what is read."""
        body: bytes | None = bytes(self.body)
        for coding in reversed(self.codings):
            body = None if body is None else _decompressed(coding, body, self._most)
        return body

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that it sets, by name."""
        return {cookie.name: cookie.value for cookie in map(parse_cookie, self.cookie_lines) if cookie is not None}

    @property
    def cookie_lines(self) -> list[str]:
        """The values of its ``Set-Cookie`` headers."""
        return [value for name, value in self.headers if name.lower() == "set-cookie"]

    @property
    def kept(self) -> bool:
        """Whether its end leaves the TCP connection to the next request (RFC 9112, 9.3)."""
        return self._http.their_state is h11.DONE

    @property
    def codings(self) -> list[str]:
        """How the body is compressed, in the order in which it was."""
        return [name.strip().lower() for name in self.named("content-encoding").split(",") if name.strip()]

    def named(self, name: str) -> str:
        """The value of a header, of all that have the name; empty where there is none."""
        return ", ".join(value for key, value in self.headers if key.lower() == name)


def _decompressed(coding: str, body: bytes, most: int) -> bytes | None:
    """The beginning of what a body holds, cut off or not; None when it can't be told."""
    tries: dict[str, tuple[Callable[[bytes], bytes], ...]] = {
        "identity": (bytes,),
        **dict.fromkeys(("gzip", "x-gzip"), (lambda data: zlib.decompressobj(31).decompress(data, most),)),
        # Meant is zlib's format (RFC 9110, 8.4.1.2); some send the bare one.
        "deflate": (
            lambda data: zlib.decompressobj(15).decompress(data, most),
            lambda data: zlib.decompressobj(-15).decompress(data, most),
        ),
        "br": (lambda data: brotli.Decompressor().process(data, output_buffer_limit=most),),
    }
    for decompress in tries.get(coding, ()):
        try:
            return decompress(body)
        except (zlib.error, brotli.error):
            continue
    return None
