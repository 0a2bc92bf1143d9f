"""What else a client asks a provider for: by assertions, pushed, for devices, bound to keys, answered by JWTs."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwk
from joserfc.jwk import ECKey, RSAKey

from realstack.core.errors import StackError, StackFailure
from realstack.http.urls import parameters
from realstack.oauth.client import OAuthRefusal, ProviderClient
from realstack.oauth.client_auth import ASSERTION_TYPE, ClientCredentials
from realstack.oauth.device import device_authorization
from realstack.oauth.dpop import DpopProver
from realstack.oauth.flow import authorization_answer, check_answer, code_of
from realstack.oauth.metadata import Metadata
from realstack.oauth.rogue.server import HttpServer, Request, Response
from realstack.oauth.signing import SigningAlgorithm, new_key, read_private_key, read_private_key_file, sign, usual_algorithm
from realstack.oauth.tokens import Demands, b64encode, decode, problems
from realstack.secrets import secrets

pytestmark = pytest.mark.anyio

SECRET = "the-secret-of-the-client-0123456789"
EVERY: tuple[SigningAlgorithm, ...] = ("RS256", "RS512", "PS256", "PS384", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """The background loop is asyncio's."""
    return "asyncio"


Site = Callable[[Request], Response]


@asynccontextmanager
async def provider(site: Site, **options: Any) -> AsyncIterator[ProviderClient]:
    """A client of a provider that answers as `site` says."""

    async def answer(request: Request) -> Response:
        return site(request)

    server = HttpServer(answer)
    host, port = await server.start("127.0.0.1", 0)
    address = f"http://{host}:{port}"
    client = ProviderClient(address, "app", **{"redirect_uri": "http://client.test/back", **options})
    names = ("authorization", "token", "userinfo", "pushed_authorization_request", "device_authorization")
    client.metadata = Metadata(
        address, {f"{name}_endpoint": f"{address}/{name}" for name in names} | {"jwks_uri": f"{address}/keys"}
    )
    try:
        yield client
    finally:
        await client.close()
        await server.close()


def jsoned(value: Any, status: int = 200, **headers: str) -> Response:
    return Response(status, json.dumps(value).encode(), headers={name.replace("_", "-"): text for name, text in headers.items()})


TOKENS = {"access_token": "an-access-token-0123456789", "token_type": "Bearer"}


# How a client shows who it is


@pytest.mark.parametrize("algorithm", EVERY)
async def test_private_key_signs_an_assertion_for_one_request(algorithm: SigningAlgorithm) -> None:
    key, came = new_key(algorithm), []

    def site(request: Request) -> Response:
        came.append(dict(request.form))
        return jsoned(TOKENS)

    options: dict[str, Any] = {"client_auth": "private_key_jwt", "client_key": key, "client_algorithm": algorithm}
    async with provider(site, **options) as client:
        await client.grant("client_credentials", {})
        await client.grant("client_credentials", {})
    assertions = [decode(form["client_assertion"]) for form in came]
    first = assertions[0]
    assert came[0]["client_assertion_type"] == ASSERTION_TYPE
    assert (first.header["alg"], first.header["kid"]) == (algorithm, key.kid)
    assert {first.claims[name] for name in ("iss", "sub")} == {"app"}
    assert first.claims["aud"] == f"{client.issuer}/token"
    assert first.claims["exp"] - first.claims["iat"] == 60
    assert first.claims["jti"] != assertions[1].claims["jti"]
    demands = Demands([key.as_dict(private=False)], "app", f"{client.issuer}/token", algorithms={algorithm}, id_token=False)
    assert problems(first, demands) == []
    assert "client_secret" not in came[0]


async def test_secret_signs_an_assertion_and_is_not_sent() -> None:
    came: list[Mapping[str, str]] = []

    def site(request: Request) -> Response:
        came.append(request.form)
        return jsoned(TOKENS)

    options: dict[str, Any] = {
        "client_secret": SECRET,
        "client_auth": "client_secret_jwt",
        "assertion_audience": "http://other.test",
    }
    async with provider(site, **options) as client:
        await client.grant("client_credentials", {})
    token = decode(came[0]["client_assertion"])
    assert problems(token, Demands(None, "app", "http://other.test", algorithms={"HS256"}, secret=SECRET, id_token=False)) == []
    assert SECRET not in str(came[0])
    assert secrets.find(f"log of {token.raw}")


@pytest.mark.parametrize(
    ("credentials", "message"),
    [
        (ClientCredentials("app", "private_key_jwt"), "private key for private_key_jwt.*\n.*none\n.*client_key="),
        (ClientCredentials("app", "private_key_jwt", key=new_key("ES256"), algorithm="RS256"), "a key that RS256 signs with"),
        (ClientCredentials("app", "private_key_jwt", key=new_key("ES384"), algorithm="ES256"), "a key that ES256 signs with"),
        (ClientCredentials("app", "private_key_jwt", key=new_key("ES384"), algorithm="HS256"), "a key that HS256 signs with"),
        (
            ClientCredentials("app", "client_secret_jwt", SECRET, algorithm="RS256"),
            "one of HS256, HS384, HS512",
        ),
    ],
)
def test_credentials_that_can_not_be_shown_are_explained(credentials: ClientCredentials, message: str) -> None:
    with pytest.raises(StackError, match=message):
        credentials.shown("http://issuer.test/token")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "ES384", "ES512", "EdDSA"])
def test_private_key_may_be_pem_or_jwk(algorithm: SigningAlgorithm, tmp_path: Path) -> None:
    key = new_key(algorithm)
    pem, made = key.as_pem(private=True).decode(), json.dumps(key.as_dict(private=True))
    (tmp_path / "key.pem").write_text(pem)
    for read in (read_private_key(pem), read_private_key(f"\n{made}\n"), read_private_key_file(tmp_path / "key.pem")):
        assert read.thumbprint() == key.thumbprint()
        assert usual_algorithm(read) == algorithm
        assert read.kid
    assert secrets.find(f"key {made}")
    assert secrets.find(f"a log of {pem}")
    assert not secrets.find(f"a log of {key.as_dict(private=False)}")


@pytest.mark.parametrize(
    "text",
    ["", "{}", "null", "[]", "{",
     '{"kty": "RSA"}', '{"kty": "EC", "crv": "P-256", "x": 1, "y": 2}', '{"kty": ["EC"]}', "[" * 9999,
     "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", '{"kty": "oct", "k": "dGhlLXNlY3JldC0wMTIzNDU2Nzg5"}',
     '{"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA", "d": "AA"}', '{"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"}'],
)  # fmt: skip
def test_text_that_is_no_private_key_is_explained(text: str) -> None:
    with pytest.raises(StackError, match="a private key of RSA, EC or OKP"):
        read_private_key(text)


def test_public_key_does_not_sign() -> None:
    with pytest.raises(StackError, match=r"a private key, to sign with\nSeen: a public one"):
        read_private_key(json.dumps(new_key("ES256").as_dict(private=False)))


def test_file_without_a_key_is_explained(tmp_path: Path) -> None:
    (tmp_path / "odd.pem").write_bytes(b"\xff\xfe")
    for name in ("odd.pem", "none.pem", "."):
        with pytest.raises(StackError, match="a private key in the file"):
            read_private_key_file(tmp_path / name)


# Signatures


@pytest.mark.parametrize("algorithm", EVERY)
def test_each_signature_is_verified_with_its_hashes(algorithm: SigningAlgorithm) -> None:
    key, now = new_key(algorithm), int(time.time())
    bits = {"256": "sha256", "384": "sha384", "512": "sha512"}.get(algorithm[-3:], "sha512")
    half = {name: hashlib.new(bits, name.encode()).digest() for name in ("token", "code")}
    hashes = {"at_hash": half["token"], "c_hash": half["code"]}
    claims = {"iss": "http://i.test", "sub": "s", "aud": "app", "iat": now, "exp": now + 60}
    claims |= {name: b64encode(value[: len(value) // 2]) for name, value in hashes.items()}
    token = decode(sign({"alg": algorithm, "kid": key.kid}, claims, key))
    demands = Demands([key.as_dict(private=False)], "http://i.test", "app", access_token="token", code="code")
    assert problems(token, demands) == []
    other = replace(demands, access_token="another", code="another")
    assert [problem.code for problem in problems(token, other)] == ["access_token_hash", "code_hash"]
    cut = decode(token.raw[:-8] + "AAAAAAAA")
    assert "signature" in [problem.code for problem in problems(cut, demands)]


def test_key_of_another_curve_verifies_nothing() -> None:
    key = ECKey.generate_key("P-384", auto_kid=True)
    raw = sign({"alg": "ES256", "kid": key.kid}, {"sub": "s"}, key)
    assert "key_unknown" in [problem.code for problem in problems(decode(raw), Demands([key.as_dict(private=False)]))]


@pytest.mark.parametrize(
    "key",
    [{"kty": "EC"}, {"kty": "EC", "crv": "P-256", "x": 1, "y": None}, {"kty": "EC", "crv": ["P-256"], "x": "AA", "y": "AA"},
     {"kty": "EC", "crv": "P-256", "x": "A", "y": "ü"}, {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "key_ops": 3}],
)  # fmt: skip
def test_public_key_that_is_none_verifies_nothing(key: dict[str, Any]) -> None:
    good = ECKey.generate_key("P-256")
    raw = sign({"alg": "ES256"}, {"sub": "s"}, good)
    codes = [problem.code for problem in problems(decode(raw), Demands([key]))]
    assert {"signature", "key_unknown"} & set(codes)


# Pushed requests


async def test_request_is_pushed_and_only_its_name_goes_through_the_browser() -> None:
    came: list[Request] = []

    def site(request: Request) -> Response:
        came.append(request)
        return jsoned({"request_uri": "urn:pushed:1", "expires_in": 60}, 201)

    async with provider(site, client_secret=SECRET) as client:
        request = client.request(extra={"prompt": "login"})
        pushed = await client.push(request)
    assert parameters(pushed.url) == {"client_id": "app", "request_uri": "urn:pushed:1"}
    assert (pushed.state, pushed.nonce, pushed.verifier) == (request.state, request.nonce, request.verifier)
    assert came[0].form == parameters(request.url)
    assert came[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (jsoned({"error": "invalid_request"}, 400), "grants the pushed authorization request\nSeen: error invalid_request"),
        (jsoned({"error": "invalid_request"}), "with request_uri and expires_in"),
        (jsoned({"expires_in": 60}, 201), "with request_uri and expires_in"),
        (jsoned({"request_uri": "urn:1"}, 201), "gives expires_in in seconds"),
        (jsoned([], 201), "with request_uri and expires_in"),
        (Response(500, b"oops", "text/plain"), "an OAuth answer to the pushed"),
        (Response(201, b"{", "application/json"), "answers JSON"),
    ],
)
async def test_odd_answer_to_a_pushed_request_is_explained(response: Response, message: str) -> None:
    async with provider(lambda _: response, client_secret=SECRET) as client:
        with pytest.raises(StackFailure, match=message):
            await client.push(client.request())


# Devices

CODES = {"device_code": "a-device-code-0123456789", "user_code": "WDJB", "verification_uri": "http://x.test/d", "expires_in": 60}


async def test_device_waits_until_the_user_has_decided() -> None:
    answers = ["authorization_pending", "authorization_pending", ""]
    came: list[Mapping[str, str]] = []

    def site(request: Request) -> Response:
        if request.path == "/device_authorization":
            return jsoned({**CODES, "interval": 0})
        came.append(request.form)
        error = answers.pop(0)
        return jsoned({"error": error}, 400) if error else jsoned(TOKENS)

    async with provider(site, client_secret=SECRET) as client:
        device = await client.authorize_device({"scope": "openid"})
        assert (device.user_code, device.interval, device.expires_in) == ("WDJB", 0, 60)
        assert "a-device-code" not in repr(device)
        tokens = await client.device_tokens(device, 5)
    assert tokens.access_token == TOKENS["access_token"]
    assert [form["device_code"] for form in came] == ["a-device-code-0123456789"] * 3
    assert secrets.find("a-device-code-0123456789")


@pytest.mark.parametrize("error", ["access_denied", "expired_token", "authorization_pending", "slow_down"])
async def test_device_that_gets_no_tokens_says_why(error: str) -> None:
    async with provider(lambda _: jsoned({"error": error}, 400), client_secret=SECRET) as client:
        with pytest.raises(OAuthRefusal, match=f"error {error}"):
            await client.device_tokens(device_authorization({**CODES, "interval": 1}, "here"), 0.5)


@pytest.mark.parametrize(
    "change", [{"device_code": None}, {"user_code": 7}, {"verification_uri": ""}, {"expires_in": "soon"}, {"interval": -1}]
)
def test_odd_codes_of_a_device_are_explained(change: dict[str, Any]) -> None:
    with pytest.raises(StackFailure, match=r"RFC 8628, 3\.2"):
        device_authorization({**CODES, **change}, "POST /device")
    for body in ([], None, "codes", {}):
        with pytest.raises(StackFailure, match=r"RFC 8628, 3\.2"):
            device_authorization(body, "POST /device")


def test_device_without_an_interval_waits_five_seconds() -> None:
    assert device_authorization(CODES, "here").interval == 5


# Bound tokens


async def test_proof_is_of_one_request_and_carries_the_servers_nonce() -> None:
    came: list[Request] = []

    def site(request: Request) -> Response:
        came.append(request)
        proof = decode(request.headers["dpop"])
        if proof.claims.get("nonce") != f"n-{request.path}" and request.path != "/userinfo":
            return jsoned({"error": "use_dpop_nonce"}, 400, DPoP_Nonce=f"n-{request.path}")
        return jsoned({"sub": "reader"} if request.path == "/userinfo" else {**TOKENS, "token_type": "DPoP"})

    prover = DpopProver("ES256")
    async with provider(site, client_secret=SECRET, dpop=prover) as client:
        tokens = await client.grant("authorization_code", {"code": "a-code"})
        await client.userinfo(tokens.access_token)
    proofs = [decode(request.headers["dpop"]) for request in came]
    assert tokens.token_type == "DPoP"
    assert [request.path for request in came] == ["/token", "/token", "/userinfo"]
    assert (proofs[1].claims["htm"], proofs[1].claims["htu"]) == ("POST", f"{client.issuer}/token")
    assert "ath" not in proofs[1].claims
    assert len({proof.claims["jti"] for proof in proofs}) == 3
    assert came[2].headers["authorization"] == f"DPoP {tokens.access_token}"
    assert proofs[2].claims["ath"] == b64encode(hashlib.sha256(tokens.access_token.encode()).digest())
    public = jwk.import_key(dict(proofs[0].header["jwk"]))
    assert public.thumbprint() == prover.thumbprint
    assert "d" not in proofs[0].header["jwk"]
    assert (
        problems(
            replace(proofs[0], claims={**proofs[0].claims, "sub": "s", "exp": time.time() + 9}),
            Demands([proofs[0].header["jwk"]]),
        )
        == []
    )


async def test_nonce_that_never_fits_is_told() -> None:
    count = iter(range(99))
    async with provider(
        lambda _: jsoned({"error": "use_dpop_nonce"}, 400, DPoP_Nonce=f"nonce-{next(count)}"),
        client_secret=SECRET,
        dpop=DpopProver(),
    ) as client:
        with pytest.raises(OAuthRefusal, match="error use_dpop_nonce"):
            await client.grant("client_credentials", {})
    assert next(count) == 2


def test_proof_can_be_made_wrong() -> None:
    made = decode(
        DpopProver("EdDSA").proof("get", "http://a.test/x?y=1#z", claims={"htm": "PUT", "iat": None}, headers={"typ": "JWT"})
    )
    assert (made.claims["htm"], made.claims["htu"], made.header["typ"]) == ("PUT", "http://a.test/x", "JWT")
    assert "iat" not in made.claims


# Answers


def jarm(key: RSAKey, issuer: str, **changes: Any) -> str:
    claims = {"iss": issuer, "aud": "app", "exp": int(time.time()) + 60, "code": "the-code-of-a-jwt", "state": "s", **changes}
    return sign({"alg": "RS256", "kid": key.kid}, {name: value for name, value in claims.items() if value is not None}, key)


@pytest.mark.parametrize("where", ["?", "#"])
async def test_answer_may_be_a_jwt(where: str) -> None:
    key = RSAKey.generate_key(2048, auto_kid=True)
    async with provider(lambda _: jsoned({"keys": [key.as_dict(private=False)]})) as client:
        request = client.request(state="s")
        callback = f"http://client.test/back{where}{urlencode({'response': jarm(key, client.issuer)})}"
        found = await client.answer_parameters(callback)
        assert code_of(callback, request, client.issuer, found) == "the-code-of-a-jwt"
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"aud": "another"}, "audience"),
            ({"iss": "http://x.test"}, "issuer"),
            ({"exp": 5}, "expired"),
            ({"exp": None}, "expiry_missing"),
        ]
        for changes, problem in wrong:
            bad = f"http://client.test/back?{urlencode({'response': jarm(key, client.issuer, **changes)})}"
            with pytest.raises(StackFailure, match=f"JARM.*\n.*\nEvidence: - {problem}"):
                await client.answer_parameters(bad)
        forged = jarm(RSAKey.generate_key(2048, {"kid": key.kid}), client.issuer)
        with pytest.raises(StackFailure, match="- signature"):
            await client.answer_parameters(f"http://client.test/back?response={forged}")
        refusal = jarm(key, client.issuer, code=None, error="access_denied")
        with pytest.raises(StackFailure, match="error access_denied"):
            code_of(callback, request, client.issuer, await client.answer_parameters(f"http://client.test/?response={refusal}"))


async def test_answer_that_is_no_jwt_is_explained() -> None:
    async with provider(lambda _: jsoned({"keys": []})) as client:
        for text in ("x", "a.b.c", "e30.e30.e30.e30.e30"):
            with pytest.raises(StackFailure, match=r"a signed JWT|JWT may be trusted"):
                await client.answer_parameters(f"http://client.test/?response={text}")


def test_answer_without_a_code_is_read_or_refused_by_name() -> None:
    callback = "http://client.test/back#access_token=at-0123456789&id_token=it-0123456789&token_type=Bearer&state=s"
    found = parameters(callback)
    check_answer(callback, found, None, None)
    answer = authorization_answer(found)
    assert (answer.code, answer.access_token, answer.id_token) == ("", "at-0123456789", "it-0123456789")
    assert answer.parameters == ("access_token", "id_token", "token_type", "state")
    assert "0123456789" not in repr(answer)
    with pytest.raises(StackFailure, match=r"the parameters access_token, id_token.*\n.*Get Authorization Answer"):
        code_of(callback)
