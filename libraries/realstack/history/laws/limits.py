"""The law admits-exactly: a limit admits the first ones, no more and no fewer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from realstack.history.domain import History
from realstack.history.facts import Ack, PageReading, Refuse, Reject
from realstack.history.values import number, whole
from realstack.history.verdict import Findings

PATIENCE = 0.25
"""Seconds that a platform may take to hand on a decision; times at a window's edge are compared with this slack."""
ROUNDING = 0.1
"""Seconds by which a time to wait may be rounded up, where it is not told in whole seconds."""
PAGE_ROUNDING = 1.0
"""Seconds by which a page rounds a time up that it tells."""
TINY = 1e-6
"""Seconds that numbers may lose on their way."""
NEVER = -1.0
"""What Redis says of a key without an expiry."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message that a limit decided on; the decision fell between `begin` (sent) and `end` (answered).

    `asked` is earlier where the message had been sent before and answered with an error: a store that stood still may have
    counted it then, though nobody was told.
    """

    message: str
    tab: str
    asked: float
    begin: float
    end: float
    admitted: bool
    retry_after: float | None
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """The plan of a user from a time on: `limit` messages in `window` seconds, None for no limit."""

    since: float
    limit: int | None
    window: float


def admits_exactly(history: History) -> Findings:
    """In one window exactly the plan's limit is admitted: the first ones, however many tabs, replicas or races.

    A window begins with the first admitted message and lasts as long as the plan says. When a decision fell is only known
    to lie between the sending and its answer; a violation is told only where it is certain for every such moment. Limits come
    from ``limit`` events, or else from what refusals name, and whatever one names must be these. A window is full when more
    was tried in it than it admits, or a page held messages back because of it; what a page holds back is admitted in the window
    after.
    """
    findings = Findings()
    attempts = _attempts(history)
    windows = full = 0
    for user, tried in attempts.items():
        limits = _limits(history, user)
        if not limits:
            findings.lacking.append(f"No limit of {user} is known: record it, or try until the platform refuses.")
            continue
        for number_, limit in enumerate(limits):
            until = limits[number_ + 1].since if number_ + 1 < len(limits) else float("inf")
            mine = [attempt for attempt in tried if limit.since <= attempt.begin and attempt.end < until]
            if limit.limit is None:
                full += _judge_unlimited(history, findings, user, mine)
                windows += bool(mine)
                continue
            counted, filled = _judge_windows(history, findings, user, mine, limit)
            _judge_named(history, findings, user, limit, until)
            shown = [page for page in history.pages if page.user == user and limit.since <= page.at < until]
            held = _judge_pages(history, findings, shown, mine, limit)
            windows, full = windows + counted, full + filled + held
        _judge_counters(history, findings, user, tried, limits)
    _judge_refused(history, findings)
    findings.counts = {
        "attempts": sum(len(tried) for tried in attempts.values()),
        "admitted": sum(attempt.admitted for tried in attempts.values() for attempt in tried),
        "windows": windows,
        "full windows": full,
        "counter readings": len(history.noted("limit-counter")),
    }
    return findings


def _attempts(history: History) -> dict[str, list[Attempt]]:
    """Every decision by user, in the order in which they were answered; a message sent again counts once it was decided."""
    sends: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for send in history.sends:
        sends[send.message].append((send.at, send.index))
    decided: dict[str, list[Attempt]] = defaultdict(list)
    admitted: set[str] = set()
    turned_down: dict[str, float] = {}
    refused: dict[str, float] = {}
    answers: list[tuple[Ack | Refuse | Reject, bool, float | None]] = [(fact, True, None) for fact in history.acks]
    answers += [(fact, False, fact.retry_after) for fact in history.refusals]
    answers += [(fact, False, None) for fact in history.rejections]
    for fact, good, retry_after in sorted(answers, key=lambda answer: answer[0].at):
        if fact.message in admitted:
            continue
        # A sending that was turned down is not the one that was admitted later.
        sent = [sending for sending in sends[fact.message] if turned_down.get(fact.message, NEVER) < sending[0] <= fact.at]
        if not good:
            turned_down[fact.message] = fact.at
        if isinstance(fact, Reject):
            continue
        asked = min((at for at, _ in sends[fact.message] if refused.get(fact.message, NEVER) < at), default=fact.at)
        if not good:
            refused[fact.message] = fact.at
        admitted |= {fact.message} if good else set()
        begin, index = (sent[0] if good else sent[-1]) if sent else (fact.at, fact.index)
        decided[fact.user].append(
            Attempt(fact.message, fact.tab, min(asked, begin), begin, fact.at, good, retry_after, (index, fact.index))
        )
    return decided


def _limits(history: History, user: str) -> list[Limit]:
    said = [
        Limit(note.at, whole(note.data.get("limit")), number(note.data.get("window")) or 60.0)
        for note in history.noted("limit")
        if note.source == user
    ]
    told = [
        (refusal.limit, refusal.window)
        for refusal in history.refusals
        if refusal.user == user and refusal.limit is not None and refusal.window is not None
    ]
    if not said and told:
        return [Limit(float("-inf"), *told[0])]
    if said:
        said[0] = Limit(float("-inf"), said[0].limit, said[0].window)
    return said


def _judge_unlimited(history: History, findings: Findings, user: str, tried: list[Attempt]) -> int:
    for attempt in tried:
        if not attempt.admitted:
            findings.violated(
                f"{history.name(attempt.message)} was refused: it must be admitted, because {user} has no limit; however, "
                f"{attempt.tab} sent it at "
                f"{history.when(attempt.begin)} and was refused at {history.when(attempt.end)}.",
                attempt.end,
                attempt.events,
                (attempt.tab,),
            )
    return 0


def _judge_windows(history: History, findings: Findings, user: str, tried: list[Attempt], limit: Limit) -> tuple[int, int]:
    """Go through the windows of one plan; returns how many there were and how many were full."""
    windows = full = 0
    rest = sorted(tried, key=lambda attempt: attempt.end)
    edge, was_full = float("-inf"), True
    while rest:
        # What begins before the edge may have been decided in the window before. Where that had no place left, what was
        # admitted was not, nor what a tab sent after it: a tab's messages are decided in their order.
        later = _decided_after_an_opening(rest) if was_full else set()
        own = [a for a in rest if a.begin >= edge or a.message in later]
        begun = [attempt.begin for attempt in rest if attempt.admitted]
        if not begun:
            if own:
                _never_admitted(history, findings, user, own[0], limit)
            return windows, full
        opener = next((attempt for attempt in own if attempt.admitted), None)
        windows += opener is not None
        opens_early = min(begun)
        opens_late = opener.end if opener is not None else max(attempt.end for attempt in rest if attempt.admitted)
        if opens_late >= opens_early + limit.window:
            # It may have opened so early or so late that nothing is certain until the latest one is over, nor until those are
            # that messages from before may have opened.
            over = opens_late + limit.window + PATIENCE
            left = [attempt.end for attempt in rest if attempt.admitted and attempt.begin < over]
            rest = [a for a in rest if a.begin >= over]
            edge, was_full = max(left) + limit.window + PATIENCE, False
            continue
        inside = [a for a in own if a.end < opens_early + limit.window]
        maybe = [a for a in rest if a.begin < opens_late + limit.window + PATIENCE]
        admitted = [attempt for attempt in inside if attempt.admitted]
        refused = [attempt for attempt in inside if not attempt.admitted]
        assert limit.limit is not None
        full += len(inside) > limit.limit
        if len(admitted) > limit.limit:
            _too_many(history, findings, user, admitted, limit)
        possible = sum(attempt.admitted for attempt in maybe)
        if refused and possible < limit.limit:
            early = refused[0]
            findings.violated(
                f"{history.name(early.message)} was refused too early: {limit.limit} must be admitted in a window, because "
                f"that is the plan of {user}; "
                f"however, only {possible} were when {early.tab} was refused at {history.when(early.end)}.",
                early.end,
                early.events,
                (early.tab,),
            )
        _judge_firsts(history, findings, inside)
        _judge_told(history, findings, refused, limit, opens_late + limit.window)
        _judge_waiting(history, findings, refused, rest, limit.limit)
        rest = [a for a in rest if a.end >= opens_early + limit.window]
        edge, was_full = opens_late + limit.window + PATIENCE, len(admitted) >= limit.limit
    return windows, full


def _decided_after_an_opening(rest: list[Attempt]) -> set[str]:
    """Messages that were sent after one was admitted, or on the same tab after one that was to be admitted; and those."""
    admitted = [attempt for attempt in rest if attempt.admitted]
    answered = min((attempt.end for attempt in admitted), default=float("inf"))
    sent = {a.tab: min(b.events[0] for b in admitted if b.tab == a.tab) for a in admitted}
    return {a.message for a in rest if a.begin >= answered or a.events[0] >= sent.get(a.tab, float("inf"))}


def _too_many(history: History, findings: Findings, user: str, admitted: list[Attempt], limit: Limit) -> None:
    assert limit.limit is not None
    first, extra = admitted[0], admitted[limit.limit]
    findings.violated(
        f"{history.name(extra.message)} was admitted as number {limit.limit + 1}: only {limit.limit} must be, because the window "
        f"of {user} opened with {history.name(first.message)} at {history.when(first.end)} and lasts {limit.window:g} s; "
        f"however, it was acknowledged to {extra.tab} at {history.when(extra.end)}.",
        extra.end,
        (*first.events, *extra.events),
        (extra.tab,),
    )


def _never_admitted(history: History, findings: Findings, user: str, refused: Attempt, limit: Limit) -> None:
    findings.violated(
        f"{history.name(refused.message)} was refused: it must be admitted, because a window of {user} admits {limit.limit} "
        "and none had been; however, "
        f"{refused.tab} was refused at {history.when(refused.end)}.",
        refused.end,
        refused.events,
        (refused.tab,),
    )


def _judge_firsts(history: History, findings: Findings, inside: list[Attempt]) -> None:
    for refused in (attempt for attempt in inside if not attempt.admitted):
        later = next((a for a in inside if a.admitted and a.asked > refused.end), None)
        if later is not None:
            findings.violated(
                f"{history.name(later.message)} was admitted after a refusal: the first ones must be, because one window "
                "counts up; however, "
                f"{history.name(refused.message)} was refused at {history.when(refused.end)}, and "
                f"{history.name(later.message)}, sent at "
                f"{history.when(later.begin)}, was admitted at {history.when(later.end)}.",
                later.end,
                (*refused.events, *later.events),
                (refused.tab, later.tab),
            )
            return


def _judge_told(history: History, findings: Findings, refused: list[Attempt], limit: Limit, closes: float) -> None:
    """No refusal tells to wait longer than the window lasts, which is over at `closes` at the latest."""
    for attempt in refused:
        if attempt.retry_after is None:
            continue
        rounding = 1.0 if attempt.retry_after.is_integer() else ROUNDING
        if attempt.begin + attempt.retry_after > closes + rounding:
            findings.violated(
                f"{attempt.tab} was told to wait {attempt.retry_after:g} s: until {history.when(closes)} at most, because the "
                f"window lasts {limit.window:g} s from its first message on; however, so it was told of "
                f"{history.name(attempt.message)}, sent at {history.when(attempt.begin)}.",
                attempt.end,
                attempt.events,
                (attempt.tab,),
            )
            return


def _judge_named(history: History, findings: Findings, user: str, limit: Limit, until: float) -> None:
    """A refusal that names the limit, or its window, names those of the plan; whole seconds may be rounded up."""
    for refusal in history.refusals:
        if refusal.user != user or not limit.since <= refusal.at < until:
            continue
        window = limit.window if refusal.window is None else refusal.window
        rounding = 1.0 if window.is_integer() else ROUNDING
        if refusal.limit in (None, limit.limit) and 0 <= window - limit.window + TINY < rounding:
            continue
        findings.violated(
            f"the refusal of {history.name(refusal.message)} names another limit: it must be {limit.limit} in "
            f"{limit.window:g} s, because that is the plan of {user}; however, {refusal.tab} was told of {refusal.limit} in "
            f"{window:g} s at {history.when(refusal.at)}.",
            refusal.at,
            (refusal.index,),
            (refusal.tab,),
        )
        return


def _judge_waiting(history: History, findings: Findings, refused: list[Attempt], rest: list[Attempt], limit: int) -> None:
    """Whoever waits as long as the refusal said is admitted, unless others may have filled the next window meanwhile."""
    for attempt in refused:
        if attempt.retry_after is None:
            continue
        after = next((a for a in rest if a.begin >= attempt.end + attempt.retry_after), None)
        if after is None or after.admitted:
            continue
        over = attempt.begin + attempt.retry_after
        if sum(a.admitted and a.end >= over and a.begin <= after.end for a in rest) < limit:
            findings.violated(
                f"{history.name(after.message)} was refused after the wait: it must be admitted, because {attempt.tab} was "
                f"told at {history.when(attempt.end)} to wait {attempt.retry_after:g} s and it was sent at "
                f"{history.when(after.begin)}; however, it was refused at {history.when(after.end)}.",
                after.end,
                (*attempt.events, *after.events),
                (attempt.tab, after.tab),
            )
            return


def _judge_pages(history: History, findings: Findings, shown: list[PageReading], tried: list[Attempt], limit: Limit) -> int:
    """No page tells to wait for longer than a window lasts, or does; returns how many pages held messages back."""
    pages: set[str] = set()
    since: dict[str, float] = {}
    for page in shown:
        wrong: str | None = None
        if page.wait is not None and page.wait > limit.window + PAGE_ROUNDING:
            wrong = f"it told to wait {page.wait:g} s more at {history.when(page.at)}"
        for item in (item for item in page.items or () if item.held):
            pages.add(page.tab)
            begin = since.setdefault(item.message, page.at)
            admitted = sum(attempt.admitted and begin < attempt.end <= page.at for attempt in tried)
            if page.at > begin + limit.window + PATIENCE and admitted < (limit.limit or 0):
                wrong = (
                    f"{history.name(item.message)} was held back at {history.when(begin)} and still at {history.when(page.at)}, "
                    f"and only {admitted} were admitted meanwhile"
                )
        if wrong is not None:
            findings.violated(
                f"{page.tab} waits for too long: it must send what it holds back within {limit.window:g} s, because no window of "
                f"{page.user} lasts longer; however, {wrong}.",
                page.at,
                (page.index,),
                (page.tab,),
            )
            break
    return len(pages)


def _judge_refused(history: History, findings: Findings) -> None:
    """A refused message that was never admitted is neither stored nor delivered."""
    acked = {ack.message for ack in history.acks}
    for refusal in history.refusals:
        if refusal.message in acked or not refusal.message:
            continue
        stored = next((r for r in history.stores if any(item.message == refusal.message for item in r.items)), None)
        delivered = next((d for d in history.deliveries if d.message == refusal.message), None)
        run = next((e for e in history.run_events if e.query == refusal.message), None)
        shown = stored or delivered or run
        if shown is not None:
            what = "stored" if stored else "delivered" if delivered else "answered"
            findings.violated(
                f"{history.name(refusal.message)} was {what}: it must not be, because it was refused to {refusal.tab} at "
                f"{history.when(refusal.at)}; "
                f"however, it was {what} at {history.when(shown.at)}.",
                shown.at,
                (refusal.index, shown.index),
                (refusal.tab,),
            )


def _judge_counters(history: History, findings: Findings, user: str, tried: list[Attempt], limits: list[Limit]) -> None:
    """The store's counter is the number admitted in the window that its expiry tells, and it always has an expiry."""
    undecided = {send.message for send in history.sends if send.user == user} - {attempt.message for attempt in tried}
    for note in history.noted("limit-counter"):
        limit = next((one for one in reversed(limits) if one.since <= note.at), None)
        if note.source != user or limit is None or limit.limit is None:
            continue
        counted, left = whole(note.data.get("count")) or 0, number(note.data.get("left")) or 0.0
        opened = note.at - (limit.window - left) if left > 0 else note.at - limit.window
        admitted = [attempt for attempt in tried if attempt.admitted and attempt.begin <= note.at]
        possible = [a for a in admitted if a.end >= opened - PATIENCE]
        since = opened if left > 0 else opened + PATIENCE
        # What is over tells no beginning: an attempt from before may have opened the window that later ones were in.
        openers = [] if left > 0 else [a for a in admitted if a.begin < since]
        certain = [
            a
            for a in admitted
            if a.begin >= since and a.end <= note.at and not any(one.end >= a.begin - limit.window for one in openers)
        ]
        if counted and left == NEVER:
            wrong = f"it must end, because a window lasts {limit.window:g} s; however, it counted {counted} and had no expiry"
        elif left > limit.window + PATIENCE:
            wrong = f"it must end within {limit.window:g} s, because no window lasts longer; however, it had {left:g} s left"
        elif counted > len(possible) + len(undecided) or counted < len(certain):
            wrong = f"it must count {len(certain)}, because so many were admitted in its window; however, it counted {counted}"
        else:
            continue
        events = (note.index, *(event for attempt in (certain or possible) for event in attempt.events))
        findings.violated(f"the counter of {user} is wrong: {wrong} at {history.when(note.at)}.", note.at, events, (note.source,))
