"""Where the files of tests and suites lie, until those are over."""

from __future__ import annotations

from pathlib import Path

from realstack.core.keywords.scope import current_owner
from realstack.core.ownership import Owned
from realstack.lease import temporary


class Folders:
    """Folders for temporary files, each with the test or suite that made something in it."""

    def __init__(self) -> None:
        self._owned: Owned[Path] = Owned("folder", "Make Pdf")

    def new(self) -> Path:
        """An empty folder for the running test or suite."""
        folder = temporary.new_folder("files")
        self._owned.add(folder, current_owner())
        return folder

    def release(self, owner: str, *, below: bool) -> None:
        """Remove what a test or suite has; with `below` also what those inside it have."""
        _remove(self._owned.release(owner, below=below))

    def release_all(self) -> None:
        """Remove everything."""
        _remove(self._owned.release_all())


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        temporary.remove(folder)
