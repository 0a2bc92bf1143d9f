"""Which trace work belongs to, as W3C Trace Context has it: every log line of a request tells it, what is sent on carries it.

A context that was not understood counts as none (Trace Context, 4.3): such a request begins no trace here, nginx has begun one.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Coroutine, Iterable
from contextvars import Context, ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

HEADER = "traceparent"
REQUEST_HEADER = "x-request-id"

# Only versions to come may say more, and ff is none.
_PARENT = re.compile(
    r"(?!ff|00.{54})[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})(-.*)?"
)
_REQUEST = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Trace:
    """What a request brought along: its trace, that trace's flags, and nginx's name for the request."""

    trace: str = ""
    flags: str = "00"
    request: str = ""

    def fields(self) -> dict[str, str]:
        """What a log line tells of it."""
        told = {"trace": self.trace, "request_id": self.request}
        return {name: value for name, value in told.items() if value}


_current: ContextVar[Trace] = ContextVar("trace", default=Trace())  # noqa: B039 - frozen


def current_trace() -> Trace:
    """The trace of what runs now; an empty one for a service's own work."""
    return _current.get()


def follow(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Let what runs from here on, and what it starts, belong to the trace that a request's headers name."""
    told = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    request = told.get(REQUEST_HEADER, "")
    follow_parent(told.get(HEADER, ""), request if _REQUEST.fullmatch(request) else "")


def follow_parent(parent: str, request: str = "") -> None:
    """The same for the context that a message of a queue carries."""
    found = _PARENT.fullmatch(parent)
    _current.set(Trace(found["trace"], found["flags"], request) if found else Trace(request=request))


def parent_to_send() -> str:
    """The context for whoever is asked next, under a new id of this step; empty where there is no trace."""
    trace = current_trace()
    return f"00-{trace.trace}-{secrets.token_hex(8)}-{trace.flags}" if trace.trace else ""


async def carry_trace(request: httpx.Request) -> None:
    """Hook of an HTTP client's requests: lets them carry the trace."""
    if parent := parent_to_send():
        request.headers[HEADER] = parent


def own_work(work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
    """Start a task that outlives the request in which it begins, and belongs to nobody's trace."""
    return asyncio.create_task(work, name=name, context=Context())
