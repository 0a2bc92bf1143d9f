"""Keywords that end connections and tell how they ended."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.assertions import verify
from realstack.core.keywords.waiting import seconds, wait
from realstack.core.writable import writable
from realstack.websocket import Closed, Connection
from realstack.websocket.keywords.connections import Connections


class Closing:
    """Ends connections."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @keyword(tags=["connection"])
    def close_connection(
        self,
        code: int = 1000,
        reason: str = "",
        *,
        alias: str | None = None,
        timeout: timedelta = timedelta(seconds=2),
    ) -> int | None:
        """Closes a connection with the closing handshake (RFC 6455, 7.1.2). One that is closed already stays as it is.

        A stream over HTTP has no such handshake: it is left, and neither code nor reason reaches the server.

        Args:
            code: Close code to send: 1000, 1001, 1003, 1007 to 1011 or 3000 to 4999.
            reason: At most 123 bytes.
            alias: The connection; the current one by default.
            timeout: How long the server may take to answer; then the transport is dropped.

        Returns:
            The close code that the connection ended with; 1006 when the server did not answer, None of a stream.

        ```robotframework
        ${code} =    Close Connection    4000    the user left    alias=tab1
        ```
        """
        if code not in (1000, 1001, 1003, *range(1007, 1012)) and not 3000 <= code <= 4999:
            raise StackError(f"{code} can't be sent as a close code. Use 1000, 1001, 1003, 1007 to 1011 or 3000 to 4999.")
        if writable(reason) != reason:
            raise StackError(explain("a close reason that UTF-8 can tell (RFC 6455, 5.5.1)", "half a surrogate pair in it"))
        if len(reason.encode()) > 123:
            raise StackError(f"A close reason has at most 123 bytes, this one {len(reason.encode())}")
        connection = self._connections.get(alias)
        closed = wait(connection.close(code, reason, seconds(timeout)), seconds(timeout))
        logger.info(f"'{connection.alias}': {closed}")
        return closed.code

    @keyword(tags=["connection"])
    def close_all_connections(self, *, timeout: timedelta = timedelta(seconds=2)) -> None:
        """Closes all connections at the same moment. Their ledgers can still be looked at until their owner ends.

        Args:
            timeout: How long the servers may take to answer; then the transports are dropped.

        ```robotframework
        Close All Connections    timeout=1s
        ```
        """
        connections, patience = self._connections.unclosed, seconds(timeout)

        async def close() -> None:
            await asyncio.gather(*(connection.close(timeout=patience) for connection in connections))

        wait(close(), patience)

    @keyword(tags=["connection"])
    def abort_connection(self, how: Literal["reset", "finish"] = "reset", *, alias: str | None = None) -> None:
        """Drops the transport without a close frame, as a client that crashed.

        Args:
            how: ``reset`` sends TCP RST, ``finish`` sends FIN as the kernel does for a process that ended. To
                let a client vanish without any packet, cut its link with the NetworkFault library.
            alias: The connection; the current one by default.

        ```robotframework
        Abort Connection    reset    alias=tab1
        ```
        """
        connection = self._connections.get(alias)
        closed = wait(connection.abort(reset=how == "reset"), 2)
        logger.info(f"'{connection.alias}': {closed}")

    @keyword(tags=["connection"])
    def wait_until_closed(
        self,
        code: int | None = None,
        *,
        by: Literal["server", "client", "nobody"] | None = None,
        alias: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
    ) -> int | None:
        """Waits until a connection has ended.

        Args:
            code: Close code that it must end with. 1006: no close frame came (RFC 6455, 7.4.1). One that no server may send, such
                as 999, is told as it came; the failure says so. Streams have none.
            by: Who must have closed first; ``nobody`` when the transport broke. A stream that came to its end has ``server``.
            alias: The connection; the current one by default.
            timeout: How long to wait.

        Returns:
            The close code; None of a stream.

        Raises:
            StackFailure: It is still open, or ended in another way; shows the last frames.

        ```robotframework
        Wait Until Closed    4401    by=server    alias=tab1    timeout=2s
        ```
        """
        connection = self._connections.get(alias)
        closed = wait(connection.wait_closed(seconds(timeout)), seconds(timeout))
        _check(connection, closed, code, by)
        return closed.code

    @keyword(tags=["connection"])
    def connection_should_be_closed(
        self,
        code: int | None = None,
        *,
        by: Literal["server", "client", "nobody"] | None = None,
        alias: str | None = None,
    ) -> None:
        """Fails unless the connection has ended already, with this code and by this end where given. See [Wait Until Closed].

        ```robotframework
        Connection Should Be Closed    1000    by=client    alias=tab1
        ```
        """
        connection = self._connections.get(alias)
        _check(connection, _ended(connection), code, by)

    @keyword(tags=["connection"])
    def connection_should_be_open(self, *, alias: str | None = None, timeout: timedelta = timedelta(seconds=2)) -> None:
        """Fails unless the server answers a ping on the connection.

        The state alone would not do: a connection whose packets are dropped looks open for minutes. What goes over HTTP has no
        pings, so it only must not have ended; see [Get Heartbeat Count].

        ```robotframework
        Connection Should Be Open    alias=tab1    timeout=500ms
        ```
        """
        connection = self._connections.get(alias)
        if connection.over_http:
            if connection.closed is not None:
                raise StackFailure(explain(f"connection '{connection.alias}' open", f"it has ended: {connection.closed}"))
            return
        took = wait(connection.ping(seconds(timeout)), seconds(timeout))
        logger.info(f"'{connection.alias}' answered a ping after {took * 1000:.1f} ms")

    @keyword(tags=["connection", "getter"])
    def get_close_code(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> int | None:
        """Returns the close code of a connection that has ended, and asserts. What goes over HTTP has none: it is ``None``.

        Raises:
            StackFailure: It has not ended; use [Wait Until Closed] first.

        ```robotframework
        Get Close Code    ==    4401    alias=tab1
        ```
        """
        connection = self._connections.get(alias)
        what = f"Close code of connection '{connection.alias}'"
        code: int | None = verify(_ended(connection).code, assertion_operator, assertion_expected, what, message)
        return code

    @keyword(tags=["connection", "getter"])
    def get_close_reason(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> str:
        """Returns the close reason of a connection that has ended, and asserts. Credentials are masked.

        ```robotframework
        Get Close Reason    contains    expired    alias=tab1
        ```
        """
        connection = self._connections.get(alias)
        what = f"Close reason of connection '{connection.alias}'"
        return verify(_ended(connection).reason, assertion_operator, assertion_expected, what, message)


def _ended(connection: Connection) -> Closed:
    if connection.closed is None:
        raise StackFailure(
            explain(
                f"connection '{connection.alias}' closed",
                f"it is {connection.state}",
                remedy="Use [Wait Until Closed] where it takes a moment.",
            )
        )
    return connection.closed


def _check(connection: Connection, closed: Closed, code: int | None, by: str | None) -> None:
    if (code is None or closed.code == code) and (by is None or closed.by == by):
        return
    wanted = " ".join(part for part in (f"code {code}" if code is not None else "", f"by {by}" if by else "") if part)
    frames = connection.mailbox.frames()[-3:]
    evidence = "\n".join(f"last frames: {'←' if frame.direction == 'in' else '→'} {frame.brief()}" for frame in frames)
    raise StackFailure(explain(f"connection '{connection.alias}' closed with {wanted}", str(closed), evidence=evidence))
