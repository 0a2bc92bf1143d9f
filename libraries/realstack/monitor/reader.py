"""A process of its own that reads ``/proc`` for the sampler.

A look is some hundred system calls, and the interpreter gives its lock away at each. Beside a thread that makes load such a look
takes a second and disturbs the load. Asked over a pipe, it is one wait.

The process ends with its standard input, so also when the run is killed.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from realstack.core import procfs, tcp
from realstack.core.errors import StackError
from realstack.core.priority import be_nice
from realstack.monitor import process

PATIENCE = 15.0
"""Seconds that a look may take."""
TREE_SECONDS = 1.0
"""How often descendants are looked for anew; that reads the whole process table."""
GROWN_UP = 1.0
"""Seconds that a descendant must have lived to count: children that do one job and end are no growth."""
SETTLING_PAUSE = 0.05
"""Seconds between two looks at descendants of which nobody knows yet whether they stay."""
PRIORITY = -10
"""Of the reading process, on a scale from -20, the first, to 19."""
FOLDER = Path(__file__).resolve().parents[2]

Answer = dict[str, dict[str, Any]]
"""By name of the target: what it uses, or its ``problem``; empty where the process is gone."""


class Reader:
    """Asks the reading process, which is started at first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def look(self, targets: Mapping[str, Sequence[int]], settled: bool = False) -> Answer:
        """What the processes of each target, with their descendants, use now.

        Args:
            targets: Main processes by name.
            settled: Whether to wait first until each descendant that lives now has ended or counts: `GROWN_UP` at most.

        Raises:
            StackError: The reading process does not answer.
        """
        request = json.dumps([{name: list(pids) for name, pids in targets.items()}, settled])
        with self._lock:
            try:
                return self._ask(request.encode() + b"\n")
            except (OSError, ValueError, TimeoutError) as error:
                self._end()
                raise StackError(f"The process that reads /proc does not answer: {type(error).__name__}: {error}") from error

    def close(self) -> None:
        """End the reading process."""
        with self._lock:
            self._end()

    def _ask(self, request: bytes) -> Answer:
        running = self._started()
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(request)
        running.stdin.flush()
        ready, _, _ = select.select([running.stdout], [], [], PATIENCE)
        if not ready:
            raise TimeoutError(f"no answer within {PATIENCE:g} s")
        answer: Answer = json.loads(running.stdout.readline())
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            # Of a group of its own: a Ctrl-C on the console is for the run, which still wants to know what it measured.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "realstack.monitor.reader"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": str(FOLDER)},
                start_new_session=True,
            )
        return self._process

    def _end(self) -> None:
        ended, self._process = self._process, None
        if ended is None:
            return
        ended.kill()
        ended.communicate()


class Looker:
    """What the reading process does."""

    def __init__(self) -> None:
        self._trees: dict[str, tuple[list[int], float, list[int]]] = {}

    def look(self, targets: Mapping[str, list[int]], settled: bool = False) -> Answer:
        """See `Reader.look`."""
        if settled:
            _settle([root for roots in targets.values() for root in roots])
            self._trees.clear()
        tables = tcp.Tables()
        processes: list[procfs.ProcessStat] | None = None
        answer: Answer = {}
        for name, roots in targets.items():
            known = self._trees.get(name)
            if known is None or known[0] != roots or time.monotonic() - known[1] >= TREE_SECONDS:
                processes = list(procfs.all_processes()) if processes is None else processes
                grown_up = [child.pid for child in procfs.descendants(roots, processes) if child.age >= GROWN_UP]
                known = roots, time.monotonic(), [*roots, *grown_up]
                self._trees[name] = known
            answer[name] = _read(known[2], tables)
        return answer


def _settle(roots: list[int]) -> None:
    young: set[procfs.ProcessId] | None = None
    while young is None or young:
        found = {child.identity for child in procfs.descendants(roots) if child.age < GROWN_UP}
        young = found if young is None else young & found
        if young:
            time.sleep(SETTLING_PAUSE)


def _read(pids: list[int], tables: tcp.Tables) -> dict[str, Any]:
    began = time.monotonic()
    try:
        used, held = process.usage(pids), process.descriptors(pids, tables)
    except StackError as error:
        return {"problem": str(error)}
    return {"at": began, **asdict(used), **asdict(held)} if used is not None and held is not None else {}


def main() -> None:
    """Answer requests, a line each, until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    be_nice(PRIORITY)  # it needs a few milliseconds, but on a busy machine it needs them in time
    looker = Looker()
    for line in sys.stdin:
        print(json.dumps(looker.look(*json.loads(line))), flush=True)


reader = Reader()
"""The one that all samplers of a process share."""
atexit.register(reader.close)


if __name__ == "__main__":
    main()
