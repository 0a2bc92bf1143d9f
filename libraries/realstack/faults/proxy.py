"""A TCP proxy between clients and a service, whose link can be disturbed at run time by toxics."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import os
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any, TypeVar

from realstack.core.errors import StackError, explain
from realstack.faults.links import Target
from realstack.faults.pipe import Changes, Pipe, Severed, Traffic
from realstack.faults.probe import probe
from realstack.faults.toxics import Cut, CutAtMessage, Ending, Stall, Toxic, Way
from realstack.faults.wsstream import StreamReader, Upgrade
from realstack.recording.events import FaultBegun, FaultEnded, FaultInjected
from realstack.recording.recorder import recorder

CONNECT_SECONDS = 5.0
"""How long connecting to the service may take."""

LOOPBACK = ipaddress.IPv4Address("127.0.0.1")
PROBE_SECONDS = 0.25
"""How long a probe of the proxy itself waits for an answer."""

ACCEPT_TURNS = 10
"""Turns of the event loop within which a connection that waits in the kernel is accepted; it takes about four."""

T = TypeVar("T", bound=Toxic)


@dataclass(eq=False)
class Session:
    """One client's connection through the proxy."""

    key: int
    client: asyncio.StreamWriter
    service: asyncio.StreamWriter
    pipes: dict[Way, Pipe]
    task: asyncio.Task[None]


class ProxyLink:
    """A link that runs through this process. All coroutines belong to one event loop.

    Without toxics it is transparent: bytes, orderly ends of either direction and resets pass as they come, and a slow
    receiver slows its sender down.

    Args:
        name: Of the link, as it is recorded.
        target: The service.
        strip_extensions: Take the offer of WebSocket extensions out of handshakes, so that messages are not compressed.
    """

    def __init__(self, name: str, target: Target, *, strip_extensions: bool = False) -> None:
        self.name = name
        self.target = target
        self.port = 0
        self.traffic = {way: Traffic() for way in Way}
        self.accepted = 0
        self.unreachable = 0
        self.hit_told = asyncio.Condition()
        self._strip = strip_extensions
        self._keys = itertools.count(1)
        self._sessions: dict[int, Session] = {}
        self._toxics: dict[str, Toxic] = {}
        self._past: dict[str, Toxic] = {}
        self._changes = Changes()
        self._server: asyncio.Server | None = None
        self._kept: socket.socket | None = None
        self._handlers: set[asyncio.Task[None]] = set()
        self._opening: set[asyncio.Task[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = set()

    # The link as a whole.

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Start to listen.

        Returns:
            The port.

        Raises:
            StackError: The port is taken.
        """
        self._server = await asyncio.start_server(self._accept, sock=self._bound(host, port))
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    def _bound(self, host: str, port: int) -> socket.socket:
        """A socket that has the port and does not listen yet."""
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if os.name == "posix":  # connections that are open, or were, at the same port are no hindrance
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((host, port))
        except (OSError, OverflowError) as error:  # a port that there is none of is the latter
            bound.close()
            raise StackError(explain(f"to listen at {host}:{port} for link '{self.name}'", str(error))) from None
        return bound

    async def close(self) -> None:
        """Stop listening, end all connections with a reset, remove all toxics."""
        if self._server is not None:
            self._server.close()
        if self._kept is not None:
            self._kept.close()
        self.remove_all()
        handlers = list(self._handlers)
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)

    async def refuse(self) -> None:
        """Refuse new connections from now on, as a service that is down; open ones stay, and so does the port.

        A port that nobody has is given to others, even to whoever connects to it: to itself, which then is no refusal.
        """
        if self._server is not None:
            host, port = self._server.sockets[0].getsockname()[:2]
            self._server.close()
            self._server = None
            self._kept = self._bound(host, port)
            recorder.record(FaultBegun(self.name, "new connections refused"))

    async def accept_again(self) -> None:
        """Take new connections again, at the same port."""
        if self._kept is not None:
            tried = await probe(Target(LOOPBACK, self.port), PROBE_SECONDS)
            self._server = await asyncio.start_server(self._accept, sock=self._kept)
            self._kept = None
            receipt = {"probe_during": str(tried), "proven": not tried.connected}
            recorder.record(FaultEnded(self.name, "new connections refused", receipt))

    @property
    def connections(self) -> int:
        """Connections that are open now."""
        return len(self._sessions)

    async def settle(self) -> None:
        """Let everything come through that clients have connected already, as far as the kernel is concerned."""
        for _ in range(ACCEPT_TURNS):
            await asyncio.sleep(0)
        if self._opening:
            await asyncio.wait(self._opening)

    async def reset_all(self) -> int:
        """End all connections with a TCP reset to both ends; returns how many, once they are gone."""
        sessions = list(self._sessions.values())
        for session in sessions:
            _reset(session.client)
            _reset(session.service)
            session.task.cancel()  # a toxic may hold it back, and would hold back its end too
        if sessions:
            await asyncio.wait([session.task for session in sessions])
        facts = {"reset_connections": len(sessions)}
        recorder.record(FaultBegun(self.name, "connections reset", facts=facts))
        recorder.record(FaultEnded(self.name, "connections reset", facts=facts))
        return len(sessions)

    async def half_close(self, way: Way) -> int:
        """Send the end of one direction on all connections (TCP FIN), and discard what its sender says from now on.

        Returns:
            How many connections.
        """
        sessions = list(self._sessions.values())
        what, facts = f"half closed {way.value}", {"hits": len(sessions)}
        recorder.record(FaultBegun(self.name, what, facts=facts))
        for session in sessions:
            await session.pipes[way].finish()
        recorder.record(FaultEnded(self.name, what, facts=facts))
        return len(sessions)

    # Toxics.

    @property
    def toxics(self) -> list[Toxic]:
        """The toxics in force, in the order they were added."""
        return list(self._toxics.values())

    def add(self, toxic: T) -> T:
        """Put a toxic in force, for open connections too.

        Raises:
            StackError: The link has one of that name.
        """
        if toxic.name in self._toxics:
            raise StackError(
                f"Link '{self.name}' has a toxic '{toxic.name}' already: {toxic}. Remove it first, or choose another name."
            )
        if isinstance(toxic, CutAtMessage) and toxic.ending is Ending.SWALLOW and not self._strip:
            raise StackError(
                explain(
                    f"link '{self.name}' opened with strip_extensions=True, to swallow single messages of it",
                    "its messages may be compressed, each one depending on those before",
                    remedy="Say strip_extensions=True when opening the link, or cut the connection instead.",
                )
            )
        self._toxics[toxic.name] = toxic
        self._past.pop(toxic.name, None)
        self._changes.tell()
        recorder.record(FaultBegun(self.name, f"{toxic.kind} {toxic.way.value}", facts=toxic.facts(), at=toxic.added_at))
        return toxic

    def remove(self, name: str) -> Toxic:
        """Remove a toxic; what it held back goes on at once. One that has spent itself is given back as it ended.

        Raises:
            StackError: There is none of that name.
        """
        if name in self._past and name not in self._toxics:
            return self._past[name]
        toxic = self.get(name)
        del self._toxics[name]
        for stall in [other for other in self._toxics if other.startswith(f"{name} of connection ")]:
            del self._toxics[stall]
        toxic.removed_at = time.monotonic()
        self._past[name] = toxic
        self._changes.tell()
        recorder.record(FaultEnded(self.name, facts=toxic.facts(), at=toxic.removed_at))
        return toxic

    def remove_all(self) -> None:
        """Remove the toxics in force; what a stalling cut holds of single connections goes with the cut."""
        while self._toxics:
            self.remove(next(iter(self._toxics)))

    def get(self, name: str) -> Toxic:
        """A toxic in force or of the past.

        Raises:
            StackError: There never was one of that name.
        """
        toxic = self._toxics.get(name) or self._past.get(name)
        if toxic is None:
            known = ", ".join([*self._toxics, *self._past]) or "none"
            raise StackError(f"Link '{self.name}' has no toxic '{name}'. It has or had: {known}.")
        return toxic

    def knows(self, name: str) -> bool:
        """Whether there is or was a toxic of that name."""
        return name in self._toxics or name in self._past

    async def wait_hit(self, name: str, hits: int, seconds: float) -> None:
        """Wait until a cut has hit that often.

        Raises:
            TimeoutError: It has not in that time.
        """
        async with asyncio.timeout(seconds), self.hit_told:
            await self.hit_told.wait_for(lambda: self.get(name).hits >= hits)

    def facts(self) -> dict[str, Any]:
        """What went through, as plain values."""
        facts: dict[str, Any] = {"link": self.name, "accepted": self.accepted, "open": self.connections}
        facts["unreachable"] = self.unreachable
        for way, traffic in self.traffic.items():
            words = way.value.replace("-", "_")
            facts |= {f"received_{words}": traffic.received, f"delivered_{words}": traffic.delivered}
            facts |= {f"discarded_{words}": traffic.discarded}
        return facts

    def _hit(self, key: int, cut: Cut) -> None:
        """A cut has hit a connection: tell of it, and take it out if it has spent itself."""
        facts = {"connection": key, **cut.facts()}
        recorder.record(FaultInjected(self.name, f"{cut.kind} hit: {cut.ending.value}", facts))
        if cut.ending is Ending.STALL:
            for way in Way:
                stall = Stall(f"{cut.name} of connection {key} {way.value}", way, only=key)
                self._toxics[stall.name] = stall
            self._changes.tell()
        elif cut.spent:
            self.remove(cut.name)
        self._notifying = asyncio.ensure_future(self._notify())

    async def _notify(self) -> None:
        async with self.hit_told:
            self.hit_told.notify_all()

    # Connections.

    def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.get_running_loop().create_task(self._handle(next(self._keys), reader, client))
        self._handlers.add(task)
        task.add_done_callback(self._handlers.discard)

    async def _handle(self, key: int, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        opening = asyncio.get_running_loop().create_task(asyncio.open_connection(str(self.target.address), self.target.port))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                answers, service = await opening
        except OSError:  # the service is down: its client learns it as directly as a proxy can tell
            self.unreachable += 1
            _reset(client)
            return
        upgrade = Upgrade()
        asking = StreamReader("client", upgrade, strip_extensions=self._strip)
        answering = StreamReader("server", upgrade)
        pipes = {
            Way.TO_SERVICE: self._pipe(key, Way.TO_SERVICE, reader, service, asking),
            Way.FROM_SERVICE: self._pipe(key, Way.FROM_SERVICE, answers, client, answering),
        }
        task = asyncio.current_task()
        assert task is not None
        session = Session(key, client, service, pipes, task)
        self._sessions[key] = session
        try:
            await self._serve(session)
        finally:
            self._sessions.pop(key, None)

    def _pipe(self, key: int, way: Way, source: asyncio.StreamReader, sink: asyncio.StreamWriter, stream: StreamReader) -> Pipe:
        return Pipe(
            key,
            way,
            source,
            sink,
            toxics=lambda: self.toxics,
            changes=self._changes,
            stream=stream,
            traffic=self.traffic[way],
            on_hit=self._hit,
        )

    async def _serve(self, session: Session) -> None:
        """Carry both directions until both have ended, or one of them breaks the connection."""
        ends = [asyncio.ensure_future(pipe.run()) for pipe in session.pipes.values()]
        orderly = False
        try:
            await asyncio.gather(*ends)
            orderly = True
        except Severed as severed:
            orderly = severed.ending is Ending.FINISH
        except OSError:  # one end was reset, so the other is
            orderly = False
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            for writer in (session.client, session.service):
                if orderly:
                    writer.close()
                else:
                    _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST: linger on, for no time (RFC 9293, 3.10.5 ABORT)."""
    tcp = writer.get_extra_info("socket")
    if tcp is not None and not writer.transport.is_closing():
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
