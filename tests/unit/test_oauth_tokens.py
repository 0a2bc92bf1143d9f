"""Judging and forging tokens: each fault by its own name, and nothing else."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any, get_args

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure
from realstack.core.ownership import Owned
from realstack.oauth.client import ProviderClient
from realstack.oauth.forge import Forgery, Issuer, described, forge
from realstack.oauth.keywords.judging import JudgingKeywords
from realstack.oauth.signing import sign
from realstack.oauth.tokens import Demands, Token, b64decode, b64encode, decode, problems

NOW = 1_800_000_000
ISSUER = "http://issuer.test"
CLAIMS = {"iss": ISSUER, "sub": "reader", "aud": "chat", "iat": NOW, "exp": NOW + 300, "nonce": "n-1"}


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)


def made(key: Any, header: dict[str, Any] | None = None, algorithm: str = "RS256", **claims: Any) -> Token:
    values = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return decode(sign({"alg": algorithm, "kid": key.kid, **(header or {})}, values, key))


def demands(key: Any, **others: Any) -> Demands:
    return Demands(
        **{"keys": [key.as_dict(private=False)], "issuer": ISSUER, "audience": "chat", "nonce": "n-1", "now": NOW, **others}
    )


def codes(token: Token, wanted: Demands) -> list[str]:
    return [problem.code for problem in problems(token, wanted)]


def test_good_token_has_no_problem(key: RSAKey) -> None:
    assert codes(made(key), demands(key)) == []


@pytest.mark.parametrize(
    ("algorithm", "other"),
    [
        ("ES256", ECKey.generate_key("P-256", auto_kid=True)),
        ("ES384", ECKey.generate_key("P-384", auto_kid=True)),
        ("Ed25519", OKPKey.generate_key("Ed25519", auto_kid=True)),
        ("PS256", RSAKey.generate_key(2048, auto_kid=True)),
    ],
)
def test_other_algorithms_are_verified(algorithm: str, other: Any) -> None:
    assert codes(made(other, algorithm=algorithm), demands(other)) == []
    assert codes(made(other, algorithm=algorithm), demands(ECKey.generate_key("P-256", auto_kid=True))) == ["key_unknown"]


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"iss": "http://issuer.test/"}, ["issuer"]),
        ({"sub": None}, ["subject"]),
        ({"sub": ""}, ["subject"]),
        ({"sub": "x" * 256}, ["subject"]),
        ({"aud": "other"}, ["audience"]),
        ({"aud": ["other", "chat"]}, ["authorized_party"]),
        ({"aud": ["other", "chat"], "azp": "chat"}, []),
        ({"aud": ["chat"]}, []),
        ({"azp": "other"}, ["authorized_party"]),
        ({"exp": NOW}, ["expired"]),
        ({"exp": NOW + 1}, []),
        ({"exp": None}, ["expiry_missing"]),
        ({"exp": "soon"}, ["expiry_missing"]),
        ({"exp": True}, ["expiry_missing"]),
        ({"nbf": NOW + 1}, ["not_yet_valid"]),
        ({"nbf": NOW}, []),
        ({"iat": NOW + 2}, ["issued_at"]),
        ({"iat": NOW + 1}, []),
        ({"iat": None}, ["issued_at"]),
        ({"nonce": None}, ["nonce"]),
        ({"nonce": "n-2"}, ["nonce"]),
    ],
)
def test_each_claim_is_judged_by_itself(key: RSAKey, claims: dict[str, Any], expected: list[str]) -> None:
    assert codes(made(key, **claims), demands(key)) == expected


def test_leeway_moves_all_times(key: RSAKey) -> None:
    token = made(key, exp=NOW - 4, nbf=NOW + 4, iat=NOW + 5)
    assert codes(token, demands(key)) == ["expired", "not_yet_valid", "issued_at"]
    assert codes(token, demands(key, leeway=5)) == []


def test_access_token_hash_is_judged_where_there_is_one(key: RSAKey) -> None:
    # The example of OpenID Connect Core, A.3.
    access = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    good = made(key, at_hash="77QmUPtjPfzWtF2AnpK9RQ")
    assert codes(good, demands(key, access_token=access)) == []
    assert codes(good, demands(key, access_token="another")) == ["access_token_hash"]
    assert codes(made(key), demands(key, access_token=access)) == []


def test_all_problems_are_told_at_once(key: RSAKey) -> None:
    found = problems(made(RSAKey.generate_key(2048, {"kid": key.kid}), iss="x", aud="y", exp=NOW - 9), demands(key))
    assert [problem.code for problem in found] == ["signature", "issuer", "audience", "expired"]
    assert "expired: expected an exp after 1800000000, seen 1799999991, 9.0 s ago (OpenID Connect Core 3.1.3.7 (9))" in map(
        str, found
    )


@pytest.mark.parametrize("text", ["a.b", "a.b.c.d.e", "a.b.c", "e30.W10.", "e30.e30=.", "ÿ.e30.e30"])
def test_text_that_is_no_token_is_told_without_showing_it(text: str) -> None:
    with pytest.raises(StackFailure, match="Expected: a signed JWT of three parts") as caught:
        decode(text)
    assert text not in str(caught.value)


def test_token_does_not_show_itself(key: RSAKey) -> None:
    token = made(key)
    assert token.raw not in repr(token)
    assert token.raw[-40:] not in repr(token)


EXPECTED: dict[str, str] = {
    "alg-none": "algorithm", "alg-none-mixed-case": "algorithm", "signature-missing": "signature",
    "signature-zero": "key_unknown",
    "tampered-payload": "signature", "foreign-key": "signature", "foreign-key-embedded": "signature",
    "foreign-key-url": "signature", "foreign-kid": "key_unknown", "kid-path": "algorithm", "kid-sql": "algorithm",
    "hs256-public-key": "algorithm", "critical-header": "critical_header", "expired": "expired",
    "not-yet-valid": "not_yet_valid", "issued-in-future": "issued_at",
    "issuer-wrong": "issuer", "audience-wrong": "audience", "subject-missing": "subject",
    "nonce-wrong": "nonce", "expiry-missing": "expiry_missing", "issued-at-missing": "issued_at",
    "issuer-missing": "issuer", "audience-missing": "audience",
}  # fmt: skip


@pytest.mark.parametrize("kind", get_args(Forgery))
def test_forgery_with_the_issuers_key_has_exactly_one_fault(key: RSAKey, kind: Forgery) -> None:
    now = int(time.time())
    good = made(key, iat=now, exp=now + 300)
    issuer = Issuer((key.as_dict(private=False),), key)
    assert codes(decode(forge(good, kind, issuer=issuer)), demands(key, now=None)) == [EXPECTED[kind]]
    assert described(kind)


@pytest.mark.parametrize("kind", ["expired", "issuer-wrong", "audience-wrong"])
def test_forgery_without_the_issuers_key_fails_for_its_signature_too(key: RSAKey, kind: Forgery) -> None:
    assert "signature" in codes(decode(forge(made(key), kind)), demands(key))


def test_forgery_sets_and_removes_claims_and_headers(key: RSAKey) -> None:
    forged = decode(forge(made(key), "foreign-key", claims={"sub": "admin", "nonce": None}, headers={"typ": "at+jwt"}))
    assert (forged.claims["sub"], "nonce" in forged.claims, forged.header["typ"]) == ("admin", False, "at+jwt")


def test_mac_with_the_public_key_verifies_for_a_confused_verifier(key: RSAKey) -> None:
    import hashlib
    import hmac

    public = key.as_pem(private=False)
    forged = decode(forge(made(key), "hs256-public-key", issuer=Issuer((key.as_dict(private=False),))))
    assert forged.signature == hmac.new(public, forged.raw.rpartition(".")[0].encode(), hashlib.sha256).digest()


def test_mac_needs_the_issuers_key(key: RSAKey) -> None:
    with pytest.raises(StackError, match="the issuer's public key"):
        forge(made(key), "hs256-public-key")


@pytest.mark.parametrize("data", [b"", b"\0", b"\xff\xfe", b"abc"])
def test_base64url_round_trip(data: bytes) -> None:
    assert b64decode(b64encode(data)) == data


@pytest.mark.parametrize(
    ("algorithm", "own"),
    [
        ("ES384", ECKey.generate_key("P-384", auto_kid=True)),
        ("ES512", ECKey.generate_key("P-521", auto_kid=True)),
        ("RS256", ECKey.generate_key("P-384", auto_kid=True)),
        ("EdDSA", RSAKey.generate_key(2048, auto_kid=True)),
        ("PS256", RSAKey.generate_key(2048, auto_kid=True)),
    ],
)
def test_forgery_is_signed_as_the_issuers_key_signs(algorithm: str, own: Any) -> None:
    likeness = Token("", {"alg": algorithm, "kid": own.kid}, CLAIMS, b"")
    forged = decode(forge(likeness, "subject-missing", issuer=Issuer(signing_key=own)))
    assert codes(forged, demands(own)) == ["subject"]


@pytest.mark.parametrize("other", [{"kty": "NEW"}, {"kty": "RSA", "n": "no key!"}, {"kty": "oct"}, {"kty": "RSA", "use": "enc"}])
def test_mac_is_made_with_a_key_that_can_be_read(key: RSAKey, other: dict[str, Any]) -> None:
    public = {**key.as_dict(private=False), "key_ops": ["verify"], "use": "sig", "x5u": 5}
    forged = decode(forge(made(key, {"kid": None}), "hs256-public-key", issuer=Issuer((other, public))))
    assert forged.header["alg"] == "HS256"
    with pytest.raises(StackError, match="1 keys, none of that kid that can be read"):
        forge(made(key, {"kid": None}), "hs256-public-key", issuer=Issuer((other,)))


@pytest.mark.parametrize(
    ("claims", "headers", "told"),
    [
        ({}, {"alg": "XX"}, "an algorithm that signs with an RSA key"),
        ({}, {"alg": "ES256"}, "an algorithm that signs with an RSA key"),
        ({}, {"alg": None}, "an algorithm that signs with an RSA key"),
        ({"at": timedelta(1)}, {}, "values of JSON"),
        ({}, {"x5c": {b"x"}}, "values of JSON"),
    ],
)
def test_what_can_not_be_forged_is_told(key: RSAKey, claims: dict[str, Any], headers: dict[str, Any], told: str) -> None:
    with pytest.raises(StackError, match=told):
        forge(made(key), "foreign-key", claims=claims, headers=headers)


def test_secrets_among_claims_are_what_they_are(key: RSAKey) -> None:
    keywords = JudgingKeywords(Owned("provider", "Open Provider"))
    token = Secret(made(key).raw)
    forged = keywords.forge_token(token, "foreign-key", claims={"sid": Secret("sid-of-a-session")}, headers={"x": [Secret("y")]})
    read = decode(forged.value)
    assert (read.claims["sid"], read.header["x"]) == ("sid-of-a-session", ["y"])


@pytest.mark.parametrize("algorithm", [["RS256"], {"RS256": 1}, None, 5, "none", "XX"])
def test_algorithm_of_any_kind_is_a_reason_to_refuse(algorithm: Any) -> None:
    client = ProviderClient(ISSUER, "chat")
    token = Token(f"{'a' * 40}.b.c", {"alg": algorithm}, CLAIMS, b"c")
    assert "algorithm" in [problem.code for problem in asyncio.run(client.untrusted(token))]
