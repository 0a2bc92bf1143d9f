"""The embedded driver with its four real stores: what is done to them, and what is left of them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

import reference_platform
from realstack.core import procfs
from realstack.core.errors import StackError, StackFailure
from realstack.core.loop import background
from realstack.lease.lease import Lease
from realstack.lease.marker import of_run
from realstack.platform.changes import Changes
from realstack.platform.driver import Endpoint, Started, State
from realstack.platform.embedded import EmbeddedDriver
from realstack.platform.ports import PortLocks, is_free
from realstack.platform.service import Credentials, Stack
from realstack.secrets import secrets
from reference_platform import STORES
from support.project import CACHE, ROOT, SOURCES


@pytest.fixture(scope="module")
def started() -> list[Started]:
    return []


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory, started: list[Started]) -> Iterator[EmbeddedDriver]:
    logs = tmp_path_factory.mktemp("services")
    lease = Lease(logs / "reaper.log")
    stack = Stack(lease.folder, logs, PortLocks(), SOURCES, CACHE, shared_folders=reference_platform.SHARED_FOLDERS)
    reference_platform.describe(stack)
    driver = EmbeddedDriver(stack, lease, reference_platform)
    background.run(driver.start(started.append, STORES))
    yield driver
    assert background.run(driver.end()) == []


@pytest.fixture(autouse=True)
def healthy(driver: EmbeddedDriver) -> Iterator[None]:
    changes = Changes()
    for name in STORES:
        changes.begin("test")
        changes.touch(driver, name)
    yield
    for _ in STORES:
        _, problems = background.run(changes.end(driver))
        assert problems == []
    background.run(driver.deaths())


def test_all_stores_come_up_and_tell_their_versions(driver, started):
    assert {one.service for one in started} == set(STORES)
    # ClickHouse says first whether it is the server or the engine alone.
    assert all(re.match(r"(ClickHouse |chDB )?\d", one.version) for one in started)
    assert all(isinstance(one.endpoint, Endpoint) and procfs.stat(one.pid) for one in started)


def test_ports_lie_outside_the_ephemeral_range(driver):
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(endpoint.port < low for endpoint in driver.endpoints())


@pytest.mark.parametrize("name", STORES)
def test_a_killed_store_is_gone_with_all_its_processes_and_comes_back(driver, name):
    def of_the_reaper() -> set[int]:
        # The stores' main processes, and whatever has lost the process that it belonged to.
        children = [process for process in procfs.all_processes() if process.parent == driver.lease.reaper_pid]
        return {process.pid for process in children if process.alive}

    # Helpers of PostgreSQL come and go: of those that were there before, only its main process is sure to be among the killed.
    main, *helpers = driver.pids(name)
    all_stores = of_the_reaper()
    assert main in all_stores
    assert len(all_stores) == len(STORES)
    receipt = background.run(driver.kill_service(name))
    assert receipt.pids[0] == main
    assert receipt.exit_code == -signal.SIGKILL
    # What has ended may be there until the reaper has collected it.
    before = {main, *helpers, *receipt.pids}
    assert not [found for pid in before if (found := procfs.stat(pid)) is not None and found.alive]
    assert of_the_reaper() == all_stores - {main}
    assert background.run(driver.problem(name)) is not None
    background.run(driver.start_service(name))
    background.run(driver.wait_healthy(name))
    assert set(driver.pids(name)).isdisjoint(before)


@pytest.mark.parametrize("name", STORES)
def test_a_paused_store_stands_still_and_goes_on(driver, name):
    # Helpers of PostgreSQL come and go until they stand still.
    receipt = background.run(driver.pause_service(name))
    assert receipt.seen == "state T"
    pids = receipt.pids
    assert {procfs.stat(pid).state for pid in pids} == {"T"}
    background.run(driver.resume_service(name))
    background.run(driver.wait_healthy(name))
    assert driver.pids(name)[0] == pids[0]


def test_a_stopped_store_says_goodbye(driver):
    receipt = background.run(driver.stop_service("redis"))
    assert receipt.exit_code == 0
    assert not driver.state("redis").running


def test_a_paused_store_can_be_stopped_and_killed(driver):
    background.run(driver.pause_service("redis"))
    assert background.run(driver.stop_service("redis")).exit_code == 0
    background.run(driver.start_service("redis"))
    background.run(driver.wait_healthy("redis"))
    background.run(driver.pause_service("redis"))
    assert background.run(driver.kill_service("redis")).exit_code == -signal.SIGKILL


def test_what_was_committed_survives_a_kill(driver):
    async def ask(query: str) -> object:
        connection = await asyncpg.connect(driver.credential_url("postgres-auth"))
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    background.run(ask("CREATE TABLE kept (id int)"))
    background.run(ask("INSERT INTO kept VALUES (7)"))
    background.run(driver.kill_service("postgres-auth"))
    background.run(driver.start_service("postgres-auth"))
    background.run(driver.wait_healthy("postgres-auth"))
    assert background.run(ask("SELECT id FROM kept")) == 7


def test_settings_change_and_return(driver):
    async def limit() -> object:
        connection = await asyncpg.connect(driver.credential_url("postgres-backend"))
        try:
            return await connection.fetchval("SHOW max_connections")
        finally:
            await connection.close()

    changes = Changes()
    changes.begin("test")
    changes.touch(driver, "postgres-backend")
    driver.set_settings("postgres-backend", {"max_connections": "33"})
    background.run(driver.stop_service("postgres-backend"))
    background.run(driver.start_service("postgres-backend"))
    background.run(driver.wait_healthy("postgres-backend"))
    assert background.run(limit()) == "33"
    brought_back, problems = background.run(changes.end(driver))
    assert (brought_back, problems) == (["postgres-backend"], [])
    assert background.run(limit()) == "200"


def test_an_inner_scope_gives_back_what_the_outer_one_wanted(driver):
    changes = Changes()
    changes.begin("suite")
    changes.touch(driver, "redis")
    background.run(driver.pause_service("redis"))
    changes.begin("test")
    changes.touch(driver, "redis")
    background.run(driver.kill_service("redis"))
    background.run(changes.end(driver))
    assert driver.state("redis") == State(running=True, paused=True, settings={})
    background.run(changes.end(driver))
    assert driver.state("redis") == State(running=True, paused=False, settings={})


def test_a_store_that_dies_unasked_is_told(driver):
    os.kill(driver.pids("redis")[0], signal.SIGKILL)
    deadline = time.monotonic() + 5
    deaths = []
    while not deaths and time.monotonic() < deadline:
        deaths = background.run(driver.deaths())
        time.sleep(0.01)
    assert [death.service for death in deaths] == ["redis"]
    assert "no test asked it to" in str(deaths[0])
    assert "Ready to accept connections" in deaths[0].log


def test_a_kill_that_was_ordered_is_no_death(driver):
    told = threading.Event()
    driver.lease.on_exit(lambda _child, _code: told.set())
    background.run(driver.kill_service("redis"))
    assert told.wait(10), "the reaper told of its end, after the driver was told of it"
    assert background.run(driver.deaths()) == []


def test_a_service_that_is_down_can_not_be_broken(driver):
    background.run(driver.kill_service("redis"))
    with pytest.raises(StackFailure, match="redis runs, so that it can be paused"):
        background.run(driver.pause_service("redis"))
    with pytest.raises(StackFailure, match=r"Its process \d+ has ended"):
        background.run(driver.kill_service("redis"))


def test_a_running_service_is_not_started_twice(driver):
    with pytest.raises(StackError, match="runs already"):
        background.run(driver.start_service("redis"))


def test_a_failing_start_shows_the_end_of_the_log(driver):
    background.run(driver.stop_service("redis"))
    driver.set_settings("redis", {"no-such-directive": "yes"})
    background.run(driver.start_service("redis"))
    with pytest.raises(StackFailure) as failure:
        background.run(driver.wait_healthy("redis"))
    driver.set_settings("redis", {})
    assert "ended with exit code 1" in str(failure.value)
    assert "no-such-directive" in str(failure.value)


def test_a_paused_service_does_not_become_healthy(driver):
    background.run(driver.pause_service("redis"))
    with pytest.raises(StackFailure, match="it does not answer"):
        background.run(driver.wait_healthy("redis", 0.1))


def test_groups_and_unknown_names(driver):
    assert driver.resolve("postgres") == ["postgres-auth", "postgres-backend"]
    assert driver.resolve("backend-2") == ["backend-2"]
    with pytest.raises(StackError, match=r"There is no service 'postgress'\. Services are: postgres-auth"):
        driver.resolve("postgress")


def test_logs_begin_at_a_mark_and_have_times(driver):
    mark = driver.mark_logs()
    background.run(driver.stop_service("redis"))
    lines = background.run(driver.log("redis", mark))
    assert any("bye bye" in line.text for line in lines)
    assert not any("Ready to accept" in line.text for line in lines)
    assert all(line.at is not None for line in lines)


@pytest.mark.parametrize("name", STORES)
def test_every_store_writes_times_that_are_understood(driver, name):
    lines = background.run(driver.log(name))
    assert any(line.at is not None for line in lines)


def command_line(pid: int) -> str | None:
    """None when the process has ended since it was listed, as a store's helpers (PostgreSQL's autovacuum) do at any time."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    except (FileNotFoundError, ProcessLookupError):
        return None


def test_no_password_is_on_a_command_line_or_readable_by_others(driver):
    passwords = [driver.credential(name) for name in ("redis", "clickhouse-chat", "clickhouse-tester", "postgres-auth-tester")]
    for name in STORES:
        commands = [command for pid in driver.pids(name) if (command := command_line(pid))]
        assert commands
        assert not [command for command in commands for password in passwords if password in command]
        assert (driver.stack.folder / name).stat().st_mode & 0o077 == 0
    assert not any(password in secrets.scrub(driver.credential_url("redis")) for password in passwords)


def test_addresses_hold_no_credentials(driver):
    assert all("@" not in driver.url(name) for name in driver.services())
    assert "@" in driver.credential_url("postgres-auth")


OWNER = """
import json, os, sys
sys.path[:0] = {path!r}
from pathlib import Path
from realstack.core.loop import background
from realstack.platform.create import create
from support.project import figures, platform_file
driver = create(platform_file("embedded"), figures(), Path({output!r}))
STORES = driver.stores()
background.run(driver.start(lambda one: None, STORES))
facts = {{"run": driver.lease.run_id, "folder": str(driver.lease.folder), "reaper": driver.lease.reaper_pid}}
facts["ports"] = [driver.stack[name].port for name in STORES]
facts["pids"] = [pid for name in STORES for pid in driver.pids(name)]
print(json.dumps(facts), flush=True)
background.run(driver.pause_service("postgres-auth"))
sys.stdin.read()
"""


def _segments(pids: Iterable[int]) -> list[str]:
    """The System V shared memory that some processes made; other platforms on this machine have theirs."""
    rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()]
    number, maker = rows[0].index("shmid"), rows[0].index("cpid")
    return [row[number] for row in rows[1:] if int(row[maker]) in set(pids)]


def test_nothing_of_a_killed_run_is_left_after_five_seconds(tmp_path, driver):
    code = OWNER.format(path=[str(ROOT / "libraries"), str(ROOT / "tests")], output=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stdin=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        facts = json.loads(owner.stdout.readline())
        assert len(facts["pids"]) >= 12
        assert _segments(facts["pids"])
        owner.kill()
        owner.wait()
        killed = time.monotonic()
        left: list[object] = ["not looked yet"]
        while left and time.monotonic() < killed + 5:
            left = [*of_run(facts["run"], facts["folder"])]
            left += [pid for pid in [*facts["pids"], facts["reaper"]] if (found := procfs.stat(pid)) is not None and found.alive]
            left += [path for path in [Path(facts["folder"])] if path.exists()]
            left += [port for port in facts["ports"] if not is_free("127.0.0.1", port)]
            left += _segments(facts["pids"])
            time.sleep(0.02)
        assert left == []
    locks = PortLocks()
    assert [locks.take(port) for port in facts["ports"]] == facts["ports"]
    locks.release()
    assert (tmp_path / "services" / "redis.log").stat().st_size > 0, "logs are kept"


def test_services_that_start_side_by_side_share_one_password():
    for _ in range(50):
        known, begin = Credentials(), threading.Barrier(8)

        def ask(_: int, known: Credentials = known, begin: threading.Barrier = begin) -> str:
            begin.wait()
            return known["internal"]

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(ask, range(8)))) == 1
