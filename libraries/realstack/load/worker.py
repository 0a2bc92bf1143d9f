"""A part of a load in a worker's process: told when to begin, stop and leave, and telling what happens in portions."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.core.priority import be_nice, niceness
from realstack.load.channel import Channel, Ended
from realstack.load.engine import Load
from realstack.load.plan import Plan
from realstack.load.results import Failure, Results
from realstack.recording.events import Event
from realstack.recording.recorder import recorder
from realstack.recording.trace import trace
from realstack.secrets import secrets

PAUSE = 0.05
"""Seconds between two portions."""

AHEAD = 10
"""By how much a worker is less nice than usual: what measures a platform must not wait for it."""

Known = tuple[str, str, bool]
"""A credential, what it is, and whether it lasts."""


def _process() -> tuple[str, int]:
    return socket.gethostname(), os.getpid()


@dataclass(frozen=True, slots=True)
class Share:
    """What a worker is given.

    Attributes:
        number: Of the worker, from 0.
        plan: Its part of the load.
        host: Where it is waited for.
        port: Where it is waited for.
        key: Shows that it is the one.
        known: Credentials to mask.
        names: Further names that tell of one, and with `!` that do not.
        asker: The process that asks.
        tls: Gives what the worker shows of itself, and whom it trusts; None talks in the clear.
    """

    number: int
    plan: Plan
    host: str
    port: int
    key: bytes = field(repr=False)
    known: list[Known] = field(default_factory=list, repr=False)
    names: tuple[str, ...] = ()
    asker: tuple[str, int] = field(default_factory=_process)
    tls: Callable[[], ssl.SSLContext] | None = None


@dataclass(slots=True)
class Portion:
    """What happened since the one before.

    Attributes:
        news: Calls of `Results` to be done again.
        figures: Iterations planned, begun and done, and frames sent, since the start.
        events: For the recording.
        learned: Credentials that became known.
    """

    news: list[tuple[str, tuple[Any, ...]]]
    figures: tuple[int, int, int, int]
    events: list[Event]
    learned: list[Known]


@dataclass(slots=True)
class Told(Results):
    """Results that keep nothing themselves: what they are told is told on."""

    news: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    def measure(self, name: str, at: float, seconds: float) -> None:
        """See `Results`."""
        self.news.append(("measure", (name, at, seconds)))

    def miss(self, name: str) -> None:
        """See `Results`."""
        self.news.append(("miss", (name,)))

    def late(self, at: float, seconds: float) -> None:
        """See `Results`."""
        self.news.append(("late", (at, seconds)))

    def count(self, operation: str) -> None:
        """See `Results`."""
        self.news.append(("count", (operation,)))

    def fail(self, failure: Failure) -> None:
        """See `Results`."""
        self.news.append(("fail", (failure,)))

    def keep(self, user: str, values: Any) -> None:
        """See `Results`."""
        self.news.append(("keep", (user, dict(values))))


def work(share: Share) -> None:
    """Do a part of a load; what an executor is asked for.

    Raises:
        StackError: This is no process of its own.
    """
    if _process() == share.asker:
        remedy = "Use an executor with processes."
        raise StackError(explain("workers of a load are processes of their own", "a thread of this one", remedy=remedy))
    asyncio.run(_work(share, share.tls() if share.tls else None))


async def _work(share: Share, tls: ssl.SSLContext | None) -> None:
    usual = niceness()
    be_nice(usual - AHEAD)
    try:
        await _Worker(share).run(tls)
    finally:
        be_nice(usual)


class _Worker:
    def __init__(self, share: Share) -> None:
        secrets.name_credentials(share.names)
        for value, what, lasting in share.known:
            secrets.remember(value, what, lasting=lasting)
        self._told_secrets = len(secrets)
        self._share = share
        trace.go_on(share.plan.trace)
        self._results = Told(len(share.plan.people), 0, share.plan.limits.most_lag)
        self._load = Load(share.plan, results=self._results)
        self._begin: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._prepare = asyncio.Event()
        self._leave = asyncio.Event()
        self._channel: Channel
        self._recording = recorder.begin("part of a load")

    async def run(self, tls: ssl.SSLContext | None) -> None:
        share = self._share
        self._channel = await Channel.open(share.host, share.port, share.key, tls)
        self._channel.tell("here", share.number)
        loop = asyncio.get_running_loop()
        running = loop.create_task(self._run())
        hearing = loop.create_task(self._hear())
        telling = loop.create_task(self._keep_telling())
        try:
            await asyncio.wait({running, hearing}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():  # nobody is there any more who wants to know
                running.cancel()
            await running
        except asyncio.CancelledError:
            return
        finally:
            hearing.cancel()
            telling.cancel()
            await self._load.leave()
            if self._prepare.is_set():
                self._tell()
            await self._channel.closed()

    async def _run(self) -> None:
        await self._prepare.wait()  # by then the clocks are compared
        await self._load.run(self._ready)
        self._tell()
        self._channel.tell("over", self._results.seconds)
        await self._leave.wait()

    async def _ready(self, problems: list[str]) -> float:
        self._tell()
        # Connections and scripts stay. A collection that walked over them while users are under way would make all of them late.
        gc.collect()
        gc.freeze()
        self._channel.tell("ready", problems)
        return await self._begin

    async def _hear(self) -> None:
        while True:
            try:
                word, *more = await self._channel.hear()
            except Ended:
                return
            if word == "clock":
                self._channel.tell("clock", more[0], time.monotonic())
            elif word == "prepare":
                self._prepare.set()
            elif word == "begin":
                self._begin.set_result(more[0])
            elif word == "stop":
                self._load.stop()
            elif word == "bring":
                self._tell()
                self._channel.tell("brought", more[0])
            elif word == "leave":
                self._leave.set()
                if not self._load.over:
                    return

    async def _keep_telling(self) -> None:
        await self._prepare.wait()
        while True:
            await asyncio.sleep(PAUSE)
            self._tell()
            await self._channel.drain()

    def _tell(self) -> None:
        results = self._results
        news, results.news = results.news, []
        events, self._recording = self._recording.entries(), recorder.begin("part of a load")
        learned, self._told_secrets = secrets.known(self._told_secrets), len(secrets)
        if news or events or learned:
            figures = (results.planned, results.begun, results.done, results.sent)
            self._channel.tell("portion", Portion(news, figures, events, learned))
