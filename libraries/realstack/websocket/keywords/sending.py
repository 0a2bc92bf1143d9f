"""Keywords that send frames."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any

from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, explain
from realstack.core.keywords.waiting import seconds, wait
from realstack.core.lateness import Late
from realstack.core.waiting import Deadline
from realstack.websocket import Connection, Frame
from realstack.websocket.keywords.connections import Connections, line
from realstack.websocket.keywords.documents import build, reveal


class Sending:
    """Sends frames."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @keyword(tags=["frame"])
    def send_frame(
        self, content: str | bytes | Secret, *, alias: str | None = None, timeout: timedelta = timedelta(seconds=5)
    ) -> None:
        """Sends a text or, given bytes, a binary frame as it is, whatever the connection's codec.

        Args:
            content: What to send. A Secret is sent as text and masked everywhere.
            alias: The connection; the current one by default.
            timeout: How long a stalled link may hold it up.

        ```robotframework
        Send Frame    hello
        Send Frame    ${{ b'\\x00\\x01' }}    alias=tab1
        ```
        """
        connection = self._connections.get(alias)
        payload = reveal(content, self._connections.masker, "WebSocket frame")
        _send(connection, connection.send(payload), timeout)

    @keyword(tags=["frame"])
    def send_json(
        self,
        value: Mapping[str, Any] | list[Any] | None = None,
        *,
        alias: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        **fields: Any,
    ) -> None:
        """Sends a message as the connection's codec writes it, given as a JSON value, as fields, or as both.

        Fields are paths into objects and arrays; their texts are sent as texts, other values keep their type. An array's items
        are given in order (``args[0]=…``, ``args[1]=…``). Secrets are sent as their text and masked everywhere.

        Args:
            value: An object or array; fields are put into a copy of an object.
            alias: The connection; the current one by default.
            timeout: How long a stalled link may hold it up.
            fields: Paths and their values.

        ```robotframework
        Send Json    type=user_message    message_id=${id}    payload.text=Hello
        Send Json    type=resume    thread_id=${thread}    payload.after=${7}
        Send Json    type=auth_refresh    payload.token=${secret}
        Send Json    target=SendMessage    type=${1}    arguments[0]=Ann    arguments[1]=Hello
        ```
        """
        connection = self._connections.get(alias)
        document = build(value, fields)
        _send(connection, connection.send_json(reveal(document, self._connections.masker, "WebSocket frame")), timeout)

    @keyword(tags=["frame"])
    def send_json_burst(
        self, values: list[Mapping[str, Any]], *, alias: str | None = None, timeout: timedelta = timedelta(seconds=5)
    ) -> None:
        """Sends JSON messages one right after the other, as fast as the link takes them.

        Args:
            values: The messages, in order. Secrets in them are sent as their text and masked everywhere.
            alias: The connection; the current one by default.
            timeout: How long a stalled link may hold all of it up.

        Raises:
            StackFailure: The link took only some of them in that time.

        ```robotframework
        VAR    ${pings}    ${{ [{'type': 'ping', 'n': n} for n in range(100)] }}
        Send Json Burst    ${pings}    alias=tab 1
        ```
        """
        if not values:
            raise StackError("There is nothing to send: the list of messages is empty.")
        connection = self._connections.get(alias)
        documents = [reveal(build(value, {}), self._connections.masker, "WebSocket frame") for value in values]
        deadline, sent = Deadline(seconds(timeout)), 0

        async def send_all() -> None:
            nonlocal sent
            async with asyncio.timeout(deadline.seconds):
                for document in documents:
                    await connection.send_json(document)
                    sent += 1

        began = time.monotonic()
        try:
            wait(send_all(), deadline.seconds)
        except TimeoutError:
            raise Late(
                explain(
                    f"{len(documents)} frames sent on connection '{connection.alias}' within {deadline.seconds:g} s",
                    f"{sent} were",
                    remedy="Look for a stalled link or a server that stopped reading.",
                )
            ) from None
        logger.info(f"{connection.alias}: {sent} frames sent within {(time.monotonic() - began) * 1000:.0f} ms.")


def _send(connection: Connection, sending: Coroutine[Any, Any, list[Frame]], timeout: timedelta) -> None:
    deadline = Deadline(seconds(timeout))

    async def within() -> list[Frame]:
        async with asyncio.timeout(deadline.seconds):
            return await sending

    try:
        frames = wait(within(), deadline.seconds)
    except TimeoutError:
        raise Late(
            explain(
                f"a frame sent on connection '{connection.alias}' within {deadline.seconds:g} s",
                "the other end takes no more bytes",
                remedy="Look for a stalled link or a server that stopped reading.",
            )
        ) from None
    for frame in frames:
        logger.info(line(connection, frame))
