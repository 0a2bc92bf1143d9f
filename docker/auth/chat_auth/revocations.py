"""Telling the platform that a session is over.

The table is the truth. What Redis has to know is announced from it, at once where possible, again when Redis comes back, and
all over when it is another Redis than before (restarted, so that it may have forgotten).
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from redis.asyncio import Redis

from chat_common.errors import StoreUnavailable
from chat_common.logs import Log
from chat_common.postgres import Database
from chat_common.redis_client import REDIS_ERRORS

log = Log("revocations")

CHANNEL = "sessions"
# How often Redis is looked at (seconds).
WATCH_SECONDS = 1.0
# Nobody's logout waits longer for Redis than this (seconds).
ANNOUNCE_SECONDS = 0.3
# A revocation outlives the last access token of its session by this much (seconds).
MARGIN = 60


class Revocations:
    """Announces revoked sessions.

    Args:
        database: Where the sessions are.
        redis: Where they are announced.
        lifetime: Seconds that an access token is good for.
    """

    def __init__(self, database: Database, redis: Redis, lifetime: int) -> None:
        self._database = database
        self._redis = redis
        self._lifetime = lifetime + MARGIN
        self._wake = asyncio.Event()
        self._announced_to: str | None = None

    def notify(self) -> None:
        """Say that there is something to announce."""
        self._wake.set()

    async def announce(self) -> None:
        """Announce what isn't yet, now; what fails, or takes too long, is tried again by `run`."""
        try:
            async with asyncio.timeout(ANNOUNCE_SECONDS):
                await self._announce()
        except (*REDIS_ERRORS, StoreUnavailable) as error:
            log.warning("revocation_delayed", reason=type(error).__name__)
            self.notify()

    async def run(self) -> None:
        """Keep Redis informed until cancelled."""
        while True:
            try:
                info: dict[str, Any] = await self._redis.info("server")
                if info["run_id"] != self._announced_to:
                    await self._forget_announcements()
                    await self._announce()
                    self._announced_to = info["run_id"]
                elif self._wake.is_set():
                    self._wake.clear()
                    await self._announce()
            except (*REDIS_ERRORS, StoreUnavailable) as error:
                # There is something to announce still, whichever store could not be asked.
                self._wake.set()
                log.debug("announcement_waits", reason=type(error).__name__)
                await asyncio.sleep(WATCH_SECONDS / 4)
            else:
                await self._pause()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), WATCH_SECONDS)
        except TimeoutError:
            return

    async def _forget_announcements(self) -> None:
        await self._database.execute(
            "UPDATE sessions SET announced_at = NULL WHERE revoked_at > now() - make_interval(secs => $1)", float(self._lifetime)
        )

    async def _announce(self) -> None:
        rows = await self._database.fetch(
            "SELECT id, revoked_reason, ceil(extract(epoch FROM revoked_at + make_interval(secs => $1) - now()))::int AS seconds "
            "FROM sessions WHERE revoked_at > now() - make_interval(secs => $1) AND announced_at IS NULL ORDER BY revoked_at",
            float(self._lifetime),
        )
        for row in rows:
            message = json.dumps({"sid": str(row["id"]), "reason": row["revoked_reason"]})
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.set(f"session:revoked:{row['id']}", "1", ex=max(1, row["seconds"]))
                pipe.publish(CHANNEL, message)
                await pipe.execute()
            await self._database.execute("UPDATE sessions SET announced_at = now() WHERE id = $1", row["id"])
            log.info("session_revoked", session_id=str(row["id"]), reason=row["revoked_reason"])
