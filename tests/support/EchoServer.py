"""A TCP echo server and clients for keyword suites, in threads of their own."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

from robot.api.deco import keyword, library


@library(scope="GLOBAL", auto_keywords=False)
class EchoServer:
    """Sends everything back. Clients live as long as their test."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._server: socket.socket | None = None
        self._clients: dict[str, socket.socket] = {}

    @keyword
    def echo_server_port(self, *, unused: bool = False) -> int:
        """The port of the server; starts it at first use, or one that nobody has talked to."""
        if self._server is None or unused:
            self._server = socket.create_server(("127.0.0.1", 0))
            threading.Thread(target=self._serve, args=(self._server,), daemon=True).start()
        return int(self._server.getsockname()[1])

    def _serve(self, server: socket.socket) -> None:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def _echo(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(ConnectionError):
            while data := connection.recv(65536):
                connection.sendall(data)

    @keyword
    def connect_client(self, name: str = "client", port: int | None = None) -> int:
        """Opens a connection to the server, or to another port here; returns the client's port."""
        client = socket.create_connection(("127.0.0.1", port or self.echo_server_port()), timeout=2)
        self._clients[name] = client
        return int(client.getsockname()[1])

    @keyword
    def client_should_hear(self, text: str, name: str = "client", *, say: bool = True, patience: float = 5.0) -> None:
        """Sends a text unless told not to, and fails unless it comes back."""
        client = self._clients[name]
        client.settimeout(patience)
        heard = b""
        if say:
            client.sendall(text.encode())
        while len(heard) < len(text.encode()):
            data = client.recv(65536)
            if not data:
                raise AssertionError(f"The connection ended after {heard!r}")
            heard += data
        if heard != text.encode():
            raise AssertionError(f"Heard {heard!r}")

    @keyword
    def client_should_hear_nothing(self, text: str, name: str = "client") -> None:
        """Sends a text, and fails if anything comes back soon."""
        client = self._clients[name]
        client.sendall(text.encode())
        client.settimeout(0.1)
        try:
            heard = client.recv(65536)
        except TimeoutError:
            return
        raise AssertionError(f"Heard {heard!r}")

    @keyword
    def client_should_be_reset(self, name: str = "client") -> None:
        """Fails unless the connection ends with a reset, at the latest when something is sent."""
        client = self._clients[name]
        client.settimeout(2)
        try:
            client.sendall(b"x")
            heard = client.recv(65536)
        except ConnectionError:
            return
        raise AssertionError(f"Heard {heard!r}")

    def end_test(self, data: object, result: object) -> None:
        """Drop the test's clients."""
        for client in self._clients.values():
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        self._clients.clear()
