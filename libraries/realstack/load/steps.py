"""The steps that a script is made of. Each is data with one coroutine, so that many users can follow it at once."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from realstack.core.errors import StackFailure, explain
from realstack.core.json_path import parse
from realstack.load.actor import Actor, StepFailed
from realstack.load.matching import filled
from realstack.secrets import secrets
from realstack.websocket import Tls
from realstack.websocket.options import Transport

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
    """Open a connection: a WebSocket, or a stream over HTTP."""

    url: str
    subprotocols: Sequence[str] = ()
    origin: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    alias: str = "tab"
    timeout: float = 5.0
    measure: str | None = None
    codec: str = "json"
    tls: Tls | None = None
    transport: Transport = "websocket"
    method: str = ""
    body: Any = None

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        await actor.connect(
            actor.values.text(self.url),
            subprotocols=[actor.values.text(one) for one in self.subprotocols],
            origin=actor.values.text(self.origin) if self.origin else None,
            headers={name: str(value) for name, value in actor.values.fill(dict(self.headers)).items()},
            alias=self.alias,
            timeout=self.timeout,
            measure=self.measure,
            codec=self.codec,
            tls=self.tls,
            transport=self.transport,
            method=self.method,
            body=actor.values.fill(self.body),
        )

    def __str__(self) -> str:
        return f"open {self.alias}"


@dataclass(frozen=True, slots=True)
class Send:
    """Send at its planned time: a text or bytes as they are, a value as the connection's codec writes it."""

    frame: Mapping[str, Any] | str | bytes
    alias: str = "tab"

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        await actor.send(_filled(self.frame, actor), alias=self.alias)

    def __str__(self) -> str:
        return f"send {_title(self.frame)}"


@dataclass(frozen=True, slots=True)
class SendEvery:
    """Send the same by interval from now on, until the connection ends."""

    interval: float
    frame: Mapping[str, Any] | str | bytes
    alias: str = "tab"

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        actor.send_every(self.interval, _filled(self.frame, actor), alias=self.alias)

    def __str__(self) -> str:
        return f"send {_title(self.frame)} every {self.interval:g} s"


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer each message that matches from now on, until the connection ends."""

    conditions: Sequence[str]
    reply: Mapping[str, Any] | str | bytes
    alias: str = "tab"

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        type_path = actor.connection(self.alias).codec.type_path
        actor.answer(filled(self.conditions, actor.values, type_path), self.reply, alias=self.alias)

    def __str__(self) -> str:
        return f"answer {'  '.join(self.conditions)}"


def _filled(frame: Mapping[str, Any] | str | bytes, actor: Actor) -> Any:
    return actor.values.text(frame) if isinstance(frame, str) else actor.values.fill(frame)


def _title(frame: Mapping[str, Any] | str | bytes) -> str:
    if isinstance(frame, str | bytes):
        return "a text" if isinstance(frame, str) else f"{len(frame)} bytes"
    return str(next((frame[name] for name in ("type", "event", "target", "method", "command") if name in frame), "a frame"))


@dataclass(frozen=True, slots=True)
class Await:
    """Wait for a frame; take values from it."""

    conditions: Sequence[str]
    timeout: float = 5.0
    measure: str | None = None
    keep: Mapping[str, str] = field(default_factory=dict)
    fails_on: Sequence[str] = ()
    alias: str = "tab"
    pieces: Sequence[str] = ()

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        type_path = actor.connection(self.alias).codec.type_path
        match = filled(self.conditions, actor.values, type_path)
        bad = filled(self.fails_on, actor.values, type_path) if self.fails_on else None
        pieces = filled(self.pieces, actor.values, type_path) if self.pieces else None
        frame = await actor.expect(
            match, timeout=self.timeout, fails_on=bad, alias=self.alias, measure=self.measure, pieces=pieces
        )
        shown = actor.shown(frame) if self.keep else frame
        for name, path in self.keep.items():
            found = parse(path).all(shown.data)
            if not found:
                raise StepFailed("wrong", explain(f"a value at {path}", f"none in {shown.brief()}"))
            actor.keep(**{name: found[0]})

    def __str__(self) -> str:
        return f"await {'  '.join(self.conditions)}"


@dataclass(frozen=True, slots=True)
class Think:
    """Pause as a person does; the planned time of what follows moves on by as much."""

    seconds: float

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        await actor.think(self.seconds)

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
    """

    operation: str

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        actor.count(self.operation)

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
