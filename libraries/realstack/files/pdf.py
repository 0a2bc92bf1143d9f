"""The container of a PDF (ISO 32000-1, clause 7.5) for files that no PDF library would write: bombs, pages that are missing."""

from __future__ import annotations

import zlib

HEADER = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
"""The version, and a comment of bytes above 127, so that no tool takes the file for text."""


class PdfFile:
    """Collects numbered objects and writes the file that holds them."""

    def __init__(self) -> None:
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

    def stream(self, content: bytes) -> int:
        """Add a stream, kept compressed (``FlateDecode``); returns its number."""
        data = zlib.compress(content, 6)
        return self.add(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(data), data))

    def bytes(self, root: int) -> bytes:
        """The whole file.

        Args:
            root: Number of the catalog.
        """
        written = bytearray(HEADER)
        offsets = []
        for number, body in enumerate(self._objects, 1):
            offsets.append(len(written))
            written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        start = len(written)
        written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
        written += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        written += b"trailer\n<< /Size %d /Root %d 0 R >>\n" % (len(offsets) + 1, root)
        written += b"startxref\n%d\n%%%%EOF\n" % start
        return bytes(written)
