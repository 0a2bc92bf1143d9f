"""Turns: runs whose tests have time limits don't run them beside each other on cores that each of them needs.

Two platforms and two browsers on the cores of one make tests late that are right. So a run that needs cores keeps a ticket in
its data folder, which is gone with the run however that ends, and waits until the tickets before its own leave enough of them.

```python
turns = Turns(lease.folder, cores=2, results="results")
while turns.ask():             # those who come first
    time.sleep(0.02)
…
turns.leave()
```
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from realstack.lease import ending

TICKET_FILE = "turn.json"
"""In the data folder of a run that has its turn, or waits for it."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A run's wish for cores.

    Attributes:
        taken: When, in nanoseconds of the machine's monotonic clock.
        cores: How many it needs for itself.
        pid: Its process.
        results: Folder of its results.
    """

    taken: int
    cores: int
    pid: int
    results: str

    def __str__(self) -> str:
        return f"process {self.pid}, with results in {self.results}"


class Turns:
    """A run's place among the runs of this user on this machine.

    Args:
        folder: The run's data folder.
        cores: How many cores it needs for itself; a run that needs none never waits, and nobody waits for it.
        results: Folder of its results, for others to tell whom they wait for.
        machine: How many cores there are; those that this process may use when not given.
    """

    def __init__(self, folder: Path, cores: int, results: str, machine: int | None = None) -> None:
        self._folder = folder
        self._cores = cores
        self._results = results
        self._machine = machine or len(os.sched_getaffinity(0))

    def ask(self) -> list[Ticket]:
        """Take a ticket, unless the run has one.

        Returns:
            Whom the run must wait for; empty when it is its turn, which it has until it leaves.
        """
        runs = ending.lock_runs(self._folder.parent)  # so that a later ticket is never seen before an earlier one
        try:
            own = _read(self._folder) or self._take()
            earlier = [ticket for ticket in self._others() if ticket.taken < own.taken]
        finally:
            os.close(runs)
        needed = self._cores + sum(ticket.cores for ticket in earlier)
        # Who needs more than there is gets all of it.
        return earlier if self._cores and needed > max(self._machine, self._cores) else []

    def leave(self) -> None:
        """Give the turn, or the wish for it, away; a new ticket comes after all others."""
        (self._folder / TICKET_FILE).unlink(missing_ok=True)

    def _take(self) -> Ticket:
        ticket = Ticket(time.monotonic_ns(), self._cores, os.getpid(), self._results)
        (self._folder / TICKET_FILE).write_text(json.dumps(asdict(ticket)), encoding="utf-8")
        return ticket

    def _others(self) -> list[Ticket]:
        folders = [path.parent for path in self._folder.parent.glob(f"*/{TICKET_FILE}") if path.parent != self._folder]
        # Tickets of runs that are over, and whose reaper was killed, count no more.
        found = [_read(folder) for folder in folders if ending.is_held(folder)]
        return sorted((ticket for ticket in found if ticket is not None and ticket.cores), key=lambda ticket: ticket.taken)


def _read(folder: Path) -> Ticket | None:
    try:
        return Ticket(**json.loads((folder / TICKET_FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):  # it has left, or the run was killed while it wrote
        return None
