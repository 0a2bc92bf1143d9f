"""Waiting for the run's turn, in words on the console and without being deaf to Ctrl-C."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from robot.api import logger

from realstack.core.system import is_linux
from realstack.core.waiting import Deadline, wait_until
from realstack.lease.marker import started_by_a_run

if TYPE_CHECKING:
    from realstack.lease.turns import Ticket, Turns

LOOK_AGAIN = 0.02
"""Seconds between two looks."""
TELL_AFTER = 1.0
"""Seconds of waiting that the console is told of."""


class Turn:
    """The run's turn among the runs of this machine.

    Attributes:
        waited: Seconds that the run has waited for it.
    """

    def __init__(self) -> None:
        self.waited = 0.0
        self._turns: Turns | None = None
        self._told = False

    def wait(self, cores: int, results: Path) -> None:
        """Return when it is the run's turn, or when the user wants the run to end.

        A run that a test of another run has started is at work for that one, in its turn. Elsewhere than on Linux there are no
        leases, and so no turns.

        Args:
            cores: How many it needs for itself.
            results: Folder of its results, for others to tell whom they wait for.
        """
        if started_by_a_run() or not is_linux():
            return
        from realstack.lease.lease import current_lease  # noqa: PLC0415 -- what only Linux has
        from realstack.lease.turns import Turns  # noqa: PLC0415

        self._turns = Turns(current_lease().folder, cores, str(results.resolve()))
        self._wait()

    def go_round(self) -> float:
        """Let those who wait come first, and wait for the next turn.

        Returns:
            For how many seconds it waited.
        """
        if self._turns is None:
            return 0.0
        self._turns.leave()
        return self._wait()

    def leave(self) -> None:
        """The run needs its cores no more."""
        if self._turns is not None:
            self._turns.leave()
            self._turns = None

    def _wait(self) -> float:
        turns = self._turns
        if turns is None or not turns.ask():
            return 0.0
        waiting = Deadline(math.inf)  # others take as long as they take

        def look() -> list[Ticket]:
            others = turns.ask()
            if others and not self._told and waiting.elapsed > TELL_AFTER:
                self._told = True
                logger.console(f"\nOther runs need the same cores, so that tests take turns: {', '.join(map(str, others))}.")
            return others

        with _interrupts() as interrupted:
            wait_until(look, lambda others: not others or interrupted.is_set(), waiting, LOOK_AGAIN)
        self.waited += waiting.elapsed
        return waiting.elapsed


@contextlib.contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Set when the user wants the run to end, which Robot Framework only notes while no keyword runs."""
    heard = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def hear(number: int, frame: FrameType | None) -> None:
        heard.set()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, hear)
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
