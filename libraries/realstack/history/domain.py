"""From raw events to the history that laws are judged over, event by event as they are recorded."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from heapq import merge
from itertools import pairwise
from typing import Any

from realstack.history.facts import (
    Ack,
    Connected,
    Deliver,
    Fact,
    Note,
    PageReading,
    Refreshed,
    Refuse,
    Reject,
    Resume,
    RunEvent,
    Send,
    Setting,
    Stop,
    StoreReading,
    Stretch,
    Tab,
)
from realstack.history.items import Items
from realstack.history.known import Known, Order, Owner
from realstack.history.names import Names
from realstack.history.values import epoch, number, text, truth, whole
from realstack.history.vocabulary import Rule, Taken, Vocabulary
from realstack.recording.events import Entry, Event

STRETCHING = frozenset({"frame-in", "frame-out", "opened", "closed", "page", "typed"})
"""Kinds of events that happen on a tab and tell whether it is connected."""
OF_TABS = STRETCHING | {"tab"}
"""Kinds of events that only tabs have."""

Place = tuple[float, int, str, str, int]
"""When, by which event, on which tab, of which user, on which of its connections."""
MOST_MEANINGS = 10_000
"""Frames whose meaning is kept from learning until reading; it takes more memory than the frame, and can be looked for again."""

_NAMING = {"deliver": "message", "stop": "message", "stopping": "message", "run-event": "query"}
"""What names a message by the id that the platform gave it, and the field in which it does."""
_FRAMES = frozenset({"frame-in", "frame-out"})


class History:
    """One test's events, redacted, by time, and the facts read from them; it grows with what it is given.

    Events are read once, in the order of their time. One that is told late (its time lies before that of others) takes back what
    was read after it, and so does what changes an answer that facts rest on: whose a tab is, which message a text belongs to.
    However the events are handed over, at once or one by one, the history is the same.

    Args:
        events: Raw events in the order they were recorded.
        vocabulary: What frames, pages and rows mean.
        began: The time on the events' clock that counts as 0, in seconds.
        began_wall: The same moment in seconds since the epoch.
    """

    def __init__(self, events: Iterable[Event], vocabulary: Vocabulary, began: float = 0.0, began_wall: float = 0.0) -> None:
        self.vocabulary = vocabulary
        self.began = began
        self.began_wall = began_wall
        self.events: list[Entry] = []
        self.end = 0.0
        self.tabs: dict[str, Tab] = {}
        self.sends: list[Send] = []
        self.acks: list[Ack] = []
        self.deliveries: list[Deliver] = []
        self.refusals: list[Refuse] = []
        self.rejections: list[Reject] = []
        self.greetings: list[Connected] = []
        self.refreshes: list[Refreshed] = []
        self.resumes: list[Resume] = []
        self.stops: list[Stop] = []
        self.run_events: list[RunEvent] = []
        self.pages: list[PageReading] = []
        self.stores: list[StoreReading] = []
        self.settings: list[Setting] = []
        self._notes: dict[str, list[Note]] = {}
        self._facts: tuple[list[Any], ...] = (
            self.sends,
            self.acks,
            self.deliveries,
            self.refusals,
            self.rejections,
            self.greetings,
            self.refreshes,
            self.resumes,
            self.stops,
            self.run_events,
            self.pages,
            self.stores,
            self.settings,
        )
        self._numbers = array("q")
        self._known = Known(gives_ids=vocabulary.gives_ids)
        self._items = Items(vocabulary, self._known)
        self._names = {letter: Names(letter) for letter in "mtr"}
        self._acked_on_pages: dict[str, int] = {}
        self.take(events)

    # What keeps growing.

    def take(self, events: Iterable[Event]) -> None:
        """Read events on: those that were recorded after all that were taken before, in the order they were recorded."""
        new: list[Entry] = []
        fresh: dict[int, Sequence[Taken]] = {}
        for number_, event in enumerate(events, len(self.events)):
            entry = Entry.of(event, self.began)
            new.append(entry)
            meanings = self._meanings(entry)
            if len(fresh) < MOST_MEANINGS:
                fresh[number_] = meanings
            self._learn((entry.at, number_), entry, meanings)
        if not new:
            return
        late = self._position((min(entry.at for entry in new), len(self.events)))
        changed = self._known.changed()
        position = late if changed is None else min(late, self._position(changed))
        if position < len(self.events):
            self._take_back(position)
        for names in self._names.values():
            names.forget_asked()
        self._merge(new, late)
        for index in range(position, len(self.events)):
            entry, number_ = self.events[index], self._numbers[index]
            if entry.kind != "judged" and entry.at > self.end:
                self.end = entry.at
            meanings = fresh.pop(number_) if number_ in fresh else self._meanings(entry)
            self._read((entry.at, number_), index, entry, meanings)

    def _position(self, order: Order) -> int:
        """Where in time an event belongs among those that are read."""
        return bisect_left(range(len(self.events)), order, key=lambda index: (self.events[index].at, self._numbers[index]))

    def _meanings(self, entry: Entry) -> Sequence[Taken]:
        return self.vocabulary.meanings(entry.kind[6:], entry.data.get("frame")) if entry.kind in _FRAMES else ()

    def _merge(self, new: list[Entry], late: int) -> None:
        """Put new events where their time is, the first of them at `late`, and those of one time in the order of recording."""
        begin = len(self.events)
        in_order = all(one.at <= next_.at for one, next_ in pairwise(new))
        self._numbers.extend(range(begin, begin + len(new)))
        self.events.extend(new)
        if late < begin or not in_order:
            # Sorting keeps those of one time as they are.
            moved = sorted(zip(self.events[late:], self._numbers[late:], strict=True), key=lambda pair: pair[0].at)
            self.events[late:] = [entry for entry, _ in moved]
            self._numbers[late:] = array("q", (number_ for _, number_ in moved))

    def _take_back(self, position: int) -> None:
        """Forget what was read of the events from a position on."""
        for facts in (*self._facts, *self._notes.values()):
            while facts and facts[-1].index >= position:
                facts.pop()
        while self.tabs and next(reversed(self.tabs.values())).index >= position:
            self.tabs.popitem()
        for tab in self.tabs.values():
            while tab.stretches and tab.stretches[-1].index >= position:
                tab.stretches.pop()
            if tab.stretches and (tab.stretches[-1].closed_index or 0) >= position:
                tab.stretches[-1] = Stretch(tab.stretches[-1].opened, tab.stretches[-1].index)
        while self._acked_on_pages and next(reversed(self._acked_on_pages.values())) >= position:
            self._acked_on_pages.popitem()
        for names in self._names.values():
            names.take_back(position)

    # What laws and views ask for.

    @property
    def accounts(self) -> Mapping[str, str]:
        """The users of the platform's accounts."""
        return self._known.accounts

    @property
    def known(self) -> set[str]:
        """Messages that were there before the test."""
        return self._known.baseline

    @property
    def notes(self) -> list[Note]:
        """All events that have no meaning of their own, by time."""
        return self.noted(*self._notes)

    def noted(self, *kinds: str) -> list[Note]:
        """The events of the given kinds that have no meaning of their own, by time."""
        found = [notes for kind in dict.fromkeys(kinds) if (notes := self._notes.get(kind))]
        return list(found[0]) if len(found) == 1 else list(merge(*found, key=_index))

    def runs(self) -> dict[str, dict[str, list[RunEvent]]]:
        """What each tab saw of each run, in its order: events by run and tab."""
        runs: dict[str, dict[str, list[RunEvent]]] = {}
        for event in self.run_events:
            runs.setdefault(event.run, {}).setdefault(event.tab, []).append(event)
        return runs

    def user_of(self, tab: str) -> str:
        """The user whose tab it is; the tab's own name where nobody said."""
        return self.tabs[tab].user if tab in self.tabs else tab

    def name(self, identity: str, letter: str = "m") -> str:
        """The short name of a message (``m-17``), thread (``t-1``) or run (``r-3``), by first appearance."""
        return self._names[letter].of(identity)

    def legend(self) -> dict[str, str]:
        """Short names and the identities they stand for."""
        return {name: identity for names in self._names.values() for identity, name in names.all().items()}

    @staticmethod
    def when(at: float) -> str:
        """A time as laws tell it: ``12.381 s``."""
        return f"{at:.3f} s"

    def ids_with_text(self, words: str) -> list[str]:
        """The ids of users' messages that were seen anywhere with exactly this text, by first appearance."""
        return self._known.ids(words)

    # What holds for the whole history.

    def _learn(self, order: Order, entry: Entry, meanings: Sequence[Taken]) -> None:
        if entry.kind in OF_TABS:
            self._known.appeared(entry.source)
        for place, (rule, got) in enumerate(meanings):
            if rule.means == "connected" and (account := text(got.get("account"))) is not None:
                self._known.greeted(order, entry.source, account)
            elif rule.means == "send" and self.vocabulary.gives_ids and (words := text(got.get("text"))) is not None:
                self._known.said(words, text(got.get("message")) or "")
            elif rule.means == "ack" and (given := text(got.get("given"))) is not None:
                self._known.given(order, given, text(got.get("message")) or "")
            elif rule.means == "deliver" and self.vocabulary.role(got.get("role")) == "user":
                self._items.learn_text((*order, place), got.get("text"), got.get("message"))
        if entry.kind == "tab":
            owner = Owner(str(entry.data.get("user", entry.source)), bool(entry.data.get("page")), registered=True)
            self._known.registered(order, entry.source, owner)
            if (account := text(entry.data.get("account"))) is not None:
                self._known.greeted(order, entry.source, account)
        elif entry.kind == "stored":
            self._items.learn(order, entry.data.get("rows"), self.vocabulary.row_take)
        elif entry.kind == "page":
            self._items.learn(order, entry.data.get("messages"), self.vocabulary.page_take)
        elif entry.kind == "baseline":
            self._known.baseline.update(str(message) for message in entry.data.get("messages", ()))

    # Reading one event.

    def _read(self, order: Order, index: int, event: Entry, meanings: Sequence[Taken]) -> None:
        kind = event.kind
        if kind in STRETCHING:
            self._read_stretch(order, index, event)
        if kind in _FRAMES:
            for rule, got in meanings:
                self._read_frame(index, event, rule, self._as_users_know(order, rule, got))
        elif kind == "page":
            self._read_page(order, index, event)
        elif kind == "typed":
            self._read_typed(order, index, event)
        elif kind == "stop" and self._known.is_tab(order, event.source):
            self._tab(order, index, event)
            message = str(event.data.get("message"))
            self.stops.append(Stop(*self._place(index, event), message, None, truth(event.data.get("acknowledged"))))
            self._named(index, message)
        elif kind == "posted" and self._known.is_tab(order, event.source):
            self._read_posted(order, index, event)
        elif kind == "stored":
            items = self._items.read(order, event.data.get("rows"), self.vocabulary.row_take, "")
            users, threads = _names(event.data.get("users")), _names(event.data.get("threads"))
            took = number(event.data.get("took")) or 0.0
            self.stores.append(StoreReading(event.at, index, event.source, items, users, threads, took))
            for item in items:
                self._named(index, item.message)
        elif kind == "tab":
            self._tab(order, index, event)
        elif kind == "setting":
            took, asked = number(event.data.get("took")) or 0.0, truth(event.data.get("asked"))
            about, of = str(event.data.get("about")), str(event.data.get("of"))
            self.settings.append(Setting(event.at, index, event.source, of, about, event.data.get("value"), asked, took=took))
        elif kind != "baseline":
            self._notes.setdefault(kind, []).append(Note(event.at, index, kind, event.source, event.data))

    def _tab(self, order: Order, index: int, event: Entry) -> Tab:
        tab = self.tabs.get(event.source)
        if tab is None:
            owner = self._known.owner(order, event.source)
            page = owner.page if owner.registered else event.kind in ("page", "typed")
            tab = self.tabs[event.source] = Tab(event.source, owner.user, page, [], owner.registered, index)
        return tab

    def _read_stretch(self, order: Order, index: int, event: Entry) -> None:
        tab = self._tab(order, index, event)
        stretch = tab.stretches[-1] if tab.stretches else None
        if event.kind == "closed":
            if stretch is not None and stretch.closed is None:
                stretch.closed, stretch.closed_index = event.at, index
                stretch.code, stretch.by_us = whole(event.data.get("code")), _closed_by_us(event.data)
        elif stretch is None or event.kind == "opened" or (stretch.closed is not None and event.kind == "frame-out"):
            tab.stretches.append(Stretch(event.at, index))

    def _place(self, index: int, event: Entry) -> Place:
        tab = self.tabs[event.source]
        return event.at, index, tab.name, tab.user, max(len(tab.stretches) - 1, 0)

    def _named(self, index: int, message: str, thread: str = "") -> None:
        self._names["m"].give(index, message)
        if thread:
            self._names["t"].give(index, thread)

    def _as_users_know(self, order: Order, rule: Rule, got: dict[str, Any]) -> dict[str, Any]:
        """What was taken of a frame, with the id that its user knows where it has the one that the platform gave."""
        name = _NAMING.get(rule.means) if self.vocabulary.gives_ids else None
        identity = None if name is None else text(got.get(name))
        return got if name is None or identity is None else {**got, name: self._known.message_of(order, identity)}

    def _read_frame(self, index: int, event: Entry, rule: Rule, got: dict[str, Any]) -> None:
        place = self._place(index, event)
        message, thread = text(got.get("message")) or "", text(got.get("thread")) or ""
        if rule.means == "send":
            self.sends.append(Send(*place, message, thread, text(got.get("text"))))
            self._named(index, message, thread)
        elif rule.means == "ack":
            self.acks.append(Ack(*place, message, thread, whole(got.get("seq")), truth(got.get("duplicate"))))
            self._named(index, message)
        elif rule.means == "deliver":
            role = self.vocabulary.role(got.get("role"))
            self.deliveries.append(
                Deliver(*place, message, thread, whole(got.get("seq")), role, text(got.get("text")), text(got.get("run")))
            )
            self._named(index, message)
        elif rule.means == "refuse":
            self.refusals.append(
                Refuse(*place, message, whole(got.get("limit")), number(got.get("window")), number(got.get("retry_after")))
            )
            self._named(index, message)
        elif rule.means == "reject":
            self.rejections.append(Reject(*place, message, text(got.get("code")) or ""))
        else:
            self._read_other(place, rule, got, thread)

    def _read_other(self, place: Place, rule: Rule, got: dict[str, Any], thread: str) -> None:
        index = place[1]
        if rule.means == "connected":
            self.greetings.append(
                Connected(
                    *place,
                    text(got.get("connection")),
                    text(got.get("account")),
                    text(got.get("session")),
                    epoch(got.get("expires_at")),
                )
            )
        elif rule.means == "refreshed":
            self.refreshes.append(Refreshed(*place, epoch(got.get("expires_at"))))
        elif rule.means == "resume":
            self.resumes.append(Resume(*place, thread, whole(got.get("after")) or 0))
            if thread:
                self._names["t"].give(index, thread)
        elif rule.means in ("stop", "stopping"):
            message = text(got.get("message")) or ""
            self.stops.append(Stop(*place, message, text(got.get("run")), rule.means == "stopping"))
            self._named(index, message)
        elif rule.means in ("change", "setting"):
            about, asked = text(got.get("about")) or "", rule.means == "change"
            self.settings.append(Setting(*place[:3], rule.of, about, got.get("value"), asked, framed=True))
            self._names["t"].give(index, about)
        elif rule.means == "run-event":
            run = text(got.get("run")) or ""
            self.run_events.append(
                RunEvent(
                    *place,
                    run,
                    text(got.get("event")),
                    whole(got.get("number")),
                    rule.stage,
                    thread,
                    text(got.get("query")),
                    text(got.get("answer")),
                    text(got.get("text")),
                    text(got.get("tool")),
                    text(got.get("input")),
                )
            )
            self._names["r"].give(index, run)

    def _read_typed(self, order: Order, index: int, event: Entry) -> None:
        words = str(event.data.get("text", ""))
        message = text(event.data.get("message")) or self._known.first_id(order, words) or f"typed: {words}"
        message = self._items.message_of(order, message)
        thread = text(event.data.get("thread")) or ""
        self.sends.append(Send(*self._place(index, event), message, thread, words, typed=True))
        self._named(index, message, thread)

    def _read_posted(self, order: Order, index: int, event: Entry) -> None:
        self._tab(order, index, event)
        place, message = self._place(index, event), str(event.data.get("message"))
        thread = text(event.data.get("thread")) or ""
        self.sends.append(Send(*place, message, thread, text(event.data.get("text"))))
        self._named(index, message, thread)
        retry_after = number(event.data.get("retry_after"))
        if retry_after is not None:
            self.refusals.append(Refuse(*place, message, None, None, retry_after))
        elif event.data.get("acknowledged"):
            self.acks.append(Ack(*place, message, thread, whole(event.data.get("seq"))))

    def _read_page(self, order: Order, index: int, event: Entry) -> None:
        place = self._place(index, event)
        shown = event.data.get("messages")
        items = None if shown is None else self._items.read(order, shown, self.vocabulary.page_take, place[3])
        status = self.vocabulary.page_working_path.first(event.data)
        working = event.data.get("working")
        if working is None and status is not None:
            working = status in self.vocabulary.page_working_values
        connection = text(self.vocabulary.page_connection.first(event.data))
        wait = number(event.data.get("wait"))
        took = number(event.data.get("took")) or 0.0
        self.pages.append(PageReading(*place, items, None if working is None else bool(working), connection, wait, took))
        for item in items or ():
            if item.acknowledged and item.message not in self._acked_on_pages:
                self._acked_on_pages[item.message] = index
                self.acks.append(Ack(*place, item.message, item.thread, item.seq))
                self._named(index, item.message)
        for item in items or ():
            self._named(index, item.message)


def _index(fact: Fact) -> int:
    return fact.index


def _names(value: Any) -> frozenset[str]:
    return frozenset(str(name) for name in value) if isinstance(value, list) else frozenset()


def _closed_by_us(data: Mapping[str, Any]) -> bool | None:
    by = data.get("by")
    return None if by is None else str(by).lower() in ("us", "test", "client", "local", "own", "aborted")


def compact(values: Sequence[str], most: int = 5) -> str:
    """A list in words, cut after `most`: ``m-1, m-2 and 7 more``."""
    if len(values) <= most:
        return ", ".join(values)
    return f"{', '.join(values[:most])} and {len(values) - most} more"
