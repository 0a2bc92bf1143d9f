"""One direction of one proxied connection: reads, holds back as its toxics say, writes. Nothing is lost unless asked."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from realstack.faults.toxics import Chunk, Cut, CutAtMessage, Ending, Toxic, Way
from realstack.faults.wsstream import StreamReader

READ_SIZE = 16 * 1024
"""Bytes that are read at once."""

CAPACITY = 256 * 1024
"""Bytes that a direction holds back; when it is full the sender is not read from, so that TCP slows it down."""


class Changes:
    """Wakes everybody who waits whenever the toxics of a link change."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    @property
    def next(self) -> asyncio.Event:
        """Is set at the next change. Take it before looking at what may change."""
        return self._event

    def tell(self) -> None:
        """There was a change."""
        self._event.set()
        self._event = asyncio.Event()


@dataclass(slots=True)
class Traffic:
    """Bytes of one direction of a link.

    Attributes:
        received: Read from the sender.
        delivered: Written to the receiver.
        discarded: Lost to cuts.
    """

    received: int = 0
    delivered: int = 0
    discarded: int = 0


class Severed(Exception):
    """A cut hit; the connection ends as it says. That is no error: a toxic did its work."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.value)
        self.ending = ending


class Pipe:
    """One direction of one connection.

    Args:
        key: Of the connection.
        way: Which direction.
        source: Where bytes come from.
        sink: Where they go.
        toxics: The link's toxics at this moment, of both directions.
        changes: Of the link's toxics.
        stream: Understands WebSocket messages.
        traffic: Of the link.
        on_hit: Is told which connection a cut hits.
    """

    def __init__(
        self,
        key: int,
        way: Way,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        *,
        toxics: Callable[[], list[Toxic]],
        changes: Changes,
        stream: StreamReader,
        traffic: Traffic,
        on_hit: Callable[[int, Cut], None],
    ) -> None:
        self._key = key
        self._way = way
        self._source = source
        self._sink = sink
        self._all_toxics = toxics
        self._changes = changes
        self._stream = stream
        self._traffic = traffic
        self._on_hit = on_hit
        self._held: deque[Chunk] = deque()
        self._size = 0
        self._moved = asyncio.Condition()
        self._broken: OSError | None = None
        self._finish_wanted = False

    async def run(self) -> None:
        """Carry bytes until the stream's end.

        Raises:
            Severed: A cut hit.
            OSError: One of the ends was reset; what it had sent before was delivered first.
        """
        filling = asyncio.ensure_future(self._fill())
        try:
            await self._carry()
            if self._finish_wanted:
                await filling
        finally:
            filling.cancel()
            await asyncio.gather(filling, return_exceptions=True)

    async def finish(self) -> None:
        """End this direction in order once what is held back has gone; what its sender says from now on is discarded."""
        async with self._moved:
            self._finish_wanted = True
            self._moved.notify_all()

    async def _fill(self) -> None:
        data = b"-"
        while data:
            try:
                data = await self._source.read(READ_SIZE)
            except OSError as error:
                async with self._moved:
                    self._broken = error
                    self._moved.notify_all()
                return
            async with self._moved:
                await self._moved.wait_for(lambda: self._size < CAPACITY or self._finish_wanted)
                self._traffic.received += len(data)
                if self._finish_wanted:
                    self._traffic.discarded += len(data)
                    continue
                jitter = random.uniform(-1, 1)  # noqa: S311 - jitter is no secret
                self._held.append(Chunk(data, time.monotonic(), jitter, self._key))
                self._size += len(data)
                self._moved.notify_all()

    async def _next(self) -> Chunk | None:
        """The next bytes; ``None`` when this direction is to end."""
        async with self._moved:
            await self._moved.wait_for(lambda: bool(self._held) or self._finish_wanted or self._broken is not None)
            if not self._held:
                if self._broken is not None:
                    raise self._broken
                return None
            chunk = self._held.popleft()
            self._size -= len(chunk.data)
            self._moved.notify_all()
            return chunk

    async def _carry(self) -> None:
        while (chunk := await self._next()) is not None:
            await self._hold(chunk)
            if not chunk.data:
                break
            whole = any(isinstance(toxic, CutAtMessage) for toxic in self._toxics())
            for piece in self._stream.feed(chunk.data, whole=whole):
                await self._deliver(chunk, piece.raw, piece.message)
        for piece in self._stream.flush():
            await self._send(piece.raw)
        if self._sink.can_write_eof():
            self._sink.write_eof()

    def _toxics(self) -> list[Toxic]:
        return [toxic for toxic in self._all_toxics() if toxic.way is self._way]

    async def _hold(self, chunk: Chunk) -> None:
        """Wait until no toxic holds the chunk back any more."""
        noted: set[Toxic] = set()
        while True:
            change, now = self._changes.next, time.monotonic()
            holds = {toxic: toxic.hold(chunk, now) for toxic in self._toxics()}
            for toxic, seconds in holds.items():
                if seconds > 0 and toxic not in noted:
                    noted.add(toxic)
                    toxic.note(len(chunk.data))
            longest = max(holds.values(), default=0.0)
            if longest <= 0:
                return
            await _wait(change, longest)

    async def _deliver(self, chunk: Chunk, raw: bytes, message: str | bytes | None) -> None:
        """Let a piece pass, unless a cut hits it."""
        for toxic in self._toxics():
            hit = toxic.inspect(self._key, raw, message)
            if hit is None:
                continue
            assert isinstance(toxic, Cut)
            await self._send_sliced(chunk, raw[: hit.keep])
            rest = raw[hit.keep :]
            toxic.note(len(rest))
            self._on_hit(self._key, toxic)
            if hit.ending is Ending.STALL:
                # The link has put a stall on this connection; the rest passes when that is gone.
                await self._send_sliced(chunk, rest)
                return
            self._traffic.discarded += len(rest)
            if hit.ending is not Ending.SWALLOW:
                raise Severed(hit.ending)
            return
        await self._send_sliced(chunk, raw)

    async def _send_sliced(self, chunk: Chunk, raw: bytes) -> None:
        position = 0
        while position < len(raw):
            await self._hold(chunk)
            limiting = [(toxic, limit) for toxic in self._toxics() if (limit := toxic.largest()) is not None]
            size = min([len(raw) - position, *(limit for _, limit in limiting)])
            await self._send(raw[position : position + size])
            position += size
            for toxic, _ in limiting:
                toxic.note(size)
            await self._pause([(toxic, toxic.pause(size)) for toxic, _ in limiting])

    async def _pause(self, pauses: list[tuple[Toxic, float]]) -> None:
        """Wait as long as the slowest toxic wants that is still there."""
        began = time.monotonic()
        while True:
            change, present = self._changes.next, set(self._toxics())
            left = max((seconds for toxic, seconds in pauses if toxic in present), default=0.0) + began - time.monotonic()
            if left <= 0:
                return
            await _wait(change, left)

    async def _send(self, raw: bytes) -> None:
        if not raw:
            return
        self._sink.write(raw)
        self._traffic.delivered += len(raw)
        await self._sink.drain()


async def _wait(change: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(None if math.isinf(seconds) else seconds):
            await change.wait()
    except TimeoutError:
        return
