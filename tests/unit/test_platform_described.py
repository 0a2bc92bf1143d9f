"""A platform that is described in YAML alone: programs with addresses, a PostgreSQL with a schema, packages of their own."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from realstack.core.errors import StackError
from realstack.core.figures import Figures
from realstack.core.loop import background
from realstack.platform import described
from realstack.platform.config import Setup
from realstack.platform.described import Described
from realstack.platform.driver import Started
from realstack.platform.embedded import create
from support.project import ROOT

SERVER = """
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps([os.environ["STORE"], os.environ["KEY"], os.getcwd()]).encode())
http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""
SCHEMA = """-- Two tables.
CREATE TABLE notes (
    id integer PRIMARY KEY,
    said text DEFAULT 'a; b'
);
CREATE TABLE others (id integer REFERENCES notes (id));
"""


@pytest.fixture
def sources() -> Iterator[Path]:
    """A folder that PostgreSQL's account may enter."""
    made = Path(tempfile.mkdtemp(prefix="realstack-test-"))
    made.chmod(0o711)
    (made / "server.py").write_text(SERVER, encoding="utf-8")
    (made / "schema.sql").write_text(SCHEMA, encoding="utf-8")
    yield made
    shutil.rmtree(made)


def test_it_is_started_with_addresses_and_passwords_of_the_run(sources: Path) -> None:
    processes = {
        "store": {"is": "postgresql", "database": "notes", "schema": "schema.sql"},
        "front": {
            "command": [sys.executable, "{sources}/server.py", "{host}", "{port}"],
            "environment": {"STORE": "{store}", "KEY": "{password}"},
            "needs": ["store"],
        },
    }
    content = {"driver": "embedded", "sources": str(sources), "cache": str(ROOT / ".cache"), "processes": processes}
    driver = create(Setup(content, Figures("fast", {}), sources / "out", frozenset(), sources / "platform.yaml"))
    told: list[Started] = []
    try:
        background.run(driver.start(told.append))
        started = {one.service: one for one in told}
        assert started["store"].at <= started["front"].at - started["front"].took, "the store was healthy before"
        assert background.run(tables(driver.credential_url("store"))) == [("notes", "service"), ("others", "service")]
        assert background.run(driver.problem("front")) is None
        assert background.run(driver.version("front")) == "unknown"
        assert driver.credential("front") not in driver.url("front")
        environment = driver.plugin.environment(driver.stack)
        assert environment["STORE_URL"] == driver.credential_url("store")
        assert environment["STORE_PASSWORD"] in environment["STORE_URL"]
        assert environment["FRONT_PASSWORD"] == driver.credential("front")
    finally:
        assert background.run(driver.end()) == []


async def tables(url: str) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [tuple(row) for row in rows]
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "said",
    [{}, {"command": "one text"}, {"command": ["x"], "ports": 1}, {"is": "redis"}, {"is": "postgresql", "command": ["x"]}, "x"],
)
def test_what_is_described_wrongly_is_told_with_what_may_be_said(said: object) -> None:
    with pytest.raises(StackError, match=r"(?s)'processes: one' in mine.yaml has a list 'command'.*is: postgresql"):
        Described({"one": said}, "mine.yaml")  # type: ignore[dict-item]


def test_packages_are_installed_once_for_each_list_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "mine" / "requirements.lock"
    lock.parent.mkdir()
    lock.write_text("one==1\n", encoding="utf-8")
    ran: list[str] = []
    monkeypatch.setattr(described, "_run", lambda command: (ran.append(" ".join(command)), made(command)))

    def made(command: list[str]) -> None:
        if "venv" in command:
            Path(command[-1]).mkdir()

    first = described.environment_of(lock, tmp_path / "cache")
    described.install(lock, first)
    described.install(lock, first)
    assert len(ran) == 2
    assert f"--require-hashes -r {lock}" in ran[1]
    lock.write_text("one==2\n", encoding="utf-8")
    assert described.environment_of(lock, tmp_path / "cache") != first


def test_packages_that_were_not_installed_to_the_end_are_installed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "requirements.lock"
    lock.touch()
    environment = described.environment_of(lock, tmp_path / "cache")
    monkeypatch.setattr(described, "_run", lambda _: fail())

    def fail() -> None:
        environment.mkdir(exist_ok=True)
        raise StackError("the network is away")

    for _ in range(2):
        with pytest.raises(StackError, match="the network is away"):
            described.install(lock, environment)
    assert os.listdir(environment) == []
