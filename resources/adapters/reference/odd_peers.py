"""A peer beside the recording, which is told megabytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

from robot.api.deco import keyword
from robot.api.types import Secret
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

SIZE = 60_000
"""Characters of a ping; with its envelope it is just within the longest frame."""


@keyword
def get_count_of_large_pongs(url: str, subprotocols: Sequence[str | Secret], pings: int) -> int:
    """Returns how many of so many large pings come back to a tab that waits for each before it sends the next.

    Args:
        url: The socket's address.
        subprotocols: What the tab offers.
        pings: How many there are at most.
    """
    offered = [cast("Subprotocol", one.value if isinstance(one, Secret) else one) for one in subprotocols]
    ping = json.dumps({"type": "ping", "payload": {"filler": "x" * SIZE}})
    came = 0
    with connect(url, subprotocols=offered, compression=None) as tab:
        try:
            while came < pings:
                tab.send(ping)
                while json.loads(tab.recv(timeout=2))["type"] != "pong":
                    pass
                came += 1
        except (ConnectionClosed, TimeoutError):
            pass
    return came
