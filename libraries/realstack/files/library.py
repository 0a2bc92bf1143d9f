"""Keywords that make test files: real PDFs, and all that only looks like one."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assertionengine import AssertionOperator, verify_assertion
from robot.api import logger
from robot.api.deco import keyword, library
from robot.api.types import Secret

from realstack import __version__
from realstack.core.errors import StackError, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.ownership import Ownership
from realstack.files import digest, odd
from realstack.files.document import Plan, build
from realstack.files.odd import BrokenKind, FileType
from realstack.files.size import read_size


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class Files:
    """Library for making the files that uploads are tested with.

    Every keyword that makes a file returns what is known about it:

    | field | meaning |
    |---|---|
    | ``path`` | where it is |
    | ``name`` | its name, without a folder |
    | ``size`` | bytes |
    | ``sha256`` | SHA-256 in hexadecimal: the fingerprint that every layer must agree on |
    | ``pages`` | number of pages of a document that can be read, else 0 |
    | ``fact``, ``fact_page`` | the planted sentence and its page; empty and 0 where there is none |

    ```robotframework
    *** Test Cases ***
    Uploaded File Arrives Whole
        ${file}    Make Pdf    report.pdf    size=5 MB    fact=The vault opens with code 48213.    fact_page=4
        Upload    ${file}[path]
        Stored Hash Should Be    ${file}[sha256]
    ```

    ## Contents

    Documents have readable text on every page, in words that occur in no fact unless you use them (``amber``,
    ``harbour``, ``station`` …), and, when they are given a size, a picture of random points on each page that no compression
    makes smaller. The size is met to the byte, so that a file can lie exactly at a limit or one byte above.

    Equal arguments and an equal `seed` give equal bytes, in every run. Without a `seed` each file is different from every other.

    ## Where the files are

    In a folder for temporary files that belongs to the test or suite that made them and is removed at its end. Equal
    names in one test get folders of their own.

    ## Sizes

    Sizes are written as ``5 MB`` (millions), ``10 MiB`` (2²⁰), or in bytes.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._folders: Ownership[Path] = Ownership()

    @keyword
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
            size: Size of the whole file, met to the byte; default: no pictures, a few kilobytes.
            fact: A sentence that stands on one page, in a line of its own. Western European characters, at most 84.
            fact_page: On which page, from 1.
            seed: Equal seeds give equal files.

        Raises:
            StackError: It can't be made so: the size is too small, or the fact does not fit.
        """
        plan = Plan(_seed(seed), pages, None if size is None else read_size(size), fact, fact_page)
        return self._kept(name, build(plan), pages=pages, fact=fact, fact_page=fact_page)

    @keyword
    def make_encrypted_pdf(
        self, name: str = "encrypted.pdf", *, password: Secret | None = None, pages: int = 2, seed: str | None = None
    ) -> dict[str, Any]:
        """Makes a PDF that opens only with a password (standard security handler, RC4 with 128 bits).

        Args:
            name: Name of the file, without a folder.
            password: Opens it; default: one that nobody knows.
            pages: How many pages.
            seed: Equal seeds (and passwords) give equal files.
        """
        secret = password.value if password is not None else uuid.uuid4().hex
        return self._kept(name, build(Plan(_seed(seed), pages, password=secret)))

    @keyword
    def make_broken_pdf(
        self, name: str = "broken.pdf", *, kind: BrokenKind = "truncated", seed: str | None = None
    ) -> dict[str, Any]:
        """Makes a file that begins like a PDF and can't be read as one.

        Args:
            name: Name of the file, without a folder.
            kind: ``truncated`` (the end is missing), ``garbage`` (noise after the header), ``no pages``, ``header only``.
            seed: Equal seeds give equal files.
        """
        return self._kept(name, odd.broken(kind, _seed(seed)))

    @keyword
    def make_pdf_bomb(self, name: str = "bomb.pdf", *, pages: int = 100_000) -> dict[str, Any]:
        """Makes a PDF of about a kilobyte that has very many pages: its page tree names every next level ten times.

        Args:
            name: Name of the file, without a folder.
            pages: At least so many (10 to a milliard); rounded up to a power of ten.
        """
        return self._kept(name, odd.page_bomb(pages))

    @keyword
    def make_unpacking_bomb(self, name: str = "unpacking.pdf", *, unpacked: int | str = "256 MiB") -> dict[str, Any]:
        """Makes a PDF of one page whose content is a thousand times as large when it is unpacked.

        Args:
            name: Name of the file, without a folder.
            unpacked: Size of the content once unpacked.
        """
        return self._kept(name, odd.stream_bomb(read_size(unpacked)))

    @keyword
    def make_file_of_type(self, kind: FileType, name: str = "picture.pdf", *, seed: str | None = None) -> dict[str, Any]:
        """Makes a small file of another type, by default under a PDF's name.

        Args:
            kind: What it really is: ``png``, ``html``, ``zip``, ``text``, ``executable``.
            name: Name of the file, without a folder.
            seed: Equal seeds give equal files.
        """
        return self._kept(name, odd.of_type(kind, _seed(seed)))

    @keyword
    def make_empty_file(self, name: str = "empty.pdf") -> dict[str, Any]:
        """Makes a file of no bytes.

        Args:
            name: Name of the file, without a folder.
        """
        return self._kept(name, b"")

    @keyword
    def get_sha256(
        self,
        file: Any,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """Returns the SHA-256 of a file, of bytes or of a response's body, in hexadecimal, and asserts about it.

        Args:
            file: Path of a file, bytes, or a response with a ``body`` (which keeps large bodies out of the log).
            assertion_operator: Operator of the AssertionEngine.
            assertion_expected: What it is compared with.
            message: Replaces the failure's text.

        Raises:
            AssertionError: It is not as expected.
            StackError: The file can't be read, or it is nothing of these.

        ```robotframework
        *** Test Cases ***
        Download Equals Upload
            Get Sha256    ${response}    ==    ${file}[sha256]
        ```
        """
        data = getattr(file, "body", file)
        if isinstance(data, bytes):
            found, what = digest.of_bytes(data), f"SHA-256 of {len(data)} bytes"
        elif isinstance(data, str | Path):
            found, what = digest.of_file(Path(data)), f"SHA-256 of {data}"
        else:
            raise StackError(explain("a path, bytes or a response", f"a {type(file).__name__}"))
        logger.info(f"{what}: {found}")
        asserted: str = verify_assertion(found, assertion_operator, assertion_expected, what, message)
        return asserted

    def end_test(self, data: Any, result: Any) -> None:
        """Remove what the test made."""
        self._remove(self._folders.release(result.full_name))

    def end_suite(self, data: Any, result: Any) -> None:
        """Remove what the suite made."""
        self._remove(self._folders.release(result.full_name, below=True))

    def close(self) -> None:
        """Remove everything; Robot calls it when the library goes out of use."""
        folders = self._folders.all()
        for folder in folders:
            self._folders.drop(folder)
        self._remove(folders)

    def _kept(self, name: str, content: bytes, *, pages: int = 0, fact: str = "", fact_page: int = 0) -> dict[str, Any]:
        if not name or Path(name).name != name or name in {".", ".."}:
            remedy = "Give an odd name to the upload, not to the file."
            raise StackError(explain("a file's name without a folder", repr(name), remedy=remedy))
        folder = Path(tempfile.mkdtemp(prefix="realstack-files."))
        self._folders.add(current_owner(), folder)
        path = folder / name
        path.write_bytes(content)
        facts = {"path": str(path), "name": name, "size": len(content), "sha256": digest.of_bytes(content), "pages": pages}
        logger.info(f"{name}: {len(content)} bytes, {pages or 'no readable'} pages, SHA-256 {facts['sha256']}")
        return {**facts, "fact": fact, "fact_page": fact_page if fact else 0}

    @staticmethod
    def _remove(folders: list[Path]) -> None:
        for folder in folders:
            shutil.rmtree(folder, onerror=_gone_already)


def _gone_already(_function: Callable[..., Any], path: str, error: Any) -> None:
    """A test may have removed its file itself; everything else is an error."""
    if not isinstance(error[1], FileNotFoundError):
        raise StackError(explain("the test's files removed", f"{path}: {error[1]}")) from error[1]


def _seed(seed: str | None) -> str:
    return uuid.uuid4().hex if seed is None else seed
