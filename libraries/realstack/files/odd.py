"""Files that are not what they seem: broken PDFs, bombs, other types under a PDF's name, big and empty ones."""

from __future__ import annotations

import random
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Literal

from realstack.core.errors import StackError, explain
from realstack.files.document import Plan, build
from realstack.files.pdf import HEADER, PdfFile

BrokenKind = Literal["truncated", "garbage", "no pages", "header only"]
"""How a PDF is broken: cut in the middle, noise after a good header, a catalog without pages, nothing but the header."""

FileType = Literal["png", "html", "zip", "text", "executable"]
"""What a file really is."""

FAN = 10
"""How many kids each node of a bomb's page tree has."""

MAX_BOMB_PAGES = 10**9


def broken(kind: BrokenKind, seed: str) -> bytes:
    """A PDF that no reader can open, with a PDF's beginning."""
    makers: dict[BrokenKind, Callable[[], bytes]] = {
        # Cut before the middle: the pages are there, what leads to them is not.
        "truncated": lambda: _headless(seed),
        "garbage": lambda: HEADER + random.Random(seed).randbytes(4096),  # noqa: S311 - test data, not a secret
        "no pages": _without_pages,
        "header only": lambda: HEADER,
    }
    return makers[kind]()


def page_bomb(pages: int) -> bytes:
    """A PDF of a few kilobytes that has very many pages, since every level of its page tree names the next one ten times.

    Args:
        pages: At least so many; rounded up to a power of ten.

    Raises:
        StackError: Fewer than 10, or more than [MAX_BOMB_PAGES][].
    """
    if not FAN <= pages <= MAX_BOMB_PAGES:
        raise StackError(explain(f"a bomb of {FAN} to {MAX_BOMB_PAGES} pages", f"{pages}"))
    file = PdfFile()
    catalog = file.reserve()
    levels = len(str(pages - 1))
    nodes = [file.reserve() for _ in range(levels)]
    content = file.stream(b"")
    facts = (nodes[-1], content)
    leaf = file.add(b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents %d 0 R >>" % facts)
    for depth, node in enumerate(nodes):
        below = nodes[depth + 1] if depth + 1 < levels else leaf
        parent = b"/Parent %d 0 R " % nodes[depth - 1] if depth else b""
        kids = b" ".join([b"%d 0 R" % below] * FAN)
        file.put(node, b"<< /Type /Pages %s/Count %d /Kids [%s] >>" % (parent, FAN ** (levels - depth), kids))
    file.put(catalog, b"<< /Type /Catalog /Pages %d 0 R >>" % nodes[0])
    return file.bytes(catalog)


def stream_bomb(unpacked: int) -> bytes:
    """A PDF of one page whose content is a thousand times as large when it is unpacked.

    Args:
        unpacked: Bytes of the content once unpacked.
    """
    file = PdfFile()
    catalog, tree, content = file.reserve(), file.reserve(), file.reserve()
    packed = _packed_spaces(unpacked)
    file.put(content, b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed))
    page = file.add(
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents %d 0 R >>" % (tree, content)
    )
    file.put(catalog, b"<< /Type /Catalog /Pages %d 0 R >>" % tree)
    file.put(tree, b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % page)
    return file.bytes(catalog)


def _packed_spaces(count: int) -> bytes:
    """So many spaces in the zlib format (RFC 1950), made in a fraction of the time that packing them takes."""
    block, rest = b" " * (1 << 20), b" " * (count % (1 << 20))
    # Adler-32 of equal bytes is an arithmetic series (RFC 1950, section 8.2).
    space, modulus = block[0], 65521
    checksum = (count + space * count * (count + 1) // 2) % modulus << 16 | (1 + space * count) % modulus
    # After a full flush nothing refers back, so that one packed block can stand again and again.
    again, last = zlib.compressobj(9, wbits=-zlib.MAX_WBITS), zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    unit = again.compress(block) + again.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\xda" + unit * (count >> 20) + last.compress(rest) + last.flush() + checksum.to_bytes(4, "big")


def of_type(kind: FileType, seed: str) -> bytes:
    """A small real file of another type."""
    noise = random.Random(seed).randbytes(256)  # noqa: S311 - test data, not a secret
    makers: dict[FileType, Callable[[], bytes]] = {
        "png": lambda: _png(noise),
        "html": lambda: b"<!doctype html><title>Not a PDF</title><p>" + noise.hex().encode() + b"</p>\n",
        "zip": lambda: _zip(noise),
        "text": lambda: b"This is not a PDF.\n" + noise.hex().encode() + b"\n",
        "executable": lambda: b"\x7fELF\x02\x01\x01" + bytes(9) + noise,
    }
    return makers[kind]()


def _headless(seed: str) -> bytes:
    whole = build(Plan(f"{seed}-truncated", pages=3, size=60_000))
    # What leads to the pages stands at the end, so that not even a reader that mends files finds them.
    return whole[: len(whole) // 2]


def _without_pages() -> bytes:
    file = PdfFile()
    return file.bytes(file.add(b"<< /Type /Catalog >>"))


def _png(noise: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (8).to_bytes(4, "big") + (8).to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    rows = b"".join(b"\0" + noise[row * 24 : row * 24 + 24] for row in range(8))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _zip(noise: bytes) -> bytes:
    kept = BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        # A date of its own, so that equal seeds give equal bytes.
        archive.writestr(zipfile.ZipInfo("note.txt", (2024, 1, 1, 0, 0, 0)), noise.hex())
    return kept.getvalue()
