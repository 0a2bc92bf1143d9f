"""The platform's provider (docker/idp) as a process of its own, for checks that sign in at it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from realstack.platform.ports import PortLocks

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20.0
HOST = "127.0.0.2"
REDIRECT_URI = "http://127.0.0.1:9/callback"
"""Nobody listens there: checks stop before it."""


@dataclass(frozen=True)
class Provider:
    """A running provider with one client and one client that may administer users."""

    issuer: str
    keys: Path
    pid: int
    client_id: str = "chat"
    client_secret: str = field(default="a-client-secret-for-checks", repr=False)
    scim_id: str = "directory"
    scim_secret: str = field(default="a-directory-secret-for-checks", repr=False)
    redirect_uri: str = REDIRECT_URI

    @property
    def scim_url(self) -> str:
        """Base URL of its SCIM service."""
        return f"{self.issuer}/scim/v2"


@contextmanager
def canaille() -> Iterator[Provider]:
    """Run the provider on a free port, with an empty data folder."""
    with _port() as port, tempfile.TemporaryDirectory(prefix="canaille.") as folder:
        provider = Provider(f"http://{HOST}:{port}", Path(folder) / "keys", 0)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT / 'docker/common'}:{ROOT / 'docker/idp'}",
            "HOST": HOST,
            "PORT": str(port),
            "IDP_DATA_DIR": folder,
            "IDP_CLIENT_ID": provider.client_id,
            "IDP_CLIENT_SECRET": provider.client_secret,
            "IDP_REDIRECT_URIS": REDIRECT_URI,
            "IDP_SCIM_CLIENT_ID": provider.scim_id,
            "IDP_SCIM_CLIENT_SECRET": provider.scim_secret,
        }
        log = Path(folder) / "log"
        with log.open("wb") as output:
            command = ["setpriv", "--pdeathsig=KILL", "--", sys.executable, "-m", "chat_idp"]
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=ROOT)
        try:
            _wait(process, provider.issuer, log)
            yield Provider(provider.issuer, provider.keys, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


@contextmanager
def _port() -> Iterator[int]:
    """A port that no client and no other run is given meanwhile."""
    locks = PortLocks(HOST)
    try:
        yield locks.take()
    finally:
        locks.release()


def _wait(process: subprocess.Popen[bytes], issuer: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=2):  # noqa: S310 - own loopback server
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the provider did not start:\n{log.read_text()[-4000:]}") from None
            time.sleep(0.05)
