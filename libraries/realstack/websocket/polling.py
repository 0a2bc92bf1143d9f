"""Engine.IO by long polling, which Socket.IO begins with and falls back to: packets are fetched by one request after another, and
posted.

The server holds a request for packets until there are some. Each packet is a message, as it would be on a WebSocket, so that
codecs see no difference. Source: Engine.IO protocol 4, HTTP long-polling.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from websockets.exceptions import InvalidHandshake, InvalidMessage

from realstack.http.cookies import keep, sent_to
from realstack.websocket.answer import Answer, NoHttp
from realstack.websocket.codecs import Payload
from realstack.websocket.framing import TooLarge
from realstack.websocket.http_wire import Broken, HttpWire
from realstack.websocket.wire import NoUpgrade

SEPARATOR = b"\x1e"
OPEN, CLOSE = "0", "1"
TYPES = frozenset({b"%d" % number for number in range(7)})
"""Types of Engine.IO's packets; the first two begin and end a session."""


class Unreadable(ValueError):
    """What came is nothing that Engine.IO has."""


MakeRequest = Callable[[Mapping[str, str], Mapping[str, str], bytes | None], bytes]
"""Makes the request of a session: what is to stand in its URL's query, the cookies to send, and the body of a POST."""


class Exchange(asyncio.Protocol):
    """A TCP connection by which one request after the other is asked (RFC 9112, 9.3)."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._answer = Answer()
        self._answered: asyncio.Future[None] | None = None
        self._begun = False

    @property
    def reusable(self) -> bool:
        """Whether another request may be asked."""
        return self._answer.kept and not self.transport.is_closing()

    async def ask(self, request: bytes, answer: Answer) -> None:
        """Ask, and wait for the whole answer.

        Args:
            request: What to ask.
            answer: Takes what comes.

        Raises:
            OSError: The connection ended before it came.
            websockets.exceptions.InvalidMessage: What came is no HTTP.
        """
        self._answer, self._begun = answer, False
        self._answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        await self._answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Have a connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Take what has arrived; no data means that no more will."""
        if self._answered is None or self._answered.done():
            self.transport.abort()  # nobody asked for it
            return
        self._begun = True
        try:
            self._answer.feed(data)
        except NoHttp as error:
            self._answered.set_exception(InvalidMessage(str(error)))
            return
        if self._answer.complete:
            self._answered.set_result(None)

    def eof_received(self) -> None:
        """Take the end of what the server sends, which may be that of an answer."""
        if self._begun:
            self.data_received(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or Broken("the connection ended before the answer"))


class Polling(HttpWire):
    """A client's session.

    Args:
        connect: Makes a TCP connection to the server.
        request: Makes a request.
        max_size: Bytes of the largest answer that is accepted.
        url: Where they go, for the cookies that go there.
    """

    def __init__(self, connect: Callable[[], Awaitable[Exchange]], request: MakeRequest, max_size: int, url: str) -> None:
        super().__init__()
        self.answer = Answer()
        self._connect = connect
        self._request = request
        self._max_size = max_size
        self._session: dict[str, str] = {}
        self._url = url
        self._jar = CookieJar()
        self._polls: Exchange | None = None
        self._posts: set[Exchange] = set()
        self._fetching: asyncio.Task[None] | None = None
        self._leaving = False

    async def shake_hands(self) -> None:
        """Begin a session, and go on fetching what comes.

        Raises:
            NoUpgrade: The server refuses, or answers with something else.
            OSError, websockets.exceptions.InvalidMessage: It does not answer, or speaks no HTTP.
        """
        self.answer = self._new_answer()
        await self._poll(self.answer)
        if self.answer.status != 200:
            raise NoUpgrade(self.answer)
        try:
            first, *others = self._parts(self.answer)
            sid = _session_of(_packet(first))
        except (TooLarge, Unreadable) as error:
            raise NoUpgrade(self.answer, str(error)) from None
        if sid is None:
            raise NoUpgrade(self.answer, "a body that does not begin with an open packet of Engine.IO 4")
        self._session = {"sid": sid}
        self._fetching = asyncio.get_running_loop().create_task(self._fetch([first, *others]), name="polls of a session")

    @property
    def is_open(self) -> bool:
        """Whether nobody has begun to close it."""
        return not self.over and not self._leaving

    async def send(self, payload: Payload) -> None:
        """Post a packet, and wait until the server has it.

        Raises:
            EOFError: The session has ended, or ends since the server did not take it.
        """
        body = b"b" + base64.b64encode(payload) if isinstance(payload, bytes) else payload.encode()
        exchange: Exchange | None = None
        try:
            # A connection of its own: one that was idle may be given up by the server just when it is used again, and
            # nobody would know whether the packet had arrived.
            exchange = await self._connect()
            self._posts.add(exchange)
            answer = self._new_answer()
            await exchange.ask(self._request(self._session, self._cookies, body), answer)
        except (OSError, InvalidHandshake) as error:
            self._end("nobody", error)
            raise EOFError from None
        finally:
            if exchange is not None:
                self._posts.discard(exchange)
                exchange.transport.abort()
        if answer.status != 200:
            self._end("server", _refused("POST", answer))
            raise EOFError

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Tell the server that this end leaves, for as long as that may take; there is no code and no reason."""
        if self.is_open:
            self._leaving = True
            try:
                async with asyncio.timeout(self.close_timeout):
                    await self.send(CLOSE)
            except (EOFError, TimeoutError):  # it does not hear that this end leaves, which leaves all the same
                pass
        self.drop()

    def _tcp(self) -> asyncio.Transport | None:
        return self._polls.transport if self._polls is not None else None

    def _release(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
        for exchange in (self._polls, *self._posts):
            if exchange is not None:
                exchange.transport.abort()

    def _end(self, by: str, fault: Exception | None = None) -> None:
        # Whatever the server says to a client that leaves: it is the client that ends the session.
        super()._end("client" if self._leaving else by, None if self._leaving else fault)

    @property
    def _cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in sent_to(self._jar, self._url)}

    def _new_answer(self) -> Answer:
        return Answer(self._max_size + 1)

    async def _poll(self, answer: Answer) -> None:
        if self._polls is None or not self._polls.reusable:
            self._polls = await self._connect()
        await self._polls.ask(self._request(self._session, self._cookies, None), answer)
        if answer.cut:
            raise Broken(answer.cut)
        # By their cookies balancers find the server that has the session.
        keep(self._jar, answer.cookie_lines, self._url)

    async def _fetch(self, parts: list[bytes]) -> None:
        """Give what came, and go on asking for more."""
        try:
            self._take(parts)
            while not self.over:
                answer = self._new_answer()
                await self._poll(answer)
                if answer.status != 200:
                    self._end("server", _refused("poll", answer))
                else:
                    self._take(self._parts(answer))
        except (TooLarge, Unreadable) as error:
            self._end("client", error)
        except (OSError, InvalidHandshake) as error:
            self._end("nobody", error)
        except BaseException:
            # Cancelled with the loop, or a fault in here: either way nothing is fetched any more, and who reads must know.
            self._end("client", Broken("nothing is fetched any more"))
            raise

    def _take(self, parts: list[bytes]) -> None:
        for part in parts:
            packet = _packet(part)
            self._give(packet)
            if packet == CLOSE:
                self._end("server")
                return

    def _parts(self, answer: Answer) -> list[bytes]:
        content = answer.content()
        if content is None:
            raise Unreadable(f"what came is no Content-Encoding {answer.named('content-encoding')}")
        if len(content) > self._max_size:
            raise TooLarge(f"an answer of more than {self._max_size} bytes: see max_size=")
        return content.split(SEPARATOR)


def _packet(part: bytes) -> Payload:
    """A packet as it would be on a WebSocket.

    Raises:
        Unreadable: It is none, such as the page of a proxy: a server that goes on so would never end.
    """
    try:
        if part.startswith(b"b"):
            return base64.b64decode(part[1:], validate=True)
        if part[:1] in TYPES:
            return part.decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Unreadable(f"a packet that can't be read ({error}): {part[:60]!r}") from None
    raise Unreadable(f"a packet of no type that Engine.IO has: {part[:60]!r}" if part else "an empty packet")


def _session_of(packet: Payload) -> str | None:
    """The id that an open packet gives to the session."""
    try:
        told: Any = json.loads(packet[1:]) if isinstance(packet, str) and packet.startswith(OPEN) else None
    except (ValueError, RecursionError):
        return None
    sid = told.get("sid") if isinstance(told, dict) else None
    return sid if isinstance(sid, str) and sid and sid.isprintable() else None


def _refused(what: str, answer: Answer) -> Broken:
    said = answer.text()[:200].strip()
    return Broken(f"HTTP {answer.status} {answer.reason} to a {what}".replace("  ", " ") + (f": {said}" if said else ""))


def url_of(url: str, more: Mapping[str, str]) -> str:
    """The URL of a session's requests: as it was given, with what it must say besides."""
    told = {"EIO": "4", "transport": "polling", **more}
    given = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in told.items() if name not in given)
    if not query:
        return url
    base = url.partition("#")[0]
    return base + ("&" if "?" in base else "?") + query
