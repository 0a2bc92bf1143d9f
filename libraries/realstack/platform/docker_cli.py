"""The few commands of `docker` and `docker compose` that the compose driver needs."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realstack.core import programs
from realstack.core.errors import StackError, explain
from realstack.secrets import secrets

COMMAND_SECONDS = 30.0
"""How long a command may take that works on containers which exist."""

IMAGES = "realstack-images"
"""The project that images are made under."""

BUILD_SECONDS = 900.0
"""How long making images may take, the first time."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container's state as Docker tells it.

    Attributes:
        id: Its id.
        running: Whether it runs, paused or not.
        paused: Whether it stands still.
        pid: Its first process on the host; 0 when it has none.
        exit_code: How it ended, below zero by a signal.
        published: Where ports of it are reached from this machine: address and port, by the port inside.
        addresses: Its addresses in the networks that it has of its own; none where it shares this machine's.
        gateways: This machine's addresses in those.
    """

    id: str
    running: bool
    paused: bool
    pid: int
    exit_code: int
    published: Mapping[int, tuple[str, int]]
    addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()


def made_here(images: Collection[str]) -> set[str]:
    """Which of these images this machine has made by itself: those that it has, and that no registry has a digest of.

    Where no registry is reached, images are made under the names of those that would be fetched.

    Raises:
        StackError: Docker is not installed.
    """
    if not images:
        return set()
    argv = [programs.program("docker", "docker.io"), "image", "inspect", "--format", "{{json .}}", *sorted(images)]
    # Of images that it has not, it complains after it has told of all others.
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS, stdin=subprocess.DEVNULL)
    told = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    return {tag for image in told if not image.get("RepoDigests") for tag in image.get("RepoTags") or () if tag in images}


class Docker:
    """Commands on one Compose project.

    Args:
        project: The project's name, which bears the run's id.
        file: The compose file.
        environment: File with the variables that the compose file asks for; private.

    Raises:
        StackError: Docker is not installed.
    """

    def __init__(self, project: str, file: Path, environment: Path) -> None:
        self.project = project
        self.file = file
        self._docker = programs.program("docker", "docker.io")
        self._file = ["--env-file", str(environment), "-f", str(file)]
        self._compose = [self._docker, "compose", "-p", project, *self._file]

    async def run(self, *words: str, seconds: float = COMMAND_SECONDS) -> str:
        """Run `docker …` and return what it printed.

        Raises:
            StackError: It failed or took too long; the text has the end of what it said, masked.
        """
        return await self._execute([self._docker, *words], seconds)

    async def compose(self, *words: str, overrides: Sequence[Path] = (), seconds: float = COMMAND_SECONDS) -> str:
        """Run `docker compose …` on the project; see `run`."""
        more = [word for file in overrides for word in ("-f", str(file))]
        return await self._execute([*self._compose, *more, *words], seconds)

    async def build(self) -> None:
        """Make the images of the compose file, as far as something of them has changed.

        Compose writes the project's name into them: with a run's, each run would leave images of its own behind.
        """
        await self._execute([self._docker, "compose", "-p", IMAGES, *self._file, "build"], BUILD_SECONDS)

    def name_of(self, service: str) -> str:
        """The name that Compose gives the one container of a service. By it, Docker answers in a fifth of Compose's time."""
        return f"{self.project}-{service}-1"

    async def container(self, service: str) -> Container | None:
        """The container of a service; None when there is none."""
        name = self.name_of(service)
        if not (await self.run("ps", "--all", "--quiet", "--filter", f"name=^{name}$")).strip():
            return None
        told: dict[str, Any] = json.loads(await self.run("container", "inspect", "--format", "{{json .}}", name))
        state, settings = told["State"], told["NetworkSettings"]
        networks = (settings["Networks"] or {}).values()
        return Container(
            told["Id"],
            state["Running"],
            state["Paused"],
            state["Pid"],
            _exit_code(state["ExitCode"]),
            dict(_published(settings["Ports"] or {})),
            tuple(_filled(networks, "IPAddress", "GlobalIPv6Address")),
            tuple(_filled(networks, "Gateway", "IPv6Gateway")),
        )

    async def running(self) -> set[str]:
        """The services whose containers run, paused ones included: one look for all of them."""
        project = f"label=com.docker.compose.project={self.project}"
        told = await self.run("ps", "--filter", project, "--format", '{{.Label "com.docker.compose.service"}}')
        return set(told.split())

    async def logs(self, service: str, *words: str) -> str:
        """What a service has logged, by options of `docker compose logs`; not masked yet."""
        text = await self.compose("logs", "--no-color", "--no-log-prefix", *words, service)
        # Compose 2.25 and 2.26 clear the terminal's line before each line of a log.
        return text.replace("\x1b[2K", "")

    async def _execute(self, argv: list[str], seconds: float) -> str:
        shown = " ".join(argv)
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
        except OSError as error:
            raise StackError(
                explain(f"'{shown}' starts.", str(error), remedy="Install Docker with its Compose plugin.")
            ) from error
        try:
            async with asyncio.timeout(seconds):
                output, errors = await process.communicate()
        except TimeoutError as error:
            raise StackError(explain(f"'{shown}' ends within {seconds:g} s.", "It does not.")) from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            said = secrets.scrub((errors or output).decode("utf-8", "replace")[-2000:].strip())
            raise StackError(explain(f"'{shown}' succeeds.", f"It ended with {process.returncode}.", evidence=said))
        return output.decode("utf-8", "replace")


def _exit_code(told: int) -> int:
    """As Python has it: below zero for a signal, of which Docker tells 128 and its number."""
    return 128 - told if told > 128 else told


def _published(ports: Mapping[str, list[dict[str, str]] | None]) -> Iterator[tuple[int, tuple[str, int]]]:
    for inside, bound in ports.items():
        number, _, protocol = inside.partition("/")
        if bound and protocol == "tcp":
            yield int(number), (bound[0]["HostIp"], int(bound[0]["HostPort"]))


def _filled(networks: Collection[Mapping[str, Any]], *names: str) -> Iterator[str]:
    yield from (network[name] for network in networks for name in names if network.get(name))
