"""The provider under Google's names for keyword suites, started at first use and ended with the run."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from google_stand_in import DOMAIN, HOSTS, RELYING_PARTY, Google, google, proxy
from robot.api.deco import keyword, library
from robot.api.types import Secret


@library(scope="GLOBAL", auto_keywords=False)
class GoogleServer:
    """Runs `google`; see there."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._stack = ExitStack()
        self._google: Google | None = None

    @keyword
    def google_server(self) -> dict[str, Any]:
        """``ca``, ``redirect_uri``, and ``browser_args`` by which Chromium trusts it.

        The account is in the environment, and so is how a service of another process gets there.
        """
        if self._google is None:
            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
            self._google = server = self._stack.enter_context(google(folder))
            told = {"CLIENT_ID": server.client_id, "CLIENT_SECRET": server.client_secret, "USER": server.user}
            told |= {"PASSWORD": server.password, "TOTP_SECRET": server.totp, "HOSTED_DOMAIN": DOMAIN}
            way = self._stack.enter_context(proxy(server))
            names = {f"GOOGLE_{name}": value for name, value in told.items()}
            names |= {"AUTH_PROVIDER_PROXY": way, "AUTH_PROVIDER_CA": str(server.certificate)}
            os.environ.update(names)
            self._stack.callback(lambda: [os.environ.pop(name, None) for name in names])
        rules = ", ".join(f"MAP {name} 127.0.0.1:{self._google.port}" for name in HOSTS)
        return {
            "ca": str(self._google.certificate),
            "redirect_uri": f"https://{RELYING_PARTY}/auth/callback/google",
            "browser_args": [
                f"--host-resolver-rules={rules}",
                f"--ignore-certificate-errors-spki-list={self._google.fingerprint}",
            ],
        }

    @keyword
    def get_google_callback(self) -> Secret:
        """The address with which a browser last came back from Google; no log may hold it."""
        return Secret(self._google.callback if self._google else "")

    @keyword
    def let_google_claim_domain(self, domain: str = DOMAIN) -> None:
        """Let its tokens claim another domain than the one that was asked for, from now on."""
        if self._google:
            self._google.domain = domain

    def close(self) -> None:
        """End the provider with the run."""
        self._stack.close()
        self._google = None
