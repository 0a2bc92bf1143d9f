"""The credentials that a run gets to know, and whether a text holds one.

Values live in this process's memory only. What is written to a file, as soon as a credential is known, are
[fingerprints][realstack.secrets.fingerprints], which tell a leak but not the secret. So a run of any length needs to keep
in full only what can still appear: those that it used last, those that live as long as it does, and those that can't be
found by fingerprints.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from realstack.secrets.fingerprints import LONG_ENOUGH, FingerprintWriter
from realstack.secrets.forms import SHORTEST, WINDOW, core, forms, windows
from realstack.secrets.names import HIDDEN, PARAMETER_NAMES, CredentialNames
from realstack.secrets.needles import Needles

SECRETS_TEXT = "<secret>"
"""What Robot Framework shows of a ``Secret``: no credential either."""

WINDOWS_KEPT = 200_000
"""Windows of passing credentials that are kept: some 40 MB, and the last 2,000 visits of journey 10's users."""

EVERYBODY_S = frozenset(
    (
        *("administrator", "changeit", "changeme", "guestguest", "letmein1", "mysecretpassword", "passw0rd", "password"),
        *("password1", "password123", "rootroot", "superuser", "testpassword", "testtest", "testuser", "topsecret"),
        *(
            "clickhouse",
            "elasticsearch",
            "keycloak",
            "minioadmin",
            "opensearch",
            "postgres",
            "postgresql",
            "rabbitmq",
            "timescale",
        ),
    )
)
"""Passwords that everybody knows, of images and examples: they open nothing that is secret, and are words of any log."""

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


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    item: Remembered
    value: str
    windows: tuple[str, ...]
    odd: tuple[str, ...]

    @property
    def searchable(self) -> bool:
        """Whether its fingerprints find it as well as its value does."""
        return bool(self.windows) and not self.odd and self.item.length >= LONG_ENOUGH


class Registry:
    """Remembers credentials and finds them in texts; safe from any thread.

    A credential that is remembered again counts as used. Beyond the bound those that were not used for longest are let go: they
    are masked no more, and found after the run by their fingerprints. Never let go are lasting ones, and those that have no
    or not all fingerprints (short ones, URLs, those with odd characters): about 1 KiB each.

    Args:
        windows_kept: How many windows of passing credentials to keep.

    Attributes:
        names: Which names tell of a credential in this run.
        parameters: The same for fields of forms and queries.
        fingerprints: What writes each credential's fingerprints.
        let_go: How many are not kept any more. One that is remembered after that counts as another.
        not_sought: Credentials that can't be searched for without false alarms: short ones, and everybody's.
    """

    def __init__(self, windows_kept: int = WINDOWS_KEPT) -> None:
        self._lock = threading.Lock()
        self._windows_kept = windows_kept
        self.name_credentials()
        self.fingerprints = FingerprintWriter()
        self.let_go = 0
        self.not_sought: list[Remembered] = []
        self._count = 0
        self._lasting: dict[str, _Kept] = {}
        self._passing: dict[str, _Kept] = {}  # in the order of their last use
        self._passing_windows = 0
        self._windows: dict[str, _Kept] = {}  # where several share one, it is the lasting one's, or the last used one's
        self._odd: Needles[_Kept] = Needles()

    def name_credentials(self, more: str | Iterable[str] = ()) -> None:
        """Say which names tell of a credential, besides the usual ones; see [CredentialNames][realstack.secrets.names]."""
        self.names = CredentialNames(more)
        self.parameters = self.names.also(*PARAMETER_NAMES)

    def remember(self, value: str, what: str, *, lasting: bool = False) -> str:
        """Remember a credential and return it unchanged.

        Args:
            value: The credential as it is. An empty one is ignored.
            what: Its kind and origin, for the report of a leak.
            lasting: It may appear for as long as the run lasts, such as a service's password: it is never let go.
        """
        if not value or value in (HIDDEN, SECRETS_TEXT):
            return value
        with self._lock:
            if value in self._lasting:
                return value
            kept = self._passing.pop(value, None)
            if kept is None:
                kept = self._learn(value, what)
            else:
                self._passing_windows -= len(kept.windows)
            if lasting or not kept.searchable:
                self._lasting[value] = kept
            else:
                self._passing[value] = kept
                self._passing_windows += len(kept.windows)
            self._look_for(kept)
            while self._passing_windows > self._windows_kept and len(self._passing) > 1:
                self._let_go_oldest()
        return value

    def leave_fingerprints(self, path: Path) -> None:
        """Write the fingerprints of all credentials, past and coming, to a file; the first one told is used."""
        with self._lock:
            self.fingerprints.open(path)

    def known(self, since: int = 0) -> list[tuple[str, str, bool]]:
        """Credentials that are kept, each with what it is and whether it lasts; for workers of this run, in memory only.

        Args:
            since: Only those that became known after so many.
        """
        with self._lock:
            kept = [(one, lasting) for held, lasting in ((self._lasting, True), (self._passing, False)) for one in held.values()]
        return [(one.value, one.item.what, lasting) for one, lasting in kept if one.item.number > since]

    def __len__(self) -> int:
        return self._count

    @property
    def kept_windows(self) -> int:
        """How many windows are in memory."""
        return len(self._windows) + len(self._odd)

    def _learn(self, value: str, what: str) -> _Kept:
        self._count += 1
        item = Remembered(self._count, what, len(value))
        sought = len(value) >= SHORTEST and value.lower() not in EVERYBODY_S
        found = tuple(dict.fromkeys(windows(value))) if sought else ()
        plain = tuple(window for window in found if len(window) == WINDOW and _PLAIN.fullmatch(window))
        if not sought:
            self.not_sought.append(item)
        self.fingerprints.add(what, plain if len(value) >= LONG_ENOUGH else ())
        return _Kept(item, value, plain, tuple(window for window in found if window not in plain))

    def _look_for(self, kept: _Kept) -> None:
        for window in kept.windows:
            holder = self._windows.get(window)
            if holder is None or holder.value not in self._lasting:
                self._windows[window] = kept
        for needle in kept.odd:
            self._odd.add(needle, kept)

    def _let_go_oldest(self) -> None:
        oldest = self._passing.pop(next(iter(self._passing)))
        self._passing_windows -= len(oldest.windows)
        self.let_go += 1
        for window in oldest.windows:
            if self._windows.get(window) is oldest:
                del self._windows[window]

    def find(self, text: str) -> list[Remembered]:
        """The credentials that a text holds in any form, whole or in part, each once, by number."""
        found = {kept.item.number: kept.item for _, kept in self._hits(text)}
        return [found[number] for number in sorted(found)]

    def _hits(self, text: str) -> Iterator[tuple[int, _Kept]]:
        known = self._windows
        if known:
            for run in _RUN.finditer(text):
                chunk, base = run.group(), run.start()
                for at in range(len(chunk) - WINDOW + 1):
                    kept = known.get(chunk[at : at + WINDOW])
                    if kept is not None:
                        yield base + at, kept
        yield from self._odd.find(text)

    def scrub(self, text: str) -> str:
        """The text with every credential that it holds replaced by ``<hidden>``, whatever its form."""
        hit = {kept.value for _, kept in self._hits(text)}
        for value in sorted(hit, key=len, reverse=True):
            for form in sorted(forms(value) | forms(core(value)), key=len, reverse=True):
                text = text.replace(form, HIDDEN) if len(form) >= SHORTEST else text
        # A credential that was cut off leaves stretches that no whole form matches: their words go as a whole.
        while (left := next(self._hits(text), None)) is not None:
            start, end = _word(text, left[0])
            text = text[:start] + HIDDEN + text[end:]
        return text


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
