"""Ending a session at the provider, and hearing that it has ended (OpenID Connect RP-Initiated Logout, Back-Channel Logout)."""

from __future__ import annotations

import secrets as random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from realstack.core.errors import StackFailure, explain
from realstack.core.hosts import at
from realstack.core.lateness import Late
from realstack.core.waiting import Deadline, poll
from realstack.http.urls import parameters, shown, with_parameters
from realstack.oauth.rogue.server import HttpServer, Request, Response
from realstack.oauth.tokens import decode
from realstack.secrets import secrets


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """One request to end the session at the provider.

    Attributes:
        url: Where to send the user's browser; it carries the ID token.
        redirect_uri: Where the provider sends it back; empty where it stays.
        state: Ties the answer to this request.
    """

    url: str = field(repr=False)
    redirect_uri: str
    state: str = field(repr=False)


def logout_request(
    endpoint: str,
    client_id: str,
    id_token: str,
    redirect_uri: str,
    *,
    state: str | None = None,
    extra: Mapping[str, str] | None = None,
) -> LogoutRequest:
    """Make a logout request (OpenID Connect RP-Initiated Logout 2).

    Args:
        endpoint: The provider's ``end_session_endpoint``.
        client_id: Of the relying party.
        id_token: Tells whose session; empty leaves it to the provider to ask.
        redirect_uri: Registered as one for after logouts; empty leaves it out.
        state: Made at random unless given; an empty one, or one without a redirect, is left out.
        extra: Further parameters, such as ``ui_locales``.
    """
    state = random.token_urlsafe(24) if state is None and redirect_uri else state or ""
    asked = {
        "id_token_hint": id_token,
        "client_id": client_id,
        "post_logout_redirect_uri": redirect_uri,
        "state": state,
        **(extra or {}),
    }
    url = with_parameters(endpoint, {name: value for name, value in asked.items() if value})
    return LogoutRequest(url, asked["post_logout_redirect_uri"], asked["state"])


def check_logout_answer(callback: str, request: LogoutRequest) -> None:
    """Check that a redirect is the answer to a logout request (RP-Initiated Logout 3).

    Raises:
        StackFailure: It goes elsewhere, or carries another state.
    """
    if not request.redirect_uri or callback.partition("#")[0].partition("?")[0] != request.redirect_uri.partition("?")[0]:
        wanted = shown(request.redirect_uri) if request.redirect_uri else "nowhere, as none was asked for"
        raise StackFailure(explain(f"the provider redirects to {wanted} after the logout", shown(callback)))
    told = parameters(callback).get("state", "")
    if told != request.state:
        expected = "the state of the logout request" if request.state else "no state"
        raise StackFailure(explain(f"the redirect to {shown(callback)} carries {expected}", "another one" if told else "none"))


@dataclass(frozen=True, slots=True)
class _Received:
    token: str = field(repr=False)
    claims: Mapping[str, object] = field(repr=False)
    at: float


class LogoutReceiver:
    """Where a provider sends logout tokens to (Back-Channel Logout 2.5), and what came.

    Args:
        status: What each is answered with.
    """

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.url = ""
        self._path = ""
        self._came: list[_Received] = []
        self._odd: list[str] = []
        self._server = HttpServer(self._answer)

    async def start(self, host: str, port: int, path: str) -> str:
        """Listen, and return the URL to register with the provider.

        Raises:
            StackError: The address is taken.
        """
        bound, number = await self._server.start(host, port)
        self._path = f"/{path.lstrip('/')}"
        self.url = f"http://{at(bound, number)}{self._path}"
        return self.url

    async def close(self) -> None:
        """Stop listening."""
        await self._server.close()

    async def wait(self, subject: str | None, session_id: str | None, seconds: float) -> str:
        """Take the first logout token that tells of a subject and a session.

        Args:
            subject: Its ``sub``; None takes any.
            session_id: Its ``sid``; None takes any.
            seconds: How long to wait for it.

        Raises:
            StackFailure: None came; the text tells what did.
        """
        wanted = {name: value for name, value in (("sub", subject), ("sid", session_id)) if value is not None}

        async def look() -> _Received | None:
            fitting = (one for one in self._came if all(one.claims.get(name) == value for name, value in wanted.items()))
            return next(fitting, None)

        deadline = Deadline(seconds)
        _, one = await poll(look, lambda found: found is not None, deadline)
        if one is None:
            what = " and ".join(f"{name} {value!r}" for name, value in wanted.items())
            raise Late(
                explain(
                    f"a logout token{f' with {what}' if what else ''} comes to {self.url} within {deadline.seconds:g} s",
                    self._told(deadline.started),
                    remedy="Is this URL registered as the client's backchannel_logout_uri, and was the session the client's?",
                )
            )
        self._came.remove(one)
        return one.token

    async def _answer(self, request: Request) -> Response:
        token = request.form.get("logout_token", "")
        if request.path != self._path or request.method != "POST" or not token:
            self._odd.append(f"{request.method} {request.path} with {', '.join(request.form) or 'no form'}")
            return Response(400, b'{"error": "invalid_request"}')
        secrets.remember(token, "logout token")
        try:
            claims = decode(token).claims
        except StackFailure:
            claims = {}  # who waits for it gets it, and whoever verifies it is told
        self._came.append(_Received(token, claims, time.monotonic()))
        return Response(self.status)

    def _told(self, since: float) -> str:
        came = [
            f"one with {', '.join(f'{name} {one.claims[name]!r}' for name in ('sub', 'sid') if name in one.claims) or 'neither'}"
            f"{'' if one.at >= since else ' (before)'}"
            for one in self._came
        ]
        return "; ".join([*came, *(f"no logout request: {odd}" for odd in self._odd)]) or "nothing came"
