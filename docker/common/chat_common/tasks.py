"""Background work that survives its own failures."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from chat_common.errors import StoreUnavailable
from chat_common.logs import Log
from chat_common.redis_client import REDIS_ERRORS

log = Log("tasks")

T = TypeVar("T")

CANCEL_AGAIN_AFTER = 1.0
"""Seconds that a cancelled task has for its clean-up before it is taken for one that was not told."""


def jittered(attempt: int, *, base: float = 0.1, cap: float = 2.0) -> float:
    """Seconds to pause before try number `attempt` (0 is the first): doubling, capped, and between half and all of it."""
    return min(cap, base * 2.0 ** min(attempt, 16)) * random.uniform(0.5, 1.0)  # noqa: S311 - spreading, not a secret


async def keep_running(name: str, work: Callable[[], Awaitable[None]], *, cap: float = 2.0) -> None:
    """Run `work` again whenever it fails, with a growing pause; returns when it returns, ends when cancelled."""
    attempt = 0
    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        try:
            await work()
        except Exception as error:  # one failure must not end a service's background work
            if loop.time() - started > cap:
                attempt = 0
            # A store that is away is what it is for; anything else is a mistake.
            tell = log.warning if isinstance(error, (StoreUnavailable, *REDIS_ERRORS)) else log.error
            tell("background_work_failed", work=name, reason=type(error).__name__, attempt=attempt, detail=str(error))
            await asyncio.sleep(jittered(attempt, cap=cap))
            attempt += 1
        else:
            return


async def insist(what: str, act: Callable[[], Awaitable[T]], *errors: type[BaseException]) -> T:
    """Do something again and again, with a growing pause, for as long as it fails with one of these errors.

    Args:
        what: What the log calls it.
        act: Does it; must be harmless to repeat.
        errors: What says "not now".
    """
    attempt = 0
    while True:
        try:
            return await act()
        except errors as error:
            log.warning("store_awaited", what=what, reason=type(error).__name__, attempt=attempt)
            await asyncio.sleep(jittered(attempt, cap=1.0))
            attempt += 1


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they are over; what they fail with is logged by whoever runs them."""
    left = {*tasks}
    while left:
        for task in left:
            task.cancel()
        # Some libraries swallow it where it meets a time limit of theirs: redis-py does while a subscription connects.
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_AFTER)
    await asyncio.gather(*tasks, return_exceptions=True)


class Together:
    """Lets callers that want the same thing at the same time share one attempt at it, its result and its failure."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[Any]] = {}

    async def run(self, what: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Do the work, or wait for whoever is doing it; a caller that is cancelled cancels nobody else's wait."""
        task = self._running.get(what)
        if task is None:
            task = self._running[what] = asyncio.create_task(work(), name=what)
            task.add_done_callback(lambda _task: self._running.pop(what, None))
        return await asyncio.shield(task)
