"""What is read of processes that end, and of descriptors that are closed, while it is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from realstack.core import procfs


@pytest.mark.parametrize("error", [FileNotFoundError, ProcessLookupError])
def test_a_process_that_ends_while_it_is_looked_for_is_none(monkeypatch: pytest.MonkeyPatch, error: type[OSError]) -> None:
    def ended(*_: object) -> int:
        raise error

    assert procfs.stat(os.getpid()) is not None
    monkeypatch.setattr(procfs.os, "open", ended)
    assert procfs.stat(os.getpid()) is None
    assert not procfs.is_alive(procfs.ProcessId(os.getpid(), 1))


def test_a_descriptor_that_is_closed_while_they_are_read_is_neither_a_socket_nor_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "7" / "fd"
    folder.mkdir(parents=True)
    (folder / "0").symlink_to("/dev/null")
    (folder / "1").symlink_to("socket:[5]")
    monkeypatch.setattr(procfs, "PROC", str(tmp_path))
    monkeypatch.setattr(procfs.os, "listdir", lambda _folder: ["0", "1", "2"])
    assert procfs.descriptors(7) == procfs.Descriptors(2, (5,))
