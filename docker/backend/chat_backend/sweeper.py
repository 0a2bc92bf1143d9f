"""Puts runs into the queue that never got there, or were lost with it."""

from __future__ import annotations

import asyncio

from chat_common.errors import StoreUnavailable
from chat_common.logs import Log
from chat_common.postgres import Database
from chat_common.redis_client import REDIS_ERRORS
from chat_common.runqueue import RUNS_PER_USER, RunQueue

log = Log("sweeper")

SWEEP_SECONDS = 1.0
# A run is put into the queue right after its commit; one that is older may have been forgotten in a crash.
OLD_SECONDS = 1.5
LIMIT = 200


class RunSweeper:
    """Looks for forgotten runs in PostgreSQL.

    Args:
        database: The backend's database.
        queue: The queue of runs, which takes a run that is in it already for what it is.
    """

    def __init__(self, database: Database, queue: RunQueue) -> None:
        self._database = database
        self._queue = queue

    async def run(self) -> None:
        """Sweep until cancelled."""
        await self._database.ready.wait()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
            except (StoreUnavailable, *REDIS_ERRORS) as error:
                log.debug("sweep_postponed", reason=str(error))

    async def sweep(self) -> int:
        """Put forgotten runs into the queue.

        Returns:
            How many.
        """
        rows = await self._database.fetch(
            """
            SELECT id, user_id FROM (
                SELECT id, user_id, created_at, row_number() OVER (PARTITION BY user_id ORDER BY created_at, id) AS place
                FROM runs WHERE state IN ('queued', 'running') AND created_at < now() - make_interval(secs => $1)
            ) AS unfinished WHERE place <= $2 ORDER BY created_at LIMIT $3
            """,
            OLD_SECONDS,
            RUNS_PER_USER,
            LIMIT,
        )
        runs: dict[str, list[str]] = {}
        for row in rows:
            runs.setdefault(str(row["user_id"]), []).append(str(row["id"]))
        count = 0
        for user_id, oldest_first in runs.items():
            for run_id in await self._queue.enqueue_in_turn(oldest_first, user_id):
                log.info("run_requeued", run_id=run_id, user_id=user_id)
                count += 1
        return count
