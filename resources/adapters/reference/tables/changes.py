"""Variable file: what is said of a change by whoever asked for it, by each store that holds it, and by the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Said = tuple[str, str, str, str]
"""The name shown, the time zone, the workspace's name and its id."""


def values_of(change: Mapping[str, Any], stores: Mapping[str, Any]) -> dict[str, Said]:
    """What each says of a change that all stores hold; what one of them does not say is as it is in the others.

    Args:
        change: A change (transaction.resource). Where it asks for no time zone, the one that there was stays.
        stores: What the stores say: the `settings`, `ids` of workspaces and `said` of events, both by the change's text.
    """
    name, zone = change["text"], change["zone"] or change["before"]["timezone"]
    space = stores["ids"][name]
    settings, event = stores["settings"], stores["said"][name]
    zone_of_event = event.get("timezone") if change["zone"] else zone
    values = {
        "asked for": (name, zone, name, space),
        "profile": (settings["display_name"], settings["timezone"], name, space),
        "event": (name, zone_of_event, event["workspace"]["name"], event["workspace_id"]),
    }
    if told := change["told"]:
        profile, workspace = told["profile"], told["workspace"]
        values["answer"] = (profile["display_name"], profile["timezone"], workspace["name"], workspace["id"])
    return values
