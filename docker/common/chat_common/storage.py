"""Where files are, for those who only read them."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path


def file_path(folder: str | Path, file_id: str) -> Path:
    """Where a file is: `<id>.pdf` in the shared folder."""
    return Path(folder) / f"{file_id}.pdf"


async def sha256_of(path: Path) -> str:
    """Hash of a file, in hex; raises OSError when it can't be read."""
    return await asyncio.to_thread(_sha256, path)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
