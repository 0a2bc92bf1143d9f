"""Opening handshakes: their TLS, and why one failed."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from websockets.exceptions import InvalidHandshake, InvalidMessage

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.lateness import note as note_lateness
from realstack.websocket.masking import Masker
from realstack.websocket.wire import NoAgreement, NoUpgrade


@dataclass(frozen=True, slots=True)
class Tls:
    """How to trust a ``wss://`` server.

    Attributes:
        ca: PEM file of the authorities to trust instead of the system's.
        verify: Whether the certificate and the name in it are checked at all.
        certificate: PEM file of the client's own certificate and key.
        server_name: Name to expect in the certificate, where it is not the URL's host.
    """

    ca: Path | None = None
    verify: bool = True
    certificate: Path | None = None
    server_name: str | None = None

    def context(self) -> ssl.SSLContext:
        """The TLS settings for the socket.

        Raises:
            StackError: A file is missing or is no PEM file.
        """
        try:
            context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
            if self.certificate:
                context.load_cert_chain(self.certificate)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(file) for file in (self.ca, self.certificate) if file)
            raise StackError(explain("readable PEM files for TLS", f"{error} ({files})", remedy="Check the paths.")) from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


class Refused(StackFailure):
    """The opening handshake failed.

    Attributes:
        status: HTTP status of the server's answer, ``None`` when there was none.
        headers: Headers of the answer, masked.
        body: Its first 500 characters, masked.
        seen: What was seen instead of an open connection.
        remedy: What to do.
    """

    def __init__(
        self,
        expected: str,
        seen: str,
        remedy: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: str = "",
    ) -> None:
        self.status = status
        self.headers = dict(headers or {})
        self.body = body
        self.seen = seen
        self.remedy = remedy
        super().__init__(explain(expected, seen, evidence=self.evidence, remedy=remedy))

    @property
    def evidence(self) -> str:
        """Headers and body, as they may be shown."""
        return "\n".join([*(f"{name}: {value}" for name, value in self.headers.items()), "", self.body]).strip()


_REMEDIES = {
    200: "An ordinary answer: nothing upgrades at this path, or a proxy in between does not pass on Upgrade; check the URL.",
    400: "The server did not understand the handshake; look at its body and at the headers that were sent.",
    401: "No credential reached the server: offer it as a subprotocol or in the Authorization header.",
    403: "The server knows the credential or the Origin and refuses it; check origin=.",
    404: "Nothing answers WebSockets at this path; check the URL.",
    407: "A proxy in between wants a credential of its own, and none is sent to proxies: reach the service without it.",
    426: "The server wants another protocol version, or a proxy in between does not pass on Upgrade.",
    429: "Too many connections or handshakes; see Retry-After.",
    502: "A proxy answers, but the service behind it does not; look at its health and log.",
    503: "The service says that it can't serve now; wait for its readiness.",
    504: "A proxy answers, but the service behind it is silent.",
}


_STREAMS = {
    204: "The server has nothing to stream, and wants no client to come again (HTML, 9.2).",
    400: "The server did not understand the request; look at its body, at method=, body= and the headers that were sent.",
    401: "No credential reached the server: give it in headers=, such as Authorization, or in the URL.",
    404: "Nothing streams at this path; check the URL and method=.",
    405: "The path takes another method: see Allow, and give method= or body=.",
    406: "The server has nothing of the kind that transport= asks for.",
    415: "The server reads another kind of body: give Content-Type in headers=.",
    422: "The server understood the request and refuses what is in it: see its body, and body=.",
    426: "The server streams in another protocol only.",
    429: "Too many streams or requests; see Retry-After.",
}
"""Of requests for streams, where they differ."""

_POLLING = {
    400: "The server does not take this session, transport or protocol: see its body, and path and EIO= of the URL.",
    404: "Nothing polls at this path: Socket.IO's is /socket.io/ where the server does not say another one.",
}
"""Of polls, where they differ."""

_UNFIT = "Something else lives there: check the URL, and whether transport= is what the server speaks."
_ELSEWHERE = "A redirect is not followed: open the address in Location."
_KINDS = {
    "websocket": "WebSocket connection",
    "sse": "stream of Server-Sent Events",
    "jsonl": "stream of JSON lines",
    "polling": "session of Engine.IO by long polling",
}


def shown_url(url: str, masker: Masker) -> str:
    """The URL as errors and logs may show it: without user, password and query values."""
    try:
        parts = urlsplit(url)
    except ValueError:  # such as a bracket that is never closed
        return masker.text(url.partition("?")[0].rpartition("@")[2])
    host = parts.netloc.rpartition("@")[2]
    query = "?…" if parts.query else ""
    return masker.text(f"{parts.scheme}://{host}{parts.path}{query}")


def refusal(error: BaseException, url: str, seconds: float, masker: Masker, transport: str = "websocket") -> Refused:
    """Explain a failed handshake.

    Args:
        error: What connecting raised.
        url: Where to.
        seconds: How long it took to fail.
        masker: Takes credentials out.
        transport: What it was to be.
    """
    expected = f"an open {_KINDS[transport]} to {shown_url(url, masker)}"
    after = f"after {seconds:.3f} s"
    if isinstance(error, NoUpgrade):
        answer = error.answer
        unfit = f"with {masker.text(error.unfit)}" if error.unfit else ""
        return Refused(
            expected,
            " ".join(filter(None, (f"HTTP {answer.status}", masker.told(answer.reason), unfit, after))),
            _remedy(answer.status, transport, unfit),
            status=answer.status,
            headers=masker.headers(answer.headers),
            body=masker.told(answer.text())[:500],
        )
    if isinstance(error, NoAgreement):
        headers = masker.headers(error.answer.headers)
        return Refused(expected, f"{masker.told(str(error))} {after}", masker.told(error.remedy), headers=headers)
    seen, remedy = _transport(error, url, masker)
    refused = Refused(expected, f"{seen} {after}", remedy)
    if isinstance(error, TimeoutError):
        note_lateness(str(refused))
    return refused


def _remedy(status: int, transport: str, unfit: str) -> str:
    known = _REMEDIES | dict.fromkeys((301, 302, 303, 307, 308), _ELSEWHERE)
    if transport != "websocket":
        known |= _POLLING if transport == "polling" else _STREAMS
    return _UNFIT if unfit else known.get(status, "Look at the server's log of this moment.")


def _reset_remedy(url: str) -> str:
    tls = url.strip().lower().startswith(("wss:", "https:"))
    return f"Whatever listens there dropped it{': check that the port speaks TLS' if tls else '; look at its log'}."


def _transport(error: BaseException, url: str, masker: Masker) -> tuple[str, str]:
    """What was seen when there was no HTTP answer, and what to do; the most telling kind of error wins."""
    text = masker.text(str(error))
    cause = f" ({masker.text(str(error.__cause__))})" if error.__cause__ else ""
    known: tuple[tuple[type[BaseException], str, str], ...] = (
        (
            TimeoutError,
            "no answer",
            "The address swallows packets, or the service accepts connections and does not answer: check its health.",
        ),
        (
            ssl.SSLCertVerificationError,
            f"a certificate that is not trusted: {getattr(error, 'verify_message', text)}",
            "Give the authority's PEM file as ca=, or the name in the certificate as server_name=.",
        ),
        (
            ssl.SSLError,
            f"TLS failed: {text}",
            "The server wants a client's certificate, or another one: give its PEM file, with the key in it, as certificate=.",
        )
        if "ALERT" in text and "CERTIFICATE" in text
        else (ssl.SSLError, f"TLS failed: {text}", "Check that the port speaks TLS; use ws:// if it does not."),
        (socket.gaierror, f"the host '{urlsplit(url).hostname}' is unknown", "Check the host name in the URL."),
        (
            ConnectionRefusedError,
            "the connection was refused",
            "Nothing listens at this address: start the service, or check the port.",
        ),
        (ConnectionResetError, "the connection was reset", _reset_remedy(url)),
        (
            InvalidMessage,
            f"{text}{cause}",
            "Whatever listens there speaks no HTTP, or dropped the connection during the handshake.",
        ),
        (InvalidHandshake, text, "The server's answer is no valid WebSocket handshake (RFC 6455, 4.1)."),
    )
    for kind, seen, remedy in known:
        if isinstance(error, kind):
            return seen, remedy
    return f"{type(error).__name__}: {text}", "Check the address, the network and the service's log."
