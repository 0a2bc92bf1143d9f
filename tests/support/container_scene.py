"""A network of a container's own, as Docker makes one, and stories of its link; run in a user and network namespace of their own.

An echo server lives in a network behind a pair of virtual cables. What publishes its port here is a forwarder that listens on
loopback and comes from the bridge's address, as `docker-proxy` does; another address stands for another container.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from realstack.core import programs
from realstack.core.errors import InvalidRun
from realstack.faults.kernel import Direction, KernelFaults, Kind, Plan
from realstack.faults.links import Link, Place, Target, targets_of
from realstack.faults.namespaces import Namespace, NamespaceGone
from realstack.faults.nft import Table
from realstack.faults.probe import probe
from realstack.lease import actions
from realstack.platform.driver import Network
from realstack.platform.keywords.waiting import Waiting
from realstack.platform.running import set_running
from realstack.recording.events import FaultEnded
from realstack.recording.recorder import recorder
from support.kernel_scene import PATIENCE, QUIET, Answer, Client

BRIDGE, SERVICE, OTHER, PORT = "10.77.0.1", "10.77.0.2", "10.77.0.5", 8000
SERVER = f"""
import asyncio

async def echo(reader, writer):
    while data := await reader.read(4096):
        writer.write(data)
    writer.close()

async def main():
    async with await asyncio.start_server(echo, "0.0.0.0", {PORT}):
        print("listens", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def ip(*words: str, inside: int | None = None) -> None:
    """Run `ip`, in another process's network where one is named."""
    enter = [] if inside is None else [programs.program("nsenter", "util-linux"), "--target", str(inside), "--net"]
    subprocess.run([*enter, programs.program("ip", "iproute2"), *words], check=True, capture_output=True)


class Container:
    """A server in a network of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    @contextlib.asynccontextmanager
    async def run(cls) -> AsyncIterator[Container]:
        """One that runs; it has the address of the one before."""
        dies_with_us = [programs.program("setpriv", "util-linux"), "--pdeathsig", "KILL"]
        words = [programs.program("unshare", "util-linux"), "--net", *dies_with_us, sys.executable, "-c", SERVER]
        made = cls(await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE))
        try:
            await made.connect()
            yield made
        finally:
            await made.end()

    async def connect(self) -> None:
        """Give it its cables, once it listens."""
        assert self.process.stdout is not None
        assert await self.process.stdout.readline() == b"listens\n"
        ip("link", "add", "bridge", "type", "veth", "peer", "name", "eth0", "netns", str(self.process.pid))
        for address in (BRIDGE, OTHER):
            ip("address", "add", f"{address}/24", "dev", "bridge")
        ip("link", "set", "bridge", "up")
        ip("link", "set", "lo", "up", inside=self.process.pid)
        ip("address", "add", f"{SERVICE}/24", "dev", "eth0", inside=self.process.pid)
        ip("link", "set", "eth0", "up", inside=self.process.pid)

    async def end(self) -> None:
        """Kill it, where it lives, and take its cables, which the kernel may leave there for a moment after that."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        with contextlib.suppress(subprocess.CalledProcessError):  # the kernel was first
            ip("link", "delete", "bridge")


class WithNetworks:
    """What a driver tells whose services have networks of their own."""

    def __init__(self, pid: int) -> None:
        self._networks = {
            name: Network(pid, PORT, (address,), (BRIDGE,))
            for name, address in (("service", SERVICE), ("other", OTHER), ("third", "10.77.0.6"))
        }
        self.network = self._networks.__getitem__

    def demand(self, *_: object) -> None:
        """It can do everything."""

    def one(self, name: str) -> str:
        """Nobody has replicas."""
        return name

    def resolve(self, name: str) -> list[str]:
        """Nobody has replicas."""
        return [name]


class ContainerScene:
    """A container, its published port, and what breaks its link."""

    def __init__(self, container: Container, published: int) -> None:
        self.container = container
        self.namespace = Namespace.of(container.process.pid, "the service")
        target = Target(ipaddress.ip_address(SERVICE), PORT)
        inside = Place.inside((target,), self.namespace, [ipaddress.ip_address(BRIDGE)])
        self.link = Link("service", targets_of("127.0.0.1", published), (inside,))
        self.faults = KernelFaults(Table("realstack_story"))
        self.table = Table("realstack_story", self.namespace)

    async def from_here(self) -> Client:
        """A client of the published port."""
        target = self.link.targets[0]
        return Client(*await asyncio.open_connection(str(target.address), target.port))

    async def from_other(self) -> Client:
        """Another container's client."""
        return Client(*await asyncio.open_connection(SERVICE, PORT, local_addr=(OTHER, 0)))

    async def other_connects(self, patience: float = PATIENCE) -> str:
        """How a new connection of another container ends."""
        try:
            async with asyncio.timeout(patience):
                (await self.from_other()).writer.close()
        except TimeoutError:
            return "silent"
        except ConnectionRefusedError:
            return "refused"
        return "connected"

    async def connects(self, patience: float = PATIENCE) -> str:
        """How a new connection to the published port ends."""
        return (await probe(self.link.targets[0], patience)).outcome


@contextlib.asynccontextmanager
async def scene() -> AsyncIterator[ContainerScene]:
    """A scene that leaves no table."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                writer.write(data)
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner = await asyncio.open_connection(SERVICE, PORT, local_addr=(BRIDGE, 0))
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, inner[1]), pump(inner[0], writer))

    async with Container.run() as container, await asyncio.start_server(forward, "127.0.0.1", 0) as server:
        here = ContainerScene(container, server.sockets[0].getsockname()[1])
        try:
            yield here
        finally:
            await here.faults.heal_all()
            assert not here.faults.table.exists()
            if container.process.returncode is None:
                assert not here.table.exists()


async def both(here: ContainerScene) -> tuple[Client, Client]:
    clients = await here.from_here(), await here.from_other()
    for client in clients:
        assert await client.say(b"before") == b"before"
    return clients


async def said(clients: tuple[Client, Client], patience: float = QUIET) -> list[Answer]:
    return [await client.say(b"during", patience) for client in clients]


async def drop(here: ContainerScene) -> None:
    """Clients of the published port and other containers are hit alike, each counted once."""
    clients = await both(here)
    fault = await here.faults.start(Plan(here.link))
    assert here.table.exists()
    assert await said(clients) == [None, None]
    assert (await here.connects(QUIET), await here.other_connects(QUIET)) == ("silent", "silent")
    await here.faults.look(fault)
    assert all(part.hit[0].packets for part in fault.parts), "each part has hit its own clients"
    receipt = await here.faults.heal(fault)
    assert receipt.doubt() is None, receipt.doubt()
    assert receipt.to_service.bytes >= 2 * len(b"during")
    assert [await client.hear(6) for client in clients] == [b"during"] * 2
    assert not here.table.exists()


async def reject(here: ContainerScene) -> None:
    """New connections are refused at once, and open ones starve."""
    clients = await both(here)
    fault = await here.faults.start(Plan(here.link, Kind.REJECT))
    assert (await here.connects(), await here.other_connects()) == ("refused", "refused")
    assert await said(clients) == [None, None]
    receipt = await here.faults.heal(fault)
    assert receipt.doubt() is None, receipt.doubt()
    assert [await client.hear(6) for client in clients] == [b"during"] * 2


async def reset(here: ContainerScene) -> None:
    """Open connections end; the forwarder's own, which is only the other half of one, isn't counted beside it."""
    clients = await both(here)
    fault = await here.faults.start(Plan(here.link, Kind.RESET))
    assert fault.receipt.reset_connections == 2
    assert {answer in (ConnectionResetError, ConnectionAbortedError) for answer in await said(clients, PATIENCE)} == {True}
    assert (await here.connects(), await here.other_connects()) == ("refused", "refused")
    receipt = await here.faults.heal(fault)
    assert receipt.doubt() is None, receipt.doubt()
    await both(here)


async def stall(here: ContainerScene) -> None:
    """Connections that are open now stand still, and new ones work."""
    clients = await both(here)
    fault = await here.faults.start(Plan(here.link, Kind.STALL))
    assert fault.receipt.aimed_connections == 2
    assert await said(clients) == [None, None]
    await both(here)
    await here.faults.heal(fault)
    assert [await client.hear(6) for client in clients] == [b"during"] * 2


async def one_way(here: ContainerScene) -> None:
    """What the service says is hit where it leaves its network."""
    for direction, other in ((Direction.TO_SERVICE, "from-service"), (Direction.FROM_SERVICE, "to-service")):
        client = await here.from_other()
        assert await client.say(b"before") == b"before"
        fault = await here.faults.start(Plan(here.link, direction=direction, probing=False))
        assert await client.say(b"during", QUIET) is None
        receipt = await here.faults.heal(fault)
        assert receipt.hit(direction.value).packets > 0
        assert receipt.hit(other).packets == 0
        assert await client.hear(6) == b"during"


async def one_client(here: ContainerScene) -> None:
    """Ports of clients mean those here: no other container is hit, nor is one that has the same port by chance."""
    hit, other = await both(here)
    fault = await here.faults.start(Plan(here.link, client_ports=frozenset({hit.port})))
    assert (await hit.say(b"during", QUIET), await other.say(b"during")) == (None, b"during")
    assert not here.table.exists()
    await here.faults.heal(fault)


async def two_faults(here: ContainerScene) -> None:
    """A table goes with the last fault in it."""
    client = await here.from_other()
    there = await here.faults.start(Plan(here.link, direction=Direction.TO_SERVICE))
    back = await here.faults.start(Plan(here.link, direction=Direction.FROM_SERVICE, probing=False))
    await here.faults.heal(there, probing=False)
    assert here.table.exists()
    assert await client.say(b"x", QUIET) is None
    await here.faults.heal(back)
    assert await client.hear(1) == b"x"


async def restarted(here: ContainerScene) -> None:
    """Rules that went with their network are told, and the container that comes after it has none."""
    await both(here)
    fault = await here.faults.start(Plan(here.link))
    await here.container.end()
    async with Container.run() as again:
        assert not Table("realstack_story", Namespace.of(again.process.pid, "the service")).exists()
        assert await here.other_connects() == "connected", "nothing breaks it any more"
        receipt = await here.faults.heal(fault)
    assert "the container was stopped, restarted or removed" in receipt.lost
    assert "rules were gone before it was over" in str(receipt.doubt())
    (ended,) = [event for event in recorder.current.events() if isinstance(event, FaultEnded)]
    assert ended.receipt == {"proven": False, "lost": receipt.lost}
    try:
        await here.faults.start(Plan(here.link, probing=False))
    except NamespaceGone:
        assert not here.faults.table.exists(), "what was broken before that was told is whole again"
    else:
        raise AssertionError("a network that is gone was broken")


def end_run(container: int) -> None:
    """Do what the reaper has been told, where Docker has this container alone."""
    path = os.environ["PATH"]
    with tempfile.TemporaryDirectory() as folder:
        docker = Path(folder, "docker")
        docker.write_text(f"#!/bin/sh\nkill -9 {container}\n", encoding="utf-8")
        docker.chmod(0o700)
        os.environ["PATH"] = f"{folder}:{path}"
        for action in (actions.compose_down("realstack-story"), actions.delete_nft_table("realstack_story")):
            actions.perform(action, "story", folder)
    os.environ["PATH"] = path


async def run_killed(here: ContainerScene) -> None:
    """What a run's lease does when nobody has healed anything: the container is removed and takes its rules along."""
    await here.faults.start(Plan(here.link))
    end_run(here.container.process.pid)
    await here.container.process.wait()
    try:
        here.namespace.demand()
    except NamespaceGone:
        assert not here.faults.table.exists()
    else:
        raise AssertionError("the container's network is still there")


async def unread(here: ContainerScene) -> None:
    """Bytes that wait for a service which stands still are seen in its network, and who said them by the address."""
    client = await here.from_other()
    assert await client.say(b"before") == b"before"
    set_running(WithNetworks(here.container.process.pid))  # type: ignore[arg-type] -- what is asked of it here
    here.container.process.send_signal(signal.SIGSTOP)
    client.writer.write(b"waits")
    waiting = Waiting().wait_until_requests_wait
    for by in (None, "other"):
        assert await asyncio.to_thread(waiting, "service", by=by) == 1
    try:
        await asyncio.to_thread(waiting, "service", by="third", timeout=timedelta(0))
    except InvalidRun:
        return
    raise AssertionError("somebody else's request was taken for the third one's")


STORIES: list[Callable[[ContainerScene], Awaitable[None]]] = [
    drop,
    reject,
    reset,
    stall,
    one_way,
    one_client,
    two_faults,
    restarted,
    run_killed,
    unread,
]


async def main() -> dict[str, str]:
    """Tell all stories; what went wrong in each, or nothing."""
    told: dict[str, str] = {}
    ip("link", "set", "lo", "up")
    for story in STORIES:
        try:
            recorder.begin(story.__name__)
            async with asyncio.timeout(60), scene() as here:
                await story(here)
            told[story.__name__] = ""
        except Exception:
            told[story.__name__] = traceback.format_exc()
    return told


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))
