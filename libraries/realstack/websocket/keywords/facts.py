"""Keywords that tell about connections."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.assertions import verify
from realstack.core.keywords.waiting import seconds, wait
from realstack.secrets import Hidden
from realstack.websocket.keywords.connections import Connections


class Facts:
    """Tells about connections."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @keyword(tags=["connection", "getter"])
    def get_connections(
        self, assertion_operator: AssertionOperator | None = None, assertion_expected: Any = None, message: str | None = None
    ) -> list[str]:
        """Returns the aliases of the connections that are open, oldest first, and asserts.

        ```robotframework
        Get Connections    ==    tab1, tab3
        ```
        """
        names = [connection.alias for connection in self._connections.open]
        result: list[str] = verify(names, assertion_operator, assertion_expected, "Open connections", message)
        return result

    @keyword(tags=["connection", "getter"])
    def get_connection_state(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> str:
        """Returns ``open``, ``closing`` or ``closed``, and asserts.

        A connection whose packets are dropped stays ``open`` until a write or a ping has timed out.

        ```robotframework
        Get Connection State    ==    open    alias=tab1
        ```
        """
        connection = self._connections.get(alias)
        what = f"State of connection '{connection.alias}'"
        return verify(connection.state, assertion_operator, assertion_expected, what, message)

    @keyword(tags=["connection", "getter"])
    def get_subprotocol(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> str:
        """Returns the subprotocol that the server selected, empty when none, and asserts.

        ```robotframework
        Get Subprotocol    ==    jwt-auth
        ```
        """
        connection = self._connections.get(alias)
        shown = self._connections.masker.text(connection.subprotocol or "")
        what = f"Subprotocol of connection '{connection.alias}'"
        return verify(shown, assertion_operator, assertion_expected, what, message)

    @keyword(tags=["connection", "getter"])
    def get_handshake_status(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> int:
        """Returns the HTTP status of the handshake, and asserts. For refusals use [Connection Should Be Refused].

        ```robotframework
        Get Handshake Status    ==    101
        Get Handshake Status    ==    200    alias=feed
        ```
        """
        connection = self._connections.get(alias)
        what = f"Handshake status of connection '{connection.alias}'"
        return verify(connection.status, assertion_operator, assertion_expected, what, message)

    @keyword(tags=["connection", "getter"])
    def get_handshake_header(
        self,
        name: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> str | Secret:
        """Returns a header of the handshake's answer, empty when it has none of that name, and asserts.

        One that is a credential, such as ``Set-Cookie``, is a Secret, and ``<hidden>`` to assertions and in the log.

        ```robotframework
        Get Handshake Header    Server    contains    nginx
        ```
        """
        connection = self._connections.get(alias)
        values = {key.lower(): value for key, value in connection.response_headers.items()}
        what = f"Header '{name}' of the handshake of connection '{connection.alias}'"
        value = values.get(name.lower(), "")
        shown = verify(str(value), assertion_operator, assertion_expected, what, message)
        return Secret(value.value) if isinstance(value, Hidden) else shown

    @keyword(tags=["connection", "getter"])
    def get_handshake_cookie(self, name: str, *, alias: str | None = None) -> Secret:
        """Returns the value of a cookie that the handshake's answer set, as a Secret.

        Args:
            name: Its name.
            alias: The connection; the current one by default.

        Raises:
            StackFailure: It set none of that name; the text tells which it set.

        ```robotframework
        ${session} =    Get Handshake Cookie    session
        ```
        """
        connection = self._connections.get(alias)
        cookies = connection.cookies
        if name not in cookies:
            expected = f"the handshake of connection '{connection.alias}' sets the cookie '{name}'"
            raise StackFailure(explain(expected, f"it sets {', '.join(cookies) or 'none'}"))
        return Secret(cookies[name])

    @keyword(tags=["connection", "getter"])
    def get_handshake_time(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> float:
        """Returns the seconds that opening took, TCP and TLS included, and asserts.

        ```robotframework
        Get Handshake Time    <    500 ms
        ```
        """
        connection = self._connections.get(alias)
        what = f"Handshake time of connection '{connection.alias}' in seconds"
        return verify(connection.handshake_seconds, assertion_operator, assertion_expected, what, message, unit="s")

    @keyword(tags=["connection", "getter"])
    def get_ping_time(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
        timeout: timedelta = timedelta(seconds=2),
    ) -> float:
        """Sends a ping (RFC 6455, 5.5.2), returns the seconds until its pong, and asserts.

        Raises:
            StackError: The connection is a stream over HTTP, which has no pings.
            StackFailure: No pong came in time, or the connection is not open.

        ```robotframework
        Get Ping Time    <    50 ms
        ```
        """
        connection = self._connections.get(alias)
        took = wait(connection.ping(seconds(timeout)), seconds(timeout))
        what = f"Ping time of connection '{connection.alias}' in seconds"
        return verify(took, assertion_operator, assertion_expected, what, message, unit="s")

    @keyword(tags=["connection", "getter"])
    def get_local_port(self, *, alias: str | None = None) -> int:
        """Returns the client's own TCP port, so that a network fault can hit this connection alone.

        ```robotframework
        ${port} =    Get Local Port    alias=tab1
        Cut Link    frontend    client_port=${port}
        ```
        """
        connection = self._connections.get(alias)
        if connection.local_port is None:
            raise StackError(
                explain(
                    f"connection '{connection.alias}' has a port of its own",
                    f"it is {connection.state}",
                    remedy="Ask for the port while the connection is open.",
                )
            )
        return connection.local_port
