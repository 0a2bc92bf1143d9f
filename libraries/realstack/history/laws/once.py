"""The law exactly-once: nothing is stored twice, or shown twice in one tab."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from realstack.history.domain import History, compact
from realstack.history.facts import Ack, Deliver, Item, PageReading, Resume, StoreReading
from realstack.history.verdict import Findings

CROSSING = 0.25
"""Seconds within which a live delivery may still be one that left before the platform saw the tab's resume."""


def exactly_once(history: History) -> Findings:
    """No message is stored twice, or shown twice in one tab, however often it was sent again.

    A tab that asks for a part of a thread again may be given it again: once for each time it asked.
    Two messages with the text of one single sending are one message sent under two ids; two agent
    messages of one run are one answer given twice.
    """
    findings = Findings()
    _judge_repeated_deliveries(history, findings)
    _judge_sequence_numbers(history, findings)
    for reading in history.stores:
        _judge_items(history, findings, reading)
    for page in history.pages:
        _judge_items(history, findings, page)
    _judge_doubled_sendings(history, findings)
    identities = {d.message for d in history.deliveries} | {i.message for r in history.stores for i in r.items}
    identities |= {item.message for page in history.pages for item in page.items or ()}
    findings.counts = {
        "messages": len(identities),
        "tabs": len({d.tab for d in history.deliveries} | {page.tab for page in history.pages if page.items is not None}),
        "store readings": len(history.stores),
        "sent again": sum(number - 1 for number in Counter(send.message for send in history.sends).values()),
    }
    return findings


def _judge_repeated_deliveries(history: History, findings: Findings) -> None:
    by_thread: dict[tuple[str, str], list[Deliver]] = defaultdict(list)
    for delivery in history.deliveries:
        by_thread[delivery.tab, delivery.thread].append(delivery)
    for (tab, thread), deliveries in by_thread.items():
        resumes = [resume for resume in history.resumes if resume.tab == tab and resume.thread in ("", thread)]
        first: dict[str, Deliver] = {}
        again: dict[str, list[Deliver]] = {}
        for delivery in deliveries:
            if first.setdefault(delivery.message, delivery) is not delivery:
                again.setdefault(delivery.message, [first[delivery.message]]).append(delivery)
        for message in filter(again.__contains__, first):
            _judge_repetition(history, findings, again[message], resumes, deliveries)


def _judge_repetition(
    history: History, findings: Findings, same: list[Deliver], resumes: list[Resume], deliveries: list[Deliver]
) -> None:
    unused = [r for r in resumes if same[0].seq is None or r.after < same[0].seq]
    for earlier, later in pairwise(same):
        asking = next((r for r in unused if r.at <= later.at and _asks_again(r, earlier, deliveries)), None)
        if asking is not None:
            unused.remove(asking)
            continue
        where = "" if earlier.stretch == later.stretch else " on its new connection"
        findings.violated(
            f"{later.tab} received {history.name(later.message)} twice: it must once, because it was delivered at "
            f"{history.when(earlier.at)} and {later.tab} did not ask for it again; however, it was delivered again{where} at "
            f"{history.when(later.at)}.",
            later.at,
            (earlier.index, later.index),
            (later.tab,),
        )
        return


def _asks_again(resume: Resume, earlier: Deliver, deliveries: list[Deliver]) -> bool:
    """Whether a resume entitles to one more delivery of a message that was delivered before.

    It does when it was asked after that delivery, and when the two crossed on the wire: the delivery came
    shortly after the resume left, ahead of everything that answers it.
    """
    if resume.at >= earlier.at:
        return True
    if resume.stretch != earlier.stretch or earlier.at - resume.at > CROSSING or earlier.seq is None:
        return False
    return not any(
        resume.at <= d.at < earlier.at and d.seq is not None and resume.after < d.seq < earlier.seq for d in deliveries
    )


def _judge_sequence_numbers(history: History, findings: Findings) -> None:
    first: dict[str, Ack] = {}
    for ack in history.acks:
        known = first.setdefault(ack.message, ack)
        if known.seq is not None and ack.seq is not None and known.seq != ack.seq:
            findings.violated(
                f"{history.name(ack.message)} was acknowledged as seq {known.seq} and as seq {ack.seq}: it must keep one "
                "place, because "
                f"it is one message sent again; however, the answers at {history.when(known.at)} and {history.when(ack.at)} "
                "differ.",
                ack.at,
                (known.index, ack.index),
                (known.tab, ack.tab),
            )


def _judge_items(
    history: History,
    findings: Findings,
    reading: StoreReading | PageReading,
) -> None:
    items = reading.items or ()
    where = f"{reading.tab} shows" if isinstance(reading, PageReading) else f"the store {reading.store} holds"
    tabs = (reading.tab,) if isinstance(reading, PageReading) else ()
    for message, times in Counter(item.message for item in items if not item.message.startswith("typed:")).items():
        if times > 1:
            findings.violated(
                f"{where} {history.name(message)} {_times(times)}: it must once, because ids name one message; "
                "however, the reading at "
                f"{history.when(reading.at)} has it {times} times among {len(items)} messages.",
                reading.at,
                (reading.index,),
                tabs,
            )
    answers: dict[str, set[str]] = defaultdict(set)
    for item in items:
        if item.role == "agent" and item.run:
            answers[item.run].add(item.message)
    for run, messages in answers.items():
        if len(messages) > 1:
            findings.violated(
                f"{where} {len(messages)} answers of run {history.name(run, 'r')}: it must one, because a run answers "
                "once; however, the "
                f"reading at {history.when(reading.at)} has {compact([history.name(m) for m in sorted(messages)])}.",
                reading.at,
                (reading.index,),
                tabs,
            )


def _judge_doubled_sendings(history: History, findings: Findings) -> None:
    views = _views_of_doubled(history)
    if not views:
        return
    sendings: dict[tuple[str, str], set[str]] = defaultdict(set)
    typings: Counter[tuple[str, str]] = Counter()
    for send in history.sends:
        if send.text:
            sendings[send.user, send.text].add(send.message)
            typings[send.user, send.text] += send.typed
    senders = Counter(words for _, words in sendings)
    for (user, words), ids in sendings.items():
        seen = history.ids_with_text(words)
        if len(ids) > 1 or typings[user, words] > 1 or senders[words] > 1:
            continue
        for view, index, at, tabs in views.get(words, ()):
            # One id twice is told of the reading; where a page shows no ids, its words are all there is.
            if len(set(view)) > 1 or (len(view) > 1 and view[0].startswith("typed:")):
                send = next(s for s in history.sends if s.user == user and s.text == words)
                as_what = f", as {compact([history.name(m) for m in view])}" if len(seen) > 1 else ""
                however = f"{len(seen)} ids bear its text" if len(seen) > 1 else "its text is shown again"
                findings.violated(
                    f"one message of {user} is there {_times(len(view))}{as_what}: it must once, because "
                    f"{send.tab} sent it once, at {history.when(send.at)} ({words[:60]!r}); however, {however}.",
                    at,
                    (send.index, index),
                    tabs,
                )
                break


_View = tuple[list[str], int, float, tuple[str, ...]]
"""Ids of users' messages with one text, and where that shows: the event, when, and which tabs."""


def _views_of_doubled(history: History) -> dict[str, list[_View]]:
    """What every reading and tab shows of the texts that one of them shows twice; there are none, mostly."""
    doubled = _doubled(history)
    views: dict[str, list[_View]] = defaultdict(list)
    if not doubled:
        return views
    for reading in history.stores:
        for words, ids in _by_text(reading.items, doubled).items():
            views[words].append((sorted(set(ids)), reading.index, reading.at, ()))
    for page in history.pages:
        for words, ids in _by_text(page.items or (), doubled).items():
            views[words].append((ids, page.index, page.at, (page.tab,)))
    delivered: dict[tuple[str, str], list[Deliver]] = defaultdict(list)
    for delivery in history.deliveries:
        if delivery.role == "user" and delivery.text in doubled:
            delivered[delivery.text, delivery.tab].append(delivery)
    for (words, tab), deliveries in delivered.items():
        views[words].append((sorted({d.message for d in deliveries}), deliveries[-1].index, deliveries[-1].at, (tab,)))
    return views


def _doubled(history: History) -> set[str]:
    """The texts of users' messages that a reading or a tab shows under several ids, or more than once without any."""
    doubled: set[str] = set()

    def look(seen: dict[str, str], item: Item | Deliver) -> None:
        if item.role == "user" and item.text:
            first = seen.get(item.text)
            if first is None:
                seen[item.text] = item.message
            elif first != item.message or first.startswith("typed:"):
                doubled.add(item.text)

    readings: list[StoreReading | PageReading] = [*history.stores, *history.pages]
    for reading in readings:
        seen: dict[str, str] = {}
        for item in reading.items or ():
            look(seen, item)
    by_tab: dict[str, dict[str, str]] = defaultdict(dict)
    for delivery in history.deliveries:
        look(by_tab[delivery.tab], delivery)
    return doubled


def _by_text(items: Iterable[Item], wanted: set[str]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = defaultdict(list)
    for item in items:
        if item.role == "user" and item.text in wanted:
            ids[item.text].append(item.message)
    return ids


def _times(number: int) -> str:
    return "twice" if number == 2 else f"{number} times"
