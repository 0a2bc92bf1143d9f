"""What is written from the environment, and what is said about an environment that can't work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.frontend import FRONTEND, load_render

render = load_render()

GOOD = {"PORT": "20000", "AUTH_URL": "http://127.0.0.1:1001", "BACKEND_URLS": "http://127.0.0.1:1002,http://[::1]:1003"}


def written(folder: Path, **changes: str) -> tuple[str, dict[str, float]]:
    render.render(GOOD | changes, folder)
    return (folder / "nginx.conf").read_text(), json.loads((folder / "config.json").read_text())


def test_page_settings_and_their_defaults(tmp_path: Path) -> None:
    _, defaults = written(tmp_path)
    assert defaults == {
        "heartbeat_seconds": 5,
        "reconnect_min_seconds": 0.5,
        "reconnect_max_seconds": 30,
        "file_max_bytes": 10485760,
    }
    _, changed = written(tmp_path, HEARTBEAT_SECONDS="0.4", RECONNECT_MAX_SECONDS="1.5", FILE_MAX_BYTES="2000000")
    assert (changed["heartbeat_seconds"], changed["reconnect_max_seconds"], changed["file_max_bytes"]) == (0.4, 1.5, 2000000)


def test_every_replica_is_in_the_round(tmp_path: Path) -> None:
    text, _ = written(tmp_path)
    assert "server 127.0.0.1:1002 max_fails=1 fail_timeout=1s;" in text
    assert "server [::1]:1003 max_fails=1 fail_timeout=1s;" in text
    assert "server [::1]:1003 max_fails=0 backup;" in text
    assert "@@" not in text + (tmp_path / "headers.conf").read_text()


def test_names_are_looked_up_again_where_a_resolver_is_named(tmp_path: Path) -> None:
    text, _ = written(tmp_path, RESOLVER="127.0.0.11", AUTH_URL="http://auth:8000", BACKEND_URLS="http://backend-1:8000")
    assert "resolver 127.0.0.11 valid=1s;" in text
    backend = "backend-1:8000 max_fails=1 fail_timeout=1s resolve;"
    for line in ("auth:8000 max_fails=0 resolve;", backend, "zone backend_sockets 64k;"):
        assert line in text
    plain, _ = written(tmp_path)
    assert not any(word in plain for word in ("    resolver ", " resolve;", " zone "))
    with pytest.raises(render.RenderError, match="RESOLVER must match"):
        written(tmp_path, RESOLVER="1.1.1.1; evil")


def test_uploads_may_be_a_little_larger_than_the_largest_file(tmp_path: Path) -> None:
    text, _ = written(tmp_path, FILE_MAX_BYTES="1000")
    assert f"client_max_body_size {1000 + render.MULTIPART_ROOM};" in text


def test_https_is_demanded_only_where_it_is_spoken(tmp_path: Path) -> None:
    for url, said in (("https://chat.example.org", True), ("http://127.0.0.1:20000", False), ("", False)):
        render.render({**GOOD, "PUBLIC_URL": url}, tmp_path)
        assert ("add_header Strict-Transport-Security" in (tmp_path / "headers.conf").read_text()) is said


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    bad = {
        "PORT": "many",
        "HEARTBEAT_SECONDS": "-1",
        "RECONNECT_MIN_SECONDS": "nan",
        "AUTH_URL": "https://127.0.0.1:1/path",
        "SERVICE_NAME": "front end",
    }
    with pytest.raises(render.RenderError) as caught:
        render.render(bad, tmp_path / "run")
    text = str(caught.value)
    for name in ("PORT", "HEARTBEAT_SECONDS", "RECONNECT_MIN_SECONDS", "AUTH_URL", "SERVICE_NAME", "BACKEND_URLS is required"):
        assert name in text
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PORT": ""}, "PORT is required"),
        ({"RECONNECT_MIN_SECONDS": "5", "RECONNECT_MAX_SECONDS": "1"}, "must not be below"),
        ({"AUTH_URL": "http://a:1,http://b:2"}, "one base URL"),
        ({"AUTH_URL": "http://a:b"}, "AUTH_URL must hold"),
        ({"BACKEND_URLS": "ftp://a"}, "BACKEND_URLS must hold"),
        ({"HOST": "a;b"}, "HOST must match"),
        ({"ACCESS_LOG": "/a; load_module x"}, "ACCESS_LOG must match"),
    ],
)
def test_what_could_not_work_is_refused(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    with pytest.raises(render.RenderError, match=words):
        render.render(GOOD | changes, tmp_path)


def test_folders_with_spaces_work_and_those_that_nginx_can_not_name_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "my run"
    command = render.render(GOOD, folder)
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    with pytest.raises(render.RenderError, match="takes no path"):
        render.render(GOOD, tmp_path / "run$HOME")


def test_as_a_script_it_says_what_is_wrong_and_fails(tmp_path: Path) -> None:
    command = [sys.executable, str(FRONTEND / "render.py"), "--folder", str(tmp_path)]
    environment = {"PATH": os.environ["PATH"]}
    failed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert "PORT is required and not set" in failed.stderr
    done = subprocess.run(command, env=environment | GOOD, capture_output=True, text=True, check=True)
    assert str(tmp_path / "nginx.conf") in done.stdout


def test_without_nginx_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render.shutil, "which", lambda *_, **__: None)
    with pytest.raises(render.RenderError, match="apt-get install nginx-light"):
        render.render(GOOD, tmp_path)
