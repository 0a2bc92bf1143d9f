"""Decompressing what comes in several streams, one behind another."""

from __future__ import annotations

import zlib

_FLUSHED = b"\x00\x00\xff\xff"
"""What is put behind a WebSocket message before it is decompressed; behind a stream's end it means nothing."""


class Inflating:
    """As `zlib.decompressobj`, and goes on with the next stream where one has ended.

    Members of gzip stand one behind another (RFC 1952, 2.2), and who sends a WebSocket message may end its DEFLATE stream for
    good (RFC 7692, 7.2.3.4): the next message is a stream of its own then.

    Args:
        wbits: As for `zlib.decompressobj`.

    Attributes:
        unconsumed_tail: What was not decompressed, because there is more in it than was asked for.
    """

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._machine = zlib.decompressobj(wbits)
        self._begun = False
        self.unconsumed_tail = b""

    @property
    def finished(self) -> bool:
        """Whether nothing more is missing of what came."""
        return self._machine.eof or not self._begun

    def decompress(self, data: bytes, most: int = 0) -> bytes:
        """What there is by now.

        Args:
            data: What came.
            most: Bytes that are wanted; 0 for all. Where there are more, `unconsumed_tail` is not empty.

        Raises:
            zlib.error: It is not compressed so.
        """
        self._begun = self._begun or bool(data)
        if self._machine.eof:
            data = self._next(data)
            if not data:
                self.unconsumed_tail = b""
                return b""
            self._machine = zlib.decompressobj(self._wbits)
        plain = self._machine.decompress(data, most)
        while self._machine.eof and (rest := self._next(self._machine.unused_data)):
            self._machine = zlib.decompressobj(self._wbits)
            plain += self._machine.decompress(rest, max(1, most - len(plain)) if most else 0)
        self.unconsumed_tail = self._machine.unconsumed_tail or (plain[most:] if most else b"")
        return plain

    def _next(self, data: bytes) -> bytes:
        """What begins the next stream, of what came behind the last one's end; some fill up behind a member with zeros."""
        if self._wbits > zlib.MAX_WBITS:
            return data.lstrip(b"\0")
        return b"" if data == _FLUSHED else data
