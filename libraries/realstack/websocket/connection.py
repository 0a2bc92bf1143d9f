"""One connection, be it a WebSocket, a stream or polled: what comes is entered at once, and waits have a deadline."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal, Protocol

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from realstack.core.errors import InvalidRun, StackError, StackFailure, explain
from realstack.core.lateness import Late
from realstack.core.pace import Pace
from realstack.core.waiting import Deadline
from realstack.recording import events
from realstack.recording.recorder import recorder
from realstack.websocket import report
from realstack.websocket.codecs import MakeCodec, Payload, find
from realstack.websocket.codecs.events import Events
from realstack.websocket.codecs.plain import Text
from realstack.websocket.frames import Direction, Frame, read
from realstack.websocket.handshake import refusal, shown_url
from realstack.websocket.mailbox import Closed, Mailbox, over_within
from realstack.websocket.masking import Masker, Unmasked
from realstack.websocket.match import Match
from realstack.websocket.options import AnyWire, Options, Transport, dial
from realstack.websocket.polling import Polling
from realstack.websocket.stream import Stream
from realstack.websocket.wire import Wire

VALID: dict[Transport, tuple[str, str]] = {
    "websocket": (
        "a WebSocket URL and valid options",
        "A URL is ws://host:port/path or wss://host/path, one over HTTP wants transport=sse, jsonl or polling; "
        "subprotocols are tokens (RFC 6455, 4.1).",
    ),
    **dict.fromkeys(
        ("sse", "jsonl"),
        ("the URL of a stream and valid options", "A URL is http://host:port/path or https://host/path."),
    ),
    "polling": ("the URL of Engine.IO and valid options", "A URL is http://host:port/socket.io/ or https://host/socket.io/."),
}
"""What opening expects of its options, and what to do where they aren't so, by transport."""


class Record(Protocol):
    """Where events go, as `Recorder.record`."""

    def __call__(self, event: events.Event) -> None:
        """Take an event."""


class Connection:
    """An open (or closed) connection. Make one with `Connection.open`; all coroutines belong to one event loop.

    Attributes:
        alias: Its name in ledgers and errors.
        mailbox: Its frames.
        handshake_seconds: How long opening took, TCP and TLS included.
        codec: Reads what is received, and knows how to write.
    """

    def __init__(
        self,
        alias: str,
        options: Options,
        wire: AnyWire,
        make_codec: MakeCodec,
        *,
        masker: Masker,
        record: Record | None,
        began: float,
        unseen: bool = False,
    ) -> None:
        self.alias = alias
        self.options = options
        self.mailbox = Mailbox(options.ledger_size)
        self.opened_at = time.monotonic()
        self.handshake_seconds = self.opened_at - began
        self.codec = make_codec()
        self._codecs = {"in": self.codec, "out": Text() if unseen else make_codec()}
        self._ledger_masker = Unmasked() if unseen else masker
        self._wire = wire
        self._sending = asyncio.Lock()
        self._attended: dict[str, asyncio.Task[None]] = {}
        self._masker = masker
        self._record = record
        self._ended = asyncio.Event()
        self._aborted = False
        if record is not None:
            record(self._opening())
        wire.inbox.open(self._receive, self._end)

    @classmethod
    async def open(
        cls,
        alias: str,
        options: Options,
        *,
        masker: Masker | None = None,
        record: Record | None = recorder.record,
        unseen: bool = False,
    ) -> Connection:
        """Connect and shake hands.

        Args:
            alias: Name of the new connection.
            options: Where to, and how.
            masker: Shared by connections whose credentials may turn up in each other's frames.
            record: Where frames are reported to; ``None`` keeps them in the ledger only.
            unseen: Whether the ledger may have frames as they are, and those that were sent unread: who shows one masks it then.

        Raises:
            Refused: The handshake failed; says why.
            StackError: An option is wrong.
        """
        masker = masker or Masker()
        make_codec = codec_of(options)
        options.register_credentials(masker)
        began = time.monotonic()
        try:
            wire = await dial(options)
        except (OSError, InvalidHandshake, EOFError) as error:
            refused = refusal(error, options.url, time.monotonic() - began, masker, options.transport)
            if record is not None:
                record(events.Refused(alias, shown_url(options.url, masker), refused.status))
            raise refused from None
        except (InvalidURI, ValueError) as error:
            text = f"{shown_url(options.url, masker)}: {error.msg}" if isinstance(error, InvalidURI) else masker.text(str(error))
            expected, remedy = VALID[options.transport]
            raise StackError(explain(expected, text, remedy=remedy)) from None
        return cls(alias, options, wire, make_codec, masker=masker, record=record, began=began, unseen=unseen)

    def _opening(self) -> events.Opened:
        local = self._wire.local_address
        return events.Opened(
            self.alias,
            shown_url(self.options.url, self._masker),
            self.status,
            self._masker.text(self.subprotocol or ""),
            round(self.handshake_seconds, 6),
            local[1] if local else None,
            at=self.opened_at,
        )

    # What there is to know about it.

    @property
    def state(self) -> Literal["open", "closing", "closed"]:
        """RFC 6455's state of the connection, as far as it is known here."""
        if self.mailbox.closed is not None:
            return "closed"
        return "open" if self._wire.is_open else "closing"

    @property
    def closed(self) -> Closed | None:
        """How it ended; ``None`` while it has not."""
        return self.mailbox.closed

    @property
    def subprotocol(self) -> str | None:
        """What the server selected."""
        return self._wire.subprotocol

    @property
    def status(self) -> int:
        """HTTP status of the handshake: 101, and of a stream 200."""
        return self._wire.answer.status

    @property
    def response_headers(self) -> dict[str, str]:
        """Headers of the handshake's answer, masked."""
        return self._masker.headers(self._wire.answer.headers)

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that the handshake's answer set, by name; their values are credentials."""
        return self._wire.answer.cookies

    @property
    def local_port(self) -> int | None:
        """The client's own TCP port, for faults that hit this connection alone; ``None`` once it is gone."""
        address = self._wire.local_address
        return address[1] if address else None

    @property
    def stream(self) -> Stream:
        """The stream over HTTP that it is.

        Raises:
            StackError: It is a WebSocket.
        """
        if isinstance(self._wire, Stream):
            return self._wire
        raise StackError(
            explain(
                "a stream over HTTP",
                f"connection '{self.alias}' is {'a WebSocket' if isinstance(self._wire, Wire) else 'polled'}",
                remedy="Open it with transport=sse or jsonl.",
            )
        )

    @property
    def over_http(self) -> bool:
        """Whether it is no WebSocket: a stream or a polled session, without pings and close codes."""
        return not isinstance(self._wire, Wire)

    # Sending.

    async def send(self, *payloads: Payload) -> list[Frame]:
        """Send text or binary frames as they are; what is in them is in the ledger before its answer can be.

        Args:
            payloads: In order, with nothing else between them.

        Returns:
            The messages in them, as the codec reads them.

        Raises:
            StackError: One is no text that can be sent, or the connection is a stream, which only the server sends on.
            StackFailure: The connection is not open, or ended while sending.
        """
        wire = self._two_way("to send a frame")
        for payload in payloads:
            _check_text(payload)
        frames: list[Frame] = []
        if isinstance(wire, Polling):
            async with self._sending:
                for payload in payloads:
                    self.check_open("to send a frame")
                    frames += self._enter("out", payload)
                    await self._sent(wire.send(payload))
            return frames
        if wire.paused:  # what the other end does not take is no reason to keep more of it
            await self._sent(wire.drain())
        self.check_open("to send a frame")
        for payload in payloads:
            frames += self._enter("out", payload)
            wire.write(payload)
        await self._sent(wire.drain())
        return frames

    async def _sent(self, sending: Awaitable[None]) -> None:
        try:
            await sending
        except (OSError, EOFError):
            await self._ended.wait()
            raise StackFailure(self._not_open("to send a frame")) from None

    async def send_json(self, value: Any) -> list[Frame]:
        """Send a message as the codec writes it.

        Raises:
            StackError: The codec can't write it.
            StackFailure: The connection is not open, or ended while sending.
        """
        return await self.send(*self.codec.encode(value))

    def check_open(self, purpose: str) -> None:
        """Make sure that something can be sent.

        Raises:
            StackError: It never can, on a stream.
            StackFailure: It can't.
        """
        self._two_way(purpose)
        if self.state != "open":
            raise StackFailure(self._not_open(purpose))

    def attend(self, name: str, work: Coroutine[Any, Any, None], end: Callable[[], None]) -> None:
        """Have something done in the background that ends with the connection, or by `dismiss`. To be called on the loop."""
        task = asyncio.get_running_loop().create_task(work, name=f"{name} of {self.alias}")
        task.add_done_callback(lambda _: end())
        self._attended[name] = task

    def dismiss(self, name: str) -> None:
        """End what is done in the background. To be called on the loop."""
        self._attended.pop(name).cancel()

    async def ping(self, timeout: float) -> float:
        """Seconds between a ping and its pong (RFC 6455, 5.5.2).

        Raises:
            StackError: The connection is no WebSocket: it has no pings.
            StackFailure: No pong in time, or the connection is not open.
        """
        wire = self._two_way("to ping")
        if isinstance(wire, Polling):
            seen = f"connection '{self.alias}' is polled (transport=polling): its heartbeats are messages"
            raise StackError(
                explain("a WebSocket to ping", seen, remedy="Wait for a frame of type ping, which the server sends.")
            )
        if self.state != "open":
            raise StackFailure(self._not_open("to ping"))
        deadline = Deadline(timeout)
        try:
            async with asyncio.timeout(deadline.seconds):
                pong = await wire.ping()
                return await pong
        except TimeoutError:
            raise Late(
                explain(
                    f"a pong on connection '{self.alias}' within {deadline.seconds:g} s",
                    f"none after {deadline.elapsed:.3f} s, and the connection still looks open",
                    remedy="The link or the server is stalled: see its faults and its log.",
                )
            ) from None
        except ConnectionClosed:
            await self._ended.wait()
            raise StackFailure(self._not_open("to ping")) from None

    # Waiting.

    async def wait_for(self, match: Match, timeout: float, *, since: int = 0) -> Frame:
        """Take the earliest untaken received frame that matches; see `mailbox` for what counts.

        Args:
            match: Which one.
            timeout: Seconds.
            since: Only frames numbered above this count.

        Raises:
            StackFailure: None came in time, or the connection ended; shows the nearest frames.
        """
        return (await self.wait_for_several(match, 1, timeout, since=since))[0]

    async def wait_for_answer(
        self, end: Match, pieces: Match, timeout: float, *, asked: float | None = None
    ) -> tuple[Frame, Pace]:
        """Take the frame that ends an answer, and the pieces that it came in before.

        Args:
            end: The frame that ends it.
            pieces: Its pieces; an answer without any has its first word at its end.
            timeout: Seconds until its end must be there.
            asked: When it was asked for, on the monotonic clock; when the last frame before its first piece was sent unless told,
                or when the connection was begun to be opened, where nothing was sent on it.

        Raises:
            StackFailure: It did not end in time, or the connection ended before.
        """
        last = await self.wait_for(end, timeout)
        taken = [frame for frame in self.mailbox.take(pieces) if frame.number < last.number] or [last]
        if asked is None:
            sent = [frame.at for frame in self.mailbox.frames(directions=("out",)) if frame.number < taken[0].number]
            asked = sent[-1] if sent else self.opened_at - self.handshake_seconds
        return last, Pace.of(asked, [frame.at for frame in taken], last.at)

    async def wait_for_several(self, match: Match, count: int, timeout: float, *, since: int = 0) -> list[Frame]:
        """Take that many matching frames, oldest first; none is taken when they don't all come."""
        began, deadline = time.monotonic(), Deadline(timeout)
        waiter = self.mailbox.start(match, count, since=since)
        over = False
        try:
            if not waiter.complete:
                await over_within(waiter.ended, deadline.left)
            over = True
        finally:
            # An interrupted wait gives its frames back: nobody has seen them.
            self.mailbox.finish(waiter, keep=over and waiter.complete)
        if not waiter.complete:
            match.check()
            raise Late(report.missing_frames(self.alias, self.mailbox, waiter, began, deadline.elapsed))
        return waiter.taken

    async def expect_silence(self, match: Match, within: float, *, only_new: bool = False) -> None:
        """Make sure that no matching frame is untaken or arrives within a time, be it taken by another wait or not.

        Args:
            match: Which frame should not come.
            within: Seconds to listen.
            only_new: Leave out what arrived before and was not taken.

        Raises:
            StackFailure: One is or did; this does not take it.
            InvalidRun: The connection was or got closed, so that silence proves nothing.
        """
        began = time.monotonic()
        waiting = [] if only_new else self.mailbox.untaken(match)
        seen = waiting[0] if waiting else await self._watch(match, within)
        match.check()
        if seen is not None:
            raise StackFailure(report.unexpected_frame(self.alias, match, seen, began, within))
        if self.closed is not None:
            raise InvalidRun(
                explain(
                    f"connection '{self.alias}' open for {within:g} s, so that the absence of  {match}  means something",
                    f"it ended: {self.closed}",
                    remedy="A closed connection receives nothing, whatever is sent. Keep it open, or check its close code.",
                )
            )

    async def _watch(self, match: Match, within: float) -> Frame | None:
        watch = self.mailbox.watch(match)
        try:
            await over_within(watch.ended, within)
        finally:
            self.mailbox.unwatch(watch)
        return watch.seen

    async def wait_closed(self, timeout: float) -> Closed:
        """Wait until the connection has ended, whoever ends it.

        Raises:
            StackFailure: It is still open after that time.
        """
        deadline = Deadline(timeout)
        if not await _set_within(self._ended, deadline.seconds):
            last = self.mailbox.frames()[-1:]
            raise Late(
                explain(
                    f"connection '{self.alias}' closed within {deadline.seconds:g} s",
                    f"it is still {self.state}",
                    evidence=f"last frame: {last[0].direction} {last[0].brief()}" if last else "no frame was ever exchanged",
                )
            )
        assert self.closed is not None
        return self.closed

    # Ending.

    async def close(self, code: int = 1000, reason: str = "", timeout: float | None = None) -> Closed:
        """Close with a closing handshake; the transport is dropped when the server does not answer in time."""
        if self.closed is None:
            patience = self.options.close_timeout if timeout is None else timeout
            self._wire.close_timeout = patience
            try:
                async with asyncio.timeout(patience + 0.1):
                    await self._wire.close(code, reason)
            except TimeoutError:  # the close frame itself is stuck behind what a stalled link does not take
                self._wire.drop()
        await self._ended.wait()
        assert self.closed is not None
        return self.closed

    async def abort(self, *, reset: bool = True) -> Closed:
        """Drop the transport without a close frame, as a crashed client would.

        Args:
            reset: Send TCP RST; otherwise FIN, as the kernel does for a process that ended in order.
        """
        if self.closed is None:
            self._aborted = True
            tcp = self._wire.tcp
            if tcp is not None and reset:
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif tcp is not None:
                _shut(tcp)
            self._wire.drop()
        await self._ended.wait()
        assert self.closed is not None
        return self.closed

    # Receiving.

    def _receive(self, payload: Payload) -> None:
        try:
            self._enter("in", payload)
        except BaseException as error:
            # A fault in here: nothing is received any more, and waits must know.
            self._wire.drop()
            self._end(error)
            raise

    def _end(self, cause: BaseException | None) -> None:
        if self.closed is not None:
            return
        code, reason, by = self._wire.ending(aborted=self._aborted)
        closed = Closed(
            code,
            self._masker.told(reason),
            by,
            at=time.monotonic(),
            cause=self._masker.text(f"{type(cause).__name__}: {cause}") if cause is not None else "",
        )
        self.mailbox.close(closed)
        if self._record is not None:
            self._record(events.Closed(self.alias, closed.code, closed.reason, closed.by, closed.cause, at=closed.at))
        for task in self._attended.values():
            task.cancel()
        self._ended.set()

    def _enter(self, direction: Direction, payload: Payload) -> list[Frame]:
        at = time.monotonic()
        frames = [
            self.mailbox.add(at, direction, content, data, size, problem=problem)
            for content, data, size, problem in read(payload, self._codecs[direction], self._ledger_masker)
        ]
        if self._record is not None:
            for frame in frames:
                self._record(frame.event(self.alias))
        return frames

    def _two_way(self, purpose: str) -> Wire | Polling:
        """The socket, which can send."""
        if not isinstance(self._wire, Stream):
            return self._wire
        raise StackError(
            explain(
                f"a WebSocket {purpose}",
                f"connection '{self.alias}' is a stream over HTTP (transport={self.options.transport}): only its server sends",
                remedy="Tell the server by a request of its own, as with the Rest library, or by body= when opening.",
            )
        )

    def _not_open(self, purpose: str) -> str:
        return explain(
            f"connection '{self.alias}' open {purpose}",
            f"it is {self.state}" + (f": {self.closed}" if self.closed else ""),
            remedy="Open a new connection, or look for why this one ended.",
        )


def codec_of(options: Options) -> MakeCodec:
    """What makes the codec of a connection: that of its messages, which on a stream of events are the data of each."""
    make = find(options.codec)
    return (lambda: Events(make())) if options.transport == "sse" else make


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True


def _check_text(payload: Payload) -> None:
    try:
        if isinstance(payload, str):
            payload.encode()
    except UnicodeEncodeError as error:
        raise StackError(
            explain(
                "a text that UTF-8 can tell, as in every text frame (RFC 6455, 5.6)",
                f"half a surrogate pair at character {error.start}",
                remedy="Send bytes to break the rule on purpose; in a JSON value [Send Json] escapes it.",
            )
        ) from None


def _shut(tcp: socket.socket) -> None:
    try:
        tcp.shutdown(socket.SHUT_WR)
    except OSError:  # the peer was faster: there is nothing left to shut
        return
