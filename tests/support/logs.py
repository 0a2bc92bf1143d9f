"""Logs that somebody is writing."""

from __future__ import annotations

from pathlib import Path


def whole_lines(path: Path) -> list[str]:
    """A log's lines. What comes after the last end of a line is being written, and none yet."""
    return [line.decode() for line in path.read_bytes().rpartition(b"\n")[0].splitlines()]
