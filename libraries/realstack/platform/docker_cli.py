"""The few commands of `docker` and `docker compose` that the compose driver needs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realstack.core import programs
from realstack.core.errors import StackError, explain
from realstack.secrets import secrets

COMMAND_SECONDS = 30.0
"""How long a command may take that works on containers which exist."""

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
        exit_code: How it ended.
    """

    id: str
    running: bool
    paused: bool
    pid: int
    exit_code: int


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
        self._compose = [self._docker, "compose", "-p", project, "--env-file", str(environment), "-f", str(file)]

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

    async def container(self, service: str) -> Container | None:
        """The container of a service; None when there is none."""
        found = (await self.compose("ps", "--all", "--quiet", service)).split()
        if not found:
            return None
        told: dict[str, Any] = json.loads(await self.run("inspect", "--format", "{{json .State}}", found[0]))
        return Container(found[0], told["Running"], told["Paused"], told["Pid"], told["ExitCode"])

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
