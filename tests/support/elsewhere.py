"""A system that is not Linux, as far as Python tells: for checks of what must work everywhere.

``python elsewhere.py psutil,httpx -m robot …`` runs Robot where those modules are missing, too.
"""

from __future__ import annotations

import builtins
import importlib.abc
import os
import runpy
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

MISSING = {"fcntl", "resource", "pwd"}
"""Modules of POSIX systems."""

FUNCTIONS = {
    os: ("getpriority", "setpriority", "pidfd_open", "sched_getaffinity", "sched_setaffinity"),
    signal: ("pidfd_send_signal",),
}
"""What only some systems know."""


class _Missing(importlib.abc.MetaPathFinder):
    def __init__(self, names: set[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"No module named '{fullname}'", name=fullname)


def leave_linux(missing: set[str]) -> None:
    """Take away modules, functions, ``/proc`` and all programs, from this process only."""
    for name in [name for name in sys.modules if name.partition(".")[0] in missing]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Missing(missing))
    for module, names in FUNCTIONS.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    builtins.open = _without_proc(builtins.open)
    for name in ("open", "listdir", "scandir", "stat", "lstat", "readlink"):
        setattr(os, name, _without_proc(getattr(os, name)))
    os.environ["PATH"] = ""


def _without_proc(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(path: Any = ".", *arguments: Any, **named: Any) -> Any:
        if not isinstance(path, int) and os.fsdecode(path).startswith("/proc"):
            _fail(os.fsdecode(path))
        return function(path, *arguments, **named)

    return call


def _fail(path: str) -> NoReturn:
    raise FileNotFoundError(2, "No such file or directory", path)


if __name__ == "__main__":
    extra, _, module, *sys.argv[1:] = sys.argv[1:]
    leave_linux(MISSING | set(filter(None, extra.split(","))))
    runpy.run_module(module, run_name="__main__", alter_sys=True)
