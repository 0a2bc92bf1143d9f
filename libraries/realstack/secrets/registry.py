"""Every credential that a run gets to know, and whether a text holds one.

Values live in this process's memory only. What may be written to a file are [fingerprints][Registry.fingerprints],
which tell a leak but not the secret.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from realstack.secrets.forms import SHORTEST, WINDOW, core, forms, windows

MASK = "<secret>"
_RUN = re.compile(rf"[A-Za-z0-9+/=_\-.~%]{{{WINDOW},}}")
_PLAIN = re.compile(r"[A-Za-z0-9+/=_\-.~%]*")


@dataclass(frozen=True, slots=True)
class Remembered:
    """One credential.

    Attributes:
        number: Counts from 1 in the order in which they became known.
        what: Its kind and origin, such as ``access token of http://127.0.0.1:9000``; never the value.
        length: Characters.
    """

    number: int
    what: str
    length: int

    def __str__(self) -> str:
        return f"#{self.number} ({self.what})"


class Registry:
    """Remembers credentials and finds them in texts; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Remembered] = {}
        self._windows: dict[str, Remembered] = {}
        self._odd: dict[str, Remembered] = {}
        self.too_short: list[Remembered] = []

    def remember(self, value: str, what: str) -> str:
        """Remember a credential and return it unchanged.

        Args:
            value: The credential as it is. An empty one is ignored.
            what: Its kind and origin, for the report of a leak.
        """
        if not value or value == MASK:
            return value
        with self._lock:
            if value in self._known:
                return value
            item = Remembered(len(self._known) + 1, what, len(value))
            self._known[value] = item
            if len(value) < SHORTEST:
                self.too_short.append(item)
                return value
            for window in windows(value):
                if len(window) == WINDOW and _PLAIN.fullmatch(window):
                    self._windows[window] = item
                else:
                    self._odd[window] = item
        return value

    def __len__(self) -> int:
        return len(self._known)

    def find(self, text: str) -> list[Remembered]:
        """The credentials that a text holds in any form, whole or in part, each once, by number."""
        found = {item.number: item for _, item in self._hits(text)}
        return [found[number] for number in sorted(found)]

    def _hits(self, text: str) -> Iterator[tuple[int, Remembered]]:
        with self._lock:
            known, odd = self._windows, tuple(self._odd.items())
        if known:
            for run in _RUN.finditer(text):
                chunk, base = run.group(), run.start()
                for at in range(len(chunk) - WINDOW + 1):
                    item = known.get(chunk[at : at + WINDOW])
                    if item is not None:
                        yield base + at, item
        for needle, item in odd:
            at = text.find(needle)
            if at >= 0:
                yield at, item

    def scrub(self, text: str) -> str:
        """The text with every credential that it holds replaced by ``<secret>``, whatever its form."""
        with self._lock:
            values = sorted(self._known, key=len, reverse=True)
        hit = {item.number for item in self.find(text)}
        if not hit:
            return text
        for value in values:
            if self._known[value].number in hit:
                for form in sorted(forms(value) | forms(core(value)), key=len, reverse=True):
                    text = text.replace(form, MASK) if len(form) >= SHORTEST else text
        # A credential that was cut off leaves stretches that no whole form matches: their words go as a whole.
        while (left := next(self._hits(text), None)) is not None:
            start, end = _word(text, left[0])
            text = text[:start] + MASK + text[end:]
        return text

    def fingerprintable(self) -> list[tuple[Remembered, list[str]]]:
        """What a fingerprint file is made from: each credential long enough for one, with its windows."""
        with self._lock:
            by_item: dict[int, tuple[Remembered, list[str]]] = {}
            for window, item in self._windows.items():
                by_item.setdefault(item.number, (item, []))[1].append(window)
        return [by_item[number] for number in sorted(by_item)]

    def forget(self) -> None:
        """Forget everything; for tests of this module."""
        with self._lock:
            self._known, self._windows, self._odd, self.too_short = {}, {}, {}, []


def _word(text: str, at: int) -> tuple[int, int]:
    start = end = at
    while start > 0 and _PLAIN.fullmatch(text[start - 1]):
        start -= 1
    while end < len(text) and _PLAIN.fullmatch(text[end]):
        end += 1
    return start, max(end, at + 1)


def names(items: Iterable[Remembered]) -> str:
    """The credentials of a finding in one line, without their values."""
    return ", ".join(str(item) for item in items)


secrets = Registry()
"""The registry that all libraries of a process share."""
