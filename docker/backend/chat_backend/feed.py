"""What one user's tabs on this replica receive.

Messages come from PostgreSQL, in the order of `seq`, fetched once for all tabs; a doorbell only says that there is something to
fetch. So whatever Redis loses, repeats or reorders, no tab sees a gap, a repetition or another order.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass

from chat_backend.messages import Messages, NotFound
from chat_backend.tab import TRY_AGAIN_LATER, CatchUp, Tab
from chat_common.errors import StoreUnavailable
from chat_common.frames import frame, message_body
from chat_common.logs import Log
from chat_common.redis_client import REDIS_ERRORS
from chat_common.runqueue import TERMINAL, RunQueue
from chat_common.tasks import jittered
from chat_common.trace import own_work

log = Log("feed")

# Run events that wait for a store to come back; more are dropped here and read from the run's stream later.
EVENTS_WAITING = 2000


@dataclass(frozen=True, slots=True)
class RunEvent:
    """A run's event as its channel brought it.

    Attributes:
        seq: Of the answer, on `agent_completed` and `agent_stopped`.
        query_seq: Of the message that is being answered, on `agent_started` and `agent_stopped`.
    """

    run_id: str
    n: int
    kind: str
    thread_id: str
    seq: int
    query_seq: int
    text: str


def read_event(text: str) -> RunEvent:
    """Read a run event's frame."""
    data = json.loads(text)
    payload = data["payload"]
    return RunEvent(
        payload["run_id"], payload["n"], data["type"], data["thread_id"], payload.get("seq", 0), payload.get("query_seq", 0), text
    )


class Feed:
    """Serves one user's tabs.

    Args:
        user_id: Whose tabs they are.
        messages: Where messages come from.
        queue: Where run events can be read again.
    """

    def __init__(self, user_id: str, messages: Messages, queue: RunQueue) -> None:
        self.user_id = user_id
        self.tabs: set[Tab] = set()
        self.joining = 0
        self.began = time.monotonic()
        # Whether its channel was open once; what comes after an interruption must be made good.
        self.heard_before = False
        self._messages = messages
        self._queue = queue
        self._base: asyncio.Task[None] | None = None
        self._based = False
        # Up to which `seq` the live tabs were served, by thread.
        self._heads: dict[str, int] = {}
        # The newest change that was announced, its number and its frame, by kind and thread.
        self._announced: dict[tuple[str, str], tuple[int, str]] = {}
        # Up to which `seq` there is something to fetch, by thread; and the threads among `_items`, which wait for their turn.
        self._rung: dict[str, int] = {}
        self._queued: set[str] = set()
        self._items: deque[str | RunEvent] = deque()
        self._pump: asyncio.Task[None] | None = None
        # Pump and catchers both deliver; a thread's rows go out one fetch after the other.
        self._delivering = asyncio.Lock()
        # Runs that ended lately: what is published of them again, after Redis lost its data, is not news.
        self._over: deque[str] = deque(maxlen=256)

    async def ready(self) -> None:
        """Wait until the feed knows where its user's threads stood when it began.

        Raises:
            StoreUnavailable: PostgreSQL can't be reached.
        """
        if self._base is None:
            self._base = own_work(self._load_base(), "feed base")
        base = self._base
        try:
            # Shielded: one tab's end must not take the others' answer away.
            await asyncio.shield(base)
        except Exception:
            # Whatever it was, the next tab tries again.
            if self._base is base:
                self._base = None
            raise

    async def _load_base(self) -> None:
        self._heads = await self._messages.heads(self.user_id)
        self._based = True
        early, self._rung = self._rung, {}
        for thread_id, seq in early.items():
            self.ring(thread_id, seq)

    def join(self, tab: Tab) -> None:
        """Begin to serve a tab."""
        self.tabs.add(tab)
        tab.schedule_settled(lambda: self.settle(tab))

    def leave(self, tab: Tab) -> None:
        """Stop serving a tab."""
        self.tabs.discard(tab)

    @property
    def idle(self) -> bool:
        """Whether nobody is served."""
        return not self.tabs and not self.joining

    async def stop(self) -> None:
        """End the feed's work."""
        tasks = [task for task in (self._pump, self._base) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- what is new ---------------------------------------------------------------------------------------------------

    def ring(self, thread_id: str, seq: int) -> None:
        """Note that a thread has messages up to `seq`."""
        if seq <= self._heads.get(thread_id, 0):
            return
        self._rung[thread_id] = max(seq, self._rung.get(thread_id, 0))
        # Also when it was rung for before: whatever stopped that fetch, this one is made.
        if self._based and thread_id not in self._queued:
            self._queued.add(thread_id)
            self._items.append(thread_id)
            self._start()

    def event(self, event: RunEvent) -> None:
        """Take an event of a run."""
        if len(self._items) < EVENTS_WAITING:
            self._items.append(event)
            self._start()

    def announce(self, text: str, kind: str, thread_id: str, number: int) -> None:
        """Give a frame to every tab at once; one that is not the newest about the same is followed by that again.

        Two replicas that change the same one after the other may announce it the other way round. Who asked for the change that
        did not last hears of it all the same.

        Args:
            text: The frame.
            kind: Its type.
            thread_id: What it is about.
            number: Grows with each change.
        """
        newest, told = self._announced.get((kind, thread_id), (number, text))
        if number >= newest:
            self._announced[kind, thread_id] = number, text
            texts = [text]
        else:
            # A read marker never goes back, not even for a moment.
            texts = [told] if kind == "thread_read" else [text, told]
        for tab in self.tabs:
            for one in texts:
                tab.offer(one)

    def _start(self) -> None:
        if self._pump is None:
            self._pump = own_work(self._work(), "feed pump")

    async def _work(self) -> None:
        attempt = 0
        try:
            while self._items:
                item = self._items[0]
                try:
                    await (self._deliver(item) if isinstance(item, str) else self._dispatch(item))
                except (StoreUnavailable, *REDIS_ERRORS) as error:
                    log.warning("delivery_delayed", user_id=self.user_id, reason=str(error), attempt=attempt)
                    await asyncio.sleep(jittered(attempt, base=0.1, cap=1.0))
                    attempt += 1
                    continue
                except Exception:  # one item must not stop all that come after it; the next look rings for its thread again
                    log.error("delivery_broke", exc_info=True, user_id=self.user_id)
                attempt = 0
                self._items.popleft()
                if isinstance(item, str):
                    self._queued.discard(item)
        finally:
            self._pump = None

    async def _deliver(self, thread_id: str) -> None:
        async with self._delivering:
            await self._deliver_rows(thread_id)

    async def _deliver_rows(self, thread_id: str) -> None:
        while (target := self._rung.get(thread_id, 0)) > (head := self._heads.get(thread_id, 0)):
            rows = await self._messages.after(thread_id, self.user_id, head)
            if not rows and self._rung[thread_id] == target:
                log.warning("doorbell_without_message", thread_id=thread_id, seq=target, head=head)
                break
            for row in rows:
                seq = row["seq"]
                text = frame("message", message_body(row), message_id=str(row["id"]), thread_id=thread_id, seq=seq)
                before, self._heads[thread_id] = self._heads.get(thread_id, 0), seq
                for tab in self.tabs:
                    tab.message(thread_id, seq, text, before)
        self._rung.pop(thread_id, None)

    async def _dispatch(self, event: RunEvent) -> None:
        await self._message_first(event)
        if event.run_id in self._over:
            return
        if event.kind in TERMINAL:
            self._over.append(event.run_id)
        behind = []
        for tab in self.tabs:
            if self._held(tab, event.thread_id, event.run_id):
                continue
            if self._concerns(tab, event) and not tab.run_event(event.run_id, event.n, event.kind, event.text):
                behind.append(tab)
        if behind:
            await self._fill(event, behind)

    def _concerns(self, tab: Tab, event: RunEvent) -> bool:
        # A run that began before the connection is its client's to ask for, by `resume`: it may have seen its end elsewhere.
        if event.n != 1 or event.run_id in tab.runs:
            return event.run_id not in tab.ignored
        if event.query_seq > tab.base(event.thread_id, self._heads.get(event.thread_id, 0)):
            return True
        tab.ignored.append(event.run_id)
        return False

    async def _fill(self, event: RunEvent, behind: list[Tab]) -> None:
        stored = await self._queue.events(event.run_id, min(tab.runs.get(event.run_id, 0) for tab in behind))
        missed = [read_event(text) for _n, text in stored]
        for tab in behind:
            known = event.run_id in tab.runs
            if not known and not (missed and missed[0].n == 1 and self._concerns(tab, missed[0])):
                continue
            for item in missed:
                if item.n < event.n:
                    tab.run_event(event.run_id, item.n, item.kind, item.text)
            if not tab.run_event(event.run_id, event.n, event.kind, event.text):
                # Redis lost what came before; its worker writes it again, but what is here is not held back for it.
                log.warning("run_events_lost", run_id=event.run_id, n=event.n)
                tab.runs[event.run_id] = event.n - 1
                tab.run_event(event.run_id, event.n, event.kind, event.text)

    async def _message_first(self, event: RunEvent) -> None:
        # The agent's message is seen before its run is over.
        if event.seq > self._heads.get(event.thread_id, 0):
            self._rung[event.thread_id] = max(event.seq, self._rung.get(event.thread_id, 0))
            await self._deliver(event.thread_id)

    # -- bringing a tab up to date -------------------------------------------------------------------------------------

    def hold(self, tab: Tab, thread_id: str) -> None:
        """Note that a tab's `resume` of a thread has arrived: what is live in the thread waits for it from now on."""
        job = tab.catching.setdefault(thread_id, CatchUp(self._heads.get(thread_id, 0)))
        job.waiting += 1

    def release(self, tab: Tab, thread_id: str) -> None:
        """Note that a `resume` that was held for was refused."""
        job = tab.catching[thread_id]
        job.waiting -= 1
        job.asked = True
        self._start_catching(tab)

    def resume(self, tab: Tab, thread_id: str, after: int, runs: dict[str, int]) -> None:
        """Bring a tab up to date in a thread that is held for it; then it gets what is live.

        Args:
            tab: The tab.
            thread_id: The thread; a tab whose user doesn't own it is told `not_found`.
            after: The last `seq` that the tab has.
            runs: The last event that the tab has, by run.
        """
        job = tab.catching[thread_id]
        job.waiting -= 1
        job.cursor, job.asked, job.resumed = after, True, True
        job.named.update(runs)
        tab.floors.pop(thread_id, None)
        self._start_catching(tab)

    def settle(self, tab: Tab) -> None:
        """Begin to give a new tab what is live in every thread that it has not resumed."""
        if tab.settled:
            return
        tab.settled = True
        for job in tab.catching.values():
            job.asked = True
        self._start_catching(tab)

    def _start_catching(self, tab: Tab) -> None:
        if tab.catcher is None and any(job.due for job in tab.catching.values()):
            tab.catcher = asyncio.create_task(self._catch_up_all(tab), name="tab catcher")

    async def _catch_up_all(self, tab: Tab) -> None:
        attempt = 0
        try:
            while tab.closing is None:
                due = next((item for item in tab.catching.items() if item[1].due), None)
                if due is None:
                    return
                try:
                    await self._catch_up(tab, *due)
                except (StoreUnavailable, *REDIS_ERRORS) as error:
                    log.warning("resume_delayed", connection_id=tab.id, reason=str(error), attempt=attempt)
                    await asyncio.sleep(jittered(attempt, base=0.1, cap=1.0))
                    attempt += 1
        except Exception:  # a tab that hears nothing in a thread must not seem connected
            log.error("resume_broke", exc_info=True, connection_id=tab.id)
            tab.close(TRY_AGAIN_LATER, "try again later")
        finally:
            tab.catcher = None

    async def _catch_up(self, tab: Tab, thread_id: str, job: CatchUp) -> None:
        unfinished, named = await self._check(tab, thread_id, job)
        while job.due and job.cursor < self._heads.get(thread_id, 0):
            await tab.room()
            if not await self._replay_page(tab, thread_id, job):
                break
        if not job.due or tab.catching.get(thread_id) is not job:
            return
        # From here to the end of this block nothing else runs, so no live message falls between replay and life.
        del tab.catching[thread_id]
        if job.cursor > self._heads.get(thread_id, 0):
            tab.floors[thread_id] = job.cursor
        for run_id, n in named.items():
            if run_id not in tab.over:
                tab.runs[run_id] = max(n, tab.runs.get(run_id, 0))
        for run_id in [*named, *(job.heard - named.keys())]:
            found = await self._replay_run(tab, run_id)
            if not found and run_id not in unfinished and tab.runs.get(run_id) == named.get(run_id):
                # The client named a run that ended long ago: nothing will come of it.
                tab.runs.pop(run_id, None)

    async def _check(self, tab: Tab, thread_id: str, job: CatchUp) -> tuple[set[str], dict[str, int]]:
        # Which runs are under way, and from which event on the tab wants those.
        if not job.resumed:
            return set(), {}
        try:
            last = await self._messages.owned_last_seq(thread_id, self.user_id)
        except NotFound:
            # Another `resume` of it that waits for its turn is told so itself.
            job.asked = False
            if not job.waiting:
                tab.catching.pop(thread_id, None)
            payload = {"code": "not_found", "text": "There is no such thread."}
            tab.offer(frame("error_message", payload, thread_id=thread_id))
            return set(), {}
        job.cursor = min(job.cursor, last)
        unfinished = await self._messages.unfinished_runs(thread_id, self.user_id)
        own = await self._messages.runs_of_thread(thread_id, list(job.named)) if job.named else []
        return set(unfinished), {**dict.fromkeys(unfinished, 0), **{run_id: job.named[run_id] for run_id in own}}

    async def _replay_page(self, tab: Tab, thread_id: str, job: CatchUp) -> bool:
        cursor = job.cursor
        rows = await self._messages.after(thread_id, self.user_id, cursor)
        for row in rows:
            seq = row["seq"]
            if job.cursor != cursor:
                break  # another `resume` moved it meanwhile
            if seq > self._heads.get(thread_id, 0):
                self.ring(thread_id, seq)  # it comes to this tab together with the live ones
                break
            tab.offer(frame("message", message_body(row), message_id=str(row["id"]), thread_id=thread_id, seq=seq))
            cursor = job.cursor = seq
        return bool(rows)

    async def _replay_run(self, tab: Tab, run_id: str) -> bool:
        events = [read_event(text) for _n, text in await self._queue.events(run_id, tab.runs.get(run_id, 0))]
        if not events or (run_id not in tab.runs and not (events[0].n == 1 and self._concerns(tab, events[0]))):
            return False
        for event in events:
            await self._message_first(event)
            tab.run_event(run_id, event.n, event.kind, event.text)
        return True

    async def replay_runs(self, recent: list[tuple[str, str]]) -> None:
        """Read again what went unheard of runs.

        Args:
            recent: Thread and id of runs that may have begun unheard; those that some tab is following are known here.
        """
        for tab in list(self.tabs):
            for run_id in list(tab.runs):
                await self._replay_run(tab, run_id)
            for thread_id, run_id in recent:
                if run_id not in tab.runs and not self._held(tab, thread_id, run_id):
                    await self._replay_run(tab, run_id)

    def _held(self, tab: Tab, thread_id: str, run_id: str) -> bool:
        # Whether a run's events wait for the tab's `resume` of the thread; they are noted for it then.
        head = self._heads.get(thread_id, 0)
        job = tab.catching.get(thread_id)
        if job is None and run_id not in tab.runs and tab.must_hold(thread_id, head):
            job = tab.catching[thread_id] = CatchUp(head)
        if job is not None:
            job.heard.add(run_id)
        return job is not None
