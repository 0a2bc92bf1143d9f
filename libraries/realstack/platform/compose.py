"""The platform as containers of one Docker Compose project.

The services of the compose file bear the names that the platform's file uses, and publish their ports on this
machine. The project's name bears the run's id, and the lease removes it when the run ends in any way.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.lateness import Late
from realstack.core.waiting import Deadline, poll
from realstack.lease.actions import compose_down
from realstack.platform import checks, logs
from realstack.platform.config import Setup
from realstack.platform.docker_cli import BUILD_SECONDS, Container, Docker, made_here
from realstack.platform.driver import Death, Driver, Endpoint, LogLine, LogMark, Network, Operation, Receipt, Started, State
from realstack.platform.ports import PortLocks
from realstack.platform.remote import RemoteService, remote_service
from realstack.platform.service import Credentials, NotReady, write_private
from realstack.recording.events import ServiceChanged
from realstack.recording.recorder import recorder
from realstack.secrets import secrets

if TYPE_CHECKING:
    from realstack.lease.lease import Lease

START_SECONDS = 60.0
LAST_LINES = 20
INITS = ("docker-init", "tini")
"""Names of a container's first process under `init: true`, which only waits for the service's own."""


def create(setup: Setup) -> Driver:
    """Make the driver of a platform's file; nothing is started yet.

    Raises:
        StackError: Something is not in place; the text lists all of it with the remedies.
    """
    checks.demand(checks.check_compose(setup.needs) + checks.check_folders([setup.logs]))
    from realstack.lease.lease import current_lease  # noqa: PLC0415 -- what only Linux has

    file = setup.file.name
    compose_file = setup.path("file", "compose.yaml")
    if not compose_file.exists():
        raise StackError(explain(f"'file' in {file} is a compose file.", f"There is no '{compose_file}'."))
    credentials = Credentials()
    ports = PortLocks()
    # A container's published port must be free when Docker binds it, so it is only looked for, not held.
    published = {str(variable): str(ports.take()) for variable in setup.content.get("ports") or []}
    ports.release()
    passwords = {str(variable): credentials[str(name)] for variable, name in setup.section("passwords").items()}
    variables = setup.filled_in("variables", setup.section("variables"))
    if image_tag := setup.content.get("image_tag"):
        # Checkouts side by side have images of their own.
        variables[str(image_tag)] = hashlib.sha256(str(compose_file).encode()).hexdigest()[:12]
    images = {str(variable): str(image) for variable, image in setup.section("images").items()}
    own = made_here(images.values())
    variables |= {variable: image for variable, image in images.items() if image in own}
    services = {name: remote_service(name, entry, passwords, file) for name, entry in setup.section("services").items()}
    shared = {name: _shared_folder(name, entry, services, file) for name, entry in setup.section("folders").items()}
    lease = current_lease(setup.logs / "reaper.log")
    environment = lease.folder / "compose.env"
    write_private(environment, "".join(f"{name}={value}\n" for name, value in {**variables, **published, **passwords}.items()))
    docker = Docker(f"realstack-{lease.run_id}", compose_file, environment)
    problems = checks.check_faults_of_containers()
    unbreakable = " ".join(f"{problem.what} {problem.remedy}".strip() for problem in problems)
    return ComposeDriver(docker, services, lease, credentials, setup.logs, shared=shared, unbreakable=unbreakable)


def _shared_folder(name: str, entry: object, services: Collection[str], file: str) -> tuple[str, str]:
    if isinstance(entry, Mapping) and entry.get("service") in services and str(entry.get("path") or "").startswith("/"):
        return str(entry["service"]), str(entry["path"])
    raise StackError(
        explain(f"'folders: {name}' in {file} has a 'service' of this file and an absolute 'path' in it.", f"It is {entry!r}.")
    )


class ComposeDriver(Driver):
    """Runs a Compose project.

    Args:
        docker: The project's commands.
        services: The services by name; their URLs' ports are those inside the containers.
        lease: What the project hangs on.
        credentials: The run's passwords.
        folder: For the logs that are kept.
        shared: Where folders that services share are: a service that has it, and its path in there, by the folder's name.
        unbreakable: Why links can't be broken; empty where they can.
    """

    name = "compose"
    can = frozenset(Operation) - {Operation.RELOAD}

    def __init__(
        self,
        docker: Docker,
        services: Mapping[str, RemoteService],
        lease: Lease,
        credentials: Credentials,
        folder: Path,
        *,
        shared: Mapping[str, tuple[str, str]],
        unbreakable: str = "",
    ) -> None:
        self._unbreakable = unbreakable
        if unbreakable:
            self.can -= {Operation.FAULTS}
        self._docker = docker
        self._services = dict(services)
        self._inside = {name: service.endpoint.port for name, service in services.items()}
        self._lease = lease
        self._credentials = credentials
        self._folder = folder
        self._shared = dict(shared)
        self._settings: dict[str, dict[str, str]] = {}
        self._made_with: dict[str, dict[str, str]] = {}
        self._pids: dict[str, list[int]] = {}
        self._networks: dict[str, Network] = {}
        self._down: set[str] = set(services)
        self._paused: set[str] = set()

    def services(self) -> list[str]:
        return list(self._services)

    def group_of(self, service: str) -> str:
        return self._services[service].group

    async def start(self, report: Callable[[Started], None], only: Collection[str] | None = None) -> None:
        """Make the images where they are missing, start the containers, and wait for their health."""
        names = [name for name in self._services if only is None or name in only]
        began = time.monotonic()
        self._lease.on_end(compose_down(self._docker.project))
        await self._docker.build()
        # Images that are made elsewhere may have to be fetched.
        await self._docker.compose("up", "--detach", "--no-build", "--no-recreate", *names, seconds=BUILD_SECONDS)
        made = time.monotonic()
        self._down -= set(names)

        async def find(name: str) -> None:
            await self._locate(name)
            await self.wait_healthy(name, START_SECONDS)
            now = time.monotonic()
            service = self._services[name]
            first = next(iter(self._pids[name]), None)
            report(Started(name, await service.version(), first, service.endpoint, made - began, now - made, now - began))

        await asyncio.gather(*map(find, names))

    async def _locate(self, name: str) -> None:
        """Find out where a container's port is published now, and which processes it has."""
        service, inside = self._services[name], self._inside[name]
        container = await self._docker.container(name)
        if container is None or inside not in container.published:
            seen = "It does not." if container is not None and container.running else f"The container of {name} does not run."
            text = secrets.scrub(await self._docker.logs(name, "--tail", str(LAST_LINES)))
            evidence = f"the end of its log:\n{text}"
            raise StackFailure(explain(f"the compose file publishes port {inside} of {name}.", seen, evidence=evidence))
        host, port = container.published[inside]
        parts = urlsplit(service.url)
        where = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host  # noqa: S104 -- compared, not listened on
        self._services[name] = replace(service, url=parts._replace(netloc=f"{where}:{port}").geturl())
        await self._look_at_processes(name, container)

    async def _look_at_processes(self, name: str, container: Container | None) -> None:
        self._networks.pop(name, None)  # it has another one after each start
        if container is None or not container.running:
            self._pids[name] = []
            return
        if container.addresses:
            self._networks[name] = Network(container.pid, self._inside[name], container.addresses, container.gateways)
        table = await self._docker.run("top", container.id, "-eo", "pid,comm")
        found = {int(pid): command.strip() for pid, command in (line.split(None, 1) for line in table.splitlines()[1:])}
        self._pids[name] = sorted(found, key=lambda pid: (found[pid] in INITS, pid != container.pid))

    async def end(self) -> list[str]:
        """Keep the logs, then remove the project with all that it made."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in self._services:
            if name not in self._down:
                text = await self._docker.logs(name, "--timestamps")
                (self._folder / f"{name}.log").write_text(secrets.scrub(text), encoding="utf-8")
        return await asyncio.to_thread(self._lease.close)

    def url(self, service: str) -> str:
        return self._services[service].url

    def credential_url(self, service: str) -> str:
        return self._services[service].credential_url

    def credential(self, name: str) -> str:
        return self._credentials[name]

    def endpoints(self) -> list[Endpoint]:
        return [service.endpoint for service in self._services.values()]

    def refusal(self, operation: Operation) -> str:
        return self._unbreakable if operation is Operation.FAULTS and self._unbreakable else super().refusal(operation)

    def network(self, service: str) -> Network | None:
        return None if service in self._down else self._networks.get(service)

    async def problem(self, service: str) -> str | None:
        try:
            await self._services[service].probe()
        except (NotReady, OSError) as error:
            return str(error) or type(error).__name__
        return None

    async def wait_healthy(self, service: str, seconds: float) -> None:
        healthy, problem = await poll(lambda: self.problem(service), lambda seen: seen is None, Deadline(seconds), pause=0.05)
        if not healthy:
            text = await self._docker.logs(service, "--tail", str(LAST_LINES))
            raise Late(
                explain(
                    f"{service} becomes healthy.",
                    f"After {seconds:g} s: {problem}.",
                    evidence=f"the end of its log:\n{secrets.scrub(text)}",
                )
            )

    async def version(self, service: str) -> str:
        try:
            return await self._services[service].version()
        except (NotReady, OSError) as error:
            raise StackFailure(explain(f"{service} tells its version.", str(error) or type(error).__name__)) from error

    def pids(self, service: str) -> list[int]:
        return list(self._pids.get(service, []))

    def state(self, service: str) -> State:
        return State(service not in self._down, service in self._paused, dict(self._settings.get(service, {})))

    def set_settings(self, service: str, settings: Mapping[str, str]) -> None:
        self._settings[service] = dict(settings)

    async def start_service(self, service: str) -> Receipt:
        """Start the container; made anew, with its volumes, where its settings are others now."""
        began = time.monotonic()
        settings = self._settings.get(service, {})
        if settings == self._made_with.get(service, {}) and await self._docker.container(service) is not None:
            await self._docker.run("start", self._docker.name_of(service))
        else:
            await self._make_anew(service, settings)
        self._down.discard(service)
        await self._locate(service)
        return self._receipt(service, "started", "running", began=began)

    async def _make_anew(self, service: str, settings: dict[str, str]) -> None:
        override = self._lease.folder / f"{service}.json"
        # JSON is YAML: Compose reads it.
        override.write_text(json.dumps({"services": {service: {"environment": settings}}}), encoding="utf-8")
        await self._docker.compose("up", "--detach", "--no-deps", "--no-build", service, overrides=[override])
        self._made_with[service] = dict(settings)

    async def stop_service(self, service: str) -> Receipt:
        return await self._control(service, "stopped", "gone", "stop", "-t", "5", after=self._gone)

    async def kill_service(self, service: str) -> Receipt:
        return await self._control(service, "killed", "gone", "kill", "--signal", "SIGKILL", after=self._gone)

    async def pause_service(self, service: str) -> Receipt:
        return await self._control(service, "paused", "frozen", "pause", after=self._paused.add)

    async def resume_service(self, service: str) -> Receipt:
        # Docker refuses to let go on what does so already; elsewhere, that is no error.
        words = ["unpause"] if service in self._paused else []
        return await self._control(service, "resumed", "running", *words, after=self._paused.discard)

    def _gone(self, service: str) -> None:
        self._down.add(service)
        self._paused.discard(service)  # it goes on, when it is started again

    async def _control(self, service: str, what: str, wanted: str, *words: str, after: Callable[[str], None]) -> Receipt:
        began = time.monotonic()
        pids = self.pids(service)
        after(service)
        if words:
            await self._docker.run(*words, self._docker.name_of(service))
        container = await self._docker.container(service)
        seen = "gone" if container is None or not container.running else "frozen" if container.paused else "running"
        if seen != wanted:
            raise StackFailure(explain(f"{service} is {what}.", f"Docker says that it is {seen}."))
        await self._look_at_processes(service, container)
        code = container.exit_code if container is not None and seen == "gone" else None
        return self._receipt(service, what, seen, began=began, code=code, pids=pids)

    def _receipt(
        self, service: str, what: str, seen: str, *, began: float, code: int | None = None, pids: list[int] | None = None
    ) -> Receipt:
        hit = tuple(self.pids(service) if pids is None else pids)
        receipt = Receipt(service, what, hit, seen, code, began, time.monotonic() - began)
        recorder.record(ServiceChanged(service, what, list(hit), seen, code))
        return receipt

    async def reload_service(self, service: str) -> Receipt:
        self.demand(Operation.RELOAD, service)  # its files are inside the container, where tests can't change them
        raise AssertionError(service)

    async def shared_folder(self, name: str) -> Path:
        if name not in self._shared:
            known = ", ".join(self._shared) or "none"
            raise StackError(explain(f"the platform's file names a folder '{name}'.", f"It names {known}."))
        service, path = self._shared[name]
        container = await self._docker.container(service)
        if container is None:
            raise StackError(explain(f"a container of {service}, which has the folder '{name}'.", "There is none."))
        copy = self._lease.folder / "copies" / name
        await asyncio.to_thread(shutil.rmtree, copy, ignore_errors=True)
        copy.mkdir(parents=True, mode=0o700)
        await self._docker.run("cp", f"{container.id}:{path.rstrip('/')}/.", str(copy))
        return copy

    async def deaths(self) -> list[Death]:
        found: list[Death] = []
        for name in sorted(set(self._services) - self._down - await self._docker.running()):
            container = await self._docker.container(name)
            if container is not None and not container.running:
                self._gone(name)
                pid = next(iter(self._pids.get(name, [])), 0)
                text = await self._docker.logs(name, "--tail", str(LAST_LINES))
                found.append(Death(name, pid, container.exit_code, time.monotonic(), secrets.scrub(text)))
        return found

    def mark_logs(self) -> LogMark:
        return dict.fromkeys(self._services, round(time.time() * 1000))

    async def log(self, service: str, since: LogMark | None = None) -> list[LogLine]:
        begin = [] if since is None else ["--since", datetime.fromtimestamp(since[service] / 1000, UTC).isoformat()]
        text = await self._docker.logs(service, *begin)
        return list(logs.lines(service, logs.split(text), secrets.scrub))
