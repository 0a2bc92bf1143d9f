"""What tells a relying party that a session has ended (OpenID Connect Back-Channel Logout 1.0, 2.4)."""

from __future__ import annotations

from realstack.oauth.tokens import Problem, Token, shortened

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
SOURCE = "OpenID Connect Back-Channel Logout 2.4, 2.6"


def logout_problems(token: Token, *, subject: str | None = None, session_id: str | None = None) -> list[Problem]:
    """The reasons to refuse a logout token that lie in what only such a token has."""
    claims, found = token.claims, []
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        found.append(Problem("events", f"events with {LOGOUT_EVENT}", shortened(events), SOURCE))
    if "nonce" in claims:
        found.append(Problem("nonce", "no nonce, which would make it an ID token", "one", SOURCE))
    if not claims.get("jti"):
        found.append(Problem("jti", "a jti, by which one that comes again is told", "none", SOURCE))
    for name in ("sub", "sid"):
        if name in claims and (not isinstance(claims[name], str) or not claims[name]):
            found.append(Problem("subject", f"{name} as a text", shortened(claims[name]), SOURCE))
    if not {"sub", "sid"} & set(claims):
        found.append(Problem("subject", "a sub, a sid, or both", "neither", SOURCE))
    if subject is not None and claims.get("sub") != subject:
        found.append(Problem("subject", f"sub {subject!r}", shortened(claims.get("sub")), SOURCE))
    if session_id is not None and claims.get("sid") != session_id:
        found.append(Problem("session", f"sid {session_id!r}", shortened(claims.get("sid")), SOURCE))
    return found
