"""What there is of a run: processes, its data folder, temporary files, its kernel rules."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from realstack.core import procfs, programs
from realstack.lease import marker
from realstack.lease.lease import runs_folder


@dataclass
class Traces:
    """What a run has made, looked at while it lives, so that it can be looked for when it is dead.

    Attributes:
        pid: Robot's process.
        temp: The run's own folder for temporary files, of which nothing else makes any use.
        processes: Those that it has started by now.
        folder: Its data folder, which bears its id; None before it has one.
    """

    pid: int
    temp: Path
    processes: set[procfs.ProcessId] = field(default_factory=set)
    folder: Path | None = None

    def look(self) -> None:
        """Note what there is now."""
        self.processes |= {process.identity for process in procfs.descendants([self.pid])}
        self.folder = self.folder or next((folder for folder in self._runs() if _owner(folder) == self.pid), None)

    def left(self) -> list[str]:
        """What of it is there still, a phrase each."""
        found = [f"process {process.pid} ({process.name})" for process in self._living()]
        found += [str(path) for path in (*self._runs(), *self.temp.iterdir()) if path != self._folder_of_runs]
        if self.folder is not None:
            found += [f"{table} of the kernel" for table in _tables() if self.folder.name in table]
        return found

    @property
    def _folder_of_runs(self) -> Path:
        return self.temp / runs_folder().name

    def _runs(self) -> list[Path]:
        return list(self._folder_of_runs.iterdir()) if self._folder_of_runs.exists() else []

    def _living(self) -> Iterable[procfs.ProcessStat]:
        living = {process.identity: process for process in procfs.all_processes() if process.alive}
        known = {identity: process for identity, process in living.items() if identity in self.processes}
        if self.folder is not None:
            known |= {process.identity: process for process in marker.of_run(self.folder.name, str(self.folder))}
        return known.values()


def _owner(folder: Path) -> int | None:
    try:
        return int(json.loads((folder / "lease.json").read_text(encoding="utf-8"))["owner"])
    except (OSError, ValueError, KeyError):  # no run's folder, or one that is just being made or deleted
        return None


def _tables() -> list[str]:
    nft = programs.find("nft")
    if nft is None:
        return []
    done = subprocess.run([nft, "list", "tables"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()
