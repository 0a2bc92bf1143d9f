"""Variable file: who listens at the cache."""

from __future__ import annotations

import re


def listeners(told: object, but: str) -> str:
    """Names of connections and their numbers, which no later one has again, of all but those of one service.

    Args:
        told: What Redis tells of its clients that subscribe (`CLIENT LIST`).
        but: The service.
    """
    found = re.findall(r"\bid=(\d+) [^\n]*?\bname=(\S+)", str(told))
    return ", ".join(sorted(f"{name} by connection {number}" for number, name in found if not name.startswith(but)))
