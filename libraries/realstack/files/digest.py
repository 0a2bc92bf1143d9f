"""SHA-256 of files and bytes (FIPS 180-4), in hexadecimal."""

from __future__ import annotations

import hashlib
from pathlib import Path

from realstack.core.errors import StackError, explain
from realstack.core.writable import writable


def of_file(path: Path) -> str:
    """The digest of a file, read in pieces.

    Raises:
        StackError: It can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:  # no path at all is a wrong value to Python
        seen = error.strerror if isinstance(error, OSError) else error
        raise StackError(explain("a file that can be read", f"{writable(str(path))}: {seen}")) from None


def of_bytes(data: bytes | bytearray) -> str:
    """The digest of bytes."""
    return hashlib.sha256(data).hexdigest()
