"""Whether this machine is slow, found out by a short piece of work on as many cores as tests need.

What a test gets of a machine is what its processors can do, less what a quota, a hypervisor or other processes keep back for
good. One figure has all of it: how long work takes that keeps so many cores busy. A moment's load, or a moment's quiet, changes
one round of it; so several rounds must agree, and where one was slow they lie farther apart.
"""

from __future__ import annotations

import hashlib
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass

QUICK = 0.02
"""Seconds that a round takes on the two quiet cores that the deadlines of quick profiles were set on."""
SLOW = 2.5
"""So many times as long is slow: tests need about half of their time limits."""
AGREE = 3
"""Rounds that must agree: the verdict is that of most of five."""
BETWEEN = 0.02
"""Seconds between two rounds …"""
AFTER_SLOW = 0.5
"""… and after a slow one: what slowed it may be over by then."""

_TEXT = 200_000


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was found.

    Attributes:
        cores: On how many cores the work was done.
        rounds: Seconds that each round took.
        slow: Whether the machine is slow.
    """

    cores: int
    rounds: tuple[float, ...]
    slow: bool

    def __str__(self) -> str:
        took = ", ".join(f"{seconds * 1000:.0f}" for seconds in self.rounds)
        return f"work that {self.cores} quick cores do in {QUICK * 1000:.0f} ms took {took} ms"


def calibrate(cores: int, work: Callable[[int], float] | None = None, pause: Callable[[float], None] = time.sleep) -> Calibration:
    """Find out whether this machine is slow; takes 0.15 s on one that is not.

    Args:
        cores: How many cores are needed.
        work: Does one round on so many cores and returns its seconds.
        pause: Waits so many seconds.
    """
    work = work or _compress()
    rounds: list[float] = []
    while True:
        rounds.append(work(cores))
        slow = sum(seconds > SLOW * QUICK for seconds in rounds)
        if slow == AGREE or len(rounds) - slow == AGREE:
            return Calibration(cores, tuple(rounds), slow == AGREE)
        pause(AFTER_SLOW if rounds[-1] > SLOW * QUICK else BETWEEN)


def _compress() -> Callable[[int], float]:
    """A round: each core packs a text. That needs no lock of the interpreter, unlike work in Python."""
    text = hashlib.shake_128(b"realstack").hexdigest(_TEXT).encode()

    def work(cores: int) -> float:
        threads = [threading.Thread(target=zlib.compress, args=(text,)) for _ in range(cores)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - began

    return work
