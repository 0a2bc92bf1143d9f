"""The registry of credentials: what it finds, what it masks, and what it leaves behind."""

from __future__ import annotations

import base64
import json
import re
import stat
from html import escape
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realstack.secrets import HIDDEN, Registry
from realstack.secrets.__main__ import main
from realstack.secrets.fingerprints import FILE_NAME
from realstack.secrets.forms import WINDOW
from realstack.secrets.guard import Guard
from realstack.secrets.search import CHUNK, Fingerprints, search_live

TOKEN = "q7Jx-2fWm_Zt9LrKbV0sYcN4eHgD8uPa"
JWT = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJyZWFkZXIifQ.MEUCIQDk3v8cQ0pXnB7tYw2LrKzHs5uAeG1fJm9VdTiOxZ6yCg"
ODD = 'p"ä<ss> w&rd%7/+ of a person'

url_safe = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", min_size=2 * WINDOW, max_size=80).filter(
    lambda value: len(set(value[:WINDOW])) > 8 and len(set(value[WINDOW : 2 * WINDOW])) > 8
)


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.remember(TOKEN, "token")
    registry.remember(JWT, "jwt")
    registry.remember(ODD, "password")
    return registry


@pytest.mark.parametrize("value", [TOKEN, JWT, ODD])
@pytest.mark.parametrize(
    "write_as",
    [
        lambda value: value,
        lambda value: quote(value, safe=""),
        quote,
        lambda value: re.sub("%..", lambda code: code[0].lower(), quote(value, safe="")),
        lambda value: quote(quote(value, safe=""), safe=""),
        escape,
        lambda value: json.dumps({"v": value}),
        lambda value: base64.b64encode(b"user:" + value.encode()).decode(),
        lambda value: base64.b64encode(b"u:" + value.encode() + b"!").decode(),
        lambda value: base64.urlsafe_b64encode(value.encode()).rstrip(b"=").decode(),
    ],
    ids=["plain", "url", "path", "small-digits", "url-in-url", "xml", "json", "basic", "inside", "base64url"],
)
def test_credential_is_found_and_masked_in_every_form(registry: Registry, value: str, write_as) -> None:  # type: ignore[no-untyped-def]
    text = f"before {write_as(value)} after"
    assert [item.what for item in registry.find(text)] == [{TOKEN: "token", JWT: "jwt", ODD: "password"}[value]]
    masked = registry.scrub(text)
    assert HIDDEN in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert registry.find(masked) == []


@given(value=url_safe, before=st.text(max_size=30), after=st.text(max_size=30), data=st.data())
def test_any_31_characters_in_a_row_are_found(value: str, before: str, after: str, data: st.DataObject) -> None:
    registry = Registry()
    registry.remember(value, "token")
    start = data.draw(st.integers(0, len(value) - (2 * WINDOW - 1)))
    # A stretch without a single varied window can't be told from noise: the strategy makes the first two varied.
    piece = value[min(start, 1) : min(start, 1) + 2 * WINDOW - 1]
    text = f"{before} {piece} {after}"
    assert registry.find(text)
    assert piece not in registry.scrub(text)


@given(st.text(max_size=200))
def test_scrubbing_ends_and_leaves_other_text_alone(text: str) -> None:
    registry = Registry()
    registry.remember(TOKEN, "token")
    assert registry.scrub(text) == text


def test_token_is_found_by_its_start_and_claims_alone_are_no_leak(registry: Registry) -> None:
    header, claims, _ = JWT.split(".")
    assert registry.find(f"{header}.{claims}"[:60])
    assert registry.find(f"{header} {claims}") == []


def test_what_is_no_credential_is_not_remembered() -> None:
    registry = Registry()
    registry.remember("", "nothing")
    registry.remember(HIDDEN, "a mask")
    registry.remember("<secret>", "the text of a Secret")
    assert len(registry) == 0
    registry.remember("short", "pin")
    assert registry.find("in short") == []
    assert [item.what for item in registry.not_sought] == ["pin"]


def test_passwords_that_everybody_knows_are_words_of_honest_texts() -> None:
    registry = Registry()
    for password in ("postgres", "Password", "clickhouse", "minioadmin"):
        registry.remember(password, "password")
    text = "FATAL: password authentication failed for user postgres of postgresql://, clickhouse and minioadmin are up"
    assert registry.find(text) == []
    assert registry.scrub(text) == text
    assert len(registry.not_sought) == 4
    registry.remember("postgres-9f2c", "password")
    assert registry.scrub("with postgres-9f2c") == "with <hidden>"


def test_url_with_a_password_is_found_as_a_whole_only(registry: Registry) -> None:
    registry.remember("postgresql://owner:pw@127.0.0.1:5432/database", "database")
    assert registry.find("connecting to postgresql://owner:pw@127.0.0.1:5432/database")
    assert registry.find("listening at 127.0.0.1:5432/database") == []


def test_one_character_over_and_over_is_no_leak(registry: Registry) -> None:
    registry.remember(f"{TOKEN}.{'A' * 86}", "zero signature")
    assert registry.find("data:image/x-icon;base64," + "A" * 64) == []


def test_fingerprints_find_leaks_without_knowing_the_values(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    registry.remember("0123456789abcde", "too short for a fingerprint")
    registry.leave_fingerprints(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not registry.find(path.read_text())
    log = tmp_path / "log.txt"
    log.write_text(f"one\nAuthorization: Bearer {JWT}\n{quote(TOKEN)}\n")
    leaks = Fingerprints(path).search([log])
    assert [(leak.line, leak.what) for leak in leaks] == [(2, "#2 (jwt)"), (3, "#1 (token)")]
    assert JWT[-20:] not in str(leaks[0])
    assert [leak.line for leak in search_live(registry, [log])] == [2, 3]


def test_leak_across_the_pieces_of_a_very_long_line_is_found(registry: Registry, tmp_path: Path) -> None:
    path, log = tmp_path / FILE_NAME, tmp_path / "log.txt"
    registry.leave_fingerprints(path)
    for offset in (CHUNK - WINDOW - 3, CHUNK - 5, CHUNK):
        log.write_text(" " * offset + TOKEN + " " * CHUNK)
        assert Fingerprints(path).search([log]), offset


def test_command_tells_what_it_did(registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry.leave_fingerprints(tmp_path / FILE_NAME)
    (tmp_path / "output.xml").write_text("nothing")
    assert main(["check", str(tmp_path)]) == 0
    assert "1 files searched for 3 of 3 credentials" in capsys.readouterr().out
    (tmp_path / "output.xml").write_text(TOKEN)
    assert main(["check", str(tmp_path / "output.xml")]) == 1
    assert "output.xml:1: #1 (token)" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "none.xml")]) == 2
    (tmp_path / FILE_NAME).write_text("{}")
    assert main(["check", str(tmp_path)]) == 2
    assert "holds no fingerprints" in capsys.readouterr().err


def test_guard_masks_what_robot_would_write_and_fails_the_test(registry: Registry) -> None:
    guard = Guard(registry)
    step = SimpleNamespace(full_name="BuiltIn.Log", args=(f"Bearer {TOKEN}", 7), message="")
    message = SimpleNamespace(level="INFO", message=f"<b>{escape(ODD)}</b>")
    result = SimpleNamespace(full_name="Suite.Test", message=f"No: {JWT}", status="FAIL")
    guard.start_keyword(None, step)
    guard.log_message(message)
    guard.end_keyword(None, step)
    guard.end_test(None, result)
    assert step.args == (f"Bearer {HIDDEN}", 7)
    assert message.message == f"<b>{HIDDEN}</b>"
    assert result.message.startswith(f"No: {HIDDEN}\n\nExpected: no credential reaches the log.\nSeen: 3 had to be masked:")
    assert "#3 (password) in a message at INFO of BuiltIn.Log" in result.message


def test_guard_leaves_a_clean_test_alone(registry: Registry) -> None:
    guard = Guard(registry)
    result = SimpleNamespace(full_name="Suite.Test", message="", status="PASS")
    guard.end_test(None, result)
    assert (result.status, result.message) == ("PASS", "")
