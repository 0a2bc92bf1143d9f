"""Where programs are: the one place that looks for them. What is found is run by the path that was found.

An ordinary user's PATH has no ``/usr/sbin`` on Debian, where `nft` and `nginx` are, and PostgreSQL's servers are outside of every
PATH. Standard library only: the reaper looks here, too.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from realstack.core.errors import StackError, explain

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Where programs are looked for after the PATH."""

WITH_WINDOWS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CHROMIUMS = ("chromium-headless-shell", *WITH_WINDOWS)
"""The names of Chromium, the preferred one first."""

POSTGRES_SERVERS = Path("/usr/lib/postgresql")
"""Where Debian keeps PostgreSQL's servers, a folder for each version."""


def find(names: str | Iterable[str]) -> str | None:
    """The path of the first of these programs that is installed; None when none is.

    Args:
        names: A program's name, or several by which it goes, the preferred one first.
    """
    return next((path for name in ([names] if isinstance(names, str) else names) if (path := _find(name))), None)


def program(names: str | Iterable[str], package: str) -> str:
    """The path of a program that is needed.

    Args:
        names: A program's name, or several by which it goes, the preferred one first.
        package: Debian's package that has it.

    Raises:
        StackError: It is not installed.
    """
    wanted = [names] if isinstance(names, str) else list(names)
    found = find(wanted)
    if found is None:
        raise StackError(
            explain(
                f"the program {' or '.join(wanted)}",
                f"it is neither on the PATH nor in {', '.join(SYSTEM_FOLDERS)}",
                remedy=f"Install the package '{package}': make setup, or as administrator: apt-get install {package}",
            )
        )
    return found


def _find(name: str) -> str | None:
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(SYSTEM_FOLDERS))
    if found is None and name in ("postgres", "initdb"):
        versions = sorted(POSTGRES_SERVERS.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
        return str(versions[-1]) if versions else None
    return found
