"""Probes: one TCP handshake with a service, to see whether its link works."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from dataclasses import dataclass
from typing import Literal

from realstack.faults.links import Target

Outcome = Literal["connected", "refused", "reset", "unreachable", "silent", "failed"]

_OUTCOMES: dict[int, Outcome] = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.ECONNABORTED: "reset",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.EACCES: "unreachable",
    errno.EPERM: "unreachable",
    errno.ETIMEDOUT: "silent",
}


@dataclass(frozen=True, slots=True)
class Probe:
    """What a probe saw.

    Attributes:
        outcome: ``connected``, or how it failed; ``silent`` when nothing answered in time.
        seconds: How long it took.
        at: When it began, on the monotonic clock.
    """

    outcome: Outcome
    seconds: float
    at: float

    @property
    def connected(self) -> bool:
        """Whether the link worked."""
        return self.outcome == "connected"

    def __str__(self) -> str:
        return f"{self.outcome} after {self.seconds * 1000:.1f} ms"


def probe_socket(target: Target) -> socket.socket:
    """A socket for a probe, bound already, so that its port is known before its first packet leaves."""
    client = _socket(target)
    client.bind(("", 0))
    return client


async def probe(target: Target, seconds: float, client: socket.socket | None = None) -> Probe:
    """Connect and close at once.

    Args:
        target: Where to.
        seconds: How long to wait for an answer.
        client: Where from, as `probe_socket` made it; is closed in the end.
    """
    began = time.monotonic()
    with client or _socket(target) as chosen:
        try:
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_connect(chosen, (str(target.address), target.port))
        except TimeoutError:
            outcome: Outcome = "silent"
        except OSError as error:
            outcome = _OUTCOMES.get(error.errno or 0, "failed")
        else:
            outcome = "connected"
    return Probe(outcome, time.monotonic() - began, began)


def _socket(target: Target) -> socket.socket:
    family = socket.AF_INET6 if target.address.version == 6 else socket.AF_INET
    client = socket.socket(family, socket.SOCK_STREAM)
    client.setblocking(False)
    return client
