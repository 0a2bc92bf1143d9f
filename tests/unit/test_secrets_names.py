"""Which names tell of a credential, and what is shown under them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from realstack.databases.masking import Masking, hidden
from realstack.secrets import HIDDEN, CredentialNames, Registry, is_credential_name
from realstack.secrets.names import concealed
from realstack.secrets.redaction import redact
from realstack.websocket.masking import Masker


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "access_token",
        "accessToken",
        "Access-Token",
        "IDToken",
        "csrftoken",
        "password",
        "user_password",
        "secret",
        "client_secret",
        "clientSecret",
        "Authorization",
        "Set-Cookie",
        "cookie",
        "code_verifier",
        "apiKey",
        "X-API-Key",
        "apikey",
        "private_key",
        "token_hash",
        "password_hash",
        "device_code",
        "client_assertion",
        "requirepass",
        "AWS_SECRET_ACCESS_KEY",
    ],
)
def test_credentials(name: str) -> None:
    assert is_credential_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "token_type",
        "token_endpoint",
        "token_count",
        "tokens",
        "tokens_used",
        "token_type_hint",
        "secretary",
        "keyword",
        "code",
        "state",
        "nonce",
        "session_id",
        "cookies_accepted",
        "password_changed_at",
        "author",
        "authorization_endpoint",
        "id",
        "next_page_token",
        "nextPageToken",
        "continuation_token",
        "key",
        "access_key_id",
        "assertion",
        "passwordless",
    ],
)
def test_honest_names(name: str) -> None:
    assert not is_credential_name(name)


@pytest.mark.parametrize("more", ["ticket, x_*, !password", ["ticket", "x_*", "!password"], ("ticket", "X-*", "!Password")])
def test_names_come_in_and_out_by_import(more: Any) -> None:
    names = CredentialNames(more)
    assert [name for name in ("ticket", "X-Pin", "password", "token", "other") if name in names] == ["ticket", "X-Pin", "token"]
    also = names.also("code", "password")
    assert "code" in also
    assert "password" not in also
    assert 5 not in names


def test_what_opens_nothing_is_shown() -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    for plain in (None, True, 0, 5, 1.5, Decimal(2), moment, "", b""):
        assert concealed(plain) == plain
    assert concealed({"a": ["x", 1], "b": b"y"}) == {"a": [HIDDEN, 1], "b": HIDDEN}


@pytest.mark.parametrize("value", ["text", ["a=1", "b=2"], {"value": "text"}])
def test_all_places_hide_the_same(value: Any) -> None:
    field = {"Set-Cookie": value, "token_type": "Bearer", "has_token": True, "accessToken": 5}
    in_frames = Masker(registry=Registry()).payload(str(field), field)
    assert in_frames == redact(field) == Masking().row(field, hidden)
    assert in_frames == {"Set-Cookie": concealed(value), "token_type": "Bearer", "has_token": True, "accessToken": 5}
    assert "text" not in str(in_frames)


@pytest.mark.parametrize(
    ("name", "value", "http_only", "credential"),
    [
        ("campaign", "summer-sale", False, False),
        ("campaign", "summer-sale", True, False),
        ("_interaction", "kJ3xQ0pLwZ8vB1nM5tRyA", True, True),
        ("_interaction", "kJ3xQ0pLwZ8vB1nM5tRyA", False, False),
        ("session", "short", False, True),
        ("connect.sid", "s%3Aabc", False, True),
        ("refresh_token", "anything", False, True),
        ("theme", "12345678901234567", True, False),
    ],
)
def test_cookies(name: str, value: str, http_only: bool, credential: bool) -> None:
    assert CredentialNames().cookie(name, value, http_only=http_only) is credential
    assert CredentialNames(f"!{name}").cookie(name, value, http_only=http_only) is False
    assert CredentialNames(name).cookie(name, value, http_only=http_only) is True


def test_names_from_outside_have_no_end() -> None:
    names = CredentialNames()
    assert not [number for number in range(10_000) if f"field {number}" in names]
    assert len(names._told) <= 4096
