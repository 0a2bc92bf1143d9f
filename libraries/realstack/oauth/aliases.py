"""Things by name, each belonging to the test or suite that opened it."""

from __future__ import annotations

from typing import Generic, TypeVar

from realstack.core.errors import StackError

T = TypeVar("T")


class Aliases(Generic[T]):
    """Open things of one kind; the one opened last is the current one.

    Args:
        what: What they are, for errors: ``session``.
        opener: The keyword that opens one: ``Open Session``.
    """

    def __init__(self, what: str, opener: str) -> None:
        self._what = what
        self._opener = opener
        self._items: dict[str, tuple[T, str]] = {}
        self._count = 0

    def add(self, alias: str | None, item: T, owner: str) -> str:
        """Put a thing under its alias, or under a made-up one; it becomes the current one.

        Raises:
            StackError: The alias is taken.
        """
        self._count += 1
        name = alias or f"{self._what.replace(' ', '-')}-{self._count}"
        self.check_free(name)
        self._items[name] = (item, owner)
        return name

    def check_free(self, alias: str | None) -> None:
        """Refuse an alias that is taken.

        Raises:
            StackError: It is.
        """
        if alias in self._items:
            raise StackError(
                f"There is already a {self._what} with the alias {alias!r}. Close it first, or choose another alias."
            )

    def name(self, alias: str | None = None) -> str:
        """The alias itself, or the current one's.

        Raises:
            StackError: There is no such thing; the text tells which there are.
        """
        if alias is None and self._items:
            return next(reversed(self._items))
        if alias is None:
            raise StackError(f"There is no {self._what}. Use [{self._opener}] first.")
        if alias not in self._items:
            known = ", ".join(self._items) or "none"
            raise StackError(f"No {self._what} has the alias {alias!r}. Open are: {known}. Use [{self._opener}] first.")
        return alias

    def get(self, alias: str | None = None) -> T:
        """The thing of that alias, or the current one; errors as in [name][Aliases.name]."""
        return self._items[self.name(alias)][0]

    def switch(self, alias: str) -> str | None:
        """Make another one current; returns the alias that was."""
        old = next(reversed(self._items), None)
        name = self.name(alias)
        self._items[name] = self._items.pop(name)
        return old

    def take(self, alias: str | None = None) -> T:
        """Remove a thing and return it, for closing; errors as in [name][Aliases.name]."""
        return self._items.pop(self.name(alias))[0]

    def take_owned(self, owner: str) -> list[T]:
        """Remove all things of an owner and return them, the latest first."""
        names = [name for name, (_, held_by) in self._items.items() if held_by == owner]
        return [self._items.pop(name)[0] for name in reversed(names)]

    def names(self) -> list[str]:
        """All aliases, the current one last."""
        return list(self._items)

    def items(self) -> list[T]:
        """All things, the current one last."""
        return [item for item, _ in self._items.values()]
