"""The queue of runs and the events of a run, on a real Redis: nothing twice, nothing lost, nothing left."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis

from chat_agent.reporter import Reporter
from chat_agent.worker import Worker
from chat_common.redis_client import redis_client
from chat_common.runqueue import GROUP, RUNS, RUNS_PER_USER, RunQueue, active_key, events_key, sealed_key, user_channel
from chat_common.trace import follow_parent
from support import servers

Work = Callable[[Redis, RunQueue], Awaitable[None]]


@pytest.fixture
def on_redis(redis_server: servers.Redis) -> Callable[[Work], None]:
    def run(work: Work) -> None:
        async def scenario() -> None:
            redis = redis_client(redis_server.url, name="test")
            await redis.flushall()
            await redis.xgroup_create(RUNS, GROUP, id="0", mkstream=True)
            try:
                await work(redis, RunQueue(redis))
            finally:
                await redis.aclose()

        asyncio.run(scenario())

    return run


def test_a_run_carries_the_trace_in_which_it_was_asked_for(on_redis: Callable[[Work], None]) -> None:
    async def work(redis: Redis, queue: RunQueue) -> None:
        follow_parent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        await queue.enqueue("run-1", "user")
        follow_parent("")
        await queue.enqueue("run-2", "user")
        entries: Any = await redis.xrange(RUNS)
        first, second = (fields["traceparent"] for _, fields in entries)
        assert first.startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
        assert first.endswith("-01")
        assert "00f067aa0ba902b7" not in first
        assert second == ""

    on_redis(work)


async def take(redis: Redis, consumer: str) -> list[str]:
    answer: Any = await redis.xreadgroup(GROUP, consumer, {RUNS: ">"}, count=100)
    streams = answer.items() if isinstance(answer, dict) else answer
    return [
        entry for _stream, batch in streams for item in batch for entry, _fields in (item if isinstance(item, list) else [item])
    ]


def test_run_is_in_the_queue_once_and_a_user_has_four_places(on_redis: Callable[[Work], None]) -> None:
    async def work(redis: Redis, queue: RunQueue) -> None:
        assert await queue.enqueue("run-0", "flooder")
        assert not await queue.enqueue("run-0", "flooder")
        added = [await queue.enqueue(f"run-{number}", "flooder") for number in range(1, 8)]
        assert added == [True] * (RUNS_PER_USER - 1) + [False] * (8 - RUNS_PER_USER)
        assert await queue.enqueue("run-of-another", "other")
        assert await redis.xlen(RUNS) == RUNS_PER_USER + 1
        entries = await take(redis, "agent-1")
        await queue.finish("run-0", "flooder", entries[:1])
        assert await queue.enqueue("run-7", "flooder")

    on_redis(work)


def test_no_run_passes_one_that_was_asked_for_before(on_redis: Callable[[Work], None]) -> None:
    async def work(_redis: Redis, queue: RunQueue) -> None:
        runs = [f"run-{number}" for number in range(6)]
        assert await queue.enqueue_in_turn(runs[:2], "user") == runs[:2]
        assert await queue.enqueue_in_turn(runs, "user") == runs[2:RUNS_PER_USER]
        await queue.finish("run-0", "user", [])
        assert await queue.enqueue_in_turn(runs[1:], "user") == ["run-4"]
        assert await queue.enqueue_in_turn([], "user") == []

    on_redis(work)


def test_finished_runs_leave_nothing(on_redis: Callable[[Work], None]) -> None:
    async def work(redis: Redis, queue: RunQueue) -> None:
        for number in range(3):
            await queue.enqueue(f"run-{number}", "user")
        for number, entry in enumerate(await take(redis, "agent-1")):
            await queue.finish(f"run-{number}", "user", [entry])
        assert await redis.xlen(RUNS) == 0
        assert (await redis.xpending(RUNS, GROUP))["pending"] == 0
        assert await redis.exists(active_key("user")) == 0

    on_redis(work)


def test_claim_that_another_worker_took_is_not_taken_back(on_redis: Callable[[Work], None]) -> None:
    async def work(redis: Redis, queue: RunQueue) -> None:
        await queue.enqueue("run-1", "user")
        await queue.enqueue("run-2", "user")
        first, second = await take(redis, "agent-1")
        await redis.xclaim(RUNS, GROUP, "agent-2", 0, [second])
        assert await queue.keep("agent-1", [first, second]) == [second]
        owners = {item["message_id"]: item["consumer"] for item in await redis.xpending_range(RUNS, GROUP, "-", "+", 10)}
        assert owners == {first: "agent-1", second: "agent-2"}

    on_redis(work)


def test_claims_that_a_worker_gives_up_are_anybodys_at_once(on_redis: Callable[[Work], None]) -> None:
    takeover = 60.0

    async def work(redis: Redis, queue: RunQueue) -> None:
        for run_id in ("run-1", "run-2", "run-3"):
            await queue.enqueue(run_id, "user")
        first, second, third = await take(redis, "agent-1")
        await redis.xclaim(RUNS, GROUP, "agent-3", 0, [third])
        assert await queue.keep("agent-1", [first]) == []
        assert await queue.keep("agent-1", [second, third], silent=takeover) == [third]
        _next, taken, _gone = await redis.xautoclaim(RUNS, GROUP, "agent-2", int(takeover * 1000), count=8)
        assert [entry for entry, _fields in taken] == [second]

    on_redis(work)


class EndlessRuns:
    """Runs that nobody comes to the end of."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def claim(self, run_id: str) -> None:
        self.begun.set()
        await asyncio.Event().wait()


def test_what_a_worker_is_at_is_anybodys_once_it_has_stopped(
    on_redis: Callable[[Work], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat_agent.worker.STOP_SECONDS", 0.01)
    takeover = 60.0

    async def work(redis: Redis, queue: RunQueue) -> None:
        run_id = str(uuid.uuid4())
        runs = EndlessRuns()
        ended = Counter("ended", "Runs that ended.", ("end",), registry=CollectorRegistry())
        worker = Worker(
            redis, redis, cast(Any, runs), cast(Any, None), name="agent-1", concurrency=1, takeover_seconds=takeover, ended=ended
        )
        await queue.enqueue(run_id, "user")
        worker.start()
        await runs.begun.wait()
        await worker.stop()
        _next, taken, _gone = await redis.xautoclaim(RUNS, GROUP, "agent-2", int(takeover * 1000), count=8)
        assert [fields["run_id"] for _entry, fields in taken] == [run_id]

    on_redis(work)


def reporter(queue: RunQueue, run_id: str) -> Reporter:
    return Reporter(queue, run_id, "user", "thread")


async def told(redis: Redis, run_id: str) -> list[tuple[str, int, str]]:
    frames = [json.loads(fields["frame"]) for _entry, fields in await redis.xrange(events_key(run_id))]
    return [(frame["type"], frame["payload"]["n"], frame["payload"].get("text", "")) for frame in frames]


def test_two_workers_tell_a_run_once(on_redis: Callable[[Work], None]) -> None:
    async def work(redis: Redis, queue: RunQueue) -> None:
        run_id = str(uuid.uuid4())
        heard = redis.pubsub()
        await heard.subscribe(user_channel("user"))

        async def tell() -> None:
            mine = reporter(queue, run_id)
            for kind in ("agent_started", "agent_thinking", "stream_chunk"):
                await mine.tell(kind, {})
            await mine.tell_end("agent_completed", {"seq": 2})

        await asyncio.gather(tell(), tell(), tell())
        assert [kind for kind, _n, _text in await told(redis, run_id)] == [
            "agent_started",
            "agent_thinking",
            "stream_chunk",
            "agent_completed",
        ]
        published = []
        while (message := await heard.get_message(timeout=0.3)) is not None:
            if message["type"] == "message":
                published.append(json.loads(message["data"])["payload"]["n"])
        assert published == [1, 2, 3, 4]
        assert 0 < await redis.ttl(events_key(run_id)) <= 600
        await heard.aclose()

    on_redis(work)


def test_events_that_redis_lost_are_told_again_in_order(on_redis: Callable[[Work], None]) -> None:
    async def work(redis: Redis, queue: RunQueue) -> None:
        mine = reporter(queue, "run")
        await mine.tell("agent_started", {})
        await mine.tell("agent_thinking", {"text": "a"})
        await redis.flushall()
        await mine.tell("stream_chunk", {"text": "b"})
        await redis.flushall()
        await mine.tell_end("agent_completed", {"text": "b"})
        kinds = ["agent_started", "agent_thinking", "stream_chunk", "agent_completed"]
        assert await told(redis, "run") == [
            (kind, n, text) for n, (kind, text) in enumerate(zip(kinds, ["", "a", "b", "b"], strict=True), 1)
        ]

    on_redis(work)


def test_sealed_run_tells_nothing_but_its_end(on_redis: Callable[[Work], None]) -> None:
    async def work(redis: Redis, queue: RunQueue) -> None:
        first, second = reporter(queue, "run"), reporter(queue, "run")
        await first.tell("agent_started", {})
        assert await first.tell("stream_chunk", {"text": "one "})
        assert not await second.tell("agent_started", {})
        await queue.stop("run", "user")
        assert not await first.tell("stream_chunk", {"text": "two "})
        assert await first.seal() == await second.seal() == "one "
        await first.tell_end("agent_stopped", {"text": "one "})
        for piece in ("one ", "two ", "three "):
            assert not await second.tell("stream_chunk", {"text": piece})
        await second.tell_end("agent_stopped", {"text": "one "})
        ended = [("agent_started", 1, ""), ("stream_chunk", 2, "one "), ("agent_stopped", 3, "one ")]
        assert await told(redis, "run") == ended
        assert 0 < await redis.ttl(sealed_key("run")) <= 600

    on_redis(work)


@pytest.mark.parametrize("sealed", [False, True], ids=["before the stop", "between stop and end"])
def test_what_redis_lost_of_a_stopped_run_is_told_again_up_to_where_it_stopped(
    on_redis: Callable[[Work], None], sealed: bool
) -> None:
    async def work(redis: Redis, queue: RunQueue) -> None:
        mine = reporter(queue, "run")
        for kind, text in (("agent_started", ""), ("stream_chunk", "one "), ("stream_chunk", "two ")):
            await mine.tell(kind, {"text": text})
        if sealed:
            await queue.stop("run", "user")
        await redis.flushall()
        if not sealed:
            await queue.stop("run", "user")
        said = await mine.seal()
        await mine.tell_end("agent_stopped", {"text": said})
        pieces = [("stream_chunk", 2, "one "), ("stream_chunk", 3, "two ")]
        assert await told(redis, "run") == [("agent_started", 1, ""), *pieces, ("agent_stopped", 4, "one two ")]

    on_redis(work)


def test_stopped_run_has_a_place_in_the_queue_however_many_its_user_has(on_redis: Callable[[Work], None]) -> None:
    async def work(redis: Redis, queue: RunQueue) -> None:
        for number in range(RUNS_PER_USER):
            await queue.enqueue(f"run-{number}", "user")
        await queue.stop("run-0", "user")
        assert await redis.xlen(RUNS) == RUNS_PER_USER
        await queue.stop("run-waiting", "user")
        assert await redis.xlen(RUNS) == RUNS_PER_USER + 1

    on_redis(work)


def test_worker_that_has_less_to_tell_ends_the_run_after_what_was_told(on_redis: Callable[[Work], None]) -> None:
    async def work(redis: Redis, queue: RunQueue) -> None:
        dead, heir = reporter(queue, "run"), reporter(queue, "run")
        for kind in ("agent_started", "agent_thinking", "tool_executing", "tool_completed", "stream_chunk"):
            await dead.tell(kind, {})
        await heir.tell("agent_started", {})
        await heir.tell_end("agent_error", {"text": "no"})
        await dead.tell_end("agent_completed", {})
        kinds = [kind for kind, _n, _text in await told(redis, "run")]
        assert kinds == ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "stream_chunk", "agent_error"]
        assert [n for _kind, n, _text in await told(redis, "run")] == [1, 2, 3, 4, 5, 6]

    on_redis(work)
