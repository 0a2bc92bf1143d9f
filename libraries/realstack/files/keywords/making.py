"""Keywords that make files."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, explain
from realstack.core.quantities import byte_size
from realstack.core.writable import writable
from realstack.files import digest, odd
from realstack.files.any_text import UNSTORABLE, text_pdf
from realstack.files.document import Plan, build
from realstack.files.keywords.folders import Folders
from realstack.files.odd import BrokenKind, FileType


class Making:
    """Makes files."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    @keyword(tags=["file"])
    def make_pdf(
        self,
        name: str = "document.pdf",
        *,
        pages: int = 5,
        size: int | str | None = None,
        fact: str = "",
        fact_page: int = 1,
        seed: str | None = None,
    ) -> dict[str, Any]:
        """Makes a PDF that every reader opens.

        Args:
            name: Name of the file, without a folder.
            pages: How many pages.
            size: Size of the whole file, such as ``5 MB``, met to the byte; default: no pictures, a few kilobytes.
            fact: A sentence that stands on one page, in a line of its own. Western European characters, at most 84.
            fact_page: On which page, from 1.
            seed: Equal seeds give equal files.

        Raises:
            StackError: It can't be made so: the size is too small, or the fact does not fit.

        ```robotframework
        ${file} =    Make Pdf    report.pdf    size=5 MB    fact=The vault opens with code 48213.    fact_page=4
        ```
        """
        plan = Plan(_seed(seed), pages, None if size is None else round(byte_size(size)), fact, fact_page)
        return self._keep(name, build(plan), pages=pages, fact=fact, fact_page=fact_page)

    @keyword(tags=["file"])
    def make_pdf_of_text(
        self, name: str = "text.pdf", *, text: str, unstorable: bool = False, mark_at: int = 0
    ) -> dict[str, Any]:
        """Makes a PDF of one page whose text is exactly this, in any script.

        Args:
            name: Name of the file, without a folder.
            text: What readers find on the page, in one line.
            unstorable: Whether a NUL and half of a surrogate pair stand before the text, as fonts may have them and no database
                does.
            mark_at: Where in the file the mark of a PDF stands, within the first kilobyte; readers take such files
                (ISO 32000-1, annex H.3, note 13).

        Raises:
            StackError: There is no text, or the mark would stand where no reader looks.

        ```robotframework
        ${file} =    Make Pdf Of Text    safe.pdf    text=Сейф открывается кодом 48213.    unstorable=True
        ```
        """
        content = text_pdf(f"{UNSTORABLE} {text}" if unstorable and text else text, mark_at=mark_at)
        return self._keep(name, content, pages=1, fact=text, fact_page=1)

    @keyword(tags=["file"])
    def make_encrypted_pdf(
        self, name: str = "encrypted.pdf", *, password: Secret | None = None, pages: int = 2, seed: str | None = None
    ) -> dict[str, Any]:
        """Makes a PDF that opens only with a password (standard security handler, RC4 with 128 bits).

        Args:
            name: Name of the file, without a folder.
            password: Opens it; default: one that nobody knows.
            pages: How many pages.
            seed: Equal seeds (and passwords) give equal files.

        ```robotframework
        ${file} =    Make Encrypted Pdf    locked.pdf    password=${password}
        ```
        """
        secret = password.value if password is not None else uuid.uuid4().hex
        return self._keep(name, build(Plan(_seed(seed), pages, password=secret)))

    @keyword(tags=["file"])
    def make_broken_pdf(
        self, name: str = "broken.pdf", *, kind: BrokenKind = "truncated", seed: str | None = None
    ) -> dict[str, Any]:
        """Makes a file that begins like a PDF and can't be read as one.

        Args:
            name: Name of the file, without a folder.
            kind: ``truncated`` (the end is missing), ``garbage`` (noise after the header), ``no pages``, ``header only``.
            seed: Equal seeds give equal files.

        ```robotframework
        ${file} =    Make Broken Pdf    report.pdf    kind=garbage
        ```
        """
        return self._keep(name, odd.broken(kind, _seed(seed)))

    @keyword(tags=["file"])
    def make_pdf_bomb(self, name: str = "bomb.pdf", *, pages: int = 100_000) -> dict[str, Any]:
        """Makes a PDF of about a kilobyte that has very many pages: its page tree names every next level ten times.

        Args:
            name: Name of the file, without a folder.
            pages: At least so many (10 to a milliard); rounded up to a power of ten.

        ```robotframework
        ${file} =    Make Pdf Bomb    pages=1000000
        ```
        """
        return self._keep(name, odd.page_bomb(pages))

    @keyword(tags=["file"])
    def make_unpacking_bomb(self, name: str = "unpacking.pdf", *, unpacked: int | str = "256 MiB") -> dict[str, Any]:
        """Makes a PDF of one page whose content is a thousand times as large when it is unpacked.

        Args:
            name: Name of the file, without a folder.
            unpacked: Size of the content once unpacked, such as ``256 MiB``.

        ```robotframework
        ${file} =    Make Unpacking Bomb    unpacked=1 GiB
        ```
        """
        return self._keep(name, odd.stream_bomb(round(byte_size(unpacked, "the content's size"))))

    @keyword(tags=["file"])
    def make_file_of_type(self, kind: FileType, name: str = "picture.pdf", *, seed: str | None = None) -> dict[str, Any]:
        """Makes a small file of another type, by default under a PDF's name.

        Args:
            kind: What it really is: ``png``, ``html``, ``zip``, ``text``, ``executable``.
            name: Name of the file, without a folder.
            seed: Equal seeds give equal files.

        ```robotframework
        ${file} =    Make File Of Type    executable    report.pdf
        ```
        """
        return self._keep(name, odd.of_type(kind, _seed(seed)))

    @keyword(tags=["file"])
    def make_empty_file(self, name: str = "empty.pdf") -> dict[str, Any]:
        """Makes a file of no bytes.

        Args:
            name: Name of the file, without a folder.

        ```robotframework
        ${file} =    Make Empty File    report.pdf
        ```
        """
        return self._keep(name, b"")

    def _keep(self, name: str, content: bytes, *, pages: int = 0, fact: str = "", fact_page: int = 0) -> dict[str, Any]:
        remedy = "Give an odd name to the upload, not to the file."
        if not name or Path(name).name != name or name in {".", ".."}:
            raise StackError(explain("a file's name without a folder", repr(name), remedy=remedy))
        path = self._folders.new() / name
        try:
            path.write_bytes(content)
        except (OSError, ValueError) as error:  # a NUL, half a surrogate pair, too many bytes
            seen = error.strerror if isinstance(error, OSError) else error
            raise StackError(
                explain("a file with a name that its system takes", f"{name!r:.300}: {seen}", remedy=remedy)
            ) from None
        facts = {"path": str(path), "name": name, "size": len(content), "sha256": digest.of_bytes(content), "pages": pages}
        logger.info(f"{name}: {len(content)} bytes, {pages or 'no readable'} pages, SHA-256 {facts['sha256']}")
        return {**facts, "fact": fact, "fact_page": fact_page if fact else 0}


def _seed(seed: str | None) -> str:
    return uuid.uuid4().hex if seed is None else writable(seed)
