"""`loaded.py DESCRIPTOR ROOT`: a process that has loaded what all runs need, and of which each run is a fork; see `runs.py`.

Four fifths of what a run loads are other projects' modules. They take over a second of a core, which the platform that starts
meanwhile misses. Here they are loaded once. The project's own modules are not among them: a run may have a copy of its own.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import socket
import sys
from pathlib import Path

from robot.run import run_cli

LONGEST = 65536
"""Bytes of an order."""
PR_SET_PDEATHSIG = 1


def main() -> int:
    """Load, and fork a run for each order, until the one who gives them is gone; a fork returns here, too, when it is over."""
    control, root = socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the runs by itself
    signal.signal(signal.SIGCHLD, _forget_the_dead)
    _load(root / "libraries")
    gc.freeze()
    while True:
        order, descriptors, _, _ = socket.recv_fds(control, LONGEST, 2)
        if not order:
            return 0
        # A run that ends at once can't be forgotten, and its number given to another, before it has a descriptor.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        number = os.fork()
        if number == 0:
            control.close()
            return _run(root, descriptors, **json.loads(order))
        run = os.pidfd_open(number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        with contextlib.suppress(BrokenPipeError):  # nobody wants to know any more, as the next reading tells
            socket.send_fds(control, [b"r"], [run])
        for descriptor in (run, *descriptors):
            os.close(descriptor)


def _load(libraries: Path) -> None:
    for name in ("Browser", *sorted(_imports(libraries))):
        with contextlib.suppress(ImportError):  # one that matters fails in the run, which says so
            importlib.import_module(name)


def _imports(libraries: Path) -> set[str]:
    """Names of the modules that the modules of a folder import from elsewhere."""
    names: set[str] = set()
    for path in libraries.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(str(node.module))
    own = {path.stem for path in libraries.glob("*")}
    return {name for name in names if name.partition(".")[0] not in own}


def _forget_the_dead(_signal: int, _frame: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _run(root: Path, descriptors: list[int], project: str, listener: str, arguments: list[str]) -> int:
    """Be a run of Robot Framework: what it prints goes to the first descriptor, its listener gets the second one."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    # Robot stops its platform in good order also when the process that wanted the run is killed.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    console, talk = descriptors
    os.dup2(console, 1)
    os.dup2(console, 2)
    os.close(console)
    os.chdir(project)
    own = (root, root / "libraries")
    sys.path[:] = [str(project / Path(path).relative_to(root)) if Path(path) in own else path for path in sys.path]
    return int(run_cli(["--listener", f"{listener}:{talk}", *arguments], exit=False))


if __name__ == "__main__":
    raise SystemExit(main())
