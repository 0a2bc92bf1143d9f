"""Fingerprints: what a run leaves behind so that its files can be searched without its secrets.

For every window of every credential (see [forms][realstack.secrets.forms]) the file holds eight bytes of a keyed BLAKE2b
hash. A window has 16 characters of a random value; its hash tells whether a text holds it and nothing else. Credentials
shorter than [LONG_ENOUGH][] characters, such as passwords that a person chose, could be guessed from a hash: they are left
out, and counted as such.

A credential's record is written when it becomes known, in one piece: a run that is killed leaves the records of all that it
knew. After a line with the salt there is a line for each credential, a JSON array of what it is and its hashes in base64.
That is some 60 bytes, and 11 for each window. A day of journey 10, two visits in a second with some 90 windows each,
makes 200 MB.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable
from io import BufferedWriter
from pathlib import Path
from secrets import token_bytes

LONG_ENOUGH = 20
"""Characters of the shortest credential that gets a fingerprint."""

FILE_NAME = "secrets.fingerprints.jsonl"
"""The file beside output.xml that a run's files are searched with."""

FORM = 2
"""Number of the file's form; it changes when older files can't be read any more."""

SIZE = 8
"""Bytes of a hash."""


def hasher(salt: bytes) -> hashlib.blake2b:
    """What makes the hash of a window with this salt; copy it for each."""
    return hashlib.blake2b(key=salt, digest_size=SIZE)


class FingerprintWriter:
    """Writes the fingerprints of credentials. Until it knows where to, the records wait in memory."""

    def __init__(self) -> None:
        salt = token_bytes(32)
        self._hasher = hasher(salt)
        self._waiting = bytearray(_line({"form": FORM, "salt": salt.hex()}))
        self._file: BufferedWriter | None = None
        self._empty = True
        self.path: Path | None = None

    def open(self, path: Path) -> None:
        """Write to a file from now on, readable by the owner only. There is none before the first credential is known."""
        if self.path is None:
            self.path = path
            if not self._empty:
                self._write()

    def add(self, what: str, windows: Iterable[str]) -> None:
        """Write the record of one more credential; without windows it is only counted."""
        hashes = bytearray()
        for window in windows:
            one = self._hasher.copy()
            one.update(window.encode())
            hashes += one.digest()
        self._waiting += _line([what, base64.b64encode(hashes).decode()])
        self._empty = False
        if self.path is not None:
            self._write()

    def _write(self) -> None:
        if self._file is None:
            assert self.path is not None
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")  # noqa: SIM115 -- for the run
        self._file.write(self._waiting)
        self._waiting.clear()
        self._file.flush()


def _line(content: object) -> bytes:
    return json.dumps(content).encode() + b"\n"
