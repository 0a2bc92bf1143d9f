"""Keywords for what connections send by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from robot.api.deco import keyword

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.waiting import on_loop, seconds
from realstack.core.template import Values
from realstack.websocket import Connection
from realstack.websocket.keywords.connections import Connections, part_of_match
from realstack.websocket.keywords.documents import build, for_robot, reveal
from realstack.websocket.senders import Answers, Every, Sender, filled, payloads_of


class Senders:
    """Has what connections send by themselves."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._senders: dict[Connection, dict[str, Sender]] = {}

    @keyword(tags=["frame", "background"])
    def send_every(
        self, interval: timedelta, content: Any = None, *, name: str | None = None, alias: str | None = None, **fields: Any
    ) -> str:
        """Lets a connection send the same again and again, whatever keywords run, until [Stop Sending] or its end: a heartbeat.

        The first goes out one interval from now. When the other end takes no bytes for an interval, sending stops; that is told
        by [Stop Sending], by waits that fail, and by a warning at the connection's end.

        Args:
            interval: Time from one to the next.
            content: A text or bytes, sent as they are, or a JSON object, sent as the connection's codec writes it.
            name: For [Stop Sending]; made up by default.
            alias: The connection; the current one by default.
            fields: Paths and their values, as for [Send Json].

        Returns:
            The name.

        ```robotframework
        Send Every    10 s    type=ping    name=heartbeat
        Send Every    20 s    ${{ '\\n' }}    alias=queue
        ```
        """
        connection = self._connections.get(alias)
        found = part_of_match(content)
        if fields or not isinstance(found, (str, bytes)):
            found = build(found, fields)
        payloads = payloads_of(reveal(found, self._connections.masker, "WebSocket frame"), connection.codec)
        return self._begin(Every(self._free(connection, name), connection, payloads, seconds(interval)))

    @keyword(tags=["frame", "background"])
    def answer_frames(self, *match: Any, reply: Any, name: str | None = None, alias: str | None = None, **fields: Any) -> str:
        """Lets a connection answer every message that matches, whatever keywords run, until [Stop Sending] or its end.

        It takes these messages, those that came before too: no wait gets them, and [Get Frames] shows them. An answer that can't
        be sent is told by [Stop Sending], by waits that fail, and by a warning at the connection's end.

        Args:
            match: Types, expressions or dictionaries.
            reply: A text or bytes, sent as they are, a JSON object, sent as the connection's codec writes it, or a function that
                makes one of these from the message. In texts ``{id}`` is a field of the message, ``{message}`` all of it.
            name: For [Stop Sending]; made up by default.
            alias: The connection; the current one by default.
            fields: Paths and their values.

        Returns:
            The name.

        ```robotframework
        Answer Frames    ping    reply={"type": "pong"}
        Answer Frames    $=2    reply=3    alias=raw
        Answer Frames    id exists    type=event    reply={"type": "ack", "id": "{id}"}    alias=events
        ```
        """
        connection = self._connections.get(alias)
        wanted = self._connections.match(connection, match, fields)
        template = reveal(part_of_match(reply), self._connections.masker, "WebSocket frame")
        if callable(template):
            own = template
            template = lambda message: own(for_robot(message))  # noqa: E731 - a wrapper of the user's own function
        answer = filled(template, connection.codec, Values({}))
        return self._begin(Answers(self._free(connection, name), connection, wanted, answer))

    @keyword(tags=["frame", "background"])
    def stop_sending(self, name: str, *, alias: str | None = None) -> int:
        """Stops what [Send Every] or [Answer Frames] began.

        Args:
            name: Which one.
            alias: The connection; the current one by default.

        Returns:
            How often it has sent.

        Raises:
            StackFailure: It could not send, or not always; says why.

        ```robotframework
        ${count} =    Stop Sending    heartbeat
        ```
        """
        connection = self._connections.get(alias)
        senders = self._senders.get(connection, {})
        if name not in senders:
            there = ", ".join(senders) or "none"
            raise StackError(f"Nothing on connection '{connection.alias}' is sent by '{name}'. There are: {there}.")
        sender = senders.pop(name)
        on_loop(lambda: connection.dismiss(name))
        if sender.trouble:
            raise StackFailure(
                explain(
                    f"'{name}' could always send on connection '{connection.alias}'",
                    f"it sent {sender.sent} times, and could not once",
                    evidence=sender.trouble,
                )
            )
        return sender.sent

    def _free(self, connection: Connection, name: str | None) -> str:
        # Connections that are gone take their senders with them.
        self._senders = {one: senders for one, senders in self._senders.items() if one.state != "closed" or one is connection}
        there = self._senders.setdefault(connection, {})
        if name is None:
            return next(made_up for number in range(1, len(there) + 2) if (made_up := f"sender-{number}") not in there)
        if name in there:
            raise StackError(f"'{name}' sends on connection '{connection.alias}' already. Use [Stop Sending] first.")
        return name

    def _begin(self, sender: Sender) -> str:
        sender.connection.check_open("to send by itself")
        on_loop(sender.begin)
        self._senders[sender.connection][sender.name] = sender
        return sender.name
