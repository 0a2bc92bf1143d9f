"""What every platform driver offers, wherever the platform runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from realstack.core.errors import StackError, explain


class Operation(Enum):
    """What may be done to a service; the value is the tag of the tests that need it."""

    RESTART = "needs-restart"
    KILL = "needs-kill"
    PAUSE = "needs-pause"
    RELOAD = "needs-reload"
    FAULTS = "needs-faults"
    LOGS = "needs-logs"
    PROCESSES = "needs-processes"
    FOLDERS = "needs-folders"


_MEANING = {
    Operation.RESTART: "stop and start it, also with other settings",
    Operation.KILL: "kill it",
    Operation.PAUSE: "let it stand still with its connections open",
    Operation.RELOAD: "let it read its files again while it runs",
    Operation.FAULTS: "break its links",
    Operation.LOGS: "read its log",
    Operation.PROCESSES: "look at its processes",
    Operation.FOLDERS: "look into folders that services share",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that a service listens on.

    Attributes:
        service: Which service.
        host: Its address.
        port: Its port.
    """

    service: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.service} ({self.host}:{self.port})"


@dataclass(frozen=True, slots=True)
class Network:
    """The network that a service has for itself, in the kernel of this machine.

    Attributes:
        pid: A process in it.
        port: What the service listens on in there, whatever its endpoint's port is.
        addresses: Its addresses there.
        gateways: The addresses from which those come who use the endpoint.
    """

    pid: int
    port: int
    addresses: tuple[str, ...]
    gateways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Started:
    """A service that came up.

    Attributes:
        service: Its name.
        version: What it says it is.
        pid: Its process; None where the driver can't see it.
        endpoint: Where it listens.
        prepared: Seconds for making its data.
        took: Seconds from its start until it was healthy.
        at: Seconds since the whole start began.
    """

    service: str
    version: str
    pid: int | None
    endpoint: Endpoint
    prepared: float
    took: float
    at: float

    def __str__(self) -> str:
        pid = "" if self.pid is None else f"PID {self.pid}, "
        return f"{self.service:<17} {self.took:5.2f} s   {self.version}, {pid}port {self.endpoint.port}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that something was really done to a service.

    Attributes:
        service: Which service.
        what: `started`, `stopped`, `killed`, `paused`, `resumed` or `reloaded`.
        pids: The processes that it happened to, the service's own first.
        seen: What the system says about them now, such as `gone` or `state T`.
        exit_code: How the service's own process ended; negative: the signal. None while it lives.
        began: When it was ordered, on the monotonic clock.
        took: Seconds until it was seen.
    """

    service: str
    what: str
    pids: tuple[int, ...]
    seen: str
    exit_code: int | None
    began: float
    took: float

    def __str__(self) -> str:
        code = "" if self.exit_code is None else f", exit code {self.exit_code}"
        pids = f"PID {', '.join(map(str, self.pids))} " if self.pids else ""
        return f"{self.service} {self.what}: {pids}{self.seen}{code}, {self.took * 1000:.0f} ms"


@dataclass(frozen=True, slots=True)
class State:
    """How a service stands; what a test changed is brought back to how it stood before.

    Attributes:
        running: Whether its process runs, paused or not.
        paused: Whether it stands still.
        settings: Environment variables that differ from the platform's own.
    """

    running: bool
    paused: bool
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Death:
    """A service that ended although nobody asked it to.

    Attributes:
        service: Which service.
        pid: Its process.
        exit_code: How it ended; negative: the signal.
        at: When, on the monotonic clock.
        log: The end of its log, masked.
    """

    service: str
    pid: int
    exit_code: int
    at: float
    log: str

    def __str__(self) -> str:
        how = f"by signal {-self.exit_code}" if self.exit_code < 0 else f"with exit code {self.exit_code}"
        return f"{self.service} (PID {self.pid}) ended {how}, and no test asked it to. The end of its log:\n{self.log}"


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a service's log.

    Attributes:
        at: When it was written, in UTC; None when neither the line nor one before it says so.
        service: Which service.
        text: The line, with every password of this run masked.
    """

    at: datetime | None
    service: str
    text: str

    def __str__(self) -> str:
        return f"{self.service:<17} {self.text}"


LogMark = Mapping[str, int]
"""A moment in the services' logs: how far each had come, in bytes (compose: in milliseconds since the epoch)."""


class Driver(ABC):
    """Where the platform runs and what can be done to it.

    Coroutines run on the background loop; the other methods answer at once.

    Class attributes:
        name: The driver's name, as in `PLATFORM`.
        can: The operations that it offers.
        runs_here: Whether the services run on this machine's cores, which other runs may need.
    """

    name: str
    can: frozenset[Operation]
    runs_here = True

    @abstractmethod
    def services(self) -> list[str]:
        """Names of all services."""

    @abstractmethod
    def group_of(self, service: str) -> str:
        """What a service is a replica of; its own name when it is the only one."""

    @abstractmethod
    async def start(self, report: Callable[[Started], None], only: Collection[str] | None = None) -> None:
        """Start all services (or those named) and wait until each is healthy.

        Raises:
            StackFailure: One did not become healthy.
        """

    @abstractmethod
    async def end(self) -> list[str]:
        """Stop everything in good order; returns what did not go well, a sentence each."""

    @abstractmethod
    def url(self, service: str) -> str:
        """A service's address without credentials."""

    @abstractmethod
    def credential_url(self, service: str) -> str:
        """A service's address with the tests' credentials; never to be logged."""

    @abstractmethod
    def credential(self, name: str) -> str:
        """A credential of the platform by name, such as `idp-scim`; never to be logged."""

    @abstractmethod
    def endpoints(self) -> list[Endpoint]:
        """The addresses that this driver owns; faults may hit these and no others. Empty where it owns none."""

    def network(self, service: str) -> Network | None:
        """The network that a service has for itself; None where it shares the tests', or does not run."""
        return None

    @abstractmethod
    async def problem(self, service: str) -> str | None:
        """Ask a service for its health, once; None when it is healthy."""

    @abstractmethod
    async def wait_healthy(self, service: str, seconds: float) -> None:
        """Wait until a service is healthy.

        Raises:
            StackFailure: It is not in time, or its process ended.
        """

    @abstractmethod
    async def version(self, service: str) -> str:
        """The version that the running service tells."""

    @abstractmethod
    def pids(self, service: str) -> list[int]:
        """A service's processes, its own first; empty while it is down."""

    @abstractmethod
    def state(self, service: str) -> State:
        """How a service stands now."""

    @abstractmethod
    def set_settings(self, service: str, settings: Mapping[str, str]) -> None:
        """Set the environment variables that differ from the platform's own, from the next start on."""

    @abstractmethod
    async def start_service(self, service: str) -> Receipt:
        """Start one service that is down; does not wait for its health."""

    @abstractmethod
    async def stop_service(self, service: str) -> Receipt:
        """Ask one service to stop (`SIGTERM`) and wait until it has."""

    @abstractmethod
    async def kill_service(self, service: str) -> Receipt:
        """End one service and all its processes at once (`SIGKILL`)."""

    @abstractmethod
    async def pause_service(self, service: str) -> Receipt:
        """Let all processes of a service stand still (`SIGSTOP`)."""

    @abstractmethod
    async def resume_service(self, service: str) -> Receipt:
        """Let a paused service go on (`SIGCONT`)."""

    @abstractmethod
    async def reload_service(self, service: str) -> Receipt:
        """Let a service read its files again while it runs (`SIGHUP`); its log tells when it has.

        Raises:
            StackError: It is none that does.
        """

    @abstractmethod
    async def shared_folder(self, name: str) -> Path:
        """A folder that services share, such as `files`, as this process can read it: the folder itself, or a fresh copy.

        Raises:
            StackError: There is none of that name, or it can't be reached.
        """

    @abstractmethod
    async def deaths(self) -> list[Death]:
        """The services that ended unasked since the last call."""

    @abstractmethod
    def mark_logs(self) -> LogMark:
        """This moment in all logs."""

    @abstractmethod
    async def log(self, service: str, since: LogMark | None = None) -> list[LogLine]:
        """The lines of a service's log since a moment (all of this run's when not given)."""

    def resolve(self, name: str) -> list[str]:
        """The services that a name means: the one of that name, or all replicas of that group.

        Raises:
            StackError: There is neither.
        """
        services = self.services()
        if name in services:
            return [name]
        replicas = [service for service in services if self.group_of(service) == name]
        if replicas:
            return replicas
        groups = sorted({self.group_of(service) for service in services} - set(services))
        known = f"Services are: {', '.join(services)}." + (f" Groups are: {', '.join(groups)}." if groups else "")
        raise StackError(f"There is no service '{name}'. {known}")

    def one(self, name: str) -> str:
        """The single service that a name means; the first replica of a group."""
        return self.resolve(name)[0]

    def refusal(self, operation: Operation) -> str:
        """Why an operation is not possible here."""
        return f"The platform driver '{self.name}' can't {_MEANING[operation]}: it has no hold of the services."

    def demand(self, operation: Operation, service: str) -> None:
        """Make sure that an operation is possible here.

        Raises:
            StackError: It is not; the text names the tag of the tests that need it.
        """
        if operation not in self.can:
            raise StackError(
                explain(
                    f"the tests can {_MEANING[operation]} ('{service}').",
                    self.refusal(operation),
                    remedy=f"Leave out the tests that need it: robot --exclude {operation.value} suites/; "
                    "or run them on --variable PLATFORM:embedded.",
                )
            )
