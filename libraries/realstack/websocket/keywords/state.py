"""What the keywords of the WebSocket library share: connections by alias, who owns them, and how texts become matches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from robot.api import logger
from robot.api.types import Secret
from robot.utils import DotDict

from realstack.core.errors import StackError, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.loop import background
from realstack.core.ownership import Ownership
from realstack.websocket import Connection, Frame, Masker, Match

T = TypeVar("T")

MARGIN = 10.0
"""Seconds that the loop may take beyond an operation's own deadline before the keyword gives up on it."""

FAREWELL = 0.5
"""Seconds that a connection gets for its closing handshake at the end of its test or suite."""


class Promise:
    """A wait that goes on in the background; [Wait For Promise] gives its result."""

    def __init__(self, connection: Connection, match: Match, timeout: float) -> None:
        self.what = f"a frame with  {match}  on connection '{connection.alias}'"
        self.timeout = timeout
        self.awaited = False
        self.future = background.spawn(connection.wait_for(match, timeout))

    def __str__(self) -> str:
        return f"promise of {self.what}"

    __repr__ = __str__


class State:
    """Connections by alias and the one that keywords use when none is named."""

    def __init__(self, masker: Masker, type_path: str) -> None:
        self._masker = masker
        self._type_path = type_path
        self._connections: dict[str, Connection] = {}
        self._owned: Ownership[Connection] = Ownership()
        self._promises: Ownership[Promise] = Ownership()
        self._current: str | None = None

    def _wait(self, coroutine: Coroutine[Any, Any, T], seconds: float = 0.0) -> T:
        return background.run(coroutine, seconds + MARGIN)

    def _keep(self, connection: Connection) -> None:
        old = self._connections.get(connection.alias)
        if old is not None:
            self._owned.drop(old)
        self._connections[connection.alias] = connection
        self._owned.add(current_owner(), connection)
        self._current = connection.alias

    def _get(self, alias: str | None) -> Connection:
        """The connection with this alias, or the current one."""
        name = self._current if alias is None else alias
        if name is None:
            raise StackError("No connection is open. Use [Open Connection] first.")
        if name not in self._connections:
            known = ", ".join(self._connections) or "none"
            raise StackError(f"No connection has the alias '{name}'. Open are: {known}. Use [Open Connection] first.")
        return self._connections[name]

    def _free_alias(self, alias: str | None) -> str:
        """The alias if it may be used; a made-up one when none is given."""
        if alias is None:
            number = len(self._connections) + 1
            while f"connection{number}" in self._connections:
                number += 1
            return f"connection{number}"
        old = self._connections.get(alias)
        if old is not None and old.state != "closed":
            raise StackError(
                f"The alias '{alias}' already names a connection that is {old.state}. "
                f"Choose another, or use [Close Connection] or [Abort Connection] first."
            )
        return alias

    def _match(self, parts: Iterable[Any], fields: Mapping[str, Any]) -> Match:
        if any(isinstance(value, Secret) for value in (*parts, *fields.values())):
            raise StackError(
                explain(
                    "values that frames can be compared with",
                    "a Secret",
                    remedy="Credentials are masked before frames are kept, so none can match. Match other fields of the frame.",
                )
            )
        try:
            return Match.of(*map(_part, parts), type_path=self._type_path, **fields)
        except (ValueError, TypeError) as error:
            raise StackError(str(error)) from None

    def _release(self, owner: str, *, below: bool) -> None:
        """Close what a test or suite leaves behind; failing to say goodbye is no failure of the test."""
        for promise in self._promises.release(owner, below=below):
            if not promise.awaited:
                logger.warn(f"Nobody waited for the {promise}: use [Wait For Promise], or don't promise.")
            promise.future.cancel()
        left = self._owned.release(owner, below=below)
        for connection in left:
            self._connections.pop(connection.alias, None)
        if self._current not in self._connections:
            self._current = next(reversed(self._connections), None)
        open_ones = [connection for connection in left if connection.state != "closed"]
        if open_ones:
            self._wait(_close_all(open_ones), FAREWELL)


async def _close_all(connections: list[Connection]) -> None:
    await asyncio.gather(*(connection.close(1001, "end of the test", FAREWELL) for connection in connections))


def _part(part: Any) -> Any:
    """A part of a match; a text with a JSON object is taken as that object."""
    if isinstance(part, str) and part.lstrip().startswith("{"):
        try:
            return json.loads(part)
        except ValueError as error:
            raise ValueError(f"'{part}' starts like a JSON object but is none: {error}") from None
    return part


def reveal(value: Any, masker: Masker, what: str) -> Any:
    """A copy of a value with each Secret in it unwrapped, and made known to the masker."""
    if isinstance(value, Secret):
        masker.register(value.value, what)
        return value.value
    if isinstance(value, Mapping):
        return {name: reveal(item, masker, what) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [reveal(item, masker, what) for item in value]
    return value


def for_robot(value: Any) -> Any:
    """A JSON value whose objects can be read as ``${frame.payload.text}``."""
    if isinstance(value, dict):
        return DotDict({name: for_robot(item) for name, item in value.items()})
    if isinstance(value, list):
        return [for_robot(item) for item in value]
    return value


def seconds(time: timedelta) -> float:
    """Seconds of a time that keywords take; negative ones are refused."""
    if time < timedelta(0):
        raise StackError(f"A time can't be negative: {time.total_seconds():g} s")
    return time.total_seconds()


def line(alias: str, frame: Frame, opened_at: float) -> str:
    """One line of a conversation."""
    arrow = "←" if frame.direction == "in" else "→"
    return f"{alias} {arrow} #{frame.number} at +{frame.at - opened_at:.3f} s: {frame.brief()}"
