"""Faults that a platform is known to have: told as known where nothing else was found, and when they are gone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from robot.api import logger

from realstack.core.errors import StackError
from realstack.platform.keywords.listener import Listener
from realstack.platform.keywords.state import KnownTests
from realstack.platform.known import TAG, KnownViolation, found, read

OPEN = KnownViolation("A Socket*", "no-entry", "Any origin is let in.")
ORDER = KnownViolation("A Socket*", "same-order", "Rows have no order.")
ONE = "no-entry violated: socket: it must …\nLaw: Nothing opens.\nJudged: 3 attempts."
OTHER = "exactly-once violated: twice"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (ONE, [OPEN]),
        (f"{ONE}\n\n{ONE}", [OPEN]),
        (f"Several failures occurred:\n\n1) {ONE}\n\n2) same-order violated: …", [OPEN, ORDER]),
        (f"Several failures occurred:\n\n1) {ONE}\n\n2) {OTHER}", []),
        (f"{ONE}\n\n{OTHER}", []),
        (f"{ONE}\n\nExpected: no credential reaches the log.", []),
        ("INVALID: no-entry violated", []),
        ("No keyword with name 'no-entry violated' found.", []),
        ("", []),
    ],
)
def test_only_what_is_known_is_known(message: str, expected: list[KnownViolation]) -> None:
    assert found([OPEN, ORDER], "A Socket Opens", message) == expected
    assert found([OPEN, ORDER], "Another Test", message) == []


def ended(known: list[KnownViolation], *, failed: bool, message: str = "") -> Any:
    listener = Listener.__new__(Listener)
    listener._tests = KnownTests(known=known)
    result = SimpleNamespace(failed=failed, passed=not failed, status="FAIL" if failed else "PASS", message=message, tags=set())
    listener._tell_what_is_known("A Socket Opens", result)
    return result


def test_a_known_violation_turns_no_run_red_and_stays_in_the_log() -> None:
    result = ended([OPEN], failed=True, message=ONE)
    assert (result.status, result.message, result.tags) == (
        "SKIP",
        f"Known of this platform: Any origin is let in.\n\n{ONE}",
        {TAG},
    )


def test_a_new_violation_does() -> None:
    result = ended([OPEN], failed=True, message=OTHER)
    assert (result.status, result.message, result.tags) == ("FAIL", OTHER, set())


def test_a_known_violation_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(logger, "warn", told.append)
    result = ended([OPEN], failed=False)
    assert result.status == "PASS"
    assert told == [f"A Socket Opens: {result.message}"]
    assert "not seen: no-entry violated. Take it out of 'known'" in result.message


def test_what_chance_decides_need_not_be_seen() -> None:
    [known] = read([{"test": "A Socket*", "law": "same-order", "reason": "Times are rounded.", "sometimes": True}], Path("mine"))
    assert ended([known], failed=False).message == ""
    assert ended([known], failed=True, message="same-order violated: …").status == "SKIP"


@pytest.mark.parametrize("listed", [["x"], [{"test": "x", "law": "no-entry"}], [{"test": "x", "law": "y", "reason": ""}], "x"])
def test_an_entry_that_says_too_little_stops_the_run(listed: object) -> None:
    with pytest.raises(StackError, match="each entry of 'known' in mine has the texts test, law and reason, and"):
        read(listed, Path("mine"))


def test_none_need_be_listed() -> None:
    assert read(None, Path("mine")) == ()
