"""The container of a PDF (ISO 32000-1, clause 7.5): objects, cross-reference table, trailer."""

from __future__ import annotations

import zlib
from collections.abc import Callable

HEADER = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
"""The version, and a comment of bytes above 127, so that no tool takes the file for text."""

Encrypt = Callable[[int, bytes], bytes]
"""Encrypts the bytes of the object of that number."""


class PdfFile:
    """Collects numbered objects and writes the file that holds them.

    Args:
        encrypt: What streams are encrypted with; None leaves them as they are.
    """

    def __init__(self, encrypt: Encrypt | None = None) -> None:
        self._encrypt = encrypt
        self._objects: list[bytes] = []

    def reserve(self) -> int:
        """A number for an object that is written later, so that others can refer to it."""
        self._objects.append(b"null")
        return len(self._objects)

    def add(self, body: bytes) -> int:
        """Add an object, such as ``<< /Type /Catalog … >>``; returns its number."""
        number = self.reserve()
        self.put(number, body)
        return number

    def put(self, number: int, body: bytes) -> None:
        """Write the object of a reserved number."""
        self._objects[number - 1] = body

    def stream(self, content: bytes, entries: bytes = b"", *, compress: bool = True) -> int:
        """Add a stream; returns its number.

        Args:
            content: The bytes that a reader gets.
            entries: More entries of its dictionary.
            compress: Whether it is kept compressed (``FlateDecode``).
        """
        number = self.reserve()
        data = zlib.compress(content, 6) if compress else content
        if self._encrypt is not None:
            data = self._encrypt(number, data)
        filtered = b" /Filter /FlateDecode" if compress else b""
        self.put(number, b"<< /Length %d%s%s >>\nstream\n%s\nendstream" % (len(data), filtered, entries and b" " + entries, data))
        return number

    def bytes(self, root: int, trailer: bytes = b"", *, filling: int = 0) -> bytes:
        """The whole file.

        Args:
            root: Number of the catalog.
            trailer: More entries of the trailer.
            filling: Bytes that the file is longer by: a comment that no offset depends on.
        """
        written = bytearray(HEADER)
        offsets = []
        for number, body in enumerate(self._objects, 1):
            offsets.append(len(written))
            written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        start = len(written)
        written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
        written += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        written += b"trailer\n<< /Size %d /Root %d 0 R%s >>\n" % (len(offsets) + 1, root, trailer and b" " + trailer)
        written += b"%" * (filling > 1) + b"-" * (filling - 2) + b"\n" * (filling > 0)
        written += b"startxref\n%d\n%%%%EOF\n" % start
        return bytes(written)


def text(value: str) -> bytes:
    """A text as a literal string in WinAnsiEncoding.

    Raises:
        UnicodeEncodeError: It has a character beyond that encoding.
    """
    data = value.encode("cp1252")
    for special in (b"\\", b"(", b")"):
        data = data.replace(special, b"\\" + special)
    return b"(" + data.replace(b"\r", b"\\r").replace(b"\n", b"\\n") + b")"
