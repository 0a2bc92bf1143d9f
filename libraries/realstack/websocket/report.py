"""What failing waits say: what was wanted, what came nearest, and when."""

from __future__ import annotations

from realstack.core.errors import explain
from realstack.websocket.frames import Frame
from realstack.websocket.mailbox import Mailbox, Waiter
from realstack.websocket.match import Match

NEAREST = 3
"""Frames that a failure shows."""


def missing_frames(alias: str, mailbox: Mailbox, waiter: Waiter, began: float, waited: float) -> str:
    """The text for a wait that did not get its frames.

    Args:
        alias: Of the connection.
        mailbox: Of the connection.
        waiter: The wait, ended.
        began: When it began, on the monotonic clock.
        waited: Seconds that it waited.
    """
    wanted = "a frame" if waiter.wanted == 1 else f"{waiter.wanted} frames"
    expected = f"{wanted} with  {waiter.match}  on connection '{alias}'"
    got = f"{len(waiter.taken)} of {waiter.wanted}" if waiter.taken else "none"
    if mailbox.closed is not None:
        seen = f"{got}; the connection ended {_when(mailbox.closed.at, began)}: {mailbox.closed}"
        remedy = "No frame can arrive on a closed connection. Look for why it closed, or use [Wait Until Closed] if it should."
    else:
        arrived = sum(1 for frame in mailbox.frames(directions=["in"]) if frame.at >= began)
        seen = f"{got} within {waited:.3f} s, while {arrived} frame{'' if arrived == 1 else 's'} arrived"
        remedy = _remedy(mailbox, waiter)
    evidence = "\n".join(
        filter(None, (nearest(mailbox, waiter.match, began, waiter.taken), unread(mailbox), *mailbox.troubles[-NEAREST:]))
    )
    return explain(expected, seen, evidence=evidence, remedy=remedy)


def _remedy(mailbox: Mailbox, waiter: Waiter) -> str:
    taken = [frame for frame in mailbox.frames(waiter.match, ["in"]) if frame not in waiter.taken]
    if taken:
        return (
            f"Frame #{taken[-1].number} matches, but an earlier wait took it, or it came before the time that counts. "
            f"Every frame can be taken once: keep what [Wait For Frame] returned, or use [Get Frames] to look again."
        )
    if mailbox.forgotten_untaken:
        lost = mailbox.forgotten_untaken
        return f"The ledger was full and forgot {lost} frames that nobody had taken. Open with a larger ledger_size."
    return "Compare the nearest frame's lines marked '-' with what was wanted; [Log Frames] shows the whole conversation."


def unexpected_frame(alias: str, match: Match, frame: Frame, began: float, within: float) -> str:
    """The text for a frame that should not have arrived."""
    return explain(
        f"no frame with  {match}  on connection '{alias}' within {within:g} s",
        f"#{frame.number}, which arrived {_when(frame.at, began)}",
        evidence=frame.brief(1000),
        remedy="Frames that arrived earlier and were not taken count as well; [Take Frames] or only_new=True leaves them out.",
    )


def unread(mailbox: Mailbox) -> str:
    """Which received frames the codec could not read; empty where it could read all."""
    found = [frame for frame in mailbox.frames(directions=["in"]) if frame.problem]
    if not found:
        return ""
    return f"{len(found)} received could not be read; the last, #{found[-1].number}, is {found[-1].problem}"


def nearest(mailbox: Mailbox, match: Match, began: float, besides: list[Frame]) -> str:
    """The received frames that fulfil most of a match; the best one is compared line by line."""
    others = [frame for frame in mailbox.frames(directions=["in"]) if frame not in besides]
    if not others:
        return "no other frame was ever received"
    ranked = sorted(others, key=lambda frame: (match.score(frame), frame.number), reverse=True)[:NEAREST]
    best, *rest = ranked
    lines = [f"nearest: #{best.number}, {_when(best.at, began)}", f"  {best.brief()}"]
    lines += [f"    {line}" for line in match.explain(best)]
    for frame in rest:
        lines.append(f"then:    #{frame.number}, {_when(frame.at, began)}")
        lines.append(f"  {frame.brief()}")
    return "\n".join(lines)


def _when(at: float, began: float) -> str:
    if at < began:
        return f"{began - at:.3f} s before the wait began"
    return f"{at - began:.3f} s into the wait"
