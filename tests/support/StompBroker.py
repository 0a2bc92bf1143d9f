"""A STOMP broker for keyword suites, ended with the suite."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from robot.api.deco import keyword, library
from robot.api.types import Secret
from stomp_broker import stomp_broker


@library(scope="SUITE", auto_keywords=False)
class StompBroker:
    """Runs `stomp_broker`."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._stack = ExitStack()

    @keyword
    def start_stomp_broker(self, login: str, passcode: Secret) -> str:
        """Starts it for one user, and returns its URL."""
        return self._stack.enter_context(stomp_broker({login: passcode.value}))

    @keyword
    def get_virtual_host(self) -> str:
        """Returns the name that clients of STOMP 1.2 must call the broker by."""
        return socket.getfqdn()

    def close(self) -> None:
        """End the broker with the suite."""
        self._stack.close()
