"""Sign-ins on their way: what ties the provider's answer to the browser that asked."""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from chat_auth.refusals import SignInRefused
from chat_common.postgres import Database

FLOW_SECONDS = 600


@dataclass(frozen=True)
class Flow:
    """A sign-in that was begun. Its texts are secrets between the platform, the browser and the provider."""

    provider: str
    return_to: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)

    @property
    def code_challenge(self) -> str:
        """S256 challenge of the verifier (RFC 7636, section 4.2)."""
        return urlsafe_b64encode(sha256(self.code_verifier.encode()).digest()).rstrip(b"=").decode()


def digest(secret: str) -> bytes:
    """What is stored of a secret that has enough entropy of its own."""
    return sha256(secret.encode()).digest()


class Flows:
    """Open sign-ins, in the table `login_flows`.

    Several may be open in one browser, in several tabs: they share the secret in its cookie.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, provider: str, return_to: str, browser: str) -> Flow:
        """Remember a new sign-in of the browser that holds the secret `browser`."""
        flow = Flow(provider, return_to, *(secrets.token_urlsafe(32) for _ in range(3)))
        await self._database.execute(
            "INSERT INTO login_flows (state_hash, browser_hash, provider, nonce, code_verifier, return_to, expires_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, now() + $7)",
            digest(flow.state),
            digest(browser),
            provider,
            flow.nonce,
            flow.code_verifier,
            return_to,
            timedelta(seconds=FLOW_SECONDS),
        )
        return flow

    async def take(self, provider: str, state: str, browser: str | None) -> Flow:
        """Use up a state; it is gone afterwards, whatever the outcome.

        Raises:
            SignInRefused: `state_missing`, `state_unknown`, `state_expired` or `state_wrong_browser`.
        """
        if not state:
            raise SignInRefused("state_missing")
        row = await self._database.fetchrow("DELETE FROM login_flows WHERE state_hash = $1 RETURNING *", digest(state))
        if row is None:
            raise SignInRefused("state_unknown")
        if row["provider"] != provider:
            raise SignInRefused("state_unknown", "it was made for another provider")
        if row["expires_at"] <= datetime.now(UTC):
            raise SignInRefused("state_expired")
        if browser is None or not hmac.compare_digest(digest(browser), row["browser_hash"]):
            raise SignInRefused("state_wrong_browser", "no cookie" if browser is None else "")
        return Flow(provider, row["return_to"], state, row["nonce"], row["code_verifier"])

    async def any_open(self, browser: str | None) -> bool:
        """Whether the browser has other sign-ins open, which still need its cookie."""
        if browser is None:
            return False
        query = "SELECT EXISTS (SELECT FROM login_flows WHERE browser_hash = $1 AND expires_at > now())"
        return bool(await self._database.fetchval(query, digest(browser)))

    async def sweep(self) -> None:
        """Forget sign-ins that were given up an hour ago."""
        await self._database.execute("DELETE FROM login_flows WHERE expires_at < now() - interval '1 hour'")
