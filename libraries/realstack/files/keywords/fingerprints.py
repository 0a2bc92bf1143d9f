"""A keyword that tells files apart by their content."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import StackError, explain
from realstack.core.keywords.assertions import verify
from realstack.files import digest

_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")


class Fingerprints:
    """Computes digests."""

    @keyword(tags=["file", "getter"])
    def get_sha256(
        self,
        file: Any,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """Returns the SHA-256 of a file, of bytes or of a response's body, in hexadecimal, and asserts about it.

        Args:
            file: Path of a file, bytes, or a response with a ``body`` or ``content``, as RequestsLibrary gives (which keeps large
                bodies out of the log).
            assertion_operator: Operator of the AssertionEngine.
            assertion_expected: What it is compared with, in small letters or capitals.
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
        data = getattr(file, "body", getattr(file, "content", file))
        if isinstance(data, (bytes, bytearray)):
            found, what = digest.of_bytes(data), f"SHA-256 of {len(data)} bytes"
        elif isinstance(data, str | Path):
            found, what = digest.of_file(Path(data)), f"SHA-256 of {data}"
        else:
            raise StackError(explain("a path, bytes or a response", f"a {type(file).__name__}"))
        logger.info(f"{what}: {found}")
        return verify(found, assertion_operator, assertion_expected, what, message, read=_digits)


def _digits(_seen: Any, expected: Any) -> Any:
    """A whole digest as it is written here; some programs write capitals."""
    return expected.strip().lower() if isinstance(expected, str) and _DIGEST.fullmatch(expected.strip()) else expected
