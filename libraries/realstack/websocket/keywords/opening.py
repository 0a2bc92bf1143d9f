"""Keywords that open connections."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret
from robot.utils import NormalizedDict

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.waiting import seconds, wait
from realstack.core.quantities import byte_size
from realstack.core.several import several
from realstack.core.waiting import time_limit
from realstack.websocket import Connection, Masker, Match, Options, Refused, Tls
from realstack.websocket.codecs import CodecName
from realstack.websocket.handshake import shown_url
from realstack.websocket.keywords.connections import Connections
from realstack.websocket.keywords.documents import plain_url, reveal
from realstack.websocket.mailbox import DEFAULT_CAPACITY
from realstack.websocket.options import Transport

Body: TypeAlias = str | bytes | Secret | Mapping[str, Any] | list[Any] | None
"""What is sent with the request for a stream."""


class Opening:
    """Opens connections."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @keyword(tags=["connection"])
    def open_connection(
        self,
        url: str | Secret,
        alias: str | None = None,
        *,
        subprotocols: Sequence[str | Secret] | Secret | str = (),
        headers: Mapping[str, str | Secret] | None = None,
        origin: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        ca: Path | None = None,
        verify: bool = True,
        certificate: Path | None = None,
        server_name: str | None = None,
        compression: bool = True,
        ping_interval: timedelta | None = None,
        max_size: int | str = "16 MiB",
        ledger_size: int = DEFAULT_CAPACITY,
        codec: CodecName = None,
        transport: Transport = "websocket",
        method: str = "",
        body: Body = None,
        resume_from: str | None = None,
    ) -> str:
        """Opens a connection and makes it the current one.

        The connection reads from now on, whatever keywords run, until it ends; at the latest at the end of the
        test or suite that opened it.

        Args:
            url: ``ws://`` or ``wss://``, over HTTP ``http://`` or ``https://``. User, password and query are never shown; nor
                what looks random in the path of a Secret.
            alias: Name for other keywords, and the source of the recorded frames. A closed connection's alias can be used again.
            subprotocols: To offer, the preferred one first: a text, texts between commas, or a list. May be or hold Secrets; see
                [Get Token Subprotocol].
            headers: Request headers, one line each: one that the request has by itself, such as ``Host``, is replaced. Values may
                be Secrets.
            origin: The ``Origin`` header that a browser would send.
            timeout: For TCP, TLS and the handshake together.
            ca: PEM file of authorities to trust instead of the system's.
            verify: Whether the certificate and its name are checked.
            certificate: PEM file with the client's own certificate and key.
            server_name: Name that the certificate must have, where it is not the URL's host.
            compression: Whether to offer permessage-deflate, as browsers do; over HTTP gzip and brotli.
            ping_interval: Time between own pings; none are sent by default, as browsers send none.
            max_size: Of the largest message that is accepted, or of the largest answer to a poll, in bytes or with a unit.
            ledger_size: Messages that are kept; the oldest are forgotten.
            codec: How messages are read and written; the library's own by default. See *Codecs* in the introduction.
            transport: ``websocket``, a stream over HTTP (``sse`` or ``jsonl``), or ``polling``. See *Streams* and *Long polling*.
            method: Of the request for a stream; ``GET`` by default, ``POST`` where it has a body.
            body: Of the request for a stream: an object or a list, sent as JSON, a text or bytes. May be or hold Secrets.
            resume_from: Id of the event behind which a stream of events is to go on (``Last-Event-ID``). By default that of the
                last event of the closed connection whose alias and URL this one takes; an empty text sends none.

        Returns:
            The alias.

        Raises:
            StackFailure: The handshake failed: the HTTP status with headers and body, or the reason why there was none.
            StackError: The URL or an option is wrong, or the alias is in use.

        ```robotframework
        Open Connection    ws://127.0.0.1:20000/ws    tab1    subprotocols=${protocols}    origin=http://127.0.0.1:20000
        Open Connection    ws://127.0.0.1:20000/hub    tab2    codec=signalr
        Open Connection    http://127.0.0.1:20000/events    feed    transport=sse
        ```
        """
        name = self._connections.free_alias(alias)
        options = self._options(
            url,
            subprotocols,
            headers,
            body,
            origin=origin,
            tls=Tls(ca, verify, certificate, server_name),
            open_timeout=time_limit.cut(seconds(timeout)),
            compression=compression,
            ping_interval=seconds(ping_interval) if ping_interval else None,
            max_size=round(byte_size(max_size, "the largest message")),
            ledger_size=ledger_size,
            codec=codec,
            transport=transport,
            method=method,
            resume_from=resume_from or "",
        )
        if resume_from is None and transport == "sse":
            options = self._resumed(name, options)
        connection = wait(Connection.open(name, options, masker=self._connections.masker), options.open_timeout)
        self._connections.keep(connection)
        where = shown_url(options.url, self._connections.masker)
        logger.info(f"'{name}' is open after {connection.handshake_seconds:.3f} s: {where}")
        return name

    @keyword(tags=["connection"])
    def open_connections(
        self,
        url: str | Secret,
        *aliases: str,
        subprotocols: Sequence[str | Secret] | Secret | str = (),
        headers: Mapping[str, str | Secret] | None = None,
        origin: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        ca: Path | None = None,
        verify: bool = True,
        codec: CodecName = None,
        transport: Transport = "websocket",
        method: str = "",
        body: Body = None,
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
        options = self._options(
            url,
            subprotocols,
            headers,
            body,
            origin=origin,
            tls=Tls(ca, verify),
            open_timeout=time_limit.cut(seconds(timeout)),
            codec=codec,
            transport=transport,
            method=method,
        )
        names = [self._connections.free_alias(alias) for alias in aliases]
        opened = wait(_open_all(names, options, self._connections.masker), options.open_timeout)
        for connection in opened:
            self._connections.keep(connection)
        return {connection.alias: connection.handshake_seconds for connection in opened}

    @keyword(tags=["connection"])
    def connection_should_be_refused(
        self,
        url: str | Secret,
        *,
        status: int | None = None,
        code: int | None = None,
        subprotocols: Sequence[str | Secret] | Secret | str = (),
        headers: Mapping[str, str | Secret] | None = None,
        origin: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        ca: Path | None = None,
        verify: bool = True,
        certificate: Path | None = None,
        server_name: str | None = None,
        alias: str = "refused",
        transport: Transport = "websocket",
        method: str = "",
        body: Body = None,
    ) -> dict[str, Any]:
        """Tries to open a connection and fails if that works.

        Refused is an HTTP answer other than 101, or a connection that is closed by the server before any frame
        arrived: browsers see no HTTP status, so servers that want to tell them why accept first and close then. A stream over
        HTTP is refused by its status, or by an answer that is no stream, and so is a polled session.

        Args:
            url: As for [Open Connection].
            status: HTTP status that the refusal must have.
            code: Close code that the refusal must have.
            subprotocols: As for [Open Connection].
            headers: As for [Open Connection].
            origin: As for [Open Connection].
            timeout: For the handshake, and for the closing after it.
            ca: As for [Open Connection].
            verify: As for [Open Connection].
            certificate: As for [Open Connection].
            server_name: As for [Open Connection].
            alias: Source of what is recorded.
            transport: As for [Open Connection].
            method: As for [Open Connection].
            body: As for [Open Connection].

        Returns:
            A dictionary with ``status``, ``code``, ``reason``, ``body`` and ``headers``, with ``None`` for what there was not.
            Headers are those of the answer, by name in any case. Body and headers are masked; the body is cut off.

        Raises:
            StackFailure: The connection stayed open, or was refused in another way, or nothing answered at all.

        ```robotframework
        ${refusal} =    Connection Should Be Refused    ${URL}    status=429
        Should Be Equal    ${refusal}[headers][Retry-After]    30
        Connection Should Be Refused    ${URL}    status=401    origin=http://elsewhere.test
        Connection Should Be Refused    ${URL}    code=1008    subprotocols=${expired}
        Connection Should Be Refused    ${EVENTS}    status=401    transport=sse
        ```
        """
        tls = Tls(ca, verify, certificate, server_name)
        options = self._options(
            url,
            subprotocols,
            headers,
            body,
            origin=origin,
            tls=tls,
            open_timeout=time_limit.cut(seconds(timeout)),
            transport=transport,
            method=method,
        )
        wanted = {"status": status, "close code": code}
        named = " and ".join(f"{name} {value}" for name, value in wanted.items() if value is not None)
        where = shown_url(options.url, self._connections.masker)
        expected = f"a refused connection to {where}" + (f", with {named}" if named else "")
        refusal = wait(_refusal(alias, options, self._connections.masker, expected), 2 * options.open_timeout)
        if status not in (None, refusal["status"]) or code not in (None, refusal["code"]):
            seen = f"status {refusal['status']}, close code {refusal['code']}, reason '{refusal['reason']}'"
            raise StackFailure(explain(expected, seen, evidence=str(refusal["body"] or "")))
        return refusal

    def _options(
        self,
        url: str | Secret,
        subprotocols: Sequence[str | Secret] | Secret | str,
        headers: Mapping[str, str | Secret] | None,
        body: Body,
        codec: CodecName = None,
        **settings: Any,
    ) -> Options:
        masker = self._connections.masker
        offered = [subprotocols] if isinstance(subprotocols, Secret) else several(subprotocols)
        return Options(
            plain_url(url, masker),
            subprotocols=reveal(offered, masker, "WebSocket subprotocol"),
            headers=reveal(dict(headers or {}), masker, "header of a WebSocket handshake"),
            body=reveal(body, masker, "body of the request for a stream"),
            codec=self._connections.codec if codec is None else codec,
            **settings,
        )

    def _resumed(self, name: str, options: Options) -> Options:
        """The options to go on behind the last event of the connection that had the alias, where it was to the same stream."""
        before = self._connections.closed(name)
        told = any(header.lower() == "last-event-id" for header in options.headers)
        if before is None or told or (before.options.transport, before.options.url) != ("sse", options.url):
            return options
        return replace(options, resume_from=before.stream.framing.last_id)

    @keyword(tags=["connection"])
    def switch_connection(self, alias: str) -> str | None:
        """Makes another connection the current one.

        Args:
            alias: Which one.

        Returns:
            The alias of the one that was current before.

        ```robotframework
        ${before} =    Switch Connection    tab2
        ```
        """
        return self._connections.switch(alias)

    @keyword(tags=["connection"])
    def get_token_subprotocol(self, token: Secret, prefix: str = "jwt.") -> Secret:
        """Returns a token as a subprotocol: the prefix, then the token in base64url without padding (RFC 4648, 5).

        Browsers can't add headers to a WebSocket handshake, so platforms take tokens from its list of subprotocols.

        ```robotframework
        ${credential} =    Get Token Subprotocol    ${token}
        Open Connection    ${URL}    tab1    subprotocols=${{['jwt-auth', $credential]}}
        ```
        """
        self._connections.masker.register(token.value, "token in a WebSocket subprotocol")
        return Secret(prefix + base64.urlsafe_b64encode(token.value.encode()).decode().rstrip("="))


async def _open_all(names: list[str], options: Options, masker: Masker) -> list[Connection]:
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


async def _refusal(alias: str, options: Options, masker: Masker, expected: str) -> dict[str, Any]:
    try:
        connection = await Connection.open(alias, options, masker=masker)
    except Refused as refused:
        if refused.status is None:
            raise StackFailure(explain(expected, refused.seen, remedy=refused.remedy)) from None
        headers = NormalizedDict(refused.headers, spaceless=False)
        return {"status": refused.status, "code": None, "reason": None, "body": refused.body, "headers": headers}
    if connection.over_http:
        await connection.abort()
        began = "session" if options.transport == "polling" else "stream"
        raise StackFailure(explain(expected, f"HTTP {connection.status}, and a {began} that began"))
    try:
        closed = await connection.wait_closed(options.open_timeout)
    except StackFailure as still_open:
        await connection.abort()
        raise StackFailure(
            explain(
                expected,
                f"it was opened and was still open after {options.open_timeout:g} s",
                evidence="\n".join(frame.brief() for frame in connection.mailbox.frames()[:5]),
                remedy="The credential opened a connection that it must not open, or the server refuses later than allowed.",
            )
        ) from still_open
    frames = connection.mailbox.frames(Match(), ["in"])
    if frames or closed.by != "server":
        evidence = "\n".join(frame.brief() for frame in frames[:5])
        raise StackFailure(explain(f"{expected}, before any frame", f"{len(frames)} frames, then {closed}", evidence=evidence))
    headers = NormalizedDict(connection.response_headers, spaceless=False)
    return {"status": connection.status, "code": closed.code, "reason": closed.reason, "body": None, "headers": headers}
