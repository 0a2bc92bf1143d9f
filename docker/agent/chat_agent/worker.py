"""Takes runs from the queue, keeps the claim on them while working, and takes over what a silent worker left."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from chat_agent.analyst.analyst import Analyst
from chat_agent.analyst.steps import FAILURES, AnalysisFailed, Answer, Thinking, ToolDone, ToolStarted
from chat_agent.reporter import PIECE, Reporter, chunks
from chat_agent.runs import Outcome, Run, Runs
from chat_common.errors import StoreUnavailable
from chat_common.frames import is_uuid
from chat_common.logs import Log
from chat_common.redis_client import REDIS_ERRORS
from chat_common.runqueue import GROUP, RUNS, STOPS, RunQueue, user_channel
from chat_common.tasks import cancel, insist, keep_running
from chat_common.trace import follow_parent, own_work

log = Log("worker")

BLOCK_SECONDS = 1.0
# A run that keeps killing its workers is given up.
ATTEMPTS_LIMIT = 5
STOP_SECONDS = 1.5
# A long answer is spoken, not thrown: so many seconds lie between two pieces of it.
PIECE_SECONDS = 0.05
# How often (seconds) PostgreSQL is asked which runs are to stop, in case Redis did not tell.
LOOK_SECONDS = 1.0


class Worker:
    """One consumer of the group.

    Args:
        redis: Client that decodes responses.
        reader: Another one, whose time limit exceeds `BLOCK_SECONDS`.
        runs: The runs in PostgreSQL.
        analyst: What answers.
        name: Name of this consumer; of workers that run at the same time each has its own.
        concurrency: Runs at a time.
        takeover_seconds: A run whose worker was silent so long is taken over.
        ended: Counts runs that ended here, by how.
    """

    def __init__(
        self,
        redis: Redis,
        reader: Redis,
        runs: Runs,
        analyst: Analyst,
        *,
        name: str,
        concurrency: int,
        takeover_seconds: float,
        ended: Counter,
    ) -> None:
        self._redis = redis
        self._reader = reader
        self._queue = RunQueue(redis)
        self._runs = runs
        self._analyst = analyst
        self._name = name
        self._concurrency = concurrency
        self._takeover = takeover_seconds
        self._counter = ended
        # Tasks and queue entries by run: an entry that comes twice is worked on once.
        self._working: dict[str, asyncio.Task[None]] = {}
        self._entries: dict[str, list[str]] = {}
        # What answers each run, and is cancelled when the run is to stop.
        self._stops: dict[str, asyncio.Task[Outcome]] = {}
        self._free = asyncio.Event()
        self._free.set()
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work."""
        self._loops = [
            asyncio.create_task(keep_running("reading runs", self._read, cap=0.5)),
            asyncio.create_task(keep_running("keeping claims", self._keep_claims, cap=0.5)),
            asyncio.create_task(keep_running("taking over", self._take_over, cap=0.5)),
            asyncio.create_task(keep_running("hearing stops", self._hear_stops, cap=0.5)),
            asyncio.create_task(keep_running("looking for stops", self._look_for_stops, cap=0.5)),
        ]

    async def stop(self) -> None:
        """Take nothing new, finish what can be finished soon, and leave the rest to the other workers, at once."""
        await cancel(*self._loops)
        if self._working:
            await asyncio.wait(self._working.values(), timeout=STOP_SECONDS)
        left = [entry for entries in self._entries.values() for entry in entries]
        await cancel(*self._working.values())
        if left:
            await self._give_up(left)

    async def _give_up(self, entries: list[str]) -> None:
        try:
            await self._queue.keep(self._name, entries, silent=self._takeover)
        except REDIS_ERRORS as error:
            # Then they are taken over when this worker has been silent for long enough.
            log.warning("claims_not_given_up", entries=entries, reason=type(error).__name__)

    @property
    def in_work(self) -> int:
        """How many runs it is at."""
        return len(self._working)

    # -- the queue -----------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        await self._make_group()
        # What an earlier life of this consumer left comes first.
        position = "0"
        while True:
            await self._free.wait()
            room = self._concurrency - len(self._working)
            block = None if position == "0" else int(BLOCK_SECONDS * 1000)
            try:
                answer: Any = await self._reader.xreadgroup(GROUP, self._name, {RUNS: position}, count=room, block=block)
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
                await self._make_group()
                continue
            position = ">"
            for entry, fields in _entries(answer):
                self._begin(entry, fields)

    async def _make_group(self) -> None:
        try:
            await self._redis.xgroup_create(RUNS, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _take_over(self) -> None:
        pause = min(1.0, self._takeover / 3)
        while True:
            await asyncio.sleep(pause)
            room = self._concurrency - len(self._working)
            if room <= 0:
                continue
            try:
                answer: Any = await self._redis.xautoclaim(RUNS, GROUP, self._name, int(self._takeover * 1000), count=room)
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
                continue
            for entry, fields in answer[1]:
                log.info("run_taken_over", entry=entry, run_id=fields.get("run_id"))
                self._begin(entry, fields)

    async def _keep_claims(self) -> None:
        while True:
            await asyncio.sleep(self._takeover / 3)
            entries = [entry for items in self._entries.values() for entry in items]
            if entries:
                # Work on a lost claim goes on: what it does is harmless to repeat, and whoever ends first ends it.
                lost = await self._queue.keep(self._name, entries)
                if lost:
                    log.warning("claims_lost", entries=lost)

    async def _hear_stops(self) -> None:
        async with self._reader.pubsub() as stops:
            await stops.subscribe(STOPS)
            while True:
                message = await stops.get_message(ignore_subscribe_messages=True, timeout=BLOCK_SECONDS)
                if message is not None:
                    self._let_stop(message["data"])

    async def _look_for_stops(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._stops:
                for run_id in await self._runs.to_stop(list(self._stops)):
                    self._let_stop(run_id)

    def _let_stop(self, run_id: str) -> None:
        answering = self._stops.pop(run_id, None)
        if answering is not None:
            answering.cancel()

    def _begin(self, entry: str, fields: dict[str, str] | None) -> None:
        run_id = (fields or {}).get("run_id", "")
        entries = self._entries.setdefault(run_id, [])
        if entry not in entries:
            entries.append(entry)
        if run_id in self._working:
            return
        task = own_work(self._work(run_id, (fields or {}).get("traceparent", "")), f"run {run_id}")
        self._working[run_id] = task
        if len(self._working) >= self._concurrency:
            self._free.clear()
        task.add_done_callback(lambda _task: self._ended(run_id))

    def _ended(self, run_id: str) -> None:
        self._working.pop(run_id, None)
        self._entries.pop(run_id, None)
        if len(self._working) < self._concurrency:
            self._free.set()

    # -- a run ---------------------------------------------------------------------------------------------------------

    async def _work(self, run_id: str, parent: str) -> None:
        follow_parent(parent)
        try:
            if not is_uuid(run_id):
                log.warning("entry_not_understood", entries=self._entries[run_id])
                await self._queue.finish(run_id, "", self._entries[run_id])
                return
            run = await insist("claim", lambda: self._runs.claim(run_id), StoreUnavailable)
            if run is not None:
                await self._answer(run)
                await self._leave_queue(run)
            else:
                log.warning("run_unknown", run_id=run_id)
                await self._queue.finish(run_id, "", self._entries[run_id])
        except Exception:  # the entry stays claimed by nobody, and is taken over
            log.error("run_broke", exc_info=True, run_id=run_id)

    async def _answer(self, run: Run) -> None:
        reporter = Reporter(self._queue, run.run_id, run.user_id, run.thread_id)
        if run.state == "running":
            outcome = await self._until_stopped(run, reporter)
        elif run.state == "stopping":
            outcome = await self._stop(run, reporter)
        else:
            outcome = await insist("outcome", lambda: self._runs.outcome(run), StoreUnavailable)
        self._counter.labels(outcome.state).inc()
        await self._tell_end(run, reporter, outcome)

    async def _until_stopped(self, run: Run, reporter: Reporter) -> Outcome:
        work = self._stops[run.run_id] = asyncio.create_task(self._analyse(run, reporter), name=f"work on {run.run_id}")
        try:
            await asyncio.wait({work})
        finally:
            self._stops.pop(run.run_id, None)
            await cancel(work)
        outcome = None if work.cancelled() else work.result()
        if outcome is None or outcome.state == "running":
            return await self._stop(run, reporter)
        return outcome

    async def _stop(self, run: Run, reporter: Reporter) -> Outcome:
        said = await reporter.seal()
        return await insist("stop", lambda: self._runs.stop(run, said), StoreUnavailable)

    async def _analyse(self, run: Run, reporter: Reporter) -> Outcome:
        await reporter.tell("agent_started", {"query_message_id": run.question.message_id, "query_seq": run.question.seq})
        if run.attempts > ATTEMPTS_LIMIT:
            return await self._fail(run, "attempts_exhausted")
        try:
            answer = await self._steps(run, reporter)
        except AnalysisFailed as error:
            return await self._fail(run, error.code)
        except Exception:  # the same question would fail again: its user is told instead
            log.error("analysis_failed", exc_info=True, run_id=run.run_id)
            return await self._fail(run, "failed")
        told = False
        for index, piece in enumerate(chunks(answer.text)):
            if told:
                await asyncio.sleep(PIECE_SECONDS)
            told = await reporter.tell(PIECE, {"text": piece, "index": index})
        return await insist("answer", lambda: self._runs.complete(run, answer.text, answer.pages), StoreUnavailable)

    async def _steps(self, run: Run, reporter: Reporter) -> Answer:
        async for step in self._analyst.answer(run.question):
            if isinstance(step, Answer):
                return step
            if isinstance(step, Thinking):
                await reporter.tell("agent_thinking", {"text": step.text})
            elif isinstance(step, ToolStarted):
                await reporter.tell("tool_executing", {"tool": step.tool, "input": step.input})
            elif isinstance(step, ToolDone):
                await reporter.tell("tool_completed", {"tool": step.tool, "output": step.output})
        raise AnalysisFailed("failed")

    async def _fail(self, run: Run, code: str) -> Outcome:
        log.warning("run_failed", run_id=run.run_id, code=code, attempts=run.attempts)
        return await insist("failure", lambda: self._runs.fail(run, code), StoreUnavailable)

    async def _tell_end(self, run: Run, reporter: Reporter, outcome: Outcome) -> None:
        if outcome.state == "failed":
            await reporter.tell_end(
                "agent_error", {"code": outcome.error, "text": FAILURES.get(outcome.error, FAILURES["failed"])}
            )
            return
        bell = json.dumps({"thread_id": run.thread_id, "seq": outcome.seq})
        await insist("doorbell", lambda: self._redis.publish(user_channel(run.user_id), bell), *REDIS_ERRORS)
        payload = {"message_id": outcome.message_id, "seq": outcome.seq, "text": outcome.text}
        if outcome.state == "stopped":
            # It may be all that is told of a run.
            payload |= {"query_message_id": run.question.message_id, "query_seq": run.question.seq}
        await reporter.tell_end(f"agent_{outcome.state}", payload)
        log.info(f"run_{outcome.state}", run_id=run.run_id, attempts=run.attempts)

    async def _leave_queue(self, run: Run) -> None:
        # Taken out first, so that a claim that ends here does not look lost.
        entries = self._entries.pop(run.run_id)
        await insist("queue", lambda: self._queue.finish(run.run_id, run.user_id, entries), *REDIS_ERRORS)
        # There is a place in the queue for another run of this user now.
        waiting = await insist("waiting", lambda: self._runs.waiting(run.user_id), StoreUnavailable)
        await insist("queue", lambda: self._queue.enqueue_in_turn(waiting, run.user_id), *REDIS_ERRORS)


def _entries(answer: Any) -> list[tuple[str, dict[str, str] | None]]:
    # RESP3 answers with a mapping, RESP2 with a list of pairs; RESP3 of some versions nests the entries once more.
    streams = answer.items() if isinstance(answer, dict) else (answer or [])
    found: list[tuple[str, dict[str, str] | None]] = []
    for _stream, entries in streams:
        batches = entries if entries and isinstance(entries[0], list) else [entries]
        for batch in batches:
            found += [(entry, fields) for entry, fields in batch]
    return found
