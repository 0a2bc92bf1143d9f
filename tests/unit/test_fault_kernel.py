"""Faults by the kernel, on real connections over loopback. Needs the right to change this network namespace."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from realstack.deadline import Deadline, poll
from realstack.errors import StackError, StackFailure
from realstack.fault import sockets
from realstack.fault.kernel import Connections, Direction, KernelFaults, Kind, Plan
from realstack.fault.links import Link, targets_of
from realstack.fault.nft import Table
from realstack.fault.probe import probe

Answer = bytes | type[BaseException] | None
QUIET = 0.15
"""Seconds after which an answer that should not come is taken for missing."""


class Client:
    """A connection to the echo server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.port: int = writer.get_extra_info("sockname")[1]

    async def say(self, text: bytes, patience: float = QUIET) -> Answer:
        """What comes back: the echo, the kind of error, or None for silence."""
        try:
            self.writer.write(text)
            async with asyncio.timeout(patience):
                return await self._reader.readexactly(len(text))
        except TimeoutError:
            return None
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            return type(error)

    async def hear(self, count: int, patience: float) -> Answer:
        try:
            async with asyncio.timeout(patience):
                return await self._reader.readexactly(count)
        except TimeoutError:
            return None


class Scene:
    """An echo server, its link, and a table of its own."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.host = host
        self.link = Link("echo", targets_of(host, port))
        self.faults = KernelFaults(Table(f"realstack_test_{secrets.token_hex(4)}"))
        self.heard: list[bytes] = []

    async def client(self) -> Client:
        target = self.link.targets[0]
        return Client(*await asyncio.open_connection(str(target.address), target.port))

    async def connects(self) -> str:
        return (await probe(self.link.targets[0], QUIET)).outcome


@contextlib.asynccontextmanager
async def scene(host: str = "127.0.0.1") -> AsyncIterator[Scene]:
    made: list[Scene] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                made[0].heard.append(data)
                writer.write(data)
        writer.close()

    async with await asyncio.start_server(echo, host, 0) as server:
        made.append(Scene(server.sockets[0].getsockname()[1], host))
        try:
            yield made[0]
        finally:
            await made[0].faults.heal_all()
            assert not made[0].faults.table.exists(), "nothing is left in the kernel"


def play(story: Callable[[Scene], Awaitable[None]], host: str = "127.0.0.1") -> None:
    async def main() -> None:
        async with asyncio.timeout(20), scene(host) as here:
            await story(here)

    asyncio.run(main())


def test_drop_silences_and_healing_delivers_what_was_sent_meanwhile() -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        assert await client.say(b"before") == b"before"
        fault = await here.faults.start(Plan(here.link))
        assert await client.say(b"during") is None
        assert await here.connects() == "silent"
        receipt = await here.faults.look(fault)
        assert receipt.to_service.packets > 0
        assert receipt.to_service.bytes >= len(b"during")
        receipt = await here.faults.heal(fault)
        assert await client.hear(6, 5) == b"during", "TCP sends again what was dropped"
        assert (receipt.ended_by, receipt.doubt()) == ("healed", None)
        assert receipt.before is not None
        assert receipt.during is not None
        assert receipt.after is not None
        assert (receipt.before.outcome, receipt.during.outcome, receipt.after.outcome) == ("connected", "silent", "connected")
        assert receipt.probe_packets.packets > 0

    play(story)


def test_the_probes_own_packets_are_no_drops_of_the_fault() -> None:
    async def story(here: Scene) -> None:
        fault = await here.faults.start(Plan(here.link))
        assert fault.during is not None
        await asyncio.wait([fault.during])
        receipt = await here.faults.heal(fault)
        assert receipt.hit("both").packets == 0
        assert receipt.probe_packets.packets > 0

    play(story)


def test_reject_refuses_new_connections_at_once() -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        fault = await here.faults.start(Plan(here.link, Kind.REJECT))
        assert await here.connects() == "refused"
        assert await client.say(b"x") is None, "an ICMP error does not end an open connection (RFC 1122, 4.2.3.9)"
        receipt = await here.faults.heal(fault)
        assert receipt.during is not None
        assert receipt.during.outcome == "refused"
        assert await client.hear(1, 5) == b"x"

    play(story)


def test_reset_ends_connections_and_refuses_new_ones() -> None:
    async def story(here: Scene) -> None:
        clients = [await here.client() for _ in range(3)]
        assert await clients[0].say(b"x") == b"x"
        fault = await here.faults.start(Plan(here.link, Kind.RESET))
        assert fault.receipt.reset_connections == 3
        for client in clients:
            assert await client.say(b"y") in (ConnectionResetError, ConnectionAbortedError)
        assert await here.connects() == "refused"
        receipt = await here.faults.heal(fault)
        assert receipt.doubt() is None
        assert await (await here.client()).say(b"z") == b"z"

    play(story)


def test_a_reset_by_rule_alone_reaches_the_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a kernel that can't end sockets, the next packet is answered with a reset."""

    async def story(here: Scene) -> None:
        client = await here.client()
        await client.say(b"x")
        with monkeypatch.context() as patch:
            patch.setattr(sockets, "kill", lambda *_args, **_named: frozenset())
            fault = await here.faults.start(Plan(here.link, Kind.RESET, direction=Direction.TO_SERVICE))
        assert await client.say(b"y") is ConnectionResetError
        receipt = await here.faults.heal(fault)
        assert receipt.to_service.packets == 1
        assert receipt.reset_connections == 0

    play(story)


@pytest.mark.parametrize("direction", [Direction.TO_SERVICE, Direction.FROM_SERVICE])
def test_one_way(direction: Direction) -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        await client.say(b"before")
        fault = await here.faults.start(Plan(here.link, direction=direction))
        here.heard.clear()
        assert await client.say(b"during") is None
        arrived = b"during" in here.heard
        assert arrived is (direction is Direction.FROM_SERVICE)
        receipt = await here.faults.heal(fault)
        opposite = "from-service" if direction is Direction.TO_SERVICE else "to-service"
        assert receipt.hit(direction.value).packets > 0
        assert receipt.hit(opposite).packets == 0
        assert receipt.doubt() is None

    play(story)


def test_new_connections_only() -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        fault = await here.faults.start(Plan(here.link, connections=Connections.NEW))
        assert await client.say(b"still here", 2) == b"still here"
        assert await here.connects() == "silent"
        receipt = await here.faults.heal(fault)
        assert receipt.to_service.packets >= 1
        assert receipt.doubt() is None

    play(story)


@pytest.mark.parametrize("kind", [Kind.DROP, Kind.STALL])
def test_established_connections_only(kind: Kind) -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        fault = await here.faults.start(Plan(here.link, kind, connections=Connections.ESTABLISHED))
        assert fault.receipt.aimed_connections == 1
        assert await client.say(b"stalled") is None
        newcomer = await here.client()
        assert await newcomer.say(b"welcome", 2) == b"welcome"
        receipt = await here.faults.heal(fault)
        assert await client.hear(7, 5) == b"stalled"
        assert receipt.to_service.packets > 0
        assert receipt.during is None, "existing connections can't be probed"

    play(story)


def test_one_client_only_and_one_client_spared() -> None:
    async def story(here: Scene) -> None:
        hit, spared = await here.client(), await here.client()
        fault = await here.faults.start(Plan(here.link, client_ports=frozenset({hit.port})))
        assert await hit.say(b"x") is None
        assert await spared.say(b"x", 2) == b"x"
        receipt = await here.faults.heal(fault)
        assert receipt.doubt() is None
        await hit.hear(1, 5)
        fault = await here.faults.start(Plan(here.link, spared_ports=frozenset({spared.port})))
        assert await hit.say(b"y") is None
        assert await spared.say(b"y", 2) == b"y"
        await here.faults.heal(fault)

    play(story)


def test_it_expires_by_itself_to_the_millisecond() -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        fault = await here.faults.start(Plan(here.link, seconds=0.3))
        assert await client.say(b"during", 0.05) is None
        await asyncio.wait_for(fault.over.wait(), 5)
        assert fault.receipt.ended_by == "expired"
        assert fault.receipt.lasted == pytest.approx(0.3)
        assert await client.hear(6, 5) == b"during"
        assert fault.receipt.doubt() is None

    play(story)


def test_the_kernel_alone_ends_a_fault_whose_maker_was_killed() -> None:
    """SIGKILL, and no reaper: the sets' elements time out, and the link works again."""

    async def story(here: Scene) -> None:
        port, table = here.link.targets[0].port, here.faults.table
        maker = textwrap.dedent(
            f"""
            import asyncio, sys
            from realstack.fault.kernel import KernelFaults, Plan
            from realstack.fault.links import Link, targets_of
            from realstack.fault.nft import Table

            async def main():
                link = Link("echo", targets_of("127.0.0.1", {port}))
                await KernelFaults(Table("{table.name}")).start(Plan(link, seconds=1.0, probing=False))
                print("cut", flush=True)
                await asyncio.Event().wait()

            asyncio.run(main())
            """
        )
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "libraries")}
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", maker, stdout=subprocess.PIPE, env=environment)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"cut\n"
        cut_at = time.monotonic()
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert table.exists(), "nobody has cleaned up"
        assert await here.connects() == "silent", "the rules outlive their maker"
        good, _ = await poll(here.connects, lambda outcome: outcome == "connected", Deadline(5))
        assert good
        assert time.monotonic() - cut_at < 2.5
        assert all(count == 0 for count in table.elements().values()), "the rules are there and hit nobody"
        table.delete()

    play(story)


def test_two_faults_at_once_end_one_by_one() -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        there = await here.faults.start(Plan(here.link, direction=Direction.TO_SERVICE))
        back = await here.faults.start(Plan(here.link, direction=Direction.FROM_SERVICE, probing=False))
        assert await client.say(b"x") is None
        await here.faults.heal(there, probing=False)
        assert here.faults.table.exists()
        assert await here.connects() == "silent"
        await here.faults.heal(back)
        assert await client.hear(1, 5) == b"x"

    play(story)


def test_a_link_that_does_not_work_is_not_broken() -> None:
    async def story(here: Scene) -> None:
        first = await here.faults.start(Plan(here.link))
        with pytest.raises(StackFailure, match=r"a working link 'echo' .* to break\nSeen: a probe was silent"):
            await here.faults.start(Plan(here.link))
        await here.faults.heal(first)

    play(story)


def test_stalling_nothing_is_an_error() -> None:
    async def story(here: Scene) -> None:
        with pytest.raises(StackError, match="there are none from ports"):
            await here.faults.start(Plan(here.link, Kind.STALL, client_ports=frozenset({1})))

    play(story)


def test_an_interrupted_start_leaves_nothing() -> None:
    async def story(here: Scene) -> None:
        for delay in (0.0, 0.001, 0.004, 0.01, 0.02):
            starting = asyncio.create_task(here.faults.start(Plan(here.link)))
            await asyncio.sleep(delay)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await here.faults.heal_all()
            assert not here.faults.table.exists()
        assert await here.connects() == "connected"

    play(story)


def test_healing_twice_and_after_the_end_is_harmless() -> None:
    async def story(here: Scene) -> None:
        fault = await here.faults.start(Plan(here.link, seconds=0.2))
        await asyncio.gather(here.faults.heal(fault), here.faults.heal(fault))
        ended = fault.receipt.ended_at
        await here.faults.heal(fault)
        assert fault.receipt.ended_at == ended

    play(story)


def test_ipv6() -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        fault = await here.faults.start(Plan(here.link))
        assert await client.say(b"x") is None
        receipt = await here.faults.heal(fault)
        assert receipt.to_service.packets > 0
        assert await client.hear(1, 5) == b"x"
        fault = await here.faults.start(Plan(here.link, Kind.STALL))
        assert await client.say(b"y") is None
        await here.faults.heal(fault)

    play(story, "::1")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"seconds": 0.0}, "more than 0 s"),
        ({"seconds": 601.0}, "at most 600 s"),
        ({"kind": Kind.STALL, "connections": Connections.NEW}, "can't be stalled"),
        ({"client_ports": frozenset({80}), "spared_ports": frozenset({80})}, "hit and spared at once"),
        ({"client_ports": frozenset({0})}, "Not TCP ports"),
    ],
)
def test_impossible_plans_are_refused(wrong: dict[str, object], text: str) -> None:
    with pytest.raises(StackError, match=text):
        Plan(Link("x", targets_of("127.0.0.1", 80)), **wrong)  # type: ignore[arg-type]


def test_in_a_network_namespace_of_its_own(tmp_path: Path) -> None:
    """The same as an ordinary user of a machine would run it: own user and network namespace, no privilege outside."""
    story = textwrap.dedent(
        """
        import asyncio
        from realstack.fault.kernel import Kind, KernelFaults, Plan
        from realstack.fault.links import Link, targets_of
        from realstack.fault.nft import Table

        async def echo(reader, writer):
            while data := await reader.read(100):
                writer.write(data)
            writer.close()

        async def main():
            async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
                link = Link("echo", targets_of("127.0.0.1", server.sockets[0].getsockname()[1]))
                faults = KernelFaults(Table("realstack_own"))
                for kind in (Kind.DROP, Kind.REJECT, Kind.RESET):
                    fault = await faults.start(Plan(link, kind))
                    await asyncio.wait([fault.during])
                    receipt = await faults.heal(fault)
                    assert receipt.doubt() is None, receipt.doubt()
                    print(kind.value, receipt.during.outcome)

        asyncio.run(main())
        """
    )
    (tmp_path / "story.py").write_text(story)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "libraries")}
    command = ["unshare", "--user", "--map-current-user", "--net", "--keep-caps", "sh", "-c"]
    command += [f"ip link set lo up && exec {sys.executable} {tmp_path}/story.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["drop silent", "reject refused", "reset refused"]
