"""Waiting for the run's turn, in words on the console and without being deaf to Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

from robot.api import logger

from realstack.lease.turns import Turns

LOOK_AGAIN = 0.02
"""Seconds between two looks."""
TELL_AFTER = 1.0
"""Seconds of waiting that the console is told of."""


class Waits:
    """A run's waits for its turn.

    Args:
        turns: The run's place among the others.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._told = False

    def for_turn(self) -> float:
        """Return when it is the run's turn, or when the user wants the run to end.

        Returns:
            For how many seconds it waited.
        """
        if not self._turns.ask():
            return 0.0
        began = time.monotonic()
        with _interrupts() as interrupted:
            while (others := self._turns.ask()) and not interrupted.is_set():
                if not self._told and time.monotonic() > began + TELL_AFTER:
                    self._told = True
                    logger.console(f"\nOther runs need the same cores, so that tests take turns: {', '.join(map(str, others))}.")
                time.sleep(LOOK_AGAIN)
        return time.monotonic() - began

    def pass_on(self) -> float:
        """Let those who wait come first, and wait for the next turn.

        Returns:
            For how many seconds it waited.
        """
        self._turns.leave()
        return self.for_turn()

    def leave(self) -> None:
        """The run needs its cores no more."""
        self._turns.leave()


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
