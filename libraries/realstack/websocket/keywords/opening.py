"""Keywords that open connections and tell about them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.assertions import verify_list, verify_number, verify_seconds, verify_text
from realstack.websocket import Connection, Match, Options, Refused, Tls
from realstack.websocket.handshake import shown_url
from realstack.websocket.keywords.state import State, reveal, seconds
from realstack.websocket.mailbox import DEFAULT_CAPACITY


class Opening(State):
    """Opening keywords of the WebSocket library."""

    @keyword
    def open_connection(
        self,
        url: str,
        alias: str | None = None,
        *,
        subprotocols: Sequence[str | Secret] = (),
        headers: Mapping[str, str | Secret] | None = None,
        origin: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        ca: Path | None = None,
        verify: bool = True,
        certificate: Path | None = None,
        server_name: str | None = None,
        compression: bool = True,
        ping_interval: timedelta | None = None,
        max_size: int = 16 * 1024 * 1024,
        ledger_size: int = DEFAULT_CAPACITY,
    ) -> str:
        """Opens a connection and makes it the current one.

        The connection reads from now on, whatever keywords run, until it ends; at the latest at the end of the
        test or suite that opened it.

        Args:
            url: ``ws://`` or ``wss://``. User, password and query are never shown.
            alias: Name for other keywords, and the source of the recorded frames. A closed connection's alias can be used again.
            subprotocols: To offer, the preferred one first. May hold Secrets; see [Get Token Subprotocol].
            headers: Request headers to add. Values may be Secrets.
            origin: The ``Origin`` header that a browser would send.
            timeout: For TCP, TLS and the handshake together.
            ca: PEM file of authorities to trust instead of the system's.
            verify: Whether the certificate and its name are checked.
            certificate: PEM file with the client's own certificate and key.
            server_name: Name that the certificate must have, where it is not the URL's host.
            compression: Whether to offer permessage-deflate, as browsers do.
            ping_interval: Time between own pings; none are sent by default, as browsers send none.
            max_size: Bytes of the largest message that is accepted.
            ledger_size: Frames that are kept; the oldest are forgotten.

        Returns:
            The alias.

        Raises:
            StackFailure: The handshake failed: the HTTP status with headers and body, or the reason why there was none.
            StackError: The URL or an option is wrong, or the alias is in use.

        ```robotframework
        Open Connection    ws://127.0.0.1:20000/ws    tab1    subprotocols=${protocols}    origin=http://127.0.0.1:20000
        ```
        """
        options = self._options(
            url,
            subprotocols,
            headers,
            origin=origin,
            tls=Tls(ca, verify, certificate, server_name),
            open_timeout=seconds(timeout),
            compression=compression,
            ping_interval=seconds(ping_interval) if ping_interval else None,
            max_size=max_size,
            ledger_size=ledger_size,
        )
        name = self._free_alias(alias)
        connection = self._wait(Connection.open(name, options, masker=self._masker), options.open_timeout)
        self._keep(connection)
        logger.info(f"'{name}' is open after {connection.handshake_seconds:.3f} s: {shown_url(url, self._masker)}")
        return name

    @keyword
    def open_connections(
        self,
        url: str,
        *aliases: str,
        subprotocols: Sequence[str | Secret] = (),
        headers: Mapping[str, str | Secret] | None = None,
        origin: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        ca: Path | None = None,
        verify: bool = True,
    ) -> dict[str, float]:
        """Opens several connections at the same moment. The last one becomes the current one.

        If one fails none stays open. See [Open Connection] for the arguments.

        Returns:
            The handshake's time in seconds by alias.

        ```robotframework
        Open Connections    ${URL}    tab1    tab2    tab3    subprotocols=${protocols}
        ```
        """
        doubles = sorted({alias for alias in aliases if aliases.count(alias) > 1})
        if doubles or not aliases:
            raise StackError(f"Aliases must differ; given twice: {', '.join(doubles)}" if doubles else "Name at least one alias")
        tls = Tls(ca, verify)
        options = self._options(url, subprotocols, headers, origin=origin, tls=tls, open_timeout=seconds(timeout))
        names = [self._free_alias(alias) for alias in aliases]
        for connection in self._wait(_open_all(names, options, self._masker), options.open_timeout):
            self._keep(connection)
        return {name: self._connections[name].handshake_seconds for name in names}

    @keyword
    def connection_should_be_refused(
        self,
        url: str,
        *,
        status: int | None = None,
        code: int | None = None,
        subprotocols: Sequence[str | Secret] = (),
        headers: Mapping[str, str | Secret] | None = None,
        origin: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        alias: str = "refused",
    ) -> dict[str, Any]:
        """Tries to open a connection and fails if that works.

        Refused is an HTTP answer other than 101, or a connection that is closed by the server before any frame
        arrived: browsers see no HTTP status, so servers that want to tell them why accept first and close then.

        Args:
            url: As for [Open Connection].
            status: HTTP status that the refusal must have.
            code: Close code that the refusal must have.
            subprotocols: As for [Open Connection].
            headers: As for [Open Connection].
            origin: As for [Open Connection].
            timeout: For the handshake, and for the closing after it.
            alias: Source of what is recorded.

        Returns:
            A dictionary with ``status``, ``code``, ``reason`` and ``body``, with ``None`` for what there was not.

        Raises:
            StackFailure: The connection stayed open, or was refused in another way, or nothing answered at all.
        """
        options = self._options(url, subprotocols, headers, origin=origin, open_timeout=seconds(timeout))
        refusal = self._wait(_refusal(alias, options, self._masker), 2 * options.open_timeout)
        wanted = {"status": status, "code": code}
        wrong = {name: value for name, value in wanted.items() if value is not None and refusal[name] != value}
        if wrong:
            expected = " and ".join(f"{name} {value}" for name, value in wrong.items())
            seen = f"status {refusal['status']}, close code {refusal['code']}, reason '{refusal['reason']}'"
            raise StackFailure(explain(f"a refusal with {expected}", seen, evidence=str(refusal["body"] or "")))
        return refusal

    def _options(
        self, url: str, subprotocols: Sequence[str | Secret], headers: Mapping[str, str | Secret] | None, **settings: Any
    ) -> Options:
        plain = (subprotocols,) if isinstance(subprotocols, (str, Secret)) else subprotocols
        return Options(
            url,
            subprotocols=reveal(list(plain), self._masker, "WebSocket subprotocol"),
            headers=reveal(dict(headers or {}), self._masker, "header of a WebSocket handshake"),
            **settings,
        )

    @keyword
    def switch_connection(self, alias: str) -> str | None:
        """Makes another connection the current one.

        Returns:
            The alias of the one that was current before.
        """
        before = self._current
        self._current = self._get(alias).alias
        return before

    @keyword
    def get_token_subprotocol(self, token: Secret, prefix: str = "jwt.") -> Secret:
        """Returns a token as a subprotocol: the prefix, then the token in base64url without padding (RFC 4648, 5).

        Browsers can't add headers to a WebSocket handshake, so platforms take tokens from its list of subprotocols.

        ```robotframework
        ${credential} =    Get Token Subprotocol    ${token}
        Open Connection    ${URL}    tab1    subprotocols=${{['jwt-auth', $credential]}}
        ```
        """
        self._masker.register(token.value, "token in a WebSocket subprotocol")
        return Secret(prefix + base64.urlsafe_b64encode(token.value.encode()).decode().rstrip("="))

    @keyword
    def get_connections(
        self, assertion_operator: AssertionOperator | None = None, assertion_expected: Any = None, message: str | None = None
    ) -> list[str]:
        """Returns the aliases of the connections that are open, oldest first, and asserts.

        ```robotframework
        Get Connections    ==    tab1, tab3
        ```
        """
        names = [alias for alias, connection in self._connections.items() if connection.state == "open"]
        result: list[str] = verify_list(names, assertion_operator, assertion_expected, "Open connections", message)
        return result

    @keyword
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
        """
        connection = self._get(alias)
        what = f"State of connection '{connection.alias}'"
        return str(verify_text(connection.state, assertion_operator, assertion_expected, what, message))

    @keyword
    def get_subprotocol(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> str:
        """Returns the subprotocol that the server selected, empty when none, and asserts."""
        connection = self._get(alias)
        shown = self._masker.text(connection.subprotocol or "")
        what = f"Subprotocol of connection '{connection.alias}'"
        return str(verify_text(shown, assertion_operator, assertion_expected, what, message))

    @keyword
    def get_handshake_status(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> int:
        """Returns the HTTP status of the handshake, and asserts. For refusals use [Connection Should Be Refused]."""
        connection = self._get(alias)
        what = f"Handshake status of connection '{connection.alias}'"
        return int(verify_number(connection.status, assertion_operator, assertion_expected, what, message))

    @keyword
    def get_handshake_header(
        self,
        name: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> str:
        """Returns a header of the handshake's answer, masked, empty when it has none of that name, and asserts."""
        connection = self._get(alias)
        values = {key.lower(): value for key, value in connection.response_headers.items()}
        what = f"Header '{name}' of the handshake of connection '{connection.alias}'"
        return str(verify_text(values.get(name.lower(), ""), assertion_operator, assertion_expected, what, message))

    @keyword
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
        connection = self._get(alias)
        what = f"Handshake time of connection '{connection.alias}' in seconds"
        return float(verify_seconds(connection.handshake_seconds, assertion_operator, assertion_expected, what, message))

    @keyword
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
            StackFailure: No pong came in time, or the connection is not open.
        """
        connection = self._get(alias)
        time = self._wait(connection.ping(seconds(timeout)), seconds(timeout))
        what = f"Ping time of connection '{connection.alias}' in seconds"
        return float(verify_seconds(time, assertion_operator, assertion_expected, what, message))

    @keyword
    def get_local_port(self, *, alias: str | None = None) -> int:
        """Returns the client's own TCP port, so that a network fault can hit this connection alone."""
        connection = self._get(alias)
        if connection.local_port is None:
            raise StackError(f"Connection '{connection.alias}' has no port any more")
        return connection.local_port


async def _open_all(names: list[str], options: Options, masker: Any) -> list[Connection]:
    opening = (Connection.open(name, options, masker=masker) for name in names)
    results = await asyncio.gather(*opening, return_exceptions=True)
    opened = [result for result in results if isinstance(result, Connection)]
    failures = [(name, result) for name, result in zip(names, results, strict=True) if isinstance(result, BaseException)]
    if not failures:
        return opened
    await asyncio.gather(*(connection.abort() for connection in opened))
    alias, first = failures[0]
    if not isinstance(first, Refused):
        raise first
    others = f" The same goes for: {', '.join(name for name, _ in failures[1:])}." if len(failures) > 1 else ""
    raise StackFailure(f"{len(failures)} of {len(names)} connections could not be opened, '{alias}' first.{others}\n{first}")


async def _refusal(alias: str, options: Options, masker: Any) -> dict[str, Any]:
    try:
        connection = await Connection.open(alias, options, masker=masker)
    except Refused as refused:
        if refused.status is None:
            raise
        return {"status": refused.status, "code": None, "reason": None, "body": refused.body}
    try:
        closed = await connection.wait_closed(options.open_timeout)
    except StackFailure as still_open:
        await connection.abort()
        raise StackFailure(
            explain(
                "a refused connection",
                f"it was opened and was still open after {options.open_timeout:g} s",
                evidence="\n".join(frame.brief() for frame in connection.mailbox.frames()[:5]),
                remedy="The credential opened a connection that it must not open, or the server refuses later than allowed.",
            )
        ) from still_open
    frames = connection.mailbox.frames(Match(), ["in"])
    if frames or closed.by != "server":
        evidence = "\n".join(frame.brief() for frame in frames[:5])
        raise StackFailure(explain("a refusal before any frame", f"{len(frames)} frames, then {closed}", evidence=evidence))
    return {"status": connection.status, "code": closed.code, "reason": closed.reason, "body": None}
