"""Starts the leaky server and connects to it again and again."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVER = Path(__file__).with_name("leaky_server.py")


@dataclass
class LeakyServer:
    """A running server: its process number and port, and whether it keeps sockets open."""

    pid: int
    port: int
    keeps: bool = False

    def churn(self, connections: int, done: Callable[[], object] = lambda: None) -> None:
        """Open, use and reset connections, one after another; `done` is called after each, which the server has closed by then.

        Reset, because those that are closed stay in the system's table for a minute, which each look of the sampler reads.
        """
        for _ in range(connections):
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(b"hello\n")
                while connection.recv(100) and not self.keeps:
                    pass
            done()


@contextmanager
def leaky_server(*options: str) -> Iterator[LeakyServer]:
    """A server with options; ended in any case."""
    with subprocess.Popen([sys.executable, str(SERVER), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield LeakyServer(process.pid, int(process.stdout.readline()), "--keep" in options)
        finally:
            process.kill()
