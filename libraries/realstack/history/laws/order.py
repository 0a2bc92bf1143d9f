"""Laws about order: same-order and resume-without-gap."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from heapq import merge
from itertools import pairwise

from realstack.history.domain import History
from realstack.history.facts import Ack, Deliver, Item, PageReading, Refuse, Reject, Send
from realstack.history.verdict import Findings


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands in its thread, and which event says so."""

    rank: int
    index: int
    said_by: str
    at: float


def same_order(history: History) -> Findings:
    """All tabs of a user, and the store, agree on one order; one sender's messages keep the order they were sent in.

    The order of a thread is the store's last reading of it; without one, the sequence numbers that the
    tabs were given. A tab that asks for a thread again starts over from there. Two messages of one sender
    are compared when, on every connection on which the later one was sent, the earlier one had been sent
    before it: a connection keeps its order, so the platform had the earlier one first.
    """
    findings = Findings()
    threads = thread_orders(history)
    _judge_numbers(history, findings)
    views = 0
    for (tab, thread), deliveries in sorted(_by_tab_and_thread(history).items()):
        if len({delivery.message for delivery in deliveries}) > 1:
            views += 1
            _judge_view(history, findings, tab, deliveries, threads.get(thread, {}))
    for page in history.pages:
        by_thread: dict[str, list[Item]] = defaultdict(list)
        for item in page.items or ():
            by_thread[item.thread].append(item)
        for thread, items in by_thread.items():
            if len(items) > 1:
                views += 1
                _judge_items(history, findings, page, items, _for(threads, thread, items))
    stored_threads = {item.thread for reading in history.stores for item in reading.items}
    views += len(stored_threads)
    _judge_senders(history, findings, threads)
    findings.counts = {"messages": sum(len(order) for order in threads.values()), "views": views, "threads": len(threads)}
    return findings


def thread_orders(history: History) -> dict[str, dict[str, Place]]:
    """Every thread's order: message to place, from the last store reading, then from sequence numbers, else from a page.

    Places begin at 1, as numbers do: who asks for what is after 0 begins anew.
    """
    orders: dict[str, dict[str, Place]] = defaultdict(dict)
    for reading in history.stores:
        by_thread: dict[str, list[Item]] = defaultdict(list)
        for item in reading.items:
            by_thread[item.thread].append(item)
        for thread, items in by_thread.items():
            for position, item in enumerate(items, 1):
                rank = position if item.seq is None else item.seq
                orders[thread][item.message] = Place(rank, reading.index, f"the store {reading.store}", reading.at)
    numbered: list[Ack | Deliver] = [*history.acks, *history.deliveries]
    for fact in numbered:
        if fact.seq is not None and fact.message not in orders[fact.thread]:
            orders[fact.thread][fact.message] = Place(fact.seq, fact.index, fact.tab, fact.at)
    ordered = {thread for thread, order in orders.items() if order}
    for page in sorted(history.pages, key=lambda page: -len(page.items or ())):
        # A page that names no threads shows one that has its order already, unless nothing else was recorded.
        threads = {item.thread for item in page.items or ()}
        if threads.isdisjoint(ordered) and not ("" in threads and ordered):
            for position, item in enumerate(page.items or (), 1):
                orders[item.thread][item.message] = Place(position, page.index, page.tab, page.at)
            ordered |= threads
    return dict(orders)


def _for(threads: dict[str, dict[str, Place]], thread: str, items: list[Item]) -> dict[str, Place]:
    """The order of a page's messages, also where the page does not say which thread it shows."""
    if thread in threads:
        return threads[thread]
    shown = {item.message for item in items}
    return max(threads.values(), key=lambda order: len(shown & set(order)), default={})


def _by_tab_and_thread(history: History) -> dict[tuple[str, str], list[Deliver]]:
    views: dict[tuple[str, str], list[Deliver]] = defaultdict(list)
    for delivery in history.deliveries:
        views[delivery.tab, delivery.thread].append(delivery)
    return views


def _judge_numbers(history: History, findings: Findings) -> None:
    """One message has one sequence number, whoever tells it; a difference within one tab's acknowledgements is exactly-once's."""
    told: dict[str, tuple[int, str, int, float, bool]] = {}
    claims = merge(
        ((d.message, d.seq, d.tab, d.index, d.at, False) for d in history.deliveries),
        ((a.message, a.seq, a.tab, a.index, a.at, True) for a in history.acks if not a.duplicate),
        ((i.message, i.seq, f"the store {r.store}", r.index, r.at, False) for r in history.stores for i in r.items),
        key=lambda claim: claim[4],
    )
    for message, seq, who, index, at, acked in claims:
        if seq is None:
            continue
        first = told.setdefault(message, (seq, who, index, at, acked))
        if first[0] != seq and not (first[1] == who and first[4] and acked):
            findings.violated(
                f"{who} has {history.name(message)} at seq {seq}: it must be {first[0]}, because {first[1]} was told so at "
                f"{history.when(first[3])}; however, {who} was told {seq} at {history.when(at)}.",
                at,
                (first[2], index),
                tuple(name for name in dict.fromkeys((first[1], who)) if name in history.tabs),
            )
            return


def _judge_view(history: History, findings: Findings, tab: str, deliveries: list[Deliver], order: dict[str, Place]) -> None:
    """Deliveries rise in the thread's order, except that a resume may start over at the first message after its mark."""
    resumes = [resume for resume in history.resumes if resume.tab == tab and resume.thread in ("", deliveries[0].thread)]
    last: Deliver | None = None
    for delivery in deliveries:
        if delivery.message not in order:
            continue
        if last is not None and delivery.message != last.message and order[delivery.message].rank < order[last.message].rank:
            opened = [r for r in resumes if r.at <= delivery.at and _first_after(order, r.after) == delivery.message]
            if not opened:
                place = order[delivery.message]
                findings.violated(
                    f"{tab} received {history.name(last.message)} before {history.name(delivery.message)}: they must come "
                    "the other way round, "
                    f"because {place.said_by} has {history.name(delivery.message)} at {place.rank} and "
                    f"{history.name(last.message)} at "
                    f"{order[last.message].rank}; however, {tab} got them at {history.when(last.at)} and "
                    f"{history.when(delivery.at)}.",
                    delivery.at,
                    (last.index, delivery.index, place.index),
                    (tab,),
                )
                return
            resumes.remove(opened[0])
        else:
            answered = [r for r in resumes if r.at <= delivery.at and _first_after(order, r.after) == delivery.message]
            for resume in answered:
                resumes.remove(resume)
        last = delivery


def _first_after(order: dict[str, Place], after: int) -> str | None:
    later = [(place.rank, message) for message, place in order.items() if place.rank > after]
    return min(later)[1] if later else None


def _judge_items(history: History, findings: Findings, page: PageReading, items: list[Item], order: dict[str, Place]) -> None:
    placed = [item for item in items if item.message in order]
    for earlier, later in pairwise(placed):
        if order[later.message].rank < order[earlier.message].rank:
            place = order[later.message]
            findings.violated(
                f"{page.tab} shows {history.name(earlier.message)} before {history.name(later.message)}: they must stand the "
                "other way "
                f"round, because {place.said_by} has {history.name(later.message)} at {place.rank} and "
                f"{history.name(earlier.message)} at "
                f"{order[earlier.message].rank}; however, the reading at {history.when(page.at)} has them so.",
                page.at,
                (page.index, place.index),
                (page.tab,),
            )
            return


def _judge_senders(history: History, findings: Findings, threads: dict[str, dict[str, Place]]) -> None:
    refusals: list[Refuse | Reject] = [*history.refusals, *history.rejections]
    refused = {refusal.message for refusal in refusals}
    acked = {ack.message: ack.at for ack in reversed(history.acks)}
    attempts: dict[tuple[str, str], dict[str, list[Send]]] = defaultdict(lambda: defaultdict(list))
    for send in history.sends:
        if send.message not in refused:
            attempts[send.tab, send.thread][send.message].append(send)
    for (_, thread), messages in attempts.items():
        order = threads.get(thread) or _order_of(threads, messages)
        ranked = [(message, sends) for message, sends in messages.items() if message in order]
        highest = -1
        for position, (message, sends) in enumerate(ranked):
            rank = order[message].rank
            if rank < highest:
                for other, earlier_sends in ranked[:position]:
                    if order[other].rank > rank and _was_first(earlier_sends, sends, acked.get(other)):
                        _swapped(history, findings, earlier_sends[0], sends[0], order)
                        return
            highest = max(highest, rank)


def _order_of(threads: dict[str, dict[str, Place]], messages: dict[str, list[Send]]) -> dict[str, Place]:
    return max(threads.values(), key=lambda order: len(set(order) & set(messages)), default={})


def _was_first(earlier: list[Send], later: list[Send], acked: float | None) -> bool:
    """Whether the platform must have had `earlier` first, whichever sending of `later` it took."""
    return all(
        (acked is not None and acked <= sending.at)
        or any(first.stretch == sending.stretch and first.index < sending.index for first in earlier)
        for sending in later
    )


def _swapped(history: History, findings: Findings, earlier: Send, later: Send, order: dict[str, Place]) -> None:
    place = order[earlier.message]
    findings.violated(
        f"{history.name(later.message)} stands before {history.name(earlier.message)}: it must stand after it, because "
        f"{earlier.tab} sent "
        f"{history.name(earlier.message)} at {history.when(earlier.at)} and {history.name(later.message)} at "
        f"{history.when(later.at)}; "
        f"however, {place.said_by} has them at {place.rank} and {order[later.message].rank}.",
        place.at,
        (earlier.index, later.index, place.index),
        (earlier.tab,),
    )


def resume_without_gap(history: History) -> Findings:
    """After a reconnect a tab holds every message from its last one on, without a gap.

    A tab with several connections must, by the end, hold every message of its threads that stands after
    the last one it held before the reconnect (or after the mark it resumed from, when that is further back).
    A page must, in every reading after it was down, miss nothing between the first and the last message it shows.
    """
    findings = Findings()
    threads = thread_orders(history)
    reconnects = 0
    missed = 0
    for tab in history.tabs.values():
        if tab.page:
            reconnects += _judge_page_gap(history, findings, tab.name, threads)
            continue
        reconnects += max(0, len(tab.stretches) - 1)
        for number in range(1, len(tab.stretches)):
            missed += _judge_stretch(history, findings, tab.name, number, threads)
    findings.counts = {"reconnects": reconnects, "messages": sum(len(order) for order in threads.values()), "caught up": missed}
    return findings


def _judge_stretch(history: History, findings: Findings, name: str, number: int, threads: dict[str, dict[str, Place]]) -> int:
    """Judge what a tab got on one of its later connections; returns how many messages it had to catch up."""
    tab = history.tabs[name]
    stretch = tab.stretches[number]
    before = tab.stretches[number - 1]
    away_from = before.closed if before.closed is not None else stretch.opened
    caught_up = 0
    for thread, order in threads.items():
        held = [d for d in history.deliveries if d.tab == name and d.thread == thread]
        old = [order[d.message].rank for d in held if d.stretch < number and d.message in order]
        marks = [r.after for r in history.resumes if r.tab == name and r.stretch == number and r.thread in ("", thread)]
        if not old and not marks:
            continue
        mark = min([*marks, *([max(old)] if old else [])])
        got = {d.message for d in held}
        due = sorted((place.rank, message) for message, place in order.items() if place.rank > mark)
        end = stretch.closed
        ours = {d.message: d for d in held if d.stretch == number}
        last_got = max((order[m].rank for m in ours if m in order), default=None)
        for rank, message in due:
            place = order[message]
            if place.at > away_from and message in ours and place.at < ours[message].at:
                caught_up += 1
            if message in got or (end is not None and (last_got is None or rank > last_got)):
                continue
            following = next((d for d in ours.values() if d.message in order and order[d.message].rank > rank), None)
            however = (
                f"what came was {history.name(following.message)} (seq {order[following.message].rank}) at "
                f"{history.when(following.at)}"
                if following
                else f"nothing after seq {mark} came until {history.when(history.end)}"
            )
            findings.violated(
                f"{name} misses {history.name(message)} after its reconnect: it must hold it, because it came back at "
                f"{history.when(stretch.opened)} "
                f"holding the thread up to seq {mark}, and {place.said_by} has {history.name(message)} at seq {rank}; "
                f"however, {however}.",
                stretch.opened,
                (stretch.index, place.index, *((following.index,) if following else ())),
                (name,),
                retryable=following is None,
            )
            break
    return caught_up


def _judge_page_gap(history: History, findings: Findings, name: str, threads: dict[str, dict[str, Place]]) -> int:
    """Judge a page's readings after it was down; returns how often it came back."""
    back = 0
    down = False
    readings = [page for page in history.pages if page.tab == name]
    last = next((page for page in reversed(readings) if page.items), None)
    for page in readings:
        if page.working is False:
            down = True
        elif page.working and down:
            back, down = back + 1, False
        if not back or not page.items:
            continue
        order = _for(threads, page.items[0].thread, list(page.items))
        ranks = [order[item.message].rank for item in page.items if item.message in order]
        shown = {item.message for item in page.items}
        for message, place in order.items():
            # What stands before a message that is shown was there before that one, whenever the store was read. A page that is
            # still catching up may show a later one first; so that counts in its last reading only.
            due = place.at <= page.at or page is last
            if ranks and min(ranks) < place.rank < max(ranks) and message not in shown and due:
                findings.violated(
                    f"{name} misses {history.name(message)} after its reconnect: it must show it, because {place.said_by} "
                    "has it at seq "
                    f"{place.rank}; however, the page read at {history.when(page.at)} goes from seq {min(ranks)} to "
                    f"{max(ranks)} without it.",
                    page.at,
                    (page.index, place.index),
                    (name,),
                )
                return back
    return back
