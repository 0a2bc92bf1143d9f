"""A PDF of one page whose text is whatever its font says: letters of every script, and what no store takes.

Each character has a code of its own, and the font's map tells readers what it means (ISO 32000-1, 9.10.3).
"""

from __future__ import annotations

from realstack.core.errors import StackError, explain
from realstack.files.pdf import PdfFile

UNSTORABLE = "\0 \ud800"
"""What a map may name and no database takes as text: a NUL, and half of a surrogate pair."""

MARK_WINDOW = 1024
"""Readers look for a PDF's mark in so many of its first bytes (ISO 32000-1, annex H.3, note 13)."""

_MARK = b"%PDF-"
_BLOCK = 100
_PREFIX = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Any def /CMapType 2 def\n"
_LOOK = b"/BaseFont /Helvetica /Encoding /Identity-H"
_SYSTEM = b"<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"


def text_pdf(text: str, *, mark_at: int = 0) -> bytes:
    """Write the document.

    Args:
        text: What a reader finds on its page, in one line.
        mark_at: Where in the file its mark stands; a comment is before it.

    Raises:
        StackError: There is no text, or no reader would look for the mark there.
    """
    if not text:
        raise StackError(explain("a text", "none"))
    if not 0 <= mark_at <= MARK_WINDOW - len(_MARK) or mark_at == 1:
        raise StackError(explain(f"a mark at 0, or from 2 to {MARK_WINDOW - len(_MARK)}", f"{mark_at}"))
    file = PdfFile()
    catalog, tree = file.reserve(), file.reserve()
    meaning = file.stream(_map(text))
    shape = file.add(b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Helvetica /CIDSystemInfo %s /DW 500 >>" % _SYSTEM)
    parts = (shape, meaning)
    font = file.add(b"<< /Type /Font /Subtype /Type0 %s /DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>" % (_LOOK, *parts))
    codes = "".join(f"{code:04X}" for code in range(1, len(text) + 1))
    content = file.stream(b"BT /F1 11 Tf 56 780 Td <%s> Tj ET" % codes.encode())
    page = file.add(
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 %d 0 R >> >> /Contents %d 0 R >>"
        % (tree, font, content)
    )
    file.put(catalog, b"<< /Type /Catalog /Pages %d 0 R >>" % tree)
    file.put(tree, b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % page)
    before = b"%" + b"-" * (mark_at - 2) + b"\n" if mark_at else b""
    return before + file.bytes(catalog)


def _map(text: str) -> bytes:
    lines = [f"<{code:04X}> <{_units(character)}>" for code, character in enumerate(text, 1)]
    blocks = [lines[start : start + _BLOCK] for start in range(0, len(lines), _BLOCK)]
    told = "".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n" for block in blocks)
    return _PREFIX + b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n" + told.encode() + b"endcmap end end"


def _units(character: str) -> str:
    return character.encode("utf-16-be", "surrogatepass").hex().upper()
