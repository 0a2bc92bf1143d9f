"""Files that are named after tests."""

from __future__ import annotations

import re


def file_name(test: str, what: str = "history") -> str:
    """A file name in JSON lines for a test's full name: safe on every system, and still readable.

    Args:
        test: The name.
        what: Its file's name where nothing of it is left.
    """
    safe = re.sub(r"[^\w.-]+", "_", test).strip("._") or what
    return f"{safe[-120:]}.jsonl"
