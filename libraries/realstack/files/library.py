"""Keywords that make test files: real PDFs, and all that only looks like one."""

from __future__ import annotations

from typing import Any

from robot.api.deco import library
from robotlibcore import DynamicCore

from realstack import __version__
from realstack.files.keywords.fingerprints import Fingerprints
from realstack.files.keywords.folders import Folders
from realstack.files.keywords.making import Making


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class Files(DynamicCore):  # type: ignore[misc] # robotlibcore is untyped
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
        self._folders = Folders()
        super().__init__([Making(self._folders), Fingerprints()])

    def end_test(self, data: Any, result: Any) -> None:
        """Remove what the test made."""
        self._folders.release(result.full_name, below=False)

    def end_suite(self, data: Any, result: Any) -> None:
        """Remove what the suite made."""
        self._folders.release(result.full_name, below=True)

    def close(self) -> None:
        """Remove everything; Robot calls it when the library goes out of use."""
        self._folders.release_all()
