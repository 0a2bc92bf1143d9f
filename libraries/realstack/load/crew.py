"""A load whose users are in worker processes; whoever runs it only waits, and merges what they tell."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import secrets as dice
import ssl
import time
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass, replace
from typing import TypeVar

from realstack.core.errors import InvalidRun, StackError, explain
from realstack.core.loop import background
from realstack.load.actor import Clock
from realstack.load.channel import Channel, Ended
from realstack.load.engine import check_ready
from realstack.load.plan import Plan
from realstack.load.results import Results
from realstack.load.worker import Portion, Share, work
from realstack.recording.recorder import recorder
from realstack.secrets import secrets

LEAD = 0.1
"""Seconds between readiness and the first planned time, so that all workers know it before."""

ARRIVAL = 60.0
"""Seconds that workers may take to come."""

ENDING = 10.0
"""Seconds that a worker may take to end after its users were told to leave."""

REASON = 1.0
"""Seconds in which an executor tells why a worker has hung up; not all of them do."""

LOOKS = 5
"""How often a worker's clock is compared; the quickest answer tells most."""

TOLD_USERS = 20
"""Lost users that are told by name."""

LOOPBACK = "127.0.0.1"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reach:
    """How workers reach the process that runs a load.

    Attributes:
        host: Its address, as they see it. Credentials that users do not need stay on this machine.
        listening: What it shows of itself, and whom it trusts; None talks in the clear.
        connecting: Gives the same of a worker, there.
    """

    host: str = LOOPBACK
    listening: ssl.SSLContext | None = None
    connecting: Callable[[], ssl.SSLContext] | None = None


class Lost(InvalidRun):
    """A worker is gone, and its users with it."""


class Crew:
    """A load under way in workers.

    Args:
        plan: What it is to be.
        executor: Where workers are.
        workers: How many of them the users are divided among; each has one user at least.
        counts: Is told of each piece of work that steps count.
        reach: How workers reach this process.
        without_lost: Whether to go on without the users of a worker that is lost on the way.

    Attributes:
        over: Whether the last iteration has ended.

    Raises:
        StackError: It is out of bounds.
    """

    def __init__(
        self,
        plan: Plan,
        executor: Executor,
        workers: int = 1,
        counts: Callable[[str], object] | None = None,
        *,
        reach: Reach = Reach(),
        without_lost: bool = False,
    ) -> None:
        workers = max(1, min(workers, plan.count))
        self.plan = plan = replace(plan, workers=workers)
        plan.check()
        self.results = Results(plan.count, plan.schedule.count(plan.count), plan.limits.most_lag, counts=counts)
        self.clock = Clock()
        self.over = False
        self._executor = executor
        self._reach = reach
        self.without_lost = without_lost
        self._key = dice.token_bytes(32)
        self._stopped = False
        self._server: asyncio.Server | None = None
        self._parts = plan.parts(workers)
        self._members: list[_Member] = []

    @property
    def lost_users(self) -> int:
        """Those whose workers were lost, and without whom it goes on."""
        return sum(len(member.plan.people) for member in self._members if member.lost)

    async def run(self) -> Results:
        """Have all users prepared, let them all go at their times, and let them leave, unless they are to stay.

        Raises:
            StackFailure: Some could not be prepared.
            StackError: The script is wrong.
            InvalidRun: A worker was lost; says with which users.
        """
        stay = False
        try:
            await self._call()
            self.results.workers = self._told()
            for member in self._members:
                member.tell("prepare")
            problems = [problem for told in await _all(member.ready for member in self._members) for problem in told]
            check_ready(self.plan, problems)
            at = time.monotonic() + LEAD
            self.clock.start(at)
            for member in self._members:
                member.begin(at)
            await _all(member.over for member in self._members)
            if all(member.lost for member in self._members):
                raise InvalidRun("\n".join(self.results.lost))
            stay = self.plan.stay
        finally:
            self.over = True
            self.results.seconds = max([member.seconds for member in self._members], default=0.0)
            if not stay:
                await self.leave()
        return self.results

    async def leave(self) -> None:
        """Close all users' connections and let the workers go; repeatable.

        Raises:
            InvalidRun: A worker was lost after the load was over, while its users stayed.
        """
        await asyncio.gather(*(member.leave() for member in self._members))
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            recorder.unfollow(self._bring)
        for member in self._members:
            if member.lost_late:
                lost, member.lost_late = member.lost_late, None
                raise lost

    def stop(self) -> None:
        """Let running iterations end and begin no more. To be called on the loop."""
        self._stopped = True
        for member in self._members:
            member.tell("stop")

    async def bring(self) -> None:
        """Have workers tell what has happened so far."""
        await asyncio.gather(*(member.bring() for member in self._members))

    def _told(self) -> str:
        told = [f"{member.ahead * 1000:+.2f} ms (known to {member.clock_error * 1000:.2f} ms)" for member in self._members]
        return f"Workers: {len(self._members)}; their clocks differ from this one by {', '.join(told)}."

    def _bring(self) -> None:
        background.run(self.bring(), ENDING)

    async def _call(self) -> None:
        for part in self._parts:
            _check_data(part)
        host = self._reach.host
        self._server = await asyncio.start_server(self._welcome, host, 0, ssl=self._reach.listening)
        recorder.follow(self._bring)
        port = self._server.sockets[0].getsockname()[1]
        known = secrets.known() if host == LOOPBACK else []
        members = self._members = [_Member(number, part, self) for number, part in enumerate(self._parts)]
        for member in members:
            names = secrets.names.more
            share = Share(member.number, member.plan, host, port, self._key, known, names, tls=self._reach.connecting)
            # Not here: starting a process takes its time, and it takes after the thread that starts it.
            member.called(await asyncio.to_thread(self._executor.submit, work, share))
        try:
            async with asyncio.timeout(ARRIVAL):
                await _all(member.here for member in members)
        except TimeoutError:
            missing = ", ".join(str(member.number) for member in members if not member.came)
            raise InvalidRun(
                explain(
                    f"all {len(members)} workers are here within {ARRIVAL:g} s",
                    f"none of number {missing}",
                    remedy="Give the load an executor that runs as many calls at once.",
                )
            ) from None

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        channel = Channel(reader, writer)
        if not await channel.knows(self._key):
            channel.close()
            return
        member: _Member | None = None
        try:
            _, number = await channel.hear()
            member = self._members[number]
            if member.came:  # the executor calls again what was lost
                member = None
                return
            if self._stopped:
                channel.tell("stop")
            await member.follow(channel)
        except Ended:
            if member is not None:
                await member.hung_up()
        finally:
            channel.close()


class _Member:
    """One worker, as the crew sees it; made on the loop."""

    def __init__(self, number: int, plan: Plan, crew: Crew) -> None:
        self.number = number
        self.plan = plan
        self.came = False
        self.begun = False
        self.lost: Lost | None = None
        self.seconds = 0.0
        self.lost_late: Lost | None = None
        self._crew = crew
        loop = asyncio.get_running_loop()
        self.here: asyncio.Future[None] = loop.create_future()
        self.ready: asyncio.Future[list[str]] = loop.create_future()
        self.over: asyncio.Future[None] = loop.create_future()
        self._work: asyncio.Future[None] | None = None
        self._channel: Channel | None = None
        self._silent = asyncio.Event()
        self._looks: list[tuple[float, float]] = []
        self._figures = (0, 0, 0, 0)
        self._brought: dict[int, asyncio.Future[None]] = {}
        self._dismissed = False

    @property
    def clock_error(self) -> float:
        """Seconds by which its clock's difference may be wrong."""
        return min(self._looks)[0] / 2

    @property
    def ahead(self) -> float:
        """Seconds by which its clock is ahead; a difference that may be none is none."""
        difference = min(self._looks)[1]
        return difference if abs(difference) > self.clock_error else 0.0

    def called(self, work: Future[None]) -> None:
        """Know the call that it answers."""
        self._work = asyncio.wrap_future(work)
        self._work.add_done_callback(self._ended)

    def tell(self, *message: object) -> None:
        """Tell it something, once it is there."""
        if self._channel is not None and not self._silent.is_set():
            self._channel.tell(*message)

    def begin(self, at: float) -> None:
        """Let its users begin at a moment of this process's clock."""
        self.begun = True
        self.tell("begin", at + self.ahead)

    async def bring(self) -> None:
        """Have it tell what has happened so far.

        Raises:
            InvalidRun: It does not.
        """
        if not self.came or self._silent.is_set():
            return
        number = len(self._brought)
        brought = self._brought[number] = asyncio.get_running_loop().create_future()
        self.tell("bring", number)
        try:
            async with asyncio.timeout(ENDING):
                await brought
        except TimeoutError:
            wanted = f"worker {self.number} of the load tells what has happened within {ENDING:g} s"
            raise InvalidRun(explain(wanted, "nothing", remedy="The machine is too busy for this load.")) from None

    async def leave(self) -> None:
        """Let its users leave, and wait until it is free."""
        self._dismissed = True
        self.tell("leave")
        if self._work is not None:
            await asyncio.wait({self._work}, timeout=ENDING)
            if self.came:
                with contextlib.suppress(TimeoutError):  # it hangs; its process ends with the library
                    async with asyncio.timeout(ENDING):
                        await self._silent.wait()

    async def follow(self, channel: Channel) -> None:
        """Take what it tells until it hangs up.

        Raises:
            Ended: It did.
        """
        self._channel, self.came = channel, True
        if self._dismissed:
            self.tell("leave")
        self.tell("clock", time.monotonic())
        while True:
            word, *more = await channel.hear()
            if word == "portion":
                self._take(more[0])
            elif word == "brought":
                _settle(self._brought.pop(more[0]), None)
            elif word == "clock":
                self._look(*more)
            elif word == "ready":
                _settle(self.ready, more[0])
            elif word == "over":
                self.seconds = more[0]
                _settle(self.over, None)

    def _look(self, asked: float, theirs: float) -> None:
        now = time.monotonic()
        self._looks.append((now - asked, theirs - (asked + now) / 2))
        if len(self._looks) < LOOKS:
            self.tell("clock", now)
        else:
            _settle(self.here, None)

    def _take(self, portion: Portion) -> None:
        results = self._crew.results
        for value, what, lasting in portion.learned:
            secrets.remember(value, what, lasting=lasting)
        for name, arguments in portion.news:
            getattr(results, name)(*arguments)
        planned, begun, done, sent = (now - before for now, before in zip(portion.figures, self._figures, strict=True))
        self._figures = portion.figures
        results.planned += planned
        results.begun += begun
        results.done += done
        results.sent += sent
        ahead = self.ahead
        recorder.take(replace(event, at=event.at - ahead) if ahead else event for event in portion.events)

    async def hung_up(self) -> None:
        """It says no more: the call tells why, where the executor notices."""
        self._silent.set()
        for brought in self._brought.values():
            _settle(brought, None)
        assert self._work is not None
        if not self._work.done():
            await asyncio.wait({self._work}, timeout=REASON)
        if not self._work.done():
            self._lose(self._lost("it hung up"))
            self._work.cancel()

    def _ended(self, work: asyncio.Future[None]) -> None:
        error = None if work.cancelled() else work.exception()
        if error is None or isinstance(error, BrokenExecutor):
            self._lose(self._lost(str(error or "it ended")))
        else:
            self._fail(error)

    def _lose(self, lost: Lost) -> None:
        """Go on without it, once all have begun and where that was asked for; otherwise nothing is worth a verdict."""
        if not (self.begun and self._crew.without_lost):
            self._fail(lost)
        elif self.lost is None and not self._dismissed:
            self.lost = lost
            self._crew.results.lost.append(str(lost).removeprefix("INVALID: "))  # it goes on
            _settle(self.over, None)

    def _lost(self, how: str) -> Lost:
        names = list(self.plan.people)
        users = ", ".join(names[:TOLD_USERS]) + (f" and {len(names) - TOLD_USERS} more" if len(names) > TOLD_USERS else "")
        return Lost(
            explain(
                f"all workers of {self.plan.script.name!r} stay until the load is over",
                f"worker {self.number} was lost after {max(self._crew.clock.now, 0.0):.1f} s: {how}",
                evidence=f"with it {len(names)} of {self.plan.count} users: {users}",
                remedy="See what ended the process: memory, a signal.",
            )
        )

    def _fail(self, error: BaseException) -> None:
        if self.over.done() and not self._dismissed and isinstance(error, Lost):
            self.lost_late = error
        for future in (self.here, self.ready, self.over):
            if not future.done():
                future.set_exception(error)
                future.exception()  # not all of them are waited for


def _check_data(part: Plan) -> None:
    try:
        pickle.dumps(part)
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        wanted = "script and values of the users are plain data, which can be sent to workers"
        raise StackError(
            explain(wanted, secrets.scrub(str(error)), remedy="Give users what the script needs as texts and numbers.")
        ) from None


async def _all(futures: Iterable[asyncio.Future[T]]) -> list[T]:
    return await asyncio.gather(*futures)


def _settle(future: asyncio.Future[T], value: T) -> None:
    if not future.done():  # a load that was cancelled waits for nothing any more
        future.set_result(value)
