"""The plans' message limits, counted in Redis.

The counter's life is the window: it begins with the first message that is admitted. The whole decision is one script, so that
tabs and replicas that race are admitted one after the other.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from redis.asyncio import Redis

from chat_common.redis_client import REDIS_ERRORS

# A chat waits this long (seconds) for Redis before a message is refused.
REDIS_SECONDS = 1.0

# The second key remembers that this message was admitted: one whose answer was lost, or that two tabs send again at the same
# time, counts once.
_ADMIT = """
if redis.call('EXISTS', KEYS[2]) == 1 then return {1, 0} end
local count = tonumber(redis.call('GET', KEYS[1]) or '0')
if count >= tonumber(ARGV[1]) then
  local left = redis.call('PTTL', KEYS[1])
  if left >= 0 then return {0, left} end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {0, tonumber(ARGV[2])}
end
redis.call('INCR', KEYS[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
redis.call('SET', KEYS[2], 1, 'PX', math.max(1, redis.call('PTTL', KEYS[1])))
return {1, 0}
"""


class LimitsUnavailable(Exception):
    """Redis can't be asked, so nothing is admitted."""


@dataclass(frozen=True)
class Verdict:
    """Whether a message is admitted, and otherwise how many seconds to wait."""

    admitted: bool
    retry_after: float = 0.0


class Limits:
    """Counts and judges messages.

    Args:
        redis: Client that decodes responses.
        free_messages: Messages of the free plan in one window.
        window: Length of the window in seconds.
    """

    def __init__(self, redis: Redis, free_messages: int, window: float) -> None:
        self._redis = redis
        self._admit = redis.register_script(_ADMIT)
        self.free_messages = free_messages
        self.window = window

    async def admit(self, plan: str, user_id: str, message_id: str) -> Verdict:
        """Decide about a message and count it if it is admitted.

        A paid plan has no limit, but its message too is refused while Redis is away: nothing could be answered then.

        Raises:
            LimitsUnavailable: Redis does not answer.
        """
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                if plan == "paid":
                    await self._redis.ping()
                    return Verdict(True)
                admitted, left = await self._admit(
                    keys=[counter_key(user_id), f"limit:admitted:{user_id}:{message_id}"],
                    args=[self.free_messages, max(1, round(self.window * 1000))],
                )
        except REDIS_ERRORS as error:
            raise LimitsUnavailable(type(error).__name__) from error
        return Verdict(bool(admitted), _seconds(left))

    async def exhausted(self, plan: str, user_id: str) -> float:
        """Seconds until a user may send again, 0 when now; counts nothing.

        Raises:
            LimitsUnavailable: Redis does not answer.
        """
        if plan == "paid":
            return 0.0
        try:
            async with asyncio.timeout(REDIS_SECONDS), self._redis.pipeline(transaction=True) as pipe:
                pipe.get(counter_key(user_id))
                pipe.pttl(counter_key(user_id))
                count, left = await pipe.execute()
        except REDIS_ERRORS as error:
            raise LimitsUnavailable(type(error).__name__) from error
        return _seconds(left) if int(count or 0) >= self.free_messages else 0.0


def counter_key(user_id: str) -> str:
    """Key of a user's counter."""
    return f"limit:messages:{user_id}"


def _seconds(milliseconds: int) -> float:
    # Redis forgets a key in the millisecond after its time: who waits as told must not come one too early.
    return (max(0, int(milliseconds)) + 1) / 1000
