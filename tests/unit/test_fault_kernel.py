"""Faults by the kernel, on real connections over loopback. Needs the right to change this network namespace."""

from __future__ import annotations

import asyncio

import pytest

from realstack.core.errors import StackError, StackFailure
from realstack.faults import sockets
from realstack.faults.kernel import Connections, Direction, Kind, Plan
from realstack.faults.links import Link, targets_of
from support.kernel_scene import QUIET, Scene, play, scene


def test_drop_silences_and_healing_delivers_what_was_sent_meanwhile() -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        assert await client.say(b"before") == b"before"
        fault = await here.faults.start(Plan(here.link))
        assert await client.say(b"during", QUIET) is None
        assert await here.connects(QUIET) == "silent"
        receipt = await here.faults.look(fault)
        assert receipt.to_service.packets > 0
        assert receipt.to_service.bytes >= len(b"during")
        receipt = await here.faults.heal(fault)
        assert await client.hear(6) == b"during", "TCP sends again what was dropped"
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


@pytest.mark.parametrize("kind", [Kind.DROP, Kind.RESET])
def test_what_a_slow_service_still_says_to_the_first_probe_is_no_hit_either(kind: Kind) -> None:
    async def story(_: Scene) -> None:
        fault_is_there, said = asyncio.Event(), asyncio.Event()

        async def end_late(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await fault_is_there.wait()
            writer.close()
            await writer.wait_closed()
            said.set()

        async with await asyncio.start_server(end_late, "127.0.0.1", 0) as server, scene() as other:
            link = Link("slow", targets_of("127.0.0.1", server.sockets[0].getsockname()[1]))
            fault = await other.faults.start(Plan(link, kind))
            fault_is_there.set()
            await said.wait()
            receipt = await other.faults.heal(fault)
            assert receipt.hit("both").packets == 0
            assert receipt.probe_packets.packets > 0
            assert (receipt.aimed_connections, receipt.reset_connections) == (0, 0)

    play(story)


def test_reject_refuses_new_connections_at_once() -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        fault = await here.faults.start(Plan(here.link, Kind.REJECT))
        assert await here.connects() == "refused"
        assert await client.say(b"x", QUIET) is None, "an ICMP error does not end an open connection (RFC 1122, 4.2.3.9)"
        receipt = await here.faults.heal(fault)
        assert receipt.during is not None
        assert receipt.during.outcome == "refused"
        assert await client.hear(1) == b"x"

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
        assert await client.say(b"during", QUIET) is None
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
        assert await client.say(b"still here") == b"still here"
        assert await here.connects(QUIET) == "silent"
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
        assert await client.say(b"stalled", QUIET) is None
        newcomer = await here.client()
        assert await newcomer.say(b"welcome") == b"welcome"
        receipt = await here.faults.heal(fault)
        assert await client.hear(7) == b"stalled"
        assert receipt.to_service.packets > 0
        assert receipt.during is None, "existing connections can't be probed"

    play(story)


def test_one_client_only_and_one_client_spared() -> None:
    async def story(here: Scene) -> None:
        hit, spared = await here.client(), await here.client()
        fault = await here.faults.start(Plan(here.link, client_ports=frozenset({hit.port})))
        assert await hit.say(b"x", QUIET) is None
        assert await spared.say(b"x") == b"x"
        receipt = await here.faults.heal(fault)
        assert receipt.doubt() is None
        await hit.hear(1)
        fault = await here.faults.start(Plan(here.link, spared_ports=frozenset({spared.port})))
        assert await hit.say(b"y", QUIET) is None
        assert await spared.say(b"y") == b"y"
        await here.faults.heal(fault)

    play(story)


def test_two_faults_at_once_end_one_by_one() -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        there = await here.faults.start(Plan(here.link, direction=Direction.TO_SERVICE))
        back = await here.faults.start(Plan(here.link, direction=Direction.FROM_SERVICE, probing=False))
        assert await client.say(b"x", QUIET) is None
        await here.faults.heal(there, probing=False)
        assert here.faults.table.exists()
        assert await here.connects(QUIET) == "silent"
        await here.faults.heal(back)
        assert await client.hear(1) == b"x"

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


def test_ipv6() -> None:
    async def story(here: Scene) -> None:
        client = await here.client()
        fault = await here.faults.start(Plan(here.link))
        assert await client.say(b"x", QUIET) is None
        receipt = await here.faults.heal(fault)
        assert receipt.to_service.packets > 0
        assert await client.hear(1) == b"x"
        fault = await here.faults.start(Plan(here.link, Kind.STALL))
        assert await client.say(b"y", QUIET) is None
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
