"""Loads whose users are in worker processes: what they tell is merged, and nothing of them is left."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import psutil
import pytest
from distributed import LocalCluster
from robot.api.types import Secret
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from realstack.core.errors import InvalidRun, StackError, StackFailure
from realstack.core.loop import background
from realstack.core.waiting import Deadline, wait_until
from realstack.load import cluster as cluster_module
from realstack.load import crew, report
from realstack.load.cluster import Cluster
from realstack.load.crew import Crew
from realstack.load.keywords.running import Running
from realstack.load.keywords.scripts import Scripts
from realstack.load.plan import Plan, Script
from realstack.load.processes import LocalWorkers
from realstack.load.results import Results
from realstack.load.schedule import Schedule
from realstack.load.steps import Await, Count, Open, Send
from realstack.recording.recorder import recorder
from realstack.secrets import secrets

PATIENCE = 60.0


class Server:
    """Sends back what it gets."""

    def __init__(self) -> None:
        self.open: set[ServerConnection] = set()
        self.url = ""

    async def serve(self, socket: ServerConnection) -> None:
        self.open.add(socket)
        try:
            async for message in socket:
                await socket.send(message)
        except ConnectionClosed:
            return
        finally:
            self.open.discard(socket)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()

    async def begin() -> Any:
        listening = await serve(made.serve, "127.0.0.1", 0)
        made.url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
        return listening

    async def end(listening: Any) -> None:
        listening.close()
        await listening.wait_closed()

    listening = background.run(begin())
    yield made
    background.run(end(listening))


@pytest.fixture(scope="module")
def workers() -> Iterator[LocalWorkers]:
    made = LocalWorkers()
    yield made
    made.shutdown()


def script(url: str, *more: Any) -> Script:
    ask = Send({"type": "ask", "message_id": "{id}", "payload": {"text": "{query} {n}"}})
    answer = Await(("ask", "message_id={id}"), PATIENCE, "answer", {"text": "payload.text"})
    return Script("questions", [Open(url)], [ask, answer, *more])


def people(count: int, **values: Any) -> dict[str, dict[str, Any]]:
    return {f"user-{number}": {"query": f"q{number}", **values} for number in range(1, count + 1)}


def run(load: Crew) -> Results:
    return background.run(load.run(), PATIENCE)


def until(good: Any) -> None:
    held, _ = wait_until(lambda: bool(good()), bool, Deadline(PATIENCE), 0.005)
    assert held


def test_what_workers_tell_is_merged_and_nothing_is_left(server: Server, workers: LocalWorkers) -> None:
    counted: list[str] = []
    recording = recorder.begin("crew")
    load = Crew(Plan(script(server.url, Count("question")), people(4), Schedule(times=3, every=0.01)), workers, 2, counted.append)
    results = run(load)
    assert (results.planned, results.begun, results.done, results.sent) == (12, 12, 12, 12)
    assert results.series("answer").count == 12
    assert [one["text"] for one in results.kept["user-4"]] == ["q4 1", "q4 2", "q4 3"]
    assert results.lag.count > 0
    assert results.seconds > 0
    assert "Workers: 2; their clocks differ from this one by +0.00 ms (known to " in report.summary("questions", results)
    assert counted == ["question"] * 12
    events = recording.events()
    assert {event.source for event in events} == {f"user-{number}/tab" for number in range(1, 5)}
    kinds = [event.kind for event in events]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"opened": 4, "frame-out": 12, "frame-in": 12, "closed": 4}
    assert all(recording.began <= event.at <= time.monotonic() for event in events), "on this process's clock"
    until(lambda: not server.open)


def test_work_of_all_workers_together_is_enough(server: Server, workers: LocalWorkers) -> None:
    results = run(Crew(Plan(script(server.url), people(4), Schedule(duration=0.001, least=20), recorded=False), workers, 2))
    assert results.done == results.begun == results.planned >= 20


def test_what_has_happened_is_brought_in_before_it_is_judged(server: Server, workers: LocalWorkers) -> None:
    recording = recorder.begin("crew")
    load = Crew(Plan(script(server.url), people(2), stay=True), workers, 1)
    run(load)
    assert len(server.open) == 2
    for socket in tuple(server.open):
        asyncio.run_coroutine_threadsafe(socket.close(), background.loop).result(PATIENCE)
    until(lambda: not server.open)
    recorder.catch_up()
    assert sum(event.kind == "closed" for event in recording.events()) == 2
    background.run(load.leave(), PATIENCE)
    recorder.catch_up()


def test_credentials_are_known_on_both_sides(server: Server, workers: LocalWorkers) -> None:
    known, own = "known-to-the-process-that-asks-" + "q7", "eyJ-offered-by-a-user-of-the-load-" + "z9"
    secrets.remember(known, "token")
    recording = recorder.begin("crew")
    steps = Script(
        "s", [Open(server.url, ("jwt-auth", own))], [Send({"type": "ask", "text": "{said}"}), Await(("ask",), PATIENCE)]
    )
    steps.setup[0] = Open(server.url, headers={"Authorization": f"Bearer {own}"})
    run(Crew(Plan(steps, people(1, said=f"it is {known}")), workers, 1))
    frames = [event.data["frame"]["text"] for event in recording.events() if event.kind.startswith("frame")]
    assert frames == ["it is <hidden>"] * 2
    assert secrets.find(own)


def test_lost_worker_is_no_verdict_and_names_its_users(server: Server) -> None:
    with LocalWorkers() as own:
        load = Crew(Plan(script(server.url), people(4), Schedule(times=1000, every=0.05), recorded=False), own, 2)
        future = background.spawn(load.run())
        until(lambda: load.results.done > 4)
        lost = own.submit(os.getpid)  # a third one is started for it, since two are at work
        pids = [worker.pid for worker in own.processes if worker.pid != lost.result(PATIENCE)]
        assert len(pids) == 2
        os.kill(pids[0], signal.SIGKILL)
        with pytest.raises(InvalidRun, match=r"worker \d was lost(.|\n)*exit code -9(.|\n)*2 of 4 users: user-\d, user-\d"):
            future.result(PATIENCE)
        until(lambda: not server.open)


def test_a_load_goes_on_without_lost_workers_where_asked_for_as_long_as_there_are_others(server: Server) -> None:
    with LocalWorkers() as own:
        plan = Plan(script(server.url), people(4), Schedule(times=1000, every=0.05), recorded=False)
        load = Crew(plan, own, 2, without_lost=True)
        future = background.spawn(load.run())
        until(lambda: load.results.done > 4)
        first, second = (worker.pid for worker in own.processes)
        os.kill(first, signal.SIGKILL)
        until(lambda: load.results.lost)
        done = load.results.done
        until(lambda: load.results.done > done + 4)
        assert load.lost_users == 2
        assert re.search(r"2 of 4 users: user-\d, user-\d", report.summary("questions", load.results))
        os.kill(second, signal.SIGKILL)
        with pytest.raises(InvalidRun, match=r"worker \d was lost(.|\n)*worker \d was lost"):
            future.result(PATIENCE)
        until(lambda: not server.open)


def test_users_are_divided_among_as_many_workers_as_were_asked_for() -> None:
    scripts = Scripts()
    running = Running(scripts)
    try:
        assert running._where.among(10) == 1, "by default for few users one is enough"
        running.use_load_workers("2")
        assert running._where.among(10) == 2
        plan = Plan(script("ws://127.0.0.1:9/"), people(3))
        assert [list(part.people) for part in plan.parts(2)] == [["user-1", "user-3"], ["user-2"]]
        assert Crew(plan, running._where.executor, 7).plan.workers == 3, "a worker without a user is none"
    finally:
        running.release("", below=True)
        running.close()


def test_users_that_are_not_ready_end_the_load(workers: LocalWorkers) -> None:
    with pytest.raises(StackFailure, match="all 3 users of 'questions' are ready\nSeen: 3 are not"):
        run(Crew(Plan(script("ws://127.0.0.1:9/"), people(3)), workers, 2))


def test_wrong_script_ends_the_load(server: Server, workers: LocalWorkers) -> None:
    with pytest.raises(StackError, match="the user has a value 'nothing'"):
        run(Crew(Plan(Script("s", [Open(server.url)], [Send({"type": "{nothing}"})]), people(3)), workers, 2))
    until(lambda: not server.open)


def test_stopping_and_cancelling_leave_nothing(server: Server, workers: LocalWorkers) -> None:
    plan = Plan(script(server.url), people(3), Schedule(times=1000, every=0.02), recorded=False)
    load = Crew(plan, workers, 2)
    future = background.spawn(load.run())
    until(lambda: load.results.done > 5)
    background.loop.call_soon_threadsafe(load.stop)
    results = future.result(PATIENCE)
    assert results.done == results.begun < 3000
    early = Crew(plan, workers, 2)
    early.stop()
    assert run(early).begun == 0
    load = Crew(plan, workers, 2)
    future = background.spawn(load.run())
    until(lambda: load.results.done > 5)
    future.cancel()
    until(lambda: not server.open)


def test_any_executor_with_processes_will_do(server: Server) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert run(Crew(Plan(script(server.url), people(2)), pool, 1)).done == 2
    threads: Executor = ThreadPoolExecutor(1)
    with threads, pytest.raises(StackError, match="processes of their own"):
        run(Crew(Plan(script(server.url), people(1)), threads, 1))


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A Dask scheduler with two workers in processes of their own."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL) as made:
        yield made.scheduler_address


def test_workers_of_a_cluster_take_a_part_each(server: Server, scheduler: str) -> None:
    with Cluster(scheduler) as cluster:
        assert (cluster.count, cluster.reach.host) == (2, crew.LOOPBACK)
        recording = recorder.begin("cluster")
        results = run(Crew(Plan(script(server.url), people(4), Schedule(times=2)), cluster, cluster.count))
        assert (results.done, results.series("answer").count) == (8, 8)
        assert len({event.source for event in recording.events()}) == 4
    until(lambda: not server.open)


def test_lost_worker_of_a_cluster_is_no_verdict(server: Server, scheduler: str) -> None:
    with Cluster(scheduler) as cluster:
        pid = cluster.submit(os.getpid).result(PATIENCE)
        load = Crew(Plan(script(server.url), people(4), Schedule(times=1000, every=0.05), recorded=False), cluster, 2)
        future = background.spawn(load.run())
        until(lambda: load.results.done > 4)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(InvalidRun, match=r"worker \d was lost(.|\n)*2 of 4 users: user-\d, user-\d"):
            future.result(PATIENCE)
    until(lambda: not server.open)


def test_credentials_stay_on_this_machine_unless_somebody_says_otherwise(
    server: Server, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "_own_address", lambda address: "192.0.2.1")
    scripts = Scripts()
    scripts.create_script("s")
    scripts.let_script_iterate()
    scripts.let_script_open_connection(server.url, subprotocols=["{token}"])
    running = Running(scripts)
    users = {"ann": {"token": Secret("a-token-that-stays-here"), "name": "Ann"}}
    running.use_load_workers(scheduler)
    try:
        with pytest.raises(StackError, match=r"workers of other machines are trusted(.|\n)*credentials=True"):
            running.start_load("s", users=users)
    finally:
        running.release("", below=False)
        running.close()


def test_cluster_that_will_not_do_is_refused(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "PATIENCE", 0.2)
    with pytest.raises(StackError, match=r"a scheduler at tcp://127\.0\.0\.1:9\n"):
        Cluster("tcp://127.0.0.1:9")
    monkeypatch.setattr(cluster_module, "PATIENCE", PATIENCE)
    monkeypatch.setattr(cluster_module, "__version__", "9.9")
    with pytest.raises(StackError, match=r"realstack 9\.9 on Python \S+ at all workers, as here"):
        Cluster(scheduler)


def test_processes_answer_fail_end_and_are_replaced() -> None:
    with LocalWorkers() as own:
        pid = own.submit(os.getpid).result(PATIENCE)
        assert own.submit(os.getpid).result(PATIENCE) == pid != os.getpid()
        with pytest.raises(ZeroDivisionError):
            own.submit(divmod, 1, 0).result(PATIENCE)
        with pytest.raises(BrokenExecutor, match="exit code 7"):
            own.submit(os._exit, 7).result(PATIENCE)
        with pytest.raises((AttributeError, TypeError), match="pickle"):
            own.submit(lambda: None).result(PATIENCE)
        other = own.submit(os.getpid).result(PATIENCE)
        assert other != pid
    assert not own.processes
    with pytest.raises(RuntimeError, match="shut down"):
        own.submit(os.getpid)


def test_processes_end_when_whoever_started_them_is_killed() -> None:
    program = (
        "import os, time\n"
        "from realstack.load.processes import LocalWorkers\n"
        "print(LocalWorkers().submit(os.getpid).result(), flush=True)\n"
        "input()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(pid, 0)
    parent.kill()
    parent.communicate()

    def gone() -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # nobody may be there who asks how it ended
        except psutil.NoSuchProcess:
            return True

    until(gone)
