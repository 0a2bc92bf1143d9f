"""Things that belong to the test or the suite that made them, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from realstack.core.errors import StackError, explain
from realstack.core.ownership import Ownership

T = TypeVar("T")


class Registry(Generic[T]):
    """Named things of one sort.

    Args:
        sort: What they are called in errors, such as ``session``.
        keyword: The keyword that makes one.
        owner_of_now: Tells the full name of the running test or suite.
    """

    def __init__(self, sort: str, keyword: str, owner_of_now: Callable[[], str]) -> None:
        self.sort = sort
        self.keyword = keyword
        self._owner_of_now = owner_of_now
        self._ownership: Ownership[T] = Ownership()
        self._things: dict[str, T] = {}

    def require_free(self, name: str) -> None:
        """Refuse a name that is taken.

        Raises:
            StackError: It is.
        """
        if name in self._things:
            owner = self._ownership.owner_of(self._things[name])
            raise StackError(
                explain(
                    f"a free name for the {self.sort}",
                    f"'{name}' is open already, made by '{owner}'",
                    remedy="Take another name, or close that one first.",
                )
            )

    def add(self, name: str, thing: T) -> None:
        """Keep a thing for the owner of now."""
        self.require_free(name)
        self._things[name] = thing
        self._ownership.add(self._owner_of_now(), thing)

    def get(self, name: str) -> T:
        """The thing of that name.

        Raises:
            StackError: There is none; those that are there are in the text.
        """
        if name not in self._things:
            there = ", ".join(self._things) or "none"
            raise StackError(f"No {self.sort} is called '{name}'. Open are: {there}. Use [{self.keyword}] first.")
        return self._things[name]

    def pop(self, name: str) -> T:
        """Take a thing out."""
        thing = self.get(name)
        del self._things[name]
        self._ownership.drop(thing)
        return thing

    def release(self, owner: str) -> list[T]:
        """Take out everything of a test, or of a suite and all in it, the newest first."""
        return self._forget(self._ownership.release(owner, below=True))

    def release_all(self) -> list[T]:
        """Take out everything, the newest first."""
        return [self.pop(name) for name in reversed(list(self._things))]

    def items(self) -> Iterator[tuple[str, T]]:
        """Names and things, in the order in which they were made."""
        return iter(list(self._things.items()))

    def __contains__(self, name: str) -> bool:
        return name in self._things

    def __len__(self) -> int:
        return len(self._things)

    def _forget(self, things: list[T]) -> list[T]:
        self._things = {name: thing for name, thing in self._things.items() if not any(thing is one for one in things)}
        return things
