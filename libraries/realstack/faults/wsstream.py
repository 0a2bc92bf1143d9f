"""Reading WebSocket messages out of a TCP stream that passes by (RFC 6455, RFC 7692), without I/O.

The reader follows one direction of one connection from its first byte. It never changes what passes; it says which
bytes belong together and what they mean.

`websockets` reads frames without I/O as well, and from any parts of them (`Frame.parse`). But it reads as an end of a connection
has to: at a reserved opcode, a wrong mask or a payload that is too large it gives up, and where the next frame begins is not
known any more. Whoever stands between the ends lets pass what breaks the protocol, too, reads on behind it, and knows of each
byte to which frame it belongs before that frame is whole. So headers are read here; tests compare with what `websockets` sends.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from realstack.core.inflating import Inflating

LARGEST_MESSAGE = 1024 * 1024
"""Bytes of the largest message that is read; larger ones pass unread."""

LARGEST_HEAD = 64 * 1024
"""Bytes of the largest HTTP head; behind a larger one nothing is read."""

_TAIL = b"\x00\x00\xff\xff"
_CONTINUATION, _TEXT, _BINARY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that pass.

    Attributes:
        raw: The bytes as they are on the wire.
        message: The message that ends with them: a text, bytes, or ``None`` when none ends here or it can't be read.
    """

    raw: bytes
    message: str | bytes | None = None


@dataclass(slots=True)
class Upgrade:
    """What both directions of a connection know about its WebSocket handshake.

    Attributes:
        asked: The client asked for a WebSocket.
        agreed: The server said 101.
        extensions: What the server agreed to, in lower case.
    """

    asked: bool = False
    agreed: bool = False
    extensions: str = ""

    def inflater(self, sender: str) -> Inflater | None:
        """For messages of the ``client`` or the ``server``; ``None`` where they are not compressed."""
        if "permessage-deflate" not in self.extensions:
            return None
        return Inflater(takeover=f"{sender}_no_context_takeover" not in self.extensions)


class Inflater:
    """Decompresses the messages of one sender (RFC 7692, 7.2.2).

    Args:
        takeover: Whether messages refer to earlier ones.
    """

    def __init__(self, takeover: bool) -> None:
        self._takeover = takeover
        self._engine: Inflating | None = Inflating(-15)

    def inflate(self, data: bytes) -> bytes | None:
        """The message; ``None`` when it can't be read, and then no later one that builds on it can."""
        if not self._takeover:
            self._engine = Inflating(-15)
        if self._engine is None:
            return None
        try:
            plain = self._engine.decompress(data + _TAIL, LARGEST_MESSAGE)
        except zlib.error:
            self._engine = None
            return None
        if self._engine.unconsumed_tail:
            self._engine = None
            return None
        return plain

    def skip(self) -> None:
        """A message was not seen whole."""
        if self._takeover:
            self._engine = None


@dataclass(slots=True)
class _Header:
    size: int
    payload: int
    opcode: int
    final: bool
    compressed: bool
    mask: bytes


def _header(raw: bytes | bytearray) -> _Header | None:
    if len(raw) < 2:
        return None
    length, size = raw[1] & 0x7F, 2
    if length == 126:
        size = 4
    elif length == 127:
        size = 10
    masked = bool(raw[1] & 0x80)
    if len(raw) < size + 4 * masked:
        return None
    if length >= 126:
        length = int.from_bytes(raw[2:size], "big")
    mask = bytes(raw[size : size + 4]) if masked else b""
    return _Header(size + len(mask), length, raw[0] & 0x0F, bool(raw[0] & 0x80), bool(raw[0] & 0x40), mask)


def _unmask(data: bytes, mask: bytes) -> bytes:
    if not mask or not data:
        return data
    repeated = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(data), "big")


@dataclass(slots=True)
class _Message:
    opcode: int
    compressed: bool
    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    lost: bool = False


class StreamReader:
    """Follows one direction of a connection.

    Args:
        sender: ``client`` or ``server``: whose bytes these are.
        upgrade: Shared with the reader of the other direction.
        strip_extensions: Take the offer of extensions out of the client's handshake, so that no message is compressed.
    """

    def __init__(self, sender: str, upgrade: Upgrade, *, strip_extensions: bool = False) -> None:
        self._sender = sender
        self._upgrade = upgrade
        self._strip = strip_extensions
        self._in_head = True
        self._opaque = False
        self._raw = bytearray()
        self._passed = 0
        self._skip = 0
        self._fragments = b""
        self._message: _Message | None = None
        self._inflater: Inflater | None = None

    def feed(self, data: bytes, *, whole: bool = False) -> list[Piece]:
        """Take bytes and give the pieces that may pass now.

        Args:
            data: The next bytes of the stream.
            whole: Whether messages are held back until they are complete, so that one can be stopped before any of it passes.
        """
        if self._opaque:
            return [Piece(data)] if data else []
        self._raw += data
        pieces = [] if whole else self._release()
        if self._in_head:
            head = self._read_head()
            if head is None:
                return pieces
            pieces.append(Piece(head))
            if self._opaque:
                return pieces + self.flush()
        while (piece := self._read_frame(whole)) is not None:
            if piece.raw:
                pieces.append(piece)
        return pieces

    def flush(self) -> list[Piece]:
        """What is still held back, at the stream's end."""
        rest = bytes(self._raw[self._passed :])
        self._raw.clear()
        self._passed = 0
        return [*self._release(), *([Piece(rest)] if rest else [])]

    def _release(self) -> list[Piece]:
        """The fragments that were held back for the rest of their message."""
        held, self._fragments = self._fragments, b""
        return [Piece(held)] if held else []

    # HTTP.

    def _read_head(self) -> bytes | None:
        """The whole HTTP head, which is held back until it is whole; what follows stays in the buffer."""
        if self._sender == "server" and not self._upgrade.asked:
            self._opaque = True
            return self._take(len(self._raw))
        if self._sender == "client" and not b"GET ".startswith(bytes(self._raw[:4])):
            self._opaque = True
            return self._take(len(self._raw))
        end = self._raw.find(b"\r\n\r\n")
        if end < 0:
            if len(self._raw) > LARGEST_HEAD:
                self._opaque = True
                return self._take(len(self._raw))
            return None
        head = self._take(end + 4)
        self._in_head = False
        return self._understand(head)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._raw[:count])
        del self._raw[:count]
        return taken

    def _understand(self, head: bytes) -> bytes:
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name.strip().lower(), value.strip().lower()) for name, _, value in (line.partition(":") for line in lines)]
        if self._sender == "client":
            self._upgrade.asked = ("upgrade", "websocket") in headers
            self._opaque = not self._upgrade.asked
            if self._strip and self._upgrade.asked:
                kept = [line for line in lines if not line.lower().startswith("sec-websocket-extensions:")]
                head = "\r\n".join([first, *kept]).encode("latin-1")
        else:
            status = first.split(" ")[1:2]
            self._upgrade.agreed = status == ["101"]
            self._upgrade.extensions = ", ".join(value for name, value in headers if name == "sec-websocket-extensions")
            self._opaque = not self._upgrade.agreed
        return head

    # Frames.

    def _read_frame(self, whole: bool) -> Piece | None:
        """The next piece of the buffer, perhaps an empty one; ``None`` when more bytes must come first."""
        if self._skip:
            taken = self._take(min(self._skip, len(self._raw)))
            self._skip -= len(taken)
            return Piece(taken) if taken else None
        header = _header(self._raw)
        if header is not None and header.payload > LARGEST_MESSAGE:
            return self._begin_skipping(header)
        end = header.size + header.payload if header is not None else 0
        if header is None or len(self._raw) < end:
            return self._pass_on(whole)
        frame = self._take(end)
        raw, self._passed = frame[self._passed :], 0
        message = self._finish(header, _unmask(frame[header.size :], header.mask))
        return Piece(raw) if header.opcode > _BINARY else self._hold_fragments(raw, message, whole)

    def _begin_skipping(self, header: _Header) -> Piece:
        """A frame too large to be read: it passes as it comes."""
        self._lose(header)
        self._skip = header.size + header.payload - self._passed
        del self._raw[: self._passed]
        self._passed = 0
        held, self._fragments = self._fragments, b""
        return Piece(held)

    def _hold_fragments(self, raw: bytes, message: str | bytes | None, whole: bool) -> Piece:
        """A frame of a message that goes on waits for the rest, if messages are to stay whole."""
        raw, self._fragments = self._fragments + raw, b""
        if whole and self._message is not None and not self._message.lost:
            self._fragments = raw
            return Piece(b"")
        return Piece(raw, message)

    def _pass_on(self, whole: bool) -> Piece | None:
        """The part of an unfinished frame that has come; it stays in the buffer to be understood later."""
        if whole or len(self._raw) == self._passed:
            return None
        part = bytes(self._raw[self._passed :])
        self._passed = len(self._raw)
        return Piece(part)

    def _lose(self, header: _Header) -> None:
        if header.opcode in (_TEXT, _BINARY):
            self._message = _Message(header.opcode, header.compressed, lost=True)
        elif self._message is not None:
            self._message.lost = True
        if header.final and self._message is not None:
            self._end_message(self._message)

    def _finish(self, header: _Header, payload: bytes) -> str | bytes | None:
        """A frame is whole: the message that it ends, if it ends one."""
        if header.opcode in (_TEXT, _BINARY):
            self._message = _Message(header.opcode, header.compressed)
        message = self._message
        if header.opcode > _BINARY or message is None:
            return None
        message.size += len(payload)
        if message.size > LARGEST_MESSAGE:
            message.lost = True
            message.parts.clear()
        else:
            message.parts.append(payload)
        return self._end_message(message) if header.final else None

    def _end_message(self, message: _Message) -> str | bytes | None:
        self._message = None
        if self._inflater is None:
            self._inflater = self._upgrade.inflater(self._sender)
        if message.lost:
            if message.compressed and self._inflater is not None:
                self._inflater.skip()
            return None
        content: bytes | None = b"".join(message.parts)
        if message.compressed:
            content = self._inflater.inflate(content or b"") if self._inflater is not None else None
        if content is None or message.opcode == _BINARY:
            return content
        return content.decode("utf-8", errors="replace")
