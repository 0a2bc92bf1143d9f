"""Variable file: computers of readers, each with its zone and how far its clock is ahead.

Wherever the sun is, one of them has its midnight within the hours that it is ahead and Greenwich has not, or the other way round:
what is of today by one calendar is not by the other.
"""

from __future__ import annotations

from datetime import UTC, datetime

AHEAD = 3
"""Hours."""


def _zone_where_it_is(hour: int) -> str:
    """A zone whose clocks show that hour now."""
    east = (hour - datetime.now(UTC).hour + 12) % 24 - 12
    # The sign of these names is that of POSIX: hours that Greenwich is ahead.
    return f"Etc/GMT{-east:+d}"


READERS = {
    "a half hour from all others": {"zone": "Asia/Kolkata", "ahead": "0 s"},
    "before midnight": {"zone": _zone_where_it_is(24 - AHEAD + 1), "ahead": f"{AHEAD} h"},
    "noon": {"zone": _zone_where_it_is(12), "ahead": f"{AHEAD} h"},
}
