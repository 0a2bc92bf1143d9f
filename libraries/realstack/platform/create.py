"""Making the driver that `PLATFORM` names, after looking whether everything is in place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from realstack.errors import StackError, explain
from realstack.lease.lease import current_lease
from realstack.platform import checks, config
from realstack.platform.driver import Driver
from realstack.profile import Figures

_PACKAGES = ("asyncpg",)
"""What the drivers import beside this project; looked for before they are imported."""


def create(
    platform: str,
    figures: Figures,
    output: Path,
    *,
    needs: Collection[str] = (),
    overrides: Mapping[str, Any] | None = None,
    folder: Path = config.FOLDER,
) -> Driver:
    """Make a platform's driver; nothing is started yet.

    Args:
        platform: Name of a file in resources/platforms/.
        figures: The run's figures.
        output: Folder of the run's results; services' logs go to `services` in it.
        needs: What the tests use beside the platform: `browser`, `faults`.
        overrides: Parts of the platform's file to replace, such as `services` of an external platform; empty ones are ignored.
        folder: Where the platforms' files are.

    Raises:
        StackError: Something is not in place; the text lists all of it with the remedies.
    """
    file = f"{platform}.yaml"
    given = {name: value for name, value in (overrides or {}).items() if value}
    content = {**config.load(platform, folder), **given}
    driver = content.get("driver", platform)
    makers = {"embedded": _embedded, "compose": _compose, "external": _external}
    if driver not in makers:
        raise StackError(explain(f"'driver' in {file} is one of {', '.join(makers)}.", f"It is '{driver}'."))
    return makers[driver](content, figures, output, needs, file)


def _demand(problems: list[checks.Problem]) -> None:
    if problems:
        raise StackError(checks.explain_problems(problems))


def _embedded(content: Mapping[str, Any], figures: Figures, output: Path, needs: Collection[str], file: str) -> Driver:
    logs = output / "services"
    _demand(checks.check_embedded(needs) + checks.check_folders([logs]))
    from realstack.platform.embedded import EmbeddedDriver  # noqa: PLC0415 -- imports what was just looked for
    from realstack.platform.ports import PortLocks  # noqa: PLC0415
    from realstack.platform.reference import describe  # noqa: PLC0415
    from realstack.platform.service import REPOSITORY, Stack  # noqa: PLC0415

    ports = PortLocks()
    fixed = {name: _port(name, value, file) for name, value in config.section(content, "ports", file).items()}
    settings = config.environments(content, figures, file)
    sources = (REPOSITORY / str(content.get("sources") or "docker")).resolve()
    if not (sources / "frontend" / "render.py").exists():
        raise StackError(explain(f"'sources' in {file} is the folder of the platform's sources.", f"'{sources}' is none."))
    logs.mkdir(parents=True, exist_ok=True)
    lease = current_lease(logs / "reaper.log")
    stack = Stack(lease.folder, logs, ports, docker=sources, fixed_ports=fixed, settings=settings)
    try:
        describe(stack)
        _known_names(stack.services, {service.group for service in stack.services.values()}, {**fixed, **settings}, file)
    except StackError:
        ports.release()
        lease.close()
        raise
    return EmbeddedDriver(stack, lease)


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


def _compose(content: Mapping[str, Any], figures: Figures, output: Path, needs: Collection[str], file: str) -> Driver:
    raise StackError("The compose driver is not there yet.")


def _external(content: Mapping[str, Any], figures: Figures, output: Path, needs: Collection[str], file: str) -> Driver:
    raise StackError("The external driver is not there yet.")
