"""Bodies of answers, whatever they say that they are: their charset, their kind in any case, and what is no JSON."""

from __future__ import annotations

from typing import Any

import pytest
from requests import PreparedRequest
from requests import Response as RestResponse

from realstack.core.errors import StackFailure
from realstack.http.credentials import remember_body
from realstack.http.session import RestAnswer
from realstack.oauth.http import Answer
from realstack.oauth.keywords.exchange import answered
from realstack.secrets import secrets


def of_oauth(kind: str, body: bytes) -> Answer:
    return Answer("GET", "http://a.test/x", 200, {"content-type": kind} if kind else {}, body, 0.1)


def of_rest(kind: str, body: bytes) -> RestAnswer:
    plain = RestResponse()
    plain.status_code, plain.url, plain._content = 200, "http://a.test/x", body
    plain.headers["Content-Type"] = kind
    plain.request = PreparedRequest()
    plain.request.prepare("GET", plain.url)
    return RestAnswer(plain, lambda text: f"<{len(text)}>")


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/plain; charset=ISO-8859-1", b"K\xe4se", "K\u00e4se"),
        ('text/plain; Charset="windows-1251"', b"\xcf\xf0\xe8\xe2\xe5\xf2", "\u041f\u0440\u0438\u0432\u0435\u0442"),
        ("text/plain; charset=utf-16", "K\u00e4se".encode("utf-16"), "K\u00e4se"),
        ("text/plain; charset=nonsense", "K\u00e4se".encode(), "K\u00e4se"),
        ("text/plain; charset=base64", b"Q!", "Q!"),
        ("text/plain", b"\xef\xbb\xbfK\xc3\xa4se", "K\u00e4se"),
        ("", b"\xff", "\ufffd"),
    ],
)
def test_text_is_read_in_its_charset(kind: str, body: bytes, text: str) -> None:
    assert of_oauth(kind, body).text == text
    assert answered(of_oauth(kind, body)).text == text
    assert text in of_oauth(kind, body).described
    assert of_rest(kind, body).text == text


@pytest.mark.parametrize(
    ("kind", "body", "value"),
    [
        ("application/json; charset=iso-8859-1", b'{"a": "K\xe4se"}', {"a": "K\u00e4se"}),
        ("Application/JSON", b'{"a": 1}', {"a": 1}),
        ("application/problem+JSON", b'{"a": 1}', {"a": 1}),
        ("text/x-json ; charset=utf-8", b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ("application/json", b'{"a": "\\ud83d"}', {"a": "\ud83d"}),
        ("application/json", b"[" * 200 + b"]" * 200, None),
    ],
)
def test_json_is_read_whatever_its_kind_is_written_like(kind: str, body: bytes, value: Any) -> None:
    value = of_oauth(kind, body).json() if value is None else value
    assert answered(of_oauth(kind, body)).json == value
    assert of_rest(kind, body).json() == value


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-ndjson", b'{"a": 1}\n{"a": 2}\n'),
        ("application/jsonl", b'{"a": 1}\n'),
        ("application/json-seq", b'\x1e{"a": 1}\n'),
        ("application/json", b" \r\n"),
        ("application/json", b""),
        ("text/html", b"{}"),
        ("", b"{}"),
    ],
)
def test_what_does_not_say_that_it_is_json_is_none(kind: str, body: bytes) -> None:
    assert answered(of_oauth(kind, body)).json is None
    assert answered(of_oauth(kind, body)).text.strip() == body.decode().strip()


@pytest.mark.parametrize(
    "body", [b'{"a":', b'{"a": "\xff"}', b"<p>", b"[" * 3000 + b"]" * 3000, b'{"a":' * 600 + b"1" + b"}" * 600, b"1" * 5000]
)
def test_what_is_no_json_is_explained(body: bytes) -> None:
    for read in (lambda: answered(of_oauth("application/json", body)), of_rest("application/json", body).json):
        with pytest.raises(StackFailure, match=r"GET http://a.test/x answers JSON\nSeen: no JSON"):
            read()


@pytest.mark.parametrize("kind", ["Image/PNG", "APPLICATION/PDF"])
def test_what_is_no_text_is_not_shown(kind: str) -> None:
    assert of_oauth(kind, b"abc").described.endswith(": 3 bytes")
    assert answered(of_oauth(kind, b"abc")).text == ""
    assert of_rest(kind, b"abc").text == "3 bytes"


def test_credentials_of_a_body_in_another_charset_are_known() -> None:
    remember_body("application/json; charset=iso-8859-1", b'{"access_token": "K\xe4se-of-a-token-0123456789"}', "an answer")
    assert secrets.find("K\u00e4se-of-a-token-0123456789")
