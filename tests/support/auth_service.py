"""The auth service as a process of its own, on stores of its own, for checks that kill it too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support.logs import whole_lines
from support.openid_provider import CLIENT_ID, OpenIdProvider
from support.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20.0
PUBLIC_URL = "http://127.0.0.1:1"
STEP_SECONDS = "1"
"""Time limit of a step, which some tests wait for."""


@dataclass
class AuthService:
    """A running auth service.

    Attributes:
        url: Where it listens.
        environment: Its variables.
        log_file: Its output.
        process: The process that runs now.
    """

    url: str
    environment: dict[str, str]
    log_file: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, wait: str = "ready", **changes: str) -> None:
        """Start it and wait until it is `ready` or `live`."""
        self.environment.update(changes)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", "--", sys.executable, "-m", "chat_auth"],
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.wait_for(wait)

    def wait_for(self, what: str) -> None:
        """Wait until `/health/<what>` answers 200."""
        deadline = time.monotonic() + START_SECONDS
        while not self._answers(f"/health/{what}"):
            assert self.process is not None
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the auth service did not start:\n{self.log_file.read_text()[-4000:]}")
            time.sleep(0.02)

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, and give the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.process.wait(10)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def log(self) -> list[dict[str, Any]]:
        """Its log, a mapping a line."""
        return [json.loads(line) for line in whole_lines(self.log_file) if line.startswith("{")]

    def _answers(self, path: str) -> bool:
        try:
            return httpx.get(self.url + path, timeout=1, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def auth_service(folder: Path, provider: OpenIdProvider, *, wait: str = "ready", **settings: str) -> Iterator[AuthService]:
    """Run the service.

    Args:
        folder: For its keys and its log.
        provider: Its only provider, under the id `test`.
        wait: What to wait for, `ready` or `live`.
        settings: Its other variables.
    """
    port = settings.get("PORT", str(free_port()))
    providers = [
        {"id": "test", "name": "Test", "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": provider.client_secret}
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT / 'docker/common'}:{ROOT / 'docker/auth'}",
        "HOST": "127.0.0.1",
        "PORT": port,
        "PUBLIC_URL": PUBLIC_URL,
        "INTERNAL_TOKEN": "internal",
        "AUTH_PROVIDERS": json.dumps(providers),
        "AUTH_SIGNING_KEYS_DIR": str(folder / "keys"),
        "OPERATION_STEP_TIMEOUT": STEP_SECONDS,
        "AUTH_REFRESH_GRACE": "1",
        **settings,
    }
    service = AuthService(f"http://127.0.0.1:{port}", environment, folder / "auth.log")
    service.start(wait)
    try:
        yield service
    finally:
        service.end(signal.SIGKILL)


@dataclass
class User:
    """A browser with a session."""

    service: AuthService
    browser: httpx.Client
    access_token: str = ""

    @property
    def bearer(self) -> dict[str, str]:
        """Header with the access token."""
        return {"Authorization": f"Bearer {self.access_token}"}

    def refresh(self, **headers: str) -> httpx.Response:
        """Use the refresh cookie."""
        answer = self.browser.post("/auth/refresh", headers={"X-Requested-With": "test", **headers})
        if answer.status_code == 200:
            self.access_token = answer.json()["access_token"]
        return answer

    def change(self, key: str, **body: Any) -> httpx.Response:
        """Ask for the three-store operation."""
        content = {"workspace": {"name": "Desk"}, **body}
        return self.browser.patch("/auth/profile", headers={**self.bearer, "Idempotency-Key": key}, json=content)


def begin_login(service: AuthService, provider: OpenIdProvider, **query: str) -> tuple[httpx.Client, dict[str, str]]:
    """Go to the provider and consent; gives the browser, and what it brings back."""
    browser = httpx.Client(base_url=service.url, trust_env=False, timeout=15)
    answer = browser.get("/auth/login", params={"provider": "test", **query})
    assert answer.status_code == 302, answer.text
    return browser, provider.answer_to(answer.headers["location"])


def login(service: AuthService, provider: OpenIdProvider, subject: str = "subject-1") -> User:
    """Sign a user in."""
    provider.claims["sub"] = subject
    browser, answer = begin_login(service, provider)
    done = browser.get("/auth/callback/test", params=answer)
    assert (done.status_code, done.headers.get("location")) == (302, "/"), done.text
    user = User(service, browser)
    assert user.refresh().status_code == 200
    return user
