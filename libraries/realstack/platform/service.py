"""What the embedded driver must know of a service, whatever it is."""

from __future__ import annotations

import os
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe

from realstack.core.errors import StackError, explain
from realstack.platform.ports import PortLocks
from realstack.secrets import secrets as run_secrets


class NotReady(Exception):
    """The service does not answer as it should yet; the text says what it did instead."""


@dataclass(frozen=True, slots=True)
class Command:
    """How a service's process is started.

    Attributes:
        argv: Program and arguments.
        env: Its whole environment.
        cwd: Its working folder, inside the run's data folder.
        user: Account to run as; the caller's when None.
    """

    argv: list[str]
    env: dict[str, str]
    cwd: Path
    user: str | None = None


class Credentials:
    """Passwords made for this run; asked for by name, made at first use, never shown.

    All of them are remembered as secrets of the run, so that every log is masked. Safe from any thread: services that share one
    are started side by side.
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self._known)})"

    def __getitem__(self, name: str) -> str:
        with self._lock:
            if name not in self._known:
                self._known[name] = run_secrets.remember(token_urlsafe(24), f"password '{name}' of the platform", lasting=True)
            return self._known[name]


@dataclass
class Stack:
    """What the services of one run share.

    Attributes:
        folder: The run's data folder.
        logs: Where the services' logs are kept after the run.
        ports: The run's ports.
        sources: The folder with the platform's sources.
        cache: Folder for what a later run can use again.
        shared_folders: Names of the folders that services have in common.
        fixed_ports: Ports that the platform's YAML file asks for, by service; the run holds them already.
        settings: Environment variables by service or group, over the services' own defaults.
        content: What the platform's YAML file says, of which a plug-in may know parts of its own.
        credentials: The run's passwords.
        services: All services by name, in the order in which they were described.
    """

    folder: Path
    logs: Path
    ports: PortLocks
    sources: Path
    cache: Path
    shared_folders: Collection[str] = ()
    fixed_ports: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    content: Mapping[str, object] = field(default_factory=dict)
    credentials: Credentials = field(default_factory=Credentials)
    services: dict[str, Service] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Service:
        return self.services[name]

    def shared_folder(self, name: str) -> Path:
        """A folder that services share; made at first use.

        Raises:
            StackError: There is none of that name.
        """
        if name not in self.shared_folders:
            raise StackError(explain(f"a folder that services share: {', '.join(self.shared_folders)}", f"'{name}'"))
        folder = self.folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder


class Service(ABC):
    """One server of the platform.

    Args:
        stack: What it shares with the others; it adds itself there.
        name: Its name, such as `backend-1`.
        group: What it is a replica of, such as `backend`; its own name when it is the only one.

    Attributes:
        settings: Environment variables changed by a test.
    """

    host = "127.0.0.1"
    scheme = "http"
    store = False
    """Whether others keep their data in it, so that it is stopped after them."""
    needs: tuple[str, ...] = ()
    """Services that must be healthy before this one is started."""
    busy_start = False
    """Whether its start keeps a core busy all the while."""
    stop_signal = signal.SIGTERM
    stop_seconds = 5.0
    """How long it may take to stop in good order."""
    end_signal = signal.SIGKILL
    """What the reaper sends first when the run was killed."""
    reloads = False
    """Whether it reads its files again on `SIGHUP`; most programs end on it."""

    def __init__(self, stack: Stack, name: str, group: str | None = None) -> None:
        self.stack = stack
        self.name = name
        self.group = group or name
        fixed = stack.fixed_ports.get(name)
        self.port = stack.ports.take() if fixed is None else fixed
        self.settings: dict[str, str] = {}
        self.folder = stack.folder / name
        stack.services[name] = self

    @property
    def url(self) -> str:
        """Its address without credentials."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def credential_url(self) -> str:
        """Its address with the tests' own credentials, where it has any; never to be logged."""
        return self.url

    @property
    def log(self) -> Path:
        """The file that its output goes to."""
        return self.stack.logs / f"{self.name}.log"

    @abstractmethod
    def prepare(self) -> None:
        """Make its data folder and files, before its first start; may block."""

    @abstractmethod
    def command(self) -> Command:
        """How it is started now, with its current settings."""

    @abstractmethod
    async def probe(self) -> None:
        """Ask it, by its own protocol, whether it can do its work.

        Raises:
            NotReady: It can't yet.
            OSError: It can't be reached.
        """

    @abstractmethod
    async def version(self) -> str:
        """The version that the running server tells."""

    def effective(self, defaults: Mapping[str, str]) -> dict[str, str]:
        """Environment variables: defaults, then the platform's settings for its group and itself, then a test's changes."""
        merged = dict(defaults)
        for layer in (self.stack.settings.get(self.group, {}), self.stack.settings.get(self.name, {}), self.settings):
            merged.update(layer)
        return merged

    def make_folder(self, mode: int = 0o700, owner: tuple[int, int] | None = None) -> Path:
        """Make its data folder."""
        self.folder.mkdir(mode=mode, exist_ok=True)
        self.folder.chmod(mode)
        if owner is not None and os.geteuid() == 0:
            os.chown(self.folder, *owner)
        return self.folder


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def base_environment(folder: Path) -> dict[str, str]:
    """The little that every process gets: the run's own environment holds things that are none of a service's business."""
    return {
        "PATH": os.environ.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": str(folder),
        "TMPDIR": str(folder),
    }
