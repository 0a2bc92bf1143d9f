"""OpenID peers that nobody here wrote (`tests/peers/oidc`): a provider and a relying party, as processes of Node."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "peers" / "oidc"


def installed() -> Path:
    """The folder with the packages that its lock file names, which are installed when they are missing."""
    lock = FOLDER / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = FOLDER / "node_modules" / ".complete"
    if not stamp.is_file() or stamp.read_text() != wanted:
        npm = shutil.which("npm")
        assert npm is not None, "npm installs the peers of these tests: put Node.js on the PATH"
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        subprocess.run(command, cwd=FOLDER, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=180)
        stamp.write_text(wanted)
    return FOLDER


class Peer:
    """A process that is asked by a line of JSON and answers by one.

    Args:
        script: Its file in `tests/peers/oidc`.
    """

    def __init__(self, script: str) -> None:
        node = shutil.which("node")
        assert node is not None, "the peers of these tests run on Node.js: put it on the PATH"
        self._process = subprocess.Popen(
            [node, "--no-warnings", script],
            cwd=installed(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Ask, and wait for the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            told = self._process.communicate(timeout=10)[1]
            raise AssertionError(f"the peer ended: {told[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it with its input, and wait for that."""
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


@contextmanager
def peer(script: str) -> Iterator[Peer]:
    """Run a peer."""
    running = Peer(script)
    try:
        yield running
    finally:
        running.close()
