"""How an answer flows that comes piece by piece: its first word, its longest gap, its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Pace:
    """The figures of an answer, in seconds.

    Attributes:
        first: From the question to the first piece.
        gap: The longest time in which nothing came, from the first piece on to the end.
        before: Which piece came before it, counted from 0.
        end: From the question to the end.
        pieces: How many there were.
    """

    first: float
    gap: float
    before: int
    end: float
    pieces: int

    @classmethod
    def of(cls, asked: float, pieces: Sequence[float], end: float) -> Pace:
        """The figures of an answer, which has one piece at least, by when it was asked for, its pieces came, and it ended."""
        gaps = [later - earlier for earlier, later in pairwise([*pieces, end])]
        return cls(pieces[0] - asked, max(gaps), gaps.index(max(gaps)), end - asked, len(pieces))
