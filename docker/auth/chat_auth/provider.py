"""One OpenID provider, as its relying party sees it: discovery, keys, code exchange and userinfo."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key

from chat_auth.id_token import Expected, check_access_token_hash, check_claims, matching_keys, parse, verified_claims
from chat_auth.refusals import SignInRefused
from chat_auth.settings import ProviderSettings
from chat_common.logs import Log
from chat_common.tasks import Together

log = Log("provider")

# How long a provider's configuration is good when it doesn't say so itself by Cache-Control (seconds).
METADATA_LIFETIME = 600.0
METADATA_NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
PROFILE_CLAIMS = ("email", "name", "picture")
CLAIM_LENGTH = 2048


class Provider:
    """Relying party of one provider.

    Nothing is asked of the provider before it is needed, and what it answered is kept: the configuration for as long as its
    `Cache-Control` says, the keys until a token comes that none of them signed.

    Args:
        settings: Which provider, and who we are there.
        client: HTTP client that follows no redirects.
    """

    def __init__(self, settings: ProviderSettings, client: httpx.AsyncClient) -> None:
        self.settings = settings
        self._client = client
        self._metadata: dict[str, Any] = {}
        self._metadata_until = float("-inf")
        self._keys = KeySet([])
        self._keys_uri = ""
        self._keys_generation = 0
        # Ten sign-ins at once ask an unreachable provider once, and fail together.
        self._together = Together()

    async def authorization_url(self, **parameters: str) -> str:
        """Where to send the browser (OpenID Connect Core, section 3.1.2.1).

        Raises:
            SignInRefused: `provider_unreachable` or `discovery_issuer_mismatch`.
        """
        endpoint = (await self.discover())["authorization_endpoint"]
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "scope": self.settings.scope,
            "code_challenge_method": "S256",
            **({"hd": self.settings.hosted_domain} if self.settings.hosted_domain else {}),
            **parameters,
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def sign_in(self, code: str, *, redirect_uri: str, code_verifier: str, nonce: str) -> dict[str, Any]:
        """Turn an authorization code into checked claims: `sub`, `email`, `name` and `picture`.

        Raises:
            SignInRefused: For whatever reason.
        """
        metadata = await self.discover()
        tokens = await self._exchange(metadata, code, redirect_uri, code_verifier)
        token = parse(tokens.get("id_token"))
        claims = await self._claims_signed_by_provider(metadata, tokens)
        check_claims(claims, Expected(metadata["issuer"], self.settings.client_id, nonce, self.settings.hosted_domain))
        access_token = tokens.get("access_token")
        if isinstance(access_token, str):
            check_access_token_hash(claims, token.algorithm, access_token)
            claims = await self._completed(metadata, claims, access_token)
        profile = {name: _text(claims.get(name)) for name in PROFILE_CLAIMS}
        return {"sub": claims["sub"], **profile, "name": profile["name"] or profile["email"] or claims["sub"]}

    async def discover(self) -> dict[str, Any]:
        """The provider's configuration (OpenID Connect Discovery 1.0, section 4); its issuer must be exactly ours."""
        if time.monotonic() < self._metadata_until:
            return self._metadata
        found: dict[str, Any] = await self._together.run("metadata", self._fetch_metadata)
        return found

    async def _fetch_metadata(self) -> dict[str, Any]:
        answer = await self._ask("GET", f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        found = _json_object(answer)
        if found.get("issuer") != self.settings.issuer:
            raise SignInRefused("discovery_issuer_mismatch")
        scheme = "https://" if self.settings.issuer.startswith("https://") else ("https://", "http://")
        missing = [name for name in METADATA_NEEDED if not str(found.get(name, "")).startswith(scheme)]
        if missing:
            raise SignInRefused("provider_unreachable", f"its configuration has no good {', '.join(missing)}")
        self._metadata = found
        self._metadata_until = time.monotonic() + _lifetime(answer.headers)
        return found

    async def _exchange(self, metadata: Mapping[str, Any], code: str, redirect_uri: str, code_verifier: str) -> dict[str, Any]:
        """Redeem the code (RFC 6749, section 4.1.3, with RFC 7636)."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": code_verifier}
        headers = {}
        own_id, secret = self.settings.client_id, self.settings.client_secret
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if not secret:
            form["client_id"] = own_id
        elif "client_secret_basic" in methods:
            # RFC 6749, section 2.3.1: both are form-encoded before they are joined.
            pair = f"{quote_plus(own_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form.update(client_id=own_id, client_secret=secret)
        answer = await self._ask("POST", metadata["token_endpoint"], data=form, headers=headers, accept_refusal=True)
        if answer.status_code != 200:
            error = _error_code(answer)
            log.warning("code_rejected", provider=self.settings.id, status=answer.status_code, reason=error)
            raise SignInRefused("code_rejected", error)
        return _json_object(answer)

    async def _claims_signed_by_provider(self, metadata: Mapping[str, Any], tokens: Mapping[str, Any]) -> dict[str, Any]:
        token = parse(tokens.get("id_token"))
        keys, generation = await self._current_keys(metadata["jwks_uri"])
        claims = verified_claims(token, matching_keys(token, keys))
        if claims is None:
            # The provider may have changed its keys since.
            keys, _ = await self._current_keys(metadata["jwks_uri"], newer_than=generation)
            claims = verified_claims(token, matching_keys(token, keys))
        if claims is None:
            raise SignInRefused("id_token_signature")
        return claims

    async def _current_keys(self, uri: str, newer_than: int = 0) -> tuple[KeySet, int]:
        if self._keys_generation <= newer_than or self._keys_uri != uri:
            await self._together.run(f"keys newer than {newer_than} of {uri}", lambda: self._fetch_keys(uri))
        return self._keys, self._keys_generation

    async def _fetch_keys(self, uri: str) -> None:
        self._keys = _key_set(_json_object(await self._ask("GET", uri)))
        self._keys_uri = uri
        self._keys_generation += 1
        log.info("provider_keys_loaded", provider=self.settings.id, keys=len(self._keys.keys))

    async def _completed(self, metadata: Mapping[str, Any], claims: dict[str, Any], access_token: str) -> dict[str, Any]:
        """Claims with what the ID token lacks, from the userinfo endpoint (section 5.3)."""
        endpoint = metadata.get("userinfo_endpoint")
        if all(claims.get(name) for name in PROFILE_CLAIMS) or not isinstance(endpoint, str):
            return claims
        answer = await self._ask("GET", endpoint, headers={"Authorization": f"Bearer {access_token}"})
        more = _json_object(answer)
        # Section 5.3.2: an answer about somebody else must not be used.
        if more.get("sub") != claims["sub"]:
            raise SignInRefused("id_token_subject", "userinfo is about another subject")
        return {**more, **{name: value for name, value in claims.items() if value}}

    async def _ask(self, method: str, url: str, *, accept_refusal: bool = False, **options: Any) -> httpx.Response:
        try:
            answer = await self._client.request(method, url, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("provider_unreachable", provider=self.settings.id, reason=type(error).__name__)
            raise SignInRefused("provider_unreachable", type(error).__name__) from error
        refused = accept_refusal and 400 <= answer.status_code < 500
        if answer.status_code != 200 and not refused:
            log.warning("provider_unreachable", provider=self.settings.id, status=answer.status_code)
            raise SignInRefused("provider_unreachable", f"status {answer.status_code}")
        return answer


def _json_object(answer: httpx.Response) -> dict[str, Any]:
    try:
        value = answer.json()
    except ValueError as error:
        raise SignInRefused("provider_unreachable", "its answer is not JSON") from error
    if not isinstance(value, dict):
        raise SignInRefused("provider_unreachable", "its answer is not an object")
    return value


def _key_set(jwks: Mapping[str, Any]) -> KeySet:
    items = jwks.get("keys")
    if not isinstance(items, list):
        raise SignInRefused("provider_unreachable", "its keys are no JWK set")
    keys = []
    for item in items:
        try:
            keys.append(import_key(item))
        except (JoseError, ValueError, TypeError, KeyError):
            # RFC 7517, section 5: keys that aren't understood are passed over.
            log.debug("provider_key_ignored")
    return KeySet(keys)


def _error_code(answer: httpx.Response) -> str:
    try:
        error = answer.json().get("error")
    except (ValueError, AttributeError):
        error = None
    # Only the registered error's own characters: the text goes into an answer of ours.
    return error if isinstance(error, str) and re.fullmatch(r"[a-z_]{1,40}", error) else f"status {answer.status_code}"


def _lifetime(headers: httpx.Headers) -> float:
    directives = headers.get("cache-control", "").lower()
    if "no-store" in directives or "no-cache" in directives:
        return 0.0
    age = re.search(r"max-age=(\d{1,9})", directives)
    return min(float(age[1]), 86400.0) if age else METADATA_LIFETIME


def _text(value: Any) -> str:
    return value[:CLAIM_LENGTH] if isinstance(value, str) else ""
