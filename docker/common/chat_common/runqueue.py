"""The queue of agent runs and the event stream of each run, both in Redis.

PostgreSQL is the truth about runs; what is here may be lost with Redis and is made again from there. Every script is
atomic and harmless to repeat, because messages are sent again and workers take over from each other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from chat_common.trace import parent_to_send

RUNS = "runs"
GROUP = "agents"
SESSIONS = "sessions"
# Workers hear here of a run that its user stopped.
STOPS = "stops"
# Runs of one user that are in the queue at a time; the others wait in PostgreSQL, so that a flood delays only its sender.
RUNS_PER_USER = 4
STOPPED_PER_USER = 100
# A queue entry that was lost is put in again after this many seconds.
ENTRY_LIFETIME = 60
# A finished run's events can be read again for this long (seconds); an unfinished one's are kept for a day.
EVENTS_LIFETIME = 600
UNFINISHED_LIFETIME = 86400
# What adding an event answers where the run is sealed before it.
SEALED = -1
TERMINAL = ("agent_completed", "agent_error", "agent_stopped")


def user_channel(user_id: str) -> str:
    """Channel on which a user's replicas are told that there is something new."""
    return f"user:{user_id}"


def active_key(user_id: str) -> str:
    """Sorted set of a user's runs that are in the queue, by when they were put in."""
    return f"runs:active:{user_id}"


def events_key(run_id: str) -> str:
    """Stream of a run's events; entry `<n>-0` is event n."""
    return f"run:{run_id}:events"


def sealed_key(run_id: str) -> str:
    """Number of the last event that a run which its user stopped may tell before its end."""
    return f"run:{run_id}:sealed"


def revoked_key(session_id: str) -> str:
    """Key that exists while tokens of a revoked session could still be unexpired."""
    return f"session:revoked:{session_id}"


_ENQUEUE = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[2]))
local added = {}
for i = 4, #ARGV do
  if not redis.call('ZSCORE', KEYS[2], ARGV[i]) then
    if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[1]) then return added end
    redis.call('ZADD', KEYS[2], now, ARGV[i])
    redis.call('EXPIRE', KEYS[2], 2 * tonumber(ARGV[2]))
    redis.call('XADD', KEYS[1], '*', 'run_id', ARGV[i], 'traceparent', ARGV[3])
    added[#added + 1] = ARGV[i]
  end
end
return added
"""

_FINISH = """
redis.call('ZREM', KEYS[2], ARGV[2])
for i = 3, #ARGV do
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
  redis.call('XDEL', KEYS[1], ARGV[i])
end
return 1
"""

# An entry that another worker took over meanwhile is not taken back: XCLAIM happens only where the claim is still ours.
_KEEP = """
local lost = {}
for i = 4, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)
  if pending[1] and pending[1][2] == ARGV[2] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'IDLE', ARGV[3], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
"""

_LAST_EVENT = """
local have = 0
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if last[1] then have = tonumber(string.match(last[1][1], '^(%d+)')) end
"""

# Returns the number of the last event before this call; the event is added only when it is the next one. Of a sealed run nothing
# is added any more but its end, and what Redis lost of the events before its seal; then -1 is returned.
_EMIT = (
    _LAST_EVENT
    + """
local n = tonumber(ARGV[1])
local sealed = redis.call('GET', KEYS[2])
if sealed and n > tonumber(sealed) and ARGV[5] == '0' then return -1 end
if n ~= have + 1 then return have end
redis.call('XADD', KEYS[1], ARGV[1] .. '-0', 'frame', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
redis.call('PUBLISH', ARGV[3], ARGV[2])
return have
"""
)

# The seal lies behind the last event, and behind what a worker knows to have been told; it never moves back.
_SEAL = (
    _LAST_EVENT
    + """
local seal = math.max(tonumber(redis.call('GET', KEYS[2]) or have), tonumber(ARGV[1]))
redis.call('SET', KEYS[2], seal, 'EX', ARGV[2])
return seal
"""
)


class RunQueue:
    """Operations on the queue and on event streams.

    Args:
        redis: Client that decodes responses.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._enqueue = redis.register_script(_ENQUEUE)
        self._finish = redis.register_script(_FINISH)
        self._keep = redis.register_script(_KEEP)
        self._emit = redis.register_script(_EMIT)
        self._seal = redis.register_script(_SEAL)

    async def enqueue(self, run_id: str, user_id: str, places: int = RUNS_PER_USER) -> bool:
        """Put a run into the queue, unless it is in already or its user has enough runs there.

        Returns:
            Whether it was put in now.
        """
        return bool(await self.enqueue_in_turn([run_id], user_id, places))

    async def enqueue_in_turn(self, runs: Sequence[str], user_id: str, places: int = RUNS_PER_USER) -> list[str]:
        """Put runs of one user into the queue at one stroke, as far as there is a place: none passes one that stands before it.

        Returns:
            Those that were put in now.
        """
        args: list[str | int] = [places, ENTRY_LIFETIME, parent_to_send(), *runs]
        added: list[str] = await self._enqueue(keys=[RUNS, active_key(user_id)], args=args)
        return added

    async def stop(self, run_id: str, user_id: str) -> None:
        """Let a run tell nothing more but its end, and wake whoever works on it.

        One that waits for its turn gets a place in the queue, however many its user has: nobody works long on it.
        """
        await self.seal(run_id)
        await self.enqueue(run_id, user_id, places=STOPPED_PER_USER)
        await self._redis.publish(STOPS, run_id)

    async def seal(self, run_id: str, told: int = 0) -> int:
        """Let a run tell nothing more but its end.

        Args:
            run_id: The run.
            told: The last event that the caller knows to have been told, whatever Redis lost of it.

        Returns:
            The number of the last event that is told before the end.
        """
        return int(await self._seal(keys=[events_key(run_id), sealed_key(run_id)], args=[told, UNFINISHED_LIFETIME]))

    async def finish(self, run_id: str, user_id: str, entries: list[str]) -> None:
        """Take a run that is over out of the queue."""
        await self._finish(keys=[RUNS, active_key(user_id)], args=[GROUP, run_id, *entries])

    async def length(self) -> int:
        """How many entries there are, those that are worked on included."""
        return int(await self._redis.xlen(RUNS))

    async def keep(self, consumer: str, entries: list[str], *, silent: float = 0) -> list[str]:
        """Renew a worker's claim on entries.

        Args:
            consumer: The worker.
            entries: What it is at.
            silent: For how long (seconds) it shall seem to have said nothing; who gives its entries up names a time after which
                others take them over.

        Returns:
            Those that are no longer its own.
        """
        lost: list[str] = await self._keep(keys=[RUNS], args=[GROUP, consumer, int(silent * 1000), *entries])
        return lost

    async def emit(self, run_id: str, user_id: str, n: int, text: str, *, terminal: bool = False) -> int:
        """Add event `n` of a run and publish it to its user, at one stroke and once.

        Returns:
            The number of the last event before the call: `n - 1` when it was added now, `n` or more when somebody else had added
            it, less when events before it are missing; `SEALED` when the run ends before this event.
        """
        lifetime = EVENTS_LIFETIME if terminal else UNFINISHED_LIFETIME
        keys = [events_key(run_id), sealed_key(run_id)]
        return int(await self._emit(keys=keys, args=[n, text, user_channel(user_id), lifetime, int(terminal)]))

    async def events(self, run_id: str, after: int) -> list[tuple[int, str]]:
        """Events of a run with a number above `after`, in order, each with its frame's text."""
        entries: Any = await self._redis.xrange(events_key(run_id), min=f"{after + 1}-0")
        return [(int(entry.split("-")[0]), fields["frame"]) for entry, fields in entries]

    async def last_event(self, run_id: str) -> tuple[int, str]:
        """Number and type of a run's last event; `(0, "")` when there is none."""
        entries: Any = await self._redis.xrevrange(events_key(run_id), count=1)
        if not entries:
            return 0, ""
        entry, fields = entries[0]
        return int(entry.split("-")[0]), str(json.loads(fields["frame"])["type"])
