"""The fault proxy on real connections: transparent without toxics, and exactly as disturbing as asked with them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from realstack.core.errors import StackError
from realstack.faults.links import targets_of
from realstack.faults.pipe import CAPACITY
from realstack.faults.proxy import ProxyLink
from realstack.faults.toxics import (
    Bandwidth,
    CutAfterBytes,
    CutAtBytes,
    Ending,
    Latency,
    Slicer,
    Stall,
    Way,
)

TO, FROM = Way.TO_SERVICE, Way.FROM_SERVICE
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Scene:
    """A TCP service of one's own, and a proxy before it."""

    def __init__(self) -> None:
        self.accepted: asyncio.Queue[Streams] = asyncio.Queue()
        self.link: ProxyLink

    async def both(self) -> tuple[Streams, Streams]:
        """A new connection: the client's end and the service's. Keep the writers: one that is forgotten closes itself."""
        client = await asyncio.open_connection("127.0.0.1", self.link.port)
        return client, await self.accepted.get()


@contextlib.asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    here = Scene()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here.accepted.put_nowait((reader, writer))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        here.link = ProxyLink("link", targets_of("127.0.0.1", server.sockets[0].getsockname()[1])[0])
        await here.link.open()
        try:
            yield here
        finally:
            await here.link.close()
            assert here.link.connections == 0


def play(story: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20), scene() as here:
            await story(here)

    asyncio.run(main())


async def silent(reader: asyncio.StreamReader, seconds: float = 0.05) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await reader.readexactly(1)
    except TimeoutError:
        return True
    return False


def test_megabytes_pass_both_ways_unchanged_and_ends_are_orderly() -> None:
    async def story(here: Scene) -> None:
        (reader, writer), (service_reader, service_writer) = await here.both()
        data = os.urandom(3_000_000)

        async def send(to: asyncio.StreamWriter) -> None:
            to.write(data)
            await to.drain()
            to.write_eof()

        _, _, up, down = await asyncio.gather(send(writer), send(service_writer), service_reader.read(), reader.read())
        assert hashlib.sha256(up).digest() == hashlib.sha256(down).digest() == hashlib.sha256(data).digest()
        for way in Way:
            assert here.link.traffic[way].received == here.link.traffic[way].delivered == len(data)
            assert here.link.traffic[way].discarded == 0

    play(story)


def test_a_half_closed_connection_still_carries_the_answer() -> None:
    async def story(here: Scene) -> None:
        (reader, writer), (service_reader, service_writer) = await here.both()
        writer.write(b"question")
        writer.write_eof()
        assert await service_reader.read() == b"question"
        service_writer.write(b"answer")
        service_writer.close()
        assert await reader.read() == b"answer"

    play(story)


@pytest.mark.parametrize("who", ["client", "service"])
def test_a_reset_passes_as_a_reset(who: str) -> None:
    async def story(here: Scene) -> None:
        client, service = await here.both()
        breaker, other = (client, service) if who == "client" else (service, client)
        tcp = breaker[1].get_extra_info("socket")
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        breaker[1].transport.abort()
        with pytest.raises(ConnectionResetError):
            await other[0].read()

    play(story)


def test_a_service_that_is_down_shows_as_a_reset() -> None:
    async def main() -> None:
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            link = ProxyLink("down", targets_of("127.0.0.1", reserved.getsockname()[1])[0])
            await link.open()
            reader, _ = await asyncio.open_connection("127.0.0.1", link.port)
            with pytest.raises(ConnectionResetError):
                await reader.read()
            assert link.unreachable == 1
            await link.close()

    asyncio.run(main())


def test_a_slow_reader_slows_the_sender_and_memory_stays_bounded() -> None:
    async def story(here: Scene) -> None:
        (reader, writer), _service = await here.both()
        stall = here.link.add(Stall("stall", TO))
        sent = 0
        payload = b"x" * 65536
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                while True:
                    writer.write(payload)
                    sent += len(payload)
                    await writer.drain()
        assert here.link.traffic[TO].received <= CAPACITY + 65536
        assert stall.hits > 0
        here.link.remove("stall")
        service_reader = _service[0]
        assert len(await service_reader.readexactly(sent)) == sent, "what was held back was not lost"
        del reader

    play(story)


def test_latency_delays_in_order_and_ends_when_removed() -> None:
    async def story(here: Scene) -> None:
        (reader, writer), (service_reader, service_writer) = await here.both()
        toxic = here.link.add(Latency("slow", TO, 0.15, jitter=0.1))
        began = time.monotonic()
        for number in range(20):
            writer.write(bytes([number]))
            await asyncio.sleep(0)
        assert await service_reader.readexactly(20) == bytes(range(20))
        assert time.monotonic() - began >= 0.05
        service_writer.write(b"back")
        assert not await silent(reader, 2), "the other direction is not delayed"
        assert toxic.hits > 0
        here.link.add(Latency("endless", TO, 60))
        writer.write(b"late")
        assert await silent(service_reader)
        here.link.remove("endless")
        here.link.remove("slow")
        assert await service_reader.readexactly(4) == b"late"

    play(story)


def test_bandwidth_limits_and_ends_when_removed() -> None:
    async def story(here: Scene) -> None:
        (_, writer), (service_reader, _) = await here.both()
        toxic = here.link.add(Bandwidth("narrow", TO, 20_000))
        began = time.monotonic()
        writer.write(b"x" * 4_000)
        await service_reader.readexactly(4_000)
        assert time.monotonic() - began >= 0.15
        assert toxic.amount == 4_000
        here.link.remove("narrow")
        here.link.add(Bandwidth("trickle", TO, 1))
        writer.write(b"y" * 1_000)
        assert not await silent(service_reader, 2)
        here.link.remove("trickle")
        assert await service_reader.readexactly(999) == b"y" * 999

    play(story)


@pytest.mark.parametrize("end", ["remove", "close"])
def test_a_cut_that_stalls_ends_with_all_that_it_holds(end: str) -> None:
    async def story(here: Scene) -> None:
        (_, writer), (service_reader, _) = await here.both()
        cut = here.link.add(CutAfterBytes("cut", TO, ending=Ending.STALL, count=2))
        writer.write(b"held back")
        assert await service_reader.readexactly(2) == b"he"
        await here.link.wait_hit("cut", 1, 5)
        assert len(here.link.toxics) == 3
        if end == "remove":
            here.link.remove_all()
            assert await service_reader.readexactly(7) == b"ld back"
        else:
            await here.link.close()
        assert not here.link.toxics
        assert cut.removed_at is not None

    play(story)


def test_slices_arrive_one_by_one() -> None:
    async def story(here: Scene) -> None:
        (_, writer), (service_reader, _) = await here.both()
        toxic = here.link.add(Slicer("slices", TO, 3, 0.02))
        writer.write(b"abcdefgh")
        assert [await service_reader.read(100) for _ in range(3)] == [b"abc", b"def", b"gh"]
        assert toxic.hits == 3

    play(story)


def test_stall_then_heal_loses_nothing_even_the_end() -> None:
    async def story(here: Scene) -> None:
        (_, writer), (service_reader, _) = await here.both()
        here.link.add(Stall("stall", TO))
        writer.write(b"held")
        writer.write_eof()
        assert await silent(service_reader)
        here.link.remove("stall")
        assert await service_reader.read() == b"held"

    play(story)


@pytest.mark.parametrize("ending", [Ending.RESET, Ending.FINISH])
@pytest.mark.parametrize("count", [0, 1, 10, 19, 20])
def test_cut_after_bytes_delivers_exactly_so_many(ending: Ending, count: int) -> None:
    async def story(here: Scene) -> None:
        (reader, writer), (service_reader, _) = await here.both()
        here.link.add(CutAfterBytes("cut", TO, ending=ending, count=count))
        text = b"1234567890abcdefghij"
        writer.write(text)
        if ending is Ending.FINISH:
            assert await service_reader.read() == text[:count]
            assert await reader.read() == b""
        else:
            with pytest.raises(ConnectionResetError):
                await reader.read()
            with pytest.raises(ConnectionResetError):
                await service_reader.read()
        assert here.link.traffic[TO].delivered == count
        assert here.link.get("cut").hits == 1
        assert here.link.toxics == [], "it has spent itself"

    play(story)


@pytest.mark.parametrize("split", range(1, 8))
def test_cut_at_bytes_finds_the_pattern_across_reads(split: int) -> None:
    async def story(here: Scene) -> None:
        (_, writer), (service_reader, _) = await here.both()
        here.link.add(CutAtBytes("cut", TO, ending=Ending.FINISH, pattern=b"COMMIT"))
        text = b"a COMMIT b"
        writer.write(text[:split])
        await asyncio.sleep(0.02)
        writer.write(text[split:])
        got = await service_reader.read()
        assert text.startswith(got)
        assert b"COMMIT" not in got

    play(story)


def test_cut_times_and_skip_count_connections() -> None:
    async def story(here: Scene) -> None:
        here.link.add(CutAtBytes("cut", TO, ending=Ending.FINISH, pattern=b"x", times=2, skip=1))
        results = []
        for _ in range(4):
            (_, writer), (service_reader, _) = await here.both()
            writer.write(b"abxc")
            writer.write_eof()
            results.append(await service_reader.read())
        assert results == [b"abxc", b"ab", b"ab", b"abxc"]

    play(story)


def test_half_close_ends_one_direction() -> None:
    async def story(here: Scene) -> None:
        (reader, writer), (service_reader, service_writer) = await here.both()
        writer.write(b"first")
        assert await service_reader.readexactly(5) == b"first"
        assert await here.link.half_close(TO) == 1
        assert await service_reader.read() == b""
        writer.write(b"nobody hears this")
        service_writer.write(b"still talking")
        assert await reader.readexactly(13) == b"still talking"

    play(story)


def test_reset_all_and_refusal_of_new_connections() -> None:
    async def story(here: Scene) -> None:
        client, service = await here.both()
        here.link.add(Stall("stall", TO))
        client[1].write(b"held back")
        await here.link.refuse()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", here.link.port)
        assert await here.link.reset_all() == 1
        assert here.link.connections == 0
        for reader, _ in (client, service):
            with pytest.raises(ConnectionResetError):
                await reader.read()
        await here.link.accept_again()
        await here.both()

    play(story)


def test_the_port_of_a_link_that_refuses_is_nobody_elses() -> None:
    async def story(here: Scene) -> None:
        await here.link.refuse()
        # A client that is given this port as its own reaches itself, which looks like a service.
        with pytest.raises(OSError, match="in use"):
            await asyncio.open_connection("127.0.0.1", here.link.port, local_addr=("127.0.0.1", here.link.port))
        await here.link.accept_again()
        await here.both()

    play(story)


@pytest.mark.parametrize("port", [-1, 99999])
def test_port_that_there_is_none_of_is_told(port: int) -> None:
    async def story(here: Scene) -> None:
        with pytest.raises(StackError, match=f"to listen at 127.0.0.1:{port}"):
            await type(here.link)("other", here.link.target).open(port=port)

    play(story)


def test_names_of_toxics_are_unique_and_known() -> None:
    async def story(here: Scene) -> None:
        here.link.add(Stall("a", TO))
        with pytest.raises(StackError, match="has a toxic 'a' already"):
            here.link.add(Stall("a", FROM))
        with pytest.raises(StackError, match=r"has no toxic 'b'\. It has or had: a"):
            here.link.remove("b")
        here.link.remove("a")
        assert here.link.remove("a").removed_at is not None

    play(story)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Latency("a", TO, -1),
        lambda: Latency("a", TO, 1, jitter=2),
        lambda: Bandwidth("a", TO, 0),
        lambda: Slicer("a", TO, 0),
        lambda: CutAfterBytes("a", TO, count=-1),
        lambda: CutAfterBytes("a", TO, ending=Ending.SWALLOW),
        lambda: CutAtBytes("a", TO),
        lambda: CutAtBytes("a", TO, pattern=b"x", times=-1),
    ],
)
def test_impossible_toxics_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(StackError):
        make()
