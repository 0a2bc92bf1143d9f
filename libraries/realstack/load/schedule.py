"""Planned times: when each iteration of a load is to begin, decided before anything is sent."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from realstack.core.errors import StackError, explain

MOST_USERS = 1000
"""Users of one worker."""

MOST_RATE = 2000.0
"""Iterations a second of one worker."""

MOST_SECONDS = 48 * 3600.0

Arrivals = Literal["constant", "poisson"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When iterations begin.

    Without a rate, every user does ``times`` iterations: all users begin at the same moment, or spread evenly over ``spread``
    seconds, and go on every ``every`` seconds. With a rate, iterations arrive at it for ``duration`` seconds and
    are dealt to the users in turn; ``rate_end`` makes it a ramp. With a duration alone every user does one iteration after the
    other until it is over (closed model), ``every`` seconds apart at least: for work that is to be done over and over, not
    for latencies. Where it takes so many, users go on beyond it until ``least`` iterations have begun, as long as the load's
    limits let them.

    Attributes:
        times: Iterations of each user.
        spread: Seconds over which the users' first iterations are spread; 0 is a barrier.
        every: Seconds between the iterations of one user.
        rate: Iterations a second, of all users together.
        rate_end: Rate at the end of the duration; None keeps it constant.
        duration: Seconds, for a rate or a closed model.
        least: Iterations of all users together, for a closed model.
        arrivals: Evenly spaced, or at random with the same rate (Poisson process).
        seed: Of the random arrivals.
    """

    times: int = 1
    spread: float = 0.0
    every: float = 0.0
    rate: float | None = None
    rate_end: float | None = None
    duration: float = 0.0
    least: int = 0
    arrivals: Arrivals = "constant"
    seed: int = 1

    @property
    def closed(self) -> bool:
        """Whether iterations begin when the one before is over, instead of at planned times."""
        return self.rate is None and self.duration > 0

    def check(self, users: int, workers: int = 1) -> None:
        """Refuse what is out of bounds.

        Args:
            users: How many there are.
            workers: Among whom they are divided.

        Raises:
            StackError: It is; the text tells what is possible.
        """
        fastest = max(self.rate or 0.0, self.rate_end or 0.0)
        most_users, most_rate = MOST_USERS * workers, MOST_RATE * workers
        rules = [
            (1 <= users <= most_users, f"1 to {most_users} users", f"{users}"),
            (self.times >= 1, "at least one iteration", f"{self.times}"),
            (min(self.spread, self.every, self.duration) >= 0, "times that are not negative", "a negative one"),
            (fastest <= most_rate, f"at most {most_rate:g} iterations a second", f"{fastest:g}"),
            (self.rate is None or self.rate > 0, "a rate above 0", f"{self.rate}"),
            (self.rate_end is None or self.rate_end >= 0, "a rate at the end that is not negative", f"{self.rate_end}"),
            (self.rate is None or self.duration > 0, "a duration for a rate", "none"),
            (self.least == 0 or self.closed, "a duration for the least number of iterations, and no rate", f"least={self.least}"),
            (not self.closed or self.times == 1, "either a number of times or a duration", "both"),
            (self.rate is not None or self.rate_end is None, "a rate at the beginning of a ramp", "only one at its end"),
            (self.end(users) <= MOST_SECONDS, f"at most {MOST_SECONDS:g} s", f"{self.end(users):g} s"),
        ]
        for good, expected, seen in rules:
            if not good:
                raise StackError(explain(expected, seen, remedy="See [Run Load]."))

    def end(self, users: int) -> float:
        """The last planned time at most, in seconds after the start."""
        if self.rate is not None or self.closed:
            return self.duration
        return self.spread * (users - 1) / max(users, 1) + self.every * (self.times - 1)

    def deal(self, users: int, own: Collection[int] | None = None) -> list[Iterator[float]]:
        """The planned times of each user, in seconds after the start, ascending; to be walked through side by side.

        Args:
            users: How many there are.
            own: Numbers, from 0, of those whose times are wanted; all of them unless given.
        """
        numbers = range(users) if own is None else own
        if self.rate is not None:
            deal = _Deal(self._arrivals(), users, numbers)
            return [deal.of_user(number) for number in numbers]
        return [self._evenly(self.spread * number / users) for number in numbers]

    def _evenly(self, first: float) -> Iterator[float]:
        return (first + self.every * round_ for round_ in range(self.times))

    def count(self, users: int) -> int:
        """How many iterations are planned; for random arrivals, counted; 0 where they are not planned ahead."""
        if self.closed:
            return 0
        if self.rate is None:
            return self.times * users
        return sum(1 for _ in self._arrivals())

    def _arrivals(self) -> Iterator[float]:
        """All arrival times of a rate: where its integral reaches 0, 1, 2, …, or sums of unit exponentials."""
        assert self.rate is not None
        dice = random.Random(self.seed)  # noqa: S311 - arrival times are no secret
        total = 0.0 if self.arrivals == "constant" else dice.expovariate(1.0)
        while (at := self._moment(total)) is not None and at < self.duration:
            yield at
            total += 1.0 if self.arrivals == "constant" else dice.expovariate(1.0)

    def _moment(self, arrived: float) -> float | None:
        """When the rate's integral reaches a number; None when it never does."""
        assert self.rate is not None
        end = self.rate if self.rate_end is None else self.rate_end
        inside = self.rate**2 + 2 * arrived * (end - self.rate) / self.duration
        # Not the difference of two numbers over the slope: between rates that hardly differ nothing would be left of it.
        return None if inside < 0 else 2 * arrived / (math.sqrt(inside) + self.rate)


class _Deal:
    """Arrivals that are dealt to users in turn: each is looked at once, whoever asks for it first."""

    def __init__(self, arrivals: Iterator[float], users: int, own: Collection[int]) -> None:
        self._arrivals = arrivals
        self._users = users
        self._turn = 0
        self._dealt: dict[int, deque[float]] = {number: deque() for number in own}

    def of_user(self, number: int) -> Iterator[float]:
        """The arrivals of one of those whose times are wanted."""
        mine = self._dealt[number]
        while mine or self._go_on(number):
            yield mine.popleft()

    def _go_on(self, until: int) -> bool:
        """Deal on until this user has one; whether it got one."""
        for at in self._arrivals:
            turn, self._turn = self._turn, (self._turn + 1) % self._users
            if turn in self._dealt:
                self._dealt[turn].append(at)
            if turn == until:
                return True
        return False
