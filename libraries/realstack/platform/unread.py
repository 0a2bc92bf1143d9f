"""Bytes that arrived for a service and that it has not read: proof that somebody waits for it.

The kernel keeps them in the receive queue of each connection (Linux, ``/proc/net/tcp``, ``rx_queue``). A service that stands
still leaves them there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
ESTABLISHED = "01"


@dataclass(frozen=True, slots=True)
class Unread:
    """A connection whose server has not read what came.

    Attributes:
        client_port: The other end's port.
        size: Bytes that wait.
    """

    client_port: int
    size: int


def unread(port: int) -> list[Unread]:
    """Connections to a listening port of this machine in whose receive queue bytes wait.

    Args:
        port: The server's port.
    """
    return [found for table in TABLES if table.exists() for found in parse(table.read_text().splitlines()[1:], port)]


def parse(lines: Iterable[str], port: int) -> list[Unread]:
    """Read lines of ``/proc/net/tcp``, without the heading.

    Args:
        lines: As the kernel writes them: number, local address, peer's address, state, ``tx_queue:rx_queue`` …, in hexadecimal.
        port: The local port of the connections.
    """
    found: list[Unread] = []
    for line in lines:
        _, local, peer, state, queues = line.split(maxsplit=5)[:5]
        size = int(queues.rpartition(":")[2], 16)
        if state == ESTABLISHED and size and int(local.rpartition(":")[2], 16) == port:
            found.append(Unread(int(peer.rpartition(":")[2], 16), size))
    return found


def client_ports(pids: Iterable[int]) -> frozenset[int]:
    """The local ports of all TCP connections that these processes have open; a process that is gone has none."""
    ports: set[int] = set()
    for pid in pids:
        try:
            ports.update(connection.laddr.port for connection in psutil.Process(pid).net_connections("tcp"))
        except psutil.NoSuchProcess:
            continue
    return frozenset(ports)
