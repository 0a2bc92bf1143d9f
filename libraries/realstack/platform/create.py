"""Making the driver that `PLATFORM` names, after looking whether everything is in place."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.core.figures import Figures
from realstack.lease.lease import current_lease
from realstack.platform import checks, config
from realstack.platform.driver import Driver
from realstack.platform.plugin import load as load_plugin

_FOLDERS_OF_THIS_RUN: set[Path] = set()


def create(
    platform: Path,
    figures: Figures,
    output: Path,
    *,
    needs: Collection[str] = (),
    overrides: Mapping[str, Any] | None = None,
) -> Driver:
    """Make a platform's driver; nothing is started yet.

    Args:
        platform: Its YAML file; paths in it are relative to its folder.
        figures: The run's figures.
        output: Folder of the run's results; services' logs go to `services` in it.
        needs: What the tests use beside the platform: `browser`, `faults`.
        overrides: Parts of the platform's file to replace, such as `services` of an external platform; empty ones are ignored.

    Raises:
        StackError: Something is not in place; the text lists all of it with the remedies.
    """
    file = platform.name
    given = {name: value for name, value in (overrides or {}).items() if value}
    content = {**config.load(platform), **given}
    driver = content.get("driver", platform.stem)
    makers = {"embedded": _embedded, "compose": _compose, "external": _external}
    if driver not in makers:
        raise StackError(explain(f"'driver' in {file} is one of {', '.join(makers)}.", f"It is '{driver}'."))
    return makers[driver](content, figures, output, needs, platform)


def _demand(problems: list[checks.Problem]) -> None:
    if problems:
        raise StackError(checks.explain_problems(problems))


def _embedded(content: Mapping[str, Any], figures: Figures, output: Path, needs: Collection[str], platform: Path) -> Driver:
    file = platform.name
    logs = output / "services"
    sources = (platform.parent / str(content.get("sources") or ".")).resolve()
    if not sources.is_dir():
        raise StackError(explain(f"'sources' in {file} is the folder of the platform's sources.", f"There is no '{sources}'."))
    plugin = load_plugin(sources / str(content.get("plugin") or "embedded"))
    _demand([*checks.check_embedded(needs), *plugin.check(sources), *checks.check_folders([logs])])
    from realstack.platform.embedded import EmbeddedDriver  # noqa: PLC0415 -- imports what was just looked for
    from realstack.platform.ports import PortLocks  # noqa: PLC0415
    from realstack.platform.service import Stack  # noqa: PLC0415

    ports = PortLocks()
    fixed = {name: _port(name, value, file) for name, value in config.section(content, "ports", file).items()}
    settings = config.environments(content, figures, file)
    cache = (platform.parent / str(content.get("cache") or ".cache")).resolve()
    try:
        for port in fixed.values():
            ports.take(port)
    except StackError:
        ports.release()
        raise
    _begin_logs(logs)
    lease = current_lease(logs / "reaper.log")
    stack = Stack(
        lease.folder,
        logs,
        ports,
        sources,
        cache,
        shared_folders=plugin.SHARED_FOLDERS,
        fixed_ports=fixed,
        settings=settings,
    )
    try:
        plugin.describe(stack)
        _known_names(stack.services, {service.group for service in stack.services.values()}, {**fixed, **settings}, file)
    except StackError:
        ports.release()
        lease.close()
        raise
    return EmbeddedDriver(stack, lease, plugin)


def _begin_logs(folder: Path) -> None:
    """Make the folder for the services' logs. Logs of an earlier run go; a further platform of this run adds to its own."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder not in _FOLDERS_OF_THIS_RUN:
        _FOLDERS_OF_THIS_RUN.add(folder)
        for log in folder.glob("*.log"):
            log.unlink()


def _port(name: str, value: object, file: str) -> int:
    if isinstance(value, int) and 0 < value < 65536:
        return value
    raise StackError(explain(f"'ports: {name}' in {file} is a number from 1 to 65535.", f"It is {value!r}."))


def _known_names(services: Collection[str], groups: Collection[str], named: Collection[str], file: str) -> None:
    unknown = sorted(set(named) - set(services) - set(groups))
    if unknown:
        raise StackError(
            explain(
                f"{file} names services of the platform: {', '.join(services)}.",
                f"It names {', '.join(unknown)}.",
                remedy="Correct the name, or delete the entry.",
            )
        )


def _compose(content: Mapping[str, Any], figures: Figures, output: Path, needs: Collection[str], platform: Path) -> Driver:
    file = platform.name
    logs = output / "services"
    _demand(checks.check_compose(needs) + checks.check_folders([logs]))
    from realstack.platform.compose import ComposeDriver  # noqa: PLC0415 -- imports what was just looked for
    from realstack.platform.docker_cli import Docker  # noqa: PLC0415
    from realstack.platform.ports import PortLocks  # noqa: PLC0415
    from realstack.platform.remote import remote_service  # noqa: PLC0415
    from realstack.platform.service import Credentials, write_private  # noqa: PLC0415

    compose_file = (platform.parent / str(content.get("file") or "compose.yaml")).resolve()
    if not compose_file.exists():
        raise StackError(explain(f"'file' in {file} is a compose file.", f"There is no '{compose_file}'."))
    credentials = Credentials()
    ports = PortLocks()
    # A container's published port must be free when Docker binds it, so it is only looked for, not held.
    published = {str(variable): str(ports.take()) for variable in content.get("ports") or []}
    ports.release()
    passwords = {str(variable): credentials[str(name)] for variable, name in config.section(content, "passwords", file).items()}
    plain = figures.plain()
    variables = {name: str(value).format_map(plain) for name, value in config.section(content, "variables", file).items()}
    services = {
        name: remote_service(name, entry, passwords, file) for name, entry in config.section(content, "services", file).items()
    }
    lease = current_lease(logs / "reaper.log")
    environment = lease.folder / "compose.env"
    write_private(environment, "".join(f"{name}={value}\n" for name, value in {**variables, **published, **passwords}.items()))
    docker = Docker(f"realstack-{lease.run_id}", compose_file, environment)
    shared = {
        name: _shared_folder(name, entry, services, file) for name, entry in config.section(content, "folders", file).items()
    }
    return ComposeDriver(docker, services, lease, credentials, logs, shared=shared)


def _shared_folder(name: str, entry: object, services: Collection[str], file: str) -> tuple[str, str]:
    if isinstance(entry, Mapping) and entry.get("service") in services and str(entry.get("path") or "").startswith("/"):
        return str(entry["service"]), str(entry["path"])
    raise StackError(
        explain(f"'folders: {name}' in {file} has a 'service' of this file and an absolute 'path' in it.", f"It is {entry!r}.")
    )


def _external(content: Mapping[str, Any], figures: Figures, output: Path, needs: Collection[str], platform: Path) -> Driver:
    file = platform.name
    _demand(checks.check_external(needs))
    from realstack.platform.external import ExternalDriver  # noqa: PLC0415 -- imports what was just looked for
    from realstack.platform.remote import remote_service  # noqa: PLC0415
    from realstack.secrets import secrets  # noqa: PLC0415

    services = {
        name: remote_service(name, entry, os.environ, file) for name, entry in config.section(content, "services", file).items()
    }
    if not services:
        raise StackError(
            explain(
                "the addresses of the external platform's services are given.",
                "None are.",
                remedy="robot --variable PLATFORM:external --variablefile mine.yaml suites/; resources/platforms/external.yaml "
                "shows what stands in mine.yaml.",
            )
        )
    credentials: dict[str, str] = {}
    for name, variable in config.section(content, "credentials", file).items():
        if not os.environ.get(str(variable)):
            raise StackError(explain(f"environment variable {variable} holds the credential '{name}'.", "It is not set."))
        credentials[name] = secrets.remember(os.environ[str(variable)], f"credential '{name}' of the platform", lasting=True)
    for service in services.values():
        if service.password:
            secrets.remember(service.password, f"password of {service.name}", lasting=True)
    return ExternalDriver(services, credentials)
