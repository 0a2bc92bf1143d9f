"""Peers beside the recording: one that is told megabytes, and one that says nothing any more."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import cast
from urllib.parse import urlsplit

from robot.api.deco import keyword
from robot.api.types import Secret
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

SIZE = 60_000
"""Characters of a ping; with its envelope it is just within the longest frame."""
SHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: c2F5cyBub3RoaW5nIGFueQ==\r\nSec-WebSocket-Protocol: {protocols}\r\n\r\n"
)

_silent: list[socket.socket] = []


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


@keyword
def open_silent_peer(url: str, subprotocols: Sequence[str | Secret]) -> None:
    """Opens a socket, is greeted, and says nothing any more, for the rest of the run or until it is let go.

    Args:
        url: The socket's address.
        subprotocols: What is offered.
    """
    place = urlsplit(url)
    protocols = ", ".join(one.value if isinstance(one, Secret) else one for one in subprotocols)
    peer = socket.create_connection((place.hostname, place.port), timeout=2)
    peer.sendall(SHAKE.format(path=place.path, host=place.netloc, protocols=protocols).encode())
    told = b""
    while b"connection_established" not in told:
        told += peer.recv(4096)
    _silent.append(peer)


@keyword
def get_count_of_silent_peers(until: timedelta) -> int:
    """Returns how many silent peers are still connected; waits so long at most for each to be let go."""
    deadline = time.monotonic() + until.total_seconds()
    for peer in list(_silent):
        try:
            while time.monotonic() < deadline:
                peer.settimeout(max(0.01, deadline - time.monotonic()))
                if not peer.recv(4096):
                    break
            else:
                continue
        except TimeoutError:
            continue
        except OSError:
            pass
        peer.close()
        _silent.remove(peer)
    return len(_silent)
