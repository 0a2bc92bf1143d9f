"""Redis and ClickHouse: the plain servers, or, where there is no ClickHouse, its engine behind the same interface."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import quote

from realstack.core import programs
from realstack.platform.probes import expect_200, redis_info
from realstack.platform.service import Command, NotReady, Service, base_environment, write_private

OLDEST_CLICKHOUSE = 22
"""Year of the first ClickHouse whose configuration and SQL are those of today."""


class Redis(Service):
    """One Redis server; its append-only file makes what was written survive a kill."""

    scheme = "redis"
    store = True

    @property
    def credential_url(self) -> str:
        return f"redis://:{self.stack.credentials['redis']}@{self.host}:{self.port}/0"

    def prepare(self) -> None:
        folder = self.make_folder()
        lines = {
            "bind": self.host,
            "port": str(self.port),
            "requirepass": self.stack.credentials["redis"],
            "dir": str(folder),
            "daemonize": "no",
            "save": '""',
            "appendonly": "yes",
            # The page cache outlives a killed process; only a crash of the machine would lose the last second.
            "appendfsync": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
        }
        write_private(folder / "redis.conf", "".join(f"{name} {value}\n" for name, value in lines.items()))

    def command(self) -> Command:
        options = [word for name, value in self.effective({}).items() for word in (f"--{name}", value)]
        argv = [programs.program("redis-server", "redis-server"), str(self.folder / "redis.conf"), *options]
        return Command(argv, base_environment(self.folder), self.folder)

    async def probe(self) -> None:
        await redis_info(self.host, self.port, self.stack.credentials["redis"])

    async def version(self) -> str:
        return (await redis_info(self.host, self.port, self.stack.credentials["redis"]))["redis_version"]


class ClickHouse(Service):
    """ClickHouse's HTTP interface with a configuration of its own: a real server's, or the one that its engine is put behind."""

    store = True
    stop_seconds = 10.0

    @property
    def credential_url(self) -> str:
        return f"http://tester:{quote(self.stack.credentials['clickhouse-tester'])}@{self.host}:{self.port}"

    def prepare(self) -> None:
        folder = self.make_folder()
        for name in ("data", "temporary", "user_files", "format_schemas"):
            (folder / name).mkdir()
        tcp_port = self.stack.ports.take()
        write_private(folder / "config.xml", _config(folder, self.host, self.port, tcp_port))
        passwords = {name: self.stack.credentials[f"clickhouse-{name}"] for name in ("chat", "tester")}
        write_private(folder / "users.xml", _users(self.host, passwords))

    def command(self) -> Command:
        argv, environment = clickhouse_program(self.stack.sources)
        environment = base_environment(self.folder) | {"SERVICE_NAME": self.name} | environment
        return Command([*argv, f"--config-file={self.folder / 'config.xml'}"], environment, self.folder)

    def _as_tester(self) -> dict[str, str]:
        return {"X-ClickHouse-User": "tester", "X-ClickHouse-Key": self.stack.credentials["clickhouse-tester"]}

    async def probe(self) -> None:
        answer = await expect_200(self.host, self.port, "/?query=SELECT+1", self._as_tester())
        if answer.body.strip() != b"1":
            raise NotReady(f"SELECT 1 answered {answer.body[:100]!r}")

    async def version(self) -> str:
        answer = await expect_200(self.host, self.port, "/?query=SELECT+version()", self._as_tester())
        return f"{'ClickHouse' if clickhouse_server() else 'chDB'} {answer.body.decode().strip()}"


@cache
def clickhouse_server() -> str | None:
    """The path of a real ClickHouse (the single binary that its project publishes) on the PATH; None where there is none.

    One that is older than this platform's SQL is passed over.
    """
    single = programs.find("clickhouse")
    if single is None:
        return None
    said = subprocess.run([single, "server", "--version"], capture_output=True, text=True, check=False, timeout=20).stdout
    found = re.search(r"(\d+)\.\d+\.\d+", said)
    return single if found and int(found[1]) >= OLDEST_CLICKHOUSE else None


def clickhouse_program(docker: Path) -> tuple[list[str], dict[str, str]]:
    """How ClickHouse is started: the first words of the command, and what its environment needs.

    Args:
        docker: Folder of the reference platform's sources.
    """
    server = clickhouse_server()
    if server is not None:
        return [server, "server"], {}
    sources = os.pathsep.join([str(docker / "common"), str(docker / "stores")])
    return [sys.executable, "-m", "clickhouse_http"], {"PYTHONPATH": sources, "PYTHONUNBUFFERED": "1"}


def _config(folder: Path, host: str, port: int, tcp_port: int) -> str:
    return f"""<?xml version="1.0"?>
<clickhouse>
  <logger><level>information</level><console>1</console></logger>
  <listen_host>{host}</listen_host>
  <http_port>{port}</http_port>
  <tcp_port>{tcp_port}</tcp_port>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/temporary/</tmp_path>
  <user_files_path>{folder}/user_files/</user_files_path>
  <format_schema_path>{folder}/format_schemas/</format_schema_path>
  <users_config>{folder}/users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <timezone>UTC</timezone>
  <mark_cache_size>33554432</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <max_connections>256</max_connections>
  <keep_alive_timeout>10</keep_alive_timeout>
</clickhouse>
"""


def _users(host: str, passwords: dict[str, str]) -> str:
    users = "".join(
        f"""    <{name}>
      <password_sha256_hex>{hashlib.sha256(password.encode()).hexdigest()}</password_sha256_hex>
      <networks><ip>{host}</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </{name}>
"""
        for name, password in passwords.items()
    )
    return f"""<?xml version="1.0"?>
<clickhouse>
  <profiles><default><max_memory_usage>1000000000</max_memory_usage></default></profiles>
  <users>
{users}  </users>
  <quotas><default/></quotas>
</clickhouse>
"""
