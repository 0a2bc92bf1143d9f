"""Starts the leaky server for suites and connects to it."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from robot.api.deco import keyword, library

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from realstack.monitor.sampler import sampler
from support.churn import LeakyServer, leaky_server


@library(scope="TEST", auto_keywords=False)
class churning:  # noqa: N801 - named as suites import it
    """A server that leaks as told."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._server: LeakyServer | None = None

    @keyword
    def start_server(self, *options: str) -> int:
        """Start it and return its process number."""
        self._server = self._stack.enter_context(leaky_server(*options))
        return self._server.pid

    @keyword
    def churn(self, connections: int) -> None:
        """Open and close connections, counted as work; a sample every 20, however fast the machine is."""
        assert self._server is not None
        for _ in range(max(1, connections // 20)):
            self._server.churn(min(20, connections), lambda: sampler.count("connection"))
            sampler.look()

    @keyword
    def end_server(self) -> None:
        """End it."""
        self._stack.close()
