"""Toxics: small named disturbances of one direction of a proxied link."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from realstack.core.errors import StackError
from realstack.secrets.redaction import redact_text
from realstack.websocket.codecs import Codec, MakeCodec
from realstack.websocket.codecs.plain import Json
from realstack.websocket.frames import Frame, read
from realstack.websocket.masking import Masker
from realstack.websocket.match import Match


class Way(Enum):
    """A direction of a proxied link."""

    TO_SERVICE = "to-service"
    FROM_SERVICE = "from-service"


class Ending(Enum):
    """What a cut does to the connection it hits.

    RESET: both ends see a TCP reset. FINISH: both see an orderly end. SWALLOW: nothing but the message that was
    looked for is lost. STALL: the connection stands still, both ways, until the toxic is removed; nothing is lost.
    """

    RESET = "reset"
    FINISH = "finish"
    SWALLOW = "swallow"
    STALL = "stall"


@dataclass(slots=True)
class Chunk:
    """Bytes on their way.

    Attributes:
        data: The bytes; empty for the end of the stream.
        at: When they arrived, on the monotonic clock.
        jitter: Between -1 and 1: what jitter makes of them.
        key: Of their connection.
    """

    data: bytes
    at: float
    jitter: float
    key: int


@dataclass(slots=True)
class Hit:
    """What a cut found in a piece.

    Attributes:
        keep: How many bytes of the piece still pass.
        ending: What happens then.
    """

    keep: int
    ending: Ending


@dataclass(eq=False)
class Toxic:
    """What all toxics share. State that belongs to one connection is kept under the connection's key.

    Attributes:
        kind: What it is called: ``latency``, ``bandwidth``, …
        name: Unique on its link.
        way: The direction it disturbs.
        hits: How often it has disturbed something: pieces held, slowed or sliced, connections cut.
        amount: How many bytes that were.
        added_at: When it was added.
        removed_at: When it was removed or had spent itself.
    """

    kind: ClassVar[str] = ""

    name: str
    way: Way
    hits: int = field(default=0, init=False)
    amount: int = field(default=0, init=False)
    added_at: float = field(default_factory=time.monotonic, init=False)
    removed_at: float | None = field(default=None, init=False)

    def settings(self) -> dict[str, Any]:
        """Its settings as plain values, for people."""
        return {}

    def hold(self, chunk: Chunk, now: float) -> float:
        """Seconds until the chunk may go on; infinite for as long as the toxic is there."""
        return 0.0

    def largest(self) -> int | None:
        """Bytes of the largest piece that may go out at once."""
        return None

    def pause(self, size: int) -> float:
        """Seconds to wait after a piece of that size."""
        return 0.0

    def inspect(self, key: int, raw: bytes, message: str | bytes | None) -> Hit | None:
        """Look at a piece before it passes; says whether and where to hit."""
        return None

    def note(self, size: int) -> None:
        """Count a disturbance."""
        self.hits += 1
        self.amount += size

    def facts(self) -> dict[str, Any]:
        """All there is to tell, as plain values."""
        return {
            "toxic": self.name,
            "kind": self.kind,
            "direction": self.way.value,
            **self.settings(),
            "hits": self.hits,
            "bytes": self.amount,
        }

    def __str__(self) -> str:
        settings = ", ".join(f"{name} {value}" for name, value in self.settings().items())
        return f"{self.name} ({self.kind} {self.way.value}{', ' if settings else ''}{settings}; {self.hits} hits)"


@dataclass(eq=False)
class Latency(Toxic):
    """Everything arrives later, in order.

    Attributes:
        seconds: How much later.
        jitter: Up to so many seconds more or less than that.
    """

    seconds: float
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if self.seconds < 0 or not 0 <= self.jitter <= self.seconds:
            raise StackError(
                f"Latency can't be negative, and jitter is at most the latency: {self.seconds:g} s ± {self.jitter:g} s"
            )

    kind: ClassVar[str] = "latency"

    def settings(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "jitter": self.jitter}

    def hold(self, chunk: Chunk, now: float) -> float:
        return chunk.at + self.seconds + self.jitter * chunk.jitter - now


@dataclass(eq=False)
class Bandwidth(Toxic):
    """No more than so many bytes a second, on each connection.

    Attributes:
        rate: Bytes per second.
    """

    rate: float

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise StackError(f"A bandwidth is above 0 bytes a second, not {self.rate:g}; use a stall to let nothing pass")

    kind: ClassVar[str] = "bandwidth"

    def settings(self) -> dict[str, Any]:
        return {"rate": self.rate}

    def largest(self) -> int | None:
        return max(1, int(self.rate / 50))

    def pause(self, size: int) -> float:
        return size / self.rate


@dataclass(eq=False)
class Slicer(Toxic):
    """Bytes arrive in small slices, so that no reader gets a whole message at once.

    Attributes:
        size: Bytes of a slice.
        delay: Seconds between slices.
    """

    size: int
    delay: float = 0.0

    def __post_init__(self) -> None:
        if self.size < 1 or self.delay < 0:
            raise StackError(f"A slice has at least one byte, and a delay is not negative: {self.size} bytes, {self.delay:g} s")

    kind: ClassVar[str] = "slicer"

    def settings(self) -> dict[str, Any]:
        return {"size": self.size, "delay": self.delay}

    def largest(self) -> int | None:
        return self.size

    def pause(self, size: int) -> float:
        return self.delay


@dataclass(eq=False)
class Stall(Toxic):
    """Nothing passes as long as the toxic is there; nothing is lost.

    Attributes:
        only: Key of the one connection that stands still; all where not given.
    """

    only: int | None = None

    kind: ClassVar[str] = "stall"

    def hold(self, chunk: Chunk, now: float) -> float:
        return math.inf if self.only in (None, chunk.key) else 0.0


@dataclass(eq=False)
class Cut(Toxic):
    """Ends a connection at a certain point of its stream.

    Attributes:
        ending: How.
        times: How many connections (with `Ending.SWALLOW`: messages) it hits before it has spent itself; 0 for any number.
        skip: How many chances it lets pass first.
    """

    ending: Ending = Ending.RESET
    times: int = 1
    skip: int = 0
    _left: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.times < 0 or self.skip < 0:
            raise StackError(f"Counts can't be negative: times {self.times}, skip {self.skip}")
        self._left = self.skip

    @property
    def spent(self) -> bool:
        """Whether it has hit as often as it was to."""
        return bool(self.times) and self.hits >= self.times

    def settings(self) -> dict[str, Any]:
        return {"ending": self.ending.value, "times": self.times, "skip": self.skip}

    def _chance(self) -> bool:
        if self.spent:
            return False
        if self._left:
            self._left -= 1
            return False
        return True


@dataclass(eq=False)
class CutAfterBytes(Cut):
    """Cuts a connection when so many bytes have passed since the toxic was added.

    Attributes:
        count: That many still pass.
    """

    count: int = 0
    _passed: dict[int, int] = field(default_factory=dict, init=False)

    kind: ClassVar[str] = "cut-after-bytes"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.count < 0:
            raise StackError(f"Bytes can't be negative: {self.count}")
        if self.ending is Ending.SWALLOW:
            raise StackError("Only messages can be swallowed: a stream of bytes with a hole in it makes no sense")

    def settings(self) -> dict[str, Any]:
        return {"count": self.count, **super().settings()}

    def inspect(self, key: int, raw: bytes, message: str | bytes | None) -> Hit | None:
        passed = self._passed.get(key, 0)
        self._passed[key] = passed + len(raw)
        if passed <= self.count <= passed + len(raw) and raw and self._chance():
            return Hit(self.count - passed, self.ending)
        return None


@dataclass(eq=False)
class CutAtBytes(Cut):
    """Cuts a connection where a pattern of bytes passes, before its last byte does.

    Attributes:
        pattern: The bytes.
    """

    pattern: bytes = b""
    _tails: dict[int, bytes] = field(default_factory=dict, init=False)

    kind: ClassVar[str] = "cut-at-bytes"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.pattern:
            raise StackError("A pattern has at least one byte")
        if self.ending is Ending.SWALLOW:
            raise StackError("Only messages can be swallowed: a stream of bytes with a hole in it makes no sense")

    def settings(self) -> dict[str, Any]:
        return {"pattern": redact_text(self.pattern.decode(errors="backslashreplace")), **super().settings()}

    def inspect(self, key: int, raw: bytes, message: str | bytes | None) -> Hit | None:
        tail = self._tails.get(key, b"")
        seen = tail + raw
        self._tails[key] = seen[-(len(self.pattern) - 1) :] if len(self.pattern) > 1 else b""
        at = seen.find(self.pattern)
        if at < 0 or not self._chance():
            return None
        return Hit(max(0, at - len(tail)), self.ending)


@dataclass(eq=False)
class CutAtMessage(Cut):
    """Cuts a connection where a WebSocket message passes that matches; nothing of its last frame gets through.

    Attributes:
        match: Which message.
        masker: Takes credentials out of what is matched, as everywhere.
        make_codec: How messages are read.
    """

    match: Match = field(default_factory=Match)
    masker: Masker = field(default_factory=Masker)
    make_codec: MakeCodec = Json
    _codecs: dict[int, Codec] = field(default_factory=dict, init=False)

    kind: ClassVar[str] = "cut-at-message"

    def settings(self) -> dict[str, Any]:
        return {"match": str(self.match), **super().settings()}

    def inspect(self, key: int, raw: bytes, message: str | bytes | None) -> Hit | None:
        if message is None:
            return None
        codec = self._codecs.setdefault(key, self.make_codec())
        frames = [Frame(0, time.monotonic(), "in", *told) for told in read(message, codec, self.masker)]
        if not any(map(self.match, frames)) or not self._chance():
            return None
        return Hit(0, self.ending)
