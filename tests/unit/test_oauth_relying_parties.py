"""The rogue provider against relying parties that nobody here wrote: what they refuse, it has really given, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from starlette.requests import Request

from realstack.core.loop import background
from realstack.oauth.rogue.provider import RogueProvider, RogueUser
from realstack.oauth.rogue.scenarios import GOOD, SCENARIOS, Scenario, misbehaving_endpoint
from support.node_peers import Peer, peer

pytestmark = pytest.mark.anyio

REDIRECT_URI = "http://127.0.0.1:9/callback"
SECRET = "a-client-secret-0123456789"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """The background loop is asyncio's."""
    return "asyncio"


@pytest.fixture(scope="module")
def rogue() -> Iterator[RogueProvider]:
    provider = RogueProvider("app", SECRET, RogueUser("reader-1", "reader@example.org", "Reader One"))
    background.run(provider.start("127.0.0.1", 0))
    provider.slowness = 0.0
    yield provider
    background.run(provider.close())


@pytest.fixture(scope="module")
def node() -> Iterator[Peer]:
    with peer("oidc/relying_party.mjs") as running:
        yield running


TAKEN_BY_OPENID_CLIENT: tuple[Scenario, ...] = (
    "issued-in-future", "authorized-party-wrong", "access-token-swapped", "hosted-domain-wrong", "hosted-domain-missing",
)  # fmt: skip
"""What it does not mind: that iat is past, azp of an only audience, and at_hash beside a code are no rules for relying parties
(OpenID Connect Core 3.1.3.7, 5 and 10; 3.1.3.8); and hd is Google's."""

TAKEN_BY_AUTHLIB: tuple[Scenario, ...] = (
    "response-issuer-wrong", "id-token-missing", "userinfo-subject-wrong", "hosted-domain-wrong", "hosted-domain-missing",
)  # fmt: skip
"""What its client leaves to the application: RFC 9207, whether it wants an ID token, OpenID Connect Core 5.3.2, and hd."""
REFUSALS = (AuthlibBaseError, JoseError, httpx.HTTPError, ValueError)


def given(rogue: RogueProvider, scenario: Scenario) -> list[tuple[str, bool]]:
    """What the provider says of a scenario's tenant: which endpoints were asked, and where it gave the wrong answer."""
    return [(one.endpoint, one.misbehaved) for one in rogue.receipts if one.tenant == scenario]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_openid_client_refuses_each_wrong_answer(rogue: RogueProvider, node: Peer, scenario: Scenario) -> None:
    rogue.reset()
    rogue.set_scenario(scenario, scenario)
    job = {"issuer": rogue.issuer(scenario), "client_id": "app", "client_secret": SECRET, "redirect_uri": REDIRECT_URI}
    told = node.ask(job)
    if scenario in (*GOOD, *TAKEN_BY_OPENID_CLIENT):
        assert told["claims"]["sub"] == "reader-1"
    else:
        assert told["refused"]
    if scenario != "honest":
        assert (misbehaving_endpoint(scenario), True) in given(rogue, scenario), told


class AuthlibClient:
    """Authlib's client for Starlette, from the redirect to the provider to the claims that it believes."""

    def __init__(self, issuer: str, method: str = "client_secret_basic") -> None:
        kwargs = {"scope": "openid profile email", "code_challenge_method": "S256", "token_endpoint_auth_method": method}
        self._client = OAuth().register(
            "provider",
            client_id="app",
            client_secret=SECRET,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs=kwargs,
        )
        self._session: dict[str, Any] = {}

    def _request(self, url: str) -> Request:
        query = urlsplit(url).query.encode()
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": query, "session": self._session}
        return Request(scope)

    async def sign_in(self) -> Any:
        leave = await self._client.authorize_redirect(self._request("/"), REDIRECT_URI)
        async with httpx.AsyncClient() as browser:
            back = (await browser.get(leave.headers["location"])).headers["location"]
        tokens = await self._client.authorize_access_token(self._request(back), leeway=5)
        return await self._client.userinfo(token=tokens)


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_authlib_refuses_each_wrong_answer(rogue: RogueProvider, scenario: Scenario) -> None:
    rogue.reset()
    rogue.set_scenario(scenario, scenario)
    # It does not look for the way that a provider wants: whoever uses it says so.
    method = "client_secret_post" if scenario == "secret-in-form" else "client_secret_basic"
    signing_in = AuthlibClient(rogue.issuer(scenario), method).sign_in()
    if scenario in (*GOOD, *TAKEN_BY_AUTHLIB):
        assert (await signing_in)["sub"].startswith("reader-1")
    else:
        with pytest.raises(REFUSALS):
            await signing_in
    if scenario != "honest":
        assert (misbehaving_endpoint(scenario), True) in given(rogue, scenario)
