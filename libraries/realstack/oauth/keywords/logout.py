"""Keywords about ends of sessions: asked for through the browser, and told from server to server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.keywords.waiting import seconds
from realstack.core.loop import background
from realstack.core.ownership import Owned
from realstack.http.keywords.values import plain, plain_url, secret, told
from realstack.oauth.client import ProviderClient
from realstack.oauth.logout import LogoutReceiver, LogoutRequest, check_logout_answer, logout_request
from realstack.oauth.logout_tokens import logout_problems
from realstack.oauth.tokens import decode


class LogoutKeywords:
    """Keywords of RP-initiated and back-channel logout.

    Args:
        providers: The open providers.
    """

    def __init__(self, providers: Owned[ProviderClient]) -> None:
        self._providers = providers
        self._receivers: Owned[LogoutReceiver] = Owned("logout receiver", "Start Logout Receiver")

    async def close_owned(self, owner: str) -> list[str]:
        """Stop an owner's receivers; there is nothing that could fail."""
        for receiver in self._receivers.release(owner):
            await receiver.close()
        return []

    @keyword(tags=["logout"])
    def create_logout_request(
        self,
        id_token: Secret | None = None,
        *,
        redirect_uri: str = "",
        state: str | None = None,
        provider: str | None = None,
        **parameters: str,
    ) -> LogoutRequest:
        """Makes a request to end the user's session at the provider (OpenID Connect RP-Initiated Logout 1.0, 2).

        Its ``url`` is where the user's browser goes.

        Args:
            id_token: Tells whose session it is; without one the provider asks.
            redirect_uri: Where the provider sends the browser afterwards (``post_logout_redirect_uri``).
            state: Instead of a random one; empty leaves it out.
            provider: Alias; the one opened last unless given.
            **parameters: Further parameters, such as ``ui_locales``.

        ```robotframework
        ${logout}    Create Logout Request    ${tokens.id_token}    redirect_uri=${URL}/goodbye
        ${end}    Sign In With Forms    ${logout.url}    press=Yes    stop_before=${URL}/goodbye
        Logout Should Be Answered    ${end.callback}    ${logout}
        ```
        """
        client = self._providers.get(provider)
        hint = plain(id_token, "ID token") if id_token is not None else ""
        endpoint = client.endpoint("end_session_endpoint")
        return logout_request(endpoint, client.client_id, hint, redirect_uri, state=state, extra=parameters)

    @keyword(tags=["logout"])
    def logout_should_be_answered(self, callback: Secret | str, logout: LogoutRequest) -> None:
        """Checks that a redirect is the answer to a logout request: its address and its state.

        Args:
            callback: The URL, as [Sign In With Forms] returns it.
            logout: As [Create Logout Request] made it.

        Raises:
            StackFailure: It goes elsewhere, or carries another state.

        ```robotframework
        Logout Should Be Answered    ${end.callback}    ${logout}
        ```
        """
        check_logout_answer(plain_url(callback), logout)

    @keyword(tags=["logout"])
    def start_logout_receiver(
        self, *, host: str = "127.0.0.1", port: int = 0, path: str = "/backchannel", status: int = 200, alias: str | None = None
    ) -> str:
        """Starts what a provider sends logout tokens to: a relying party's ``backchannel_logout_uri``.

        Args:
            host: Address to listen on.
            port: Port; 0 takes a free one.
            path: Path of the URL.
            status: What each is answered with; 400 is that of a client that could not log out.
            alias: Name for later keywords.

        Returns:
            The URL to register with the provider.

        ```robotframework
        ${url}    Start Logout Receiver    port=${LOGOUT_PORT}
        ${token}    Wait For Logout Token    subject=${claims}[sub]
        Verify Logout Token    ${token}
        ```
        """
        self._receivers.free_alias(alias)
        if not 200 <= status <= 999:
            raise StackError(explain("an HTTP status to answer with, 200 to 999", str(status)))
        receiver = LogoutReceiver(status)
        url = background.run(receiver.start(host, port, path))
        self._receivers.add(receiver, current_owner(), alias)
        return url

    @keyword(tags=["logout"])
    def wait_for_logout_token(
        self,
        *,
        subject: str | None = None,
        session_id: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        receiver: str | None = None,
    ) -> Secret:
        """Waits until a logout token has come, also one that came before, and takes it (Back-Channel Logout 1.0, 2.5).

        Args:
            subject: Its ``sub``; any unless given.
            session_id: Its ``sid``; any unless given.
            timeout: How long to wait.
            receiver: Alias; the one started last unless given.

        Returns:
            The token, not verified: see [Verify Logout Token].

        Raises:
            StackFailure: None came; the text tells what did.

        ```robotframework
        ${token}    Wait For Logout Token    timeout=2 s
        ```
        """
        waiting = self._receivers.get(receiver).wait(subject, session_id, seconds(timeout))
        return secret(background.run(waiting), "logout token")

    @keyword(tags=["logout"])
    def verify_logout_token(
        self,
        token: Secret,
        *,
        subject: str | None = None,
        session_id: str | None = None,
        provider: str | None = None,
    ) -> dict[str, Any]:
        """Verifies a logout token as a relying party must (OpenID Connect Back-Channel Logout 1.0, 2.6).

        Signature, ``iss``, ``aud``, ``iat``, ``exp``, ``jti``, the ``events`` of a logout, ``sub`` or ``sid`` (or both), and no
        ``nonce``.

        Args:
            token: The token.
            subject: What ``sub`` must be.
            session_id: What ``sid`` must be.
            provider: Alias; the one opened last unless given.

        Returns:
            The claims.

        Raises:
            StackFailure: It must be refused. The text names every reason.

        ```robotframework
        ${claims}    Verify Logout Token    ${token}    subject=${user}
        ```
        """
        client, read = self._providers.get(provider), decode(plain(token, "logout token"))
        found = background.run(client.untrusted(read, aside={"subject"}))
        found += logout_problems(read, subject=subject, session_id=session_id)
        if found:
            evidence = "\n".join(f"- {problem}" for problem in found)
            expected = "a logout token that may be trusted"
            raise StackFailure(explain(expected, f"{len(found)} reasons to refuse it", evidence=evidence))
        told("No reason to refuse it.")
        return dict(read.claims)
