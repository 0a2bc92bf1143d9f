"""Sampling real processes and real stores; finding a real leak."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from redis import Redis

from realstack.core import procfs
from realstack.core.errors import StackError, StackFailure
from realstack.monitor import process
from realstack.monitor import reader as reading
from realstack.monitor.gauges import PostgresSessions, RedisChannels, RedisClients
from realstack.monitor.keywords.judging import Judging
from realstack.monitor.leak import Growth, judge_growth
from realstack.monitor.plot import Line, plot, thin
from realstack.monitor.reader import Looker, reader
from realstack.monitor.sample import Sample
from realstack.monitor.sampler import MOST_SAMPLES, Sampler, series
from realstack.monitor.watched import Baseline, Watched
from support.churn import leaky_server
from support.project import ROOT
from support.waiting import until

if TYPE_CHECKING:
    from support import servers

CONNECTIONS = 1200


def test_what_a_process_uses() -> None:
    used = process.usage([os.getpid()])
    assert used is not None
    assert used.pss > used.memory > 1000
    assert used.threads >= 1
    assert used.processes == 1
    assert used.cpu_seconds > 0


CONNECTING = """
import json, os, socket
from dataclasses import asdict
from realstack.monitor import process
from realstack.monitor import reader as reading

def own():
    return asdict(process.descriptors([os.getpid()]))

with socket.create_server(("127.0.0.1", 0)) as listener:
    told = [own()]
    with socket.create_connection(listener.getsockname()) as opened, listener.accept()[0] as accepted:
        told.append(own())
        opened.close()
        # What the other end has closed stays until it is closed here, too: CLOSE_WAIT.
        told.append(own())
        accepted.close()
    told.append(own())
print(json.dumps(told))
"""


def test_accepted_connections_are_told_from_own_ones() -> None:
    # In a process of its own: that of the tests has threads, and leftovers of earlier ones, which open and close what they like.
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "libraries")}
    words = [sys.executable, "-c", CONNECTING]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=True)
    before, during, half_closed, after = (process.Descriptors(**told) for told in json.loads(done.stdout))
    assert (during.clients, half_closed.clients, after.clients) == (before.clients + 1, before.clients + 1, before.clients)
    assert during.sockets == before.sockets + 2
    assert during.files == before.files == during.descriptors - during.sockets


@contextlib.contextmanager
def parent_and_child() -> Iterator[list[int]]:
    """The PIDs of a process and of the child that it has just started. (The process of the tests has servers as children.)"""
    code = "import subprocess, time; subprocess.run(['sleep', '30']); time.sleep(30)"
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        pids = [parent.pid]
        try:
            deadline = time.monotonic() + 10
            while len(pids) < 2:
                assert time.monotonic() < deadline, "the child never came"
                pids = [parent.pid, *(child.pid for child in procfs.descendants([parent.pid]))]
            yield pids
        finally:
            for pid in reversed(pids):
                with contextlib.suppress(ProcessLookupError):  # a test may have ended it
                    os.kill(pid, signal.SIGKILL)


def test_a_tree_has_children_and_grandchildren() -> None:
    with parent_and_child() as pids:
        used = process.usage(pids)
        assert used is not None
        assert used.processes == 2
    assert not process.alive(pids[0])
    assert process.usage([pids[0]]) is None


@pytest.mark.parametrize(("leak", "expected"), [(0, Growth.STEADY), (4096, Growth.GROWS)])
def test_four_kibibytes_per_connection_are_found(leak: int, expected: Growth) -> None:
    sampler = Sampler(interval=0.01)
    with leaky_server("--leak", str(leak)) as server:
        sampler.watch("server", lambda: [server.pid])
        sampler.start()
        try:
            # Paced, so that samples spread over the work whatever the machine's speed.
            for _ in range(60):
                server.churn(CONNECTIONS // 60, lambda: sampler.count("connection"))
                sampler.look()
        finally:
            sampler.stop()
    verdict = judge_growth(series(sampler.samples(), "server", "memory", "connection"))
    assert verdict.outcome is expected, verdict.sentence
    if leak:
        assert verdict.slope == pytest.approx(4.05, abs=0.8)


def test_sockets_that_stay_open_are_counted() -> None:
    sampler = Sampler()
    with leaky_server("--keep") as server:
        sampler.watch("server", lambda: [server.pid])
        before = sampler.look().values["server", "sockets"]
        server.churn(50)
        after = sampler.look().values["server", "sockets"]
    assert after == before + 5
    assert ("server", "memory") not in sampler.look().values, "it has ended"


def test_a_replaced_process_is_not_judged() -> None:
    sampler = Sampler()
    pids: list[int] = []
    sampler.watch("service", lambda: pids)
    for _ in range(2):
        with subprocess.Popen(["/bin/sleep", "30"]) as child:
            pids[:] = [child.pid]
            sampler.look()
            child.kill()
    with pytest.raises(StackError, match="was replaced while it was watched"):
        series(sampler.samples(), "service", "memory", "x")
    with pytest.raises(StackError, match=r"Nothing was sampled of other memory\. Sampled is: service cpu|service"):
        series(sampler.samples(), "other", "memory", "x")


def test_looks_read_in_the_other_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """That has an interpreter's lock of its own: beside a thread that works, some hundred system calls are one wait."""
    sampler = Sampler()
    sampler.watch("service", lambda: [os.getpid()])
    for name in ("all_processes", "memory", "descriptors", "network_namespace"):
        monkeypatch.setattr(procfs, name, lambda *_: pytest.fail("it was read here"))
    told = sampler.look().values
    assert {("service", metric) for metric in ("memory", "sockets", "processes")} <= set(told)


def test_the_reading_process_is_started_again() -> None:
    assert reader.look({"self": [os.getpid()]})["self"]["files"] >= 1
    reader.close()
    assert reader.look({"self": [os.getpid()]})["self"]["files"] >= 1
    assert reader.look({"gone": [2**22 + 1]}) == {"gone": {}}


@pytest.mark.parametrize(("lived", "processes"), [(60.0, 1), (0.0, 2)])
def test_children_that_end_soon_do_not_count(lived: float, processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "GROWN_UP", lived)
    with parent_and_child() as (parent, _):
        assert Looker().look({"parent": [parent]})["parent"]["processes"] == processes


def test_a_child_that_was_there_before_the_work_is_no_growth() -> None:
    """It was begun by the warm-up a moment ago, and would be counted later only."""
    looker = Looker()
    with parent_and_child() as (parent, _):
        assert looker.look({"parent": [parent]})["parent"]["processes"] == 1
        assert looker.look({"parent": [parent]}, settled=True)["parent"]["processes"] == 2


def test_a_child_that_ends_before_it_counts_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "GROWN_UP", 60.0)
    with parent_and_child() as (parent, child):
        monkeypatch.setattr(time, "sleep", lambda _: os.kill(child, signal.SIGKILL))
        assert Looker().look({"parent": [parent]}, settled=True)["parent"]["processes"] == 1


def test_what_cannot_be_read_leaves_a_gap_and_its_reason() -> None:
    sampler = Sampler()

    def broken() -> float:
        raise ConnectionError("store is down")

    sampler.watch_gauge("sessions", broken)
    sampler.watch_gauge("fine", lambda: 3)
    assert dict(sampler.look().values) == {("fine", "gauge"): 3.0}
    assert sampler.problems == {"sessions": "ConnectionError: store is down"}


def test_samples_stay_bounded() -> None:
    sampler = Sampler(interval=0.5)
    sampler.watch_gauge("one", lambda: 1)
    for _ in range(MOST_SAMPLES + 10):
        sampler.look()
    assert len(sampler.samples()) <= MOST_SAMPLES
    assert sampler.interval == 1.0
    assert sampler.samples() == sorted(sampler.samples(), key=lambda sample: sample.at)


def test_cpu_is_percent_of_a_core() -> None:
    sampler = Sampler()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as child:
        try:
            sampler.watch("busy", lambda: [child.pid])
            sampler.look()
            until(lambda: sampler.look().values.get(("busy", "cpu"), 0) > 5, "a busy process", 10)
        finally:
            child.kill()


def test_sessions_of_postgresql(postgres_server: servers.Postgres) -> None:
    gauge = PostgresSessions(postgres_server.dsn)
    other = PostgresSessions(postgres_server.dsn)
    try:
        before = gauge()
        other()
        assert gauge() == before, "gauges do not count one another"
    finally:
        gauge.close()
        other.close()


@pytest.mark.parametrize(
    "gauge",
    [
        RedisClients("redis://:s3cret-s3cret@127.0.0.1:1/0"),
        RedisChannels("redis://127.0.0.1:1/0"),
        PostgresSessions("postgresql://ann:s3cret-s3cret@127.0.0.1:1/chat"),
        PostgresSessions("postgresql://ann:s3cret/s3cret@127.0.0.1:1/chat"),
        RedisClients("redis://:s3cret/s3cret@127.0.0.1:1/0"),
    ],
)
def test_store_that_nobody_serves_is_told(gauge: RedisClients | RedisChannels | PostgresSessions) -> None:
    with pytest.raises(StackFailure, match=r"(?s)Expected: an answer of the store that 'clients' tells.*Remedy: Check") as told:
        Watched(Sampler()).gauge("a test", "clients", gauge)
    assert "s3cret" not in str(told.value)


def test_urls_are_read_as_by_the_sessions_of_tests(redis_server: servers.Redis, postgres_server: servers.Postgres) -> None:
    dsn = postgres_server.dsn.replace("postgresql://", "postgresql+asyncpg://")
    for gauge in (
        PostgresSessions(f"{dsn}?connect_timeout=10&channel_binding=prefer"),
        RedisClients(redis_server.url.replace("redis://", "valkey://")),
    ):
        try:
            assert gauge() >= 0
        finally:
            gauge.close()


def test_clients_of_redis(redis_server: servers.Redis) -> None:
    gauge, other = RedisClients(redis_server.url), RedisClients(redis_server.url)
    try:
        before = gauge()
        other()
        assert gauge() == before + 1
    finally:
        gauge.close()
        other.close()


def test_channels_of_redis(redis_server: servers.Redis) -> None:
    gauge = RedisChannels(redis_server.url)
    client = Redis.from_url(redis_server.url, decode_responses=True)
    try:
        before = gauge()
        listener = client.pubsub()  # type: ignore[no-untyped-call]
        listener.subscribe("first", "second")
        assert [listener.get_message(timeout=2)["type"] for _ in range(2)] == ["subscribe"] * 2
        assert gauge() == before + 2
        listener.unsubscribe("second")
        assert listener.get_message(timeout=2)["type"] == "unsubscribe"
        assert gauge() == before + 1
    finally:
        gauge.close()
        client.close()


def test_plots_are_svg_that_stays_small_and_escapes() -> None:
    points = [(n / 10, 1000 + n % 7 * 100.0) for n in range(5000)]
    drawn = plot("Memory <b>", "MiB", [Line(f"service <{n}>", points) for n in range(10)], {"cut": (100.0, 200.0)})
    ElementTree.fromstring(drawn)  # noqa: S314 - the project's own output
    assert "<b>" not in drawn
    assert "service &lt;3&gt;" in drawn
    assert len(drawn) < 60_000
    assert "prefers-color-scheme:dark" in drawn
    assert "[data-theme=dark]" in drawn
    ElementTree.fromstring(plot("Nothing", "", []))  # noqa: S314 - the same


def test_thinning_keeps_the_extremes() -> None:
    points = [(float(n), 100.0 if n == 777 else 1.0) for n in range(5000)]
    kept = thin(points)
    assert (777.0, 100.0) in kept
    assert len(kept) <= 240
    assert kept == sorted(kept)


def test_gauges_are_judged_by_their_kind_as_by_their_names() -> None:
    open_doors = 2.0
    sampler = Sampler()
    sampler.watch_gauge("open doors", lambda: open_doors)
    judging = Judging(sampler, Baseline())
    judging.take_baseline()
    open_doors = 3.0
    sampler.count("visit")
    for asked in ("gauge", "open doors"):
        with pytest.raises(StackFailure, match="no-growth violated: open doors"):
            judging.counts_should_be_back(asked, operation="visit", within=timedelta(0))
    # Nothing is of that kind: nothing would be judged.
    with pytest.raises(StackError, match="Seen: clients"):
        judging.counts_should_be_back("clients", operation="visit", within=timedelta(0))


def test_what_a_pool_lets_go_of_and_takes_again_is_no_growth() -> None:
    def samples(metric: str, *values: float) -> list[Sample]:
        done = [0, 0, *range(len(values) - 2)]
        return [
            Sample(float(at), {"upload": n}, {("backend", metric): value}, {})
            for at, (n, value) in enumerate(zip(done, values, strict=True))
        ]

    pool = [6.0, 4.0, *[4.0] * 12, *[5.0, 6.0, 6.0, 7.0]]
    judged = series(samples("threads", *pool), "backend", "threads", "upload", budget=0.2)
    assert judged.values == [*[6.0] * 17, 7.0]
    assert judge_growth(judged).outcome is Growth.STEADY
    leaks = series(samples("threads", 6.0, 4.0, *range(4, 24)), "backend", "threads", "upload", budget=0.2)
    assert judge_growth(leaks).outcome is Growth.GROWS
    assert series(samples("memory", *pool), "backend", "memory", "upload").values == pool, (
        "an allocator tells nothing by its store"
    )


def test_a_system_that_tells_no_memory_is_told_and_no_ended_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As sandboxes have it, and small kernels."""
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_bytes(Path(f"/proc/{os.getpid()}/stat").read_bytes())
    monkeypatch.setattr(procfs, "PROC", str(tmp_path))
    with pytest.raises(StackError, match=r"it runs, and the system has no .*smaps_rollup"):
        process.usage([7])
    assert process.usage([8]) is None
