"""One user of a load: its values, its connections and its HTTP session."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.pace import Pace
from realstack.core.template import Values
from realstack.load.results import FIRST_WORD, LONGEST_GAP, Failure, Results
from realstack.recording.recorder import recorder
from realstack.websocket import Connection, Frame, Masker, Match, Options, Refused, Tls
from realstack.websocket.codecs import CodecName
from realstack.websocket.mailbox import over_within
from realstack.websocket.match import Part
from realstack.websocket.options import Transport
from realstack.websocket.senders import Answers, Every, filled, payloads_of

if TYPE_CHECKING:
    from realstack.oauth.http import Answer, Session


LEDGER = 2000
"""Frames that a connection of a load keeps."""

_MASKER = Masker()


@dataclass(frozen=True, slots=True)
class Flow:
    """An answer that comes in pieces: which those are, and under whose name its figures stand."""

    measure: str
    pieces: Match

    @property
    def first_word(self) -> str:
        """The measure of the time until the first piece."""
        return f"{self.measure}: {FIRST_WORD}"

    @property
    def longest_gap(self) -> str:
        """The measure of the longest time in which nothing came."""
        return f"{self.measure}: {LONGEST_GAP}"


class StepFailed(Exception):
    """A step did not end well; carries the kind of the error for the results."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Clock:
    """The time of a load, in seconds after its start on the monotonic clock."""

    def __init__(self) -> None:
        self.started = time.monotonic()

    def start(self, at: float) -> None:
        """Set the moment that all planned times count from."""
        self.started = at

    @property
    def now(self) -> float:
        """Seconds after the start."""
        return time.monotonic() - self.started

    def of(self, at: float) -> float:
        """A moment of the monotonic clock as seconds after the start."""
        return at - self.started


class Stop:
    """Tells users that the load is to end; to be used on the loop."""

    def __init__(self) -> None:
        self.asked = False
        self._sleeping: set[asyncio.Future[None]] = set()

    def ask(self) -> None:
        """Let running iterations end and begin no more: who waits for a planned time is woken."""
        self.asked = True
        for future in self._sleeping:
            _wake(future)

    async def sleep(self, seconds: float) -> bool:
        """Sleep until then, or until the load is to end; whether it was until then."""
        if self.asked:
            return False
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        timer = loop.call_later(seconds, _wake, future)
        self._sleeping.add(future)
        try:
            await future
        finally:
            timer.cancel()
            self._sleeping.discard(future)
        return not self.asked


def _match(*which: Match | Part, type_path: str, **fields: Any) -> Match:
    if len(which) == 1 and isinstance(which[0], Match) and not fields:
        return which[0]
    return Match.of(*which, type_path=type_path, **fields)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Actor:
    """A user that follows a script: what steps are made of, and what functions of scenarios are given.

    ``user["query"]`` is one of its values.

    Attributes:
        name: Its name; connections are called after it.
        values: What fills its templates.
        connections: Open ones by alias.
        recorded: Whether its frames and requests go to the test's recording.
        stop: Asked when the load is to end: waiting for a planned time ends then.
        planned: When the current iteration, plus the thinking in it, was to have come so far; seconds after the start.
        awaited: Measures that the current iteration is still to have.
    """

    def __init__(
        self,
        name: str,
        values: Values,
        base_url: str,
        clock: Clock,
        results: Results,
        *,
        stop: Stop | None = None,
        recorded: bool = True,
        ca: str = "",
    ) -> None:
        self.name = name
        self.values = values
        self.connections: dict[str, Connection] = {}
        self.clock = clock
        self.results = results
        self.planned = 0.0
        self.awaited: set[str] = set()
        values.own.update(user=name, n=0)
        self.kept: dict[str, Any] = {}
        self.recorded = recorded
        self.stop = stop or Stop()
        self._base_url = base_url
        self._ca = ca
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """Its HTTP session, opened at first use."""
        if self._session is None:
            from realstack.oauth.http import Session  # noqa: PLC0415 -- who sends no request needs no HTTP client

            start = self.values.text(self._base_url)
            self._session = Session(self.name, start, ca=self._ca or None, recorded=self.recorded)
        return self._session

    def connection(self, alias: str) -> Connection:
        """Its connection of that alias.

        Raises:
            StackError: The script has not opened it.
            StepFailed: What it sends by itself could not be sent.
        """
        if alias not in self.connections:
            known = ", ".join(self.connections) or "none"
            remedy = "Let the script open it before."
            raise StackError(explain(f"{self.name} has a connection {alias!r}", f"it has {known}", remedy=remedy))
        connection = self.connections[alias]
        if troubles := connection.mailbox.troubles:
            told = "\n".join(troubles[:3])
            troubles.clear()
            raise StepFailed("background", told)
        return connection

    async def connect(
        self,
        url: str,
        *,
        subprotocols: Sequence[str] = (),
        origin: str | None = None,
        headers: Mapping[str, str] | None = None,
        alias: str = "tab",
        timeout: float = 5.0,
        measure: str | None = None,
        codec: CodecName = "json",
        tls: Tls | None = None,
        transport: Transport = "websocket",
        method: str = "",
        body: Any = None,
    ) -> None:
        """Open a connection, instead of the one that had the alias before; it trusts whom the script does unless told.

        Raises:
            StepFailed: It was refused.
        """
        self.awaits(measure)
        began = self.clock.now
        options = Options(
            url,
            subprotocols,
            dict(headers or {}),
            origin,
            tls=tls or (Tls(ca=Path(self._ca)) if self._ca else Tls()),
            open_timeout=timeout,
            ledger_size=LEDGER,
            codec=codec,
            transport=transport,
            method=method,
            body=body,
        )
        if old := self.connections.pop(alias, None):
            await old.close(timeout=1.0)
        record = recorder.record if self.recorded else None
        try:
            self.connections[alias] = await Connection.open(
                f"{self.name}/{alias}", options, masker=_MASKER, record=record, unseen=not self.recorded
            )
        except Refused as error:
            raise StepFailed("refused", str(error)) from None
        self.measured(measure, began, self.clock.now)

    async def send(self, frame: Any, *, alias: str = "tab") -> None:
        """Send a text or bytes as they are, or a value as the connection's codec writes it.

        Raises:
            StepFailed: The connection is not open.
        """
        connection = self.connection(alias)
        try:
            await connection.send(*payloads_of(frame, connection.codec))
        except StackFailure as error:
            raise StepFailed("closed", str(error)) from None
        self.results.sent += 1

    def send_every(self, interval: float, frame: Any, *, alias: str = "tab") -> None:
        """Send the same by interval from now on, until the connection ends: a heartbeat."""
        connection = self.connection(alias)
        Every(f"every {interval:g} s", connection, payloads_of(frame, connection.codec), interval).begin()

    def answer(self, match: Match, reply: Any, *, alias: str = "tab") -> None:
        """Answer each message that matches from now on, until the connection ends.

        Args:
            match: Which messages; nobody else gets them.
            reply: A template of what is sent, which fields of the message fill, too, or a function of the message.
            alias: Which connection.
        """
        connection = self.connection(alias)
        Answers(f"answers to {match}", connection, match, filled(reply, connection.codec, self.values)).begin()

    async def expect(
        self,
        *which: Match | Part,
        timeout: float = 5.0,
        fails_on: Match | Part | None = None,
        alias: str = "tab",
        measure: str | None = None,
        pieces: Match | Part | None = None,
        **fields: Any,
    ) -> Frame:
        """Wait for a frame and take it.

        Args:
            which: A match, or what makes one; see `Match.of`.
            timeout: Seconds from now on.
            fails_on: What ends the wait as an error ``rejected``.
            alias: Which connection.
            measure: Name under which the time from the planned time until the frame came is measured.
            pieces: Frames that come before it, piece by piece: they are taken, too, and the time until the first one and the
                longest time between two, or from the last one to the end, are measures of their own.
            fields: Paths with their values.

        Raises:
            StepFailed: It did not come.
        """
        path = self.connection(alias).codec.type_path
        bad = _match(fails_on, type_path=path) if fails_on else None
        flow = Flow(measure, _match(pieces, type_path=path)) if measure and pieces else None
        return await self._expect(_match(*which, type_path=path, **fields), timeout, bad, alias, measure, flow=flow)

    async def _expect(
        self, match: Match, timeout: float, fails_on: Match | None, alias: str, measure: str | None, *, flow: Flow | None = None
    ) -> Frame:
        self.awaits(measure)
        if flow:
            self.awaits(flow.first_word)
            self.awaits(flow.longest_gap)
        connection = self.connection(alias)
        mailbox = connection.mailbox
        waiter = mailbox.start(match)
        watch = mailbox.watch(fails_on, waiter) if fails_on else None
        try:
            if not waiter.complete and not (fails_on and mailbox.untaken(fails_on)):
                await over_within(waiter.ended, timeout)
        finally:
            mailbox.finish(waiter, keep=waiter.complete)
            if watch:
                mailbox.unwatch(watch)
        if flow:
            self._measure_flow(flow, mailbox.take(flow.pieces), waiter.taken[0] if waiter.complete else None)
        if not waiter.complete:
            raise self._missing(connection, match, fails_on, timeout)
        frame = waiter.taken[0]
        self.measured(measure, self.planned, self.clock.of(frame.at))
        return frame

    def _measure_flow(self, flow: Flow, pieces: Sequence[Frame], end: Frame | None) -> None:
        # What an earlier iteration asked for, and never saw the end of, is no piece of this answer.
        times = [at for piece in pieces if (at := self.clock.of(piece.at)) >= self.planned]
        if end is not None:
            times = [at for at in times if at <= self.clock.of(end.at)] or [self.clock.of(end.at)]
            gap = Pace.of(self.planned, times, self.clock.of(end.at)).gap
            self.measured(flow.longest_gap, self.planned, self.planned + gap)
        if times:
            self.measured(flow.first_word, self.planned, times[0])

    async def http(
        self,
        method: str,
        url: str,
        *,
        bearer: str | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | list[tuple[str, str]] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        status: int | None = None,
        timeout: float = 5.0,
        measure: str | None = None,
    ) -> Answer:
        """Send an HTTP request in its own session, which keeps its cookies.

        Args:
            method: HTTP method.
            url: Absolute, or relative to the script's base URL.
            bearer: A token.
            headers: Besides the session's.
            json: A JSON body.
            form: Fields of a form.
            files: Name of a field to a file's name, content and type.
            status: That the answer must have; any below 400 unless given.
            timeout: Seconds for the whole exchange.
            measure: Name under which the time from the planned time until the answer is measured.

        Raises:
            StepFailed: There was no answer, or it had another status.
        """
        self.awaits(measure)
        given = {**(headers or {}), **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
        try:
            answer = await self.session.send(method, url, headers=given, json_body=json, form=form, files=files, timeout=timeout)
        except StackFailure as error:
            raise StepFailed("http", str(error)) from None
        if answer.status >= 400 if status is None else answer.status != status:
            raise StepFailed("http", explain(f"{answer.where} answers {status or 'below 400'}", answer.described))
        self.measured(measure, self.planned, self.clock.now)
        return answer

    async def think(self, seconds: float) -> None:
        """Pause as a person does; the planned time of what follows moves on by as much."""
        self.planned = max(self.planned + seconds, 0.0)
        await self.wait_until(self.planned)

    def keep(self, **values: Any) -> None:
        """Keep values: they fill templates from now on, and are in the results."""
        self.values.own.update(values)
        self.kept.update(values)

    def count(self, operation: str) -> None:
        """Count a piece of work, so that what services use can be told for each piece."""
        self.results.count(operation)

    def __getitem__(self, name: str) -> Any:
        return self.values.value(name)

    def _missing(self, connection: Connection, match: Match, fails_on: Match | None, timeout: float) -> StepFailed:
        refused = connection.mailbox.take(fails_on) if fails_on else []
        if refused:
            return StepFailed("rejected", explain(f"a frame with  {match}", self.shown(refused[0]).brief()))
        if connection.closed is not None:
            return StepFailed("closed", explain(f"a frame with  {match}", f"the connection ended: {connection.closed}"))
        last = connection.mailbox.frames()[-1:]
        evidence = f"the last frame, {last[0].direction}: {self.shown(last[0]).brief()}" if last else "no frame was exchanged"
        return StepFailed("timeout", explain(f"a frame with  {match}  within {timeout:g} s", "none", evidence=evidence))

    def shown(self, frame: Frame) -> Frame:
        """A frame as others may see it: frames that are not recorded are masked only when somebody is to see them."""
        if self.recorded or frame.content == "binary":
            return frame
        masked = _MASKER.payload(None, frame.data) if frame.content == "json" else _MASKER.members(frame.data)
        return replace(frame, data=masked, problem=_MASKER.members(frame.problem))

    @property
    def broken(self) -> bool:
        """Whether a connection has ended without the script's doing."""
        return any(connection.state != "open" for connection in self.connections.values())

    async def wait_until(self, planned: float) -> None:
        """Wait for a planned time; how late a free user wakes up is the generator's lag."""
        left = planned - self.clock.now
        if left > 0 and await self.stop.sleep(left):
            self.results.late(planned, max(0.0, self.clock.now - planned))

    def measured(self, name: str | None, at: float, until: float) -> None:
        """Add a latency, where it has a name; both ends are seconds after the start."""
        if name:
            self.awaited.discard(name)
            self.results.measure(name, at, until - at)

    def awaits(self, name: str | None) -> None:
        """From here on a latency of this name is to come, in this iteration; where it fails before, one is missing."""
        if name:
            self.awaited.add(name)

    def failed(self, kind: str, step: str, text: str, iteration: int, at: float) -> None:
        """Count an error of this user, and the latencies that it should have had."""
        for name in self.awaited:
            self.results.miss(name)
        self.awaited.clear()
        self.results.fail(Failure(kind, self.name, iteration, step, text, at))

    async def leave(self) -> None:
        """Close its connections and forget its cookies."""
        connections, self.connections = list(self.connections.values()), {}
        for connection in connections:
            # A connection that can't be closed in order has its transport dropped by close() itself.
            with contextlib.suppress(StackFailure):
                await connection.close(timeout=1.0)
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()
