"""Search files for the credentials of a run: by its fingerprints when it is over, by the credentials themselves while it runs."""

from __future__ import annotations

import base64
import json
import re
import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from realstack.core.errors import StackError, explain
from realstack.secrets.fingerprints import FORM, SIZE, hasher
from realstack.secrets.forms import WINDOW
from realstack.secrets.registry import Registry

CHUNK = 1 << 20
"""Characters that are searched at a time."""

AT_A_TIME = 5_000_000
"""Fingerprints that are in memory at a time, some 50 MB; the files are read once for each so many."""

MOST = 10_000
"""Places after which a search goes no further: more leaks than anybody reads."""

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


class Fingerprints:
    """The fingerprints that a run has left, however it ended.

    Args:
        path: The file that a [FingerprintWriter][realstack.secrets.fingerprints.FingerprintWriter] made.
        at_a_time: How many of them to have in memory.

    Attributes:
        known: How many credentials the run knew.
        searchable: How many of them have fingerprints.
        cut_off: Whether the last record is not whole; it counts as known.
        ended_early: Whether the last search found so much that it went no further.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It is not such a file.
    """

    def __init__(self, path: Path, at_a_time: int = AT_A_TIME) -> None:
        self._path = path
        self._at_a_time = at_a_time
        self._salt = b""
        self.known = self.searchable = 0
        self.cut_off = self.ended_early = False
        for _, hashes in self._records():
            self.known += 1
            self.searchable += bool(hashes)

    def search(self, files: Sequence[Path]) -> list[Leak]:
        """Search text files of any size; each credential is told once for each line that holds it, up to [MOST][] places."""
        order = {file: number for number, file in enumerate(files)}
        hits = list(islice((hit for table in self._tables() for file in files for hit in self._hits(file, table)), MOST))
        self.ended_early = len(hits) == MOST
        names = self._names({hit[2] for hit in hits})
        told = [Leak(file, line, names[found], around) for file, line, found, around in hits]
        leaks = {(leak.file, leak.line, leak.what): leak for leak in reversed(told)}
        return sorted(leaks.values(), key=lambda leak: (order[leak.file], leak.line, leak.what))

    def _records(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """What each credential is, and its fingerprints."""
        number = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                # A full disk, or a machine that stopped, can only have cut off the end.
                self.cut_off = number > 1 and not line.endswith(b"\n")
                try:
                    if number == 1:
                        self._salt = _salt(line)
                    else:
                        yield (f"#{number - 1} (cut off)", ()) if self.cut_off else _record(number - 1, line)
                except (KeyError, TypeError, ValueError, struct.error) as error:
                    raise ValueError(f"{self._path} holds no fingerprints of a run: line {number}: {error!r}") from error
        if not number:
            raise ValueError(f"{self._path} holds no fingerprints of a run: it is empty")

    def _tables(self) -> Iterator[_Table]:
        table = _Table()
        for _, hashes in self._records():
            table.add(hashes)
            if len(table) >= self._at_a_time:
                table.sort()
                yield table
                table = _Table()
        table.sort()
        yield table

    def _hits(self, path: Path, table: _Table) -> Iterator[tuple[Path, int, int, str]]:
        base = hasher(self._salt)
        for number, line in enumerate(_lines(path), start=1):
            for run in _RUN.finditer(line):
                text = run.group().encode()
                for at in range(len(text) - WINDOW + 1):
                    one = base.copy()
                    one.update(text[at : at + WINDOW])
                    found = int.from_bytes(one.digest(), "big")
                    if found in table:
                        yield path, number, found, line[max(0, run.start() - 80) : run.start()]

    def _names(self, wanted: set[int]) -> dict[int, str]:
        """Whose fingerprints these are; where credentials share one, the last of them."""
        return {found: what for what, hashes in self._records() for found in wanted.intersection(hashes)} if wanted else {}


class _Table:
    """A set of numbers of 64 bits in little more than eight bytes each."""

    def __init__(self) -> None:
        self._shelves = [array("Q") for _ in range(256)]
        self._size = 0

    def add(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._shelves[number >> 56].append(number)
            self._size += 1

    def sort(self) -> None:
        """Must come between the last `add` and the first look."""
        self._shelves = [array("Q", sorted(shelf)) for shelf in self._shelves]

    def __len__(self) -> int:
        return self._size

    def __contains__(self, number: int) -> bool:
        shelf = self._shelves[number >> 56]
        at = bisect_left(shelf, number)
        return at < len(shelf) and shelf[at] == number


def search_live(registry: Registry, files: Sequence[Path]) -> list[Leak]:
    """Search files for the credentials that this process knows, short ones and odd ones included, and for those that it let go.

    Raises:
        StackError: Some were let go, and no folder was ever told for their fingerprints.
    """
    leaks = [
        Leak(file, number, str(item), registry.scrub(line[:200])[:80])
        for file in files
        for number, line in enumerate(_lines(file), start=1)
        for item in registry.find(line)
    ]
    if registry.let_go:
        if registry.fingerprints.path is None:
            raise StackError(explain("fingerprints of old credentials are in a file", "no folder for it was told"))
        seen = {(leak.file, leak.line, leak.what) for leak in leaks}
        old = Fingerprints(registry.fingerprints.path).search(files)
        leaks += [leak for leak in old if (leak.file, leak.line, leak.what) not in seen]
    return leaks


def _salt(line: bytes) -> bytes:
    header = json.loads(line)
    if header["form"] != FORM:
        raise ValueError(f"its form is {header['form']!r}, not {FORM}")
    return bytes.fromhex(header["salt"])


def _record(number: int, line: bytes) -> tuple[str, tuple[int, ...]]:
    what, encoded = json.loads(line)
    data = base64.b64decode(encoded, validate=True)
    return f"#{number} ({what})", struct.unpack(f">{len(data) // SIZE}Q", data)


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file; one longer than [CHUNK][] comes in overlapping pieces, as lines of their own."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            step = CHUNK - WINDOW
            for start in range(0, len(line), step) if len(line) > CHUNK else (0,):
                yield line[start : start + CHUNK]
