"""Fingerprints: what a finished run leaves behind so that its files can be searched without its secrets.

For every window of every credential (see [forms][realstack.secrets.forms]) the file holds eight bytes of a keyed BLAKE2b
hash. A window has 16 characters of a random value; its hash tells whether a text holds it and nothing else. Credentials
shorter than [LONG_ENOUGH][] characters, such as passwords that a person chose, could be guessed from a hash: they are left
out, and counted as such.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

from realstack.secrets.forms import WINDOW
from realstack.secrets.registry import Registry

LONG_ENOUGH = 20
"""Characters of the shortest credential that gets a fingerprint."""

CHUNK = 1 << 20
"""Characters that are searched at a time."""

_RUN = re.compile(rf"[A-Za-z0-9+/=_\-.~%]{{{WINDOW},}}")


@dataclass(frozen=True, slots=True)
class Leak:
    """A credential in a file.

    Attributes:
        file: Where.
        line: Its line, from 1.
        what: The credential's number and kind.
        around: The line's text before the credential, cut to 80 characters.
    """

    file: Path
    line: int
    what: str
    around: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}, after {self.around!r}"


def _digest(salt: bytes, window: str) -> str:
    return hashlib.blake2b(window.encode(), key=salt, digest_size=8).hexdigest()


def write(registry: Registry, path: Path) -> int:
    """Write the fingerprints of all credentials of a registry, readable by the owner only.

    Returns:
        How many credentials have fingerprints.
    """
    salt = token_bytes(32)
    items = [
        {"what": str(item), "windows": [_digest(salt, window) for window in windows]}
        for item, windows in registry.fingerprintable()
        if item.length >= LONG_ENOUGH
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"salt": salt.hex(), "known": len(registry), "credentials": items}
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
    return len(items)


class Fingerprints:
    """The fingerprints of a finished run.

    Args:
        path: The file that [write][] made.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It is not such a file.
    """

    def __init__(self, path: Path) -> None:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            self._salt = bytes.fromhex(content["salt"])
            self.known = int(content["known"])
            self.searchable = len(content["credentials"])
            self._digests = {digest: item["what"] for item in content["credentials"] for digest in item["windows"]}
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} holds no fingerprints of a run: {error}") from error

    def search(self, path: Path) -> Iterator[Leak]:
        """Search a text file of any size; each credential is reported once for each line that holds it."""
        base = hashlib.blake2b(key=self._salt, digest_size=8)
        for number, line in enumerate(_lines(path), start=1):
            seen: set[str] = set()
            for run in _RUN.finditer(line):
                text = run.group()
                for at in range(len(text) - WINDOW + 1):
                    hasher = base.copy()
                    hasher.update(text[at : at + WINDOW].encode())
                    what = self._digests.get(hasher.hexdigest())
                    if what is not None and what not in seen:
                        seen.add(what)
                        yield Leak(path, number, what, line[max(0, run.start() - 80) : run.start()])


def search_live(registry: Registry, path: Path) -> Iterator[Leak]:
    """Search a file for the credentials that this process knows, short ones and odd ones included."""
    for number, line in enumerate(_lines(path), start=1):
        for item in registry.find(line):
            yield Leak(path, number, str(item), registry.scrub(line[:200])[:80])


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file; one longer than [CHUNK][] comes in overlapping pieces, as lines of their own."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            step = CHUNK - WINDOW
            for start in range(0, len(line), step) if len(line) > CHUNK else (0,):
                yield line[start : start + CHUNK]
