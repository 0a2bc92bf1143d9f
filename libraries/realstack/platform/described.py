"""A platform that is described in YAML: `processes` of the embedded driver, in the place of a plug-in.

```yaml
driver: embedded
sources: ../../../examples/mine
processes:
  postgres: {is: postgresql, database: main, schema: schema.sql}
  frontend:
    packages: requirements.lock
    command: [my-server, --port, "{port}", "{sources}/app.py"]
    environment: {DATABASE_URL: "{postgres}", SESSION_SECRET: "{password}"}
    needs: [postgres]
    health: /health
    version: my-server
```
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realstack.core import programs
from realstack.core.errors import StackError, explain
from realstack.platform import checks
from realstack.platform.postgresql import PostgreSQL
from realstack.platform.probes import expect_200
from realstack.platform.service import Command, Service, Stack, base_environment

FIELDS = {"command", "environment", "needs", "health", "packages", "version", "group"}
"""What may be said of a program."""
INSTALL_SECONDS = 1800
"""How long packages may take to be downloaded and installed, once for all runs."""
LAST_LINES = 2000
"""How much of what an installation said is shown when it failed, in characters."""


@dataclass
class Described:
    """The plug-in of a platform whose file says all that there is to say.

    Args:
        processes: What each service is, by name.
        file: The file's name, for errors.

    Raises:
        StackError: A service is not described as it must be.
    """

    processes: Mapping[str, Mapping[str, Any]]
    file: str

    def __post_init__(self) -> None:
        self.SHARED_FOLDERS: Sequence[str] = ()
        for name, said in self.processes.items():
            known = {"is", "database", "schema"} if isinstance(said, Mapping) and "is" in said else FIELDS
            whole = isinstance(said, Mapping) and (said.get("is") == "postgresql" or isinstance(said.get("command"), list))
            if not whole or set(said) - known:
                raise StackError(
                    explain(
                        f"'processes: {name}' in {self.file} has a list 'command' and perhaps "
                        f"{', '.join(sorted(FIELDS - {'command'}))}; or 'is: postgresql' and perhaps 'database' and 'schema'.",
                        f"It has {', '.join(map(str, said)) or 'nothing'}." if isinstance(said, Mapping) else f"It is {said!r}.",
                    )
                )

    def check(self, sources: Path) -> Sequence[checks.Problem]:
        """What is missing on this machine."""
        problems: list[checks.Problem] = []
        if any(said.get("is") == "postgresql" for said in self.processes.values()):
            problems += checks.check_programs([checks.Program(("postgres",), "postgresql", "PostgreSQL")])
            if os.geteuid() == 0:
                problems += checks.check_reachable(Path(tempfile.gettempdir()))
        return problems

    def describe(self, stack: Stack) -> None:
        """Describe all services in a stack; nothing is started."""
        for name, said in self.processes.items():
            if "is" in said:
                schema = stack.sources / said["schema"] if "schema" in said else None
                PostgreSQL(stack, name, database=str(said.get("database", name)), schema=schema)
            else:
                Program(stack, name, said)

    def environment(self, stack: Stack) -> dict[str, str]:
        """Addresses and passwords; never to be logged."""
        variables: dict[str, str] = {}
        for name, service in stack.services.items():
            begin = name.upper().replace("-", "_")
            password = f"{name}-tester" if isinstance(service, PostgreSQL) else name
            variables |= {f"{begin}_URL": service.credential_url, f"{begin}_PASSWORD": stack.credentials[password]}
        return variables


class Program(Service):
    """One program with an HTTP address.

    Args:
        said: What the file says of it. Texts may name `{host}` and `{port}` of its own, `{folder}` (its data), `{sources}`,
            `{password}` (made for the run), and each service's address by its name, as the platform's own services use it.
    """

    busy_start = True

    def __init__(self, stack: Stack, name: str, said: Mapping[str, Any]) -> None:
        super().__init__(stack, name, said.get("group"))
        self._said = said
        self.needs = tuple(said.get("needs", ()))

    @property
    def _packages(self) -> Path | None:
        said = self._said.get("packages")
        return environment_of(self.stack.sources / said, self.stack.cache) if said else None

    def prepare(self) -> None:
        self.make_folder()
        if self._packages is not None:
            install(self.stack.sources / self._said["packages"], self._packages)

    def command(self) -> Command:
        environment = base_environment(self.folder)
        if self._packages is not None:
            environment["PATH"] = f"{self._packages / 'bin'}{os.pathsep}{environment['PATH']}"
        told = {str(name): self._filled_in(value) for name, value in self._said.get("environment", {}).items()}
        argv = [self._filled_in(word) for word in self._said["command"]]
        argv[0] = shutil.which(argv[0], path=environment["PATH"]) or programs.program(argv[0], argv[0])
        return Command(argv, environment | self.effective({"PYTHONUNBUFFERED": "1", **told}), self.folder)

    def _filled_in(self, text: object) -> str:
        words: dict[str, object] = {
            name: service.service_url if isinstance(service, PostgreSQL) else service.url
            for name, service in self.stack.services.items()
        }
        words |= {"host": self.host, "port": self.port, "folder": self.folder, "sources": self.stack.sources}
        words["password"] = self.stack.credentials[self.name]
        try:
            return str(text).format_map(words)
        except (KeyError, ValueError, IndexError) as error:
            raise StackError(
                explain(
                    f"what is said of '{self.name}' names in braces: {', '.join(words)}.",
                    f"'{text}': {type(error).__name__} {error}.",
                )
            ) from error

    async def probe(self) -> None:
        await expect_200(self.host, self.port, str(self._said.get("health", "/")))

    async def version(self) -> str:
        package = self._said.get("version")
        found = sorted(self._packages.glob(f"lib/python*/site-packages/{package}-*.dist-info")) if self._packages else []
        return f"{package} {found[0].stem.removesuffix('.dist-info').rpartition('-')[2]}" if found else "unknown"


def environment_of(lock: Path, cache: Path) -> Path:
    """Where the virtual environment of a file of pinned packages stands: another file, another environment."""
    recipe = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    return cache / f"packages-{recipe}"


def install(lock: Path, environment: Path) -> None:
    """Make a virtual environment with pinned packages where it is missing; two runs don't make it at the same time.

    Raises:
        StackError: It can't be made; the text holds the end of what pip said.
    """
    environment.parent.mkdir(parents=True, exist_ok=True)
    ready = environment / ".complete"
    with open(environment.with_suffix(".lock"), "a", encoding="ascii") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if ready.exists():
            return
        shutil.rmtree(environment, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(environment)])
        pip = [
            str(environment / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ]
        _run([*pip, "--require-hashes", "-r", str(lock)])
        ready.touch()


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    if done.returncode != 0:
        raise StackError(
            explain(
                f"'{' '.join(command)}' succeeds.",
                f"It ended with {done.returncode}.",
                evidence=(done.stderr or done.stdout)[-LAST_LINES:],
            )
        )
