"""requirements.lock holds what the requirement files ask for, and a hash of each."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / "requirements.txt", ROOT / "docker" / "requirements.txt", ROOT / "tests" / "requirements.txt"]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(text: str) -> dict[str, str]:
    found = re.findall(r"(?m)^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[\w,-]+\])?==([^\s;#\\]+)", text)
    return {_plain(name): version for name, version in found}


def test_every_pin_is_locked() -> None:
    wanted = {name: version for file in FILES for name, version in _pins(file.read_text(encoding="utf-8")).items()}
    locked = _pins((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    other = {name: (version, locked.get(name)) for name, version in wanted.items() if locked.get(name) != version}
    assert not other, f"make lock writes it anew; asked for and locked: {other}"


def test_everything_locked_has_hashes() -> None:
    entries = re.split(r"(?m)^(?=\S)", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert not [entry.split("==")[0] for entry in entries if entry.strip() and "--hash=sha256:" not in entry]
