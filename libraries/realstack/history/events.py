"""What only a test can tell of a chat: whose a tab is, what pages showed, which plan holds, what became of a credential.

What happens by itself (frames, faults, services, requests) libraries record: `realstack.recording.events`. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from realstack.recording.events import Event, event

# Who is who.


@event("tab")
class TabRegistered(Event):
    """A connection or a page belongs to a user."""

    user: str | None = None
    page: bool = False
    account: str | None = None


@event("listener")
class ListenerRegistered(Event):
    """A user only listens: whatever reaches it of anybody else is crosstalk."""


@event("canary")
class CanaryGiven(Event):
    """No other user may ever see this token."""

    canary: str


@event("baseline")
class Baseline(Event):
    """Messages that were there before the test."""

    messages: Sequence[str] = ()


@event("limit")
class LimitSet(Event):
    """A user may send so many messages in a window from now on; None is no limit."""

    limit: int | None = None
    window: float = 60.0


# What pages showed, and what users did.


@event("page")
class PageRead(Event):
    """What a page showed; None is what was not read. The reading took `took` and ended at `at`.

    `wait` is what it says is left until it may send again; `status` and `connection_id` are what the vocabulary reads.
    """

    messages: Sequence[Mapping[str, Any]] | None = None
    status: str | None = None
    working: bool | None = None
    connection: str | None = None
    connection_id: str | None = None
    text: str | None = None
    wait: float | None = None
    took: float | None = None


@event("typed")
class Typed(Event):
    """A user typed a message on a page and sent it."""

    text: str = ""
    message: str | None = None
    thread: str | None = None


@event("posted")
class Posted(Event):
    """A message was sent in another way than by a frame, as an upload is; `retry_after` when a limit refused it."""

    message: str
    text: str | None = None
    thread: str | None = None
    seq: int | None = None
    acknowledged: bool = False
    retry_after: float | None = None


@event("stop")
class StopAsked(Event):
    """A user asked on a page for the answer to a message to stop; `acknowledged` once the page says that it does."""

    message: str
    acknowledged: bool = False


@event("expected")
class AnswerExpected(Event):
    """What the whole answer to a message is."""

    message: str
    text: str = ""


@event("tools")
class ToolsExpected(Event):
    """Which tools the answer to a message needs, in their order, each a `tool` with its `input` where that is told.

    None of `calls` leaves the agent free, but for what is `forbidden`, and `most` calls.
    """

    message: str
    calls: Sequence[Mapping[str, str]] | None = None
    forbidden: Sequence[str] = ()
    most: int | None = None


@event("pace")
class PaceDeclared(Event):
    """An answer may take so many seconds to its first word, from one word to the next, and to its end; None is any time."""

    first: float | None = None
    gap: float | None = None
    end: float | None = None


@event("act")
class Act(Event):
    """A user helped a page: reloaded it, signed in again."""

    what: str = "something"


@event("seen")
class Seen(Event):
    """Something that a user can see."""

    what: str = ""
    content: Any = None


@event("setting")
class SettingRead(Event):
    """What something that users can change is in a place, or was asked to be; the reading took `took` and ended at `at`."""

    of: str
    about: str
    value: Any = None
    asked: bool = False
    took: float | None = None


@event("said")
class Said(Event):
    """What somebody called a thing that is no message: a title, a file's name."""

    thing: str
    text: str = ""


@event("shown")
class Shown(Event):
    """What a layer shows of a thing that was said; `quotes` where it holds other words around it."""

    thing: str
    text: str = ""
    quotes: bool = False


# What was asked and read.


@event("probe")
class Probe(Event):
    """A service was asked something, and whether it answered as it should."""

    ok: bool
    seconds: float = 0.0
    answer: str | None = None
    usual: float | None = None
    dependent: bool | None = None


@event("snapshot")
class Snapshot(Event):
    """What of an operation over several stores existed."""

    parts: Mapping[str, Any]
    answer: str | None = None
    state: str | None = None
    quiet: bool = True
    values: Mapping[str, Any] | None = None


@event("state")
class StateRead(Event):
    """All that there is of a user: by part (a table, a route), by key, by field."""

    parts: Mapping[str, Mapping[str, Mapping[str, Any]]]


@event("operation")
class OperationDone(Event):
    """Something was done for a user, and what it is about: names of changes, as the law tells them; shell patterns.

    `changes` must come about, `may` can.
    """

    user: str
    changes: Sequence[str] = ()
    may: Sequence[str] = ()


@event("limit-counter")
class LimitCounter(Event):
    """What the store of the counters held for a user; `left` until it expires, -1 when it never does, -2 when there is none."""

    count: int
    left: float


@event("file-layer")
class FileLayer(Event):
    """The digest and size of a file in a layer; None where the layer lacks it or does not say."""

    file: str
    sha256: str | None = None
    size: int | None = None


@event("leftover")
class Leftover(Event):
    """What a layer still held of an upload that was cut or refused."""

    file: str
    found: Sequence[str] = ()
    because: str | None = None


@event("arrivals")
class Arrivals(Event):
    """When clients tried to come back during a fault, the bounds of their backoff, and how long each client waited."""

    during: str
    clients: int
    shortest: float
    longest: float
    times: Sequence[float] = ()
    waits: Sequence[Sequence[float | None]] = ()


@event("logs")
class LogsRead(Event):
    """The log of a service was looked through: its lines that tell of what nobody foresaw, and of slowness alone."""

    unforeseen: Sequence[str] = ()
    late: Sequence[str] = ()


# Credentials.


@event("attempt")
class EntryAttempt(Event):
    """A credential was tried at a door; never the credential itself."""

    credential: str
    admitted: bool
    good: bool = False
    answer: str | None = None
    reason: str | None = None
    expected_reason: str | None = None
    left: Sequence[Any] = ()


@event("revoked")
class SessionRevoked(Event):
    """A session ended, and its tabs must be closed in time."""

    tabs: Sequence[str]
    within: float = 1.0


@event("expiry")
class TokenExpired(Event):
    """A tab's credential expired."""


@event("expiry-notice")
class ExpiryNotice(Event):
    """A tab's credential is about to expire; whether the tab was told so in time."""

    told: bool


@event("claims")
class ClaimsRead(Event):
    """What a session's newest token claims."""

    claims: Mapping[str, Any]


# Verdicts.


@event("judged")
class Judged(Event):
    """A law was judged over the first `upto` events recorded; `violations` are how many, `witness` tells the smallest."""

    law: str
    upto: int
    outcome: str = ""
    floors: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    violations: int = 0
    witness: str | None = None
    lacking: Sequence[str] = field(default_factory=list)
