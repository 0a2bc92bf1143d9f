"""How a connection is opened, and the opening itself."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidMessage, InvalidURI
from websockets.typing import Origin, Subprotocol

from realstack.core.errors import StackError, explain
from realstack.core.several import several
from realstack.recording.trace import trace
from realstack.websocket.answer import Answer
from realstack.websocket.codecs import CodecName
from realstack.websocket.handshake import Tls
from realstack.websocket.mailbox import DEFAULT_CAPACITY
from realstack.websocket.masking import Masker
from realstack.websocket.polling import Exchange, Polling, url_of
from realstack.websocket.stream import ACCEPT, Stream, request_for, written
from realstack.websocket.wire import Deflate, NoUpgrade, Wire

Transport = Literal["websocket", "sse", "jsonl", "polling"]
"""What a connection is: a WebSocket, an HTTP answer that goes on (Server-Sent Events, lines), or long polling of Engine.IO."""

AnyWire = Wire | Stream | Polling

LONGEST_PLAIN_SUBPROTOCOL = 32
"""A longer subprotocol is taken for a credential: registered names are short."""

_silent = logging.getLogger("realstack.websocket.silent")
_silent.disabled = True
_silent.propagate = False
"""The protocol library logs headers and payloads at DEBUG; given this logger it never does."""


@dataclass(frozen=True)
class Options:
    """How to open a connection.

    Attributes:
        url: ``ws://`` or ``wss://``; over HTTP ``http://`` or ``https://``.
        subprotocols: To offer, in order of preference.
        headers: For the handshake's request: one line each, also where the request has such a header by itself (``Host``, …).
        origin: Value of the ``Origin`` header.
        tls: For ``wss://``.
        open_timeout: Seconds for TCP, TLS and the handshake together.
        close_timeout: Seconds that closing may take before the transport is dropped.
        compression: Whether to offer permessage-deflate (RFC 7692), as browsers do; over HTTP gzip and brotli.
        ping_interval: Seconds between own pings (RFC 6455, 5.5.2); ``None`` sends none, as browsers do.
        max_size: Bytes of the largest message that is accepted, or of the largest answer to a poll; a larger one closes with
            1009.
        ledger_size: Frames that are kept.
        codec: How messages are read and written; see `realstack.websocket.codecs.find`.
        secrets: Values that must never be shown, besides what `Masker` finds by itself.
        transport: What it is to be. All that follows is for streams.
        method: Of the request; where empty ``GET``, or ``POST`` where there is a body.
        body: Of the request: a text, bytes, or else what is sent as JSON; None where it has none.
        resume_from: Id of the event behind which the server is to go on (``Last-Event-ID``); empty for all that it gives.
    """

    url: str = field(repr=False)  # its query may hold a credential
    subprotocols: Sequence[str] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    origin: str | None = None
    tls: Tls = field(default_factory=Tls)
    open_timeout: float = 5.0
    close_timeout: float = 2.0
    compression: bool = True
    ping_interval: float | None = None
    max_size: int = 16 * 1024 * 1024
    ledger_size: int = DEFAULT_CAPACITY
    codec: CodecName = "json"
    secrets: Sequence[str] = field(default=(), repr=False)
    transport: Transport = "websocket"
    method: str = ""
    body: Any = field(default=None, repr=False)
    resume_from: str = ""

    def __post_init__(self) -> None:
        """Refuse options of another transport, headers that can't be sent, or that say again what another option says.

        Raises:
            StackError: There is one; names it.
        """
        streams = {"method=": self.method, "body=": self.body is not None, "resume_from=": self.resume_from}
        sockets = {"subprotocols=": self.subprotocols, "ping_interval=": self.ping_interval}
        for others, transports, options in (
            ("streams (transport=sse, transport=jsonl)", ACCEPT, streams),
            ("WebSockets", ("websocket",), sockets),
        ):
            foreign = [name for name, given in options.items() if given and self.transport not in transports]
            if foreign:
                seen = f"{', '.join(foreign)}, which only {others} have"
                raise StackError(explain(f"options of transport={self.transport}", seen))
        if self.resume_from and self.transport != "sse":
            raise StackError(explain("resume_from= where events have ids: transport=sse", f"transport={self.transport}"))
        if problem := _header_problem("Last-Event-ID", self.resume_from.encode().decode("latin-1"), 1):
            raise StackError(explain("an id of an event, for resume_from=", f"{self.resume_from!r} {problem}"))
        if problem := _header_problem("Origin", self.origin or "", 1):
            raise StackError(explain("an origin, for origin=", f"{self.origin!r} {problem}"))
        if self.ledger_size < 1:
            raise StackError(explain("a ledger_size= of at least one message", str(self.ledger_size)))
        if self.method and not _TOKEN.fullmatch(self.method):
            raise StackError(explain("an HTTP method, such as POST", repr(self.method)))
        names = [name.lower() for name in self.headers]
        for name, value in self.headers.items():
            lowered = name.lower()
            if problem := _header_problem(name, value, names.count(lowered)):
                raise StackError(explain("headers that a handshake can have", f"{name!r} {problem}"))
            if instead := {
                "sec-websocket-extensions": "compression=",
                "origin": "origin=" if self.origin is not None else "",
                "sec-websocket-protocol": "subprotocols=" if self.subprotocols else "",
                "last-event-id": "resume_from=" if self.resume_from else "",
            }.get(lowered):
                raise StackError(explain("each header of the handshake once", f"{name!r} in headers=", remedy=f"Use {instead}"))

    @property
    def offered(self) -> list[str]:
        """The subprotocols, be they given as such or as a header."""
        header = next((value for name, value in self.headers.items() if name.lower() == "sec-websocket-protocol"), "")
        return [*self.subprotocols, *several(header)]

    @property
    def request(self) -> bytes:
        """The request for a stream.

        Raises:
            StackError, ValueError: It can't be made.
        """
        kind, body = written(self.body)
        headers = {"Accept": ACCEPT[self.transport]}
        if self.resume_from:  # UTF-8 by the standard (HTML, 9.2.3), and headers are written byte by byte
            headers["Last-Event-ID"] = self.resume_from.encode().decode("latin-1")
        return self._request(self.url, self.method or ("GET" if body is None else "POST"), headers, kind, body)

    def poll(self, query: Mapping[str, str], cookies: Mapping[str, str], body: bytes | None) -> bytes:
        """A request of a polled session.

        Args:
            query: What the URL says besides.
            cookies: What the server has set.
            body: Packets to post; None to ask for some.

        Raises:
            ValueError: It can't be made.
        """
        headers = {"Accept": "*/*"}
        given = next((str(value) for name, value in self.headers.items() if name.lower() == "cookie"), "")
        if crumbs := "; ".join(filter(None, (given, *(f"{name}={value}" for name, value in cookies.items())))):
            headers["Cookie"] = crumbs
        kind = "" if body is None else "text/plain;charset=UTF-8"
        return self._request(url_of(self.url, query), "GET" if body is None else "POST", headers, kind, body)

    def _request(self, url: str, method: str, headers: dict[str, str], kind: str, body: bytes | None) -> bytes:
        if kind:
            headers["Content-Type"] = kind
        if self.compression:
            headers["Accept-Encoding"] = "gzip, br"
        if self.origin is not None:
            headers["Origin"] = self.origin
        own = {name: str(value) for name, value in self.headers.items() if name.lower() != "cookie" or "Cookie" not in headers}
        given = {name.lower() for name in own}
        headers = {name: value for name, value in headers.items() if name.lower() not in given} | trace.headers(given)
        return request_for(url, method, headers | own, body)

    def register_credentials(self, masker: Masker) -> None:
        """Tell the masker what must not be shown of these options, whether or not the caller said so."""
        for value in self.secrets:
            masker.register(value, "secret of a WebSocket handshake")
        masker.register_url(self.url, "URL of a WebSocket")
        for name, value in self.headers.items():
            if name.lower() == "cookie":
                masker.register_cookies(value, "cookie of a WebSocket handshake")
            elif name in masker.names:
                masker.register(value, f"{name} header of a WebSocket handshake")
        for name in self.offered:
            if len(name) > LONGEST_PLAIN_SUBPROTOCOL:
                masker.register(name, "WebSocket subprotocol")


class _Connect(connect):
    """Shows a redirect as the refusal that it is: browsers don't follow one in a WebSocket handshake either."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def dial(options: Options) -> AnyWire:
    """Connect and shake hands, by nothing but the options: no proxy of the environment, no log.

    Raises:
        OSError, websockets.exceptions.InvalidHandshake, websockets.exceptions.InvalidURI, ValueError.
    """
    if options.transport == "websocket":
        return await _dial_websocket(options)
    return await (_dial_polling(options) if options.transport == "polling" else _dial_stream(options))


_Protocol = TypeVar("_Protocol", bound=asyncio.Protocol)


def _connecting(options: Options) -> Callable[[Callable[[], _Protocol]], Awaitable[tuple[asyncio.Transport, _Protocol]]]:
    """What makes TCP connections, with TLS where the URL says so, to the host of an HTTP URL.

    Raises:
        websockets.exceptions.InvalidURI: It is none.
    """
    parts = urlsplit(options.url)
    scheme, host = parts.scheme.lower(), parts.hostname
    if scheme not in ("http", "https") or not host:
        raise InvalidURI(options.url, f"it does not begin with http:// or https:// and a host: '{scheme}'")
    context = options.tls.context() if scheme == "https" else None
    port = parts.port or (443 if context else 80)
    name = (options.tls.server_name or host) if context else None
    loop = asyncio.get_running_loop()
    return lambda make: loop.create_connection(make, host, port, ssl=context, server_hostname=name)


async def _dial_stream(options: Options) -> Stream:
    connect = _connecting(options)
    transport, request = cast(Literal["sse", "jsonl"], options.transport), options.request
    asked: Stream | None = None
    try:
        async with asyncio.timeout(options.open_timeout):
            _, asked = await connect(lambda: Stream(transport, request, options.max_size, options.resume_from))
            await asked.shake_hands()
            return asked
    except BaseException as error:
        _give_up(asked, error)
        raise


async def _dial_polling(options: Options) -> Polling:
    connect = _connecting(options)

    async def exchange() -> Exchange:
        return (await connect(Exchange))[1]

    session = Polling(exchange, options.poll, options.max_size, options.url)
    try:
        async with asyncio.timeout(options.open_timeout):
            await session.shake_hands()
            return session
    except BaseException as error:
        _give_up(session, error)
        raise


def _give_up(wire: Stream | Polling | None, error: BaseException) -> None:
    """Leave what could not be opened.

    Raises:
        NoUpgrade: The answer had begun when time was up.
        InvalidMessage: Something else had come.
    """
    if wire is not None:
        wire.drop()
        if isinstance(error, TimeoutError):
            _tell_what_came(wire.answer)


def _tell_what_came(answer: Answer | None) -> None:
    """Say what had come when time was up; nothing where nothing had.

    Raises:
        NoUpgrade: An answer had begun.
        InvalidMessage: Something else had.
    """
    if answer is not None and answer.status:
        raise NoUpgrade(answer) from None
    if answer is not None and answer.unread:
        raise InvalidMessage(f"no whole HTTP answer: it began with {answer.unread}") from None


async def _dial_websocket(options: Options) -> Wire:
    settings: dict[str, Any] = {}
    if options.url.lower().startswith("wss:"):
        settings["ssl"] = options.tls.context()
        if options.tls.server_name:
            settings["server_hostname"] = options.tls.server_name
    wires: list[Wire] = []

    def wire(protocol: ClientProtocol, **kept: Any) -> Wire:
        wires.append(Wire(protocol, **kept))
        return wires[-1]

    try:
        async with asyncio.timeout(options.open_timeout):
            opened = await _Connect(
                options.url.strip().replace(" ", "%20"),  # as browsers do; a request has no blank in its target
                origin=Origin(options.origin) if options.origin is not None else None,
                subprotocols=[Subprotocol(name) for name in options.offered] or None,
                additional_headers={name: str(value) for name, value in options.headers.items()} | trace.headers(options.headers),
                extensions=[Deflate(compress_settings={"memLevel": 5})] if options.compression else None,
                compression=None,
                proxy=None,
                open_timeout=None,
                ping_interval=options.ping_interval,
                close_timeout=options.close_timeout,
                max_size=options.max_size,
                logger=_silent,
                create_connection=cast(type[Wire], wire),
                **settings,
            )
    except TimeoutError:
        _tell_what_came(wires[-1].answer if wires else None)
        raise
    assert isinstance(opened, Wire)
    return opened


_TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")


def _header_problem(name: str, value: object, times: int) -> str:
    """Why a header can't be sent; nothing when it can (RFC 9110, 5.1 and 5.5)."""
    if not _TOKEN.fullmatch(name):
        return "is no name of a header"
    if not _VALUE.fullmatch(str(value)):
        return "has a value with a line break, a control character, or characters beyond Latin-1"
    return "is given more than once" if times > 1 else ""
