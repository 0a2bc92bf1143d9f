"""The law same-claims: a refreshed token says the same of its user."""

from __future__ import annotations

from typing import Any

from realstack.history.domain import History
from realstack.history.facts import Note
from realstack.history.verdict import Findings

OF_ONE_TOKEN = frozenset({"iat", "exp", "nbf", "jti", "auth_time", "at_hash"})
"""Registered claims that belong to a token, not to its user (RFC 7519, 4.1; OpenID Connect Core 1.0, 2)."""
ABSENT = "nothing"


def same_claims(history: History) -> Findings:
    """A refreshed token claims of its user and session what the one before it did.

    Read from ``claims`` events: what each token of a session claims, in the order of their issue, and whatever else the platform
    tells of the user on that occasion. The times and the id of a token are its own and not compared.
    """
    findings = Findings()
    first: dict[str, Note] = {}
    refreshes = 0
    for note in history.noted("claims"):
        before = first.setdefault(note.source, note)
        if before is not note:
            refreshes += 1
            _compare(history, findings, before, note)
    findings.counts = {
        "sessions": len(first),
        "refreshed tokens": refreshes,
        "claims": sum(len(_told(note)) for note in first.values()),
    }
    return findings


def _told(note: Note) -> dict[str, Any]:
    claims = note.data.get("claims")
    found = claims if isinstance(claims, dict) else {}
    return {str(name): value for name, value in found.items() if name not in OF_ONE_TOKEN}


def _compare(history: History, findings: Findings, before: Note, after: Note) -> None:
    old, new = _told(before), _told(after)
    for name in [*old, *(name for name in new if name not in old)]:
        was, now = _shown(old, name), _shown(new, name)
        if was != now:
            findings.violated(
                f"the refreshed token of {after.source} changed {name}: it must say {was}, because the token of "
                f"{history.when(before.at)} did and only its time was over; however, at {history.when(after.at)} it says {now}.",
                after.at,
                (before.index, after.index),
            )


def _shown(claims: dict[str, Any], name: str) -> str:
    return repr(claims[name]) if name in claims else ABSENT
