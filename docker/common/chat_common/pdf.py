"""Judging and reading PDF files. Runs only inside the sandbox's children: a hostile file may cost them their time and memory.

ISO 32000-1: 7.5 (file structure), 7.6 (encryption), 7.7.3 (page tree).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject

from chat_common.pdf_mark import MARKER_WINDOW, is_pdf

PAGE_TEXT_LIMIT = 50_000
TEXT_LIMIT = 2_000_000
_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF")
_XREF = re.compile(rb"\s*(?:xref|\d+\s+\d+\s+obj)\b")


class PdfRefused(Exception):
    """A file is not taken.

    Args:
        code: `not_a_pdf`, `broken_pdf`, `encrypted_pdf` or `too_many_pages`.
        detail: One sentence for people.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def inspect(path: str, max_pages: int) -> int:
    """Count a PDF's pages.

    Args:
        path: The file.
        max_pages: Most pages that are taken. The page tree is walked no further, whatever its `/Count` promises.

    Raises:
        PdfRefused: The file is none, is damaged or cut, is encrypted, or has too many pages.
    """
    data = Path(path).read_bytes()
    if not is_pdf(data):
        raise PdfRefused("not_a_pdf", "The file does not begin like a PDF.")
    _check_frame(data)
    del data
    try:
        reader = PdfReader(path)
        if reader.is_encrypted:
            raise PdfRefused("encrypted_pdf", "The PDF is encrypted; upload it without a password.")
        count = 0
        for _page in _pages(reader):
            count += 1
            if count > max_pages:
                raise PdfRefused("too_many_pages", f"The PDF has more than {max_pages} pages.")
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError) as error:
        raise PdfRefused("broken_pdf", f"The PDF's structure can't be read ({type(error).__name__}).") from error
    if count == 0:
        raise PdfRefused("broken_pdf", "The PDF has no pages.")
    return count


def _check_frame(data: bytes) -> None:
    # A download that was cut halfway lacks its end; the parser would quietly repair it and lose pages.
    ends = list(_START.finditer(data, max(0, len(data) - MARKER_WINDOW)))
    if not ends:
        raise PdfRefused("broken_pdf", "The PDF is cut: its end marker is missing.")
    offset, shift = int(ends[-1][1]), data.find(b"%PDF-", 0, MARKER_WINDOW)
    if not any(_XREF.match(data, place) for place in {offset, offset + shift} if place < len(data)):
        raise PdfRefused("broken_pdf", "The PDF's table of objects is not where it should be.")


def _pages(reader: PdfReader) -> Iterator[DictionaryObject]:
    # Depth first, with an explicit stack; a node that is its own ancestor makes the file broken.
    root = reader.trailer["/Root"].get_object()
    top = root["/Pages"].get_object()  # type: ignore[index]
    if not isinstance(top, DictionaryObject):
        raise TypeError("/Pages is no dictionary")
    stack: list[tuple[DictionaryObject, tuple[int, ...]]] = [(top, ())]
    while stack:
        node, above = stack.pop()
        kids = node.get("/Kids")
        if kids is None:
            yield node
            continue
        children = kids.get_object()
        if not isinstance(children, ArrayObject) or id(node) in above or len(above) > 64:
            raise ValueError("the page tree has a loop")
        for child in reversed(children):
            item = child.get_object()
            if not isinstance(item, DictionaryObject):
                raise TypeError("a page is no dictionary")
            stack.append((item, (*above, id(node))))


def page_texts(path: str, max_pages: int) -> list[str]:
    """Text of each page, in order; what exceeds the limits of a page or of the whole is left out.

    Raises:
        PdfRefused: As `inspect`.
    """
    inspect(path, max_pages)
    texts: list[str] = []
    room = TEXT_LIMIT
    for page in PdfReader(path).pages:
        text = _page_text(page) if room > 0 else ""
        text = text[: min(PAGE_TEXT_LIMIT, room)]
        room -= len(text)
        texts.append(text)
    return texts


def _page_text(page: Any) -> str:
    try:
        raw = page.extract_text()
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        # One page that can't be read doesn't take the others' text away.
        return ""
    # PostgreSQL and JSON take neither NUL nor lone surrogates.
    return str(raw).replace("\0", "").encode("utf-8", "replace").decode()


JOBS = {"inspect": inspect, "page_texts": page_texts}
