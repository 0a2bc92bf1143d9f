"""The connections that keywords work on, whose they are, and how cells of a table become matches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any

from robot.api import logger
from robot.api.types import Secret

from realstack.core.errors import StackError, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.keywords.waiting import wait
from realstack.core.ownership import Owned
from realstack.websocket import Connection, Frame, Masker, Match
from realstack.websocket.codecs import CodecName
from realstack.websocket.keywords.documents import for_robot

TOLD = 5
"""Troubles of a connection that are told at its end."""

FAREWELL = 0.5
"""Seconds that a connection gets for its closing handshake at the end of its test or suite."""


class Connections:
    """Connections by alias, with the one that keywords use when none is named.

    Args:
        masker: What all of them hide.
        type_path: Where a message says its type; None where each connection's codec knows.
        codec: How messages are read and written where a connection does not say so.
    """

    def __init__(self, masker: Masker, type_path: str | None = None, codec: CodecName = "json") -> None:
        self.masker = masker
        self.codec = codec
        self._type_path = type_path
        self._owned: Owned[Connection] = Owned("connection", "Open Connection")

    def get(self, alias: str | None) -> Connection:
        """The connection with this alias, or the current one.

        Raises:
            StackError: There is none; says which there are.
        """
        return self._owned.get(alias)

    @property
    def open(self) -> list[Connection]:
        """Those that are open, the oldest first."""
        return [connection for _, connection in self._owned.by_age() if connection.state == "open"]

    @property
    def unclosed(self) -> list[Connection]:
        """Those that have not ended, the oldest first."""
        return [connection for _, connection in self._owned.by_age() if connection.state != "closed"]

    def free_alias(self, alias: str | None) -> str:
        """The alias if it may be used, that of a closed connection too; one that is made up when none is given.

        Raises:
            StackError: A connection that has not ended has it.
        """
        if alias is not None and alias in self._owned and self._owned.get(alias).state == "closed":
            return alias
        return self._owned.free_alias(alias)

    def closed(self, alias: str) -> Connection | None:
        """The connection with this alias where it has ended."""
        found = self._owned.get(alias) if alias in self._owned else None
        return found if found is not None and found.state == "closed" else None

    def keep(self, connection: Connection) -> None:
        """Take a connection for the running test or suite; it becomes the current one, and a closed one gives its alias to it."""
        if connection.alias in self._owned:
            self._owned.pop(connection.alias)
        self._owned.add(connection, current_owner(), connection.alias)

    def switch(self, alias: str) -> str | None:
        """Make another one the current one; gives the alias of the one that was."""
        return self._owned.switch(alias)

    def release(self, owner: str, *, below: bool) -> None:
        """Close what a test or suite leaves behind; failing to say goodbye is no failure of the test."""
        released = self._owned.release(owner, below=below)
        for connection in released:
            for trouble in connection.mailbox.troubles[:TOLD]:
                logger.warn(f"Connection '{connection.alias}': {trouble}")
        left = [connection for connection in released if connection.state != "closed"]
        if left:
            wait(_close_all(left), FAREWELL)

    def match(self, connection: Connection, parts: Iterable[Any], fields: Mapping[str, Any]) -> Match:
        """Which frames are meant.

        Args:
            connection: Whose.
            parts: Types, expressions or dictionaries, as the cells of a row.
            fields: Paths and their values.

        Raises:
            StackError: They can't be understood, or compare with a Secret.
        """
        if _holds_secret([*parts, *fields.values()]):
            raise StackError(
                explain(
                    "values that frames can be compared with",
                    "a Secret",
                    remedy="Credentials are masked before frames are kept, so none can match. Match other fields of the frame.",
                )
            )
        try:
            return Match.of(*map(_asked, parts), type_path=self._type_path or connection.codec.type_path, **fields)
        except (ValueError, TypeError) as error:
            raise StackError(str(error)) from None


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_secret, value.values()))
    return isinstance(value, Secret) or (isinstance(value, (list, tuple)) and any(map(_holds_secret, value)))


async def _close_all(connections: list[Connection]) -> None:
    await asyncio.gather(*(connection.close(1001, "end of the test", FAREWELL) for connection in connections))


def _asked(part: Any) -> Any:
    """A part of a match; a function is asked about the message as keywords return it."""
    if not callable(part):
        return part_of_match(part)

    def predicate(frame: Frame) -> bool:
        return bool(part(for_robot(frame.data)))

    predicate.__name__ = getattr(part, "__name__", "predicate")
    return predicate


def part_of_match(part: Any) -> Any:
    """A cell of a table; a text with a JSON object is taken as that object."""
    if isinstance(part, str) and part.lstrip().startswith("{"):
        try:
            return json.loads(part)
        except ValueError as error:
            raise ValueError(f"'{part}' starts like a JSON object but is none: {error}") from None
    return part


def line(connection: Connection, frame: Frame) -> str:
    """One line of a conversation."""
    arrow = "←" if frame.direction == "in" else "→"
    return f"{connection.alias} {arrow} #{frame.number} at +{frame.at - connection.opened_at:.3f} s: {frame.brief()}"
