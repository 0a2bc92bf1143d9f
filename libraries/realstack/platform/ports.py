"""Ports that no other run has and that the kernel does not hand out to clients.

A port is held by binding an abstract Unix socket named after it: such a name exists once in a network namespace, exactly as the
port does, and the kernel frees it when the run ends in any way.
"""

from __future__ import annotations

import errno
import random
import socket
from pathlib import Path

from realstack.core import procfs, tcp
from realstack.core.errors import StackError, explain

LOWEST = 20000
HIGHEST = 31999
"""Ports that are looked through; they lie below Linux's ephemeral ports (32768 to 60999 unless changed)."""

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def ephemeral_range() -> range:
    """The ports that the kernel gives to outgoing connections."""
    low, high = _EPHEMERAL.read_text(encoding="ascii").split()
    return range(int(low), int(high) + 1)


class PortLocks:
    """The ports of one run.

    Args:
        host: Address that the services listen on.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self._locks: dict[int, socket.socket] = {}

    @property
    def ports(self) -> frozenset[int]:
        """The ports that are held."""
        return frozenset(self._locks)

    def take(self, wanted: int | None = None) -> int:
        """Hold a free port.

        Args:
            wanted: This one and no other; any free one when not given.

        Raises:
            StackError: The wanted port is in use, or none is free.
        """
        if wanted is not None:
            if self._try(wanted):
                return wanted
            raise StackError(port_in_use(self._host, wanted))
        ephemeral = ephemeral_range()
        candidates = [port for port in range(LOWEST, HIGHEST + 1) if port not in ephemeral and port not in self._locks]
        # Runs begin at different places, so that two of them seldom try the same port.
        begin = random.SystemRandom().randrange(len(candidates)) if candidates else 0
        for port in candidates[begin:] + candidates[:begin]:
            if self._try(port):
                return port
        raise StackError(
            explain(
                f"a free port from {LOWEST} to {HIGHEST}, outside the ephemeral range {ephemeral.start} to {ephemeral.stop - 1}.",
                f"{len(candidates)} were tried.",
                remedy="End what occupies them, or narrow net.ipv4.ip_local_port_range.",
            )
        )

    def release(self) -> None:
        """Give all ports back."""
        for lock in self._locks.values():
            lock.close()
        self._locks.clear()

    def _try(self, port: int) -> bool:
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            lock.bind(f"\0realstack-port-{port}")
        except OSError as error:
            lock.close()
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        if not is_free(self._host, port):
            lock.close()
            return False
        self._locks[port] = lock
        return True


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on the address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do it: connections of an earlier server that still time out are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def port_in_use(host: str, port: int) -> str:
    """The text that says who has a port, as far as that can be seen."""
    holders = {f"{found.name} (PID {pid})" for pid in tcp.listeners(port) if (found := procfs.stat(pid)) is not None}
    return explain(
        f"port {port} on {host} is free.",
        f"It is in use by {', '.join(sorted(holders)) or 'another run, or a process of another user'}.",
        remedy="End that process, or leave the port out of the platform's YAML file: then a free one is chosen.",
    )
