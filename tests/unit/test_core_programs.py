"""Where programs are looked for: also where an ordinary user's PATH has nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from realstack.core import programs
from realstack.core.errors import StackError
from support.project import ROOT


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with three folders: of the PATH, of the administrator, of PostgreSQL's servers."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(programs, "SYSTEM_FOLDERS", (str(tmp_path / "sbin"),))
    monkeypatch.setattr(programs, "POSTGRES_SERVERS", tmp_path / "postgresql")
    return tmp_path


def install(program: Path) -> str:
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return str(program)


def test_the_path_comes_first_and_then_the_administrators_folders(machine: Path) -> None:
    administrators = install(machine / "sbin" / "nft")
    assert programs.find("nft") == programs.program("nft", "nftables") == administrators
    own = install(machine / "bin" / "nft")
    assert programs.find("nft") == own


def test_a_program_may_go_by_several_names(machine: Path) -> None:
    second = install(machine / "bin" / "chromium")
    assert programs.find(("chromium-headless-shell", "chromium")) == second


def test_the_newest_of_debians_postgresql_servers_is_taken(machine: Path) -> None:
    assert programs.find("postgres") is None
    install(machine / "postgresql" / "9.6" / "bin" / "postgres")
    newest = install(machine / "postgresql" / "15" / "bin" / "postgres")
    assert programs.find("postgres") == newest
    own = install(machine / "bin" / "postgres")
    assert programs.find("postgres") == own, "whoever puts one on the PATH means it"


def test_what_is_missing_is_told_with_its_package(machine: Path) -> None:
    with pytest.raises(StackError, match=r"(?s)the program nft.*neither on the PATH nor in .*sbin.*apt-get install nftables"):
        programs.program("nft", "nftables")


def test_setup_looks_where_the_libraries_do() -> None:
    folders = re.search(r"^folders=(\S+)$", (ROOT / "tools" / "find-program").read_text(), re.MULTILINE)
    assert folders is not None
    assert tuple(folders[1].split(":")) == programs.SYSTEM_FOLDERS
