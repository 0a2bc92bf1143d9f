"""How a connection is opened, and the opening itself."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.typing import Origin, Subprotocol

from realstack.core.errors import StackError, explain
from realstack.core.several import several
from realstack.websocket.codecs import CodecName
from realstack.websocket.handshake import Tls
from realstack.websocket.mailbox import DEFAULT_CAPACITY
from realstack.websocket.masking import Masker
from realstack.websocket.wire import NoUpgrade, Wire

LONGEST_PLAIN_SUBPROTOCOL = 32
"""A longer subprotocol is taken for a credential: registered names are short."""

_silent = logging.getLogger("realstack.websocket.silent")
_silent.disabled = True
_silent.propagate = False
"""The protocol library logs headers and payloads at DEBUG; given this logger it never does."""


@dataclass(frozen=True)
class Options:
    """How to open a connection.

    Attributes:
        url: ``ws://`` or ``wss://``.
        subprotocols: To offer, in order of preference.
        headers: For the handshake's request: one line each, also where the request has such a header by itself (``Host``, …).
        origin: Value of the ``Origin`` header.
        tls: For ``wss://``.
        open_timeout: Seconds for TCP, TLS and the handshake together.
        close_timeout: Seconds that closing may take before the transport is dropped.
        compression: Whether to offer permessage-deflate (RFC 7692), as browsers do.
        ping_interval: Seconds between own pings (RFC 6455, 5.5.2); ``None`` sends none, as browsers do.
        max_size: Bytes of the largest message that is accepted; a larger one closes with 1009.
        ledger_size: Frames that are kept.
        codec: How messages are read and written; see `realstack.websocket.codecs.find`.
        secrets: Values that must never be shown, besides what `Masker` finds by itself.
    """

    url: str = field(repr=False)  # its query may hold a credential
    subprotocols: Sequence[str] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    origin: str | None = None
    tls: Tls = field(default_factory=Tls)
    open_timeout: float = 5.0
    close_timeout: float = 2.0
    compression: bool = True
    ping_interval: float | None = None
    max_size: int = 16 * 1024 * 1024
    ledger_size: int = DEFAULT_CAPACITY
    codec: CodecName = "json"
    secrets: Sequence[str] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Refuse headers that can't be sent, or that say again what another option says.

        Raises:
            StackError: There is one; names it.
        """
        names = [name.lower() for name in self.headers]
        for name, value in self.headers.items():
            lowered = name.lower()
            if problem := _header_problem(name, value, names.count(lowered)):
                raise StackError(explain("headers that a handshake can have", f"{name!r} {problem}"))
            if instead := {
                "sec-websocket-extensions": "compression=",
                "origin": "origin=" if self.origin is not None else "",
                "sec-websocket-protocol": "subprotocols=" if self.subprotocols else "",
            }.get(lowered):
                raise StackError(explain("each header of the handshake once", f"{name!r} in headers=", remedy=f"Use {instead}"))

    @property
    def offered(self) -> list[str]:
        """The subprotocols, be they given as such or as a header."""
        header = next((value for name, value in self.headers.items() if name.lower() == "sec-websocket-protocol"), "")
        return [*self.subprotocols, *several(header)]

    def register_credentials(self, masker: Masker) -> None:
        """Tell the masker what must not be shown of these options, whether or not the caller said so."""
        for value in self.secrets:
            masker.register(value, "secret of a WebSocket handshake")
        for name, value in self.headers.items():
            if name in masker.names:
                masker.register(value, f"{name} header of a WebSocket handshake")
        for name in self.offered:
            if len(name) > LONGEST_PLAIN_SUBPROTOCOL:
                masker.register(name, "WebSocket subprotocol")


class _Connect(connect):
    """Shows a redirect as the refusal that it is: browsers don't follow one in a WebSocket handshake either."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def dial(options: Options) -> Wire:
    """Connect and shake hands, by nothing but the options: no proxy of the environment, no log.

    Raises:
        OSError, websockets.exceptions.InvalidHandshake, websockets.exceptions.InvalidURI, ValueError.
    """
    settings: dict[str, Any] = {}
    if options.url.startswith("wss:"):
        settings["ssl"] = options.tls.context()
        if options.tls.server_name:
            settings["server_hostname"] = options.tls.server_name
    wires: list[Wire] = []

    def wire(protocol: ClientProtocol, **kept: Any) -> Wire:
        wires.append(Wire(protocol, **kept))
        return wires[-1]

    try:
        async with asyncio.timeout(options.open_timeout):
            opened = await _Connect(
                options.url,
                origin=Origin(options.origin) if options.origin is not None else None,
                subprotocols=[Subprotocol(name) for name in options.offered] or None,
                additional_headers={name: str(value) for name, value in options.headers.items()},
                compression="deflate" if options.compression else None,
                proxy=None,
                open_timeout=None,
                ping_interval=options.ping_interval,
                close_timeout=options.close_timeout,
                max_size=options.max_size,
                logger=_silent,
                create_connection=cast(type[Wire], wire),
                **settings,
            )
    except TimeoutError:
        if wires and wires[-1].answer.status:
            raise NoUpgrade(wires[-1].answer) from None
        raise
    assert isinstance(opened, Wire)
    return opened


_TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")


def _header_problem(name: str, value: object, times: int) -> str:
    """Why a header can't be sent; nothing when it can (RFC 9110, 5.1 and 5.5)."""
    if not _TOKEN.fullmatch(name):
        return "is no name of a header"
    if not _VALUE.fullmatch(str(value)):
        return "has a value with a line break, a control character, or characters beyond Latin-1"
    return "is given more than once" if times > 1 else ""
