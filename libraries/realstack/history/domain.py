"""From raw events to the history that laws are judged over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from realstack.history.facts import (
    Ack,
    Connected,
    Deliver,
    Item,
    Note,
    PageReading,
    Refreshed,
    Refuse,
    Reject,
    Resume,
    RunEvent,
    Send,
    StoreReading,
    Stretch,
    Tab,
)
from realstack.history.paths import read
from realstack.history.values import epoch, number, text, truth, whole
from realstack.history.vocabulary import Rule, Vocabulary
from realstack.recording.recorder import Event
from realstack.secrets.redaction import redact

Meaning = tuple[Rule, dict[str, Any]] | None
"""What a frame means: its rule and the fields taken; None for everything else."""
Memory = dict[int, tuple[Event, Event, Meaning]]
"""By the identity of a raw event: the event, its redacted copy on the history's clock, and its meaning."""


class History:
    """One test's events, redacted, by time, and the facts read from them.

    Args:
        events: Raw events in the order they were recorded.
        vocabulary: What frames, pages and rows mean.
        began: The time on the events' clock that counts as 0, in seconds.
        began_wall: The same moment in seconds since the epoch.
        memory: What earlier histories of the same recording made of each event; kept and added to, so that judging again and
            again costs only what is new.
    """

    def __init__(
        self,
        events: Iterable[Event],
        vocabulary: Vocabulary,
        began: float = 0.0,
        began_wall: float = 0.0,
        *,
        memory: Memory | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.began_wall = began_wall
        self._memory: Memory = {} if memory is None else memory
        known = sorted((self._remembered(event, began) for event in events), key=lambda entry: entry[1].at)
        self.events: list[Event] = [moved for _, moved, _ in known]
        self.end = max((event.at for event in self.events if event.kind != "judged"), default=0.0)
        self.tabs: dict[str, Tab] = {}
        self.accounts: dict[str, str] = {}
        self.sends: list[Send] = []
        self.acks: list[Ack] = []
        self.deliveries: list[Deliver] = []
        self.refusals: list[Refuse] = []
        self.rejections: list[Reject] = []
        self.greetings: list[Connected] = []
        self.refreshes: list[Refreshed] = []
        self.resumes: list[Resume] = []
        self.run_events: list[RunEvent] = []
        self.pages: list[PageReading] = []
        self.stores: list[StoreReading] = []
        self.notes: list[Note] = []
        self.known: set[str] = set()
        self._names: dict[str, str] = {}
        self._named: dict[str, int] = {}
        self._acked_on_pages: set[str] = set()
        self._ids_by_text: dict[str, list[str]] = {}
        self._meanings = [meaning for _, _, meaning in known]
        self._read_tabs()
        self._learn_ids()
        for index, event in enumerate(self.events):
            self._read(index, event)
        self._name_all()

    def noted(self, *kinds: str) -> list[Note]:
        """The events of the given kinds that have no meaning of their own, by time."""
        return [note for note in self.notes if note.kind in kinds]

    def user_of(self, tab: str) -> str:
        """The user whose tab it is; the tab's own name where nobody said."""
        return self.tabs[tab].user if tab in self.tabs else tab

    def name(self, identity: str, letter: str = "m") -> str:
        """The short name of a message (``m-17``), thread (``t-1``) or run (``r-3``), by first appearance."""
        key = f"{letter}:{identity}"
        if key not in self._names:
            self._named[letter] = self._named.get(letter, 0) + 1
            self._names[key] = f"{letter}-{self._named[letter]}"
        return self._names[key]

    def legend(self) -> dict[str, str]:
        """Short names and the identities they stand for."""
        return {name: key.split(":", 1)[1] for key, name in self._names.items()}

    @staticmethod
    def when(at: float) -> str:
        """A time as laws tell it: ``12.381 s``."""
        return f"{at:.3f} s"

    def ids_with_text(self, words: str) -> list[str]:
        """The ids of users' messages that were seen anywhere with exactly this text, by first appearance."""
        return self._ids_by_text.get(words, [])

    def _name_all(self) -> None:
        """Give every message, thread and run its name in the order of appearance, whoever asks first."""
        named: list[tuple[int, str, str]] = []
        messages: list[Send | Ack | Deliver | Refuse] = [*self.sends, *self.acks, *self.deliveries, *self.refusals]
        named += [(fact.index, fact.message, "m") for fact in messages]
        named += [(send.index, send.thread, "t") for send in self.sends if send.thread]
        named += [(resume.index, resume.thread, "t") for resume in self.resumes if resume.thread]
        named += [(event.index, event.run, "r") for event in self.run_events]
        readings: list[StoreReading | PageReading] = [*self.stores, *self.pages]
        named += [(reading.index, item.message, "m") for reading in readings for item in reading.items or ()]
        for _, identity, letter in sorted(named, key=lambda entry: entry[0]):
            self.name(identity, letter)

    def _remembered(self, event: Event, began: float) -> tuple[Event, Event, Meaning]:
        # The raw event is kept in the entry, so that its identity can't be given to another one.
        entry = self._memory.get(id(event))
        if entry is None:
            moved = Event(round(event.at - began, 6), event.kind, event.source, redact(event.data))
            entry = self._memory[id(event)] = (event, moved, self._meaning(moved))
        return entry

    def _meaning(self, event: Event) -> Meaning:
        if event.kind not in ("frame-in", "frame-out"):
            return None
        return self.vocabulary.meaning(event.kind[6:], event.data.get("frame"))

    def _read_tabs(self) -> None:
        for event in self.events:
            if event.kind == "tab":
                name = event.source
                self.tabs[name] = Tab(name, str(event.data.get("user", name)), bool(event.data.get("page")), [], registered=True)
        for index, event in enumerate(self.events):
            if event.kind in ("frame-in", "frame-out", "opened", "closed", "page", "typed"):
                self._read_stretch(index, event)
                self._read_account(index, event)
        for tab in self.tabs.values():
            if not tab.registered:
                tab.user = self.accounts.get(tab.user, tab.user)

    def _read_stretch(self, index: int, event: Event) -> None:
        page = event.kind in ("page", "typed")
        tab = self.tabs.setdefault(event.source, Tab(event.source, event.source, page, []))
        stretch = tab.stretches[-1] if tab.stretches else None
        if event.kind == "closed":
            if stretch is not None and stretch.closed is None:
                stretch.closed, stretch.closed_index = event.at, index
                stretch.code, stretch.by_us = whole(event.data.get("code")), _closed_by_us(event.data)
        elif stretch is None or event.kind == "opened" or (stretch.closed is not None and event.kind == "frame-out"):
            tab.stretches.append(Stretch(event.at, index))

    def _read_account(self, index: int, event: Event) -> None:
        meaning = self._meanings[index]
        if meaning is None or meaning[0].means != "connected":
            return
        account = text(meaning[1].get("account"))
        tab = self.tabs[event.source]
        if account is not None:
            if tab.registered:
                self.accounts.setdefault(account, tab.user)
            else:
                tab.user = account

    def _learn_ids(self) -> None:
        for index, event in enumerate(self.events):
            if event.kind == "frame-in":
                meaning = self._meanings[index]
                if (
                    meaning is not None
                    and meaning[0].means == "deliver"
                    and self.vocabulary.role(meaning[1].get("role")) == "user"
                ):
                    self._learn(meaning[1].get("text"), meaning[1].get("message"))
            elif event.kind == "stored":
                self._learn_all(event.data.get("rows"), self.vocabulary.row_take)
            elif event.kind == "page":
                self._learn_all(event.data.get("messages"), self.vocabulary.page_take)

    def _learn_all(self, items: Any, take: Mapping[str, str]) -> None:
        for item in items if isinstance(items, list) else []:
            if self.vocabulary.role(read(item, take.get("role", "role"))) == "user":
                self._learn(read(item, take.get("text", "text")), read(item, take.get("message", "message")))

    def _learn(self, words: Any, message: Any) -> None:
        if isinstance(words, str) and message is not None:
            ids = self._ids_by_text.setdefault(words, [])
            if str(message) not in ids:
                ids.append(str(message))

    def _read(self, index: int, event: Event) -> None:
        if event.kind in ("frame-in", "frame-out"):
            meaning = self._meanings[index]
            if meaning is not None:
                self._read_frame(index, event, *meaning)
        elif event.kind == "page":
            self._read_page(index, event)
        elif event.kind == "typed":
            self._read_typed(index, event)
        elif event.kind == "posted" and event.source in self.tabs:
            self._read_posted(index, event)
        elif event.kind == "stored":
            items = self._items(event.data.get("rows"), self.vocabulary.row_take, "")
            users, threads = _names(event.data.get("users")), _names(event.data.get("threads"))
            took = number(event.data.get("took")) or 0.0
            self.stores.append(StoreReading(event.at, index, event.source, items, users, threads, took))
        elif event.kind == "baseline":
            self.known.update(str(message) for message in event.data.get("messages", ()))
        elif event.kind != "tab":
            self.notes.append(Note(event.at, index, event.kind, event.source, event.data))

    def _place(self, index: int, event: Event) -> tuple[float, int, str, str, int]:
        tab = self.tabs[event.source]
        stretch = max((n for n, s in enumerate(tab.stretches) if s.index <= index), default=0)
        return event.at, index, tab.name, tab.user, stretch

    def _read_frame(self, index: int, event: Event, rule: Rule, got: dict[str, Any]) -> None:
        place = self._place(index, event)
        message, thread = text(got.get("message")) or "", text(got.get("thread")) or ""
        if rule.means == "send":
            self.sends.append(Send(*place, message, thread, text(got.get("text"))))
        elif rule.means == "ack":
            self.acks.append(Ack(*place, message, thread, whole(got.get("seq")), truth(got.get("duplicate"))))
        elif rule.means == "deliver":
            role = self.vocabulary.role(got.get("role"))
            self.deliveries.append(
                Deliver(*place, message, thread, whole(got.get("seq")), role, text(got.get("text")), text(got.get("run")))
            )
        elif rule.means == "refuse":
            self.refusals.append(
                Refuse(*place, message, whole(got.get("limit")), number(got.get("window")), number(got.get("retry_after")))
            )
        elif rule.means == "reject":
            self.rejections.append(Reject(*place, message, text(got.get("code")) or ""))
        else:
            self._read_other(place, rule, got, thread)

    def _read_other(self, place: tuple[float, int, str, str, int], rule: Rule, got: dict[str, Any], thread: str) -> None:
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
        elif rule.means == "run-event":
            self.run_events.append(
                RunEvent(
                    *place,
                    text(got.get("run")) or "",
                    text(got.get("event")),
                    whole(got.get("number")),
                    rule.stage,
                    thread,
                    text(got.get("query")),
                    text(got.get("answer")),
                )
            )

    def _read_typed(self, index: int, event: Event) -> None:
        words = str(event.data.get("text", ""))
        ids = self.ids_with_text(words)
        message = text(event.data.get("message")) or (ids[0] if ids else f"typed: {words}")
        thread = text(event.data.get("thread")) or ""
        self.sends.append(Send(*self._place(index, event), message, thread, words, typed=True))

    def _read_posted(self, index: int, event: Event) -> None:
        place, message = self._place(index, event), str(event.data.get("message"))
        thread = text(event.data.get("thread")) or ""
        self.sends.append(Send(*place, message, thread, text(event.data.get("text"))))
        if event.data.get("acknowledged"):
            self.acks.append(Ack(*place, message, thread, whole(event.data.get("seq"))))

    def _read_page(self, index: int, event: Event) -> None:
        place = self._place(index, event)
        shown = event.data.get("messages")
        items = None if shown is None else self._items(shown, self.vocabulary.page_take, place[3])
        status = read(event.data, self.vocabulary.page_working_path)
        working = event.data.get("working")
        if working is None and status is not None:
            working = status in self.vocabulary.page_working_values
        connection = text(read(event.data, self.vocabulary.page_connection))
        wait = number(event.data.get("wait"))
        took = number(event.data.get("took")) or 0.0
        self.pages.append(PageReading(*place, items, None if working is None else bool(working), connection, wait, took))
        for item in items or ():
            if item.acknowledged and item.message not in self._acked_on_pages:
                self._acked_on_pages.add(item.message)
                self.acks.append(Ack(*place, item.message, item.thread, item.seq))

    def _items(self, items: Any, take: Mapping[str, str], user: str) -> tuple[Item, ...]:
        return tuple(self._item(item, take, user) for item in items) if isinstance(items, list) else ()

    def _item(self, item: Any, take: Mapping[str, str], user: str) -> Item:
        got = {name: read(item, path) for name, path in take.items()}
        words, role = text(got.get("text")), self.vocabulary.role(got.get("role"))
        message = text(got.get("message"))
        if message is None:
            ids = self.ids_with_text(words) if words is not None and role == "user" else []
            message = ids[0] if ids else f"typed: {words}"
        account = text(got.get("user"))
        owner = user if account is None else self.accounts.get(account, account)
        state = text(got.get("state"))
        acknowledged = role == "user" and state is not None and state in self.vocabulary.page_acknowledged
        thread = text(got.get("thread")) or ""
        held = role == "user" and state in self.vocabulary.page_held
        return Item(message, thread, whole(got.get("seq")), role, words, text(got.get("run")), owner or None, acknowledged, held)


def _names(value: Any) -> frozenset[str]:
    return frozenset(str(name) for name in value) if isinstance(value, list) else frozenset()


def _closed_by_us(data: Mapping[str, Any]) -> bool | None:
    by = data.get("by", data.get("initiator", data.get("closed_by")))
    if by is None:
        return None
    return str(by).lower() in ("us", "test", "client", "local", "own", "aborted")


def compact(values: Sequence[str], most: int = 5) -> str:
    """A list in words, cut after `most`: ``m-1, m-2 and 7 more``."""
    if len(values) <= most:
        return ", ".join(values)
    return f"{', '.join(values[:most])} and {len(values) - most} more"
