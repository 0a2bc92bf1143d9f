"""What a replica tells the others after a commit; nothing that is true depends on its arrival."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict

from redis.asyncio import Redis

from chat_common.logs import Log
from chat_common.redis_client import REDIS_ERRORS
from chat_common.runqueue import RunQueue, user_channel

log = Log("doorbell")

REDIS_SECONDS = 1.0
RETRY_SECONDS = 0.3
# Announcements kept for a Redis that is away; messages are found in PostgreSQL without any.
KEPT = 10_000


class Doorbell:
    """Publishes doorbells and announcements, and puts runs into the queue.

    Args:
        redis: Client that decodes responses.
        queue: The queue of runs.
    """

    def __init__(self, redis: Redis, queue: RunQueue) -> None:
        self._redis = redis
        self._queue = queue
        self._kept: OrderedDict[tuple[str, str], tuple[str, str]] = OrderedDict()

    async def message_stored(self, user_id: str, thread_id: str, seq: int, run_id: str) -> None:
        """Ring for a new message and put its run into the queue. What fails here is made good by the sweeps."""
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                await self._queue.enqueue(run_id, user_id)
                await self._redis.publish(user_channel(user_id), json.dumps({"thread_id": thread_id, "seq": seq}))
        except REDIS_ERRORS as error:
            log.warning("doorbell_failed", user_id=user_id, thread_id=thread_id, seq=seq, reason=type(error).__name__)

    async def stop_asked(self, run_id: str, user_id: str) -> None:
        """Let a run that was asked to stop tell nothing more, and wake its worker; which looks for itself where this fails."""
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                await self._queue.stop(run_id, user_id)
        except REDIS_ERRORS as error:
            log.warning("stop_not_told", user_id=user_id, run_id=run_id, reason=type(error).__name__)

    async def announce(self, user_id: str, subject: str, text: str) -> None:
        """Publish a frame to a user's tabs; kept and sent later when Redis is away.

        Args:
            user_id: Whose tabs.
            subject: What the frame is about; a newer frame about the same replaces one that is kept.
            text: The frame.
        """
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                await self._redis.publish(user_channel(user_id), text)
        except REDIS_ERRORS as error:
            log.warning("announcement_kept", user_id=user_id, subject=subject, reason=type(error).__name__)
            self._kept[(user_id, subject)] = (user_channel(user_id), text)
            self._kept.move_to_end((user_id, subject))
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    async def run(self) -> None:
        """Send what is kept, until cancelled."""
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            try:
                while self._kept:
                    key, (channel, text) = next(iter(self._kept.items()))
                    async with asyncio.timeout(REDIS_SECONDS):
                        await self._redis.publish(channel, text)
                    if self._kept.get(key) == (channel, text):
                        del self._kept[key]
            except REDIS_ERRORS as error:
                log.debug("announcements_wait", count=len(self._kept), reason=type(error).__name__)
