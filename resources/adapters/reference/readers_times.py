"""Keywords about the times that the platform's page shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from robot.api.deco import keyword
from robot.utils import timestr_to_secs

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec")
"""As British English shortens them (Unicode's CLDR), which is what the tests' browser speaks."""


@keyword(tags=["wants-message-times"])
def get_time_as_read(moment: datetime, reader: Mapping[str, str]) -> str:
    """Returns how the page says when something was said: by the clock where that is today, by its day otherwise.

    Args:
        moment: When it was said.
        reader: `zone` and `ahead` of the computer that the page is on.
    """
    zone = ZoneInfo(reader["zone"])
    said = moment.astimezone(zone)
    now = datetime.fromtimestamp(datetime.now(UTC).timestamp() + timestr_to_secs(reader["ahead"]), zone)
    if said.date() == now.date():
        return f"{said:%H:%M}"
    return f"{said.day} {_MONTHS[said.month - 1]}" + (f" {said.year}" if said.year != now.year else "")
