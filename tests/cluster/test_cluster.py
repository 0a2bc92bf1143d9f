"""Loads in a cluster of three machines behind TLS: clocks and ways that differ, and workers that are lost (`make cluster`)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from cluster.machine import NEW_TIME
from cluster.network import HERE, Network
from realstack.core.errors import InvalidRun, StackError
from realstack.core.loop import background
from realstack.core.waiting import Deadline, wait_until
from realstack.load import cluster as cluster_module
from realstack.load.cluster import Cluster, Tls
from realstack.load.crew import Crew
from realstack.load.plan import Plan, Script
from realstack.load.results import Results
from realstack.load.schedule import Schedule
from realstack.load.steps import Await, Open, Send
from realstack.recording.recorder import recorder

SCHEDULER, NEAR, FAR, AHEAD = "10.9.0.2", "10.9.0.3", "10.9.0.4", "10.9.0.5"
ADDRESS = f"tls://{SCHEDULER}:8786"
LATENCY, CLOCK = 0.05, 0.3
PATIENCE = 60.0


def _missing() -> str:
    """Why there can be no machines here; empty where there can."""
    if [name for _, name in socket.if_nameindex() if name != "lo"]:
        return "it is to run in a network namespace of its own: make cluster"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "there is no /dev/net/tun"
    if not Path("/proc/self/timens_offsets").exists():
        return f"the kernel has no time namespaces (CLONE_NEWTIME, {NEW_TIME:#x})"
    return ""


pytestmark = pytest.mark.skipif(bool(_missing()), reason=_missing())


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, and a certificate of it that all have; and a stranger's own."""
    folder = tmp_path_factory.mktemp("certificates")
    new = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN="
    for words in (
        f"{new}authority -x509 -days 2 -keyout ca.key -out ca.pem",
        f"{new}cluster -keyout key.pem -out cluster.csr",
        "x509 -req -in cluster.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out certificate.pem",
        f"{new}stranger -x509 -days 2 -keyout stranger.key -out stranger.pem",
    ):
        subprocess.run(["openssl", *words.split()], check=True, capture_output=True, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def network(certificates: Path) -> Iterator[Network]:
    """A scheduler and three workers: one near, one behind a long way, one whose clock is ahead."""
    made = Network()
    names = {"ca-file": "ca.pem", "cert": "certificate.pem", "key": "key.pem"}
    tls = [word for name, file in names.items() for word in (f"--tls-{name}", str(certificates / file))]
    dask = [sys.executable, "-m", "dask"]
    try:
        made.start(
            SCHEDULER, [*dask, "scheduler", "--protocol", "tls", "--host", SCHEDULER, "--port", "8786", "--no-dashboard", *tls]
        )
        for address, latency, clock in ((NEAR, 0.0, 0.0), (FAR, LATENCY, 0.0), (AHEAD, 0.0, CLOCK)):
            worker = ["worker", ADDRESS, "--host", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", *tls]
            made.start(address, [*dask, *worker], latency=latency, clock=clock)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Sends back what it gets; its URL."""

    async def echo(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            async for message in connection:
                await connection.send(message)

    async def begin() -> Any:
        return await serve(echo, HERE, 0)

    listening = background.run(begin())
    yield f"ws://{HERE}:{listening.sockets[0].getsockname()[1]}/"
    listening.close()
    background.run(listening.wait_closed())


def until(good: Callable[[], bool]) -> None:
    held, _ = wait_until(good, bool, Deadline(PATIENCE), 0.02)
    assert held


def joined(certificates: Path, workers: int) -> Cluster:
    """The cluster, once so many workers are there."""
    own = Tls(certificates / "ca.pem", certificates / "certificate.pem", certificates / "key.pem")
    found: list[Cluster] = []

    def complete() -> bool:
        with suppress(StackError):  # the scheduler starts, or has no workers yet
            found.append(Cluster(ADDRESS, own))
            if found[-1].count == workers:
                return True
            found[-1].shutdown()
        return False

    until(complete)
    return found[-1]


def plan(url: str, users: int, schedule: Schedule, *, recorded: bool = False) -> Plan:
    ask = Send({"type": "ask", "message_id": "{id}"})
    steps = Script("questions", [Open(url)], [ask, Await(("ask", "message_id={id}"), PATIENCE, "answer")])
    return Plan(steps, {f"user-{number}": {} for number in range(1, users + 1)}, schedule, recorded=recorded)


def test_clocks_and_ways_that_differ_are_measured_and_told(network: Network, certificates: Path, server: str) -> None:
    with joined(certificates, 3) as cluster:
        recording = recorder.begin("cluster")
        load = Crew(plan(server, 6, Schedule(times=3, every=0.1), recorded=True), cluster, 3, reach=cluster.reach)
        results = background.run(load.run(), PATIENCE)
        assert (results.done, results.errors) == (18, {})
        near, far, ahead = load._members
        assert abs(near.ahead) <= near.clock_error
        assert abs(far.ahead) <= far.clock_error
        assert far.clock_error >= LATENCY, "there and back take twice as long, and nobody knows which way took longer"
        assert abs(ahead.ahead - CLOCK) <= ahead.clock_error < CLOCK
        assert results.workers.startswith("Workers: 3; their clocks differ from this one by ")
        events = recording.events()
        end = recording.began + results.seconds + PATIENCE
        assert {event.source for event in events} == {f"user-{number}/tab" for number in range(1, 7)}
        frames = [event for event in events if event.kind.startswith("frame")]
        asked = {event.data["frame"]["message_id"]: event.at for event in frames if event.kind == "frame-out"}
        answered = {event.data["frame"]["message_id"]: event.at for event in frames if event.kind == "frame-in"}
        assert len(asked) == 18
        assert all(recording.began < at <= answered[asked_id] < end for asked_id, at in asked.items())
        # Those behind the long way had their answers later: that is measured, whatever the clocks say.
        assert results.series("answer").worst >= 2 * LATENCY


def under_way(cluster: Cluster, url: str, users: int, *, without_lost: bool = False) -> tuple[Crew, Any]:
    load = Crew(
        plan(url, users, Schedule(times=1000, every=0.05)), cluster, cluster.count, reach=cluster.reach, without_lost=without_lost
    )
    future = background.spawn(load.run())
    until(lambda: load.results.done > users)
    return load, future


def test_a_worker_that_is_lost_halfway_is_no_verdict_and_names_its_users(
    network: Network, certificates: Path, server: str
) -> None:
    with joined(certificates, 3) as cluster:
        _, future = under_way(cluster, server, 6)
        os.kill(network.machines[3].pid, signal.SIGKILL)
        with pytest.raises(InvalidRun, match=r"worker 2 was lost after (.|\n)*2 of 6 users: user-3, user-6"):
            future.result(PATIENCE)


def test_a_load_goes_on_without_a_lost_worker_where_that_was_asked_for(network: Network, certificates: Path, server: str) -> None:
    with joined(certificates, 2) as cluster:
        load, future = under_way(cluster, server, 4, without_lost=True)
        os.kill(network.machines[2].pid, signal.SIGKILL)
        until(lambda: bool(load.results.lost))
        done = load.results.done
        until(lambda: load.results.done > done + 10)
        background.loop.call_soon_threadsafe(load.stop)
        results: Results = future.result(PATIENCE)
        (lost,) = results.lost
        assert "worker 1 was lost" in lost
        assert "2 of 4 users: user-2, user-4" in lost
    with joined(certificates, 1) as cluster:
        load, future = under_way(cluster, server, 1, without_lost=True)
        os.kill(network.machines[1].pid, signal.SIGKILL)
        with pytest.raises(InvalidRun, match="worker 0 was lost"):  # with nobody left there is nothing to go on with
            future.result(PATIENCE)


def test_strangers_are_refused(network: Network, certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "PATIENCE", 1.0)
    with pytest.raises(StackError, match=r"a scheduler at tls://(.|\n)*certificates of one authority"):
        Cluster(ADDRESS, Tls(certificates / "ca.pem", certificates / "stranger.pem", certificates / "stranger.key"))
    with pytest.raises(StackError, match="a certificate of the cluster's authority for this process"):
        Cluster(ADDRESS)
    with pytest.raises(StackError, match="certificates for a scheduler at tls://"):
        Cluster("tcp://127.0.0.1:9", Tls(certificates / "ca.pem"))
