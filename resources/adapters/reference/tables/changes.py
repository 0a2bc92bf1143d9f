"""Variable file: what is said of a change by whoever asked for it, by each store that holds it, and by the answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Said = tuple[str, str, str, str, str]
"""The name shown, the time zone, the workspace's name and its id, and when all that was made."""

_CLOSE = timedelta(minutes=1)
"""An event says when it was within this of the workspace's row: clocks of stores and services may differ, units may not."""


def values_of(change: Mapping[str, Any], stores: Mapping[str, Any]) -> dict[str, Said]:
    """What each says of a change that all stores hold; what one of them does not say is as it is in the others.

    Args:
        change: A change (transaction.resource). Where it asks for no time zone, the one that there was stays.
        stores: What the stores say: the `settings`, the rows of workspaces (`kept`) and the events (`counted`), both by the
            change's text.
    """
    name, zone = change["text"], change["zone"] or change["before"]["timezone"]
    settings, row, counted = stores["settings"], stores["kept"][name], stores["counted"][name]
    space, when, event = str(row["id"]), f"{row['created_at']:%F %T}", counted["data"]
    zone_of_event = event.get("timezone") if change["zone"] else zone
    made = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=counted["made"])
    when_of_event = when if abs(made - row["created_at"]) < _CLOSE else f"{made:%F %T}"
    values = {
        "asked for": (name, zone, name, space, when),
        "profile": (settings["display_name"], settings["timezone"], name, space, when),
        "event": (name, zone_of_event, event["workspace"]["name"], event["workspace_id"], when_of_event),
    }
    if told := change["told"]:
        profile, workspace = told["profile"], told["workspace"]
        values["answer"] = (profile["display_name"], profile["timezone"], workspace["name"], workspace["id"], when)
    return values
