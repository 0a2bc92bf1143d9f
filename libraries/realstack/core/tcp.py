"""This machine's TCP sockets, read from ``/proc/<pid>/net/tcp`` and ``tcp6`` (proc(5)): the one place that reads them.

Each process sees the table of its network namespace. Standard library only.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from realstack.core import procfs

TABLES = ("tcp", "tcp6")

TIME_WAIT = b" 06 "
"""As it stands in a line, where no other field is of two digits that begin with a zero."""
ESTABLISHED = b"01"
CLOSED = b"07"
LISTEN = b"0A"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TcpSocket(NamedTuple):
    """A line of the table; its fields as they stand there.

    Attributes:
        local: This end.
        peer: The other end.
        state: One of the kernel's numbers.
        queues: Bytes to be sent and to be read.
        inode: The socket's number, by which processes hold it open; ``0`` when none does.
    """

    local: bytes
    peer: bytes
    state: bytes
    queues: bytes
    inode: bytes

    @property
    def listens(self) -> bool:
        """Whether it waits for connections."""
        return self.state == LISTEN

    @property
    def connected(self) -> bool:
        """Whether it belongs to a connection that can still carry something, or is being opened or closed."""
        return self.state not in (LISTEN, CLOSED)

    @property
    def local_port(self) -> int:
        """This end's port."""
        return int(self.local.rpartition(b":")[2], 16)

    @property
    def peer_port(self) -> int:
        """The other end's port."""
        return int(self.peer.rpartition(b":")[2], 16)

    @property
    def local_address(self) -> Address:
        """This end's address; IPv4 where it is written as IPv6."""
        return _address(self.local)

    @property
    def peer_address(self) -> Address:
        """The other end's address; IPv4 where it is written as IPv6."""
        return _address(self.peer)

    @property
    def unread(self) -> int:
        """Bytes that have arrived and that nobody has read."""
        return int(self.queues.rpartition(b":")[2], 16)


def parse(lines: Iterable[bytes]) -> Iterator[TcpSocket]:
    """Read lines of a table, without the heading.

    Those in TIME_WAIT are left out: nobody holds them any more, and after a load there are thousands of them for a minute,
    in the way of each look.

    Args:
        lines: As the kernel writes them: number, local address, peer's address, state, ``tx_queue:rx_queue`` …, in hexadecimal.
    """
    for line in lines:
        if TIME_WAIT in line:
            continue
        fields = line.split(None, 10)
        yield TcpSocket(fields[1], fields[2], fields[3], fields[4], fields[9])


def sockets(pid: int | str = "self") -> Iterator[TcpSocket]:
    """The TCP sockets of the network namespace that a process is in; none where the process has ended."""
    for name in TABLES:
        try:
            with open(f"{procfs.PROC}/{pid}/net/{name}", "rb") as file:
                next(file, b"")
                yield from parse(file)
        except (FileNotFoundError, ProcessLookupError):  # it has ended, or the system has no such protocol
            continue


def unread(port: int, pid: int | str = "self") -> list[TcpSocket]:
    """Connections to a listening port in whose receive queue bytes wait: proof that somebody waits for it.

    A server that stands still leaves them there.

    Args:
        port: The port.
        pid: In the network namespace of this process.
    """
    return [one for one in sockets(pid) if one.state == ESTABLISHED and one.local_port == port and one.unread]


def ports_of(pids: Iterable[int]) -> frozenset[int]:
    """The local ports of all TCP sockets that processes of this network hold open; a process that has ended has none."""
    held = procfs.sockets_of(pids)
    return frozenset(one.local_port for one in sockets() if int(one.inode) in held) if held else frozenset()


def listeners(port: int, address: Address | None = None) -> set[int]:
    """The processes that listen at a port; empty when none does, or none may be seen.

    Args:
        port: The port.
        address: Only those that clients of this address reach; all when not given.
    """
    inodes = {
        int(one.inode)
        for one in sockets()
        if one.listens
        and one.local_port == port
        and (address is None or one.local_address == address or one.local_address.is_unspecified)
    }
    if not inodes:
        return set()
    held = procfs.sockets_of(process.pid for process in procfs.all_processes())
    return {held[inode] for inode in inodes if inode in held}


class Tables:
    """The sockets of each network namespace, by inode, each table read once: make one for each look."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[int, TcpSocket]] = {}

    def of(self, pid: int) -> dict[int, TcpSocket]:
        """The sockets of the namespace that a process is in; none where the process has ended."""
        namespace = procfs.network_namespace(pid)
        if namespace is None:
            return {}
        if namespace not in self._tables:
            self._tables[namespace] = {int(one.inode): one for one in sockets(pid)}
        return self._tables[namespace]


def accepted(table: dict[int, TcpSocket], inodes: Collection[int]) -> int:
    """How many of these sockets belong to connections that came in at a port which others of them listen on.

    A service's sockets are of two kinds: those that it opened itself, to stores, kept in pools that grow and shrink as they
    please; and those that it accepted. Only the latter must be exactly as many as there are clients.
    """
    mine = [table[inode] for inode in set(inodes) if inode in table]
    listening = {one.local.rpartition(b":")[2] for one in mine if one.listens}
    return sum(not one.listens and one.local.rpartition(b":")[2] in listening for one in mine)


def _address(end: bytes) -> Address:
    # The kernel writes each 32 bits of an address as a number of this machine.
    raw = bytes.fromhex(end.rpartition(b":")[0].decode("ascii"))
    words = [raw[start : start + 4] for start in range(0, len(raw), 4)]
    ordered = b"".join(word[::-1] if sys.byteorder == "little" else word for word in words)
    address = ipaddress.ip_address(ordered)
    return getattr(address, "ipv4_mapped", None) or address
