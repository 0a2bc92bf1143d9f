"""Peers beside the recording: one is told megabytes, one never reads what it is told."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Sequence
from typing import cast
from urllib.parse import urlsplit

from robot.api.deco import keyword
from robot.api.types import Secret
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State
from websockets.sync.client import connect
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

SIZE = 60_000
"""Characters of a ping; with its envelope it is just within the longest frame."""

PATIENCE = 2
"""Seconds that a peer waits for anything."""

_PING = json.dumps({"type": "ping", "payload": {"filler": "x" * SIZE}})


@keyword
def get_count_of_large_pongs(url: str, subprotocols: Sequence[str | Secret], pings: int) -> int:
    """Returns how many of so many large pings come back to a tab that waits for each before it sends the next.

    Args:
        url: The socket's address.
        subprotocols: What the tab offers.
        pings: How many there are at most.
    """
    came = 0
    with connect(url, subprotocols=_plain(subprotocols), compression=None) as tab:
        try:
            while came < pings:
                tab.send(_PING)
                while json.loads(tab.recv(timeout=2))["type"] != "pong":
                    pass
                came += 1
        except (ConnectionClosed, TimeoutError):
            pass
    return came


@keyword
def connect_peer_that_never_reads(url: str, subprotocols: Sequence[str | Secret], pings: int) -> socket.socket:
    """Connects a peer that shakes hands and then reads nothing more; returns its connection.

    Args:
        url: The socket's address.
        subprotocols: What it offers.
        pings: How many large pings it sends at most, all of which will be answered.
    """
    place = urlsplit(url)
    peer = ClientProtocol(parse_uri(url), subprotocols=_plain(subprotocols))
    line = socket.socket()
    # What is told waits where it comes from.
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(PATIENCE)
    line.connect((place.hostname, place.port))
    peer.send_request(peer.connect())
    _send(line, peer)
    while peer.state is State.CONNECTING:
        answer = line.recv(4096)
        if not answer:
            raise ConnectionError(f"the server at {url} ended the connection in the middle of the handshake")
        peer.receive_data(answer)
    # The end that is wanted: nothing more is taken from it, or it is let go.
    with contextlib.suppress(TimeoutError, ConnectionError):
        for _ in range(pings):
            peer.send_text(_PING.encode())
            _send(line, peer)
    return line


@keyword
def disconnect_peer(line: socket.socket) -> None:
    """Ends the connection of a peer, without a word."""
    line.close()


def _send(line: socket.socket, peer: ClientProtocol) -> None:
    for data in peer.data_to_send():
        line.sendall(data)


def _plain(subprotocols: Sequence[str | Secret]) -> list[Subprotocol]:
    return [cast("Subprotocol", one.value if isinstance(one, Secret) else one) for one in subprotocols]
