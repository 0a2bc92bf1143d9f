"""The law said-is-stored: what was said comes back as it was said."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass

from realstack.history.domain import History
from realstack.history.facts import Item, RunEvent
from realstack.history.values import text, truth
from realstack.history.verdict import Findings

AROUND = 12
"""Characters told on each side of the first difference."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A text somewhere: who or what said or showed it, and which event tells."""

    text: str
    by: str
    at: float
    index: int


def said_is_stored(history: History) -> Findings:
    """What was said comes back the same, to the byte, in every layer that shows it: frame, row, page, title, file name, answer.

    Judged is every text of a message that has one original: what its user sent, or where nobody of the test sent it (an agent's
    answer, earlier history), where it was first seen. The pieces that an answer was streamed in make up the answer. Things that
    are no messages (a title, a file's name) come from ``said`` and ``shown`` events; one that only quotes what was said must hold
    it somewhere. What a user typed on a page and no message bears was changed on its way where a message stands that nobody said.
    What was sent into a conversation is in no other, by its acknowledgement, on any tab and in the store.
    """
    findings = Findings()
    said = {
        send.message: Saying(send.text, send.tab, send.at, send.index)
        for send in reversed(history.sends)
        if send.text is not None
    }
    originals = dict(said)
    shown = _shown(history)
    for message, saying in shown:
        original = originals.setdefault(message, saying)
        _compare(history, findings, f"{history.name(message)} on {saying.by}", original, saying)
    things, showings = _judge_things(history, findings)
    _judge_pieces(history, findings)
    _judge_typed(history, findings, set(said))
    _judge_conversations(history, findings)
    findings.counts = {"texts": len(originals) + things, "showings": len(shown) + showings}
    return findings


def _judge_conversations(history: History, findings: Findings) -> None:
    """Where a message is, by whoever tells it, against the conversation that it was first sent into."""
    sent = {send.message: send for send in reversed(history.sends) if send.thread and not send.typed}
    told: list[tuple[str, str, str, float, int]] = [
        *((ack.message, ack.thread, f"its acknowledgement on {ack.tab}", ack.at, ack.index) for ack in history.acks),
        *((one.message, one.thread, one.tab, one.at, one.index) for one in history.deliveries),
        *(
            (item.message, item.thread, f"the store {reading.store}", reading.at, reading.index)
            for reading in history.stores
            for item in reading.items
        ),
    ]
    for message, thread, by, at, index in told:
        send = sent.get(message)
        if send is None or not thread or thread == send.thread:
            continue
        findings.violated(
            f"{history.name(message)} is in another conversation than it was said in: it must be in "
            f"{history.name(send.thread, 't')}, because {send.tab} sent it there at {history.when(send.at)}; however, at "
            f"{history.when(at)} it is in {history.name(thread, 't')} by {by}.",
            at,
            (send.index, index),
        )


def _shown(history: History) -> list[tuple[str, Saying]]:
    """Every showing of a message's text, by time."""
    shown = [(d.message, Saying(d.text, d.tab, d.at, d.index)) for d in history.deliveries if d.text is not None]
    shown += [
        (event.answer, Saying(event.text, f"{event.tab}, as {event.stage}", event.at, event.index))
        for event in history.run_events
        if event.answer and event.text is not None
    ]
    readings: list[tuple[str, float, int, tuple[Item, ...]]] = [(p.tab, p.at, p.index, p.items or ()) for p in history.pages]
    readings += [(f"the store {r.store}", r.at, r.index, r.items) for r in history.stores]
    shown += [
        (item.message, Saying(item.text, by, at, index))
        for by, at, index, items in readings
        for item in items
        if item.text is not None
    ]
    return sorted(shown, key=lambda pair: pair[1].index)


def _compare(history: History, findings: Findings, what: str, said: Saying, shown: Saying, *, quotes: bool = False) -> None:
    if said.text == shown.text or (quotes and said.text in shown.text):
        return
    proof = (shown.index,) if said.index == shown.index else (said.index, shown.index)
    findings.violated(
        f"{what} is not as it was said: it must {'hold' if quotes else 'be'} what {said.by} had at {history.when(said.at)}; "
        f"however, at {history.when(shown.at)} {difference(said.text, shown.text)}.",
        shown.at,
        proof,
    )


def difference(said: str, shown: str) -> str:
    """The first place where two texts differ, with the characters' code points: what looks alike need not be it."""
    place = next((n for n, pair in enumerate(zip(said, shown, strict=False)) if pair[0] != pair[1]), min(len(said), len(shown)))
    before = said[max(0, place - AROUND) : place]
    after = f" after {before!r}" if before else ""
    return (
        f"{_told(shown, place)} stands{after} at character {place + 1} where {_told(said, place)} was said "
        f"({len(shown)} characters, {len(said)} were said)"
    )


def _told(words: str, place: int) -> str:
    if place >= len(words):
        return "nothing more"
    character = words[place]
    return f"U+{ord(character):04X} {unicodedata.name(character, 'without a name')}"


def _judge_things(history: History, findings: Findings) -> tuple[int, int]:
    said: dict[str, Saying] = {}
    showings = 0
    for note in history.noted("said", "shown"):
        thing = str(note.data.get("thing"))
        saying = Saying(text(note.data.get("text")) or "", note.source, note.at, note.index)
        if note.kind == "said":
            said[thing] = saying
            continue
        showings += 1
        original = said.setdefault(thing, saying)
        _compare(history, findings, f"{thing} on {note.source}", original, saying, quotes=truth(note.data.get("quotes")))
    return len(said), showings


def _judge_pieces(history: History, findings: Findings) -> None:
    """A tab that saw all of a run's events was given its answer in pieces, which make up the answer."""
    runs: dict[tuple[str, str], dict[int, RunEvent]] = defaultdict(dict)
    for event in history.run_events:
        if event.number is not None:
            runs[event.tab, event.run].setdefault(event.number, event)
    for (tab, run), events in runs.items():
        end = events[max(events)]
        pieces = [events[number] for number in sorted(events) if events[number].stage in history.vocabulary.piecewise]
        if not pieces or not end.answer or end.text is None or len(events) < max(events):
            continue
        streamed = "".join(piece.text or "" for piece in pieces)
        saying = Saying(streamed, tab, pieces[-1].at, pieces[-1].index)
        whole = Saying(end.text, tab, end.at, end.index)
        _compare(history, findings, f"the answer of run {history.name(run, 'r')} on {tab}, as it was streamed,", whole, saying)


def _judge_typed(history: History, findings: Findings, said: set[str]) -> None:
    """What was typed and no message bears, beside a message of the user's that nobody said."""
    typed = [send for send in history.sends if send.typed and send.message.startswith("typed: ")]
    if not typed:
        return
    users = {tab.user for tab in history.tabs.values()}
    unsaid = [
        (item, reading)
        for reading in history.stores
        for item in reading.items
        if item.role == "user" and item.message not in said and item.message not in history.known and item.text is not None
    ]
    told: set[str] = set()
    for send in typed:
        for item, reading in unsaid:
            owns = item.user == send.user or (item.user not in users and reading.covers(send.user, send.thread))
            if owns and reading.at > send.at and item.message not in told:
                told.add(item.message)
                original = Saying(send.text or "", send.tab, send.at, send.index)
                changed = Saying(item.text or "", f"the store {reading.store}", reading.at, reading.index)
                _compare(history, findings, f"{history.name(item.message)} in {changed.by}", original, changed)
                break
