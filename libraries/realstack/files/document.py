"""A real PDF of several pages: text that can be read, pictures that can't be compressed, a fact on a known page.

ReportLab writes it. Equal arguments give equal bytes. The size is met to the byte, so that a file can lie just below a limit or
just above it.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from io import BytesIO
from math import isqrt

from PIL import Image
from reportlab import rl_config
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from realstack.core.errors import StackError, explain

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
    bare = _write(plan, 0)
    if plan.size is None:
        return bare
    if plan.password:
        raise StackError(explain("an encrypted document without a size", f"{plan.size} bytes", remedy="Leave size out."))
    if plan.size < len(bare):
        raise StackError(explain(f"a size of at least {len(bare)} bytes for {plan.pages} pages", f"{plan.size}"))
    # Square pictures of three bytes a point take nearly all of the room; a comment takes the rest.
    side = isqrt((plan.size - len(bare)) // plan.pages // 3)
    while side >= SMALLEST_PICTURE:
        data = _write(plan, side)
        if len(data) <= plan.size:
            return _filled(data, plan.size)
        side -= 1
    return _filled(bare, plan.size)


def _filled(data: bytes, size: int) -> bytes:
    """The document with a comment of the bytes that are missing, in front of its last lines: no offset depends on it."""
    missing = size - len(data)
    comment = b"%" * (missing > 1) + b"-" * (missing - 2) + b"\n" * (missing > 0)
    place = data.rindex(b"startxref")
    return data[:place] + comment + data[place:]


_writing = threading.Lock()


def _write(plan: Plan, side: int) -> bytes:
    # Words and points are drawn apart, so that the text is the same whatever the size.
    chance, points = random.Random(plan.seed), random.Random(f"{plan.seed} points")  # noqa: S311 - test data, not a secret
    security = StandardEncryption(plan.password, plan.password[::-1] + "-owner", strength=128) if plan.password else None
    out = BytesIO()
    with _writing:  # what follows changes a setting of the whole process for as long as it takes
        as_ever, rl_config.useA85 = rl_config.useA85, 0  # bytes as they are: as text they would be a quarter longer
        try:
            canvas = Canvas(out, (PAGE_WIDTH, PAGE_HEIGHT), pageCompression=1, invariant=1, encrypt=security)
            for number in range(1, plan.pages + 1):
                _draw(canvas, _lines(plan, number, chance), _picture(side, points) if side else None)
            # Nothing else of the file depends on the seed where there are no pictures and no words differ.
            canvas.setSubject(plan.seed.encode("ascii", "backslashreplace").decode())
            canvas.save()
        finally:
            rl_config.useA85 = as_ever
    return out.getvalue()


def _picture(side: int, chance: random.Random) -> ImageReader:
    return ImageReader(Image.frombytes("RGB", (side, side), chance.randbytes(side * side * 3)))


def _draw(canvas: Canvas, lines: list[str], picture: ImageReader | None) -> None:
    text = canvas.beginText(56, 780)
    text.setFont("Helvetica", 11, 14)
    text.textLines(lines, trim=0)
    canvas.drawText(text)
    if picture is not None:
        canvas.drawImage(picture, 147, 60, 300, 300)
    canvas.showPage()


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
        plan.fact.encode("cp1252")
    except UnicodeEncodeError as error:
        bad = plan.fact[error.start : error.end]
        raise StackError(
            explain("a fact of Western European characters", f"{bad!r}", remedy="The built-in fonts have no others.")
        ) from None
    unseen = next((character for character in plan.fact if not character.isprintable()), None)
    if unseen is not None:  # no reader finds it, nor what is around it
        raise StackError(explain("a fact of characters that are seen, and of usual blanks", f"{unseen!r}"))
    if len(plan.fact) > LINE_CHARACTERS:
        raise StackError(explain(f"a fact of at most {LINE_CHARACTERS} characters, which fits on one line", f"{len(plan.fact)}"))
