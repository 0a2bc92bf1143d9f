"""Keywords of the rogue provider."""

from __future__ import annotations

import secrets as random
from datetime import timedelta
from typing import Any, Literal

from assertionengine import AssertionOperator
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import InvalidRun, StackFailure, explain
from realstack.core.keywords.assertions import verify
from realstack.core.keywords.scope import current_owner
from realstack.core.keywords.waiting import seconds
from realstack.core.loop import background
from realstack.core.ownership import Owned
from realstack.http.keywords.values import plain, plain_json, secret, told
from realstack.oauth.rogue.provider import Receipt, RogueProvider, RogueUser
from realstack.oauth.rogue.scenarios import Scenario, misbehaving_endpoint

Endpoint = Literal["discovery", "jwks", "authorize", "token", "userinfo", "picture", "unknown"]


class RogueKeywords:
    """Keywords that run a provider which misbehaves on demand."""

    def __init__(self) -> None:
        self._rogues: Owned[RogueProvider] = Owned("rogue provider", "Start Rogue Provider")

    async def close_owned(self, owner: str) -> list[str]:
        """Stop an owner's rogue providers; there is nothing that could fail."""
        for rogue in self._rogues.release(owner):
            await rogue.close()
        return []

    def reset(self) -> None:
        """Let those that outlive a test behave again."""
        for rogue in self._rogues:
            rogue.reset()

    @keyword(tags=["rogue"])
    def start_rogue_provider(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        client_id: str = "client",
        client_secret: Secret | None = None,
        alias: str | None = None,
    ) -> str:
        """Starts a real OpenID provider in the test's own process, honest at first.

        It authenticates the client, checks the redirect URI, verifies PKCE and gives each code once. Its authorization endpoint
        signs the user of [Set Rogue User] in without asking. Any path before an endpoint makes a further issuer, a *tenant*,
        with a scenario of its own: useful where the platform keeps what it discovered.

        Args:
            host: Address to listen on.
            port: Port; 0 takes a free one.
            client_id: The relying party that it knows.
            client_secret: Its secret; a random one unless given.
            alias: Name for later keywords.

        Returns:
            The issuer identifier.

        ```robotframework
        ${issuer}    Start Rogue Provider    host=127.0.0.2    port=${ROGUE_PORT}    client_secret=${ROGUE_SECRET}
        Set Rogue Scenario    nonce-wrong
        ```
        """
        self._rogues.free_alias(alias)
        word = plain(client_secret, "client secret") if client_secret is not None else random.token_urlsafe(24)
        mark = random.token_hex(4)
        rogue = RogueProvider(client_id, word, RogueUser(f"rogue-{mark}", f"rogue-{mark}@example.org", "Rogue User"))
        issuer = background.run(rogue.start(host, port))
        self._rogues.add(rogue, current_owner(), alias)
        return issuer

    @keyword(tags=["rogue"])
    def stop_rogue_provider(self, *, rogue: str | None = None) -> None:
        """Stops the rogue provider and cuts its connections.

        Args:
            rogue: Alias; the one started last unless given.

        ```robotframework
        Stop Rogue Provider
        ```
        """
        background.run(self._rogues.pop(rogue).close())

    @keyword(tags=["rogue"])
    def set_rogue_scenario(
        self, scenario: Scenario, *, tenant: str = "", slowness: timedelta | None = None, rogue: str | None = None
    ) -> Scenario:
        """Chooses the one thing that the rogue provider does wrong from now on. At the end of the test it is honest again.

        | what is wrong | scenarios |
        |---|---|
        | nothing | ``honest`` |
        | nothing, and it must still work | ``key-rotated`` (a new signing key) ``key-unnamed`` (no ``kid``, of one key) ``keys-unknown`` (the same, and beside it some that nobody understands) ``clock-ahead`` (3 s) ``clock-behind`` (the ID token ended 2 s ago) ``audience-array`` (of one, with ``azp``) ``profile-elsewhere`` (at userinfo) ``profile-in-part`` (the ID token has the e-mail alone) ``answers-slowly`` (its configuration, and tokens) ``secret-in-form`` (it takes the client's secret with ``client_secret_post`` alone, and says so) |
        | what the browser brings back | ``state-wrong`` ``state-missing`` ``code-missing`` ``access-denied`` ``response-issuer-wrong`` (RFC 9207) |
        | the ID token's signature | ``alg-none`` ``alg-none-mixed-case`` ``signature-missing`` ``tampered-payload`` ``foreign-key`` ``foreign-key-embedded`` ``hs256-public-key`` ``critical-header`` |
        | the ID token's claims, well signed | ``nonce-wrong`` ``nonce-missing`` ``issuer-wrong`` ``issuer-missing`` ``audience-wrong`` ``audience-missing`` ``audience-shared`` (with somebody else) ``authorized-party-wrong`` ``expired`` ``expiry-missing`` ``not-yet-valid`` ``issued-in-future`` ``issued-at-missing`` ``subject-missing`` ``access-token-swapped`` (``at_hash`` is that of another one), and Google's ``hosted-domain-wrong`` (an account of another domain than ``hd`` asked for) and ``hosted-domain-missing`` (of none) |
        | the ID token as a whole | ``id-token-malformed`` ``id-token-missing`` |
        | the provider | ``discovery-issuer-mismatch`` ``discovery-500`` ``jwks-500`` ``jwks-empty`` ``token-refused`` ``token-500`` ``token-slow`` ``token-down`` ``token-garbage`` ``userinfo-subject-wrong`` ``userinfo-500`` |

        Args:
            scenario: What is wrong.
            tenant: For which issuer; the plain one unless given.
            slowness: How long each answer of ``token-slow`` and ``answers-slowly`` takes; 30 s unless given.
            rogue: Alias; the one started last unless given.

        Returns:
            The scenario that was in force.

        ```robotframework
        Set Rogue Scenario    token-slow    slowness=3 s
        ${before}    Set Rogue Scenario    expired    tenant=tenant-1
        ```
        """  # noqa: E501 - rows of a Markdown table can't be broken
        provider = self._rogues.get(rogue)
        if slowness is not None:
            provider.slowness = seconds(slowness)
        return provider.set_scenario(scenario, tenant)

    @keyword(tags=["rogue"])
    def set_rogue_user(self, subject: str, email: str, name: str, *, picture: str = "", rogue: str | None = None) -> None:
        """Chooses who signs in at the rogue provider from now on.

        Args:
            subject: ``sub``.
            email: E-mail address.
            name: Full name.
            picture: Address of a picture; the provider's own unless given.
            rogue: Alias; the one started last unless given.

        ```robotframework
        Set Rogue User    subject-1    ann@example.org    Ann Reader
        ```
        """
        self._rogues.get(rogue).user = RogueUser(subject, email, name, picture)

    @keyword(tags=["rogue", "getter"])
    def get_rogue_issuer(self, tenant: str = "", *, rogue: str | None = None) -> str:
        """Returns the issuer identifier of the rogue provider, or of a tenant of it.

        Args:
            tenant: Path of the issuer; the plain one unless given.
            rogue: Alias; the one started last unless given.

        ```robotframework
        ${issuer}    Get Rogue Issuer    tenant-1
        ```
        """
        return self._rogues.get(rogue).issuer(tenant)

    @keyword(tags=["rogue", "getter"])
    def get_rogue_client_secret(self, *, rogue: str | None = None) -> Secret:
        """Returns the secret of the client that the rogue provider knows.

        Args:
            rogue: Alias; the one started last unless given.

        ```robotframework
        ${secret}    Get Rogue Client Secret
        Open Provider    ${issuer}    chat    ${secret}
        ```
        """
        return secret(self._rogues.get(rogue).client_secret, "client secret")

    @keyword(tags=["rogue", "getter"])
    def get_rogue_calls(
        self,
        endpoint: Endpoint,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        tenant: str = "",
        rogue: str | None = None,
    ) -> int:
        """Returns how often an endpoint was called in this test, and optionally asserts it.

        Args:
            endpoint: Which one.
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.
            tenant: Of which issuer; the plain one unless given.
            rogue: Alias; the one started last unless given.

        ```robotframework
        Get Rogue Calls    token    ==    0
        ```
        """
        count = len(self._receipts(rogue, tenant, endpoint))
        result: int = verify(count, assertion_operator, assertion_expected, f"Calls of {endpoint}", message)
        return result

    @keyword(tags=["rogue", "getter"])
    def get_rogue_receipt(
        self,
        endpoint: Endpoint,
        fact: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        tenant: str = "",
        rogue: str | None = None,
    ) -> Any:
        """Returns what the rogue provider learnt from the last call of an endpoint, and optionally asserts it.

        Args:
            endpoint: Which one.
            fact: ``status``, ``outcome``, ``misbehaved``, ``scenario``; of authorize ``pkce_method``, ``state``, ``nonce``,
                ``scope``; of token ``client_auth``, ``grant_type``, ``pkce_method``, ``pkce_verified``.
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.
            tenant: Of which issuer; the plain one unless given.
            rogue: Alias; the one started last unless given.

        ```robotframework
        Get Rogue Receipt    token    pkce_verified    ==    True
        ```
        """
        receipts = self._receipts(rogue, tenant, endpoint)
        if not receipts:
            raise StackFailure(explain(f"the relying party called {endpoint}", "it did not", evidence=self._told(rogue)))
        last = receipts[-1]
        facts = {
            "status": last.status,
            "outcome": last.outcome,
            "misbehaved": last.misbehaved,
            "scenario": last.scenario,
            **last.facts,
        }
        if fact not in facts:
            raise StackFailure(explain(f"a receipt of {endpoint} tells {fact!r}", f"it tells {', '.join(facts)}"))
        return verify(facts[fact], assertion_operator, assertion_expected, f"{fact} of {endpoint}", message)

    @keyword(tags=["rogue", "logout"])
    def create_rogue_logout_token(
        self,
        *,
        subject: str | None = None,
        session_id: str | None = None,
        claims: dict[str, Any] | None = None,
        tenant: str = "",
        rogue: str | None = None,
    ) -> Secret:
        """Makes a logout token of the rogue provider (OpenID Connect Back-Channel Logout 1.0, 2.4), good or bad.

        It is sent as ``logout_token`` of a form to the relying party's ``backchannel_logout_uri``. Bad signatures are made of
        it by [Forge Token].

        Args:
            subject: ``sub``; that of [Set Rogue User] where no session is given either.
            session_id: ``sid``.
            claims: Claims to set besides; None as a value removes one. A good token has no ``nonce``.
            tenant: Of which issuer; the plain one unless given.
            rogue: Alias; the one started last unless given.

        ```robotframework
        ${token}    Create Rogue Logout Token    subject=subject-1
        VAR    &{form}    logout_token=${token}
        Send Request    POST    /auth/backchannel-logout    form=${form}    status=200
        ${bad}    Create Rogue Logout Token    subject=subject-1    claims={"nonce": "n", "events": None}
        ```
        """
        provider = self._rogues.get(rogue)
        whose = provider.user.subject if subject is None and session_id is None else subject
        return secret(provider.logout_token(whose, session_id, plain_json(claims or {}), tenant), "logout token")

    @keyword(tags=["rogue"])
    def rogue_provider_should_have_misbehaved(self, *, tenant: str = "", rogue: str | None = None) -> None:
        """Checks that the wrong answer of the scenario was given in this test: without this receipt a refusal proves nothing.

        Args:
            tenant: Which issuer; the plain one unless given.
            rogue: Alias; the one started last unless given.

        Raises:
            InvalidRun: It was not given.

        ```robotframework
        Set Rogue Scenario    nonce-wrong
        Send Request    GET    ${callback}    status=401
        Rogue Provider Should Have Misbehaved
        ```
        """
        provider = self._rogues.get(rogue)
        scenario = provider.scenario(tenant)
        misbehaved = [receipt for receipt in provider.receipts if receipt.tenant == tenant and receipt.misbehaved]
        if not misbehaved:
            endpoint = misbehaving_endpoint(scenario)
            raise InvalidRun(
                explain(
                    f"the rogue provider gave the wrong answer of {scenario!r} at its {endpoint} endpoint",
                    "it never came to that",
                    evidence=self._told(rogue),
                    remedy="Does the platform use this provider's issuer, and does it keep what it read before?",
                )
            )
        told(f"Misbehaved {len(misbehaved)} times ({scenario}).\n{self._told(rogue)}")

    def _receipts(self, rogue: str | None, tenant: str, endpoint: str) -> list[Receipt]:
        return [one for one in self._rogues.get(rogue).receipts if one.tenant == tenant and one.endpoint == endpoint]

    def _told(self, rogue: str | None) -> str:
        receipts = self._rogues.get(rogue).receipts
        return (
            "\n".join(f"{one.tenant}/{one.endpoint} → {one.status} {one.outcome} {one.facts or ''}" for one in receipts)
            or "no calls"
        )
