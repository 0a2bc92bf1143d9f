"""The external driver: real servers by their addresses alone, and everything that it refuses."""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis

from realstack.core.errors import StackError, StackFailure
from realstack.core.loop import background
from realstack.platform.create import create
from realstack.platform.driver import Driver, Operation, Started
from realstack.platform.remote import RemoteService, remote_service
from support import servers
from support.project import figures, platform_file


@contextmanager
def web_server(status: int, body: bytes, *, raw: bytes = b"", tls: ssl.SSLContext | None = None) -> Iterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw or b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nServer: small/1\r\n\r\n%s" % (status, len(body), body))
        await writer.drain()
        writer.close()

    server = background.run(asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls))
    try:
        yield server.sockets[0].getsockname()[1]
    finally:

        async def close() -> None:
            server.close()

        background.run(close())


def external(services: object, tmp_path: Path, **more: object) -> Driver:
    return create(platform_file("external"), figures(), tmp_path, overrides={"services": services, **more})


def test_real_servers_are_found(tmp_path, postgres_server, redis_server, clickhouse_server, monkeypatch):
    monkeypatch.setenv("CLICKHOUSE_SECRET", clickhouse_server.password)
    monkeypatch.setenv("PG_SECRET", postgres_server.password)
    monkeypatch.setenv("REDIS_SECRET", redis_server.password)
    with web_server(200, b'{"version":"7.1"}') as port:
        driver = external(
            {
                "frontend": f"http://127.0.0.1:{port}/",
                "postgres-auth": {
                    "url": f"postgresql://127.0.0.1:{postgres_server.port}/{postgres_server.database}",
                    "user": postgres_server.user,
                    "password_env": "PG_SECRET",
                    "group": "postgres",
                },
                "redis": {"url": f"redis://127.0.0.1:{redis_server.port}", "password_env": "REDIS_SECRET"},
                "clickhouse": {
                    "url": clickhouse_server.url,
                    "user": clickhouse_server.user,
                    "password_env": "CLICKHOUSE_SECRET",
                    "health": "/ping",
                },
            },
            tmp_path,
        )
        found: list[Started] = []
        background.run(driver.start(found.append))
    versions = {one.service: one.version for one in found}
    assert set(versions) == {"frontend", "postgres-auth", "redis", "clickhouse"}
    assert versions["frontend"] == "7.1"
    assert re.match(r"(ClickHouse|chDB) \d+\.\d+", versions["clickhouse"])
    assert driver.resolve("postgres") == ["postgres-auth"]
    assert postgres_server.password not in driver.url("postgres-auth")
    assert postgres_server.password in driver.credential_url("postgres-auth")
    assert driver.endpoints() == []


def test_valkey_is_told_from_redis(tmp_path, monkeypatch):
    with servers.valkey() as server:
        monkeypatch.setenv("REDIS_SECRET", server.password)
        url = f"redis://127.0.0.1:{server.port}"
        driver = external({"redis": {"url": url, "password_env": "REDIS_SECRET"}}, tmp_path)
        assert re.match(r"Valkey (?!7\.2)\d+\.\d+", background.run(driver.version("redis")))


def test_redis_is_asked_by_whatever_account_it_has(tmp_path, monkeypatch):
    """By none, by one with its name, by one whose password has blanks and who may ask for little."""
    with servers.redis() as server, redis.Redis.from_url(server.url) as admin:
        url = f"redis://127.0.0.1:{server.port}"
        admin.acl_setuser("ann", enabled=True, passwords=['+two "words"'], commands=["+ping"])
        monkeypatch.setenv("REDIS_SECRET", 'two "words"')
        for entry in (
            {"url": url, "user": "ann", "password_env": "REDIS_SECRET"},
            {"url": f"redis://ann@127.0.0.1:{server.port}/0", "password_env": "REDIS_SECRET"},
        ):
            driver = external({"redis": entry}, tmp_path)
            assert background.run(driver.problem("redis")) is None
            assert background.run(driver.version("redis")) == "unknown"
        admin.config_set("requirepass", "")
        assert re.match(r"\d+\.\d+", background.run(external({"redis": url}, tmp_path).version("redis")))


def test_a_url_of_postgres_is_read_as_other_clients_read_it(tmp_path, postgres_server, monkeypatch):
    monkeypatch.setenv("PG_SECRET", postgres_server.password)
    url = f"postgres://{postgres_server.user}@127.0.0.1:{postgres_server.port}/postgres?connect_timeout=10&channel_binding=prefer"
    driver = external({"db": {"url": url, "password_env": "PG_SECRET"}}, tmp_path)
    assert background.run(driver.problem("db")) is None
    assert f"//{postgres_server.user}:{postgres_server.password}@127.0.0.1:" in driver.credential_url("db")
    assert f"{postgres_server.user}@" not in driver.url("db")


def test_a_path_without_its_stroke_is_no_other_host(tmp_path):
    with web_server(200, b'{"version":"7.1"}') as port:
        driver = external({"auth": {"url": f"http://127.0.0.1:{port}", "health": "ready", "about": "live"}}, tmp_path)
        assert background.run(driver.version("auth")) == "7.1"


def test_https_is_checked_against_a_ca_of_ones_own(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=here"]
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run([*made, *files], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with web_server(200, b'{"version":"7.1"}', tls=context) as port:
        url = f"https://127.0.0.1:{port}"
        assert background.run(external({"auth": {"url": url, "ca": str(certificate)}}, tmp_path).version("auth")) == "7.1"
        assert "certificate verify failed" in str(background.run(external({"auth": url}, tmp_path).problem("auth")))
    with pytest.raises(StackError, match="'ca' of 'auth' is a file with certificates"):
        background.run(external({"auth": {"url": url, "ca": str(key) + "s"}}, tmp_path).problem("auth"))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"[" * 200_000,
        b"nothing of HTTP\r\n",
    ],
)
def test_whatever_a_server_answers_is_a_value_or_told(tmp_path, answer):
    with web_server(0, b"", raw=answer) as port:
        driver = external({"auth": f"http://127.0.0.1:{port}"}, tmp_path)
        problem = background.run(driver.problem("auth"))
        if problem is None:
            assert background.run(driver.version("auth")) == "unknown"


@pytest.mark.parametrize("url", ["http://ü..example", "http://xn--", "postgresql://ü..example/x", "redis://ü..example"])
def test_a_host_that_can_not_be_is_told(tmp_path, url):
    assert background.run(external({"auth": url}, tmp_path).problem("auth"))


def test_an_unhealthy_service_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("realstack.platform.external.PATIENCE", 0.2)
    with web_server(503, b"not today") as port:
        driver = external({"auth": {"url": f"http://127.0.0.1:{port}", "health": "/health/ready"}}, tmp_path)
        with pytest.raises(StackFailure, match="GET /health/ready answered 503: not today"):
            background.run(driver.start(lambda _: None))


def test_a_server_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("realstack.platform.external.PATIENCE", 0.2)
    driver = external({"auth": "http://127.0.0.1:1", "redis": "redis://127.0.0.1:1"}, tmp_path)
    with pytest.raises(StackFailure, match=r"(?s)auth at http://127.0.0.1:1 is healthy.*redis at redis://127.0.0.1:1 is healthy"):
        background.run(driver.start(lambda _: None))


@pytest.mark.parametrize(
    ("operation", "tag"),
    [
        ("stop_service", "needs-restart"),
        ("start_service", "needs-restart"),
        ("kill_service", "needs-kill"),
        ("pause_service", "needs-pause"),
        ("resume_service", "needs-pause"),
        ("reload_service", "needs-reload"),
        ("log", "needs-logs"),
        ("shared_folder", "needs-folders"),
    ],
)
def test_what_can_not_be_done_names_the_tag_to_exclude(tmp_path, operation, tag):
    driver = external({"auth": "http://127.0.0.1:1"}, tmp_path)
    with pytest.raises(StackError, match=f"robot --exclude {tag} suites/"):
        background.run(getattr(driver, operation)("auth"))


def test_processes_and_settings_are_refused(tmp_path):
    driver = external({"auth": "http://127.0.0.1:1"}, tmp_path)
    with pytest.raises(StackError, match=r"(?s)No service of the external platform has a 'pid_file'.*needs-processes"):
        driver.pids("auth")
    with pytest.raises(StackError, match="needs-restart"):
        driver.set_settings("auth", {})


def test_processes_are_known_by_their_files(tmp_path):
    file = tmp_path / "auth.pid"
    driver = external({"auth": {"url": "http://127.0.0.1:1", "pid_file": str(file)}, "redis": "redis://127.0.0.1:1"}, tmp_path)
    assert driver.can == {Operation.PROCESSES}
    with pytest.raises(StackError, match=r"main process of 'auth'(.|\n)*auth\.pid: .*No such file"):
        driver.pids("auth")
    file.write_text("4711\n")
    assert driver.pids("auth") == [4711]
    file.write_text("soon")
    with pytest.raises(StackError, match=r"main process of 'auth'(.|\n)*'soon'"):
        driver.pids("auth")
    with pytest.raises(StackError, match=r"main process of 'redis'(.|\n)*no 'pid_file' is given(.|\n)*/run/redis\.pid"):
        driver.pids("redis")


@pytest.mark.parametrize(
    ("services", "said"),
    [
        ({}, "--variablefile mine.yaml"),
        ({"auth": "ftp://x"}, "begins with one of http://, https://, postgresql://, postgres://, redis://, rediss://"),
        ({"auth": "http://"}, "It is 'http:'"),
        ({"auth": {"url": "http://x", "helth": "/"}}, "It has url, helth"),
        ({"auth": 7}, "It is 7"),
        ({"db": "postgresql://me:secret@x/y"}, "holds no password"),
        ({"db": "postgresql://me@x/y?password=secret"}, "It holds a password"),
        ({"db": "postgresql://me:secret/1@x/y"}, "an account that can't be read"),
        ({"auth": "http://x y"}, "It is 'http://x y'"),
        ({"auth": "http://x:0"}, "It is 'http://x:0'"),
        ({"auth": {"url": "http://x", "health": ["/"]}}, "It has url, health (no text)"),
        ({"db": {"url": "redis://x", "password_env": "NOT_SET_ANYWHERE"}}, "export NOT_SET_ANYWHERE="),
    ],
)
def test_a_wrong_file_is_explained(tmp_path, services, said):
    with pytest.raises(StackError) as error:
        external(services, tmp_path)
    assert said in str(error.value)
    assert "secret" not in str(error.value)


def test_credentials_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SCIM_SECRET", "a-long-secret-value")
    services = {"auth": "http://127.0.0.1:1"}
    driver = external(services, tmp_path, credentials={"idp-scim": "SCIM_SECRET"})
    assert driver.credential("idp-scim") == "a-long-secret-value"
    with pytest.raises(StackError, match="a credential 'other'"):
        driver.credential("other")
    with pytest.raises(StackError, match="environment variable NOT_SET holds the credential"):
        external(services, tmp_path, credentials={"idp-scim": "NOT_SET"})


@pytest.mark.parametrize(("entry", "asked"), [({"about": "/live"}, "/live"), ({}, "/ready")])
def test_the_version_is_asked_for_where_it_is_told(monkeypatch: pytest.MonkeyPatch, entry: dict[str, str], asked: str) -> None:
    async def get(_service: RemoteService, path: str) -> httpx.Response:
        return httpx.Response(200, json={"version": path})

    monkeypatch.setattr(RemoteService, "_get", get)
    service = remote_service("auth", {"url": "http://127.0.0.1:1", "health": "/ready", **entry}, {}, "mine.yaml")
    assert background.run(service.version()) == asked
