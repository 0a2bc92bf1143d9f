"""The socket of a connection: that of `websockets`, which reads other servers' handshakes and endings as they come.

The answer to the handshake is read by `answer`. A connection is known to have ended when its close frame has come, or when this
end has given it up: also where the server never drops TCP. TCP is dropped then after the close time-out.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidMessage, NegotiationError, ProtocolError
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Event, State
from websockets.typing import ExtensionParameter

from realstack.core.inflating import Inflating
from realstack.websocket.answer import Answer, NoHttp
from realstack.websocket.codecs import Payload
from realstack.websocket.inbox import Inbox

BODY_PATIENCE = 0.5
"""Seconds after its headers that the body of a refusal is waited for: some never end."""

MOST_FRAGMENTS = 4096
"""Frames that a message may be made of."""

_TEXT, _BINARY, _CONT, _OPEN = Opcode.TEXT, Opcode.BINARY, Opcode.CONT, State.OPEN
_NEEDED = ("connection", "upgrade", "sec-websocket-")
"""Which headers of an agreement `websockets` judges; others may be longer than it reads."""


OWN_REFUSALS = frozenset({1002, 1007, 1009, 1011})
"""Codes with which this end fails a connection; the server need not answer them (RFC 6455, 7.1.7)."""


class NoUpgrade(InvalidHandshake):
    """The server answered, and not with 101, or with no stream.

    Attributes:
        answer: What it said.
        unfit: What in an answer that agrees is not what was asked for; empty where it does not agree.
    """

    def __init__(self, answer: Answer, unfit: str = "") -> None:
        super().__init__(f"HTTP {answer.status} {answer.reason}".strip())
        self.answer = answer
        self.unfit = unfit


class NoAgreement(InvalidHandshake):
    """The server answered with 101, and to something else than was offered.

    Attributes:
        answer: What it said.
        remedy: What to do.
    """

    def __init__(self, answer: Answer, seen: str, remedy: str) -> None:
        super().__init__(seen)
        self.answer = answer
        self.remedy = remedy


class BadCloseFrame(ValueError):
    """A close frame came that no server may send."""


class Deflate(ClientPerMessageDeflateFactory):
    """Offers permessage-deflate, and reads also those who end the DEFLATE stream with each message."""

    def process_response_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> PerMessageDeflate:
        """Make what reads and writes the messages, by what the server agreed to."""
        agreed = super().process_response_params(params, accepted_extensions)
        if not agreed.remote_no_context_takeover:
            agreed.decoder = cast(Any, Inflating(-agreed.remote_max_window_bits))
        return agreed


class Ending(NamedTuple):
    """How the socket of a connection ended.

    Attributes:
        code: Close code; None where there are no close frames.
        reason: The close frame's reason.
        by: Who closed first: ``server``, ``client``, or ``nobody`` when the transport broke.
    """

    code: int | None
    reason: str
    by: str


class Wire(ClientConnection):
    """A client's socket.

    Args:
        protocol: As `websockets` makes it.
        **settings: As `websockets` gives them.

    Attributes:
        answer: The server's answer to the handshake.
        inbox: What has come; closed when a close frame has come, what came broke the protocol, or the connection is lost.
    """

    def __init__(self, protocol: ClientProtocol, **settings: Any) -> None:
        super().__init__(protocol, **settings)
        self.answer = Answer()
        self.inbox = Inbox()
        self._fragments: list[Frame] = []
        self._unreadable: Exception | None = None
        self._answered: asyncio.Future[None] = self.loop.create_future()
        self._refusal: InvalidHandshake | OSError | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._given_up: Ending | None = None
        self._bad_close: Ending | None = None
        self._understand, protocol.recv_frame = protocol.recv_frame, self._look  # type: ignore[method-assign]

    async def handshake(self, additional_headers: Any = None, user_agent_header: str | None = None) -> None:
        """Ask for the connection, with one line for each header, and wait for the answer.

        Raises:
            NoUpgrade: The server refuses.
            InvalidHandshake: Its answer is none, or no valid agreement.
        """
        self.request = self.protocol.connect()
        if user_agent_header is not None:
            self.request.headers["User-Agent"] = user_agent_header
        for name, value in dict(additional_headers or {}).items():
            if name in self.request.headers:
                del self.request.headers[name]
            self.request.headers[name] = value
        self.protocol.key = self.request.headers["Sec-WebSocket-Key"]
        self.protocol.send_request(self.request)
        self.send_data()
        await self._answered
        if self._refusal is not None:
            raise self._refusal
        if isinstance(self.protocol.handshake_exc, NegotiationError):
            raise self._disagreement()
        if self.protocol.handshake_exc is not None:
            raise self.protocol.handshake_exc

    @property
    def is_open(self) -> bool:
        """Whether nobody has begun to close it."""
        return self.protocol.state is _OPEN

    @property
    def tcp(self) -> socket.socket | None:
        """The socket of TCP."""
        return cast(socket.socket | None, self.transport.get_extra_info("socket"))

    def write(self, payload: Payload) -> None:
        """Give a text or binary frame to the transport; `drain` waits while that has too much to send.

        Only where it is open.
        """
        if isinstance(payload, str):
            self.protocol.send_text(payload.encode())
        else:
            self.protocol.send_binary(payload)
        self.send_data()

    def drop(self) -> None:
        """Leave without a close frame."""
        self.transport.abort()

    def ending(self, *, aborted: bool) -> Ending:
        """How it ended, or ends now.

        Args:
            aborted: Whether this end left it without a close frame.
        """
        if not aborted and (failed := self._given_up or self._bad_close):
            return failed
        received, sent = self.protocol.close_rcvd, self.protocol.close_sent
        if aborted or (sent is not None and (received is None or not self.protocol.close_rcvd_then_sent)):
            by = "client"
        else:
            by = "server" if received is not None else "nobody"
        code = received.code if received is not None else 1006
        if received is None and sent is not None and sent.code in OWN_REFUSALS:
            code = sent.code
        shown = received or sent
        return Ending(int(code), shown.reason if shown else "", by)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        if not self.answer.upgraded:
            data = self._read_answer(data)
        if data:
            super().data_received(data)
        self._notice_end()

    def eof_received(self) -> None:
        """Take the end of the stream."""
        self._read_answer(b"")
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        for timer in self._timers:
            timer.cancel()
        if isinstance(exc, OSError):  # of TLS 1.3 a refused certificate is told when the handshake is over for this end
            self._fail(exc)
        self._read_answer(b"")
        super().connection_lost(exc)
        self.inbox.close(self._unreadable or self.connection_exc or self.protocol.parser_exc)

    def process_event(self, event: Event) -> None:
        """Take a frame; a message is handed over with its last one."""
        opcode = event.opcode if isinstance(event, Frame) else None
        if opcode is _TEXT or opcode is _BINARY or opcode is _CONT:
            assert isinstance(event, Frame)
            self._take(event)
        else:
            super().process_event(event)

    def _take(self, frame: Frame) -> None:
        if self._unreadable is not None:  # nothing behind a fault is looked at (RFC 6455, 7.1.7)
            return
        opcode, data = frame.opcode, frame.data
        if not frame.fin or opcode is _CONT:
            self._fragments.append(frame)
            if len(self._fragments) > MOST_FRAGMENTS:
                self._give_up(CloseCode.MESSAGE_TOO_BIG, ValueError(f"a message of more than {MOST_FRAGMENTS} frames"))
            if not frame.fin or self._unreadable is not None:
                return
            opcode, data = self._fragments[0].opcode, b"".join(part.data for part in self._fragments)
            self._fragments.clear()
        try:
            payload = str(data, "utf-8") if opcode is _TEXT else bytes(data)
        except UnicodeDecodeError as error:
            self._give_up(CloseCode.INVALID_DATA, error)
            return
        self.inbox.put(payload)

    def _give_up(self, code: CloseCode, fault: Exception) -> None:
        # A close frame that came in one packet with the fault was read before it was known.
        self._unreadable, self._given_up = fault, Ending(int(code), str(fault)[:100], "client")
        self.protocol.fail(code, str(fault)[:100])
        self.send_data()

    def _look(self, frame: Frame) -> None:
        """Have a frame understood; of a close frame that can't be, what it says is kept."""
        by = "server" if self.protocol.close_sent is None else "client"
        try:
            self._understand(frame)
        except (ProtocolError, UnicodeDecodeError) as error:
            data = bytes(frame.data)
            if frame.opcode is Opcode.CLOSE and self.protocol.close_rcvd is None:
                self._unreadable = BadCloseFrame(f"the server's close frame breaks RFC 6455, 7.4: {_told(data, error)}")
                if len(data) > 1:
                    self._bad_close = Ending(int.from_bytes(data[:2], "big"), data[2:].decode(errors="backslashreplace"), by)
            raise

    def _disagreement(self) -> NoAgreement:
        """What the server selected that was not offered."""
        protocols, extensions = self.protocol.available_subprotocols or [], self.protocol.available_extensions or []
        selected = self.answer.named("sec-websocket-protocol")
        if selected and selected not in protocols:
            offered = f"offered were: {', '.join(protocols)}" if protocols else "none was offered"
            remedy = "Offer one that the server supports as subprotocols=; a server must select none that was not offered."
            return NoAgreement(self.answer, f"HTTP 101 with the subprotocol '{selected}', and {offered}", remedy)
        offer = self.request.headers.get("Sec-WebSocket-Extensions", "") if self.request is not None else ""
        offered = f"the offer was: {offer}" if extensions else "none was offered"
        told = f"HTTP 101 with the extensions '{self.answer.named('sec-websocket-extensions')}', and {offered}"
        remedy = "A server must agree to what was offered, or to nothing (RFC 6455, 9.1)."
        return NoAgreement(self.answer, told, f"{remedy} Open with compression=False to offer none." if extensions else remedy)

    def _read_answer(self, data: bytes) -> bytes:
        """Read on in the answer; gives what `websockets` is to read."""
        answer = self.answer
        if self._answered.done():
            return b""
        try:
            answer.feed(data)
        except NoHttp as error:
            self._fail(InvalidMessage(str(error)))
            return b""
        if answer.upgraded:
            self._answered.set_result(None)
            lines = [f"{name}: {value}" for name, value in answer.headers if name.lower().startswith(_NEEDED)]
            head = "\r\n".join(["HTTP/1.1 101 Switching Protocols", *lines, "", ""])
            return head.encode("latin-1") + answer.rest
        if answer.complete:
            self._fail(NoUpgrade(answer))
        elif answer.status and not self._timers:
            self._timers.append(self.loop.call_later(BODY_PATIENCE, self._fail, NoUpgrade(answer)))
        return b""

    def _fail(self, error: InvalidHandshake | OSError) -> None:
        if not self._answered.done():
            self._refusal = error
            self._answered.set_result(None)

    def _notice_end(self) -> None:
        protocol = self.protocol
        fault = self._unreadable or protocol.parser_exc
        ended = protocol.close_rcvd is not None or fault is not None
        if ended and not self.inbox.ended and protocol.state is not State.CONNECTING:
            # The server is to drop TCP first (RFC 6455, 7.1.1); one that does not must not keep the socket.
            self._timers.append(self.loop.call_later(self.close_timeout or 0, self.transport.abort))
            self.inbox.close(fault)


def _told(data: bytes, error: Exception) -> str:
    """What is wrong with a close frame."""
    if len(data) < 2:
        return f"it has one byte, 0x{data.hex()}, where a code has two"
    code = int.from_bytes(data[:2], "big")
    return (
        f"a reason that is no text in UTF-8, {error}" if isinstance(error, UnicodeDecodeError) else f"no code {code} may be sent"
    )
