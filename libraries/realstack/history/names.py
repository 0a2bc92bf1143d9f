"""Short names: ``m-17``, ``t-1``, ``r-3``."""

from __future__ import annotations


class Names:
    """Short names of one letter: of what facts are about by first appearance, of anything else by who asks first."""

    def __init__(self, letter: str) -> None:
        self._letter = letter
        self._given: dict[str, str] = {}
        self._since: list[int] = []
        self._asked: dict[str, str] = {}

    def give(self, index: int, identity: str) -> None:
        """Name what appears in the event at a position."""
        if identity not in self._given:
            self._given[identity] = f"{self._letter}-{len(self._given) + 1}"
            self._since.append(index)

    def of(self, identity: str) -> str:
        """The name of anything."""
        name = self._given.get(identity) or self._asked.get(identity)
        if name is None:
            name = self._asked[identity] = f"{self._letter}-{len(self._given) + len(self._asked) + 1}"
        return name

    def all(self) -> dict[str, str]:
        """Identities and their names."""
        return {**self._given, **self._asked}

    def forget_asked(self) -> None:
        """What only was asked for gets its name anew when more has appeared."""
        self._asked.clear()

    def take_back(self, position: int) -> None:
        """Forget the names given from a position on."""
        while self._since and self._since[-1] >= position:
            self._since.pop()
            self._given.popitem()
