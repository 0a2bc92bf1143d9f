"""Peers that nobody here wrote (`tests/peers`): servers and clients from npm, as processes of Node."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PEERS = Path(__file__).resolve().parents[1] / "peers"


def installed(folder: Path) -> Path:
    """The folder with the packages that its lock file names, which are installed when they are missing."""
    lock = folder / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".complete"
    with lock.open("rb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # other runs in this checkout may want the same
        if not stamp.is_file() or stamp.read_text() != wanted:
            command = [_program("npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
            subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=180)
            stamp.write_text(wanted)
    return folder


class Peer:
    """A process that is asked by a line of JSON and answers by one.

    It ends with its input, or with the process that asks, even if that is killed.

    Args:
        script: Its file in `tests/peers`, such as ``oidc/provider.mjs``.
    """

    def __init__(self, script: str) -> None:
        path = PEERS / script
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", "--", _program("node"), "--no-warnings", path.name],
            cwd=installed(path.parent),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Number of its process."""
        return self._process.pid

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Ask, and wait for the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it has ended: then there is no answer, either
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


def _program(name: str) -> str:
    path = shutil.which(name)
    assert path is not None, f"the peers of these tests need {name}: put Node.js on the PATH"
    return path
