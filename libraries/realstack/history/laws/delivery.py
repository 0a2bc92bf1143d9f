"""Laws about messages reaching tabs and the store: acked-is-kept, from-somebody."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from realstack.history.domain import History, compact
from realstack.history.facts import Ack, Deliver, Item, Send
from realstack.history.verdict import Findings


def acked_is_kept(history: History) -> Findings:
    """A message that the platform acknowledged is stored, and reaches every tab its user has or opens later.

    Stored is proven by a reading of the store that began after the acknowledgement; an acknowledged message
    without such a reading is unproven, and the verdict invalid. A tab must hold a message when it was open
    (and not cut off for good) at its acknowledgement, or asked later for the thread from before that message.
    """
    findings = Findings()
    acks = _first_acks(history)
    sent = {send.message: send for send in reversed(history.sends)}
    held = {reading.index: {item.message for item in reading.items} for reading in history.stores}
    unproven = [ack for ack in acks.values() if not _judge_storage(history, findings, ack, sent.get(ack.message), held)]
    if unproven:
        findings.lacking.append(
            f"No reading of the store came after the acknowledgement of {compact([history.name(a.message) for a in unproven])}: "
            "read the store again before judging."
        )
    for tab in history.tabs.values():
        _judge_tab(history, findings, tab.name, acks, sent)
    owners = {ack.user for ack in acks.values()}
    findings.counts = {
        "acknowledged messages": len(acks),
        "tabs": sum(1 for tab in history.tabs.values() if tab.user in owners),
        "store readings": len(history.stores),
    }
    return findings


def _first_acks(history: History) -> dict[str, Ack]:
    acks: dict[str, Ack] = {}
    for ack in history.acks:
        acks.setdefault(ack.message, ack)
    return acks


def _judge_storage(history: History, findings: Findings, ack: Ack, send: Send | None, held: dict[int, set[str]]) -> bool:
    """Judge whether a message is stored; False where no reading of the store came late enough to tell."""
    readings = [reading for reading in history.stores if reading.began >= ack.at and reading.covers(ack.user, ack.thread)]
    if not readings:
        return False
    reading = next((reading for reading in readings if ack.message not in held[reading.index]), None)
    if reading is None:
        return True
    findings.violated(
        f"the store {reading.store} does not hold {history.name(ack.message)}: it must, because "
        f"{_acknowledged(history, ack, send)}; "
        f"however, the reading at {history.when(reading.at)} shows {len(reading.items)} messages without it.",
        reading.at,
        _proof(send, ack, reading.index),
        (ack.tab,),
    )
    return True


def _judge_tab(history: History, findings: Findings, name: str, acks: dict[str, Ack], sent: dict[str, Send]) -> None:
    tab = history.tabs[name]
    if tab.page:
        _judge_page(history, findings, name, acks, sent)
        return
    if not tab.open_now:
        return
    held = {delivery.message for delivery in history.deliveries if delivery.tab == name}
    if not history.vocabulary.echo:
        held |= {send.message for send in history.sends if send.tab == name}
    for ack in acks.values():
        if ack.user != tab.user or ack.message in held:
            continue
        reason = _must_hold(history, name, ack)
        if not reason:
            continue
        later = next((d for d in history.deliveries if d.tab == name and d.at > ack.at), None)
        however = (
            f"its next delivery was {history.name(later.message)} at {history.when(later.at)}"
            if later
            else "nothing was delivered to it afterwards"
        )
        findings.violated(
            f"{name} never received {history.name(ack.message)}: it must, because "
            f"{_acknowledged(history, ack, sent.get(ack.message))}, and {name} {reason}; however, {however}.",
            ack.at,
            _proof(sent.get(ack.message), ack, tab.stretches[-1].index),
            (ack.tab, name),
            retryable=True,
        )


def _must_hold(history: History, name: str, ack: Ack) -> str:
    """Why a tab must hold an acknowledged message; empty where it need not."""
    tab = history.tabs[name]
    last = tab.stretches[-1]
    if last.opened <= ack.at:
        return f"was open from {history.when(last.opened)} on"
    asked = [r for r in history.resumes if r.tab == name and r.at >= last.opened and r.thread == ack.thread]
    covering = [r for r in asked if ack.seq is None or r.after < ack.seq]
    if covering:
        return f"asked at {history.when(covering[0].at)} for all after seq {covering[0].after}"
    if asked:
        return "was open at that moment" if tab.open_at(ack.at) else ""
    if any(stretch.opened <= ack.at for stretch in tab.stretches):
        return f"was first opened at {history.when(tab.stretches[0].opened)} and came back at {history.when(last.opened)}"
    return ""


def _judge_page(history: History, findings: Findings, name: str, acks: dict[str, Ack], sent: dict[str, Send]) -> None:
    readings = [reading for reading in history.pages if reading.tab == name and reading.items is not None]
    if not readings:
        return
    last = readings[-1]
    threads = {item.thread for item in last.items or ()}
    shown = {item.message for item in last.items or ()}
    for ack in acks.values():
        elsewhere = bool(ack.thread) and "" not in threads and bool(threads) and ack.thread not in threads
        if ack.user != history.user_of(name) or ack.at > last.began or ack.message in shown or elsewhere:
            continue
        findings.violated(
            f"{name} does not show {history.name(ack.message)}: it must, because "
            f"{_acknowledged(history, ack, sent.get(ack.message))}; "
            f"however, the page read at {history.when(last.at)} shows {len(last.items or ())} messages without it.",
            last.at,
            _proof(sent.get(ack.message), ack, last.index),
            (ack.tab, name),
        )


def _acknowledged(history: History, ack: Ack, send: Send | None) -> str:
    seq = "" if ack.seq is None else f" as seq {ack.seq}"
    if send is not None and send.tab == ack.tab:
        return f"{ack.tab} sent it at {history.when(send.at)} and had it acknowledged at {history.when(ack.at)}{seq}"
    origin = f"{send.tab} sent it at {history.when(send.at)} and " if send else ""
    return f"{origin}it was acknowledged to {ack.tab} at {history.when(ack.at)}{seq}"


def _proof(send: Send | None, ack: Ack, *others: int) -> tuple[int, ...]:
    return (*((send.index,) if send else ()), ack.index, *others)


def from_somebody(history: History) -> Findings:
    """Nothing is delivered that nobody sent.

    A user's message must have been sent in this history (or been declared as there before it), in the same
    words; an agent's message must come from a run that was started by something sent. Messages of agents
    whose user's tabs recorded no run events at all (pages alone) can't be traced, and are only counted.
    """
    findings = Findings()
    sent: dict[str, Send] = {}
    for send in history.sends:
        sent.setdefault(send.message, send)
    runs: dict[str, str | None] = {}
    for event in history.run_events:
        runs[event.run] = runs.get(event.run) or event.query
    origins = Origins(sent, runs)
    traced_users = {event.user for event in history.run_events}
    judged: dict[str, set[str]] = defaultdict(set)
    untraced = 0
    for delivery in history.deliveries:
        if delivery.message in judged[delivery.tab] or delivery.message in history.known:
            continue
        judged[delivery.tab].add(delivery.message)
        place = f"{delivery.tab} received", delivery.at, delivery.index, (delivery.tab,)
        if delivery.role == "user":
            _judge_origin(history, findings, place, delivery, origins)
        elif delivery.user in traced_users:
            _judge_run(history, findings, place, delivery, origins)
        else:
            untraced += 1
    for where, reading_at, index, tabs, items in _readings(history):
        for item in items:
            if item.role == "user" and item.message not in history.known and not (item.user and _outsider(history, item.user)):
                _judge_origin(history, findings, (where, reading_at, index, tabs), item, origins)
    findings.counts = {
        "deliveries": sum(map(len, judged.values())) + sum(len(items) for *_, items in _readings(history)),
        "sent messages": len(sent),
        "untraced answers": untraced,
    }
    return findings


Place = tuple[str, float, int, tuple[str, ...]]
"""Who has it and how (``tab 3 received``), when, by which event, on which tabs."""


@dataclass(frozen=True, slots=True)
class Origins:
    """Where messages may come from: what was sent, by id, and the message that each run answers."""

    sent: dict[str, Send]
    runs: dict[str, str | None]


def _readings(history: History) -> list[tuple[str, float, int, tuple[str, ...], tuple[Item, ...]]]:
    stores = [(f"the store {r.store} holds", r.at, r.index, (), r.items) for r in history.stores]
    pages = [(f"{page.tab} shows", page.at, page.index, (page.tab,), page.items or ()) for page in history.pages]
    return [*stores, *pages]


def _outsider(history: History, user: str) -> bool:
    """Whether no tab of this history belongs to a user: rows of others in a shared table are not this test's."""
    return all(tab.user != user for tab in history.tabs.values())


def _judge_origin(history: History, findings: Findings, place: Place, item: Deliver | Item, origins: Origins) -> None:
    where, at, index, tabs = place
    message, words, sent = item.message, item.text, origins.sent
    send = sent.get(message)
    if send is None:
        told = f" ({words[:60]!r})" if words else ""
        findings.violated(
            f"{where} {history.name(message)}{told}: it must come from somebody, because only what was sent may be "
            "delivered; however, "
            f"none of the {len(sent)} messages sent is it.",
            at,
            (index,),
            tabs,
        )
    elif words is not None and send.text is not None and words != send.text:
        findings.violated(
            f"{where} {history.name(message)} in other words: it must say {send.text[:60]!r}, because {send.tab} sent that at "
            f"{history.when(send.at)}; however, it says {words[:60]!r}.",
            at,
            (send.index, index),
            tabs,
        )


def _judge_run(history: History, findings: Findings, place: Place, item: Deliver | Item, origins: Origins) -> None:
    where, at, index, tabs = place
    message, run, runs, sent = item.message, item.run, origins.runs, origins.sent
    if run is None or run not in runs:
        origin = "no run at all" if run is None else f"run {history.name(run, 'r')}, of which no tab saw any event"
        findings.violated(
            f"{where} the answer {history.name(message)}: it must come from a run, because agents answer in runs; however, "
            f"it names {origin}.",
            at,
            (index,),
            tabs,
            retryable=True,
        )
        return
    query = runs[run]
    if query is not None and query not in sent and query not in history.known:
        findings.violated(
            f"{where} the answer {history.name(message)} of run {history.name(run, 'r')}: somebody must have asked, because "
            "a run starts from "
            f"a message; however, nobody sent its message {history.name(query)}.",
            at,
            (index,),
            tabs,
        )
