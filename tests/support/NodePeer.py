"""A server from npm for keyword suites (`tests/peers`), ended with the suite."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from node_peers import peer
from robot.api.deco import keyword, library


@library(scope="SUITE", auto_keywords=False)
class NodePeer:
    """Runs one of the servers of `tests/peers`."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._stack = ExitStack()

    @keyword
    def start_peer(self, script: str, **settings: Any) -> str:
        """Starts it, such as ``ws/server.mjs``, and returns its URL."""
        running = self._stack.enter_context(peer(script))
        return str(running.ask(settings)["url"])

    def close(self) -> None:
        """End the server with the suite."""
        self._stack.close()
