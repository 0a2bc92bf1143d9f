"""Turn the frontend's environment variables into nginx's configuration and the page's `config.json`.

As a function, [render][render] writes a run folder and returns the command that serves it. As a script, it does the same for
the process's own environment, and with `--start` becomes nginx:

    python docker/frontend/render.py --folder /run/frontend --start

Everything that nginx writes (pid, temporary files, logs by default) stays in that folder, so that any number of frontends
run side by side and an ordinary user can start one.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pwd
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
MULTIPART_ROOM = 65536
"""Bytes that an upload's body may be larger than its file: boundaries, part headers, the question's 16000 characters."""


class RenderError(ValueError):
    """One or more environment variables are missing or wrong; the text names each of them."""


class _Settings:
    """Reads variables and collects what is wrong with them, so that all of it is told at once."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.problems: list[str] = []

    def text(self, name: str, default: str | None, pattern: str) -> str:
        value = self._values.get(name, "").strip() or default
        if value is None:
            self.problems.append(f"{name} is required and not set")
            return ""
        if not re.fullmatch(pattern, value):
            self.problems.append(f"{name} must match {pattern}, is {value!r}")
        return value

    def number(self, name: str, default: float, *, above: float = 0, whole: bool = False) -> float:
        raw = self._values.get(name, "").strip()
        if not raw:
            return default
        try:
            value = float(int(raw) if whole else float(raw))
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value > above):
            self.problems.append(f"{name} must be a {'whole ' if whole else ''}number above {above:g}, is {raw!r}")
            return default
        return value

    def server(self, name: str, url: str) -> str:
        """`host:port` of a base URL."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 80
        except ValueError:
            host, port = None, 0
        if host is None or parts.scheme != "http" or parts.path not in ("", "/") or parts.query or parts.username:
            self.problems.append(f"{name} must hold base URLs such as http://127.0.0.1:8000, has {url!r}")
            return "invalid:1"
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def servers(self, name: str) -> list[str]:
        """`host:port` of each of the base URLs, which are separated by commas or spaces."""
        urls = re.split(r"[\s,]+", self._values.get(name, "").strip())
        if urls == [""]:
            self.problems.append(f"{name} is required and not set")
            return []
        return [self.server(name, url) for url in urls]


def render(environment: Mapping[str, str], folder: Path, *, nginx: str | None = None) -> list[str]:
    """Write nginx's configuration and the page's settings.

    Args:
        environment: The variables of docker/PROTOCOL.md: `HOST` (default 127.0.0.1), `PORT`, `AUTH_URL`, `BACKEND_URLS` (base
            URLs of the replicas, by commas), and optionally `SERVICE_NAME`, `PUBLIC_URL`, `FILE_MAX_BYTES`,
            `HEARTBEAT_SECONDS`, `RECONNECT_MIN_SECONDS`, `RECONNECT_MAX_SECONDS`, `RESOLVER`, `ACCESS_LOG` (default
            `/dev/stdout`), `ERROR_LOG` (default `stderr`) and `NGINX_USER`.
        folder: The run folder; made when it does not exist. Rendering into it again replaces the files, for a reload.
        nginx: The program, when it is not the one on the PATH.

    Returns:
        The command that serves in the foreground until SIGTERM (at once) or SIGQUIT (when requests under way are done).

    Raises:
        RenderError: A variable is missing or wrong, or nginx is not installed.
    """
    settings = _Settings(environment)
    host = settings.text("HOST", "127.0.0.1", r"[\w.:-]+")
    port = int(settings.number("PORT", 0, whole=True))
    if port == 0 and not any(problem.startswith("PORT") for problem in settings.problems):
        settings.problems.append("PORT is required and not set")
    file_max = int(settings.number("FILE_MAX_BYTES", 10485760, whole=True))
    page = {
        "heartbeat_seconds": settings.number("HEARTBEAT_SECONDS", 5),
        "reconnect_min_seconds": settings.number("RECONNECT_MIN_SECONDS", 0.5),
        "reconnect_max_seconds": settings.number("RECONNECT_MAX_SECONDS", 30),
        "file_max_bytes": file_max,
    }
    if page["reconnect_max_seconds"] < page["reconnect_min_seconds"]:
        settings.problems.append("RECONNECT_MAX_SECONDS must not be below RECONNECT_MIN_SECONDS")
    auth = settings.servers("AUTH_URL")
    if len(auth) > 1:
        settings.problems.append("AUTH_URL must hold one base URL")
    backends = settings.servers("BACKEND_URLS")
    resolver = settings.text("RESOLVER", "", r"[\w.:\[\]-]*")
    # A name that is looked up again while nginx runs needs the group's addresses in memory that its processes share.
    again = " resolve" if resolver else ""
    log_target = r"[\w./:=,-]+"
    run = folder.absolute()
    values = {
        "USER": _user_line(environment),
        "RUN": _path("the run folder", run, settings),
        "WWW": _path("the page's folder", HERE / "www", settings),
        "LISTEN": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "SERVICE_NAME": settings.text("SERVICE_NAME", "frontend", r"[\w.-]+"),
        "ACCESS_LOG": settings.text("ACCESS_LOG", "/dev/stdout", log_target),
        "ERROR_LOG": settings.text("ERROR_LOG", "stderr", log_target),
        "RESOLVER": f"resolver {resolver} valid=1s;" if resolver else "# Names are looked up once, when nginx starts.",
        "AUTH_SERVERS": "\n".join(_group("auth", auth, f"max_fails=0{again}", shared=bool(resolver))),
        "BACKEND_SERVERS": "\n".join(
            [
                *_group("backend", backends, f"max_fails=1 fail_timeout=1s{again}", shared=bool(resolver)),
                *_group("backend", backends, f"max_fails=0{again} backup", shared=False),
            ]
        ),
        "SOCKET_SERVERS": "\n".join(_group("backend_sockets", backends, f"max_fails=0{again}", shared=bool(resolver))),
        "BODY_MAX": str(file_max + MULTIPART_ROOM),
        "FILE_MAX_BYTES": str(file_max),
        "HSTS": _hsts_line(environment.get("PUBLIC_URL", "")),
    }
    program = nginx or shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        settings.problems.append("nginx is not installed: on Debian, apt-get install nginx-light")
    if settings.problems:
        raise RenderError("The frontend can't be set up:\n" + "\n".join(f"  {problem}" for problem in settings.problems))
    assert program is not None
    (run / "temp").mkdir(parents=True, exist_ok=True)
    for name in ("nginx.conf", "headers.conf"):
        _write(run / name, _fill((HERE / f"{name}.template").read_text(encoding="utf-8"), values))
    _write(run / "config.json", json.dumps(page))
    return [program, "-p", str(run), "-c", str(run / "nginx.conf"), "-e", values["ERROR_LOG"]]


def _group(name: str, servers: list[str], options: str, *, shared: bool) -> list[str]:
    """The lines of an upstream group."""
    zone = [f"        zone {name} 64k;"] if shared else []
    return [*zone, *(f"        server {server} {options};" for server in servers)]


def _fill(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"@@([A-Z_]+)@@", lambda match: values[match.group(1)], template)


def _write(path: Path, text: str) -> None:
    """Replace a file at one stroke: a page that is being loaded meanwhile gets the old one or the new one."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.chmod(0o644)
    beside.replace(path)


def _path(what: str, path: Path, settings: _Settings) -> str:
    # The template puts paths into double quotes, so spaces are fine.
    if re.search(r"""["$\\\n]""", str(path)):
        settings.problems.append(f"{what} is {str(path)!r}; nginx takes no path with quotes, '$', '\\' or a line break")
    return str(path)


def _user_line(environment: Mapping[str, str]) -> str:
    """Who nginx's worker is when root starts it.

    A checkout in root's home can be read by root only, so the worker stays who it was started as, unless `NGINX_USER` says
    otherwise.
    """
    if os.geteuid() != 0:
        return "# Started by an ordinary user, who the worker is as well."
    return f"user {environment.get('NGINX_USER') or pwd.getpwuid(os.geteuid()).pw_name};"


def _hsts_line(public_url: str) -> str:
    if not public_url.startswith("https://"):
        return "# Strict-Transport-Security is for PUBLIC_URLs with https."
    return 'add_header Strict-Transport-Security "max-age=31536000" always;'


def main() -> int:
    """Render for the process's environment; with `--start` become nginx."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="run folder; made when it does not exist")
    parser.add_argument("--start", action="store_true", help="become nginx in the foreground")
    arguments = parser.parse_args()
    try:
        command = render(os.environ, arguments.folder)
    except RenderError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.start:
        os.execv(command[0], command)  # noqa: S606 - a list of our own making, without a shell
    print(" ".join(command))
    return 0


if __name__ == "__main__":
    sys.exit(main())
