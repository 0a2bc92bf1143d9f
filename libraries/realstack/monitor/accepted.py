"""Connections that others have opened to a process, read from ``/proc/<pid>/net/tcp`` (proc(5)).

A service's sockets are of two kinds: those that it opened itself, to stores, kept in pools that grow and shrink as they please;
and those that it accepted. Only the latter must be exactly as many as there are clients.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

LISTEN = b"0A"
TIME_WAIT = b"06"
TABLES = ("tcp", "tcp6")


class SocketTable:
    """The TCP sockets of one network namespace: local port and whether it listens, by inode."""

    def __init__(self, ports: Mapping[bytes, tuple[bytes, bool]]) -> None:
        self._ports = ports

    @classmethod
    def of(cls, pid: int) -> SocketTable:
        """Read the table that a process sees; empty where the process is gone."""
        ports: dict[bytes, tuple[bytes, bool]] = {}
        for name in TABLES:
            try:
                with open(f"/proc/{pid}/net/{name}", "rb") as file:
                    next(file, b"")
                    for line in file:
                        fields = line.split(None, 10)
                        if fields[3] != TIME_WAIT:
                            ports[fields[9]] = (fields[1].rpartition(b":")[2], fields[3] == LISTEN)
            except (FileNotFoundError, ProcessLookupError):
                # It ended meanwhile, or the system has no such protocol.
                continue
        return cls(ports)

    def accepted(self, inodes: set[bytes]) -> int:
        """How many of these sockets belong to connections that came in at a port which others of them listen on."""
        mine = [self._ports[inode] for inode in inodes if inode in self._ports]
        listening = {port for port, listens in mine if listens}
        return sum(port in listening and not listens for port, listens in mine)


class SocketTables:
    """Tables by network namespace, each read once: make one for each look."""

    def __init__(self) -> None:
        self._tables: dict[str, SocketTable] = {}

    def of(self, pid: int) -> SocketTable:
        """The table of the namespace that a process is in."""
        try:
            namespace = os.readlink(f"/proc/{pid}/ns/net")
        except (FileNotFoundError, ProcessLookupError):
            return SocketTable({})
        if namespace not in self._tables:
            self._tables[namespace] = SocketTable.of(pid)
        return self._tables[namespace]
