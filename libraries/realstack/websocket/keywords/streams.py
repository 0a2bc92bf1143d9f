"""Keywords that tell about streams over HTTP."""

from __future__ import annotations

from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword

from realstack.core.errors import StackFailure, explain
from realstack.core.keywords.assertions import verify
from realstack.websocket.keywords.connections import Connections


class Streams:
    """Tells about streams over HTTP."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @keyword(tags=["connection", "getter"])
    def get_heartbeat_count(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> int:
        """Returns how often a stream has had a sign of life that is no message, and asserts.

        Of Server-Sent Events that is a comment (a line that begins with a colon), of JSON lines a blank line.

        Raises:
            StackError: The connection is a WebSocket; see [Get Ping Time].

        ```robotframework
        Get Heartbeat Count    >=    3    alias=feed
        ```
        """
        connection = self._connections.get(alias)
        what = f"Heartbeats of stream '{connection.alias}'"
        return verify(connection.stream.framing.heartbeats, assertion_operator, assertion_expected, what, message)

    @keyword(tags=["connection", "getter"])
    def get_last_event_id(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> str:
        """Returns the id of the last event of a stream, which its next request would send as ``Last-Event-ID``, and asserts.

        Before the first event with an id, it is what the stream was resumed from; empty where there was none.

        Raises:
            StackError: The connection is a WebSocket.

        ```robotframework
        Get Last Event Id    ==    17    alias=feed
        ```
        """
        connection = self._connections.get(alias)
        shown = self._connections.masker.text(connection.stream.framing.last_id)
        what = f"Id of the last event of stream '{connection.alias}'"
        return verify(shown, assertion_operator, assertion_expected, what, message)

    @keyword(tags=["connection", "getter"])
    def get_retry_time(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> float:
        """Returns the seconds that a stream's server wants clients to wait before they come again (``retry``), and asserts.

        Raises:
            StackError: The connection is a WebSocket.
            StackFailure: The server has not said.

        ```robotframework
        Get Retry Time    <=    5 s    alias=feed
        ```
        """
        connection = self._connections.get(alias)
        retry = connection.stream.framing.retry
        if retry is None:
            raise StackFailure(explain(f"a retry time from the server of stream '{connection.alias}'", "it has not said any"))
        what = f"Retry time of stream '{connection.alias}' in seconds"
        return verify(retry, assertion_operator, assertion_expected, what, message, unit="s")
