"""`oidc-provider` (npm) for keyword suites, with the clients that a suite names; ended with the suite."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory
from typing import Any

from node_peers import peer
from robot.api.deco import keyword, library
from robot.api.types import Secret

from realstack.oauth.signing import new_key

REDIRECT_URI = "http://127.0.0.1:9/callback"
"""Nobody listens there: suites stop before it."""
IMPLICIT_REDIRECT_URI = "https://client.example/callback"
"""Tokens in a URL go to no other scheme."""
AFTER_LOGOUT = "http://127.0.0.1:9/goodbye"


@library(scope="SUITE", auto_keywords=False)
class OidcPeer:
    """Runs the provider of `tests/peers/oidc`."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._stack = ExitStack()

    @keyword
    def start_oidc_provider(self, backchannel_logout_uri: str) -> dict[str, Any]:
        """Starts it; returns where it is, where it sends browsers, and what its clients and users come with.

        That is ``issuer``, ``redirect_uri``, ``implicit_redirect_uri``, ``after_logout``, ``secret``, ``password`` (any does),
        ``key`` (a PEM file), ``another_key`` (a Secret, of nobody).
        """
        key, secret = new_key("ES256"), token_urlsafe(32)
        pem = Path(self._stack.enter_context(TemporaryDirectory(prefix="oidc-peer."))) / "client.pem"
        pem.touch(0o600)
        pem.write_bytes(key.as_pem(private=True))
        common = {
            "redirect_uris": [REDIRECT_URI],
            "post_logout_redirect_uris": [AFTER_LOGOUT],
            "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
            "backchannel_logout_uri": backchannel_logout_uri,
            "backchannel_logout_session_required": True,
        }
        public = {"keys": [key.as_dict(private=False)]}
        clients = [
            {"client_id": "basic", "client_secret": secret, **common},
            {"client_id": "hmac", "client_secret": secret, "token_endpoint_auth_method": "client_secret_jwt", **common},
            {"client_id": "signer", "token_endpoint_auth_method": "private_key_jwt", "jwks": public, **common},
            {"client_id": "pushing", "client_secret": secret, "require_pushed_authorization_requests": True, **common},
            {"client_id": "bound", "client_secret": secret, "dpop_bound_access_tokens": True, **common},
            {"client_id": "modern", "client_secret": secret, "id_token_signed_response_alg": "EdDSA",
             "authorization_signed_response_alg": "ES256", "userinfo_signed_response_alg": "PS256", **common},
            {"client_id": "hybrid", "client_secret": secret, "redirect_uris": [IMPLICIT_REDIRECT_URI],
             "grant_types": ["authorization_code", "implicit"], "response_types": ["code id_token", "id_token"]},
        ]  # fmt: skip
        signing = [new_key(algorithm) for algorithm in ("RS256", "ES256", "EdDSA")]
        jwks = [{**one.as_dict(private=True), "use": "sig"} for one in signing]
        wanted = ("deviceFlow", "pushedAuthorizationRequests", "dPoP", "jwtResponseModes", "backchannelLogout", "revocation",
                  "introspection", "jwtUserinfo", "rpInitiatedLogout")  # fmt: skip
        algorithms = ["RS256", "ES256", "EdDSA", "PS256", "HS256"]
        settings = {
            "clients": clients,
            "jwks": {"keys": jwks},
            "features": {name: {"enabled": True} for name in wanted},
            "enabledJWA": {
                "idTokenSigningAlgValues": algorithms,
                "userinfoSigningAlgValues": algorithms,
                "authorizationSigningAlgValues": algorithms,
            },
            "cookies": {"keys": [token_urlsafe(24)]},
        }
        running = self._stack.enter_context(peer("oidc/provider.mjs"))
        return {
            **running.ask(settings),
            "redirect_uri": REDIRECT_URI,
            "implicit_redirect_uri": IMPLICIT_REDIRECT_URI,
            "after_logout": AFTER_LOGOUT,
            "secret": Secret(secret),
            "password": Secret(token_urlsafe(16)),
            "key": str(pem),
            "another_key": Secret(new_key("ES256").as_pem(private=True).decode()),
        }

    def close(self) -> None:
        """End the provider with the suite."""
        self._stack.close()
