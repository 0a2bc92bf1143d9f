"""Folders for temporary files: held before they are there, removed although somebody still writes into them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from realstack.core.errors import StackError
from realstack.lease import temporary


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lease but the test's, and no folder but those of the test."""
    monkeypatch.setattr(temporary.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(temporary, "_hold", None)
    monkeypatch.setattr(temporary, "_folders", {})


def filling(folder: Path, times: int) -> Callable[..., None]:
    """What removes a folder, where somebody makes a file just before; so many times."""
    remove = os.rmdir
    left = [folder / f"{number}" for number in range(times)]

    def rmdir(path: str, **options: int) -> None:
        if left and Path(path).name == folder.name:
            left.pop().touch()
        remove(path, **options)

    return rmdir


def test_a_folder_is_held_before_it_is_there() -> None:
    held: list[tuple[Path, bool]] = []

    def hold(folder: Path) -> Callable[[], None]:
        held.append((folder, folder.exists()))
        return held.clear

    temporary.hold_all(hold)
    folder = temporary.new_folder("browser")
    assert held == [(folder, False)]
    assert temporary.NAME.fullmatch(folder.name)
    assert folder.stat().st_mode & 0o777 == 0o700
    temporary.remove(folder)
    assert not held
    assert not folder.exists()


def test_a_folder_that_can_not_be_made_is_held_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary.tempfile, "tempdir", str(tmp_path / "missing"))
    held = ["it"]
    temporary.hold_all(lambda _folder: held.clear)
    with pytest.raises(FileNotFoundError):
        temporary.new_folder("browser")
    assert not held


def test_a_folder_that_is_filled_while_it_is_removed_is_removed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = temporary.new_folder("browser")
    monkeypatch.setattr(os, "rmdir", filling(folder, times=3))
    temporary.remove(folder)
    assert not folder.exists()


def test_a_folder_that_is_filled_for_ever_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary, "REMOVAL_SECONDS", 0.0)
    folder = temporary.new_folder("browser")
    monkeypatch.setattr(os, "rmdir", filling(folder, times=1_000_000))
    with pytest.raises(StackError, match="not empty"):
        temporary.remove(folder)


def test_what_does_not_heal_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = temporary.new_folder("browser")
    tries: list[str] = []

    def refuse(path: str, **_options: int) -> None:
        tries.append(path)
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "rmdir", refuse)
    with pytest.raises(StackError, match="Permission denied"):
        temporary.remove(folder)
    assert len(tries) == 1


def test_what_tells_of_a_folder_goes_last_and_stays_where_something_else_can_not_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    (folder / "data" / "inner").mkdir(parents=True)
    for name in ("lease.json", "lease.lock", "a.log", "data/file"):
        (folder / name).touch()
    gone: list[str] = []
    rmdir, unlink = os.rmdir, os.unlink

    def remove(path: str, **options: int) -> None:
        gone.append(Path(path).name)
        if gone[-1] == "inner" and gone.count("inner") == 1:
            raise PermissionError(1, "not yet", str(path))
        rmdir(path, **options)

    def take(path: str, **options: int) -> None:
        gone.append(Path(path).name)
        unlink(path, **options)

    monkeypatch.setattr(os, "rmdir", remove)
    monkeypatch.setattr(os, "unlink", take)
    assert any("not yet" in problem for problem in temporary.remove_tree(folder, ("lease.json", "lease.lock")))
    assert sorted(path.name for path in folder.iterdir()) == ["data", "lease.json", "lease.lock"]
    assert not temporary.remove_tree(folder, ("lease.json", "lease.lock"))
    assert gone[-3:] == ["lease.json", "lease.lock", "run"]
    assert not temporary.remove_tree(folder, ("lease.json", "lease.lock")), "what is gone is no problem"


def test_what_goes_last_and_can_not_be_removed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "lease.lock").touch()

    def refuse(path: str, **_options: int) -> None:
        raise PermissionError(1, "not permitted", str(path))

    monkeypatch.setattr(os, "unlink", refuse)
    assert "lease.lock: " in temporary.remove_tree(folder, ("lease.lock",))[0]
