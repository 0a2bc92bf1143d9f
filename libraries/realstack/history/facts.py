"""The facts that laws are judged over: what the raw events mean in the chat's own domain.

Times are seconds since the history began. ``index`` is the position of the raw event that a fact was read
from, so that every verdict can show its evidence. ``stretch`` numbers the connections that one tab had,
from 0: a tab that reconnects keeps its name and gets the next stretch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened at a time, read from the raw event at a position."""

    at: float
    index: int


@dataclass(frozen=True, slots=True)
class TabFact(Fact):
    """Something that happened on one tab of one user."""

    tab: str
    user: str
    stretch: int


@dataclass(frozen=True, slots=True)
class Send(TabFact):
    """A user sent a message: a frame that left, or text typed on a page (`typed`)."""

    message: str
    thread: str
    text: str | None
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Ack(TabFact):
    """The platform acknowledged a message to the tab that sent it."""

    message: str
    thread: str
    seq: int | None
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Deliver(TabFact):
    """A message arrived on a tab. `role` is ``user`` or ``agent``."""

    message: str
    thread: str
    seq: int | None
    role: str
    text: str | None
    run: str | None


@dataclass(frozen=True, slots=True)
class Refuse(TabFact):
    """A message was refused because of a limit; times in seconds."""

    message: str
    limit: int | None
    window: float | None
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Reject(TabFact):
    """A message (or something else) was refused for any other reason."""

    message: str
    code: str


@dataclass(frozen=True, slots=True)
class Connected(TabFact):
    """The platform greeted a connection. `expires_at` is in seconds since the epoch, by the platform's clock."""

    connection: str | None
    account: str | None
    session: str | None
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class Refreshed(TabFact):
    """A credential was renewed on an open connection."""

    expires_at: float | None


@dataclass(frozen=True, slots=True)
class Resume(TabFact):
    """A tab asked for what it missed in a thread after a sequence number."""

    thread: str
    after: int


@dataclass(frozen=True, slots=True)
class Stop(TabFact):
    """A user asked for the answer to a message to stop; `acknowledged` where the platform said that it does."""

    message: str
    run: str | None
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class RunEvent(TabFact):
    """One event of an agent run.

    `stage` is one of the stages of the vocabulary's chain; `text` the answer, or a piece of it; `tool` which tool is called, and
    `given` what it is given, where the event is a call.
    """

    run: str
    event: str | None
    number: int | None
    stage: str
    thread: str
    query: str | None
    answer: str | None
    text: str | None = None
    tool: str | None = None
    given: str | None = None


@dataclass(frozen=True, slots=True)
class Setting(Fact):
    """What something that users can change is in a place: a thread's title on a tab, a plan in a store.

    `of` is the kind of thing, `about` which one. `asked` is a change that a user asked for there, else it is what the place
    shows; `framed` where a frame tells it. The reading took `took` seconds and ended at `at`.
    """

    place: str
    of: str
    about: str
    value: Any
    asked: bool
    framed: bool = False
    took: float = 0.0

    @property
    def began(self) -> float:
        """When it was begun to be read."""
        return self.at - self.took


@dataclass(frozen=True, slots=True)
class Item:
    """A message as a page shows it or a store holds it; `held` when the page keeps it back because of a limit."""

    message: str
    thread: str
    seq: int | None
    role: str
    text: str | None
    run: str | None
    user: str | None
    acknowledged: bool
    held: bool = False


@dataclass(frozen=True, slots=True)
class PageReading(TabFact):
    """What a page showed at one moment; `items` in the order shown. `working` is None where it was not read.

    `wait` is what the page says is left until it may send again, in seconds. The reading took `took` seconds and ended at `at`:
    what happened meanwhile may be in it or not.
    """

    items: tuple[Item, ...] | None
    working: bool | None
    connection: str | None
    wait: float | None = None
    took: float = 0.0

    @property
    def began(self) -> float:
        """When it was begun: what was there before must be in it."""
        return self.at - self.took


@dataclass(frozen=True, slots=True)
class StoreReading(Fact):
    """All messages that a store held, of the users and threads asked about; of all where none are named.

    The reading took `took` seconds and ended at `at`: what happened meanwhile may be in it or not.
    """

    store: str
    items: tuple[Item, ...]
    users: frozenset[str]
    threads: frozenset[str]
    took: float = 0.0

    @property
    def began(self) -> float:
        """When it was begun: what was there before must be in it."""
        return self.at - self.took

    def covers(self, user: str, thread: str) -> bool:
        """Whether a message of a user in a thread would have to be in the reading."""
        return (not self.users or user in self.users) and (not self.threads or not thread or thread in self.threads)


@dataclass(frozen=True, slots=True)
class Note(Fact):
    """Any other recorded event, as it is: probes, attempts, snapshots, faults, layers of a file, …"""

    kind: str
    source: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class Stretch:
    """One connection of a tab, from its opening to its end; `closed` is None while it is open."""

    opened: float
    index: int
    closed: float | None = None
    closed_index: int | None = None
    code: int | None = None
    by_us: bool | None = None


@dataclass(slots=True)
class Tab:
    """A tab of a user: a connection that tests hold by its alias, or a page in a browser.

    Attributes:
        registered: Whether a test said whose it is.
        index: The event that it appeared with.
    """

    name: str
    user: str
    page: bool
    stretches: list[Stretch]
    registered: bool = False
    index: int = 0

    def open_at(self, at: float) -> bool:
        """Whether the tab had an open connection at a time (a page always counts as open)."""
        return self.page or any(s.opened <= at and (s.closed is None or s.closed >= at) for s in self.stretches)

    @property
    def open_now(self) -> bool:
        """Whether the tab is open at the end of the history."""
        return self.page or (bool(self.stretches) and self.stretches[-1].closed is None)
