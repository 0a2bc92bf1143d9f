"""The steps that a script is made of. Each is data with one coroutine, so that many users can follow it at once."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from realstack.core.errors import StackFailure, explain
from realstack.core.json_path import parse
from realstack.core.waiting import Deadline
from realstack.load.actor import Actor, StepFailed
from realstack.recording.recorder import recorder
from realstack.secrets import secrets
from realstack.websocket import Connection, Frame, Masker, Match, Options, Refused

LEDGER = 2000
"""Frames that a connection of a load keeps."""

Comparison = Literal["==", "!=", "contains", "matches", "<", "<=", ">", ">="]


class Step(Protocol):
    """What a script is made of."""

    async def run(self, actor: Actor) -> None:
        """Do it for one user.

        Raises:
            StepFailed: It did not end well.
        """


@dataclass(frozen=True, slots=True)
class Open:
    """Open a WebSocket connection."""

    url: str
    subprotocols: Sequence[str] = ()
    origin: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    alias: str = "tab"
    timeout: float = 5.0
    measure: str | None = None

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        began = actor.clock.now
        options = Options(
            actor.values.text(self.url),
            subprotocols=[actor.values.text(one) for one in self.subprotocols],
            origin=actor.values.text(self.origin) if self.origin else None,
            headers={name: str(value) for name, value in actor.values.fill(dict(self.headers)).items()},
            open_timeout=self.timeout,
            ledger_size=LEDGER,
        )
        if old := actor.connections.pop(self.alias, None):
            await old.close(timeout=1.0)
        try:
            name = f"{actor.name}/{self.alias}"
            record = recorder.record if actor.recorded else None
            actor.connections[self.alias] = await Connection.open(name, options, masker=Masker(), record=record)
        except Refused as error:
            raise StepFailed("refused", str(error)) from None
        if self.measure:
            actor.results.measure(self.measure, began, actor.clock.now - began)

    def __str__(self) -> str:
        return f"open {self.alias}"


@dataclass(frozen=True, slots=True)
class Send:
    """Send a JSON frame at its planned time."""

    frame: Mapping[str, Any]
    alias: str = "tab"

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        frame = actor.values.fill(self.frame)
        try:
            await actor.connection(self.alias).send_json(frame)
        except StackFailure as error:
            raise StepFailed("closed", str(error)) from None
        actor.results.sent += 1

    def __str__(self) -> str:
        return f"send {self.frame.get('type', 'a frame')}"


@dataclass(frozen=True, slots=True)
class Await:
    """Wait for a frame; take values from it."""

    conditions: Sequence[str]
    timeout: float = 5.0
    measure: str | None = None
    keep: Mapping[str, str] = field(default_factory=dict)
    fails_on: Sequence[str] = ()
    alias: str = "tab"

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        connection = actor.connection(self.alias)
        match = Match.of(*(actor.values.text(one) for one in self.conditions))
        bad = Match.of(*(actor.values.text(one) for one in self.fails_on)) if self.fails_on else None
        frame = await _wait(connection, match, bad, self.timeout)
        if self.measure:
            actor.results.measure(self.measure, actor.planned, actor.clock.of(frame.at) - actor.planned)
        for name, path in self.keep.items():
            found = parse(path).all(frame.data)
            if not found:
                raise StepFailed("wrong", explain(f"a value at {path}", f"none in {frame.brief()}"))
            actor.values.own[name] = actor.kept[name] = found[0]

    def __str__(self) -> str:
        return f"await {'  '.join(self.conditions)}"


async def _wait(connection: Connection, match: Match, bad: Match | None, timeout: float) -> Frame:
    deadline = Deadline(timeout)
    mailbox = connection.mailbox
    waiter = mailbox.start(match)
    watch = mailbox.watch(bad) if bad else None
    events = [waiter.ended] + ([watch.ended] if watch else [])
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        if not waiter.complete and not (bad and mailbox.untaken(bad)):
            await asyncio.wait(tasks, timeout=deadline.left, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        mailbox.finish(waiter, keep=waiter.complete)
        if watch:
            mailbox.unwatch(watch)
    if waiter.complete:
        return waiter.taken[0]
    refused = mailbox.take(bad) if bad else []
    if refused:
        raise StepFailed("rejected", explain(f"a frame with  {match}", refused[0].brief()))
    if connection.closed is not None:
        raise StepFailed("closed", explain(f"a frame with  {match}", f"the connection ended: {connection.closed}"))
    last = mailbox.frames()[-1:]
    evidence = f"the last frame, {last[0].direction}: {last[0].brief()}" if last else "no frame was exchanged"
    raise StepFailed("timeout", explain(f"a frame with  {match}  within {timeout:g} s", "none", evidence=evidence))


@dataclass(frozen=True, slots=True)
class Think:
    """Pause as a person does; the planned time of what follows moves on by as much."""

    seconds: float

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        actor.planned = max(actor.planned + self.seconds, 0.0)
        await actor.wait_until(actor.planned)

    def __str__(self) -> str:
        return f"think {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class Check:
    """Compare a value of the user with what it should be."""

    value: str
    comparison: Comparison
    expected: Any

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        seen, expected = actor.values.fill(self.value), actor.values.fill(self.expected)
        if not _holds(seen, self.comparison, expected):
            raise StepFailed("wrong", secrets.scrub(explain(f"{self.value} {self.comparison} {expected!r}", repr(seen))))

    def __str__(self) -> str:
        return f"check {self.value} {self.comparison}"


def _holds(seen: Any, comparison: Comparison, expected: Any) -> bool:
    if comparison in {"==", "!="}:
        return (str(seen) == str(expected)) is (comparison == "==")
    if comparison == "contains":
        return str(expected) in str(seen)
    if comparison == "matches":
        return re.search(str(expected), str(seen)) is not None
    left, right = float(seen), float(expected)
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[comparison]


@dataclass(frozen=True, slots=True)
class Close:
    """Close a connection, in order or without a close frame."""

    alias: str = "tab"
    code: int = 1000
    abruptly: bool = False

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        connection = actor.connections.pop(self.alias, None)
        if connection is None:
            return
        # Closing what the other end has closed already is no error of the script.
        with contextlib.suppress(StackFailure):
            await (connection.abort() if self.abruptly else connection.close(self.code, timeout=2.0))

    def __str__(self) -> str:
        return f"{'abort' if self.abruptly else 'close'} {self.alias}"


@dataclass(frozen=True, slots=True)
class Count:
    """Count a piece of work that was done, so that what services use can be told for each piece.

    Attributes:
        operation: What was done.
        count: Who keeps the count.
    """

    operation: str
    count: Callable[[str], object]

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        self.count(self.operation)

    def __str__(self) -> str:
        return f"count {self.operation}"


@dataclass(frozen=True, slots=True)
class Leave:
    """Close every connection and forget the cookies, as a user who goes away."""

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        await actor.leave()

    def __str__(self) -> str:
        return "leave"
