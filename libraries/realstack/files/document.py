"""A real PDF of several pages: text that can be read, pictures that can't be compressed, a fact on a known page.

Equal arguments give equal bytes. The size is met to the byte, so that a file can lie just below a limit or just above it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import isqrt

from realstack.core.errors import StackError, explain
from realstack.files.encryption import StandardSecurity
from realstack.files.pdf import PdfFile, text

PAGE_WIDTH, PAGE_HEIGHT = 595, 842
"""A4 in points."""

LINE_CHARACTERS = 84
SMALLEST_PICTURE = 8
_VOCABULARY = """
account amber archive balance basin bridge candle canvas carbon chapter circuit copper current delta draft engine
fabric figure filter forest garden glacier harbour index island journal kernel ladder lantern ledger marble margin
meadow measure mirror module motion needle number orchard packet paper pattern pillar planet pocket quarry record
ribbon river sample season shadow signal silver station stone summer table timber tunnel valley vessel window winter yellow
"""
WORDS = _VOCABULARY.split()
"""What the filling text is made of."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a document is to be.

    Attributes:
        seed: Equal seeds give equal documents.
        pages: How many pages, 1 or more.
        size: Bytes of the whole file; None adds no pictures.
        fact: A sentence that stands on one page, in one line; empty for none.
        fact_page: Which page, from 1.
        password: What opens it; empty leaves it open.
    """

    seed: str
    pages: int = 5
    size: int | None = None
    fact: str = ""
    fact_page: int = 1
    password: str = ""


def build(plan: Plan) -> bytes:
    """Write the document.

    Raises:
        StackError: The plan can't be met: too small a size, a page that isn't there, a character that can't be written.
    """
    _check(plan)
    bare = _write(plan, 0, 0)
    if plan.size is None:
        return bare
    if plan.password:
        raise StackError(explain("an encrypted document without a size", f"{plan.size} bytes", remedy="Leave size out."))
    room = plan.size - len(bare)
    if room < 0:
        raise StackError(explain(f"a size of at least {len(bare)} bytes for {plan.pages} pages", f"{plan.size}"))
    return _to_the_byte(plan, plan.size, room)


def _to_the_byte(plan: Plan, size: int, room: int) -> bytes:
    # Square pictures of three bytes a point take nearly all of the room; a comment takes the rest.
    side = isqrt(room // plan.pages // 3)
    while side >= SMALLEST_PICTURE:
        missing = size - len(_write(plan, side, 0))
        if missing >= 0:
            return _write(plan, side, missing)
        side -= 1
    return _write(plan, 0, room)


def _write(plan: Plan, side: int, filling: int) -> bytes:
    # Words and points are drawn apart, so that the text is the same whatever the size.
    chance, points = random.Random(plan.seed), random.Random(f"{plan.seed} points")  # noqa: S311 - test data, not a secret
    file_id = chance.randbytes(16)
    security = StandardSecurity(plan.password, plan.password[::-1] + "-owner", file_id) if plan.password else None
    file = PdfFile(security.encrypt if security else None)
    catalog, tree = file.reserve(), file.reserve()
    font = file.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    pages = []
    for number in range(1, plan.pages + 1):
        picture = _picture(file, side, points) if side else None
        pages.append(_page(file, (tree, font, picture), _lines(plan, number, chance)))
    kids = b" ".join(b"%d 0 R" % page for page in pages)
    file.put(catalog, b"<< /Type /Catalog /Pages %d 0 R >>" % tree)
    file.put(tree, b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(pages), kids))
    trailer = b"/ID [<%s> <%s>]" % (file_id.hex().encode(), file_id.hex().encode())
    if security is not None:
        trailer += b" /Encrypt %d 0 R" % file.add(security.dictionary())
    return file.bytes(catalog, trailer, filling=filling)


def _picture(file: PdfFile, side: int, chance: random.Random) -> int:
    entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8" % (side, side)
    # Random points would only grow by compressing.
    return file.stream(chance.randbytes(side * side * 3), entries, compress=False)


def _page(file: PdfFile, refers: tuple[int, int, int | None], lines: list[str]) -> int:
    tree, font, picture = refers
    shown = b"BT /F1 11 Tf 14 TL 56 780 Td\n" + b"".join(text(line) + b" '\n" for line in lines) + b"ET\n"
    resources = b"/Font << /F1 %d 0 R >>" % font
    if picture is not None:
        resources += b" /XObject << /Im1 %d 0 R >>" % picture
        shown += b"q 300 0 0 300 147 60 cm /Im1 Do Q\n"
    facts = (tree, PAGE_WIDTH, PAGE_HEIGHT, resources, file.stream(shown))
    return file.add(b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %d %d] /Resources << %s >> /Contents %d 0 R >>" % facts)


def _lines(plan: Plan, number: int, chance: random.Random) -> list[str]:
    lines = [f"Page {number} of {plan.pages}", ""]
    for _ in range(4):
        lines += [*_paragraph(chance), ""]
    if plan.fact and number == plan.fact_page:
        lines[6:6] = ["", plan.fact, ""]
    return lines


def _paragraph(chance: random.Random) -> list[str]:
    words = [chance.choice(WORDS) for _ in range(40)]
    words[0] = words[0].capitalize()
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) + 1 > LINE_CHARACTERS:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*lines, f"{line}."]


def _check(plan: Plan) -> None:
    if plan.pages < 1:
        raise StackError(explain("at least one page", f"{plan.pages}"))
    if not 1 <= plan.fact_page <= plan.pages:
        raise StackError(explain(f"the fact on a page from 1 to {plan.pages}", f"page {plan.fact_page}"))
    try:
        text(plan.fact)
    except UnicodeEncodeError as error:
        bad = plan.fact[error.start : error.end]
        raise StackError(
            explain("a fact of Western European characters", f"{bad!r}", remedy="The built-in fonts have no others.")
        ) from None
    if len(plan.fact) > LINE_CHARACTERS:
        raise StackError(explain(f"a fact of at most {LINE_CHARACTERS} characters, which fits on one line", f"{len(plan.fact)}"))
