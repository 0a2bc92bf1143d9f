"""What must be undone when a test or suite ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from robot.api import logger

from realstack.core.keywords.scope import current_owner
from realstack.core.keywords.waiting import wait
from realstack.core.ownership import Owned

Undo = Callable[[], Awaitable[object]]

PATIENCE = 10.0
"""Seconds that undoing all of a test may take."""


class Undoing:
    """What undoes faults, each with the test or suite that made the fault."""

    def __init__(self) -> None:
        self._owned: Owned[Undo] = Owned("fault", "Cut Link")

    def add(self, undo: Undo) -> None:
        """Have something undone when the running test, or suite, ends."""
        self._owned.add(undo, current_owner())

    def release(self, owner: str, *, below: bool) -> None:
        """Undo what a test or suite has done, newest first; what can't be undone is told and never changes a verdict."""
        undos = self._owned.release(owner, below=below)
        if not undos:
            return

        async def undo_all() -> list[BaseException]:
            failures: list[BaseException] = []
            for undo in undos:
                results = await asyncio.gather(undo(), return_exceptions=True)
                failures += [result for result in results if isinstance(result, BaseException)]
            return failures

        for failure in wait(undo_all(), PATIENCE):
            logger.error(f"A fault could not be undone at the end of '{owner}': {failure}")
