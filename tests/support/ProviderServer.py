"""The platform's provider for keyword suites, started at first use and ended with the run."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from typing import Any

from canaille import Provider, canaille
from robot.api.deco import keyword, library
from robot.api.types import Secret


@library(scope="GLOBAL", auto_keywords=False)
class ProviderServer:
    """Runs `canaille`; see there."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._stack = ExitStack()
        self._provider: Provider | None = None

    @keyword
    def provider_server(self) -> dict[str, Any]:
        """``issuer``, ``client_id``, ``client_secret``, ``scim_id``, ``scim_secret``, ``scim_url``, ``redirect_uri``."""
        if self._provider is None:
            self._provider = self._stack.enter_context(canaille())
        server = self._provider
        return {
            "issuer": server.issuer,
            "client_id": server.client_id,
            "client_secret": Secret(server.client_secret),
            "scim_id": server.scim_id,
            "scim_secret": Secret(server.scim_secret),
            "scim_url": server.scim_url,
            "redirect_uri": server.redirect_uri,
        }

    @keyword
    def wait_until_next_second(self) -> None:
        """Canaille's access tokens of one user differ by their second only, and it fails where they don't."""
        now = time.time()
        time.sleep(math.ceil(now) - now + 0.01)

    def close(self) -> None:
        """End the provider with the run."""
        self._stack.close()
        self._provider = None
