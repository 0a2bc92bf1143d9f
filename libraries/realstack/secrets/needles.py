"""Texts that are looked for in others, thousands of them at the price of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from realstack.secrets.forms import SHORTEST

_GRAM = 4
_STEP = SHORTEST - _GRAM + 1

Owner = TypeVar("Owner")


class Needles(Generic[Owner]):
    """Whose texts are found where; a text is looked through once, however many there are.

    The first [SHORTEST][realstack.secrets.forms] characters of each are known, and every stretch of four of them. In a text only
    each fifth stretch of four is looked up: whichever way a needle lies in it, one of them is within its beginning. Nothing is
    ever taken out, so that any thread may look while another one adds.
    """

    def __init__(self) -> None:
        self._owners: dict[str, Owner] = {}
        self._grams: set[str] = set()
        self._beginnings: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._owners)

    def add(self, needle: str, owner: Owner) -> None:
        """Look for a text of [SHORTEST][realstack.secrets.forms] characters or more; one that is known gets another owner."""
        known = needle in self._owners
        self._owners[needle] = owner
        if not known:
            beginning = needle[:SHORTEST]
            self._beginnings[beginning] = (*self._beginnings.get(beginning, ()), needle)
            self._grams.update(beginning[at : at + _GRAM] for at in range(_STEP))

    def find(self, text: str) -> Iterator[tuple[int, Owner]]:
        """Where each is, and whose it is; one that is there several times is told each time."""
        if not self._owners:
            return
        grams, beginnings = self._grams, self._beginnings
        for at in range(0, len(text) - _GRAM + 1, _STEP):
            if text[at : at + _GRAM] in grams:
                for start in range(max(at - _STEP + 1, 0), at + 1):
                    for needle in beginnings.get(text[start : start + SHORTEST], ()):
                        if text.startswith(needle, start):
                            yield start, self._owners[needle]
