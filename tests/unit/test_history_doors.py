"""no-entry and one-connection to the last word and event: each clause and boundary has a story of its own."""

from __future__ import annotations

from typing import Any

import pytest
from story import Story, assert_told

from realstack.history.verdict import Witness

WALL = 1_800_000_000.0


# --- no-entry: attempts ---


def knocked(**attempt: Any) -> Story:
    """A door that opened to a good credential, and then an attempt at it."""
    story = Story().add("attempt", "GET /me", {"good": True, "admitted": True, "credential": "valid"})
    return story.add("attempt", "GET /me", {"credential": "expired", "admitted": False, "answer": "401", **attempt})


def test_a_door_that_opened_to_a_bad_credential() -> None:
    story = knocked(admitted=True, left=["row"], answer="200", expected_reason="expired")
    assert_told(
        story.judge("no-entry"),
        Witness(
            "GET /me opened to a credential that is expired: it must stay shut, because such a credential opens "
            "nothing; however, at 0.020 s it answered 200.",
            0.02,
            (1,),
        ),
        refused_entries=1,
        doors=1,
        good_entries=1,
        tabs_of_revoked_sessions=0,
    )


def test_a_door_that_says_nothing() -> None:
    assert_told(
        knocked(admitted=True, answer="", credential="forged").judge("no-entry"),
        Witness(
            "GET /me opened to a credential that is forged: it must stay shut, because such a credential opens "
            "nothing; however, at 0.020 s it answered nothing.",
            0.02,
            (1,),
        ),
        refused_entries=1,
        doors=1,
        good_entries=1,
        tabs_of_revoked_sessions=0,
    )


def test_what_a_refusal_left_behind_and_its_wrong_reason_are_two_things() -> None:
    assert_told(
        knocked(left=["a session", "a cookie"], reason="unknown", expected_reason="expired").judge("no-entry"),
        Witness(
            "GET /me refused a credential that is expired, but left something behind: nothing must remain, because "
            "it was refused with 401; however, at 0.020 s there was a session, a cookie.",
            0.02,
            (1,),
        ),
        Witness(
            "GET /me refused a credential that is expired for another reason: it must be 'expired', because that "
            "is what is wrong with it; however, at 0.020 s it said 'unknown' (401).",
            0.02,
            (1,),
        ),
        refused_entries=1,
        doors=1,
        good_entries=1,
        tabs_of_revoked_sessions=0,
    )


@pytest.mark.parametrize("attempt", [{}, {"left": []}, {"reason": "any"}, {"reason": "x", "expected_reason": "x"}])
def test_a_door_that_stays_shut(attempt: dict[str, Any]) -> None:
    assert_told(
        knocked(**attempt).judge("no-entry"),
        refused_entries=1,
        doors=1,
        good_entries=1,
        tabs_of_revoked_sessions=0,
    )


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ({}, "nothing"),
        ({"answer": "403"}, "403"),
        ({"reason": "not_found"}, "not_found"),
        ({"answer": "403", "reason": "x"}, "403"),
    ],
)
def test_a_door_that_stays_shut_to_a_good_credential(said: dict[str, Any], answered: str) -> None:
    assert_told(
        knocked().add("attempt", "GET /me", {"credential": "valid", "good": True, "admitted": False, **said}).judge("no-entry"),
        Witness(
            "GET /me stayed shut to a good credential (valid): it must open, because nothing is wrong with that one; "
            f"however, at 0.030 s it answered {answered}.",
            0.03,
            (2,),
        ),
        refused_entries=1,
        doors=1,
        good_entries=2,
        tabs_of_revoked_sessions=0,
    )


def test_a_door_at_which_no_good_credential_was_tried_proves_nothing() -> None:
    story = Story()
    story.add("attempt", "b", {"credential": "forged", "admitted": False})
    story.add("attempt", "a", {"credential": "forged", "admitted": False})
    story.add("attempt", "c", {"credential": "valid", "good": True, "admitted": True})
    assert_told(
        story.judge("no-entry"),
        lacking=("At a, b no good credential was tried: try one there, too, or staying shut proves nothing.",),
        refused_entries=2,
        doors=3,
        good_entries=1,
        tabs_of_revoked_sessions=0,
    )
    opened = Story().add("attempt", "a", {"credential": "forged", "admitted": True})
    assert_told(
        opened.judge("no-entry"),
        Witness(
            "a opened to a credential that is forged: it must stay shut, because such a credential opens nothing; "
            "however, at 0.010 s it answered nothing.",
            0.01,
            (0,),
        ),
        lacking=("At a no good credential was tried: try one there, too, or staying shut proves nothing.",),
        refused_entries=1,
        doors=1,
        good_entries=0,
        tabs_of_revoked_sessions=0,
    )


# --- no-entry: revoked sessions ---


def revoked(within: float = 1.0) -> Story:
    """A tab that was open from 1 s on, whose session was revoked at 5 s."""
    story = Story().add("tab", "tab 1", {"user": "ann"}).add("opened", "tab 1", at=1.0)
    return story.add("revoked", "logout", {"tabs": ["tab 1"], "within": within}, at=5.0)


@pytest.mark.parametrize(("within", "closed"), [(1.0, 6.0), (2.0, 7.0), (2.0, 5.0), (0.0, 5.0)])
def test_a_tab_that_is_closed_just_in_time(within: float, closed: float) -> None:
    assert_told(
        revoked(within).add("closed", "tab 1", {"by": "server"}, at=closed).judge("no-entry"),
        refused_entries=1,
        doors=0,
        good_entries=0,
        tabs_of_revoked_sessions=1,
    )


def test_a_session_that_is_to_end_at_once() -> None:
    assert revoked(0.0).add("closed", "tab 1", {"by": "server"}, at=5.001).judge("no-entry").witnesses


def test_a_tab_that_is_closed_just_too_late() -> None:
    assert_told(
        revoked().add("closed", "tab 1", {"by": "server"}, at=6.001).judge("no-entry"),
        Witness(
            "tab 1 stayed open after its session was revoked: it must be closed within 1 s, because the session "
            "ended at 5.000 s; however, it was closed only at 6.001 s.",
            5.0,
            (2, 1),
            ("tab 1",),
        ),
        refused_entries=1,
        doors=0,
        good_entries=0,
        tabs_of_revoked_sessions=1,
    )
    assert_told(
        revoked(2).add("closed", "tab 1", {"by": "server"}, at=7.001).judge("no-entry"),
        Witness(
            "tab 1 stayed open after its session was revoked: it must be closed within 2 s, because the session "
            "ended at 5.000 s; however, it was closed only at 7.001 s.",
            5.0,
            (2, 1),
            ("tab 1",),
        ),
        refused_entries=1,
        doors=0,
        good_entries=0,
        tabs_of_revoked_sessions=1,
    )


def test_a_tab_that_was_still_open_or_closed_by_its_test() -> None:
    assert_told(
        revoked(2).judge("no-entry"),
        Witness(
            "tab 1 stayed open after its session was revoked: it must be closed within 2 s, because the session "
            "ended at 5.000 s; however, it was still open.",
            5.0,
            (2, 1),
            ("tab 1",),
            retryable=True,
        ),
        refused_entries=1,
        doors=0,
        good_entries=0,
        tabs_of_revoked_sessions=1,
    )
    assert_told(
        revoked(2).add("closed", "tab 1", {"by": "client"}, at=5.5).judge("no-entry"),
        Witness(
            "tab 1 stayed open after its session was revoked: it must be closed within 2 s, because the session "
            "ended at 5.000 s; however, it was still open.",
            5.0,
            (2, 1),
            ("tab 1",),
        ),
        refused_entries=1,
        doors=0,
        good_entries=0,
        tabs_of_revoked_sessions=1,
    )


def test_the_connection_of_the_moment_of_revocation_counts() -> None:
    story = Story().add("tab", "tab 1", {"user": "ann"}).add("opened", "tab 1", at=1.0)
    story.add("closed", "tab 1", {"by": "server"}, at=2.0).add("opened", "tab 1", at=5.0)
    story.add("revoked", "logout", {"tabs": ["tab 1"]}, at=5.0).add("closed", "tab 1", {"by": "server"}, at=6.5)
    assert_told(
        story.judge("no-entry"),
        Witness(
            "tab 1 stayed open after its session was revoked: it must be closed within 1 s, because the session "
            "ended at 5.000 s; however, it was closed only at 6.500 s.",
            5.0,
            (4, 3),
            ("tab 1",),
        ),
        refused_entries=1,
        doors=0,
        good_entries=0,
        tabs_of_revoked_sessions=1,
    )


def test_tabs_that_nobody_could_close() -> None:
    unopened = Story().add("tab", "tab 1", {"user": "ann"}).add("revoked", "logout", {"tabs": ["tab 1", "tab 9"]}, at=5.0)
    assert_told(
        unopened.judge("no-entry"),
        lacking=(
            "The revocation at 5.000 s names a tab that never was open.",
            "The revocation at 5.000 s names a tab that never was open.",
        ),
        refused_entries=2,
        doors=0,
        good_entries=0,
        tabs_of_revoked_sessions=2,
    )
    before = Story().add("tab", "tab 1", {"user": "ann"}).add("opened", "tab 1", at=1.0)
    before.add("closed", "tab 1", {"by": "server"}, at=4.0).add("revoked", "logout", {"tabs": ["tab 1"]}, at=5.0)
    assert_told(
        before.judge("no-entry"),
        lacking=("tab 1 was not open when its session was revoked at 5.000 s.",),
        refused_entries=1,
        doors=0,
        good_entries=0,
        tabs_of_revoked_sessions=1,
    )


# --- one-connection ---


def connected(*expiries: float, tab: str = "tab 1") -> Story:
    """A tab that was greeted at 1 s as connection c; its credentials run out at these seconds."""
    story = Story().add("tab", tab, {"user": "ann"}).add("opened", tab, at=1.0)
    story.frame_in(tab, "connection_established", {"connection_id": "c", "expires_at": None}, at=1.5)
    for at in expiries:
        story.add("expiry", tab, {}, at=at)
    return story


@pytest.mark.parametrize(
    ("closed", "by", "violated"),
    [(9.0, "server", True), (8.999, "server", False), (10.0, "server", True), (11.0, "client", False)],
)
def test_a_connection_that_ends_with_its_token(closed: float, by: str, violated: bool) -> None:
    # Both expiries were told; only what is at most a second later than the end is its cause.
    story = connected(20.0).add("expiry", "tab 1", {}, at=10.0).add("expiry", "tab 2", {}, at=3.0)
    verdict = story.add("closed", "tab 1", {"by": by, "code": 4401}, at=closed).judge("one-connection")
    assert bool(verdict.witnesses) is violated


def test_a_token_that_expires_with_its_connection_has_expired() -> None:
    (witness,) = connected(5.0).add("closed", "tab 1", {"by": "server"}, at=5.0).judge("one-connection").witnesses
    assert "because only its token expired, at 5.000 s" in witness.text


def test_what_an_ended_connection_is_told_with() -> None:
    story = connected(2.0, 5.0, 9.0).add("closed", "tab 1", {"by": "server", "code": 4401}, at=5.5)
    assert_told(
        story.judge("one-connection"),
        Witness(
            "tab 1 lost its connection: it must stay open, because only its token expired, at 5.000 s; however, it "
            "was closed at 5.500 s with code 4401.",
            5.5,
            (1, 5),
            ("tab 1",),
        ),
        tabs=1,
        expiries_lived_through=2,
        refreshes=0,
        notices=0,
    )
    story = connected(2.0, 5.0, 9.0).add("closed", "tab 1", {"by": "server"}, at=4.5)
    assert_told(
        story.judge("one-connection"),
        Witness(
            "tab 1 lost its connection: it must stay open, because only its token was about to expire, at 5.000 s; "
            "however, it was closed at 4.500 s.",
            4.5,
            (1, 4),
            ("tab 1",),
        ),
        tabs=1,
        expiries_lived_through=1,
        refreshes=0,
        notices=0,
    )


def test_an_expiry_is_lived_through_between_opening_and_end() -> None:
    # 1 s is the opening itself, 8 s the end of the history.
    story = connected(1.0, 1.5, 4.0, 8.0).add("note", "x", at=8.0)
    assert_told(
        story.judge("one-connection"),
        tabs=1,
        expiries_lived_through=2,
        refreshes=0,
        notices=0,
    )
    closed = connected(4.0, 6.0).add("closed", "tab 1", {"by": "client"}, at=6.0).add("note", "x", at=9.0)
    assert_told(
        closed.judge("one-connection"),
        tabs=1,
        expiries_lived_through=1,
        refreshes=0,
        notices=0,
    )


def test_a_connection_that_is_greeted_again() -> None:
    story = connected(4.0)
    for connection, at in (("c", 5.0), ("d", 6.0), ("e", 7.0)):
        story.frame_in("tab 1", "connection_established", {"connection_id": connection}, at=at)
    assert_told(
        story.judge("one-connection"),
        Witness(
            "tab 1 was given another connection: its id must stay, because nothing closed it; however, the "
            "platform greeted it again at 6.000 s with another id.",
            6.0,
            (2, 5),
            ("tab 1",),
        ),
        tabs=1,
        expiries_lived_through=1,
        refreshes=0,
        notices=0,
    )


def test_another_connection_may_have_another_id() -> None:
    story = connected(4.0).add("closed", "tab 1", {"by": "client"}, at=6.0).add("opened", "tab 1", at=7.0)
    story.frame_in("tab 1", "connection_established", {"connection_id": "d"}, at=8.0)
    assert_told(
        story.judge("one-connection"),
        tabs=1,
        expiries_lived_through=1,
        refreshes=0,
        notices=0,
    )


def shown(story: Story, connection: str | None, at: float, tab: str = "page") -> Story:
    return story.add("page", tab, {"connection_id": connection, "status": "online"}, at=at)


def test_a_page_that_changes_its_connection() -> None:
    story = Story().page("ann", "page").page("ann", "other").page("ann", "silent")
    story.add("expiry", "page", {}, at=1.0).add("expiry", "page", {}, at=2.0)
    for connection, at in (("c", 1.0), (None, 2.5), ("c", 3.0), ("d", 4.0), ("e", 5.0)):
        shown(story, connection, at)
    shown(story, "x", 5.5, "other")
    story.add("expiry", "page", {}, at=5.0)
    assert_told(
        story.judge("one-connection"),
        Witness(
            "page changed its connection: the id must stay, because only its token expired; however, the page "
            "named one connection at 1.000 s and another at 4.000 s.",
            4.0,
            (4, 8),
            ("page",),
        ),
        tabs=2,
        expiries_lived_through=1,
        refreshes=0,
        notices=0,
    )


def test_the_moments_that_the_platform_tells_are_on_the_wall() -> None:
    story = connected().frame_in("tab 1", "auth_refreshed", {"expires_at": WALL + 4.0}, at=3.0)
    story.frame_in("tab 1", "auth_refreshed", {"expires_at": None}, at=5.0).add("closed", "tab 1", {"by": "server"}, at=6.0)
    assert_told(
        story.judge("one-connection"),
        Witness(
            "tab 1 lost its connection: it must stay open, because only its token expired, at 4.000 s; however, it "
            "was closed at 6.000 s.",
            6.0,
            (1, 5),
            ("tab 1",),
        ),
        tabs=1,
        expiries_lived_through=1,
        refreshes=2,
        notices=0,
    )
