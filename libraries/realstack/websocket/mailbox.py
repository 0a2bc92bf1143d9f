"""The ledger of a connection's frames, and the mailbox that waits take received frames from.

Every received frame can be taken once. A wait takes the earliest frame that matches and was not taken before,
whether it arrived before or during the wait; frames that do not match stay for other waits. So the order of
waits need not be the order of frames, nothing that arrives between two keywords is missed, and no frame
answers two waits. Everything here lives on one event loop.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from realstack.websocket.codecs.codec import Content
from realstack.websocket.frames import Direction, Frame
from realstack.websocket.match import ANY, Match

DEFAULT_CAPACITY = 20_000
"""Frames that a ledger keeps by default; the oldest are forgotten first."""


@dataclass(frozen=True, slots=True)
class Closed:
    """How a connection ended.

    Attributes:
        code: Close code (RFC 6455, 7.4); 1006 when no close frame was received, 1005 when it had no code. One that no server may
            send is told as it came, with that as the cause. None of a stream over HTTP, which has no close frames.
        reason: The close frame's reason.
        by: Who closed first: ``server``, ``client``, or ``nobody`` when the transport broke.
        at: When, seconds on the monotonic clock.
        cause: The transport's error, such as ``ConnectionResetError``; empty when there was none.
    """

    code: int | None
    reason: str
    by: str
    at: float
    cause: str = ""

    def __str__(self) -> str:
        reason = f" '{self.reason}'" if self.reason else ""
        cause = f" ({self.cause})" if self.cause else ""
        who = "by nobody: the transport broke" if self.by == "nobody" else f"by the {self.by}"
        code = "no close code, as HTTP has none" if self.code is None else self.code
        return f"{code}{reason}, closed {who}{cause}"


@dataclass(eq=False)
class Waiter:
    """A wait under way.

    Attributes:
        match: Which frames it wants.
        wanted: How many.
        since: Only frames with a number above this one count.
        taken: What it has so far.
        ended: Set when it has all, when no more can arrive, or when its time is over.
    """

    match: Match
    wanted: int
    since: int
    taken: list[Frame] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def complete(self) -> bool:
        """Whether it has all frames that it wanted."""
        return len(self.taken) >= self.wanted

    def offer(self, frame: Frame) -> bool:
        """Take the frame if it is wanted."""
        if self.complete or frame.number <= self.since or not self.match(frame):
            return False
        self.taken.append(frame)
        if self.complete:
            self.ended.set()
        return True


@dataclass(eq=False)
class Watch:
    """Looks at every frame that is received, whoever takes it, until the first that matches.

    Attributes:
        match: Which frame is looked for.
        seen: The first one, once it arrived.
        ended: Set when it arrived, when no more can, or when its time is over.
    """

    match: Match
    seen: Frame | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)


async def over_within(ended: asyncio.Event, seconds: float) -> None:
    """Wait until a wait or a watch ends, be it by the end of its time; for each frame that costs less than a time-out."""
    timer = asyncio.get_running_loop().call_later(seconds, ended.set)
    try:
        await ended.wait()
    finally:
        timer.cancel()


class Mailbox:
    """What a connection sent and received, and who waits for more.

    Args:
        capacity: Frames that are kept. A frame that is forgotten can't be taken any more.

    Attributes:
        answers: Who takes received frames before any wait, to answer them, by name.
        troubles: What could not be done in the background, for who waits or looks at the end.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        if capacity < 1:
            raise ValueError(f"A ledger keeps at least one frame, not {capacity}")
        self._frames: deque[Frame] = deque(maxlen=capacity)
        self._untaken: dict[int, Frame] = {}
        self._waiters: list[Waiter] = []
        self._watches: list[Watch] = []
        self.answers: dict[str, Callable[[Frame], bool]] = {}  # each tells whether it takes a frame
        self.troubles: list[str] = []
        self._numbers = itertools.count(1)
        self.counts: dict[Direction, int] = {"in": 0, "out": 0}
        self.bytes: dict[Direction, int] = {"in": 0, "out": 0}
        self.forgotten = 0
        self.forgotten_untaken = 0
        self.last_number = 0
        self.closed: Closed | None = None

    def add(self, at: float, direction: Direction, content: Content, data: object, size: int, *, problem: str = "") -> Frame:
        """Enter a frame; a received one goes to the first wait that wants it, or stays to be taken."""
        frame = Frame(next(self._numbers), at, direction, content, data, size, problem)
        self.last_number = frame.number
        if len(self._frames) == self._frames.maxlen:
            self._forget(self._frames[0])
        self._frames.append(frame)
        self.counts[direction] += 1
        self.bytes[direction] += size
        if direction == "in":
            self._deliver(frame)
        return frame

    def _deliver(self, frame: Frame) -> None:
        for watch in self._watches:
            if watch.seen is None and watch.match(frame):
                watch.seen = frame
                watch.ended.set()
        if self.answers and any(take(frame) for take in self.answers.values()):
            return
        for waiter in self._waiters:
            if waiter.offer(frame):
                return
        self._untaken[frame.number] = frame

    def _forget(self, oldest: Frame) -> None:
        self.forgotten += 1
        if self._untaken.pop(oldest.number, None) is not None:
            self.forgotten_untaken += 1

    def close(self, closed: Closed) -> None:
        """Note that no more frames can arrive; waits that can't be fulfilled any more end."""
        self.closed = closed
        for ended in [wait.ended for wait in self._waiters] + [watch.ended for watch in self._watches]:
            ended.set()

    def start(self, match: Match, wanted: int = 1, *, since: int = 0) -> Waiter:
        """Start a wait: takes what is there, then what arrives. End it with `finish`."""
        waiter = Waiter(match, wanted, since)
        for frame in [frame for frame in self._untaken.values() if waiter.offer(frame)]:
            del self._untaken[frame.number]
        if self.closed is not None:
            waiter.ended.set()
        self._waiters.append(waiter)
        return waiter

    def finish(self, waiter: Waiter, *, keep: bool) -> None:
        """End a wait.

        Args:
            waiter: The wait.
            keep: Whether its frames stay taken; otherwise they can be taken again.
        """
        self._waiters.remove(waiter)
        if not keep:
            self._untaken = dict(sorted((self._untaken | {frame.number: frame for frame in waiter.taken}).items()))

    def watch(self, match: Match, waiter: Waiter | None = None) -> Watch:
        """Look out for a frame without taking it. End it with `unwatch`.

        Args:
            match: Which frame is looked for.
            waiter: A wait that ends, too, when it arrives.
        """
        watch = Watch(match, ended=waiter.ended) if waiter else Watch(match)
        if self.closed is not None:
            watch.ended.set()
        self._watches.append(watch)
        return watch

    def unwatch(self, watch: Watch) -> None:
        """End a look-out."""
        self._watches.remove(watch)

    def take(self, match: Match = ANY) -> list[Frame]:
        """Take all received frames that match and were not taken before, oldest first."""
        taken = [frame for frame in self._untaken.values() if match(frame)]
        for frame in taken:
            del self._untaken[frame.number]
        return taken

    def untaken(self, match: Match = ANY) -> list[Frame]:
        """The received frames that match and were not taken, oldest first; they stay."""
        return [frame for frame in self._untaken.values() if match(frame)]

    def frames(self, match: Match = ANY, directions: Iterable[Direction] = ("in", "out")) -> list[Frame]:
        """All kept frames that match, taken or not, oldest first."""
        wanted = set(directions)
        return [frame for frame in self._frames if frame.direction in wanted and match(frame)]
