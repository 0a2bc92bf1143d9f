"""Servers that an authority of one's own signed for, and providers without metadata: keywords in a run of Robot Framework."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey
from robot import run
from robot.api.types import Secret

from realstack.oauth.signing import sign
from support.loopback import serve

SUITE = """*** Settings ***
Library    realstack.OAuth
Library    realstack.WebSocket

*** Test Cases ***
Token Is Judged By Keys At A Server Of Ones Own
    Verify Token    ${TOKEN}    jwks_url=${URL}/keys    ca=${CA}    issuer=${URL}    audience=chat
    Get Token Problems    ${TOKEN}    ==    issuer    jwks_url=${URL}/keys    ca=${CA}    issuer=other    audience=chat
    ${forged} =    Forge Token    ${TOKEN}    foreign-key    jwks_url=${URL}/keys    ca=${CA}
    Get Token Problems    ${forged}    ==    signature    jwks_url=${URL}/keys    ca=${CA}    audience=chat
    Run Keyword And Expect Error    *reaches a server*certificate verify failed*
    ...    Verify Token    ${TOKEN}    jwks_url=${URL}/keys

Connection Is Refused By A Server Of Ones Own
    ${refusal} =    Connection Should Be Refused    ${SOCKET}    status=403    ca=${CA}
    Should Be Equal    ${refusal}[headers][Retry-After]    30
    Connection Should Be Refused    ${SOCKET}    status=403    verify=False
    Run Keyword And Expect Error    Expected: a refused connection*a certificate that is not trusted*
    ...    Connection Should Be Refused    ${SOCKET}    status=403

Provider Without Metadata Is Told By Hand
    VAR    &{endpoints}    jwks_uri=${URL}/keys    authorization_endpoint=${URL}/authorize    token_endpoint=${URL}/token
    Open Provider    ${URL}    chat    redirect_uri=${URL}/back    endpoints=${endpoints}    ca=${CA}
    Verify Token    ${TOKEN}
    ${request} =    Create Authorization Request
    Should Start With    ${request.url}    ${URL}/authorize?response_type=code
    Request Client Tokens    refused=bad_verification_code
    Run Keyword And Expect Error    *has a revocation_endpoint*    Revoke Token    ${TOKEN}
"""
KEY = RSAKey.generate_key(2048, auto_kid=True)


class _Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200 if self.path == "/keys" else 403, {"keys": [KEY.as_dict(private=False)]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200, {"error": "bad_verification_code"})

    def _answer(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "30")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


def test_keywords_trust_the_authority_that_they_are_told(tmp_path: Path) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout {key} -out {cert} -subj /CN=localhost"
    subprocess.run(["openssl", *words.split(), "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    serve(server)
    url = f"https://127.0.0.1:{server.server_port}"
    now = int(time.time())
    claims = {"iss": url, "sub": "reader", "aud": "chat", "iat": now, "exp": now + 300}
    token = Secret(sign({"alg": "RS256", "kid": KEY.kid}, claims, KEY))
    suite = tmp_path / "authorities.robot"
    suite.write_text(SUITE, encoding="utf-8")
    try:
        failed = run(
            str(suite),
            outputdir=str(tmp_path),
            variable=[f"URL:{url}", f"SOCKET:{url.replace('https', 'wss')}/chat", f"CA:{cert}", f"TOKEN: Secret:{token.value}"],
            console="none",
            report=None,
        )
        assert failed == 0, (tmp_path / "output.xml").read_text()[-3000:]
    finally:
        server.shutdown()
        server.server_close()
