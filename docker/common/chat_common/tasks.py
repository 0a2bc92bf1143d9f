"""Background work that survives its own failures."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from chat_common.logs import Log

log = Log("tasks")


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
            log.warning("background_work_failed", work=name, reason=type(error).__name__, attempt=attempt, detail=str(error))
            await asyncio.sleep(jittered(attempt, cap=cap))
            attempt += 1
        else:
            return


async def cancel(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait until they are over; what they fail with is logged by whoever runs them."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
