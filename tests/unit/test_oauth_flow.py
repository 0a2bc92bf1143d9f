"""The flow without I/O: requests, answers, metadata, client authentication."""

from __future__ import annotations

import base64
import re

import pytest

from realstack.core.errors import StackError, StackFailure
from realstack.http.urls import parameters
from realstack.oauth.client_auth import ClientCredentials
from realstack.oauth.flow import authorization_request, code_of, token_set
from realstack.oauth.metadata import discovery_urls, read_metadata

ENDPOINT = "http://issuer.test/authorize?tenant=1"
REDIRECT = "http://client.test/callback"


def test_request_has_challenge_state_and_nonce() -> None:
    request = authorization_request(ENDPOINT, "chat", REDIRECT, "openid email", extra={"prompt": "login"})
    sent = parameters(request.url)
    assert sent == {
        "tenant": "1", "response_type": "code", "client_id": "chat", "redirect_uri": REDIRECT, "scope": "openid email",
        "state": request.state, "nonce": request.nonce, "prompt": "login",
        "code_challenge": sent["code_challenge"], "code_challenge_method": "S256",
    }  # fmt: skip
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", request.verifier)
    assert request.verifier not in request.url
    assert request.verifier not in repr(request)
    assert request.state not in repr(request)


def test_requests_differ() -> None:
    first, second = (authorization_request(ENDPOINT, "chat", REDIRECT, "openid") for _ in range(2))
    assert not {first.state, first.nonce, first.verifier} & {second.state, second.nonce, second.verifier}


def test_challenge_is_that_of_rfc_7636_appendix_b(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realstack.oauth.flow.random.token_urlsafe", lambda _: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    request = authorization_request(ENDPOINT, "chat", REDIRECT, "openid")
    assert parameters(request.url)["code_challenge"] == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_parts_can_be_left_out() -> None:
    sent = parameters(authorization_request(ENDPOINT, "chat", REDIRECT, "openid", pkce="none", state="", nonce="").url)
    assert not {"state", "nonce", "code_challenge", "code_challenge_method"} & set(sent)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("error=access_denied&error_description=no&state={state}", "error access_denied: no"),
        ("code=c-123456789&state=other", "another one"),
        ("code=c-123456789", "Seen: none"),
        ("state={state}", "Seen: the parameters state"),
        ("code=c-123456789&state={state}&iss=http://evil.test", "RFC 9207"),
    ],
)
def test_bad_answers_are_refused(query: str, message: str) -> None:
    request = authorization_request(ENDPOINT, "chat", REDIRECT, "openid")
    with pytest.raises(StackFailure, match=message) as caught:
        code_of(f"{REDIRECT}?{query.format(state=request.state)}", request, "http://issuer.test")
    assert "c-123456789" not in str(caught.value)


def test_good_answer_gives_its_code() -> None:
    request = authorization_request(ENDPOINT, "chat", REDIRECT, "openid")
    assert code_of(f"{REDIRECT}?code=c-1&state={request.state}", request, "http://issuer.test") == "c-1"


def test_client_authentication_encodes_as_rfc_6749_demands() -> None:
    headers, form = ClientCredentials("the client", "client_secret_basic", "a:b%ü").shown("")
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"the+client:a%3Ab%25%C3%BC"
    assert form == {}
    assert ClientCredentials("c", "client_secret_post", "s").shown("") == ({}, {"client_id": "c", "client_secret": "s"})
    assert ClientCredentials("c", "none").shown("") == ({}, {"client_id": "c"})
    for method in ("client_secret_basic", "client_secret_post", "client_secret_jwt"):
        with pytest.raises(StackError, match=f"a client secret for {method}"):
            ClientCredentials("c", method).shown("")  # type: ignore[arg-type]


def test_token_answer_is_read_and_does_not_show_itself() -> None:
    tokens = token_set({"access_token": "at-0123456789", "token_type": "Bearer", "expires_in": "60"}, "POST /token")
    assert (tokens.expires_in, tokens.refresh_token, tokens.scope) == (60, "", "")
    assert "at-0123456789" not in repr(tokens)
    with pytest.raises(StackFailure, match=r"RFC 6749, 5\.1.*\nSeen: only access_token"):
        token_set({"access_token": "at"}, "POST /token")
    with pytest.raises(StackFailure, match="only list"):
        token_set([], "POST /token")


def test_metadata_must_name_its_issuer_to_the_character() -> None:
    assert discovery_urls("http://a.test/tenant/") == (
        "http://a.test/tenant/.well-known/openid-configuration",
        "http://a.test/.well-known/oauth-authorization-server/tenant",
    )
    metadata = read_metadata("http://a.test", {"issuer": "http://a.test", "token_endpoint": "http://a.test/t"}, "x")
    assert metadata.endpoint("token_endpoint") == "http://a.test/t"
    with pytest.raises(StackFailure, match=r"http://a.test has a jwks_uri.*\n.*\nEvidence: It names token_endpoint"):
        metadata.endpoint("jwks_uri")
    for issuer in ("http://a.test/", "HTTP://a.test", None):
        with pytest.raises(StackFailure, match=r"names the issuer 'http://a\.test'"):
            read_metadata("http://a.test", {"issuer": issuer}, "x")
