"""The law no-crosstalk: nothing of one user's reaches another."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from realstack.history.domain import History
from realstack.history.facts import Send
from realstack.history.verdict import Findings


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that one user could see; what is `stored` is of whom the platform's account in it names."""

    user: str
    what: str
    text: str
    at: float
    index: int
    tab: str = ""
    stored: bool = False


def no_crosstalk(history: History) -> Findings:
    """A user's canary never appears in another user's frames, page, rows, keys or files.

    Searched, regardless of case, is every frame that came to another user's tabs, every reading of their
    pages, and everything recorded as seen by them (rows, keys, files). A canary proves nothing unless it was
    really in play: it must be found at least once among its own user's things. Apart from canaries, no tab may
    get a message, or the events of a run, of another user, and one platform account never serves two users.
    Of a row whose account no user is known to have, nobody can say whether it is at its own user's or at another's.
    """
    findings = Findings()
    canaries = {str(note.data.get("canary", "")).casefold(): note.source for note in history.noted("canary")}
    canaries.pop("", None)
    users = {tab.user for tab in history.tabs.values()} | {note.source for note in history.noted("listener")}
    known = users | set(canaries.values()) | set(history.accounts.values())
    found = list(_evidence(history))
    evidence = [piece for piece in found if not piece.stored or piece.user in known]
    sounded: set[str] = set()
    for piece in evidence:
        text = piece.text.casefold()
        for canary, owner in canaries.items():
            if canary not in text:
                continue
            if piece.user == owner:
                sounded.add(canary)
            else:
                position = text.index(canary)
                findings.violated(
                    f"{piece.what} of {piece.user} holds the canary of {owner}: it must not, because nothing of {owner}'s "
                    "may reach another "
                    f"user; however, at {history.when(piece.at)} it read "
                    f"…{piece.text[max(0, position - 40) : position + len(canary) + 20]}….",
                    piece.at,
                    (piece.index,),
                    (piece.tab,) if piece.tab else (),
                )
    sent_by_owner = {_sent_canary(history, canary, owner) for canary, owner in canaries.items()}
    sounded |= {canary for canary in sent_by_owner if canary}
    if silent := sorted({owner for canary, owner in canaries.items() if canary not in sounded}):
        findings.lacking.append(f"The canary of {', '.join(silent)} was never in play: put it into a message before judging.")
    unowned = {piece.user for piece in found if piece.stored and piece.user not in known and _holds_any(piece, canaries)}
    if unowned:
        findings.lacking.append(
            f"Whose the account {', '.join(sorted(unowned))} is, is not known, and rows of it hold a canary: let the greeting in "
            "the vocabulary take `account`, or its rows a `user` that is one."
        )
    _judge_owners(history, findings)
    _judge_accounts(history, findings)
    others = [piece for piece in evidence if any(owner != piece.user for owner in canaries.values())]
    findings.counts = {
        "users": len(users),
        "canaries": len(canaries),
        "pieces of evidence": len(others),
    }
    return findings


def _evidence(history: History) -> Iterator[Evidence]:
    for index, event in enumerate(history.events):
        if event.kind == "frame-in":
            text = _text(event.data.get("frame"))
            yield Evidence(history.user_of(event.source), f"a frame on {event.source}", text, event.at, index, event.source)
        elif event.kind == "page":
            yield Evidence(
                history.user_of(event.source), f"the page {event.source}", _text(event.data), event.at, index, event.source
            )
        elif event.kind == "seen":
            what = str(event.data.get("what", "something"))
            yield Evidence(event.source, what, _text(event.data.get("content")), event.at, index)
        elif event.kind == "stored":
            yield from _rows(history, index)


def _rows(history: History, index: int) -> Iterator[Evidence]:
    """Rows by their owner; in a table shared by all, the others' rows are the others' own."""
    reading = next(reading for reading in history.stores if reading.index == index)
    rows = history.events[index].data.get("rows") or []
    texts: dict[str, list[str]] = defaultdict(list)
    for item, row in zip(reading.items, rows, strict=True):
        if item.user is not None:
            texts[item.user].append(_text(row))
    for user, lines in texts.items():
        yield Evidence(user, f"a row in the store {reading.store}", "\n".join(lines), reading.at, index, stored=True)


def _holds_any(piece: Evidence, canaries: Mapping[str, str]) -> bool:
    text = piece.text.casefold()
    return any(canary in text for canary in canaries)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _sent_canary(history: History, canary: str, owner: str) -> str:
    return canary if any(s.user == owner and s.text and canary in s.text.casefold() for s in history.sends) else ""


def _judge_owners(history: History, findings: Findings) -> None:
    senders: dict[str, Send] = {}
    for send in history.sends:
        senders.setdefault(send.message, send)
    for delivery in history.deliveries:
        sent = senders.get(delivery.message)
        if sent is not None and sent.user != delivery.user:
            findings.violated(
                f"{delivery.tab} of {delivery.user} received {history.name(delivery.message)}: it must not, because "
                f"{sent.user} sent it from "
                f"{sent.tab} at {history.when(sent.at)}; however, it was delivered at {history.when(delivery.at)}.",
                delivery.at,
                (sent.index, delivery.index),
                (sent.tab, delivery.tab),
            )
    _judge_runs(history, findings, senders)


def _judge_runs(history: History, findings: Findings, senders: Mapping[str, Send]) -> None:
    """A run is its asker's, whether or not the stray event itself names the question: any event of the run may."""
    queries = {event.run: event.query for event in history.run_events if event.query}
    told: set[tuple[str, str]] = set()
    for event in history.run_events:
        asked = senders.get(queries.get(event.run, ""))
        if asked is None or asked.user == event.user or (event.tab, event.run) in told:
            continue
        told.add((event.tab, event.run))
        findings.violated(
            f"{event.tab} of {event.user} received the run {history.name(event.run, 'r')}: it must not, because the run "
            "answers "
            f"{history.name(asked.message)}, which {asked.user} sent; however, its {event.stage} came at "
            f"{history.when(event.at)}.",
            event.at,
            (asked.index, event.index),
            (asked.tab, event.tab),
        )


def _judge_accounts(history: History, findings: Findings) -> None:
    holders: dict[str, tuple[str, int]] = {}
    for greeting in history.greetings:
        if greeting.account is None or not history.tabs[greeting.tab].registered:
            continue
        user, index = holders.setdefault(greeting.account, (greeting.user, greeting.index))
        if user != greeting.user:
            findings.violated(
                f"{greeting.tab} of {greeting.user} was connected as {user}: it must be its own account, because two users "
                "never share one; "
                f"however, the platform named the same account to both, to {greeting.tab} at {history.when(greeting.at)}.",
                greeting.at,
                (index, greeting.index),
                (greeting.tab,),
            )
