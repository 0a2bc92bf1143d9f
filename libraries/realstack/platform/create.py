"""Making the driver that a platform's file names.

Drivers are found by their entry points of the group `realstack.drivers`, whoever wrote them. Each is a function that is given a
`Setup` and returns a `Driver`, after it has looked whether everything is in place; it starts nothing.

```toml
[project.entry-points."realstack.drivers"]
kubernetes = "my_package.driver:create"
```
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.core.figures import Figures
from realstack.core.several import several
from realstack.platform import checks, config
from realstack.platform.driver import Driver

GROUP = "realstack.drivers"
"""The entry points' group."""

Factory = Callable[[config.Setup], Driver]


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
        StackError: There is no such driver, or something is not in place; the text lists all of it with the remedies.
    """
    given = {name: value for name, value in (overrides or {}).items() if value}
    content = {**config.load(platform), **given}
    _demand_environment(content, platform.name)
    factory = _load(_find(str(content.get("driver", platform.stem)), platform.name))
    return factory(config.Setup(content, figures, output, frozenset(needs), platform))


def _demand_environment(content: Mapping[str, Any], file: str) -> None:
    """See that the environment has what the file wants of it, such as an account that nobody can make."""
    wanted = [str(name) for name in several(content.get("environment"))]
    missing = [name for name in wanted if not os.environ.get(name)]
    if missing:
        raise StackError(
            explain(
                f"the environment says what {file} wants of it: {', '.join(wanted)}.",
                f"It has no {', '.join(missing)}.",
                remedy="Set them for this run; they are written down nowhere.",
            )
        )


def _find(name: str, file: str) -> EntryPoint:
    installed = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in installed:
        raise StackError(
            explain(
                f"'driver' in {file} is one of those that are installed: {', '.join(sorted(installed)) or 'none'}.",
                f"It is '{name}'.",
                remedy="Correct the name, or install the package that has this driver"
                + ("." if installed else "; those of this project come with: pip install 'robotframework-realstack[platform]'"),
            )
        )
    return installed[name]


def _load(entry: EntryPoint) -> Factory:
    # Before anything is imported that needs them.
    checks.demand(checks.check_python())
    try:
        factory: Factory = entry.load()
    except (ImportError, AttributeError) as error:
        whose = "" if entry.dist is None else f" of the package {entry.dist.name}"
        raise StackError(
            explain(
                f"the driver '{entry.name}'{whose} can be loaded from {entry.value}.",
                f"{type(error).__name__}: {error}",
                remedy="Install what it needs"
                + (": pip install 'robotframework-realstack[platform]'." if entry.value.startswith("realstack.") else "."),
            )
        ) from error
    return factory
