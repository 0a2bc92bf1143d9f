"""No credential gets past the masker, in whatever form it comes."""

from __future__ import annotations

import base64
import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realstack.core.writable import writable
from realstack.secrets import Hidden, Registry
from realstack.secrets.redaction import LOOKS, redact_text
from realstack.websocket.codecs.plain import Json
from realstack.websocket.frames import read
from realstack.websocket.masking import Masker
from realstack.websocket.options import Options

SECRET = "s3cr3t-value-of-a-user-0123456789"
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"


@pytest.fixture
def masker() -> Masker:
    return Masker(registry=Registry())


def parse(payload: str | bytes, masker: Masker) -> tuple[str, Any, int]:
    """What a frame with one message is, its data and its size."""
    ((content, data, size, problem),) = read(payload, Json(), masker)
    assert not problem
    return content, data, size


@pytest.mark.parametrize(
    "key", ["token", "Access_Token", "accessToken", "AUTHORIZATION", "password", "session_token", "refreshTokens"]
)
def test_fields_with_telling_names_are_hidden_at_any_depth(masker: Masker, key: str) -> None:
    value = {"payload": [{key: "short"}]}
    assert masker.payload(json.dumps(value), value) == {"payload": [{key: "<hidden>"}]}


def test_what_tells_nothing_is_left_alone(masker: Masker) -> None:
    value = {"token": None, "password": "", "secret": True, "text": "a token of love", "tokens": 3}
    assert masker.payload(json.dumps(value), value) == value


def test_names_that_are_told_for_the_run_count_on_connections_that_are_there_already() -> None:
    registry = Registry()
    masker = Masker("stub", registry=registry)
    registry.name_credentials("!token, ticket")
    value = {"token": "Hel", "ticket": "t-1", "stub": "s-1"}
    assert masker.payload(json.dumps(value), value) == {"token": "Hel", "ticket": "<hidden>", "stub": "<hidden>"}


@pytest.mark.parametrize("told", [["ticket", "!token"], "ticket, !token", "['ticket', '!token']"])
def test_own_names_join_the_usual_ones_and_take_some_out(told: str | list[str]) -> None:
    masker = Masker(told, Registry())
    value = {"ticket": "T-1", "token": "not hidden then", "password": "hidden as ever"}
    assert masker.payload(json.dumps(value), value) == {
        "ticket": "<hidden>",
        "token": "not hidden then",
        "password": "<hidden>",
    }


def test_registered_values_are_hidden_wherever_they_appear(masker: Masker) -> None:
    masker.register(SECRET, "test")
    encoded = base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("=")
    raw = json.dumps({"text": f"you sent {SECRET}!", "echo": f"jwt.{encoded}", "list": [SECRET]})
    _, data, _ = parse(raw, masker)
    assert SECRET not in json.dumps(data)
    assert encoded not in json.dumps(data)
    assert data["text"].startswith("you sent <")


def test_the_token_inside_a_subprotocol_is_known_too(masker: Masker) -> None:
    masker.register("jwt." + base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="), "subprotocol")
    assert SECRET not in masker.text(f"refused: {SECRET}")


def test_the_credentials_of_a_header_are_known_too(masker: Masker) -> None:
    masker.register(f"Bearer {SECRET}", "header")
    assert SECRET not in masker.text(f"refused: {SECRET}")


@pytest.mark.parametrize(
    ("sent", "part"),
    [
        ("Basic " + base64.b64encode(b"u:S3cretPw9").decode(), "S3cretPw9"),
        ("basic " + base64.b64encode("ann:S3crét>>>??pass".encode()).decode(), "S3crét>>>??pass"),
        ('Token token="0123456789abc", nonce="def"', "0123456789abc"),
        ("ApiKey 0123456789abc", "0123456789abc"),
        ("base64url.bearer.authorization.k8s.io." + base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="), SECRET),
        (f"access_token.{SECRET}", SECRET),
    ],
)
def test_what_opens_by_itself_in_what_is_sent_is_known_too(masker: Masker, sent: str, part: str) -> None:
    masker.register(sent, "header")
    assert part not in masker.text(f"refused: {part}.")


def test_credentials_of_a_url_and_of_cookies_are_known_each_by_itself() -> None:
    masker = Masker(registry=Registry())
    headers = {"Cookie": "theme=dark-and-stormy; session=abc123XYZ9abc123"}
    Options(
        "wss://ann:pa%2Fss-word@chat.test/ws?room=a-large-room&ticket_token=abc123XYZ9", headers=headers
    ).register_credentials(masker)
    seen = "pa/ss-word, a-large-room, abc123XYZ9, abc123XYZ9abc123, dark-and-stormy"
    assert masker.text(seen) == "<hidden>, a-large-room, <hidden>, <hidden>, dark-and-stormy"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"error": 1, "refresh_token": "s3cr3t"}', '{"error": 1, "refresh_token": "<hidden>"}'),
        ("error=expired&access_token=s3cr3t", "error=expired&access_token=<hidden>"),
        (
            "https://idp.test/back?a=1&code=s3cr3t-0123#id_token=s3cr3t",
            "https://idp.test/back?a=1&code=<hidden>#id_token=<hidden>",
        ),
        ("closed with code=4001, see ?page_token=3", "closed with code=4001, see ?page_token=3"),
        (
            'Bearer resource_metadata="https://chat.test/a", error="x"',
            'Bearer resource_metadata="https://chat.test/a", error="x"',
        ),
    ],
)
def test_what_a_server_says_of_a_refusal_or_an_end_has_no_credentials(masker: Masker, text: str, told: str) -> None:
    assert masker.told(text) == told
    assert masker.headers([("Location", text)]) == {"Location": told}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("eyJhbGciOiJkaXIifQ..aXZpdml2.Y2lwaGVydGV4dA.dGFndGFn, encrypted", "<hidden>, encrypted"),
        ("ewogImFsZyI6ICJSUzI1NiIKfQ.eyAic3ViIjogImFubiIgfQ.c2lnbmF0dXJlMTIz, in lines", "<hidden>, in lines"),
        ("Basic dTpTM2NyZXRQdzk=, and basic understanding", "Basic <hidden>, and basic understanding"),
        ("postgresql://app:pa@55word@db/x", "postgresql://app:<hidden>@db/x"),
        ('"redis://:pw@db","ann@chat.test"', '"redis://:<hidden>@db","ann@chat.test"'),
        ("http://localhost:3000/@vite/client", "http://localhost:3000/@vite/client"),
    ],
)
def test_credentials_are_known_by_their_looks(text: str, shown: str) -> None:
    assert redact_text(text) == shown


def test_escapes_do_not_hide_a_secret_from_the_masker(masker: Masker) -> None:
    masker.register(SECRET, "test")
    raw = json.dumps({"text": SECRET}).replace("s3cr3t", "\\u0073\\u0033cr3t")
    _, data, _ = parse(raw, masker)
    assert SECRET not in json.dumps(data)


def test_tokens_are_known_by_their_looks(masker: Masker) -> None:
    raw = json.dumps({"text": f"your token is {TOKEN}"})
    _, data, _ = parse(raw, masker)
    assert data == {"text": "your token is <hidden>"}
    assert parse(f"plain {TOKEN}", masker)[1] == "plain <hidden>"


def test_headers(masker: Masker) -> None:
    masker.register(SECRET, "test")
    headers = [("Set-Cookie", "a=b"), ("X-Echo", SECRET), ("Via", "a"), ("Via", "b")]
    assert masker.headers(headers) == {"Set-Cookie": "<hidden>", "X-Echo": "<hidden>", "Via": "a, b"}


@pytest.mark.parametrize(
    ("payload", "content", "data"),
    [
        ('{"a": 1}', "json", {"a": 1}),
        (" [1]", "json", [1]),
        ("{broken", "text", "{broken"),
        ("42", "text", "42"),
        ("", "text", ""),
        ("grüße", "text", "grüße"),
        (b"\x00\xff", "binary", b"\x00\xff"),
        ("[" * 100_000, "text", "[" * 100_000),
    ],
)
def test_payloads_are_kept_as_what_they_are(masker: Masker, payload: str | bytes, content: str, data: object) -> None:
    assert parse(payload, masker)[:2] == (content, data)


def test_sizes_are_bytes_on_the_wire(masker: Masker) -> None:
    assert parse("grüße", masker)[2] == 7


def test_hidden_value_knows_what_it_stands_for(masker: Masker) -> None:
    value = {"type": "logged_in", "token": SECRET, "scopes": {"secret": ["one-secret-0123456789", 5, ""]}, "text": TOKEN}
    data = parse(json.dumps(value), masker)[1]
    assert json.loads(json.dumps(data)) == {
        "type": "logged_in", "token": "<hidden>", "scopes": {"secret": ["<hidden>", 5, ""]}, "text": "<hidden>",
    }  # fmt: skip
    assert (data["token"].value, data["scopes"]["secret"][0].value, data["text"].value) == (
        SECRET,
        "one-secret-0123456789",
        TOKEN,
    )
    assert masker.text(f"see {SECRET}") == "see <hidden>"


def test_hidden_value_goes_nowhere_by_itself(masker: Masker) -> None:
    hidden = parse(json.dumps({"token": SECRET}), masker)[1]["token"]
    pickled = pickle.dumps(hidden)
    for made in (str(hidden), repr(hidden), f"{hidden}", json.dumps(hidden), pickled.decode("latin-1")):
        assert SECRET not in made
    assert type(pickle.loads(pickled)) is str  # noqa: S301 -- made here
    assert copy.deepcopy(hidden).value == SECRET


def test_cookies_of_a_handshake_are_hidden_and_known(masker: Masker) -> None:
    lines = [("Set-Cookie", "session=s3cr3t-session-0123456789; HttpOnly"), ("Set-Cookie", "theme=dark-and-stormy; Path=/")]
    shown = masker.headers(lines)["Set-Cookie"]
    assert shown == "<hidden>"
    assert isinstance(shown, Hidden)
    assert shown.value.startswith("session=s3cr3t-session-0123456789; HttpOnly, theme=")
    assert masker.text("s3cr3t-session-0123456789 dark-and-stormy") == "<hidden> dark-and-stormy"


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ('42["auth",{"token":"s3cr3t","user":"ann"}]', '42["auth",{"token":"<hidden>","user":"ann"}]'),
        ('{"password" : "s3cr3t"', '{"password" : "<hidden>"'),
        ('a["{\\"token\\":\\"s3cr3t\\",\\"n\\":1}"]', 'a["{\\"token\\":\\"<hidden>\\",\\"n\\":1}"]'),
        ('x {"token":"s3cr3t \\" s3cr3t"} y', 'x {"token":"<hidden>"} y'),
        ('x {"payload":"{\\"token\\":\\"s3cr3t\\"}"}', 'x {"payload":"{\\"token\\":\\"<hidden>\\"}"}'),
        ('x {"token":"s3cr3t', 'x {"token":"<hidden>'),
        ('x {"token":""} {"text":"a: b"}', 'x {"token":""} {"text":"a: b"}'),
    ],
)
def test_fields_in_json_that_nobody_reads_are_hidden_too(masker: Masker, payload: str, shown: str) -> None:
    assert parse(payload, masker)[:2] == ("text", shown)


def test_json_in_a_text_of_json_has_its_fields_hidden(masker: Masker) -> None:
    data = parse(json.dumps({"body": json.dumps({"token": "s3cr3t", "n": 1})}), masker)[1]
    assert json.loads(data["body"]) == {"token": "<hidden>", "n": 1}


def test_json_in_binary_frames_is_masked_like_any(masker: Masker) -> None:
    assert parse(b'{"token": "s3cr3t"}', masker)[:2] == ("json", {"token": "<hidden>"})


pieces = st.sampled_from(
    [
        "eyJ",
        "eyJhbGci.eyJzdWIi.c2ln",
        "ewogICJhbGciOi.ewogICJzdWIi.c2lnbmF0dXJl",
        "Basic dTpTM2NyZXRQdzk=",
        "jwt.",
        "j",
        "Bearer ",
        "BEARER  ",
        "bEArer\t",
        "://",
        "redis:",
        "u:p",
        "@",
        "a" * 16,
        "/",
    ]
)


@given(st.lists(pieces, max_size=6).map("".join))
def test_what_is_looked_for_first_leaves_no_credential_out(text: str) -> None:
    masked = text
    for pattern, replacement in LOOKS:
        masked = pattern.sub(replacement, masked)
    assert redact_text(text) == masked


DEEP = base64.urlsafe_b64encode(b"[" * 100_000).decode()


@pytest.mark.parametrize(
    "value",
    ["a-half-\ud83d-of-a-pair", "first\ud800.second.third" * 9, f"{DEEP}.{DEEP}.of-a-signature-0123"],
    ids=["half a pair", "halves between dots", "no end of levels"],
)
def test_credentials_that_nobody_can_write_or_read_break_no_reader(value: str) -> None:
    registry = Registry()
    _, data, _ = parse(json.dumps({"type": "told", "token": value}), Masker(registry=registry))
    assert data == {"type": "told", "token": "<hidden>"}
    for told in (value, json.dumps(value), writable(value)):
        assert value not in registry.scrub(f"it is {told}, so there")
        assert "<hidden>" in registry.scrub(f"it is {told}, so there")
