"""The plug-in that tells the embedded driver how a platform is run.

A plug-in is a Python package beside the platform's sources. It says what the platform is made of, and nothing else:

- `describe(stack)` makes a [Service][realstack.platform.service.Service] of each of its servers in the stack;
- `check(sources)` tells what is missing on this machine, as [Problems][realstack.platform.checks.Problem];
- `SHARED_FOLDERS` names the folders that its services have in common;
- `environment(stack)` gives addresses and passwords for a developer's shell.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

from realstack.core.errors import StackError, explain
from realstack.platform.checks import Problem
from realstack.platform.service import Stack


class Plugin(Protocol):
    """What a plug-in's package holds."""

    SHARED_FOLDERS: Sequence[str]

    def check(self, sources: Path) -> Sequence[Problem]:
        """What is missing on this machine."""

    def describe(self, stack: Stack) -> None:
        """Describe all services in a stack; nothing is started."""

    def environment(self, stack: Stack) -> Mapping[str, str]:
        """Addresses with their passwords, as environment variables; never to be logged."""


def load(package: Path) -> Plugin:
    """Import a plug-in from its folder.

    Raises:
        StackError: There is no package, it can't be imported, or it lacks a part.
    """
    start = package / "__init__.py"
    spec = importlib.util.spec_from_file_location(package.name, start, submodule_search_locations=[str(package)])
    if spec is None or spec.loader is None or not start.exists():
        raise StackError(explain("the plug-in of the platform is a Python package", f"'{package}' is none"))
    module = importlib.util.module_from_spec(spec)
    # Under its own name, so that its modules find one another.
    sys.modules[package.name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        raise StackError(explain(f"the plug-in '{package}' can be imported", str(error))) from error
    lacking = [name for name in ("SHARED_FOLDERS", "check", "describe", "environment") if not hasattr(module, name)]
    if lacking:
        raise StackError(explain(f"the plug-in '{package}' is whole", f"it lacks {', '.join(lacking)}"))
    return cast(Plugin, module)
