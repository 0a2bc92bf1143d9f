"""Who owns what: everything a library opens belongs to a test or a suite and ends with it."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Ownership(Generic[T]):
    """Things with their owners; safe from any thread.

    An owner is the full name of a test or of a suite. Names of tests start with the name of their suite,
    so that a suite's end also finds what a test of it left behind.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owned: list[tuple[str, T]] = []

    def add(self, owner: str, thing: T) -> None:
        """Note that a test or suite owns a thing."""
        with self._lock:
            self._owned.append((owner, thing))

    def drop(self, thing: T) -> None:
        """Forget a thing that has ended by other means; unknown things are ignored."""
        with self._lock:
            self._owned = [pair for pair in self._owned if pair[1] is not thing]

    def owner_of(self, thing: T) -> str | None:
        """The full name of the owner, ``None`` for an unknown thing."""
        with self._lock:
            return next((owner for owner, owned in self._owned if owned is thing), None)

    def owned_by(self, owner: str) -> list[T]:
        """What this test or suite itself owns, newest first."""
        with self._lock:
            return [thing for name, thing in reversed(self._owned) if name == owner]

    def release(self, owner: str, *, below: bool = False) -> list[T]:
        """Take away what an owner has, newest first.

        Args:
            owner: Full name of a test or a suite.
            below: Also what the tests and suites inside it have.
        """
        with self._lock:
            mine = [pair for pair in self._owned if pair[0] == owner or (below and pair[0].startswith(f"{owner}."))]
            self._owned = [pair for pair in self._owned if pair not in mine]
            return [thing for _, thing in reversed(mine)]

    def all(self) -> list[T]:
        """Everything that is owned, oldest first."""
        with self._lock:
            return [thing for _, thing in self._owned]
