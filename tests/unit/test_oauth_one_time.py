"""One-time codes, by the vectors of RFC 6238."""

from __future__ import annotations

from base64 import b32encode

import pytest

from realstack.core.errors import StackError
from realstack.oauth.one_time import one_time_code

SECRET = b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_of_the_rfc(at: int, code: str) -> None:
    assert one_time_code(SECRET, at, digits=8) == code
    assert one_time_code(SECRET, at) == code[2:]


def test_a_code_holds_for_half_a_minute() -> None:
    assert len({one_time_code(SECRET, at) for at in range(30, 60)}) == 1
    assert one_time_code(SECRET, 59.9) != one_time_code(SECRET, 60)


@pytest.mark.parametrize("written", [SECRET.lower(), " ".join(SECRET[n : n + 4] for n in range(0, 32, 4)), f"{SECRET}======"])
def test_secrets_as_providers_show_them(written: str) -> None:
    assert one_time_code(written, 59) == "287082"


@pytest.mark.parametrize("written", ["", "  ", "1890", "A!", "ABC"])
def test_what_is_no_secret(written: str) -> None:
    with pytest.raises(StackError, match="a secret in base32"):
        one_time_code(written, 59)
