"""A provider that answers under Google's host names, over TLS: its metadata, tokens, keys, and pages in Google's order.

The pages have the fields and buttons that Google's had when this was written; the markup around these, and what scripts do
besides, they do not have.
"""

from __future__ import annotations

import json
import secrets
import socket
import socketserver
import subprocess
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlencode

import anyio
from joserfc import jws
from joserfc.jwk import RSAKey
from loopback import serve, served
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Host, Route, Router

from realstack.oauth.one_time import one_time_code

ISSUER = "https://accounts.google.com"
RELYING_PARTY = "chat.example.org"
HOSTS = ("accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com", "openidconnect.googleapis.com", RELYING_PARTY)
DOMAIN = "example.org"
SUBJECT = "110169484474386276334"


@dataclass
class Google:
    """One client, one account, where it is answered, and what a browser last brought back to the client."""

    folder: Path
    port: int = 0
    client_id: str = "12345.apps.googleusercontent.com"
    client_secret: str = field(default_factory=lambda: f"GOCSPX-{secrets.token_urlsafe(18)}")
    user: str = f"reader@{DOMAIN}"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    totp: str = field(default_factory=lambda: "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(32)))
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    flows: dict[str, dict[str, str]] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    granted: set[str] = field(default_factory=set)
    callback: str = ""
    domain: str = DOMAIN
    """The domain that its tokens claim when one was asked for, whichever."""

    def __post_init__(self) -> None:
        self.certificate, self.private = self.folder / "ca.pem", self.folder / "key.pem"
        names = ",".join(f"DNS:{name}" for name in HOSTS)
        command = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
        files = ("-keyout", self.private, "-out", self.certificate, "-subj", "/CN=accounts.google.com")
        subprocess.run([*command, *files, "-addext", f"subjectAltName={names}"], check=True, capture_output=True)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate's public key in base64, by which Chromium can be told to trust it."""
        told = subprocess.run(["openssl", "x509", "-in", self.certificate, "-noout", "-pubkey"], check=True, capture_output=True)
        public = subprocess.run(
            ["openssl", "pkey", "-pubin", "-outform", "der"], input=told.stdout, check=True, capture_output=True
        )
        return b64encode(sha256(public.stdout).digest()).decode()

    def app(self) -> Starlette:
        """All hosts."""
        accounts = [
            Route("/.well-known/openid-configuration", self._discovery),
            Route("/o/oauth2/v2/auth", self._begin),
            Route("/signin/{page}", self._page, methods=["POST"]),
        ]
        return Starlette(
            routes=[
                Host("accounts.google.com", Router(accounts)),
                Host("oauth2.googleapis.com", Router([Route("/token", self._token, methods=["POST"])])),
                Host("www.googleapis.com", Router([Route("/oauth2/v3/certs", self._keys)])),
                Host("openidconnect.googleapis.com", Router([Route("/v1/userinfo", self._user_info)])),
                Host(RELYING_PARTY, Router([Route("/auth/callback/google", self._back)])),
            ]
        )

    async def _discovery(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/o/oauth2/v2/auth",
                "device_authorization_endpoint": "https://oauth2.googleapis.com/device/code",
                "token_endpoint": "https://oauth2.googleapis.com/token",
                "userinfo_endpoint": "https://openidconnect.googleapis.com/v1/userinfo",
                "revocation_endpoint": "https://oauth2.googleapis.com/revoke",
                "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
                "response_types_supported": ["code", "token", "id_token", "none"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "code_challenge_methods_supported": ["plain", "S256"],
            }
        )

    async def _begin(self, request: Request) -> Response:
        flow = secrets.token_urlsafe(12)
        self.flows[flow] = dict(request.query_params)
        return _form(flow, "identifier", '<input id="identifierId" name="identifier" type="email">', "identifierNext")

    async def _page(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        flow = form.get("flow", "")
        asked, page = self.flows.get(flow, {}), request.path_params["page"]
        if page == "identifier" and asked and form.get("identifier") == self.user:
            return _form(flow, "pwd", '<input name="Passwd" type="password">', "passwordNext")
        if page == "pwd" and form.get("Passwd") == self.password:
            asked["known"] = "password"
            return _form(flow, "totp", '<input id="totpPin" name="totpPin" type="tel">', "totpNext")
        if page == "totp" and asked.get("known") and form.get("totpPin") in self._good_codes():
            asked["known"] = "both"
            return _form(flow, "consent", "<p>chat wants access to your account</p>", "submit_approve_access")
        if page == "consent" and asked.get("known") == "both":
            code = f"4/{secrets.token_urlsafe(24)}"
            self.codes[code] = self.flows.pop(flow)
            answer = {"state": asked["state"], "code": code, "scope": asked["scope"], "authuser": "0", "prompt": "consent"}
            answer |= {"hd": DOMAIN} if asked.get("hd") else {}
            return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", status_code=302)
        return HTMLResponse("<h1>Wrong. Try again.</h1>", status_code=403)

    def _good_codes(self) -> set[str]:
        # The one before holds as well: a step may end between two requests (RFC 6238, 5.2).
        return {one_time_code(self.totp, time.time() - back) for back in (0, 30)}

    async def _back(self, request: Request) -> Response:
        self.callback = f"https://{RELYING_PARTY}{request.url.path}?{request.url.query}"
        return HTMLResponse("<h1>Back</h1>")

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if asked is None or challenge != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant", "error_description": "Bad Request"}, status_code=400)
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER, "azp": self.client_id, "aud": self.client_id, "sub": SUBJECT,
            "email": self.user, "email_verified": True, "nonce": asked["nonce"], "iat": now, "exp": now + 3600,
        }  # fmt: skip
        claims |= {"hd": self.domain} if asked.get("hd") else {}
        token = jws.serialize_compact({"alg": "RS256", "kid": self.key.kid, "typ": "JWT"}, json.dumps(claims), self.key)
        access = f"ya29.{secrets.token_urlsafe(24)}"
        self.granted.add(access)
        return JSONResponse(
            {"access_token": access, "expires_in": 3599, "scope": asked["scope"], "token_type": "Bearer", "id_token": token}
        )

    async def _user_info(self, request: Request) -> Response:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.granted:
            return JSONResponse({"error": "invalid_request"}, status_code=401)
        picture = "https://lh3.googleusercontent.com/a/reader=s96-c"
        return JSONResponse({"sub": SUBJECT, "name": "Reader", "picture": picture, "email": self.user, "email_verified": True})

    async def _keys(self, _request: Request) -> Response:
        return JSONResponse({"keys": [{**self.key.as_dict(private=False), "use": "sig", "alg": "RS256"}]})


def _form(flow: str, page: str, content: str, button: str) -> Response:
    return HTMLResponse(
        f'<!doctype html><form method="post" action="/signin/{page}"><input type="hidden" name="flow" value="{flow}">{content}'
        f'<div id="{button}"><button type="submit">Next</button></div></form>'
    )


@contextmanager
def google(folder: Path) -> Iterator[Google]:
    """Answer for Google's hosts, as far as this process asks, and at `port` of the loopback address for others."""
    stand_in = Google(folder)
    with served(stand_in.app(), ssl_certfile=stand_in.certificate, ssl_keyfile=stand_in.private) as origin:
        stand_in.port = int(origin.rpartition(":")[2])
        with _named(stand_in.port):
            yield stand_in


@contextmanager
def proxy(stand_in: Google) -> Iterator[str]:
    """Run a proxy by which other processes find the hosts, and nothing else (CONNECT: RFC 9110, section 9.3.6); gives its URL."""

    class Tunnel(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            host = self.rfile.readline().decode().split()[1].rpartition(":")[0]
            while self.rfile.readline().strip():
                pass
            if host not in HOSTS:
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", stand_in.port)) as there:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=_pump, args=(there, self.connection), daemon=True)
                back.start()
                _pump(self.connection, there)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tunnel) as server:
        server.daemon_threads = True
        serve(server)
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Hand on what comes until there is no more, whichever side ends it."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def _named(port: int) -> Iterator[None]:
    """Let HTTP clients of this process find the hosts at a port of the loopback address."""
    real = anyio.connect_tcp

    async def connect(remote_host: str, remote_port: int, **options: Any) -> Any:
        place = ("127.0.0.1", port) if remote_host in HOSTS else (remote_host, remote_port)
        return await real(*place, **options)

    with mock.patch.object(anyio, "connect_tcp", connect):
        yield
