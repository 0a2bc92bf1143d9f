"""What tests and suites have opened: by alias, with its owner, and closed with it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from realstack.core.errors import StackError, explain

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    thing: T
    owner: str
    number: int


class Owned(Generic[T]):
    """Things of one kind; safe from any thread.

    Each has an alias and an owner, the full name of the test or suite that opened it. The one that was opened or switched to last
    is the current one: keywords use it where no alias is given.

    Args:
        kind: What such a thing is called in errors, such as ``session``.
        opener: The keyword that opens one, such as ``Open Session``.
    """

    def __init__(self, kind: str, opener: str) -> None:
        self.kind = kind
        self.opener = opener
        self._lock = threading.RLock()
        self._entries: dict[str, _Entry[T]] = {}
        self._made_up = 0
        self._numbers = itertools.count(1)

    def add(self, thing: T, owner: str, alias: str | None = None) -> str:
        """Keep a thing for its owner; it becomes the current one.

        Args:
            thing: What was opened.
            owner: Full name of a test or suite.
            alias: Its name; one is made up where none is given.

        Returns:
            Its alias.

        Raises:
            StackError: The alias is taken.
        """
        with self._lock:
            name = self.free_alias(alias)
            self._entries[name] = _Entry(thing, owner, next(self._numbers))
            return name

    def free_alias(self, alias: str | None = None) -> str:
        """The alias itself, or one that is made up; to be asked before something is opened for nothing.

        Raises:
            StackError: It is taken, or empty.
        """
        with self._lock:
            if alias is None:
                while True:
                    self._made_up += 1
                    made_up = f"{self.kind.replace(' ', '-')}-{self._made_up}"
                    if made_up not in self._entries:
                        return made_up
            if not alias.strip():
                raise StackError(explain(f"an alias for the {self.kind}", f"{alias!r}", remedy="Is a variable empty?"))
            if alias in self._entries:
                raise StackError(
                    explain(
                        f"a free alias for the {self.kind}",
                        f"'{alias}' is taken, opened by '{self._entries[alias].owner}'",
                        remedy="Choose another alias, or close that one first.",
                    )
                )
            return alias

    def name(self, alias: str | None = None) -> str:
        """The alias itself, or the current one's.

        Raises:
            StackError: There is no such thing; says which there are.
        """
        with self._lock:
            if alias is None and self._entries:
                return next(reversed(self._entries))
            if alias is None:
                raise StackError(f"There is no {self.kind}. Use [{self.opener}] first.")
            if alias not in self._entries:
                there = ", ".join(self._entries) or "none"
                raise StackError(f"No {self.kind} has the alias '{alias}'. Open are: {there}. Use [{self.opener}] first.")
            return alias

    def get(self, alias: str | None = None) -> T:
        """The thing with this alias, or the current one.

        Raises:
            StackError: There is none; says which there are.
        """
        with self._lock:
            return self._entries[self.name(alias)].thing

    def switch(self, alias: str) -> str | None:
        """Make another one the current one.

        Returns:
            The alias of the one that was.

        Raises:
            StackError: There is none with this alias.
        """
        with self._lock:
            before = next(reversed(self._entries), None)
            name = self.name(alias)
            self._entries[name] = self._entries.pop(name)
            return before

    def pop(self, alias: str | None = None) -> T:
        """Take a thing out, to close it; errors as in `name`."""
        with self._lock:
            return self._entries.pop(self.name(alias)).thing

    def drop(self, thing: T) -> None:
        """Forget a thing that has ended by other means; an unknown one is ignored."""
        with self._lock:
            self._entries = {name: entry for name, entry in self._entries.items() if entry.thing is not thing}

    def release(self, owner: str, *, below: bool = True) -> list[T]:
        """Take out what an owner has, the newest first.

        Args:
            owner: Full name of a test or suite.
            below: Whether what tests and suites inside it have goes, too.
        """
        with self._lock:
            mine = {
                name: entry
                for name, entry in self._entries.items()
                if entry.owner == owner or (below and entry.owner.startswith(f"{owner}."))
            }
            for name in mine:
                del self._entries[name]
            return [thing for _, thing in reversed(_by_age(mine))]

    def release_all(self) -> list[T]:
        """Take out everything, the newest first."""
        with self._lock:
            everything = [thing for _, thing in reversed(_by_age(self._entries))]
            self._entries.clear()
            return everything

    def items(self) -> list[tuple[str, T]]:
        """Aliases and things, the current one last."""
        with self._lock:
            return [(name, entry.thing) for name, entry in self._entries.items()]

    def by_age(self) -> list[tuple[str, T]]:
        """Aliases and things in the order in which they were added, whichever is the current one."""
        with self._lock:
            return _by_age(self._entries)

    def names(self) -> list[str]:
        """All aliases, the current one last."""
        return [name for name, _ in self.items()]

    def __iter__(self) -> Iterator[T]:
        return iter([thing for _, thing in self.items()])

    def __contains__(self, alias: object) -> bool:
        with self._lock:
            return alias in self._entries

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)


def _by_age(entries: Mapping[str, _Entry[T]]) -> list[tuple[str, T]]:
    return [(name, entry.thing) for name, entry in sorted(entries.items(), key=lambda pair: pair[1].number)]
