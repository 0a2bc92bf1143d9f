"""What else may explain a failure: log lines of services, screenshots, states of stores.

Libraries offer sources; the one that reports a failure collects from them. Collecting never changes a verdict: a
source that fails is reported in its place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from realstack.secrets.redaction import redact_text

MOST = 20_000
"""Characters of one piece of evidence; of longer ones the end is kept."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time that evidence is wanted of.

    Attributes:
        begin: On the monotonic clock.
        end: On the monotonic clock.
        begin_wall: The beginning in seconds since the epoch.
        end_wall: The end in seconds since the epoch.
        zero_wall: When the history's clock stood at 0.000 s, in seconds since the epoch.
        focus_wall: The moment that matters most, such as a violation's; None when no moment stands out.
    """

    begin: float
    end: float
    begin_wall: float
    end_wall: float
    zero_wall: float = 0.0
    focus_wall: float | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some evidence: plain text under a title."""

    title: str
    text: str


Source = Callable[[Window], Iterable[tuple[str, str]]]
"""Gives (title, text) pairs of a window of time."""


class EvidenceSources:
    """The sources of a process, by name; a source offered under a known name takes its place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sources: dict[str, Source] = {}

    def offer(self, name: str, source: Source) -> None:
        """Add a source.

        Args:
            name: Such as ``service logs``.
            source: Called with a [Window][realstack.recording.evidence.Window] when a test has failed.
        """
        with self._lock:
            self._sources[name] = source

    def withdraw(self, name: str) -> None:
        """Take a source away; unknown names are no error."""
        with self._lock:
            self._sources.pop(name, None)

    def collect(self, window: Window) -> list[Piece]:
        """Ask all sources; never raises, for evidence must not turn into another failure."""
        with self._lock:
            sources = dict(self._sources)
        pieces: list[Piece] = []
        for name, source in sources.items():
            try:
                pieces.extend(Piece(str(title), _bounded(redact_text(str(text)))) for title, text in source(window))
            except Exception as error:
                pieces.append(Piece(name, f"could not be collected: {type(error).__name__}: {redact_text(str(error))}"))
        return pieces


def _bounded(text: str) -> str:
    return text if len(text) <= MOST else f"… {len(text) - MOST} characters …\n{text[-MOST:]}"


evidence = EvidenceSources()
"""The sources that all libraries of a process share."""
