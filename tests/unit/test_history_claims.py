"""same-claims: what a refreshed token may change."""

from __future__ import annotations

from typing import Any

from story import Story, assert_holds, assert_invalid, assert_violated

CLAIMS = {"sub": "u-1", "sid": "s-1", "email": "ann@example.org", "name": "Ann", "iat": 100, "exp": 130, "jti": "a"}


def refreshed(*tokens: dict[str, Any]) -> Story:
    """The claims of the tokens of one session, one after the other."""
    story = Story()
    for claims in tokens:
        story.add("claims", "ann", {"claims": claims})
    return story


def test_times_and_id_are_the_tokens_own() -> None:
    verdict = refreshed(CLAIMS, {**CLAIMS, "iat": 120, "exp": 150, "jti": "b"}).judge("same-claims")
    assert_holds(verdict)
    assert verdict.tally == "1 session, 1 refreshed token, 4 claims, 0 violations"


def test_a_changed_claim() -> None:
    story = refreshed(CLAIMS, CLAIMS, {**CLAIMS, "email": "ann"})
    assert_violated(story.judge("same-claims"), "of ann changed email", "'ann@example.org'", "at 0.030 s it says 'ann'")


def test_a_claim_that_is_lost() -> None:
    story = refreshed(CLAIMS, {name: value for name, value in CLAIMS.items() if name != "name"})
    assert_violated(story.judge("same-claims"), "changed name", "it says nothing")


def test_a_claim_that_is_emptied_is_changed() -> None:
    assert_violated(refreshed(CLAIMS, {**CLAIMS, "email": ""}).judge("same-claims"), "it says ''")


def test_a_claim_that_is_new() -> None:
    assert_violated(refreshed(CLAIMS, {**CLAIMS, "role": "admin"}).judge("same-claims"), "changed role", "must say nothing")


def test_sessions_are_compared_with_themselves() -> None:
    story = refreshed(CLAIMS, CLAIMS).add("claims", "bob", {"claims": {**CLAIMS, "sub": "u-2"}})
    assert_holds(story.judge("same-claims"))


def test_without_a_refresh_nothing_is_known() -> None:
    assert_invalid(refreshed(CLAIMS).judge("same-claims"), "Only 0 refreshed tokens")
